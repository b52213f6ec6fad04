// Goal: what the log called durable survives a power failure at any moment, and nothing else half-appears: a batch is
// there as a whole or not at all, no log has a gap, and the log always opens.
// Method: each seed draws a small piece of work. It runs once per write, sync, truncation and deletion that it does,
// and the disk strikes there; then the power comes back with whatever a drawn disk would have kept, the log is opened
// and compared with what it had promised. The same run with syncs left out must fail.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "io/log_sqlite/fault_vfs.h"
#include "io/log_sqlite/log_testing.h"

namespace tandem::log_sqlite {
namespace {

using Keys = std::map<KeyId, std::optional<std::string>>;

// Everything that the batches up to some point have stored.
struct State {
  Vector vector;
  Keys keys;
  std::optional<Identity> identity;

  void add(const Batch& batch) {
    for (const Record& record : batch.records) vector[record.log] = record.sequence;
    for (const KeyRow& key : batch.keys) {
      const auto [at, fresh] = keys.try_emplace(key.id, key.wrapped);
      if (!fresh && at->second) at->second = key.wrapped;
    }
    if (batch.identity) identity = batch.identity;
  }
};

// One piece of work: batches, now and then a snapshot or a truncation behind one.
struct Work {
  struct Step {
    Batch batch;
    bool wait = false;  // for the answer, before the next one
    std::optional<Snapshot> snapshot;
    bool truncate = false;
  };
  std::vector<Step> steps;
  std::vector<State> after;  // after[k]: the first k batches are stored

