// Goal: an order about a contact's place in its queue changes what it names and no more, and comes too late where
// another node may already have the contact. Method: one contact of each phase that matters, by hand.
#include "core/contact/decide.h"

#include <gtest/gtest.h>

namespace tandem::contact {
namespace {

constexpr LogId kHere{NodeId{1}, Incarnation{11}};
constexpr Now kNow{Mono{}, Hlc{5'000'000}};

class Routing : public testing::Test {
 protected:
  Routing() {
    local_.self = kHere.origin;
    local_.incarnation = kHere.incarnation;
    contact_.id = ContactId{Uuid{{1}}};
    contact_.phase = Phase::queued;
    contact_.place.priority = kPriority;
    contact_.place.age_adjustment = std::chrono::seconds{7};
    contact_.place.enqueued = Hlc{1'000};
    contact_.place.criteria.steps.resize(1);
    contact_.place.criteria.activated = Hlc{1'000};
  }
  Result<Decision> order(SetRouting command) {
    command.contact = contact_.id;
    state_.apply(Claimed{contact_.id, Term{1}, Why::started, contact_, {}},
                 Meta{.log = kHere, .sequence = Sequence{1}, .at = Hlc{1'000}, .cause = {}});
    return decide(Sees{state_, local_}, command, kNow);
  }
  Place place_after(SetRouting command) {
    const auto decision = order(std::move(command));
    if (!decision || decision->records.size() != 1) {
      ADD_FAILURE() << (decision ? "nothing is written" : decision.error().detail);
      return {};
    }
    state_.apply(std::get<Updated>(std::get<Rec>(decision->records.front())),
                 Meta{.log = kHere, .sequence = Sequence{2}, .at = Hlc{2'000}, .cause = {}});
    return state_.find(contact_.id)->contact.place;
  }
  State state_;
  Local local_;
  Contact contact_;
};

TEST_F(Routing, ChangesWhatItNames) {
  Place expected = contact_.place;
  expected.priority = 1;
  EXPECT_EQ(place_after({.contact = {}, .priority = 1, .age_adjustment = {}, .criteria = {}}), expected);
  expected.age_adjustment = std::chrono::seconds{-30};
  EXPECT_EQ(place_after({.contact = {}, .priority = 1, .age_adjustment = std::chrono::seconds{-30}, .criteria = {}}),
            expected);
}

TEST_F(Routing, CriteriaCountFromNowOrFromTheQueue) {
  Criteria fresh;
  fresh.steps.resize(2);
  EXPECT_EQ(place_after({.contact = {}, .priority = {}, .age_adjustment = {}, .criteria = fresh}).criteria.activated,
            kNow.hlc);
}

TEST_F(Routing, CriteriaWaitForTheQueueInTheFlow) {
  contact_.phase = Phase::in_flow;
  contact_.place.enqueued = {};
  Criteria fresh;
  fresh.steps.resize(2);
  const Place place = place_after({.contact = {}, .priority = {}, .age_adjustment = {}, .criteria = fresh});
  EXPECT_EQ(place.criteria.steps.size(), 2U);
  EXPECT_EQ(place.criteria.activated, Hlc{});
}

TEST_F(Routing, IsRefused) {
  const SetRouting first{.contact = {}, .priority = 1, .age_adjustment = {}, .criteria = {}};
  EXPECT_EQ(order({.contact = {}, .priority = 0, .age_adjustment = {}, .criteria = {}}).error().code, Errc::invalid);
  Criteria many;
  many.steps.resize(kCriteriaStepsMax + 1);
  EXPECT_EQ(order({.contact = {}, .priority = {}, .age_adjustment = {}, .criteria = many}).error().code, Errc::invalid);
  local_.self = NodeId{2};
  EXPECT_EQ(order(first).error(), (Error{Errc::not_owner, "1"}));
}

TEST_F(Routing, IsRefusedWhileAnotherNodeMayTakeTheContact) {
  contact_.move.state = MoveState::offered;
  const SetRouting first{.contact = {}, .priority = 1, .age_adjustment = {}, .criteria = {}};
  EXPECT_EQ(order(first).error().code, Errc::move_in_flight);
}

TEST_F(Routing, IsRefusedWhenTheContactIsOver) {
  contact_.phase = Phase::ended;
  const SetRouting first{.contact = {}, .priority = 1, .age_adjustment = {}, .criteria = {}};
  EXPECT_EQ(order(first).error().code, Errc::refused);
}

class Calling : public testing::Test {
 protected:
  Calling() {
    local_.self = kHere.origin;
    local_.incarnation = kHere.incarnation;
    contact_.id = ContactId{Uuid{{1}}};
    contact_.kind = Kind::work;
    contact_.channel = Channel::voice;
    contact_.phase = Phase::with_agent;
    contact_.agent = AgentId{Uuid{{2}}};
    contact_.attempt = 4;
    contact_.place.enqueued = Hlc{1'000};
    contact_.callback = {1, std::chrono::seconds{600}};
  }
  Contact after(const char* reason, Role by = Role::agent) {
    State state;
    state.apply(Claimed{contact_.id, Term{1}, Why::started, contact_, {}},
                Meta{.log = kHere, .sequence = Sequence{1}, .at = Hlc{1'000}, .cause = {}});
    const auto decision = decide(Sees{state, local_}, End{contact_.id, by, reason}, kNow);
    EXPECT_TRUE(decision && decision->records.size() == 1);
    state.apply(std::get<Updated>(std::get<Rec>(decision->records.front())),
                Meta{.log = kHere, .sequence = Sequence{2}, .at = Hlc{2'000}, .cause = {}});
    return state.find(contact_.id)->contact;
  }
  Local local_;
  Contact contact_;
};

TEST_F(Calling, WhatIsNotAnsweredIsTriedAgain) {
  contact_ = after(kUnanswered);
  EXPECT_EQ(contact_.phase, Phase::in_flow);
  EXPECT_TRUE(contact_.agent.value().nil());
  EXPECT_EQ(contact_.attempt, 5U) << "it runs anew, under another number";
  EXPECT_EQ(contact_.callback.attempts_left, 0U);
  EXPECT_EQ(contact_.deadline(), Hlc::at((kNow.hlc + std::chrono::seconds{600}).milliseconds()));
  contact_.phase = Phase::with_agent;
  contact_ = after(kUnanswered);
  EXPECT_EQ(contact_.phase, Phase::ended);
  EXPECT_EQ(contact_.ended_by, kUnanswered);
}

TEST_F(Calling, WhatIsAnsweredOrTakenBackIsOver) {
  EXPECT_EQ(after("AGENT_DISCONNECT").phase, Phase::ended);
  EXPECT_EQ(after(kUnanswered, Role::system).phase, Phase::ended) << "StopContact, whatever reason it gives";
  contact_.channel = Channel::task;
  EXPECT_EQ(after(kUnanswered).phase, Phase::ended);
}

}  // namespace
}  // namespace tandem::contact
