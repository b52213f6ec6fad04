// Goal: a member is evacuated by the word of those that stand, and of nobody else, and comes back likewise.
// Method: votes applied to a state of three members, two of them regions; what `react` and `come_back` write.
#include "core/failover/react.h"

#include <gtest/gtest.h>

#include "core/states_testing.h"

namespace tandem::failover {
namespace {

constexpr NodeId kHub{1};
constexpr NodeId kEast{2};
constexpr NodeId kWest{3};

class Three : public testing::Test, protected States {
 protected:
  Three() : States(kWest) { local.settled = true; }
  void vote(NodeId voter, NodeId subject, bool down) {
    Vote vote;
    vote.subject = subject;
    vote.down = vote.peer_link = vote.api_probe = down;
    failover.apply(vote, meta(voter));
  }
  std::optional<Evacuated> evacuated() {
    const Decision decision = react(sees(), {});
    if (decision.records.empty()) return std::nullopt;
    return std::get<Evacuated>(std::get<Rec>(decision.records.front()));
  }
};

TEST_F(Three, OneObserverAloneEvacuatesNobody) {
  vote(kHub, kEast, true);
  EXPECT_FALSE(evacuated());
  vote(kWest, kEast, true);
  const auto fact = evacuated();
  ASSERT_TRUE(fact);
  EXPECT_EQ(fact->subject, kEast);
  EXPECT_EQ(fact->survivors, std::vector{kWest});
  ASSERT_EQ(fact->evidence.size(), 2U);
  EXPECT_EQ(fact->evidence.front().voter, kHub);
  EXPECT_TRUE(fact->evidence.front().api_probe && fact->evidence.front().peer_link);
  EXPECT_FALSE(fact->evidence.front().clients);
}

TEST_F(Three, TheLastWordOfTheLostMemberDoesNotProtectIt) {
  vote(kEast, kWest, true);  // a link was bad one way, and then east was cut off altogether
  vote(kHub, kEast, true);
  vote(kWest, kEast, true);
  const auto fact = evacuated();
  ASSERT_TRUE(fact);
  EXPECT_EQ(fact->survivors, std::vector{kWest});
}

TEST_F(Three, NobodyDeclaresHimselfNorBeforeHeHeardTheOthers) {
  vote(kHub, kEast, true);
  vote(kWest, kEast, true);
  local.self = kEast;
  EXPECT_FALSE(evacuated());
  local.self = kWest;
  local.settled = false;
  EXPECT_FALSE(evacuated());
  local.settled = true;
  EXPECT_TRUE(evacuated());
}

TEST_F(Three, NobodyIsEvacuatedWhenNobodyIsLeft) {
  vote(kHub, kWest, true);
  vote(kHub, kEast, true);
  vote(kWest, kEast, true);
  EXPECT_FALSE(evacuated());
}

TEST_F(Three, AMemberComesBackAgainstTheWordOfOneThatIsGone) {
  vote(kEast, kWest, true);
  failover.apply(Evacuated{kWest, 1, {kHub, kEast}, {kEast}, {}, {}}, meta(kHub));
  EXPECT_TRUE(come_back(sees(), true, now).records.empty());  // east still does not hear it
  failover.apply(Evacuated{kEast, 1, {kHub, kWest}, {kWest}, {}, {}}, meta(kHub));
  const Decision decision = come_back(sees(), true, now);
  ASSERT_EQ(decision.records.size(), 1U);
  EXPECT_EQ(std::get<Returned>(std::get<Rec>(decision.records.front())).state, MemberState::recovering);
}

TEST_F(Three, AWordFromBeforeTheReturnCountsOnlyWhenItIsSaidAgain) {
  vote(kHub, kEast, true);
  vote(kWest, kEast, true);
  failover.apply(Evacuated{kEast, 1, {kHub, kWest}, {kWest}, {}, {}}, meta(kHub));
  now.hlc = now.hlc + 1s;
  failover.apply(Returned{2, MemberState::recovering},
                 meta(kEast));  // it had heard both withdraw; here neither is heard
  const Decision again = react(sees(), {});
  ASSERT_EQ(again.records.size(), 1U);
  const auto* renewed = std::get_if<Vote>(&std::get<Rec>(again.records.front()));
  ASSERT_TRUE(renewed);  // west's own word is its own to say again
  EXPECT_TRUE(renewed->down);
  vote(kWest, kEast, true);
  EXPECT_FALSE(evacuated());
  vote(kHub, kEast, true);
  EXPECT_TRUE(evacuated());
}

TEST_F(Three, AReturnedMemberRampsUnlessSomebodyOrderedOtherwise) {
  local.self = kWest;
  failover.apply(Evacuated{kWest, 1, {kHub, kEast}, {kEast}, {}, {}}, meta(kHub));
  failover.apply(Returned{2, MemberState::ready}, meta(kWest));
  now.hlc = now.hlc + local.timers.ready + 1ms;
  const Decision back = come_back(sees(), true, now);
  ASSERT_EQ(back.records.size(), 2U);
  const auto& ramp = std::get<distribution::Ordered>(std::get<distribution::Rec>(back.records.back()));
  EXPECT_EQ(ramp.region, distribution::place_of(kWest));
  EXPECT_EQ(ramp.steps.front(), 100U);

  distribution::Ordered drain;
  drain.region = distribution::place_of(kWest);
  drain.duty = distribution::Duty::draining;
  distribution.apply(drain, meta(kHub));
  EXPECT_EQ(come_back(sees(), true, now).records.size(), 1U);
}

}  // namespace
}  // namespace tandem::failover