  explicit Work(std::uint64_t seed) {
    Rng rng{seed};
    State state;
    after.push_back(state);
    const std::uint64_t count = 4 + rng.below(6);
    for (std::uint64_t i = 0; i < count; ++i) {
      Step step;
      if (i == 0 || rng.chance(1, 20)) step.batch.identity = Identity{NodeId{1}, Incarnation{1 + i}};
      const std::uint64_t records = rng.chance(1, 6) ? 0 : 1 + rng.below(rng.chance(1, 4) ? 40 : 6);
      const LogId own = log_id(1, state.identity ? state.identity->incarnation.value() : 1);
      for (std::uint64_t r = 0; r < records; ++r) {
        const LogId log = rng.chance(1, 2) ? own : log_id(static_cast<std::uint16_t>(2 + rng.below(2)));
        Sequence& last = state.vector[log];
        last = Sequence{last.value() + 1};
        step.batch.records.push_back(record_at(log, last.value()));
      }
      const std::uint64_t keys = rng.chance(1, 2) ? rng.below(4) : 0;
      for (std::uint64_t k = 0; k < keys; ++k) {
        const KeyId id = key_id(rng.below(6));
        const bool erase = rng.chance(1, 4);
        step.batch.keys.push_back(
            {id, erase ? std::nullopt : std::optional("wrapped " + std::to_string(rng.below(99)))});
      }
      state.add(step.batch);
      after.push_back(state);
      step.wait = rng.chance(2, 3);
      if (rng.chance(1, 4)) {
        // Covers durable records only, as the caller must see to.
        step.wait = true;
        step.snapshot = Snapshot{state.vector, std::string(rng.below(9000), static_cast<char>('A' + i))};
        step.truncate = rng.chance(1, 2);
      }
      steps.push_back(std::move(step));
    }
  }
};

// What the log promised during a run.
struct Promised {
  std::size_t batches = 0;
  std::optional<Vector> snapshot;
  bool opened = false;
  Vector vector;  // what a second start took for durable
  std::vector<Error> fatal;
  std::size_t refused = 0;
  bool silent = false;  // something was never answered
};

Options fault_options(bool never_sync = false) {
  Options options;
  options.checkpoint_pages = 6;
  options.wal_pages_max = 20;
  options.snapshot_chunk_bytes = 3000;
  options.retry_after = std::chrono::milliseconds{1};
  options.testing.vfs = "tandem-fault";
  options.testing.never_sync = never_sync;
  options.testing.free_bytes = [] { return std::uint64_t{1} << 40; };
  return options;
}

Promised run(const Work& work, const std::filesystem::path& dir, const Options& options) {
  Promised promised;
  Client client;
  auto opened = Log::open(dir, options);
  if (!opened) return promised;
  promised.opened = true;
  Log& log = *opened->log;
  log.start(client.events());
  std::uint64_t ticket = 0;
  for (const Work::Step& step : work.steps) {
    log.append(step.batch, Ticket{++ticket});
    if (step.wait && !client.wait_durable(ticket)) break;
    if (!client.fatal().empty()) break;
    if (!step.snapshot) continue;
    const auto saved = save(log, *step.snapshot);
    if (saved) promised.snapshot = step.snapshot->vector;
    if (!saved && saved.error().code == Errc::timed_out) promised.silent = true;
    if (!step.truncate) continue;
    const auto truncated = truncate(log, step.snapshot->vector);
    if (!truncated && truncated.error().code == Errc::timed_out) promised.silent = true;
  }
  if (!client.wait_durable(ticket) && client.fatal().empty()) promised.silent = true;
  opened->log.reset();
  promised.batches = client.durable().size();
  promised.fatal = client.fatal();
  promised.refused = client.refused().size();
  return promised;
}

std::string show(const Vector& vector) {
  std::ostringstream out;
  for (const auto& [log, s] : vector)
    out << log.origin.value() << "." << log.incarnation.value() << ":" << s.value() << " ";
  return out.str();
}

// What is wrong with the log in `dir` after the promises of a run; nothing if all is well.
std::optional<std::string> broken(const Work& work, const Promised& promised, const std::filesystem::path& dir,
                                  const Options& options) {
  auto opened = Log::open(dir, options);
  if (!opened) return "does not open: " + opened.error().detail;
  if (opened->rescued) return "pages do not hang together";
  std::optional<std::size_t> prefix;
  for (std::size_t k = 0; k < work.after.size(); ++k) {
    // Equal vectors differ in keys only: the last one that fits is judged.
    Vector held = opened->durable;
    std::erase_if(held, [](const auto& entry) { return entry.second == Sequence{}; });
    if (work.after[k].vector == held) prefix = k;
    if (work.after[k].vector == held && k >= promised.batches) {
      Keys keys;
      const auto damaged = opened->log->keys([&keys](const KeyRow& key) { keys[key.id] = key.wrapped; });
      if (!damaged || !damaged->empty()) return "damaged keys";
      if (keys == work.after[k].keys && opened->identity == work.after[k].identity) break;
      prefix.reset();
    }
  }
  if (!prefix) return "is not what any number of batches gives: " + show(opened->durable);
  if (*prefix < promised.batches) {
    return "holds " + std::to_string(*prefix) + " batches of " + std::to_string(promised.batches) + " promised";
  }
  for (const auto& [log, sequence] : promised.vector) {
    if (opened->durable[log] < sequence) return "has lost what a restart had read";
  }
  Vector from;
  if (opened->snapshot) from = opened->snapshot->vector;
  if (promised.snapshot) {
    if (!opened->snapshot) return "has lost the snapshot";
    for (const auto& [log, sequence] : *promised.snapshot) {
      const auto at = from.find(log);
      if (at == from.end() || at->second < sequence) return "has an older snapshot than promised";
    }
  }
  const auto all = replay(*opened->log, from);
  if (!all) return "does not replay: " + all.error().detail;
  if (!all->result.damaged.empty()) return "has holes";
  Vector reached = from;
  for (const Record& record : all->records) {
    Sequence& last = reached[record.log];
    if (record.sequence.value() != last.value() + 1) return "has a gap";
    last = record.sequence;
    if (record != record_at(record.log, record.sequence.value())) return "has other bytes";
  }
  for (const auto& [log, sequence] : work.after[*prefix].vector) {
    if (reached[log] != sequence) return "replays less than it holds";
  }
  // And goes on.
  Client client;
  opened->log->start(client.events());
  Batch more;
  for (const LogId& log : {log_id(1, 77), log_id(2)}) {
    const auto at = opened->durable.find(log);
    more.records.push_back(record_at(log, at == opened->durable.end() ? 1 : at->second.value() + 1));
  }
  opened->log->append(more, Ticket{1});
  if (!client.wait_durable(1)) return "takes no more records";
  opened->log.reset();
  return std::nullopt;
}

// The file of a log that has been created and closed, so that most runs begin behind that.
void copy_created_log(const std::filesystem::path& into) {
  static const TempDir made(true);
  if (!std::filesystem::exists(made.file())) (void)Log::open(made.path(), {});
  std::filesystem::copy_file(made.file(), into / "log.db");
}

// What came of the runs of some seeds.
struct Tally {
  std::uint64_t runs = 0;
  std::uint64_t fatal = 0;
  std::uint64_t unopened = 0;
  std::uint64_t refused = 0;
  std::optional<std::string> broke;  // the first one, and then no more runs
};

// Runs the work of a seed again and again, each time with the fault one `stride` further on.
void strike(std::uint64_t seed, FaultVfs::Fault fault, std::uint64_t stride, Tally& tally, bool never_sync = false) {
  const Work work(seed);
  bool struck = true;
  for (std::uint64_t index = seed % stride; struck && !tally.broke; index += stride) {
    TempDir dir(true);
    if (seed % 4 != 0) copy_created_log(dir.path());
    FaultVfs disk("tandem-fault", seed * 1000 + index);
    disk.plan(fault, index);
    Promised promised = run(work, dir.path(), fault_options(never_sync));
    struck = disk.struck();
    ++tally.runs;
    if (!promised.fatal.empty()) ++tally.fatal;
    if (!promised.opened) ++tally.unopened;
    if (promised.refused > 0) ++tally.refused;
    disk.plan_nothing();
    if (fault == FaultVfs::Fault::sync_error) {
      // The process is started anew and takes what it reads for durable; then the power fails.
      auto again = Log::open(dir.path(), fault_options(never_sync));
      if (again) promised.vector = again->durable;
      disk.plan(FaultVfs::Fault::kill, 0);
    }
    if (fault != FaultVfs::Fault::full) disk.crash();
    auto broke = broken(work, promised, dir.path(), fault_options(never_sync));
    if (!broke && fault == FaultVfs::Fault::full) {
      if (!promised.fatal.empty()) broke = "a full disk ended it: " + promised.fatal.front().detail;
      if (promised.opened && promised.batches < work.steps.size()) broke = "what was refused never became durable";
    }
    if (!broke && promised.silent) broke = "something was never answered";
    if (broke) {
      tally.broke = "seed " + std::to_string(seed) + ", operation " + std::to_string(index) + ": " + *broke;
    }
  }
}

TEST(LogCrash, KeepsItsPromisesWhereverThePowerFails) {
  // More seeds take more time: 200 of them some minutes.
  const char* seeds = std::getenv("TANDEM_LOG_SEEDS");
  const std::uint64_t last = seeds == nullptr ? 4 : std::strtoull(seeds, nullptr, 10);
  Tally tally;
  for (std::uint64_t seed = 1; seed <= last; ++seed) strike(seed, FaultVfs::Fault::kill, 1, tally);
  ASSERT_FALSE(tally.broke) << *tally.broke;
  std::cout << tally.runs << " power failures: " << tally.unopened << " while opening, " << tally.fatal
            << " while running\n";
  EXPECT_GT(tally.fatal, tally.runs / 2);
  EXPECT_GT(tally.unopened, 30u);
}

TEST(LogCrash, KeepsItsPromisesForHundredsOfSeeds) {
  Tally tally;
  for (std::uint64_t seed = 100; seed < 300; ++seed) strike(seed, FaultVfs::Fault::kill, 97, tally);
  ASSERT_FALSE(tally.broke) << *tally.broke;
  EXPECT_GT(tally.fatal, 200u);
}

TEST(LogCrash, IsCaughtWhenItDoesNotSync) {
  std::uint64_t caught = 0;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    Tally tally;
    strike(seed, FaultVfs::Fault::kill, 3, tally, true);
    if (tally.broke) ++caught;
  }
  EXPECT_EQ(caught, 8u) << "the tests above would not notice a log that breaks its promise";
}

TEST(LogCrash, EndsOnAFailedSyncAndTrustsOnlyWhatItWritesAgain) {
  Tally tally;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) strike(seed, FaultVfs::Fault::sync_error, 17, tally);
  ASSERT_FALSE(tally.broke) << *tally.broke;
  EXPECT_GT(tally.fatal, 60u);
}

TEST(LogCrash, EndsOnAFailedWrite) {
  Tally tally;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) strike(seed, FaultVfs::Fault::write_error, 17, tally);
  ASSERT_FALSE(tally.broke) << *tally.broke;
  EXPECT_GT(tally.fatal, 60u);
}

TEST(LogCrash, OutlivesAFullDiskAtAnyWrite) {
  Tally tally;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) strike(seed, FaultVfs::Fault::full, 17, tally);
  ASSERT_FALSE(tally.broke) << *tally.broke;
  EXPECT_GT(tally.refused, 60u);
}

}  // namespace
}  // namespace tandem::log_sqlite
