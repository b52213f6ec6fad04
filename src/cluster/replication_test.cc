// Goal: every node ends with every record once, in order, whatever the links did; nothing leaves a node before it is on
// its disk; memory stays bounded.
// Method: small networks of Cluster objects and model disks, driven step by step from a seed; then calm, then
// comparison.
#include "cluster/replication.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bug.h"
#include "cluster/net_testing.h"
#include "record/record.h"

namespace tandem::cluster {
namespace {

using ::testing::IsEmpty;
using testing::Net;

// Small enough that windows close, tails are trimmed and the disk is read.
ReplicationOptions small() {
  ReplicationOptions options;
  options.window_bytes = 16 << 10;
  options.batch_bytes = 4 << 10;
  options.tail_bytes = 64 << 10;
  options.unstored_bytes = 32 << 10;
  options.chunk_bytes = 2 << 10;
  return options;
}

void expect_clean(Net& net) {
  for (std::size_t i = 0; i < net.size(); ++i) {
    EXPECT_EQ(net.node(i).order_errors, 0U) << "node " << i + 1;
    EXPECT_EQ(net.node(i).early_errors, 0U) << "node " << i + 1;
    EXPECT_EQ(net.node(i).acknowledged_wrong, 0U) << "node " << i + 1;
    EXPECT_THAT(net.node(i).forks, IsEmpty()) << "node " << i + 1;
  }
}

void faulty_run(Net& net, Rng& rng, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < net.size(); ++i) {
      if (rng.chance(1, 3)) net.write(i, rng.below(1500));
    }
    net.run_for(10ms);
  }
}

TEST(Replication, NodesConvergeAfterAnyFaults) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng{seed};
    Net net(2 + seed % 3, seed, small(), seed % 4 != 0);
    net.faults = {.loss_percent = rng.below(20),
                  .repeat_percent = rng.below(10),
                  .reorder_percent = rng.below(10),
                  .delay_max = std::chrono::milliseconds{1 + rng.below(80)},
                  .break_permille = rng.below(6),
                  .one_way_permille = rng.below(4),
                  .crash_permille = rng.below(2)};
    net.connect_all();
    faulty_run(net, rng, 400);
    net.heal();
    net.run_for(8s);
    ASSERT_TRUE(net.converged());
    expect_clean(net);
    // Per peer one window, and the batch and the read that overshoot it.
    EXPECT_LE(net.in_flight_most(), 3U * (24 << 10));
    EXPECT_LE(net.unstored_most(), (32U + 8) << 10);
  }
}

TEST(Replication, LosingOneLinkForGoodLosesNothing) {
  Net net(3, 7, small());
  net.forbid(0, 1);
  net.connect_all();
  Rng rng{7};
  faulty_run(net, rng, 100);
  net.run_for(1s);
  EXPECT_TRUE(net.converged());
  EXPECT_EQ(net.node(0).cluster->replication().source(net.node(1).log()), net.node(2).id);
  expect_clean(net);
}

TEST(Replication, TheOriginIsTheSourceAgainOnceItsLinkReturns) {
  Net net(3, 8, small());
  net.connect_all();
  net.write(1, 10);
  net.run_for(300ms);
  const auto& replication = net.node(0).cluster->replication();
  EXPECT_EQ(replication.source(net.node(1).log()), net.node(1).id);
  net.disconnect(0, 1);
  net.forbid(0, 1);
  net.write(1, 10);
  net.run_for(300ms);
  EXPECT_EQ(replication.source(net.node(1).log()), net.node(2).id);
  EXPECT_TRUE(net.converged());
}

TEST(Replication, AOneWayCutIsGoneRound) {
  Net net(3, 9, small());
  net.connect_all();
  net.run_for(500ms);
  net.faults.delay_max = 1ms;
  for (int i = 0; i < 300; ++i) {
    net.cut_one_way(0, 1);  // held against the net's own healing
    if (i % 10 == 0) net.write(0, 100);
    net.run_for(5ms);
  }
  net.cut_one_way(0, 1);
  EXPECT_FALSE(net.node(0).cluster->linked(net.node(1).id));
  EXPECT_EQ(net.node(1).applied[net.node(0).log()].size(), 30U);
  net.send(0, 1, "round");
  net.run_for(50ms);
  ASSERT_EQ(net.node(1).payloads.size(), 1U);
  EXPECT_EQ(net.node(1).payloads[0].from, net.node(0).id);
}

TEST(Replication, ANodeWithALostDiskGetsEverythingAgainItsOwnPastIncluded) {
  Net net(3, 10, small());
  net.connect_all();
  Rng rng{10};
  faulty_run(net, rng, 200);
  net.run_for(500ms);
  ASSERT_TRUE(net.converged());
  const LogId past = net.node(0).log();
  const std::size_t written = net.node(0).applied[past].size();
  net.crash(0, true);
  net.connect_all();
  net.run_for(50ms);
  EXPECT_EQ(net.node(0).cluster->replication().held_by_reachable(net.node(0).id)[past].value(), written);
  net.run_for(3s);
  EXPECT_TRUE(net.converged());
  EXPECT_TRUE(net.node(0).cluster->replication().caught_up(net.node(0).id));
}

