// Goal: deleting old records loses nothing. Whenever the power fails, the newest snapshot and the records behind it
// give the world that all records give; and a peer gets from this disk what it needs, or is told to take a snapshot.
// Method: worlds of real records, snapshots and truncations as a node orders them, on a disk that fails at every n-th
// operation; then a start, and a comparison of worlds.
#include <gtest/gtest.h>

#include "io/log_sqlite/fault_vfs.h"
#include "io/log_sqlite/log_testing.h"
#include "io/log_sqlite/read_for_peer.h"
#include "record/record.h"

namespace tandem::log_sqlite {
namespace {

Options fault_options() {
  Options options;
  options.checkpoint_pages = 6;
  options.wal_pages_max = 20;
  options.snapshot_chunk_bytes = 3000;
  options.retry_after = std::chrono::milliseconds{1};
  options.testing.vfs = "tandem-fault";
  options.testing.free_bytes = [] { return std::uint64_t{1} << 40; };
  return options;
}

// The n-th record of a log: a document made, changed or deleted.
Record document(LogId log, std::uint64_t sequence) {
  Rng rng{log.origin.value() * 1'000'003 + sequence};
  const Uuid id = derive_uuid({}, "document", rng.below(40));
  config::Rec rec = config::Put{config::Kind::queue, id, true, {{"name", std::to_string(rng.below(100))}}};
  if (rng.chance(1, 6)) rec = config::Deleted{config::Kind::queue, id};
  const Meta meta{
      log, Sequence{sequence}, Hlc::at(1000 + sequence, static_cast<std::uint16_t>(log.origin.value())), {}};
  return {log, Sequence{sequence}, record::encode(meta, rec)};
}

void add(World& world, std::string_view bytes) {
  const auto rec = record::decode(bytes);
  ASSERT_TRUE(rec);
  world.apply(rec->body, rec->meta());
}

World world_of(const Vector& vector) {
  World world{nullptr};
  for (const auto& [log, last] : vector) {
    for (std::uint64_t s = 1; s <= last.value(); ++s) add(world, document(log, s).bytes);
  }
  return world;
}

// Writes to three logs, saves what it holds now and then, and deletes what a peer that lags behind has as well.
void work(Log& log, Client& client, Rng rng) {
  Vector held;
  Vector peer;
  std::uint64_t ticket = 0;
  for (int turn = 0; turn < 24; ++turn) {
    Batch batch;
    for (std::uint64_t n = 1 + rng.below(12); n > 0; --n) {
      Sequence& last = held[log_id(static_cast<std::uint16_t>(1 + rng.below(3)))];
      last = Sequence{last.value() + 1};
      batch.records.push_back(
          document(std::ranges::find_if(held, [&](const auto& e) { return &e.second == &last; })->first, last.value()));
    }
    log.append(std::move(batch), Ticket{++ticket});
    if (!client.wait_durable(ticket)) return;
    if (rng.chance(1, 3)) peer = held;
    if (turn % 4 != 3) continue;
    if (!save(log, {held, world_of(held).snapshot()})) return;
    if (!truncate(log, peer)) return;
  }
}

TEST(LogTruncate, TheWorldIsTheSameWhereverThePowerFails) {
  std::uint64_t truncated_runs = 0;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    bool struck = true;
    for (std::uint64_t index = seed; struck; index += 41) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", operation " + std::to_string(index));
      TempDir dir(true);
      FaultVfs disk("tandem-fault", seed * 1000 + index);
      disk.plan(FaultVfs::Fault::kill, index);
      std::uint64_t durable = 0;
      {
        Client client;
        auto opened = Log::open(dir.path(), fault_options());
        if (opened) {
          opened->log->start(client.events());
          work(*opened->log, client, Rng{seed});
          opened->log.reset();
          durable = client.durable().size();
        }
      }
      struck = disk.struck();
      disk.plan_nothing();
      disk.crash();

      auto opened = Log::open(dir.path(), fault_options());
      ASSERT_TRUE(opened);
      World world{nullptr};
      Vector reached;
      if (opened->snapshot) {
        ASSERT_TRUE(world.load(opened->snapshot->world));
        reached = opened->snapshot->vector;
      }
      const auto rest = replay(*opened->log, reached);
      ASSERT_TRUE(rest) << rest.error().detail;
      for (const Record& record : rest->records) {
        ASSERT_EQ(record.sequence.value(), reached[record.log].value() + 1);
        reached[record.log] = record.sequence;
        add(world, record.bytes);
      }
      Vector held = opened->durable;
      std::erase_if(held, [](const auto& entry) { return entry.second == Sequence{}; });
      EXPECT_EQ(reached, held);
      EXPECT_GE(reached.size(), std::min<std::uint64_t>(durable, 1));
      EXPECT_TRUE(world.bytes() == world_of(reached).bytes());
      Client again;
      opened->log->start(again.events());
      for (const auto& [log, last] : reached) truncated_runs += read(*opened->log, log, 0)->base > Sequence{} ? 1 : 0;
    }
  }
  EXPECT_GT(truncated_runs, 20U);
}

TEST(LogTruncate, APeerGetsWhatIsThereAndElseIsToldWhereItBegins) {
  TempDir dir;
  Client client;
  auto opened = Log::open(dir.path(), {});
  ASSERT_TRUE(opened);
  Log& log = *opened->log;
  log.start(client.events());
  const LogId id = log_id(2);
  Batch batch;
  for (std::uint64_t s = 1; s <= 20; ++s) batch.records.push_back(document(id, s));
  log.append(batch, Ticket{1});
  ASSERT_TRUE(client.wait_durable(1));
  ASSERT_TRUE(save(log, {{{id, Sequence{12}}}, "world"}));
  ASSERT_TRUE(truncate(log, {{id, Sequence{12}}}));

  const auto ask = [&](std::uint64_t after, bool repair = false) {
    const auto got = answer<LogRead>([&](auto done) {
      read_for_peer(log, {NodeId{3}, id, Sequence{after}, 1U << 20, repair},
                    [done](LogRead in) { done(Result<LogRead>(std::move(in))); });
    });
    EXPECT_TRUE(got);
    return *got;
  };
  const LogRead middle = ask(15);
  EXPECT_EQ(middle.first, Sequence{16});
  EXPECT_EQ(middle.hash_before, cluster::record_hash(document(id, 15).bytes));
  ASSERT_EQ(middle.records.size(), 5U);
  EXPECT_EQ(middle.records[0].bytes, document(id, 16).bytes);
  // It stands just where the log begins: nothing that it needs is gone.
  const LogRead edge = ask(12);
  EXPECT_EQ(edge.first, Sequence{13});
  EXPECT_EQ(edge.hash_before, 0U);
  EXPECT_EQ(edge.records.size(), 8U);
  EXPECT_EQ(ask(12, true).records.size(), 1U);
  for (const std::uint64_t after : {0U, 1U, 11U}) {
    const LogRead gone = ask(after);
    EXPECT_TRUE(gone.records.empty());
    EXPECT_EQ(gone.first, Sequence{13}) << "so that it asks for a snapshot";
  }
  const LogRead end = ask(20);
  EXPECT_TRUE(end.records.empty());
  EXPECT_EQ(end.first, Sequence{21});
}

}  // namespace
}  // namespace tandem::log_sqlite
