// Goal: work that ran here is taken back from a line that knows nothing of it, and only once all of it has been heard.
// Method: a claim and a run applied to the states of a node that started again; what `react_work` writes.
#include "core/routing/work.h"

#include <gtest/gtest.h>

#include "core/states_testing.h"

namespace tandem::routing {
namespace {

constexpr NodeId kSelf{2};
constexpr NodeId kOther{3};
const ContactId kTask{*parse_uuid("0190f0f0-0000-7000-8000-000000000001")};

class StartedAgain : public testing::Test, protected States {
 protected:
  StartedAgain() : States(kSelf) {
    local.incarnation = Incarnation{2};
    contact::Contact task;
    task.id = kTask;
    task.kind = contact::Kind::work;
    task.phase = contact::Phase::queued;
    task.place.enqueued = now.hlc;
    contacts.apply(contact::Claimed{.contact = kTask, .term = Term{2}, .whole = task}, meta(kOther));
    routing.apply(Ran{kTask, 0, 1}, meta(kSelf));
  }
  Decision react() { return react_work(sees(), kTask, now); }
};

TEST_F(StartedAgain, TakesBackWhatRanOnceItHasHeardTheOthers) {
  EXPECT_TRUE(react().empty());
  local.settled = true;
  const Decision decision = react();
  ASSERT_EQ(decision.records.size(), 1U);
  const auto& claim = std::get<contact::Claimed>(std::get<contact::Rec>(decision.records.front()));
  EXPECT_EQ(claim.why, contact::Why::reclaimed);
  EXPECT_EQ(claim.term, Term{3});
}

TEST_F(StartedAgain, SendsThroughItsFlowWhatIsNotKnownToBeQueued) {
  local.settled = true;
  contact::Contact begun = contacts.find(kTask)->contact;
  begun.phase = contact::Phase::in_flow;
  begun.place = {};
  contacts.apply(contact::Claimed{.contact = kTask, .term = Term{3}, .whole = begun}, meta(kOther));
  const Decision decision = react();
  ASSERT_EQ(decision.records.size(), 1U);
  const auto& claim = std::get<contact::Claimed>(std::get<contact::Rec>(decision.records.front()));
  EXPECT_EQ(claim.whole.phase, contact::Phase::in_flow);
  EXPECT_EQ(claim.whole.attempt, 1U);
}

TEST_F(StartedAgain, RunsNothingAgainThatAFormerLifeRan) {
  contacts.apply(contact::Claimed{.contact = kTask, .term = Term{3}, .whole = contacts.find(kTask)->contact},
                 meta(kSelf));
  const Decision decision = start(sees(), *contacts.find(kTask));
  ASSERT_EQ(decision.records.size(), 1U);
  const auto& update = std::get<contact::Updated>(std::get<contact::Rec>(decision.records.front()));
  EXPECT_EQ(update.change.value().attempt, 1U);
}

TEST_F(StartedAgain, LeavesWhatRanInALaterAttemptElsewhere) {
  local.settled = true;
  contact::Contact later = contacts.find(kTask)->contact;
  later.attempt = 1;
  contacts.apply(contact::Claimed{.contact = kTask, .term = Term{3}, .whole = later}, meta(kOther));
  EXPECT_TRUE(react().empty());
}

}  // namespace
}  // namespace tandem::routing
