// Goal: the parts work together: heartbeats carry the lease, payloads go round a lost link, io is asked to dial again.
// Method: small networks of Cluster objects on a clock by hand.
#include "cluster/cluster.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/net_testing.h"

namespace tandem::cluster {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Net;

TEST(Cluster, TheLeaseIsHeldWhileAQuorumAnswersAndLostWithoutIt) {
  Net net(3, 1);
  net.connect_all();
  net.run_for(500ms);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(net.node(i).cluster->lease().holds(net.now()));
  net.write(1, 10);
  net.run_for(200ms);
  EXPECT_TRUE(net.node(0).cluster->lease().heard_since_birth(net.node(1).id));
  net.forbid(0, 1);
  net.forbid(0, 2);
  net.disconnect(0, 1);
  net.disconnect(0, 2);
  net.run_for(1500ms);
  EXPECT_FALSE(net.node(0).cluster->lease().holds(net.now()));
  ASSERT_TRUE(net.node(0).cluster->lease().island_since(net.now()).has_value());
  EXPECT_TRUE(net.node(1).cluster->lease().holds(net.now()));
  net.allow(0, 1);
  net.run_for(1s);
  EXPECT_TRUE(net.node(0).cluster->lease().holds(net.now()));
}

TEST(Cluster, WhoHearsNobodyHasNotCaughtUpWithThem) {
  Net net(3, 1);
  net.connect_all();
  net.write(1, 10);
  net.run_for(1500ms);
  const Replication& replication = net.node(0).cluster->replication();
  for (const std::size_t other : {1, 2}) EXPECT_TRUE(replication.caught_up_with(net.node(other).id));
  for (const std::size_t other : {1, 2}) {
    net.forbid(0, other);
    net.disconnect(0, other);
  }
  net.run_for(5s);
  // Nobody who can be asked has more; that is not to have everything.
  EXPECT_TRUE(replication.caught_up(net.node(1).id));
  for (const std::size_t other : {1, 2}) EXPECT_FALSE(replication.caught_up_with(net.node(other).id));
}

TEST(Cluster, AGrantWaitsForTheGrantersLog) {
  Net net(2, 2, {}, false);
  net.connect_all();
  net.run_for(500ms);
  // Node 2 appends and its disk never confirms: the record leaves nowhere, so its grants cover what node 1 has not.
  net.node(1).stalled_disk = true;
  net.write(1, 10);
  net.run_for(1500ms);
  EXPECT_FALSE(net.node(0).cluster->lease().holds(net.now()));
  net.node(1).stalled_disk = false;
  net.run_for(300ms);
  EXPECT_TRUE(net.node(0).cluster->lease().holds(net.now()));
}

TEST(Cluster, PayloadsGoDirectOrRoundAndNotIntoTheVoid) {
  Net net(3, 3);
  net.connect_all();
  net.run_for(300ms);
  net.send(0, 1, "direct");
  net.run_for(50ms);
  net.forbid(0, 1);
  net.disconnect(0, 1);
  net.run_for(200ms);
  EXPECT_TRUE(net.node(0).cluster->reachable(net.node(1).id));
  EXPECT_FALSE(net.node(0).cluster->linked(net.node(1).id));
  net.send(0, 1, "round");
  net.run_for(100ms);
  ASSERT_EQ(net.node(1).payloads.size(), 2U);
  EXPECT_EQ(net.node(1).payloads[1].bytes, "round");
  EXPECT_EQ(net.node(1).payloads[1].from, net.node(0).id);
  EXPECT_THAT(net.node(2).payloads, IsEmpty());
  // What the far node has is known by relayed greetings.
  net.write(1, 5);
  net.run_for(1500ms);
  EXPECT_EQ(net.node(0).cluster->replication().peer_durable(net.node(1).id, net.node(1).log()), Sequence{1});
  EXPECT_TRUE(net.node(0).cluster->replication().reachable().contains(net.node(1).id));

  net.forbid(0, 2);
  net.disconnect(0, 2);
  Outputs out;
  EXPECT_FALSE(net.node(0).cluster->send(net.node(1).id, "lost", out));
  EXPECT_THAT(out.frames, IsEmpty());
}

TEST(Cluster, IoIsAskedToDialADeadConnectionAgain) {
  ClusterOptions options;
  options.replication.self = NodeId{1};
  options.replication.incarnation = Incarnation{1};
  Now now{Mono{1s}, {}};
  Cluster cluster(options, {}, now);
  Outputs out;
  cluster.link_up(NodeId{2}, now, out);
  std::vector<std::chrono::nanoseconds> asked;
  for (int i = 0; i < 700; ++i) {
    now.mono = now.mono + 10ms;
    out = {};
    cluster.tick(now, out);
    if (!out.reconnect.empty()) asked.push_back(now.mono.since);
  }
  ASSERT_EQ(asked.size(), 3U);
  EXPECT_NEAR(static_cast<double>(asked[0].count()), 3e9, 5e7);
}

TEST(Cluster, AForgedRelayAndBadBytesAreRefused) {
  ClusterOptions options;
  options.replication.self = NodeId{1};
  options.replication.incarnation = Incarnation{1};
  const Now now{Mono{1s}, {}};
  Cluster cluster(options, {}, now);
  Outputs out;
  cluster.link_up(NodeId{2}, now, out);
  cluster.link_up(NodeId{3}, now, out);
  out = {};
  cluster.frame(NodeId{2}, encode_frame(Relay{NodeId{3}, NodeId{1}, 1, encode_frame(ToNode{"forged"})}), now, out);
  EXPECT_THAT(out.payloads, IsEmpty());
  cluster.frame(NodeId{2}, "\x0f", now, out);
  EXPECT_THAT(out.bad_frames, ElementsAre(NodeId{2}));
  cluster.frame(NodeId{9}, encode_frame(ToNode{"not connected"}), now, out);
  EXPECT_THAT(out.payloads, IsEmpty());
}

TEST(Cluster, RecordsAreKeptForWhoLacksThemAndNotForEver) {
  Net net(3, 20);
  net.connect_all();
  for (int i = 0; i < 10; ++i) net.write(0, 10);
  net.run_for(500ms);
  const LogId log = net.node(0).log();
  const auto deletable = [&](std::size_t index, std::chrono::hours later = {}) {
    Now now = net.now();
    now.mono = now.mono + later;
    const Vector vector = net.node(index).cluster->deletable(now);
    const auto at = vector.find(log);
    return at == vector.end() ? 0 : at->second.value();
  };
  EXPECT_EQ(deletable(0), 10U);
  EXPECT_EQ(deletable(1), 10U);

  // One disk lags: what is in its memory does not count.
  net.node(2).stalled_disk = true;
  net.write(0, 10);
  net.run_for(500ms);
  EXPECT_EQ(net.node(2).applied[log].size(), 11U);
  EXPECT_EQ(deletable(0), 10U);
  net.node(2).stalled_disk = false;
  net.run_for(500ms);
  EXPECT_EQ(deletable(0), 11U);

  // One is away: kept for it, but not for ever.
  net.forbid(0, 2);
  net.forbid(1, 2);
  net.disconnect(0, 2);
  net.disconnect(1, 2);
  net.write(0, 10);
  net.run_for(500ms);
  EXPECT_EQ(deletable(0), 11U);
  EXPECT_EQ(deletable(0, 71h), 11U);
  // After 73 hours without a word from anybody only the own disk counts; of a present one its words do.
  EXPECT_EQ(deletable(0, 73h), 12U);

  // It comes back with an empty disk: what an earlier life had counts no more.
  net.crash(2, true);
  net.node(2).stalled_disk = true;
  net.allow(0, 2);
  net.connect(0, 2);
  net.run_for(100ms);
  EXPECT_EQ(deletable(0), 0U);
  net.node(2).stalled_disk = false;
  net.run_for(2s);
  EXPECT_EQ(deletable(0), 12U);
}

TEST(Cluster, AMemberThatWasNeverHeardIsWaitedForSinceTheStart) {
  Net net(3, 21);
  net.forbid(0, 2);
  net.forbid(1, 2);
  net.connect(0, 1);
  net.write(0, 10);
  net.run_for(500ms);
  const Cluster& cluster = *net.node(0).cluster;
  EXPECT_THAT(cluster.deletable(net.now()), IsEmpty());
  Now later = net.now();
  later.mono = later.mono + 73h;
  EXPECT_EQ(cluster.deletable(later), (Vector{{net.node(0).log(), Sequence{1}}}));
}

}  // namespace
}  // namespace tandem::cluster
