// Goal: the lease counts from sending, only with a quorum, and only for what is applied here.
// Method: grants by hand on a clock by hand.
#include "cluster/lease.h"

#include <gtest/gtest.h>

#include "cluster/quorum.h"

namespace tandem::cluster {
namespace {

constexpr NodeId kHolder{1};
const LogId kLogB{NodeId{2}, Incarnation{5}};
const LogId kLogC{NodeId{3}, Incarnation{6}};

Mono mono(std::chrono::milliseconds time) { return Mono{time}; }
Now at(std::chrono::milliseconds time) { return {mono(time), {}}; }

TEST(Quorum, TheTwoMajoritiesIntersect) {
  struct Case {
    std::size_t members, quorum_others, evac;
  };
  for (const Case& c : {Case{2, 1, 2}, Case{3, 1, 2}, Case{4, 2, 2}, Case{5, 2, 3}}) {
    EXPECT_EQ(quorum(c.members) - 1, c.quorum_others) << c.members;
    EXPECT_EQ(evac(c.members - 1), c.evac) << c.members;
  }
  for (std::size_t n = 2; n < 50; ++n) EXPECT_GT(quorum(n) - 1 + evac(n - 1), n - 1) << n;
}

TEST(Lease, NothingIsHeldBeforeTheFirstListOrGrant) {
  Lease lease(kHolder, mono(100ms));
  EXPECT_FALSE(lease.holds(at(100ms)));
  lease.set_members({kHolder, NodeId{2}, NodeId{3}}, at(100ms));
  EXPECT_FALSE(lease.holds(at(100ms)));
  EXPECT_EQ(lease.island_since(at(500ms)), mono(100ms));
}

TEST(Lease, ANodeAloneAlwaysHoldsIt) {
  Lease lease(kHolder, mono(0ms));
  lease.set_members({kHolder}, at(0ms));
  EXPECT_TRUE(lease.holds(at(3600s)));
}

TEST(Lease, EndsOneLengthAfterTheProbeWasSentNotAfterTheGrantArrived) {
  Lease lease(kHolder, mono(0ms), 1s);
  lease.set_members({kHolder, NodeId{2}, NodeId{3}}, at(0ms));
  lease.granted(NodeId{2}, mono(100ms), kLogB, Sequence{}, Sequence{}, at(900ms));
  EXPECT_TRUE(lease.holds(at(1000ms)));
  EXPECT_FALSE(lease.holds(at(1100ms)));
  lease.tick(at(1500ms));
  EXPECT_EQ(lease.island_since(at(1500ms)), mono(1100ms));
  // An old grant that comes late moves nothing back.
  lease.granted(NodeId{2}, mono(50ms), kLogB, Sequence{}, Sequence{}, at(1600ms));
  EXPECT_EQ(lease.until(), mono(1100ms));
}

TEST(Lease, AGrantCountsOnceTheGrantersLogIsApplied) {
  Lease lease(kHolder, mono(0ms), 1s);
  lease.set_members({kHolder, NodeId{2}, NodeId{3}}, at(0ms));
  lease.granted(NodeId{2}, mono(100ms), kLogB, Sequence{10}, Sequence{9}, at(120ms));
  EXPECT_FALSE(lease.holds(at(120ms)));
  EXPECT_FALSE(lease.heard_since_birth(NodeId{2}));
  lease.applied(kLogC, Sequence{10}, at(130ms));
  EXPECT_FALSE(lease.holds(at(130ms)));
  lease.applied(kLogB, Sequence{10}, at(140ms));
  EXPECT_TRUE(lease.holds(at(140ms)));
  EXPECT_TRUE(lease.heard_since_birth(NodeId{2}));
}

TEST(Lease, FiveMembersNeedTwoOthers) {
  Lease lease(kHolder, mono(0ms), 1s);
  lease.set_members({kHolder, NodeId{2}, NodeId{3}, NodeId{4}, NodeId{5}}, at(0ms));
  lease.granted(NodeId{2}, mono(500ms), kLogB, Sequence{}, Sequence{}, at(510ms));
  EXPECT_FALSE(lease.holds(at(510ms)));
  lease.granted(NodeId{3}, mono(400ms), kLogC, Sequence{}, Sequence{}, at(520ms));
  EXPECT_EQ(lease.until(), mono(1400ms));
  lease.granted(NodeId{9}, mono(500ms), kLogC, Sequence{}, Sequence{}, at(520ms));  // no member
  EXPECT_EQ(lease.until(), mono(1400ms));
}

TEST(Lease, ManyWaitingGrantsStayBoundedAndTheOldestStillCounts) {
  Lease lease(kHolder, mono(0ms), 1s);
  lease.set_members({kHolder, NodeId{2}, NodeId{3}}, at(0ms));
  for (int i = 0; i < 1000; ++i) {
    const auto sent = std::chrono::milliseconds{100 + i * 10};
    lease.granted(NodeId{2}, mono(sent), kLogB, Sequence{static_cast<std::uint64_t>(i + 1)}, Sequence{},
                  at(sent + 5ms));
  }
  lease.applied(kLogB, Sequence{1}, at(10100ms));
  EXPECT_TRUE(lease.heard_since_birth(NodeId{2}));
  EXPECT_FALSE(lease.holds(at(10100ms)));
  lease.applied(kLogB, Sequence{1000}, at(10100ms));
  EXPECT_TRUE(lease.holds(at(10100ms)));
}

TEST(Lease, RemembersWhomItGranted) {
  Lease lease(kHolder, mono(0ms));
  EXPECT_EQ(lease.last_granted(NodeId{2}), std::nullopt);
  lease.granting(NodeId{2}, at(70ms));
  EXPECT_EQ(lease.last_granted(NodeId{2}), mono(70ms));
}

}  // namespace
}  // namespace tandem::cluster
