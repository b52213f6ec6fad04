// Goal: a node joins as a shadow, ramps, is drained by itself while its region goes on, and leaves when it is empty.
// Method: a hub and two regions as one node knows them; orders judged, records applied, what follows from them.
#include <gtest/gtest.h>

#include "core/distribution/choose.h"
#include "core/distribution/decide.h"
#include "core/distribution/react.h"
#include "core/states_testing.h"

namespace tandem::distribution {
namespace {

constexpr NodeId kHub{1};
constexpr NodeId kEast{2};
constexpr NodeId kWest{3};
constexpr NodeId kSecond{4};  // in the east

class Members : public testing::Test, protected States {
 protected:
  Members() : States(kHub) {
    local.hub = local.settled = true;
    local.reachable = {kEast, kWest};
  }
  Join join() {
    Join out;
    out.member = {kSecond, "us-east-1", false, "10.0.0.4:7101", "http://10.0.0.4:7100", "us-east-1-2"};
    out.steps = {10, 500};
    out.every = 1s;
    return out;
  }
  void happens(const Decision& decision, NodeId by) {
    for (const Body& body : decision.records) {
      if (const auto* rec = std::get_if<Rec>(&body)) {
        std::visit([&](const auto& r) { distribution.apply(r, meta(by)); }, *rec);
      } else {
        std::visit([&](const auto& r) { members.apply(r, meta(by)); }, std::get<membership::Rec>(body));
      }
    }
  }
  void in_force(std::uint64_t number, std::vector<NodeId> by) {
    for (const NodeId node : by) members.apply(membership::Accepted{number}, meta(node));
  }
  void joined() {
    const auto decision = decide(sees(), join(), now);
    ASSERT_TRUE(decision);
    happens(*decision, kHub);
    in_force(2, {kHub, kEast});
    local.reachable.insert(kSecond);
  }
  void at(NodeId self, bool hub) {
    local.self = self;
    local.hub = hub;
    local.region = hub ? "" : members.find(self)->region;
    local.reachable = {kHub, kEast, kWest, kSecond};
    local.reachable.erase(self);
  }
  Ordered order(const std::string& place, Duty duty) {
    Ordered out;
    out.region = place;
    out.duty = duty;
    return out;
  }
  std::map<NodeId, int> given(int many) {
    Chooser chooser;
    std::map<NodeId, int> out;
    std::set<NodeId> failed;
    for (int n = 0; n < many; ++n) ++out[chooser.choose(sees(), {}, std::nullopt, failed, now).node];
    return out;
  }
};

TEST_F(Members, AListIsInForceByAMajorityOfTheOneBefore) {
  const auto decision = decide(sees(), join(), now);
  ASSERT_TRUE(decision);
  happens(*decision, kHub);
  EXPECT_EQ(members.current().number, 1U);
  EXPECT_EQ(members.known().size(), 4U);  // it may connect
  EXPECT_EQ(decide(sees(), join(), now).error().code, Errc::refused);
  in_force(2, {kHub});
  EXPECT_EQ(members.current().number, 1U);
  in_force(2, {kSecond});  // its own word does not count yet
  EXPECT_EQ(members.current().number, 1U);
  in_force(2, {kWest});
  EXPECT_EQ(members.current().number, 2U);
  EXPECT_EQ(members.find(std::string_view("us-east-1-2"))->node, kSecond);
}

TEST_F(Members, AShadowTakesNothingUntilItHasEverything) {
  joined();
  EXPECT_EQ(given(4), (std::map<NodeId, int>{{kEast, 2}, {kWest, 2}}));
  at(kSecond, false);
  local.may_ack = false;
  Rng rng{1};
  EXPECT_TRUE(react(sees(), now, rng).empty());
  local.may_ack = true;
  happens(react(sees(), now, rng), kSecond);
  EXPECT_TRUE(distribution.node(kSecond).ramping());
  at(kHub, true);
  const auto small = given(404);
  EXPECT_EQ(small.at(kWest), 202);
  EXPECT_EQ(small.at(kSecond), 2);  // 1 % beside the whole
}

TEST_F(Members, ARampOfANodeGoesOnAndBack) {
  joined();
  at(kSecond, false);
  Rng rng{1};
  happens(react(sees(), now, rng), kSecond);
  at(kHub, true);
  now.hlc = now.hlc + 1s;
  happens(react(sees(), now, rng), kHub);
  EXPECT_EQ(distribution.node(kSecond).part(), 500U);
  local.reachable.erase(kSecond);
  now.hlc = now.hlc + 1s;
  happens(react(sees(), now, rng), kHub);
  EXPECT_EQ(distribution.node(kSecond).part(), 10U);
}

TEST_F(Members, ADrainedNodeLeavesItsRegionServing) {
  joined();
  now.hlc = now.hlc + 1s;
  happens(*decide(sees(), Order{order(place_of(kSecond), Duty::serving)}, now), kHub);
  EXPECT_EQ(given(4), (std::map<NodeId, int>{{kEast, 1}, {kSecond, 1}, {kWest, 2}}));
  now.hlc = now.hlc + 1s;
  happens(*decide(sees(), Order{order(place_of(kEast), Duty::draining)}, now), kHub);
  EXPECT_EQ(standing(sees(), "us-east-1"), Standing::serving);
  EXPECT_EQ(given(4), (std::map<NodeId, int>{{kSecond, 2}, {kWest, 2}}));
  // With the other one too the region would take nothing: that is a drain of the region, and west is all there is.
  const auto objected = objections(sees(), order(place_of(kSecond), Duty::draining), now.hlc);
  ASSERT_FALSE(objected.empty());
  EXPECT_EQ(objected.front().rule, kMaintenance);
}

TEST_F(Members, TheLastNodeThatTakesContactsIsNotDrained) {
  happens(*decide(sees(), Order{order("us-west-2", Duty::draining)}, now), kHub);
  const auto refused = decide(sees(), Order{order(place_of(kEast), Duty::draining)}, now);
  ASSERT_FALSE(refused);
  Ordered over = order(place_of(kEast), Duty::draining);
  over.over = {kMaintenance, kNeverZero};
  EXPECT_NE(decide(sees(), Order{over}, now).error().detail.find(kNeverZero), std::string::npos);
}

TEST_F(Members, AMemberLeavesOnlyWhenItIsEmptyAndItsIdStaysTaken) {
  joined();
  at(kHub, true);
  contact::Contact talk;
  talk.id = ContactId{derive_uuid(Uuid{}, "talk")};
  talk.phase = contact::Phase::queued;
  contacts.apply(contact::Claimed{talk.id, Term{1}, contact::Why::started, talk, {}}, meta(kSecond));
  Dismiss leave{kSecond, "ops", "", {}};
  auto refused = decide(sees(), leave, now);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().detail.find(kEmpty), std::string::npos);
  leave.over = {kEmpty};
  happens(*decide(sees(), leave, now), kHub);
  in_force(3, {kHub, kEast, kWest});
  EXPECT_EQ(members.find(kSecond), nullptr);
  EXPECT_EQ(decide(sees(), join(), now).error().code, Errc::refused);
}

TEST_F(Members, BadMembersAreRefused) {
  Join bad = join();
  bad.member.name = "us-west-2";
  EXPECT_EQ(decide(sees(), bad, now).error().code, Errc::refused);  // the name of a region
  bad = join();
  bad.member.node = kWest;
  EXPECT_EQ(decide(sees(), bad, now).error().code, Errc::refused);
  bad = join();
  bad.member.peer_address = "nowhere";
  EXPECT_EQ(decide(sees(), bad, now).error().code, Errc::invalid);
  bad = join();
  bad.steps = {500, 10};
  EXPECT_EQ(decide(sees(), bad, now).error().code, Errc::invalid);
  EXPECT_EQ(decide(sees(), Order{order("node/9", Duty::draining)}, now).error().code, Errc::not_found);
  EXPECT_EQ(decide(sees(), Order{order("node/x", Duty::draining)}, now).error().code, Errc::not_found);
  EXPECT_EQ(decide(sees(), Order{order("us-east-1", Duty::joining)}, now).error().code, Errc::invalid);
}

}  // namespace
}  // namespace tandem::distribution