TEST(Replication, ASlowDiskHoldsTheStreamAndBoundsMemory) {
  Net net(2, 11, small(), false);
  net.connect_all();
  net.run_for(100ms);
  net.node(1).stalled_disk = true;
  for (int i = 0; i < 400; ++i) {
    net.write(0, 1000);
    net.run_for(5ms);
  }
  EXPECT_LE(net.unstored_most(), (32U + 8) << 10);
  EXPECT_GT(net.node(1).cluster->replication().usage().refused_full, 0U);
  EXPECT_LT(net.node(1).applied[net.node(0).log()].size(), 100U);
  net.node(1).stalled_disk = false;
  net.run_for(5s);
  EXPECT_TRUE(net.converged());
  // Once all is on disk the tail is back within its bound.
  EXPECT_LE(net.node(0).cluster->replication().usage().tail_bytes, 64U << 10);
  expect_clean(net);
}

TEST(Replication, DurableElsewhereFollowsThePeersDisk) {
  Net net(2, 12, small(), false);
  net.connect_all();
  net.run_for(100ms);
  net.node(1).stalled_disk = true;
  net.write(0, 10);
  net.run_for(200ms);
  const auto& replication = net.node(0).cluster->replication();
  EXPECT_EQ(replication.peer_seen(net.node(1).id, net.node(0).log()), Sequence{1});
  EXPECT_EQ(replication.durable_elsewhere(net.node(0).log()), Sequence{});
  net.node(1).stalled_disk = false;
  net.run_for(100ms);
  EXPECT_EQ(replication.durable_elsewhere(net.node(0).log()), Sequence{1});
  // A fact about a disk outlives the link.
  net.disconnect(0, 1);
  EXPECT_EQ(replication.durable_elsewhere(net.node(0).log()), Sequence{1});
}

TEST(Replication, ASnapshotBridgesDeletedRecords) {
  for (const std::uint64_t loss : {0U, 20U}) {
    SCOPED_TRACE(loss);
    Net net(3, 13 + loss, small());
    net.connect(0, 2);
    for (int i = 0; i < 200; ++i) {
      net.write(0, 500);
      net.forbid(0, 1);
      net.forbid(1, 2);
      net.run_for(5ms);
    }
    net.run_for(500ms);
    const LogId log = net.node(0).log();
    // Both holders restart, so that nothing is in memory, and have deleted most of it.
    net.crash(0);
    net.crash(2);
    net.truncate(0, log, Sequence{150});
    net.truncate(2, log, Sequence{150});
    net.faults.loss_percent = loss;
    net.node(1).snapshots_refused = loss == 0 ? 0 : 1;
    net.allow(1, 2);
    net.connect(1, 2);
    net.run_for(loss == 0 ? 2s : 40s);
    EXPECT_EQ(net.node(1).applied[log].size(), 200U);
    EXPECT_EQ(net.node(1).snapshots_loaded, 1U);
  }
}

TEST(Replication, AForkIsReportedAndRefused) {
  const LogId log{NodeId{2}, Incarnation{5}};
  const auto record = [](const char* text) { return LoggedRecord{text, {}}; };
  ReplicationOptions options;
  options.self = NodeId{1};
  options.incarnation = Incarnation{9};
  Replication replication(options, {{log, {Sequence{3}, record_hash("three")}}});
  const Now now{Mono{1s}, {}};
  Outputs out;
  replication.link_up(NodeId{2}, now, out);
  Hello hello;
  hello.node = NodeId{2};
  hello.incarnation = log.incarnation;
  hello.have[log] = Sequence{4};
  replication.frame(NodeId{2}, hello, false, now, out);
  EXPECT_EQ(replication.source(log), NodeId{2});
  replication.frame(NodeId{2}, Batch{log, Sequence{4}, record_hash("another three"), {record("four")}}, false, now,
                    out);
  EXPECT_THAT(out.received, IsEmpty());
  ASSERT_EQ(out.forks.size(), 1U);
  EXPECT_EQ(out.forks[0].sequence, Sequence{3});
  EXPECT_EQ(replication.source(log), std::nullopt);
  // Nor is it taken later from the same peer, and the alarm is given once.
  replication.frame(NodeId{2}, Batch{log, Sequence{4}, record_hash("three"), {record("four")}}, false, now, out);
  EXPECT_THAT(out.received, IsEmpty());
  EXPECT_EQ(out.forks.size(), 1U);
}

TEST(Replication, APeerThatHoldsMoreOfTheOwnLogIsAFork) {
  ReplicationOptions options;
  options.self = NodeId{1};
  options.incarnation = Incarnation{9};
  Replication replication(options, {});
  const Now now{Mono{1s}, {}};
  Outputs out;
  replication.link_up(NodeId{2}, now, out);
  Hello hello;
  hello.node = NodeId{2};
  hello.incarnation = Incarnation{5};
  hello.have[LogId{NodeId{1}, Incarnation{9}}] = Sequence{1};
  replication.frame(NodeId{2}, hello, false, now, out);
  ASSERT_EQ(out.forks.size(), 1U);
  EXPECT_EQ(out.forks[0].peer, NodeId{2});
}

