// Goal: every checker says so, under its own name, when it is fed a history that breaks what it watches over, and keeps
// silent about the same history without the break.
// Method: short histories by hand, one broken thing in each.
#include "sim/checkers.h"

#include <gtest/gtest.h>

namespace tandem::sim {
namespace {

constexpr NodeId kA{1};
constexpr NodeId kB{2};
constexpr NodeId kHub{3};
const LogId kLog{kA, Incarnation{7}};

Uuid id(std::uint8_t n) {
  Uuid out;
  out.bytes[15] = n;
  return out;
}
const ContactId kContact{id(1)};
const AgentId kAnn{id(2)};
const AgentId kBob{id(3)};

void expect(const Verdict& verdict, std::string_view checker) {
  ASSERT_EQ(verdict.found().size(), 1U);
  EXPECT_EQ(verdict.found()[0].checker, checker);
}

TEST(WorldsEqual, DifferentBytesForOneVector) {
  Verdict verdict;
  WorldsEqual checker{verdict};
  const Vector vector{{kLog, Sequence{3}}};
  checker.compare({{kA, vector, "x"}, {kB, {{kLog, Sequence{2}}}, "y"}});
  EXPECT_TRUE(verdict.clean());
  checker.compare({{kA, vector, "x"}, {kB, vector, "y"}});
  expect(verdict, "worlds-equal");
}

TEST(WorldsEqual, ANodeThatStaysBehind) {
  Verdict verdict;
  WorldsEqual checker{verdict};
  checker.settled({{kA, {{kLog, Sequence{3}}}, "x"}, {kB, {{kLog, Sequence{2}}}, "x"}});
  expect(verdict, "worlds-equal");
}

TEST(Order, GapRepeatAndOtherBytes) {
  for (const int what : {0, 1, 2}) {
    Verdict verdict;
    Order checker{verdict};
    checker.durable(kA, kLog, Sequence{9});
    checker.applied(kA, kLog, Sequence{1}, 11);
    checker.applied(kA, kLog, Sequence{2}, 22);
    checker.applied(kB, kLog, Sequence{1}, 11);
    EXPECT_TRUE(verdict.clean());
    if (what == 0) checker.applied(kA, kLog, Sequence{4}, 44);
    if (what == 1) checker.applied(kA, kLog, Sequence{2}, 22);
    if (what == 2) checker.applied(kB, kLog, Sequence{2}, 23);
    expect(verdict, "order");
  }
}

TEST(Order, AppliedBeforeItsOriginHadItOnDisk) {
  Verdict verdict;
  Order checker{verdict};
  checker.applied(kA, kLog, Sequence{1}, 11);
  checker.applied(kB, kLog, Sequence{1}, 11);
  expect(verdict, "order");
}

TEST(Order, AStartAndASnapshotMoveTheLogOn) {
  Verdict verdict;
  Order checker{verdict};
  checker.durable(kA, kLog, Sequence{9});
  checker.started(kB, {{kLog, Sequence{4}}});
  checker.applied(kB, kLog, Sequence{5}, 55);
  checker.loaded(kB, {{kLog, Sequence{8}}});
  checker.applied(kB, kLog, Sequence{9}, 99);
  EXPECT_TRUE(verdict.clean());
}

TEST(ToldIsKept, YesBeforeTheDisk) {
  Verdict verdict;
  ToldIsKept checker{verdict};
  checker.recorded(id(9), kLog, Sequence{1});
  checker.told(id(9));
  expect(verdict, "told-is-kept");
}

TEST(ToldIsKept, InNoWorldAtTheEnd) {
  Verdict verdict;
  ToldIsKept checker{verdict};
  checker.recorded(id(9), kLog, Sequence{4});
  checker.durable(kA, kLog, Sequence{4});
  checker.told(id(9));
  checker.settled({{kLog, Sequence{4}}});
  EXPECT_TRUE(verdict.clean());
  checker.settled({{kLog, Sequence{3}}});
  expect(verdict, "told-is-kept");
}

TEST(ToldIsKept, ExcusedOnlyWhenEveryDiskThatHadItIsLost) {
  Verdict verdict;
  ToldIsKept checker{verdict};
  checker.recorded(id(8), kLog, Sequence{1});
  checker.recorded(id(9), kLog, Sequence{2});
  checker.durable(kA, kLog, Sequence{2});
  checker.durable(kB, kLog, Sequence{1});
  checker.told(id(8));
  checker.told(id(9));
  checker.disk_lost(kA);
  EXPECT_TRUE(checker.excused(id(9)));
  EXPECT_FALSE(checker.excused(id(8)));
  checker.settled({});
  expect(verdict, "told-is-kept");
}

TEST(OneOwner, TwoProcessesForThreeSamples) {
  Verdict verdict;
  OneOwner checker{verdict};
  for (int sample = 0; sample < 3; ++sample) {
    EXPECT_TRUE(verdict.clean());
    checker.sample_begins();
    checker.owns(kA, id(1));
    checker.owns(kB, id(1));
  }
  expect(verdict, "one-owner");
}

TEST(OneOwner, AHandOverInFlightIsNone) {
  Verdict verdict;
  OneOwner checker{verdict};
  for (int sample = 0; sample < 6; ++sample) {
    checker.sample_begins();
    checker.owns(kA, id(1));
    if (sample % 2 == 0) checker.owns(kB, id(1));
  }
  EXPECT_TRUE(verdict.clean());
}

TEST(OneOwner, TwoAgentsServeOneContact) {
  Verdict verdict;
  OneOwner checker{verdict};
  checker.serves_begin();
  checker.serves(kAnn, kContact);
  checker.serves(kBob, kContact);
  expect(verdict, "one-owner");
}

TEST(OneDesktop, TheSecondOpensBeforeTheFirstCloses) {
  Verdict verdict;
  OneDesktop checker{verdict};
  checker.opened(kAnn, id(1), kA);
  checker.opened(kAnn, id(1), kB);  // the same desktop, carried over
  checker.closed(kAnn, id(1));
  checker.opened(kAnn, id(2), kA);
  EXPECT_TRUE(verdict.clean());
  checker.opened(kAnn, id(3), kB);
  expect(verdict, "one-desktop");
}

TEST(OnePromise, MoreThanTheProfileAllows) {
  Verdict verdict;
  OnePromise checker{verdict};
  presence::Slot chat;
  std::map<ContactId, presence::Slot> slots{{ContactId{id(1)}, chat}, {ContactId{id(2)}, chat}};
  checker.shows(kAnn, slots, 2, 1);
  EXPECT_TRUE(verdict.clean());
  slots[ContactId{id(3)}] = chat;
  checker.shows(kAnn, slots, 2, 1);
  expect(verdict, "one-promise");
}

TEST(OnePromise, AcceptWithoutASlot) {
  Verdict verdict;
  OnePromise checker{verdict};
  checker.accepted(kAnn, kContact, {{kContact, presence::Slot{}}});
  EXPECT_TRUE(verdict.clean());
  checker.accepted(kAnn, kContact, {});
  expect(verdict, "one-promise");
}

contact::Move move(contact::MoveState state) {
  contact::Move out;
  out.id = id(5);
  out.source = kB;
  out.destination = kA;
  out.state = state;
  return out;
}

TEST(OneOutcome, AcceptedAboveALineInWhichItFailed) {
  Verdict verdict;
  OneOutcome checker{verdict};
  checker.recorded(kContact, {Term{2}, kB, {}}, move(contact::MoveState::timed_out));
  EXPECT_TRUE(verdict.clean());
  // The same term, and a lower node: this line is the higher one.
  checker.recorded(kContact, {Term{2}, kA, {}}, move(contact::MoveState::accepted));
  expect(verdict, "one-outcome");
}

TEST(OneOutcome, ATakeBackAboveTheAcceptanceIsTheOutcome) {
  Verdict verdict;
  OneOutcome checker{verdict};
  checker.recorded(kContact, {Term{2}, kA, {}}, move(contact::MoveState::accepted));
  checker.recorded(kContact, {Term{3}, kB, {}}, move(contact::MoveState::timed_out));
  EXPECT_TRUE(verdict.clean());
}

TEST(OneOutcome, WhatNobodyElseHasWasNeverSaid) {
  for (const bool heard : {false, true}) {
    Verdict verdict;
    OneOutcome checker{verdict};
    checker.recorded(kContact, {Term{1}, kB, {}}, move(contact::MoveState::returned));
    checker.written(kLog, Sequence{7}, kContact, {Term{2}, kA, {}}, move(contact::MoveState::accepted));
    if (heard) checker.heard(kLog, Sequence{7});
    EXPECT_EQ(verdict.clean(), !heard);
  }
}

TEST(OneOutcome, TheEndsDiffer) {
  Verdict verdict;
  OneOutcome checker{verdict};
  checker.settled(kA, kContact, move(contact::MoveState::attached), true);
  checker.settled(kB, kContact, move(contact::MoveState::returned), true);
  expect(verdict, "one-outcome");
}

TEST(OneOutcome, StillOpenAfterHealing) {
  Verdict verdict;
  OneOutcome checker{verdict};
  checker.settled(kA, kContact, move(contact::MoveState::offered), true);
  expect(verdict, "one-outcome");
}

TEST(WorkOnce, RanTwiceGivenTwiceGivenWithoutARun) {
  for (const int what : {0, 1, 2}) {
    Verdict verdict;
    WorkOnce checker{verdict};
    checker.ran(kContact, 0, kA);
    checker.given(kContact, 0, kAnn);
    checker.given(kContact, 0, kAnn);
    checker.ran(kContact, 1, kB);
    checker.given(kContact, 1, kBob);
    EXPECT_TRUE(verdict.clean());
    if (what == 0) checker.ran(kContact, 0, kB);
    if (what == 1) checker.given(kContact, 0, kBob);
    if (what == 2) checker.given(kContact, 2, kBob);
    expect(verdict, "work-once");
  }
}

TEST(TranscriptOnce, LostDoubledAndShownTwice) {
  const auto nothing = [](const Uuid&) { return false; };
  for (const int what : {0, 1, 2, 3}) {
    Verdict verdict;
    TranscriptOnce checker{verdict};
    checker.accepted(kContact, id(1), "says 1", id(1));
    checker.shown(4, id(1), kContact);
    checker.shown(5, id(1), kContact);
    std::vector<std::pair<Uuid, std::string>> transcript = {{id(9), "Welcome"}, {id(1), "says 1"}};
    if (what == 0) transcript.pop_back();
    if (what == 1) transcript.emplace_back(id(2), "says 1");
    if (what == 2) transcript.emplace_back(id(8), "Welcome");
    if (what == 3) checker.shown(5, id(1), kContact);
    checker.settled(kContact, transcript, {"Welcome"}, nothing);
    expect(verdict, "transcript-once");
  }
}

TEST(TranscriptOnce, WhatWasLostWithItsDisksIsExcused) {
  Verdict verdict;
  TranscriptOnce checker{verdict};
  checker.accepted(kContact, id(1), "says 1", id(1));
  checker.settled(kContact, {}, {}, [](const Uuid&) { return true; });
  EXPECT_TRUE(verdict.clean());
}

TEST(Profiles, AWriteIsLostOrNodesDiffer) {
  const auto unseal = [](const Text& text) { return text.bytes; };
  const auto nothing = [](const Uuid&) { return false; };
  const auto put = [](const char* words) {
    return customer::Put{id(5), {{"FirstName", {Text{KeyId{id(6)}, "n", words}, {}}}}, ""};
  };
  const auto at = [](std::uint64_t ms) { return Meta{{NodeId{1}, Incarnation{1}}, Sequence{ms}, Hlc::at(ms), {}}; };
  for (const int what : {0, 1, 2, 3, 4}) {
    Verdict verdict;
    Profiles checker{verdict};
    customer::State one;
    customer::State two;
    one.apply(put("Ada"), at(10));
    one.apply(put("Augusta"), at(20));
    if (what != 1) two.apply(put("Ada"), at(10));
    if (what != 0) two.apply(put("Augusta"), at(20));
    checker.written(id(5), "FirstName", "Ada", Hlc::at(10), id(1));
    checker.written(id(5), "FirstName", "Augusta", Hlc::at(20), id(2));
    if (what == 3) {
      checker.written(id(5), "FirstName", "Ida", Hlc::at(15), id(3));  // forgotten since
      one.apply(customer::Forgotten{id(5), ""}, at(30));
      two.apply(customer::Forgotten{id(5), ""}, at(30));
    }
    if (what == 4) checker.written(id(5), "LastName", "King", Hlc::at(15), id(3));
    checker.settled(NodeId{1}, one, unseal, nothing);
    checker.settled(NodeId{2}, two, unseal, nothing);
    if (what == 2 || what == 3) {
      EXPECT_TRUE(verdict.clean()) << what;
    } else {
      expect(verdict, "profiles");
    }
  }
}

TEST(Profiles, WhatIsBehindEnoughLaterWritesMayBeGone) {
  Verdict verdict;
  Profiles checker{verdict};
  customer::State state;
  for (std::uint64_t n = 1; n <= customer::kVersionsMax + 1; ++n) {
    const std::string words = std::to_string(n);
    state.apply(customer::Put{id(5), {{"FirstName", {Text{KeyId{id(6)}, "n", words}, {}}}}, ""},
                Meta{{NodeId{1}, Incarnation{1}}, Sequence{n}, Hlc::at(n), {}});
    checker.written(id(5), "FirstName", words, Hlc::at(n), id(static_cast<std::uint8_t>(n)));
  }
  checker.settled(NodeId{1}, state, [](const Text& text) { return text.bytes; }, [](const Uuid&) { return false; });
  EXPECT_TRUE(verdict.clean());
}

TEST(Settled, NobodyKnowsThatItOwnsIt) {
  Verdict verdict;
  Settled checker{verdict};
  Settled::Contact contact;
  contact.id = kContact;
  contact.phase = contact::Phase::ended;
  checker.contact(contact);
  contact.phase = contact::Phase::queued;
  contact.attached = contact.owner_knows = true;
  checker.contact(contact);
  EXPECT_TRUE(verdict.clean());
  contact.owner_knows = false;
  checker.contact(contact);
  expect(verdict, "settled");
}

TEST(Settled, WaitsWhileAnAgentIsIdle) {
  Verdict verdict;
  Settled checker{verdict};
  Settled::Contact contact;
  contact.id = kContact;
  contact.phase = contact::Phase::queued;
  contact.work = contact.owner_knows = contact.waits_long = true;
  checker.contact(contact);
  EXPECT_TRUE(verdict.clean());
  contact.agent_idle = true;
  checker.contact(contact);
  expect(verdict, "settled");
}

TEST(Settled, ACustomerIsPutOutOrAttachedElsewhere) {
  Settled::Contact contact;
  contact.id = kContact;
  contact.phase = contact::Phase::queued;
  contact.attached = contact.owner_knows = true;
  contact.owner = kA;
  for (const int what : {0, 1, 2, 3, 4}) {
    Verdict verdict;
    Settled checker{verdict};
    checker.customer(kContact, contact, kA);
    EXPECT_TRUE(verdict.clean());
    Settled::Contact broken = contact;
    if (what == 0) checker.customer(kContact, std::nullopt, kA);
    if (what == 1) broken.phase = contact::Phase::abandoned;
    if (what == 2) broken.phase = contact::Phase::ended;
    if (what == 3) broken.attached = false;
    if (what > 0) checker.customer(kContact, broken, what == 4 ? kB : kA);
    expect(verdict, "settled");
  }
}

TEST(Fences, AnEffectAfterItsTime) {
  Verdict verdict;
  Fences checker{verdict};
  const Fence fence{kContact, Term{}, Mono{2s}};
  checker.acted(fence, kA, Mono{1999ms});
  EXPECT_TRUE(verdict.clean());
  checker.acted(fence, kA, Mono{2s});
  expect(verdict, "fence");
}

TEST(Islands, WorkRunsOnTheWordOfAMajority) {
  for (const int acks : {0, 1, 2}) {
    Verdict verdict;
    Islands checker{verdict};
    checker.acknowledged_start(kContact, 1, kA, 7, kA);
    checker.acknowledged_start(kContact, 1, kA, 6, kB);  // of a start that was withdrawn
    checker.acknowledged_start(kContact, 1, kB, 7, kHub);
    for (int n = 0; n < acks; ++n) checker.acknowledged_start(kContact, 1, kA, 7, n == 0 ? kB : kHub);
    checker.ran(kContact, 1, kA, 7, 4);
    if (acks == 2) {
      EXPECT_TRUE(verdict.clean());
    } else {
      expect(verdict, "island");
    }
  }
}

TEST(Islands, ADesktopOpensOnTheWordOfAMajority) {
  const AgentId agent{id(8)};
  Verdict verdict;
  Islands checker{verdict};
  checker.opened(agent, Term{4}, kA, 3);  // nobody asked: it was open before
  checker.asked(agent, Term{5}, kA);
  checker.acknowledged_sign_in(agent, Term{5}, kA, kHub);
  checker.opened(agent, Term{5}, kA, 3);
  EXPECT_TRUE(verdict.clean());
  checker.asked(agent, Term{6}, kA);
  checker.acknowledged_sign_in(agent, Term{6}, kB, kHub);
  checker.opened(agent, Term{6}, kA, 3);
  expect(verdict, "island");
}

TEST(Islands, ItsCustomersAreAnswered) {
  Verdict verdict;
  Islands checker{verdict};
  checker.answered(kContact, kA, "");
  EXPECT_TRUE(verdict.clean());
  checker.answered(kContact, kA, "nothing");
  expect(verdict, "island");
}

TEST(Shadows, TakesSomethingBeforeItServes) {
  Verdict verdict;
  Shadows checker{verdict};
  checker.took(kA, id(5), true);
  EXPECT_TRUE(verdict.clean());
  checker.took(kA, id(5), false);
  expect(verdict, "shadow");
}

TEST(GlobalOrder, WhoIsBeforeAndHasWaitedIsNotPassedBy) {
  using namespace std::chrono_literals;
  const routing::Key given{5, 2'000, kContact};
  const GlobalOrder::Waiting first{{5, 1'000, ContactId{id(7)}}, kB, 10s};
  for (const int what : {0, 1, 2, 3, 4}) {
    Verdict verdict;
    GlobalOrder checker{verdict};
    GlobalOrder::Waiting other = first;
    if (what == 1) other.key.age = 3'000;       // came later
    if (what == 2) other.key.priority = 6;      // is less urgent
    if (what == 3) other.unchanged = 3s;        // may not be known everywhere yet
    if (what == 4) other.key = {4, 9'000, {}};  // came later, and is more urgent
    checker.given(given, AgentId{id(8)}, other);
    if (what == 0 || what == 4) {
      expect(verdict, "global-order");
    } else {
      EXPECT_TRUE(verdict.clean()) << what;
    }
  }
}

TEST(OneUpstream, TheNewIsAskedBeforeTheOldLetsGo) {
  Verdict verdict;
  OneUpstream checker{verdict};
  checker.asks({kHub, 4, 2}, kA, kA, 1);
  checker.lets_go({kHub, 4, 2}, kA);
  checker.asks({kHub, 4, 3}, kB, kA, 2);
  EXPECT_TRUE(verdict.clean());
  checker.asks({kHub, 4, 4}, kA, kB, 3);
  expect(verdict, "one-upstream");
}

TEST(Evacuations, CountsEachVoterOnceAndOnlyWithTwoKinds) {
  const auto vote = [](NodeId subject, bool second_kind) {
    failover::Vote out;
    out.subject = subject;
    out.down = out.peer_link = true;
    out.api_probe = second_kind;
    return out;
  };
  const NodeId lost{3};
  failover::Evacuated fact;
  fact.subject = lost;
  for (const auto& [voters, kinds, right] : {std::tuple{std::vector{NodeId{1}, NodeId{2}}, true, true},
                                             std::tuple{std::vector{NodeId{1}, NodeId{1}}, true, false},
                                             std::tuple{std::vector{NodeId{1}, NodeId{2}}, false, false},
                                             std::tuple{std::vector{NodeId{1}, lost}, true, false}}) {
    Verdict verdict;
    Evacuations checker(verdict);
    for (const NodeId voter : voters) checker.voted(voter, vote(lost, kinds));
    fact.voters = voters;
    checker.evacuated(fact, voters, 3, 1s);
    EXPECT_EQ(verdict.clean(), right);
  }
}

TEST(Evacuations, InRoughWeatherOnlyTheDeadAreFoundAndAllOfThem) {
  Verdict verdict;
  Evacuations checker(verdict);
  checker.only_the_dead();
  checker.died(NodeId{2}, 10s);
  checker.over(11s);
  EXPECT_TRUE(verdict.clean());
  checker.over(16s);
  EXPECT_FALSE(verdict.clean());

  Verdict alive;
  Evacuations of_the_living(alive);
  of_the_living.only_the_dead();
  failover::Evacuated fact;
  fact.subject = NodeId{3};
  fact.voters = {NodeId{1}, NodeId{2}};
  failover::Vote vote;
  vote.subject = NodeId{3};
  vote.down = vote.peer_link = vote.api_probe = true;
  for (const NodeId voter : fact.voters) of_the_living.voted(voter, vote);
  of_the_living.evacuated(fact, fact.voters, 3, 1s);
  EXPECT_FALSE(alive.clean());
}

TEST(Evacuations, ARampGoesUpOnlyWhereSomebodyAnswers) {
  Verdict verdict;
  Evacuations checker(verdict);
  distribution::Stepped step{"us-east-1", Hlc::at(1), 1, 1, ""};
  checker.stepped(step, true, NodeId{1});
  step.step = 0;
  checker.stepped(step, false, NodeId{1});  // back
  EXPECT_TRUE(verdict.clean());
  step.step = 1;
  checker.stepped(step, false, NodeId{1});
  EXPECT_FALSE(verdict.clean());
}

TEST(Evacuations, AMemberReturnsWithWhatTheOthersHad) {
  Verdict verdict;
  Evacuations checker(verdict);
  const LogId log{NodeId{1}, Incarnation{7}};
  checker.started(NodeId{2}, {{log, Sequence{5}}});
  checker.returned(NodeId{2}, failover::MemberState::recovering, {{log, Sequence{5}}});
  EXPECT_TRUE(verdict.clean());
  checker.returned(NodeId{2}, failover::MemberState::recovering, {{log, Sequence{4}}});
  EXPECT_FALSE(verdict.clean());
}

}  // namespace
}  // namespace tandem::sim
