// Goal: real-time metrics count the agents and contacts of all regions, each once and in the state he is in.
// Method: a centre of two nodes by hand.
#include "core/routing/metrics.h"

#include <gtest/gtest.h>

#include "core/routing/floor_testing.h"

namespace tandem::routing {
namespace {

using contact::Channel;
using contact::Phase;
using presence::SlotState;
using presence::StatusType;

constexpr std::uint8_t kSales = 1;
constexpr std::uint8_t kBilling = 2;
constexpr std::uint8_t kBoth = 3;      // a profile that serves sales on two channels, and billing
constexpr std::uint8_t kNoSales = 4;   // one that serves billing only
constexpr std::uint8_t kAsking = 200;  // a contact in no queue

struct Metrics : Floor, testing::Test {
  Metrics() {
    put(config::Kind::routing_profile, kBoth,
        {{"concurrency.CHAT", "2"},
         {"concurrency.TASK", "1"},
         {"queue." + id(kSales).text() + ".CHAT", "1,0"},
         {"queue." + id(kSales).text() + ".TASK", "1,0"},
         {"queue." + id(kBilling).text() + ".TASK", "2,0"}});
    put(config::Kind::routing_profile, kNoSales,
        {{"concurrency.TASK", "3"}, {"queue." + id(kBilling).text() + ".TASK", "1,0"}});
  }
  QueueMetrics of(std::uint8_t queue, std::optional<Channel> channel = std::nullopt) const {
    contact::Contact asking = task(kAsking, kSales, 0);
    asking.phase = Phase::in_flow;
    return queue_metrics({config, contacts, agents}, QueueId{id(queue)}, channel, asking, at(100));
  }
  static presence::Slot& hold(presence::Presence& agent, std::uint8_t contact, Channel channel, SlotState state) {
    presence::Slot& slot = agent.slots[ContactId{id(contact)}];
    slot.channel = channel;
    slot.state = state;
    return slot;
  }
};

TEST_F(Metrics, CountContactsOfAllNodes) {
  claim(task(10, kSales, 40), 1);
  claim(task(11, kSales, 30), 2);
  claim(task(12, kBilling, 20), 2);
  contact::Contact chat = task(13, kSales, 60);
  chat.channel = Channel::chat;
  claim(chat, 1);
  contact::Contact over = task(14, kSales, 1);
  over.phase = Phase::ended;
  claim(over, 1);
  EXPECT_EQ(of(kSales).size, 3U);
  EXPECT_EQ(of(kSales).oldest, 70s);
  EXPECT_EQ(of(kSales, Channel::chat).size, 1U);
  EXPECT_EQ(of(kSales, Channel::chat).oldest, 40s);
  EXPECT_EQ(of(kSales, Channel::voice).size, 0U);
  EXPECT_EQ(of(kSales, Channel::voice).oldest, 0s);
}

TEST_F(Metrics, AContactThatRingsStillWaits) {
  contact::Contact rings = task(10, kSales, 40);
  rings.phase = Phase::offering;
  presence::Presence ana = agent(20, kBoth);
  rings.agent = ana.agent;
  claim(rings, 2);
  hold(ana, 10, Channel::task, SlotState::reserved);
  sign_in(ana, 2);
  // A reservation that is over there, and not yet here, for a contact that waits again.
  claim(task(11, kSales, 50), 1);
  presence::Presence ben = agent(21, kNoSales);
  hold(ben, 11, Channel::task, SlotState::reserved);
  sign_in(ben, 1);
  EXPECT_EQ(of(kSales).size, 2U);
  EXPECT_EQ(of(kSales).oldest, 60s);
}

TEST_F(Metrics, TheAskingContactCountsAsItStands) {
  contact::Contact asking = task(10, kSales, 40);
  const auto size = [&] {
    return queue_metrics({config, contacts, agents}, QueueId{id(kSales)}, std::nullopt, asking, at(100)).size;
  };
  EXPECT_EQ(size(), 1U) << "its place is not on record yet";
  claim(asking);
  EXPECT_EQ(size(), 1U);
  asking.place.queue = QueueId{id(kBilling)};
  EXPECT_EQ(size(), 0U) << "it is about to leave";
}

TEST_F(Metrics, CountAgentsWhoServeTheQueue) {
  sign_in(agent(20, kBoth), 1);
  sign_in(agent(21, kBoth, StatusType::custom), 2);
  sign_in(agent(22, kBoth, StatusType::offline), 1);
  presence::Presence missed = agent(23, kBoth);
  missed.missed = true;
  sign_in(missed, 2);
  presence::Presence busy = agent(24, kBoth);
  hold(busy, 50, Channel::task, SlotState::busy);
  sign_in(busy, 2);
  presence::Presence after = agent(25, kBoth);
  hold(after, 51, Channel::chat, SlotState::after_contact_work);
  sign_in(after, 1);
  presence::Presence leaving = agent(26, kBoth);
  leaving.has_next = true;
  sign_in(leaving, 1);
  presence::Presence gone = agent(27, kBoth);
  gone.desktop = {};
  sign_in(gone, 1);
  sign_in(agent(28, kNoSales), 1);

  const AgentCounts sales = of(kSales).agents;
  EXPECT_EQ(sales.signed_in, 7);
  EXPECT_EQ(sales.online, 6);
  EXPECT_EQ(sales.staffed, 5);
  EXPECT_EQ(sales.non_productive, 1);
  EXPECT_EQ(sales.missed, 1);
  EXPECT_EQ(sales.on_contact, 2);
  EXPECT_EQ(sales.after_contact_work, 1);
  EXPECT_EQ(sales.available, 2) << "20, and 25 who has room for one more chat";
  EXPECT_EQ(sales.slots_available, 3 + 1);
  EXPECT_EQ(sales.slots_active, 2);
  EXPECT_EQ(of(kSales, Channel::task).agents.available, 1);
  EXPECT_EQ(of(kSales, Channel::chat).agents.available, 2);
  EXPECT_EQ(of(kSales, Channel::voice).agents.signed_in, 0);
  const AgentCounts billing = of(kBilling).agents;
  EXPECT_EQ(billing.signed_in, 8);
  EXPECT_EQ(billing.available, 2) << "20 and 28; 25 has room for a chat only, and billing has none";
}

TEST_F(Metrics, OtherChannelsWhereTheProfileAllows) {
  put(config::Kind::routing_profile, kNoSales,
      {{"concurrency.TASK", "1"},
       {"concurrency.CHAT", "1"},
       {"cross_channel.TASK", "ROUTE_ANY_CHANNEL"},
       {"queue." + id(kSales).text() + ".CHAT", "1,0"}});
  presence::Presence ana = agent(20, kNoSales);
  hold(ana, 50, Channel::task, SlotState::busy);
  sign_in(ana);
  EXPECT_EQ(of(kSales).agents.available, 1);
}

TEST_F(Metrics, AnAgentsOwnQueue) {
  sign_in(agent(20, kBoth));
  sign_in(agent(21, kNoSales));
  claim(task(10, 21, 40));
  EXPECT_EQ(of(21).size, 1U);
  EXPECT_EQ(of(21).agents.signed_in, 1);
  EXPECT_EQ(of(21).agents.slots_available, 3);
}

}  // namespace
}  // namespace tandem::routing
