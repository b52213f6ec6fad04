// Goal: a vote needs two kinds of bad signals for long enough, and comes back slowly; our own pauses count for nothing.
// Method: a member's heartbeats, probes and clients by hand, on a clock by hand.
#include "cluster/detector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/rng.h"

namespace tandem::cluster {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr NodeId kObserver{1};
constexpr NodeId kMember{2};
constexpr NodeId kHub{3};

// Drives a detector in steps of 10 ms; each member beats every 50 ms unless silent.
struct Driver {
  explicit Driver(NodeId self = kObserver,
                  std::vector<Detector::Member> members = {{kObserver, true}, {kMember, true}, {kHub, false}})
      : detector(self, now()) {
    for (const auto& member : members) {
      if (member.node != self) others.push_back(member.node);
    }
    detector.set_members(members, now());
  }
  [[nodiscard]] Now now() const { return {Mono{time}, {}}; }
  std::vector<Vote> run(std::chrono::milliseconds span) {
    std::vector<Vote> votes;
    for (const auto end = time + span; time < end;) {
      time += 10ms;
      for (const NodeId node : others) {
        if (time % 50ms == 0ms && !silent.contains(node)) detector.heartbeat(node, false, false, 1ms, now());
        if (time % 200ms == 0ms && probed) detector.api_probe(node, !unanswered.contains(node), now());
      }
      for (Vote& vote : detector.tick(now())) votes.push_back(std::move(vote));
    }
    return votes;
  }
  std::chrono::nanoseconds time = 1s;
  Detector detector;
  std::vector<NodeId> others;
  std::set<NodeId> silent;
  std::set<NodeId> unanswered;
  bool probed = true;
};

TEST(Detector, HealthyMembersGetOneVoteUp) {
  Driver d;
  EXPECT_THAT(d.run(10s), ElementsAre(Vote{kMember, false, {}}, Vote{kHub, false, {}}));
  EXPECT_FALSE(d.detector.suspect(kMember));
}

TEST(Detector, SilenceAloneIsSuspicionAndNoVote) {
  Driver d;
  d.run(5s);
  d.silent = {kMember};
  EXPECT_THAT(d.run(240ms), IsEmpty());
  EXPECT_FALSE(d.detector.suspect(kMember));
  EXPECT_THAT(d.run(60ms), IsEmpty());
  EXPECT_TRUE(d.detector.suspect(kMember));
  EXPECT_THAT(d.run(10s), IsEmpty());
  EXPECT_THAT(d.detector.bad(kMember), ElementsAre(Signal::peer_link));
}

TEST(Detector, TwoKindsHeldGiveAVoteAndItReturnsAfterALongCalm) {
  Driver d;
  d.run(5s);
  d.silent = d.unanswered = {kMember};
  EXPECT_THAT(d.run(500ms), IsEmpty());  // bad, and not long enough
  EXPECT_THAT(d.run(1s), ElementsAre(Vote{kMember, true, {Signal::peer_link, Signal::api_probe}}));
  // Back for less than the hold is not back.
  d.silent = d.unanswered = {};
  EXPECT_THAT(d.run(1500ms), IsEmpty());
  d.silent = {kMember};
  EXPECT_THAT(d.run(1s), IsEmpty());
  d.silent = {};
  EXPECT_THAT(d.run(3s), ElementsAre(Vote{kMember, false, {}}));
}

TEST(Detector, ABlipShorterThanTheHoldChangesNothing) {
  Driver d;
  d.run(5s);
  for (int i = 0; i < 20; ++i) {
    d.silent = d.unanswered = {kMember};
    EXPECT_THAT(d.run(450ms), IsEmpty());
    d.silent = d.unanswered = {};
    EXPECT_THAT(d.run(450ms), IsEmpty());
  }
}

TEST(Detector, ClientsAndSelfReportAreKindsOfTheirOwn) {
  Driver d;
  d.probed = false;
  d.run(3s);
  d.detector.clients(kMember, 1, 10, d.now());
  d.silent = {kMember};  // so that only the next heartbeat below reports
  for (int i = 0; i < 20; ++i) {
    d.detector.heartbeat(kMember, true, false, 1ms, d.now());
    d.detector.clients(kMember, 1, 10, d.now());
    d.run(50ms);
  }
  EXPECT_EQ(d.detector.vote(kMember), (Vote{kMember, true, {Signal::clients, Signal::self_report}}));
}

TEST(Detector, FewFailedClientsSayNothingAndOldReportsFade) {
  Driver d;
  d.run(3s);
  d.detector.clients(kMember, 0, 2, d.now());
  EXPECT_THAT(d.detector.bad(kMember), IsEmpty());
  d.detector.clients(kMember, 0, 3, d.now());
  EXPECT_THAT(d.detector.bad(kMember), ElementsAre(Signal::clients));
  d.run(6s);
  EXPECT_THAT(d.detector.bad(kMember), IsEmpty());
}

TEST(Detector, AHubNeverVotesAgainstTheLastRegion) {
  const NodeId self{3};
  Driver d(self, {{NodeId{1}, true}, {NodeId{2}, true}, {self, false}});
  d.run(5s);
  d.silent = d.unanswered = {NodeId{1}, NodeId{2}};
  const auto votes = d.run(10s);
  ASSERT_EQ(votes.size(), 1U);
  EXPECT_EQ(votes[0].subject, NodeId{1});
  // As the first returns, the second may be voted against.
  d.silent = d.unanswered = {NodeId{2}};
  EXPECT_THAT(d.run(5s),
              ElementsAre(Vote{NodeId{1}, false, {}}, Vote{NodeId{2}, true, {Signal::peer_link, Signal::api_probe}}));
}

TEST(Detector, ARegionMayVoteAgainstEveryOtherRegion) {
  Driver d;
  d.run(5s);
  d.silent = d.unanswered = {kMember, kHub};
  EXPECT_EQ(d.run(3s).size(), 2U);
}

TEST(Detector, OurOwnFreezeIsNotHeldAgainstOthers) {
  Driver d;
  d.run(5s);
  d.time += 60s;
  EXPECT_THAT(d.detector.tick(d.now()), IsEmpty());
  EXPECT_FALSE(d.detector.suspect(kMember));
  EXPECT_THAT(d.run(5s), IsEmpty());
}

TEST(Detector, AMemberNeverHeardCountsAsSilentAfterAWhile) {
  Driver d;
  d.silent = d.unanswered = {kMember};
  EXPECT_TRUE(d.detector.suspect(kMember));
  EXPECT_THAT(d.run(4900ms), ElementsAre(Vote{kHub, false, {}}));
  EXPECT_THAT(d.run(2s), ElementsAre(Vote{kMember, true, {Signal::peer_link, Signal::api_probe}}));
}

TEST(Detector, AJitteryLinkIsGivenMoreTime) {
  Detector detector(kObserver, Now{Mono{1s}, {}});
  detector.set_members({{kObserver, true}, {kMember, true}}, Now{Mono{1s}, {}});
  Rng rng{3};
  std::chrono::nanoseconds time = 1s;
  for (int i = 0; i < 500; ++i) {
    for (auto left = 20ms + std::chrono::milliseconds{rng.below(200)}; left > 0ms; left -= 10ms) {
      time += 10ms;
      EXPECT_THAT(detector.tick({Mono{time}, {}}), ::testing::SizeIs(::testing::Le(1U)));
    }
    detector.heartbeat(kMember, false, false, 0us, {Mono{time}, {}});
  }
  for (int i = 0; i < 30; ++i) {
    time += 10ms;
    static_cast<void>(detector.tick({Mono{time}, {}}));
  }
  EXPECT_FALSE(detector.suspect(kMember));  // 300 ms are nothing here
  for (int i = 0; i < 100; ++i) {
    time += 10ms;
    static_cast<void>(detector.tick({Mono{time}, {}}));
  }
  EXPECT_TRUE(detector.suspect(kMember));
}

}  // namespace
}  // namespace tandem::cluster
