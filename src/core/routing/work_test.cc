// Goal: work that ran here is taken back from a line that knows nothing of it, and only once all of it has been heard.
// Method: a claim and a run applied to the states of a node that started again; what `react_work` writes.
#include "core/routing/work.h"

#include <gtest/gtest.h>

#include "core/routing/index.h"

namespace tandem::routing {
namespace {

constexpr NodeId kSelf{2};
constexpr NodeId kOther{3};
const ContactId kTask{*parse_uuid("0190f0f0-0000-7000-8000-000000000001")};

class StartedAgain : public testing::Test {
 protected:
  StartedAgain() {
    std::vector<membership::Member> members(3);
    for (std::uint16_t i = 0; i < 3; ++i) members[i].node = NodeId{static_cast<std::uint16_t>(i + 1)};
    members[0].hub = true;
    members_.form(members);
    local_.self = kSelf;
    local_.incarnation = Incarnation{2};
    contact::Contact task;
    task.id = kTask;
    task.kind = contact::Kind::work;
    task.phase = contact::Phase::queued;
    task.place.enqueued = now_.hlc;
    contacts_.apply(contact::Claimed{.contact = kTask, .term = Term{2}, .whole = task}, meta(kOther, 1));
    routing_.apply(Ran{kTask, 0, 1}, meta(kSelf, 1));
  }
  Meta meta(NodeId origin, std::uint64_t incarnation) {
    Meta out;
    out.log = {origin, Incarnation{incarnation}};
    out.sequence = Sequence{++sequences_[origin]};
    out.at = now_.hlc;
    return out;
  }
  Decision react() {
    return react_work({local_, config_, members_, contacts_, agents_, routing_, transfer_, failover_, matching_}, kTask,
                      now_);
  }

  Now now_{Mono{1h}, Hlc::at(1'700'000'000'000)};
  Local local_;
  config::State config_;
  membership::State members_;
  contact::State contacts_;
  presence::State agents_;
  State routing_;
  transfer::State transfer_;
  failover::State failover_;
  Index matching_;
  std::map<NodeId, std::uint64_t> sequences_;
};

TEST_F(StartedAgain, TakesBackWhatRanOnceItHasHeardTheOthers) {
  EXPECT_TRUE(react().empty());
  local_.settled = true;
  const Decision decision = react();
  ASSERT_EQ(decision.records.size(), 1U);
  const auto& claim = std::get<contact::Claimed>(std::get<contact::Rec>(decision.records.front()));
  EXPECT_EQ(claim.why, contact::Why::reclaimed);
  EXPECT_EQ(claim.term, Term{3});
}

TEST_F(StartedAgain, SendsThroughItsFlowWhatIsNotKnownToBeQueued) {
  local_.settled = true;
  contact::Contact begun = contacts_.find(kTask)->contact;
  begun.phase = contact::Phase::in_flow;
  begun.place = {};
  contacts_.apply(contact::Claimed{.contact = kTask, .term = Term{3}, .whole = begun}, meta(kOther, 1));
  const Decision decision = react();
  ASSERT_EQ(decision.records.size(), 1U);
  const auto& claim = std::get<contact::Claimed>(std::get<contact::Rec>(decision.records.front()));
  EXPECT_EQ(claim.whole.phase, contact::Phase::in_flow);
  EXPECT_EQ(claim.whole.attempt, 1U);
}

TEST_F(StartedAgain, LeavesWhatRanInALaterAttemptElsewhere) {
  local_.settled = true;
  contact::Contact later = contacts_.find(kTask)->contact;
  later.attempt = 1;
  contacts_.apply(contact::Claimed{.contact = kTask, .term = Term{3}, .whole = later}, meta(kOther, 1));
  EXPECT_TRUE(react().empty());
}

}  // namespace
}  // namespace tandem::routing
