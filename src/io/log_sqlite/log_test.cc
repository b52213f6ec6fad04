// Goal: what callers rely on holds on a healthy disk: order, durability across a restart, repeats, forks, keys,
// snapshots, truncation, reads, permissions.
// Method: a real log in a temporary folder, opened, used, closed and opened again.
#include "io/log_sqlite/log.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>

#include "io/log_sqlite/log_testing.h"

namespace tandem::log_sqlite {
namespace {

std::string file_bytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A log that is open and started.
struct Running {
  explicit Running(const std::filesystem::path& dir, Options options = {}) {
    auto result = Log::open(dir, std::move(options));
    EXPECT_TRUE(result.has_value()) << (result ? "" : result.error().detail);
    if (!result) std::abort();
    opened = std::move(*result);
    log = opened.log.get();
    log->start(client.events());
  }
  std::uint64_t append(Batch batch) {
    log->append(std::move(batch), Ticket{++ticket});
    return ticket;
  }
  bool append_and_wait(Batch batch) { return client.wait_durable(append(std::move(batch))); }

  Client client;  // outlives the log
  Log::Opened opened;
  Log* log = nullptr;
  std::uint64_t ticket = 0;
};

TEST(Log, KeepsWhatItCalledDurable) {
  TempDir dir;
  const Identity identity{NodeId{1}, Incarnation{1}};
  {
    Running r(dir.path());
    EXPECT_TRUE(r.opened.fresh);
    EXPECT_FALSE(r.opened.identity);
    EXPECT_TRUE(r.opened.durable.empty());
    Batch first = records(log_id(1), 1, 10);
    first.identity = identity;
    r.append(std::move(first));
    r.append(records(log_id(2, 9), 1, 3));
    r.append({});  // nothing in it is durable at once
    Batch both = records(log_id(1), 11, 12);
    both.records.push_back(record_at(log_id(2, 9), 4));
    ASSERT_TRUE(r.append_and_wait(std::move(both)));
    EXPECT_EQ(r.client.durable(), (std::vector<std::uint64_t>{1, 2, 3, 4}));
    EXPECT_TRUE(r.client.refused().empty());
    const Stats stats = r.log->stats();
    EXPECT_EQ(stats.records_appended, 16u);
    EXPECT_EQ(stats.queued_batches, 0u);
    EXPECT_EQ(stats.queued_bytes, 0u);
    EXPECT_EQ(stats.commit.count(), stats.syncs);
  }
  auto again = Log::open(dir.path(), {});
  ASSERT_TRUE(again) << again.error().detail;
  EXPECT_FALSE(again->fresh);
  EXPECT_FALSE(again->rescued);
  EXPECT_EQ(again->identity, identity);
  EXPECT_EQ(again->durable, (Vector{{log_id(1), Sequence{12}}, {log_id(2, 9), Sequence{4}}}));
  const auto all = replay(*again->log);
  ASSERT_TRUE(all);
  EXPECT_EQ(all->result.reached, again->durable);
  ASSERT_EQ(all->records.size(), 16u);
  for (std::uint64_t i = 0; i < 12; ++i) EXPECT_EQ(all->records[i], record_at(log_id(1), i + 1));
  const auto rest = replay(*again->log, {{log_id(1), Sequence{11}}, {log_id(2, 9), Sequence{4}}});
  ASSERT_TRUE(rest);
  EXPECT_EQ(rest->records, (std::vector<Record>{record_at(log_id(1), 12)}));
}

TEST(Log, ClosingMakesTheQueueDurable) {
  TempDir dir;
  {
    Running r(dir.path());
    for (std::uint64_t s = 1; s <= 500; ++s) r.append(records(log_id(1), s, s));
  }
  auto again = Log::open(dir.path(), {});
  ASSERT_TRUE(again);
  EXPECT_EQ(again->durable.at(log_id(1)), Sequence{500});
}

TEST(Log, SkipsRepeatsAndNamesForks) {
  TempDir dir;
  Running r(dir.path());
  ASSERT_TRUE(r.append_and_wait(records(log_id(3), 1, 5)));
  Batch repeat = records(log_id(3), 2, 7);
  repeat.records[1].bytes += "another history";
  ASSERT_TRUE(r.append_and_wait(std::move(repeat)));
  EXPECT_EQ(r.client.forked(), (std::vector<Damaged>{{log_id(3), Sequence{3}}}));
  const auto held = read(*r.log, log_id(3), 0);
  ASSERT_TRUE(held);
  ASSERT_EQ(held->records.size(), 7u);
  for (std::uint64_t i = 0; i < 7; ++i) EXPECT_EQ(held->records[i], record_at(log_id(3), i + 1));
}

TEST(LogDeathTest, StopsOnAGap) {
  TempDir dir;
  EXPECT_DEATH(
      {
        Running r(dir.path());
        r.append_and_wait(records(log_id(3), 1, 5));
        r.append_and_wait(records(log_id(3), 7, 7));
      },
      "sequence");
}

TEST(Log, ReadsWithinItsLimits) {
  TempDir dir;
  Running r(dir.path());
  ASSERT_TRUE(r.append_and_wait(records(log_id(1), 1, 100)));
  const auto five = read(*r.log, log_id(1), 20, 5);
  ASSERT_TRUE(five);
  ASSERT_EQ(five->records.size(), 5u);
  EXPECT_EQ(five->records.front(), record_at(log_id(1), 21));
  EXPECT_EQ(five->last, Sequence{100});
  const auto one = read(*r.log, log_id(1), 20, 100, 1);
  ASSERT_TRUE(one);
  EXPECT_GE(one->records.size(), 1u);
  std::size_t bytes = 0;
  for (const Record& record : read(*r.log, log_id(1), 20, 100, 3000)->records) bytes += record.bytes.size();
  EXPECT_LE(bytes, 3000u);
  EXPECT_TRUE(read(*r.log, log_id(1), 100)->records.empty());
  const auto unknown = read(*r.log, log_id(8), 0);
  ASSERT_TRUE(unknown);
  EXPECT_TRUE(unknown->records.empty());
  EXPECT_EQ(unknown->last, Sequence{});
}

TEST(Log, ErasesKeysForGood) {
  TempDir dir;
  const auto wrapped = [](std::uint64_t n) { return "wrapped-bytes-of-key-" + std::to_string(1'000'000 + n); };
  constexpr std::uint64_t kKeys = 3000;
  {
    Running r(dir.path());
    for (std::uint64_t n = 0; n < kKeys; n += 50) {
      Batch batch;
      for (std::uint64_t k = n; k < n + 50; ++k) batch.keys.push_back({key_id(k), wrapped(k)});
      r.append(std::move(batch));
    }
    Batch erase;
    for (std::uint64_t k = 0; k < kKeys; k += 2) erase.keys.push_back({key_id(k), std::nullopt});
    erase.keys.push_back({key_id(kKeys + 1), std::nullopt});  // erased before it was ever heard of
    ASSERT_TRUE(r.append_and_wait(std::move(erase)));
    // It comes again from a peer that has not heard.
    ASSERT_TRUE(
        r.append_and_wait({.keys = {{key_id(0), wrapped(0)}, {key_id(kKeys + 1), "late"}, {key_id(1), "new-wrap"}}}));
    const auto some = answer<std::vector<KeyRow>>(
        [&](auto done) { r.log->read_keys({key_id(0), key_id(1), key_id(3), key_id(999'999)}, done); });
    ASSERT_TRUE(some);
    EXPECT_EQ(*some,
              (std::vector<KeyRow>{{key_id(0), std::nullopt}, {key_id(1), "new-wrap"}, {key_id(3), wrapped(3)}}));
    // Both files, while the log runs: the erased bytes are nowhere, the others are.
    const std::string bytes = file_bytes(dir.file()) + file_bytes(dir.file() + "-wal");
    for (std::uint64_t k = 0; k < kKeys; k += 2) EXPECT_EQ(bytes.find(wrapped(k)), std::string::npos) << k;
    EXPECT_NE(bytes.find(wrapped(3)), std::string::npos);
  }
  auto again = Log::open(dir.path(), {});
  ASSERT_TRUE(again);
  std::map<KeyId, std::optional<std::string>> keys;
  const auto damaged = again->log->keys([&](KeyRow key) { keys[key.id] = key.wrapped; });
  ASSERT_TRUE(damaged);
  EXPECT_TRUE(damaged->empty());
  EXPECT_EQ(keys.size(), kKeys + 1);
  EXPECT_EQ(keys.at(key_id(0)), std::nullopt);
  EXPECT_EQ(keys.at(key_id(kKeys + 1)), std::nullopt);
  EXPECT_EQ(keys.at(key_id(1)), "new-wrap");
  EXPECT_EQ(keys.at(key_id(2999)), wrapped(2999));
}

TEST(Log, KeepsTheTwoNewestSnapshots) {
  TempDir dir;
  Options options;
  options.snapshot_chunk_bytes = 10'000;
  const auto world = [](int n) {
    return std::string(95'000 + static_cast<std::size_t>(n), static_cast<char>('a' + n));
  };
  {
    Running r(dir.path(), options);
    ASSERT_TRUE(r.append_and_wait(records(log_id(1), 1, 50)));
    for (int n = 0; n < 4; ++n) {
      ASSERT_TRUE(save(*r.log, {{{log_id(1), Sequence{10u * static_cast<std::uint64_t>(n + 1)}}}, world(n)}));
    }
    const auto newest = answer<Snapshot>([&](auto done) { r.log->read_snapshot(done); });
    ASSERT_TRUE(newest);
    EXPECT_EQ(newest->world, world(3));
    EXPECT_EQ(newest->vector, (Vector{{log_id(1), Sequence{40}}}));
  }
  const auto verified = verify(dir.path());
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->snapshots_whole, 2u);
  EXPECT_TRUE(verified->whole());
  auto again = Log::open(dir.path(), {});
  ASSERT_TRUE(again);
  ASSERT_TRUE(again->snapshot);
  EXPECT_EQ(again->snapshot->world, world(3));
  const auto rest = replay(*again->log, again->snapshot->vector);
  ASSERT_TRUE(rest);
  EXPECT_EQ(rest->records.size(), 10u);
}

TEST(Log, TruncatesOnlyWhatEverySnapshotCovers) {
  TempDir dir;
  constexpr std::uint64_t kLast = 9000;
  {
    Running r(dir.path());
    ASSERT_TRUE(r.append_and_wait(records(log_id(1), 1, kLast)));
    ASSERT_TRUE(r.append_and_wait(records(log_id(2), 1, 10)));
    ASSERT_TRUE(truncate(*r.log, {{log_id(1), Sequence{100}}}));
    EXPECT_EQ(read(*r.log, log_id(1), 0)->base, Sequence{}) << "no snapshot yet, so nothing may go";
    ASSERT_TRUE(save(*r.log, {{{log_id(1), Sequence{8500}}, {log_id(2), Sequence{10}}}, "older"}));
    ASSERT_TRUE(save(*r.log, {{{log_id(1), Sequence{9000}}, {log_id(2), Sequence{10}}}, "newer"}));
    ASSERT_TRUE(truncate(*r.log, {{log_id(1), Sequence{kLast}}, {log_id(2), Sequence{5}}, {log_id(7), Sequence{5}}}));
    EXPECT_EQ(r.log->stats().records_truncated, 8505u);
    const auto gone = read(*r.log, log_id(1), 0);
    ASSERT_TRUE(gone);
    EXPECT_EQ(gone->base, Sequence{8500});
    EXPECT_TRUE(gone->records.empty()) << "from here on a peer needs a snapshot";
    EXPECT_EQ(read(*r.log, log_id(1), 8500)->records.size(), 500u);
    ASSERT_TRUE(save(*r.log, {{{log_id(1), Sequence{9000}}, {log_id(2), Sequence{10}}}, "newest"}));
    ASSERT_TRUE(truncate(*r.log, {{log_id(1), Sequence{kLast}}, {log_id(2), Sequence{10}}}));
    ASSERT_TRUE(r.append_and_wait(records(log_id(1), 8990, kLast + 1))) << "repeats of truncated ones are skipped";
  }
  auto again = Log::open(dir.path(), {});
  ASSERT_TRUE(again);
  EXPECT_EQ(again->durable, (Vector{{log_id(1), Sequence{kLast + 1}}, {log_id(2), Sequence{10}}}));
  const auto rest = replay(*again->log, again->snapshot->vector);
  ASSERT_TRUE(rest);
  EXPECT_EQ(rest->records, (std::vector<Record>{record_at(log_id(1), kLast + 1)}));
  EXPECT_TRUE(rest->result.damaged.empty());
  const auto from_nothing = replay(*again->log);
  ASSERT_FALSE(from_nothing);
  EXPECT_EQ(from_nothing.error().code, Errc::corrupt);
}

TEST(Log, GoesOnBehindAnAdoptedSnapshot) {
  TempDir dir;
  {
    Running r(dir.path());
    ASSERT_TRUE(r.append_and_wait(records(log_id(1), 1, 5)));
    ASSERT_TRUE(r.append_and_wait(records(log_id(2), 1, 20)));
    Snapshot theirs{{{log_id(1), Sequence{3}}, {log_id(2), Sequence{70}}, {log_id(4), Sequence{900}}}, "their world"};
    bool adopted = false;
    r.log->adopt_snapshot(theirs, [&adopted](const Result<void>& done) { adopted = done.has_value(); });
    Batch after = records(log_id(2), 71, 80);  // at once, not after the answer
    for (const Record& record : records(log_id(4), 901, 905).records) after.records.push_back(record);
    ASSERT_TRUE(r.append_and_wait(std::move(after)));
    EXPECT_TRUE(adopted);
    EXPECT_EQ(read(*r.log, log_id(2), 0)->base, Sequence{70});
  }
  auto again = Log::open(dir.path(), {});
  ASSERT_TRUE(again);
  EXPECT_EQ(again->durable, (Vector{{log_id(1), Sequence{5}}, {log_id(2), Sequence{80}}, {log_id(4), Sequence{905}}}));
  ASSERT_TRUE(again->snapshot);
  const auto rest = replay(*again->log, again->snapshot->vector);
  ASSERT_TRUE(rest);
  EXPECT_EQ(rest->records.size(), 2u + 10u + 5u);
  EXPECT_TRUE(rest->result.damaged.empty());
}

TEST(Log, KeepsItsFilesPrivateAndToItself) {
  TempDir dir;
  const std::filesystem::path data = dir.path() / "var" / "data";
  Running r(data);
  ASSERT_TRUE(r.append_and_wait(records(log_id(1), 1, 5)));
  const auto mode = [](const std::filesystem::path& path) {
    struct stat info{};
    EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 0777;
  };
  EXPECT_EQ(mode(data), 0700u);
  for (const char* name : {"log.db", "log.db-wal", "log.db-shm", "log.lock"})
    EXPECT_EQ(mode(data / name), 0600u) << name;
  const auto second = Log::open(data, {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::in_use);
  const auto verified = verify(data);  // of a running log
  ASSERT_TRUE(verified) << verified.error().detail;
  EXPECT_TRUE(verified->whole());
  ASSERT_EQ(verified->logs.size(), 1u);
  EXPECT_EQ(verified->logs[0].records, 5u);

  const std::filesystem::path open_to_all = dir.path() / "open";
  std::filesystem::create_directory(open_to_all);
  ::chmod(open_to_all.c_str(), 0777);
  const auto refused = Log::open(open_to_all, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::denied);
  EXPECT_EQ(verify(dir.path() / "nothing").error().code, Errc::not_found);
}

TEST(Log, CallbacksMayCallTheLog) {
  TempDir dir;
  Client client;
  auto opened = Log::open(dir.path(), {});
  ASSERT_TRUE(opened);
  Log& log = *opened->log;
  Events events = client.events();
  const auto keep = events.durable;
  events.durable = [&](Ticket ticket) {
    if (ticket.value() < 20)
      log.append(records(log_id(1), ticket.value() + 1, ticket.value() + 1), Ticket{ticket.value() + 1});
    log.read(log_id(1), Sequence{}, 1, 1, [&log](const Result<Read>&) { (void)log.stats(); });
    keep(ticket);
  };
  log.start(events);
  log.append(records(log_id(1), 1, 1), Ticket{1});
  ASSERT_TRUE(client.wait_durable(20));
  opened->log.reset();
}

TEST(Log, KeepsUpItsWriteAheadLogUnderLoad) {
  TempDir dir;
  Options options;
  options.checkpoint_pages = 20;
  options.wal_pages_max = 60;
  Running r(dir.path(), options);
  std::uint64_t next = 1;
  for (int i = 0; i < 300; ++i, next += 30) {
    const std::uint64_t ticket = r.append(records(log_id(1), next, next + 29));
    if (i % 3 == 0) {
      ASSERT_TRUE(r.client.wait_durable(ticket));
    }
  }
  ASSERT_TRUE(r.client.wait_durable(300));
  EXPECT_GT(r.log->stats().checkpoints, 5u);
  const auto wal = std::filesystem::file_size(dir.file() + "-wal");
  EXPECT_LT(wal, 400u * 4096u) << "of some 700 pages written";
  EXPECT_EQ(read(*r.log, log_id(1), 0)->records.size(), 9000u);
}

TEST(Latencies, TellPercentilesWithinAQuarter) {
  Latencies latencies;
  EXPECT_EQ(latencies.percentile(50), std::chrono::microseconds{0});
  for (int us = 1; us <= 10'000; ++us) latencies.add(std::chrono::microseconds{us});
  EXPECT_EQ(latencies.count(), 10'000u);
  EXPECT_NEAR(static_cast<double>(latencies.percentile(50).count()), 5000, 1250);
  EXPECT_NEAR(static_cast<double>(latencies.percentile(99).count()), 9900, 2500);
  latencies.add(std::chrono::hours{100});
  EXPECT_GT(latencies.percentile(100), std::chrono::seconds{10});
}

}  // namespace
}  // namespace tandem::log_sqlite
