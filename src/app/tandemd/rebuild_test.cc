#include "app/tandemd/rebuild.h"

#include <gtest/gtest.h>

#include "io/log_sqlite/log_testing.h"
#include "record/record.h"

namespace tandem::app {
namespace {

using log_sqlite::log_id;

// The n-th record of a log: a document made or changed.
log_sqlite::Record document(LogId log, std::uint64_t sequence) {
  const config::Rec rec = config::Put{
      config::Kind::queue, derive_uuid({}, "document", sequence % 40), true, {{"name", std::to_string(sequence)}}};
  const Meta meta{log, Sequence{sequence}, Hlc::at(1000 + sequence, log.origin.value()), {}};
  return {log, Sequence{sequence}, record::encode(meta, rec)};
}

World world_of(const Vector& vector) {
  World world{nullptr};
  for (const auto& [log, last] : vector) {
    for (std::uint64_t s = 1; s <= last.value(); ++s) {
      const auto rec = record::decode(document(log, s).bytes);
      world.apply(rec->body, rec->meta());
    }
  }
  return world;
}

// A closed log with many bundles of records of two origins, and a snapshot on the way.
class Rebuild : public testing::Test {
 protected:
  static constexpr std::uint64_t kFirst = 3'000;
  static constexpr std::uint64_t kAll = 9'000;
  static inline const Vector kSaved{{log_id(1), Sequence{kFirst}}, {log_id(2), Sequence{kFirst}}};
  static inline const Vector kWhole{{log_id(1), Sequence{kAll}}, {log_id(2), Sequence{kAll}}};

  void write(const std::string& snapshot) {
    auto opened = log_sqlite::Log::open(dir_.path(), {});
    ASSERT_TRUE(opened);
    log_sqlite::Client client;
    opened->log->start(client.events());
    std::uint64_t ticket = 0;
    const auto append = [&](std::uint64_t from, std::uint64_t to) {
      for (const LogId log : {log_id(1), log_id(2)}) {
        log_sqlite::Batch batch;
        for (std::uint64_t s = from; s <= to; ++s) batch.records.push_back(document(log, s));
        opened->log->append(std::move(batch), log_sqlite::Ticket{++ticket});
      }
      ASSERT_TRUE(client.wait_durable(ticket));
    };
    append(1, kFirst);
    if (!snapshot.empty()) {
      ASSERT_TRUE(log_sqlite::save(*opened->log, {kSaved, snapshot}));
    }
    append(kFirst + 1, kAll);
  }
  Result<Rebuilt> read() {
    auto opened = log_sqlite::Log::open(dir_.path(), {});
    if (!opened) return std::unexpected(opened.error());
    return rebuild(*opened->log, opened->snapshot, nullptr);
  }

  log_sqlite::TempDir dir_{true};
};

// Goal: the world is the fold of all records, from a snapshot on and from the first.
TEST_F(Rebuild, GivesTheFoldOfAllRecords) {
  write(world_of(kSaved).snapshot());
  const auto rebuilt = read();
  ASSERT_TRUE(rebuilt);
  EXPECT_EQ(rebuilt->world.bytes(), world_of(kWhole).bytes());
  EXPECT_EQ(rebuilt->records, 2 * (kAll - kFirst));
  EXPECT_EQ(rebuilt->newest, Hlc::at(1000 + kAll, 2));
  for (const auto& [log, last] : kWhole) {
    EXPECT_EQ(rebuilt->on_disk.at(log).last, last);
    EXPECT_EQ(rebuilt->on_disk.at(log).hash, cluster::record_hash(document(log, last.value()).bytes));
  }
}

TEST_F(Rebuild, ReadsEverythingWhereThereIsNoSnapshot) {
  write("");
  const auto rebuilt = read();
  ASSERT_TRUE(rebuilt);
  EXPECT_EQ(rebuilt->world.bytes(), world_of(kWhole).bytes());
  EXPECT_EQ(rebuilt->records, 2 * kAll);
}

// Goal: a snapshot of another build, whole on the disk but not to be understood, costs time and nothing else.
TEST_F(Rebuild, ReadsEverythingBehindASnapshotThatCannotBeLoaded) {
  write("no world");
  const auto rebuilt = read();
  ASSERT_TRUE(rebuilt);
  EXPECT_TRUE(rebuilt->snapshot_refused);
  EXPECT_EQ(rebuilt->world.bytes(), world_of(kWhole).bytes());
  EXPECT_EQ(rebuilt->records, 2 * kAll);
}

}  // namespace
}  // namespace tandem::app
