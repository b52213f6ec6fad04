#include "core/distribution/choose.h"

#include <gtest/gtest.h>

#include "core/distribution/decide.h"
#include "core/distribution/react.h"
#include "core/distribution/synthetic.h"
#include "core/presence/view.h"
#include "core/states_testing.h"

namespace tandem::distribution {
namespace {

constexpr NodeId kHub{1};
constexpr NodeId kEast{2};
constexpr NodeId kWest{3};

// A hub, which decides, and two regions.
class Choosing : public ::testing::Test {
 protected:
  Choosing() : states_(kHub) {
    states_.local.hub = true;
    states_.local.reachable = {kEast, kWest};
  }
  void group(std::map<std::string, std::string> set) {
    set.emplace("name", "g");
    ++states_.now.hlc.packed;
    states_.config.apply(config::Put{config::Kind::distribution_group, kGroup, !made_, std::move(set)}, states_.meta());
    made_ = true;
  }
  Given choose(Entering entering = {}) { return chooser_.choose(states_.sees(), entering, {}, failed_, states_.now); }
  std::map<NodeId, int> count(int contacts, const Entering& entering = {}) {
    std::map<NodeId, int> out;
    for (int n = 0; n < contacts; ++n) ++out[choose(entering).node];
    return out;
  }
  void order(Ordered order) {
    ++states_.now.hlc.packed;
    states_.distribution.apply(order, states_.meta());
  }
  void apply(const Decision& decision) {
    for (const Body& body : decision.records) {
      ++states_.now.hlc.packed;
      const auto& rec = std::get<Rec>(body);
      std::visit([&](const auto& r) { states_.distribution.apply(r, states_.meta()); }, rec);
    }
  }
  static constexpr Uuid kGroup{{7}};
  bool made_ = false;
  States states_;
  Chooser chooser_;
  std::set<NodeId> failed_;
  Rng rng_{1};
};

TEST_F(Choosing, WithoutAGroupSharesAreEqual) {
  EXPECT_EQ(count(100), (std::map<NodeId, int>{{kEast, 50}, {kWest, 50}}));
}

TEST_F(Choosing, ASyntheticContactStaysWhereItIsAndInNoCount) {
  const Uuid flow{{77}};
  states_.config.apply(config::Put{config::Kind::flow, flow, true, {{"name", kSynthetic}}}, states_.meta());
  group({{"share.us-east-1", "1000"}, {"share.us-west-2", "0"}, {"entry.CHAT", "1"}});
  states_.local.hub = false;
  states_.local.self = kWest;
  states_.local.region = "us-west-2";
  states_.local.reachable = {kHub, kEast};
  EXPECT_EQ(choose().node, kEast);
  const Given given = choose({.channel = contact::Channel::chat, .flow = FlowId{flow}, .person = {}, .caller = {}});
  EXPECT_EQ(given.node, kWest);
  EXPECT_TRUE(given.placed.group.nil());
  std::uint64_t counted = 0;
  for (const auto& [of, contacts] : chooser_.tally()) counted += contacts;
  EXPECT_EQ(counted, 1U);
}

TEST_F(Choosing, TheGroupThatNamesTheEntryCounts) {
  group({{"share.us-east-1", "700"}, {"share.us-west-2", "300"}, {"entry.CHAT", "1"}});
  EXPECT_EQ(count(100), (std::map<NodeId, int>{{kEast, 70}, {kWest, 30}}));
  Entering task;
  task.channel = contact::Channel::task;
  EXPECT_EQ(count(100, task), (std::map<NodeId, int>{{kEast, 50}, {kWest, 50}}));
}

TEST_F(Choosing, WhatIsLostGetsNothingAndIsNotCaughtUpWith) {
  (void)count(10);
  states_.local.reachable = {kWest};
  EXPECT_EQ(count(20), (std::map<NodeId, int>{{kWest, 20}}));
  states_.local.reachable = {kEast, kWest};
  EXPECT_EQ(count(20), (std::map<NodeId, int>{{kEast, 10}, {kWest, 10}}));
  states_.failover.apply(failover::Evacuated{kEast, 1, {}, {}}, states_.meta());
  EXPECT_EQ(count(20), (std::map<NodeId, int>{{kWest, 20}}));
}

TEST_F(Choosing, NobodyAnswersFreezesTheShares) {
  states_.local.reachable.clear();
  EXPECT_TRUE(effective(states_.sees(), default_group(states_.config, states_.members), states_.now.hlc).frozen);
  EXPECT_EQ(count(20), (std::map<NodeId, int>{{kEast, 10}, {kWest, 10}}));
}

TEST_F(Choosing, ANodeThatDidNotAnswerIsPassedOverAndGivenBack) {
  const Given first = choose();
  failed_ = {first.node};
  const Given second = chooser_.choose(states_.sees(), {}, first, failed_, states_.now);
  EXPECT_NE(second.node, first.node);
  failed_ = {kEast, kWest};
  (void)chooser_.choose(states_.sees(), {}, second, failed_, states_.now);
  EXPECT_TRUE(failed_.empty());
  EXPECT_EQ(chooser_.choose(states_.sees(), {}, second, failed_, states_.now).node, second.node);
}

TEST_F(Choosing, AStartAtARegionsOwnAddressStaysThere) {
  states_.local.hub = false;
  states_.local.self = kEast;
  states_.local.region = "us-east-1";
  states_.local.reachable = {kHub, kWest};
  EXPECT_EQ(count(10), (std::map<NodeId, int>{{kEast, 10}}));
  EXPECT_EQ(choose().placed.rule, contact::PlacedBy::at_home);
  Ordered drain;
  drain.region = "us-east-1";
  drain.duty = Duty::draining;
  order(drain);
  EXPECT_EQ(count(10), (std::map<NodeId, int>{{kWest, 10}}));
  drain.duty = Duty::serving;
  order(drain);
  group({{"share.us-east-1", "500"}, {"share.us-west-2", "500"}, {"entry.CHAT", "1"}});
  EXPECT_EQ(count(10), (std::map<NodeId, int>{{kEast, 5}, {kWest, 5}}));
}

TEST_F(Choosing, TheNearerRegionIsTakenUntilItIsAhead) {
  group({{"share.us-east-1", "500"},
         {"share.us-west-2", "500"},
         {"entry.CHAT", "1"},
         {"policy", "nearest-balanced"},
         {"bound", "4"}});
  Entering york;
  york.caller = "+12125550100";
  for (int n = 0; n < 8; ++n) EXPECT_EQ(choose(york).node, kEast) << n;
  const Given held = choose(york);
  EXPECT_EQ(held.node, kWest);
  EXPECT_EQ(held.placed.rule, contact::PlacedBy::bound);
  ASSERT_EQ(held.placed.options.size(), 2U);
  EXPECT_LT(held.placed.options[0].cost, held.placed.options[1].cost);
  group({{"near.+1212.us-east-1", "90"}, {"near.+1212.us-west-2", "15"}});
  EXPECT_EQ(choose(york).node, kWest);
  EXPECT_EQ(choose().placed.rule, contact::PlacedBy::due);  // from nowhere that is known
}

TEST_F(Choosing, ACustomerComesBackToHisRegion) {
  group({{"share.us-east-1", "500"}, {"share.us-west-2", "500"}, {"entry.CHAT", "1"}, {"returning", "1"}});
  contact::Contact before;
  before.id = ContactId{Uuid{{1}}};
  before.person = Uuid{{9}};
  before.initiated = states_.now.hlc;
  states_.contacts.apply(contact::Claimed{before.id, Term{1}, contact::Why::started, before, {}}, states_.meta(kWest));
  Entering again;
  again.person = before.person;
  for (int n = 0; n < 5; ++n) {
    const Given given = choose(again);
    EXPECT_EQ(given.node, kWest);
    EXPECT_EQ(given.placed.rule, contact::PlacedBy::returning);
  }
}

TEST_F(Choosing, TheShorterWaitIsTakenUntilItsRegionIsAhead) {
  group({{"share.us-east-1", "500"},
         {"share.us-west-2", "500"},
         {"entry.CHAT", "1"},
         {"policy", "least-wait"},
         {"bound", "3"}});
  contact::Contact waits;
  waits.id = ContactId{Uuid{{1}}};
  waits.phase = contact::Phase::queued;
  states_.contacts.apply(contact::Claimed{waits.id, Term{1}, contact::Why::started, waits, {}}, states_.meta(kEast));
  EXPECT_GT(waits_by_region(states_.sees()).at("us-east-1"), waits_by_region(states_.sees()).at("us-west-2"));
  for (int n = 0; n < 6; ++n) EXPECT_EQ(choose().node, kWest) << n;
  EXPECT_EQ(choose().placed.rule, contact::PlacedBy::bound);
}

TEST_F(Choosing, RulesObjectAndCanBeOverriddenByName) {
  Ordered drain;
  drain.region = "us-east-1";
  drain.duty = Duty::draining;
  ASSERT_TRUE(decide(states_.sees(), Order{drain}, states_.now));
  order(drain);
  drain.region = "us-west-2";
  const auto none = decide(states_.sees(), Order{drain}, states_.now);
  ASSERT_FALSE(none);
  EXPECT_TRUE(none.error().detail.starts_with(kNeverZero)) << none.error().detail;
  drain.over = {kNeverZero, kMaintenance};
  EXPECT_FALSE(decide(states_.sees(), Order{drain}, states_.now));
  // Live contacts, and nobody else's agents.
  contact::Contact live;
  live.id = ContactId{Uuid{{1}}};
  states_.contacts.apply(contact::Claimed{live.id, Term{1}, contact::Why::started, live, {}}, states_.meta(kWest));
  drain.region = "us-east-1";
  drain.over.clear();
  const auto full = decide(states_.sees(), Order{drain}, states_.now);
  ASSERT_FALSE(full);
  EXPECT_TRUE(full.error().detail.starts_with(kCapacity)) << full.error().detail;
  drain.over = {kCapacity};
  const auto over = decide(states_.sees(), Order{drain}, states_.now);
  ASSERT_TRUE(over);
  EXPECT_EQ(std::get<Ordered>(std::get<Rec>(over->records.front())).over, std::vector<std::string>{kCapacity});
  drain.region = "mars";
  EXPECT_EQ(decide(states_.sees(), Order{drain}, states_.now).error().code, Errc::not_found);
}

TEST_F(Choosing, AGroupsChangeIsJudged) {
  SetGroup change{kGroup, {{"name", "g"}, {"share.us-east-1", "700"}, {"share.us-west-2", "300"}}, "ana", "", {}};
  ASSERT_TRUE(decide(states_.sees(), change, states_.now));
  group(change.set);
  change.set = {{"share.us-east-1", "100"}, {"share.us-west-2", "900"}};
  EXPECT_TRUE(decide(states_.sees(), change, states_.now));  // nothing enters by it yet
  group({{"entry.CHAT", "1"}});
  const auto far = decide(states_.sees(), change, states_.now);
  ASSERT_FALSE(far);
  EXPECT_NE(far.error().detail.find("so 20 % is the nearest"), std::string::npos) << far.error().detail;
  change.over = {kStep};
  const auto decision = decide(states_.sees(), change, states_.now);
  ASSERT_TRUE(decision);
  const auto& changed = std::get<Changed>(std::get<Rec>(decision->records.back()));
  EXPECT_EQ(changed.before.at("share.us-east-1"), "700");
  EXPECT_EQ(changed.over, std::vector<std::string>{kStep});
  states_.local.reachable = {kWest};
  change.set = {{"share.us-east-1", "800"}, {"share.us-west-2", "200"}};
  change.over.clear();
  EXPECT_TRUE(decide(states_.sees(), change, states_.now).error().detail.starts_with(kUnready));
}

TEST_F(Choosing, ARampGoesOnByItselfAndBackWhenTheRegionIsAway) {
  Ordered ramp;
  ramp.region = "us-east-1";
  ramp.duty = Duty::ramping;
  ramp.steps = {100, 500};
  ramp.every = 10s;
  order(ramp);
  const auto part = [&] { return states_.distribution.region("us-east-1").part(); };
  EXPECT_EQ(count(110), (std::map<NodeId, int>{{kEast, 10}, {kWest, 100}}));
  EXPECT_TRUE(react(states_.sees(), states_.now, rng_).empty());
  states_.now.hlc = states_.now.hlc + 10s;
  apply(react(states_.sees(), states_.now, rng_));
  EXPECT_EQ(part(), 500U);
  states_.local.reachable = {kWest};
  apply(react(states_.sees(), states_.now, rng_));
  EXPECT_EQ(part(), 100U);
  states_.local.reachable = {kEast, kWest};
  const auto on = [&] {
    states_.now.hlc = states_.now.hlc + 10s;
    apply(react(states_.sees(), states_.now, rng_));
  };
  on();
  EXPECT_EQ(part(), 500U);
  states_.local.accused = {kWest};  // it does not ramp
  on();
  EXPECT_EQ(part(), 1000U);
  EXPECT_FALSE(on_duty(states_.sees()));
  EXPECT_EQ(states_.distribution.history().size(), 5U);
}

TEST_F(Choosing, ARampWaitsForARegionThatAnswersAndDoesNotServe) {
  Ordered ramp;
  ramp.region = "us-east-1";
  ramp.duty = Duty::ramping;
  ramp.steps = {100, 500};
  ramp.every = 10s;
  order(ramp);
  const auto part = [&] { return states_.distribution.region("us-east-1").part(); };
  const auto on = [&] {
    states_.now.hlc = states_.now.hlc + 10s;
    apply(react(states_.sees(), states_.now, rng_));
  };
  on();
  EXPECT_EQ(part(), 500U);
  states_.local.accused = {kEast};
  on();
  EXPECT_EQ(part(), 100U);
  on();
  EXPECT_EQ(part(), 100U);
  states_.local.accused.clear();
  on();
  EXPECT_EQ(part(), 500U);
}

// The region's own node, while it drains.
class Leaving : public Choosing {
 protected:
  Leaving() {
    states_.local.hub = false;
    states_.local.self = kEast;
    states_.local.region = "us-east-1";
    states_.local.reachable = {kHub, kWest};
    presence::Presence ana;
    ana.agent = kAna;
    ana.desktop = Uuid{{8}};
    ana.type = presence::StatusType::routable;
    states_.agents.apply(presence::Claimed{kAna, Term{1}, ana}, states_.meta(kEast));
    add(1, contact::Phase::queued);
    add(2, contact::Phase::in_flow);
  }
  void add(std::uint8_t number, contact::Phase phase) {
    contact::Contact c;
    c.id = ContactId{Uuid{{number}}};
    c.phase = phase;
    c.attached = true;
    c.place.enqueued = states_.now.hlc;
    states_.contacts.apply(contact::Claimed{c.id, Term{1}, contact::Why::started, c, {}}, states_.meta(kEast));
  }
  void drain(Duty duty = Duty::draining, Hlc deadline = {}, AtDeadline then = AtDeadline::wait) {
    Ordered drain;
    drain.region = "us-east-1";
    drain.duty = duty;
    drain.deadline = deadline;
    drain.then = then;
    order(drain);
    states_.apply(react(states_.sees(), states_.now, rng_));
  }
  [[nodiscard]] const contact::Contact& contact(std::uint8_t number) const {
    return states_.contacts.find(ContactId{Uuid{{number}}})->contact;
  }
  [[nodiscard]] const presence::Presence& ana() const { return states_.agents.find(kAna)->presence; }
  static constexpr AgentId kAna{Uuid{{9}}};
};

TEST_F(Leaving, AgentsAndWhoWaitsGoElsewhere) {
  drain();
  EXPECT_EQ(ana().move_to, "us-west-2");
  EXPECT_TRUE(ana().drained);
  EXPECT_EQ(contact(1).move.state, contact::MoveState::offered);
  EXPECT_EQ(contact(1).move.destination, kWest);
  EXPECT_TRUE(contact(1).move.agent.value().nil());
  EXPECT_EQ(contact(2).move.state, contact::MoveState::none) << "its flow goes on here";
  EXPECT_TRUE(react(states_.sees(), states_.now, rng_).empty()) << "all is said";
  EXPECT_EQ(remains(states_.sees(), "us-east-1").waiting, 1U);
}

TEST_F(Leaving, WhoHasNotLeftStaysWhenItIsTakenBack) {
  drain();
  states_.now.hlc = states_.now.hlc + 5s;
  drain(Duty::serving);
  EXPECT_EQ(ana().move_to, "");
  EXPECT_FALSE(ana().drained);
  EXPECT_GE(ana().available_since, states_.now.hlc + -1s) << "available from now on";
}

TEST_F(Leaving, NobodyIsSentAwayWhereNobodyElseTakesContacts) {
  states_.local.reachable = {kHub};
  drain();
  EXPECT_EQ(ana().move_to, "");
  EXPECT_EQ(contact(1).move.state, contact::MoveState::none);
}

TEST_F(Leaving, AtTheDeadlineAgentsMoveWithWhatTheyHave) {
  const Hlc deadline = states_.now.hlc + 60s;
  drain(Duty::draining, deadline, AtDeadline::move);
  EXPECT_EQ(ana().move_by, deadline);
}

TEST_F(Leaving, AtTheDeadlineWhoIsStillThereIsToldAndEnds) {
  states_.local.reachable = {kHub};
  const Hlc deadline = states_.now.hlc + 60s;
  drain(Duty::draining, deadline, AtDeadline::end);
  EXPECT_TRUE(contact(1).live());
  states_.now.hlc = deadline;
  states_.apply(react(states_.sees(), states_.now, rng_));
  for (const std::uint8_t number : {1, 2}) {
    EXPECT_EQ(contact(number).phase, contact::Phase::ended) << int{number};
    EXPECT_EQ(contact(number).ended_by, "DRAINED");
    EXPECT_EQ(states_.contacts.transcript(contact(number).id).front()->content_type, "text/plain");
  }
  EXPECT_TRUE(react(states_.sees(), states_.now, rng_).empty());
}

TEST(DistributionState, IsTheSameInAnyOrder) {
  // An order, steps of it, a second order, and a step of the first that comes late.
  Ordered ramp;
  ramp.region = "r";
  ramp.duty = Duty::ramping;
  ramp.steps = {100, 500};
  const auto meta = [](std::uint64_t at) {
    Meta out;
    out.log = {NodeId{1}, Incarnation{1}};
    out.at = Hlc::at(at);
    return out;
  };
  const auto run = [&](const std::vector<int>& which) {
    State state;
    for (const int n : which) {
      switch (n) {
        case 0:
          state.apply(ramp, meta(10));
          break;
        case 1:
          state.apply(Stepped{"r", Hlc::at(10), 1, 1, ""}, meta(20));
          break;
        case 2:
          state.apply(ramp, meta(30));
          break;
        default:
          state.apply(Stepped{"r", Hlc::at(30), 1, 1, ""}, meta(40));
      }
    }
    return std::tuple{state.region("r").at, state.region("r").step, state.history().size()};
  };
  std::vector<int> order{0, 1, 2, 3};
  const auto expected = run(order);
  do {
    EXPECT_EQ(run(order), expected);
  } while (std::ranges::next_permutation(order).found);
}

}  // namespace
}  // namespace tandem::distribution