TEST(Replication, ALogStampedAheadIsPausedAndLosesNothing) {
  const LogId log{NodeId{2}, Incarnation{5}};
  ReplicationOptions options;
  options.self = NodeId{1};
  options.incarnation = Incarnation{9};
  Replication replication(options, {});
  Now now{Mono{1s}, Hlc::at(1'000'000)};
  const Hlc far = now.hlc + 501ms;
  std::vector<LoggedRecord> records;
  for (const Hlc at : {now.hlc + 500ms, far, now.hlc + 10ms}) {
    const Meta meta{log, Sequence{records.size() + 1}, at, {}};
    records.push_back({record::encode(meta, membership::Rec{membership::Accepted{1}}), {}});
  }
  Outputs out;
  replication.link_up(NodeId{2}, now, out);
  Hello hello;
  hello.node = NodeId{2};
  hello.incarnation = log.incarnation;
  hello.have[log] = Sequence{3};
  replication.frame(NodeId{2}, hello, false, now, out);
  const auto sent = [&](const Frame& frame) {
    return std::ranges::count(out.frames, std::pair{NodeId{2}, encode_frame(frame)});
  };
  ASSERT_EQ(sent(Subscribe{log, {}}), 1);

  const Batch batch{log, Sequence{1}, 0, records};
  replication.frame(NodeId{2}, batch, false, now, out);
  EXPECT_EQ(replication.held(log), Sequence{1});
  EXPECT_EQ(replication.paused(), (std::map<LogId, Hlc>{{log, far}}));
  EXPECT_EQ(sent(Unsubscribe{log}), 1);
  replication.frame(NodeId{2}, batch, false, now, out);  // was under way
  replication.frame(NodeId{2}, hello, false, now, out);
  replication.tick(now, out);
  EXPECT_EQ(replication.held(log), Sequence{1});
  EXPECT_EQ(replication.usage().pauses, 1U);
  EXPECT_EQ(sent(Subscribe{log, Sequence{1}}), 0);

  now = {now.mono + 200ms, now.hlc + 1ms};  // elapsed time alone does not do it; the clock does
  replication.tick(now, out);
  EXPECT_THAT(replication.paused(), IsEmpty());
  ASSERT_EQ(sent(Subscribe{log, Sequence{1}}), 1);
  replication.frame(NodeId{2}, Batch{log, Sequence{2}, record_hash(records[0].bytes), {records[1], records[2]}}, false,
                    now, out);
  ASSERT_EQ(out.received.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(out.received[i].record, records[i]);
}

TEST(Replication, AFastClockHoldsUpItsOwnLogAndNoOther) {
  Net net(3, 16, small());
  net.connect_all();
  net.node(0).ahead = 3s;
  net.node(1).ahead = 400ms;
  for (int i = 0; i < 100; ++i) {
    net.write(0, 300);
    net.write(1, 300);
    net.run_for(10ms);
  }
  for (const std::size_t other : {1U, 2U}) {
    EXPECT_EQ(net.node(other).applied[net.node(0).log()].size(), 0U);
    EXPECT_EQ(net.node(other).cluster->replication().paused().size(), 1U);
  }
  net.run_for(500ms);
  EXPECT_EQ(net.node(2).applied[net.node(1).log()].size(), 100U);
  EXPECT_EQ(net.node(0).cluster->replication().durable_elsewhere(net.node(0).log()), Sequence{});
  net.run_for(3s);
  EXPECT_TRUE(net.converged());
  expect_clean(net);
}

TEST(Replication, ADamagedRecordComesFromAPeer) {
  Net net(2, 14, small(), false);
  net.connect_all();
  for (int i = 0; i < 100; ++i) net.write(1, 1000);
  net.run_for(1s);
  const LogId log = net.node(1).log();
  for (const std::uint64_t sequence : {2U, 99U}) net.fetch(0, log, Sequence{sequence});
  net.run_for(200ms);
  ASSERT_EQ(net.node(0).repaired.size(), 2U);
  for (const Repaired& repaired : net.node(0).repaired) {
    EXPECT_EQ(repaired.record, net.node(1).disk[log].at(repaired.sequence.value() - 1));
  }
}

TEST(Replication, PlantedBugsShow) {
  struct Case {
    bug::Name name;
    std::size_t testing::TestNode::* counter;
  };
  for (const Case& c : {Case{bug::Name::repeat_not_skipped, &testing::TestNode::order_errors},
                        Case{bug::Name::visible_before_durable, &testing::TestNode::early_errors}}) {
    bug::planted = c.name;
    Net net(3, 15, small());
    net.faults = {.loss_percent = 10, .repeat_percent = 10, .break_permille = 5};
    net.connect_all();
    Rng rng{15};
    faulty_run(net, rng, 200);
    bug::planted = bug::Name::none;
    std::size_t errors = 0;
    for (std::size_t i = 0; i < net.size(); ++i) errors += net.node(i).*c.counter;
    EXPECT_GT(errors, 0U);
  }
}

}  // namespace
}  // namespace tandem::cluster
