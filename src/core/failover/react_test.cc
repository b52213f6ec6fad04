// Goal: a member is evacuated by the word of those that stand, and of nobody else, and comes back likewise.
// Method: votes applied to a state of three members, two of them regions; what `react` and `come_back` write.
#include "core/failover/react.h"

#include <gtest/gtest.h>

#include "core/routing/index.h"

namespace tandem::failover {
namespace {

constexpr NodeId kHub{1};
constexpr NodeId kEast{2};
constexpr NodeId kWest{3};

class Three : public testing::Test {
 protected:
  Three() {
    std::vector<membership::Member> members(3);
    for (std::uint16_t i = 0; i < 3; ++i) members[i].node = NodeId{static_cast<std::uint16_t>(i + 1)};
    members[0].hub = true;
    members_.form(members);
    local_.self = kWest;
    local_.settled = true;
  }
  void vote(NodeId voter, NodeId subject, bool down) {
    Vote vote;
    vote.subject = subject;
    vote.down = vote.peer_link = vote.api_probe = down;
    state_.apply(vote, meta(voter));
  }
  Meta meta(NodeId origin) {
    Meta out;
    out.log = {origin, Incarnation{1}};
    out.sequence = Sequence{++sequences_[origin]};
    out.at = now_.hlc;
    return out;
  }
  [[nodiscard]] Sees sees() const {
    return {local_, config_, members_, contacts_, agents_, routing_, transfer_, state_, matching_};
  }
  std::optional<Evacuated> evacuated() {
    const Decision decision = react(sees(), now_);
    if (decision.records.empty()) return std::nullopt;
    return std::get<Evacuated>(std::get<Rec>(decision.records.front()));
  }

  Now now_{Mono{1h}, Hlc::at(1'700'000'000'000)};
  Local local_;
  config::State config_;
  membership::State members_;
  contact::State contacts_;
  presence::State agents_;
  routing::State routing_;
  transfer::State transfer_;
  State state_;
  mutable routing::Index matching_;
  std::map<NodeId, std::uint64_t> sequences_;
};

TEST_F(Three, OneObserverAloneEvacuatesNobody) {
  vote(kHub, kEast, true);
  EXPECT_FALSE(evacuated());
  vote(kWest, kEast, true);
  const auto fact = evacuated();
  ASSERT_TRUE(fact);
  EXPECT_EQ(fact->subject, kEast);
  EXPECT_EQ(fact->survivors, std::vector{kWest});
}

TEST_F(Three, TheLastWordOfTheLostMemberDoesNotProtectIt) {
  vote(kEast, kWest, true);  // a link was bad one way, and then east was cut off altogether
  vote(kHub, kEast, true);
  vote(kWest, kEast, true);
  const auto fact = evacuated();
  ASSERT_TRUE(fact);
  EXPECT_EQ(fact->survivors, std::vector{kWest});
}

TEST_F(Three, NobodyIsEvacuatedWhenNobodyIsLeft) {
  vote(kHub, kWest, true);
  vote(kHub, kEast, true);
  vote(kWest, kEast, true);
  EXPECT_FALSE(evacuated());
}

TEST_F(Three, AMemberComesBackAgainstTheWordOfOneThatIsGone) {
  vote(kEast, kWest, true);
  state_.apply(Evacuated{kWest, 1, {kHub, kEast}, {kEast}}, meta(kHub));
  EXPECT_TRUE(come_back(sees(), true, now_).records.empty());  // east still does not hear it
  state_.apply(Evacuated{kEast, 1, {kHub, kWest}, {kWest}}, meta(kHub));
  const Decision decision = come_back(sees(), true, now_);
  ASSERT_EQ(decision.records.size(), 1U);
  EXPECT_EQ(std::get<Returned>(std::get<Rec>(decision.records.front())).state, MemberState::recovering);
}

}  // namespace
}  // namespace tandem::failover
