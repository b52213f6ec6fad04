// Goal: the simulated disk keeps the promises of the log and no more. Method: a few appends, then crash, fill, damage.
#include "sim/disk.h"

#include <gtest/gtest.h>

namespace tandem::sim {
namespace {

const LogId kDiskLog{NodeId{1}, Incarnation{7}};

std::vector<LogEntry> entries(std::uint64_t first, std::uint64_t last) {
  std::vector<LogEntry> out;
  for (std::uint64_t n = first; n <= last; ++n) {
    out.push_back({kDiskLog, Sequence{n}, {"record " + std::to_string(n), {}}});
  }
  return out;
}

TEST(Disk, ASyncCoversWhatWasQueuedBeforeIt) {
  Disk disk;
  disk.append(1, entries(1, 2), {});
  disk.append(2, entries(3, 3), {});
  ASSERT_TRUE(disk.begin_sync());
  disk.append(3, entries(4, 4), {});
  EXPECT_FALSE(disk.begin_sync());
  EXPECT_EQ(disk.end_sync().ticket, 2U);
  EXPECT_EQ(disk.last(kDiskLog), Sequence{3});
  EXPECT_TRUE(disk.begin_sync());
}

TEST(Disk, ACrashKeepsAPrefixOfTheBatchUnderWay) {
  bool torn = false;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Disk disk;
    disk.append(1, entries(1, 4), {});
    ASSERT_TRUE(disk.begin_sync());
    disk.append(2, entries(5, 5), {});
    Rng rng{seed};
    std::vector<LogEntry> kept;
    disk.crash(rng, kept);
    EXPECT_EQ(disk.last(kDiskLog).value(), kept.size());
    EXPECT_LE(kept.size(), 4U);
    torn = torn || (!kept.empty() && kept.size() < 4);
  }
  EXPECT_TRUE(torn);
}

TEST(Disk, FullParksAndTellsOnce) {
  Disk disk;
  disk.set_full(true);
  disk.append(1, entries(1, 1), {});
  EXPECT_FALSE(disk.begin_sync());
  EXPECT_EQ(disk.refused(), std::vector<std::uint64_t>{1});
  EXPECT_TRUE(disk.refused().empty());
  disk.set_full(false);
  EXPECT_TRUE(disk.begin_sync());
  EXPECT_EQ(disk.end_sync().ticket, 1U);
}

TEST(Disk, ReadsStopAtDamageAndARepairMendsIt) {
  Disk disk;
  disk.append(1, entries(1, 5), {});
  ASSERT_TRUE(disk.begin_sync());
  (void)disk.end_sync();
  ASSERT_TRUE(disk.damage(kDiskLog, Sequence{3}));
  Disk::Found found = disk.read({NodeId{2}, kDiskLog, {}, 1000, false});
  EXPECT_EQ(found.answer.records.size(), 2U);
  EXPECT_EQ(found.damaged, Sequence{3});
  disk.repair({kDiskLog, Sequence{3}, {"record 3", {}}});
  found = disk.read({NodeId{2}, kDiskLog, {}, 1000, false});
  EXPECT_EQ(found.answer.records.size(), 5U);
}

TEST(Disk, ALogEndsBeforeItsDamageWhenTheProcessStarts) {
  Disk disk;
  disk.append(1, entries(1, 5), {});
  ASSERT_TRUE(disk.begin_sync());
  (void)disk.end_sync();
  ASSERT_TRUE(disk.damage(kDiskLog, Sequence{3}));
  disk.cut_at_damage();
  EXPECT_EQ(disk.on_disk().at(kDiskLog).last, Sequence{2});
  std::size_t replayed = 0;
  disk.replay([&](const std::string&) { ++replayed; });
  EXPECT_EQ(replayed, 2U);
}

TEST(Disk, ASnapshotLetsALogGoOnFurtherOn) {
  Disk disk;
  disk.append(1, entries(1, 2), {});
  disk.append(2, {}, SaveSnapshot{{{kDiskLog, Sequence{9}}}, "world", true});
  disk.append(3, entries(10, 11), {});
  ASSERT_TRUE(disk.begin_sync());
  (void)disk.end_sync();
  EXPECT_EQ(disk.last(kDiskLog), Sequence{11});
  EXPECT_EQ(disk.read({NodeId{2}, kDiskLog, {}, 1000, false}).answer.first, Sequence{10});
  EXPECT_EQ(disk.read({NodeId{2}, kDiskLog, Sequence{9}, 1000, false}).answer.records.size(), 2U);
}

}  // namespace
}  // namespace tandem::sim
