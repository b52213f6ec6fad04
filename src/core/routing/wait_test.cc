// Goal: an estimate of the wait follows from what is on record, is nothing where nothing is known, and is near what
// contacts then wait. Method: a centre by hand; and one with drawn arrivals and handle times, whose waits are compared
// with what was estimated when they began.
#include "core/routing/wait.h"

#include <gtest/gtest.h>

#include <cmath>
#include <deque>

#include "base/rng.h"
#include "core/routing/floor_testing.h"

namespace tandem::routing {
namespace {

using contact::Channel;
using contact::Contact;
using contact::Phase;

constexpr std::uint8_t kWorkQueue = 1;
constexpr std::uint8_t kOtherQueue = 2;
constexpr std::uint8_t kStaffed = 3;

struct ExpectedWait : Floor, testing::Test {
  ExpectedWait() { profile("1,0"); }
  void profile(const std::string& rank) {
    put(config::Kind::queue, kWorkQueue, {{"name", "work"}});
    put(config::Kind::queue, kOtherQueue, {{"name", "other"}});
    put(config::Kind::routing_profile, kStaffed,
        {{"concurrency.TASK", "1"}, {"queue." + id(kWorkQueue).text() + ".TASK", rank}});
  }
  // Agents with a contact each, and others without.
  void staff(std::uint8_t busy, std::uint8_t idle = 0) {
    for (std::uint8_t n = 0; n < busy + idle; ++n) {
      presence::Presence agent = this->agent(static_cast<std::uint8_t>(100 + n), kStaffed);
      if (n < busy) agent.slots[ContactId{id(static_cast<std::uint8_t>(150 + n))}].channel = Channel::task;
      sign_in(agent, 1 + n % 2);
    }
  }
  Contact answered(std::uint8_t number, std::uint64_t queued, std::uint64_t connected) const {
    Contact out = task(number, kWorkQueue, queued);
    out.phase = Phase::ended;
    out.connected = at(connected);
    return out;
  }
  // Answers 10, 20 and 30 s apart, the first at 1000 s, for contacts that all waited before.
  void answers() {
    claim(answered(10, 900, 1000), 1);
    claim(answered(11, 910, 1010), 2);
    claim(answered(12, 920, 1030), 1);
    claim(answered(13, 930, 1060), 2);
  }
  std::optional<std::chrono::milliseconds> of(const Contact& contact, std::uint64_t second) const {
    return expected_wait({config, contacts, agents}, contact, at(second));
  }
};

TEST_F(ExpectedWait, IsThePositionTimesTheTimeBetweenAnswers) {
  staff(2);
  answers();
  claim(task(20, kWorkQueue, 1050), 1);
  claim(task(21, kWorkQueue, 1055), 2);
  EXPECT_EQ(of(task(20, kWorkQueue, 1050), 1061), 20s);
  EXPECT_EQ(of(task(21, kWorkQueue, 1055), 1061), 40s);
  EXPECT_EQ(of(task(22, kWorkQueue, 1061), 1061), 60s) << "not on record yet";
  const Waits waits = expected_waits({config, contacts, agents}, {QueueId{id(kWorkQueue)}, QueueId{id(kOtherQueue)}},
                                     {Channel::task, Channel::chat}, at(1061));
  EXPECT_EQ(waits, (Waits{{{QueueId{id(kWorkQueue)}, Channel::task}, 60s}}));
}

TEST_F(ExpectedWait, TimeInWhichNobodyWaitedDoesNotCount) {
  staff(2);
  answers();
  // Queued after the answer before: somebody was free for it at once, 500 s later.
  claim(answered(14, 1550, 1560), 1);
  EXPECT_EQ(of(task(20, kWorkQueue, 1561), 1561), 20s);
  claim(answered(15, 1555, 1570), 1);
  EXPECT_EQ(of(task(20, kWorkQueue, 1571), 1571), 17500ms) << "(10 + 20 + 30 + 10) / 4";
}

TEST_F(ExpectedWait, OneThatIsQueuedAgainWaitsSinceThen) {
  staff(1);
  answers();
  Contact again = answered(14, 900, 1560);
  again.place.criteria.activated = at(1550);
  claim(again);
  EXPECT_EQ(of(task(20, kWorkQueue, 1561), 1561), 20s) << "nobody waited from 1060 to 1550";
}

TEST_F(ExpectedWait, IsNothingWhenNothingIsKnown) {
  const Contact waits = task(20, kWorkQueue, 1061);
  answers();
  EXPECT_EQ(of(waits, 1061), std::nullopt) << "nobody is there";
  staff(1);
  EXPECT_EQ(of(waits, 1061), 20s);
  presence::Presence agent = this->agent(100, kStaffed, presence::StatusType::custom);
  sign_in(agent);
  EXPECT_EQ(of(waits, 1061), std::nullopt) << "nobody is given contacts";
  staff(1);
  EXPECT_EQ(of(waits, 1060 + 3541), std::nullopt) << "the first answers are an hour ago";
  Contact other = waits;
  other.place.queue = QueueId{id(kOtherQueue)};
  EXPECT_EQ(of(other, 1061), std::nullopt);
  other = waits;
  other.place.preferred = AgentId{id(100)};
  EXPECT_EQ(of(other, 1061), std::nullopt) << "it waits for one agent";
  other = waits;
  other.phase = Phase::in_flow;
  EXPECT_EQ(of(other, 1061), std::nullopt);
  other.phase = Phase::offering;
  EXPECT_EQ(of(other, 1061), 0s);
}

TEST_F(ExpectedWait, FewIntervalsSayNothing) {
  staff(1);
  claim(answered(10, 900, 1000));
  claim(answered(11, 910, 1010));
  claim(answered(12, 920, 1030));
  EXPECT_EQ(of(task(20, kWorkQueue, 1061), 1061), std::nullopt);
}

TEST_F(ExpectedWait, WhoIsServedAtOnceDoesNotWait) {
  staff(3, 2);
  EXPECT_EQ(of(task(20, kWorkQueue, 1000), 1001), 0s);
  claim(task(20, kWorkQueue, 1000));
  EXPECT_EQ(of(task(21, kWorkQueue, 1001), 1001), 0s);
  claim(task(21, kWorkQueue, 1001));
  EXPECT_EQ(of(task(22, kWorkQueue, 1002), 1002), std::nullopt) << "there is room for two";
  answers();
  EXPECT_EQ(of(task(22, kWorkQueue, 1061), 1061), 20s);
}

TEST_F(ExpectedWait, AgentsWhoComeLaterAreNoRoomBefore) {
  profile("1,60");
  staff(0, 1);
  EXPECT_EQ(of(task(20, kWorkQueue, 1000), 1059), std::nullopt);
  EXPECT_EQ(of(task(20, kWorkQueue, 1000), 1060), 0s);
}

TEST_F(ExpectedWait, AnIntervalThatLastsCountsOnceItIsLonger) {
  staff(1);
  answers();
  const Contact waits = task(20, kWorkQueue, 1055);
  claim(waits);
  EXPECT_EQ(of(waits, 1080), 20s);
  EXPECT_EQ(of(waits, 1160), 40s) << "(10 + 20 + 30 + 100) / 4";
  EXPECT_EQ(of(task(21, kWorkQueue, 1160), 1160), 80s);
}

TEST_F(ExpectedWait, ForCertainAgentsIsOfThoseWhoAskedForThem) {
  contact::Requirement french;
  french.kind = contact::RequirementKind::agents;
  french.agents = {AgentId{id(100)}};
  contact::Criteria criteria;
  criteria.steps = {{{french}, std::chrono::seconds{600}}};
  staff(2);
  for (std::uint8_t n = 0; n < 4; ++n) {
    const auto at_second = static_cast<std::uint64_t>(1000 + 100 * n);
    Contact asked = answered(static_cast<std::uint8_t>(10 + n), 900, at_second);
    asked.place.criteria = criteria;
    asked.place.criteria.activated = at(900);
    claim(asked);
    claim(answered(static_cast<std::uint8_t>(20 + n), 900, at_second + 50));
    claim(answered(static_cast<std::uint8_t>(30 + n), 900, at_second + 60));
  }
  Contact waits = task(40, kWorkQueue, 1000);
  EXPECT_EQ(of(waits, 1361), std::chrono::milliseconds{310'000 / 7}) << "10 and 90 s in turn";
  waits.place.criteria = criteria;
  waits.place.criteria.activated = at(1000);
  EXPECT_EQ(of(waits, 1361), 100s);
  waits.place.criteria.steps[0].expression[0].agents = {AgentId{id(99)}};
  EXPECT_EQ(of(waits, 1361), std::nullopt) << "he is not there";
}

TEST_F(ExpectedWait, AnAgentsOwnQueueIsServedByThatAgent) {
  staff(1, 1);
  Contact waits = task(40, 101, 1000);
  EXPECT_EQ(of(waits, 1001), 0s);
  waits.place.queue = QueueId{id(100)};
  EXPECT_EQ(of(waits, 1001), std::nullopt) << "he has a contact";
}

TEST_F(ExpectedWait, TheOrderOfTheRecordsDoesNotMatter) {
  Floor there;
  const Contact all[] = {answered(10, 900, 1000), answered(11, 910, 1010), answered(12, 920, 1030),
                         answered(13, 930, 1060), answered(14, 0, 30)};
  for (const Contact& each : all) claim(each);
  for (auto each = std::rbegin(all); each != std::rend(all); ++each) there.claim(*each);
  staff(1);
  const Contact waits = task(20, kWorkQueue, 1061);
  EXPECT_EQ(of(waits, 1061), 20s);
  EXPECT_EQ(expected_wait({config, there.contacts, agents}, waits, at(1061)), 20s);
}

TEST_F(ExpectedWait, AnswersAreListedAsLongAsTheyCount) {
  const auto listed = [&] { return contacts.answered_in(QueueId{id(kWorkQueue)}, Channel::task).size(); };
  answers();
  EXPECT_EQ(listed(), 4U);
  Contact moved = answered(13, 930, 1060);
  moved.place.queue = QueueId{id(kOtherQueue)};
  claim(moved);
  EXPECT_EQ(listed(), 3U);
  Contact again = answered(12, 920, 1070);
  claim(again);
  EXPECT_EQ(listed(), 3U);
  EXPECT_EQ(contacts.answered_in(QueueId{id(kWorkQueue)}, Channel::task).rbegin()->first, at(1070));
  claim(answered(14, 8000, 1010 + 7201));
  EXPECT_EQ(listed(), 2U);
  claim(answered(15, 900, 1000));
  EXPECT_EQ(listed(), 2U) << "a late record of long ago";
}

// A centre in which contacts arrive and are handled for drawn times. Its agents serve `queues` queues alike, the
// oldest contact first.
struct Drawn : Floor {
  struct Agent {
    std::uint64_t free_at = 0;
    presence::Presence presence;
  };
  Rng rng;
  std::vector<Agent> staff;
  std::deque<std::pair<Contact, std::optional<double>>> line;
  double estimated = 0, waited = 0, error = 0;
  int judged = 0;

  explicit Drawn(std::uint64_t seed) : rng{seed} {}
  double exponential(double mean) {
    return -mean * std::log(1.0 - static_cast<double>(rng.below(1'000'000)) / 1'000'000.0);
  }
  void run(std::size_t agents_count, std::size_t queues, double between, double handle) {
    std::map<std::string, std::string> profile{{"concurrency.TASK", "1"}};
    for (std::uint8_t q = 1; q <= queues; ++q) {
      put(config::Kind::queue, q, {{"name", std::to_string(q)}});
      profile["queue." + id(q).text() + ".TASK"] = "1,0";
    }
    put(config::Kind::routing_profile, 50, profile);
    for (std::size_t n = 0; n < agents_count; ++n) {
      staff.push_back({0, agent(static_cast<std::uint8_t>(100 + n), 50)});
      sign_in(staff.back().presence);
    }
    double next = 0;
    std::uint64_t number = 0;
    for (std::uint64_t now = 1000; now < 1000 + 8 * 3600; ++now) {
      if (next == 0) next = static_cast<double>(now);
      while (next <= static_cast<double>(now)) {
        Contact contact = task(0, static_cast<std::uint8_t>(1 + rng.below(queues)), now);
        contact.id = ContactId{derive_uuid(Uuid{}, "contact", ++number)};
        claim(contact);
        const auto wait = expected_wait({config, contacts, agents}, contact, at(now));
        line.emplace_back(contact, wait ? std::optional(static_cast<double>(wait->count()) / 1000) : std::nullopt);
        next += exponential(between);
      }
      for (Agent& agent : staff) serve(agent, now, handle);
    }
  }
  void serve(Agent& agent, std::uint64_t now, double handle) {
    if (agent.free_at > now) return;
    const bool was_busy = !agent.presence.slots.empty();
    agent.presence.slots.clear();
    if (line.empty()) {
      if (was_busy) sign_in(agent.presence);
      return;
    }
    auto [contact, estimate] = line.front();
    line.pop_front();
    agent.presence.slots[contact.id].channel = Channel::task;
    sign_in(agent.presence);
    contact.phase = Phase::with_agent;
    contact.connected = at(now);
    claim(contact);
    agent.free_at = now + 1 + static_cast<std::uint64_t>(exponential(handle));
    const double wait = static_cast<double>((contact.connected - contact.place.enqueued).count()) / 1000;
    if (!estimate || wait < 30) return;
    ++judged;
    estimated += *estimate;
    waited += wait;
    error += std::abs(*estimate - wait);
  }
};

TEST(DrawnWaits, AreNearWhatWasEstimated) {
  // Agents, queues that they share, seconds between arrivals, seconds to handle one: a little too many contacts.
  const std::tuple<std::size_t, std::size_t, double, double> centres[] = {
      {10, 1, 19, 200}, {40, 1, 4.6, 200}, {10, 2, 19, 200}, {20, 3, 9, 200}};
  for (const auto& [agents, queues, between, handle] : centres) {
    Drawn centre(agents * 10 + queues);
    centre.run(agents, queues, between, handle);
    SCOPED_TRACE(std::to_string(agents) + " agents, " + std::to_string(queues) + " queues: " +
                 std::to_string(centre.judged) + " waits of " + std::to_string(centre.waited / centre.judged) +
                 " s, estimated " + std::to_string(centre.estimated / centre.judged) + " s, off by " +
                 std::to_string(centre.error / centre.judged) + " s");
    ASSERT_GT(centre.judged, 200);
    EXPECT_NEAR(centre.estimated / centre.waited, 1.0, 0.15);
    EXPECT_LT(centre.error / centre.waited, 0.4);
  }
}

}  // namespace
}  // namespace tandem::routing
