// Goal: a position counts exactly those who are served before, whoever owns them. Method: a queue by hand.
#include "core/routing/position.h"

#include <gtest/gtest.h>

namespace tandem::routing {
namespace {

class Position : public testing::Test {
 protected:
  // Queued at `second` at one of two nodes in turn.
  contact::Contact& add(std::uint8_t number, std::uint64_t second) {
    contact::Contact& out = contacts_[number];
    out.id = ContactId{Uuid{{number}}};
    out.phase = contact::Phase::queued;
    out.channel = contact::Channel::task;
    out.place.queue = QueueId{Uuid{{1}}};
    out.place.priority = contact::kPriority;
    out.place.enqueued = Hlc::at(second * 1000);
    return out;
  }
  std::optional<std::uint64_t> of(std::uint8_t number, std::uint64_t second = 100) const {
    contact::State state;
    for (const auto& [n, contact] : contacts_) {
      const LogId log{NodeId{static_cast<std::uint16_t>(1 + n % 2)}, Incarnation{1}};
      state.apply(contact::Claimed{contact.id, Term{1}, contact::Why::started, contact, {}},
                  Meta{.log = log, .sequence = Sequence{n}, .at = Hlc::at(1), .cause = {}});
    }
    return position(state, ContactId{Uuid{{number}}}, Hlc::at(second * 1000));
  }
  static contact::Expression asks(const char* language) {
    contact::Requirement out;
    out.kind = contact::RequirementKind::proficiency;
    out.attribute = "Language";
    out.value = language;
    out.level_min = 10;
    return {out};
  }
  std::map<std::uint8_t, contact::Contact> contacts_;
};

TEST_F(Position, IsByPriorityThenAgeThenId) {
  add(1, 30);
  add(2, 20);
  add(3, 20);
  add(4, 90).place.priority = 1;
  EXPECT_EQ(of(4), 1U);
  EXPECT_EQ(of(2), 2U);
  EXPECT_EQ(of(3), 3U);
  EXPECT_EQ(of(1), 4U);
  contacts_[1].place.age_adjustment = std::chrono::seconds{11};
  EXPECT_EQ(of(1), 2U);
  EXPECT_EQ(of(3), 4U);
}

TEST_F(Position, CountsTheSameQueueAndChannel) {
  add(1, 10).place.queue = QueueId{Uuid{{2}}};
  add(2, 10).channel = contact::Channel::chat;
  add(3, 20);
  EXPECT_EQ(of(3), 1U);
}

TEST_F(Position, CountsThoseWhoAskForTheSameAgents) {
  for (const std::uint8_t n : {1, 2, 3, 4}) add(n, 10 * n);
  for (const std::uint8_t n : {1, 3}) {
    contact::Criteria& criteria = contacts_[n].place.criteria;
    criteria.steps = {{asks("French"), std::chrono::seconds{60}}};
    criteria.activated = contacts_[n].place.enqueued;
  }
  EXPECT_EQ(of(3, 50), 2U) << "behind the first, who asks for French too";
  EXPECT_EQ(of(4, 50), 2U) << "behind the second";
  contacts_[3].place.criteria.steps[0].expression = asks("Irish");
  EXPECT_EQ(of(3, 50), 1U);
  EXPECT_EQ(of(3, 95), 3U) << "the steps of both have expired";
  contacts_[4].place.preferred = AgentId{Uuid{{9}}};
  EXPECT_EQ(of(4, 95), 1U) << "waits for the agent who had it";
}

TEST_F(Position, IsThatOfAContactInAQueue) {
  add(1, 10).phase = contact::Phase::offering;
  add(2, 20);
  EXPECT_EQ(of(1), 1U);
  EXPECT_EQ(of(2), 1U) << "who rings is not in the way";
  contacts_[2].phase = contact::Phase::with_agent;
  EXPECT_EQ(of(2), std::nullopt);
  EXPECT_EQ(of(7), std::nullopt);
}

}  // namespace
}  // namespace tandem::routing
