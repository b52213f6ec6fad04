// Goal: damaged bytes are never handed out. What is damaged is named, what is whole is read, and a record that comes
// again from a peer is put back; when whole pages are unreadable the file is rebuilt from the rest.
// Method: the file of a closed log is changed, byte by byte or page by page, at drawn places; then the log is opened
// and every record that it gives is compared with what was written.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>

#include "io/log_sqlite/log_testing.h"

namespace tandem::log_sqlite {
namespace {

constexpr std::uint64_t kRecords = 400;  // of each log
constexpr std::size_t kPage = 4096;
const LogId kLogs[] = {log_id(1), log_id(1, 2), log_id(3)};

std::string load(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void store(const std::string& path, const std::string& bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

// A closed log with three logs, keys and two snapshots.
const std::string& closed_log() {
  static const std::string bytes = [] {
    TempDir dir(true);
    Client client;
    auto opened = Log::open(dir.path(), {});
    opened->log->start(client.events());
    std::uint64_t ticket = 0;
    for (std::uint64_t s = 1; s <= kRecords; s += 20) {
      Batch batch;
      for (const LogId& log : kLogs) {
        for (std::uint64_t i = s; i < s + 20; ++i) batch.records.push_back(record_at(log, i));
      }
      batch.keys.push_back({key_id(s), "wrapped key " + std::to_string(s)});
      batch.identity = Identity{NodeId{1}, Incarnation{2}};
      opened->log->append(std::move(batch), Ticket{++ticket});
    }
    EXPECT_TRUE(client.wait_durable(ticket));
    EXPECT_TRUE(save(*opened->log, {{{kLogs[0], Sequence{50}}}, std::string(20'000, 'a')}));
    EXPECT_TRUE(save(*opened->log, {{{kLogs[0], Sequence{90}}}, std::string(20'000, 'b')}));
    opened->log.reset();
    return load(dir.file());
  }();
  return bytes;
}

std::size_t place_of(const Record& record) {
  const std::size_t at = closed_log().find(record.bytes);
  EXPECT_NE(at, std::string::npos);
  return at;
}

TEST(LogDamage, IsNamedAndRepaired) {
  TempDir dir(true);
  std::string bytes = closed_log();
  const std::vector<Damaged> flipped = {
      {kLogs[0], Sequence{7}}, {kLogs[0], Sequence{200}}, {kLogs[2], Sequence{kRecords}}};
  for (const Damaged& d : flipped) {
    const Record record = record_at(d.log, d.sequence.value());
    ASSERT_GT(record.bytes.size(), 20u) << "choose another one";
    bytes[place_of(record) + 10] = static_cast<char>(bytes[place_of(record) + 10] ^ 0x20);
  }
  store(dir.file(), bytes);

  const auto verified = verify(dir.path());
  ASSERT_TRUE(verified) << verified.error().detail;
  EXPECT_FALSE(verified->whole());
  EXPECT_EQ(verified->damaged, flipped);
  EXPECT_TRUE(verified->structure.empty());
  EXPECT_EQ(load(dir.file()), bytes) << "looking changes nothing";

  Client client;
  auto opened = Log::open(dir.path(), {});
  ASSERT_TRUE(opened);
  EXPECT_FALSE(opened->rescued);
  for (const LogId& log : kLogs) EXPECT_EQ(opened->durable.at(log), Sequence{kRecords});
  const auto all = replay(*opened->log);
  ASSERT_TRUE(all);
  EXPECT_EQ(all->result.damaged, flipped);
  EXPECT_EQ(all->result.reached,
            (Vector{{kLogs[0], Sequence{6}}, {kLogs[1], Sequence{kRecords}}, {kLogs[2], Sequence{kRecords - 1}}}));
  EXPECT_EQ(all->records.size(), 6 + kRecords + kRecords - 1);
  Log& log = *opened->log;
  log.start(client.events());

  const auto up_to = read(log, kLogs[0], 0);
  ASSERT_TRUE(up_to);
  EXPECT_EQ(up_to->records.size(), 6u);
  EXPECT_EQ(up_to->damaged, Sequence{7});
  const auto behind = read(log, kLogs[0], 7);
  EXPECT_EQ(behind->records.size(), 192u);
  EXPECT_EQ(behind->damaged, Sequence{200});
  EXPECT_TRUE(client.damaged().empty()) << "the replay has named them already";

  const auto wrong = repair(log, record_at(kLogs[0], kRecords + 1));
  EXPECT_EQ(wrong.error().code, Errc::invalid);
  EXPECT_EQ(repair(log, {kLogs[0], Sequence{8}, "other"}).error().code, Errc::already_exists);
  ASSERT_TRUE(repair(log, record_at(kLogs[0], 7)));
  // Or it comes with a peer's batch, as a repeat.
  Batch batch;
  for (std::uint64_t s = 195; s <= 205; ++s) batch.records.push_back(record_at(kLogs[0], s));
  batch.records.push_back(record_at(kLogs[2], kRecords));
  log.append(std::move(batch), Ticket{1});
  ASSERT_TRUE(client.wait_durable(1));
  EXPECT_EQ(log.stats().records_repaired, 3u);
  for (const LogId& id : kLogs) EXPECT_EQ(read(log, id, 0)->records.size(), kRecords);
  opened->log.reset();
  EXPECT_TRUE(verify(dir.path())->whole());
}

TEST(LogDamage, IsTalkedAboutWhenItShowsLater) {
  TempDir dir(true);
  store(dir.file(), closed_log());
  Client client;
  auto opened = Log::open(dir.path(), {});
  opened->log->start(client.events());
  // Under the running log; its connections have not read that page yet.
  std::fstream file(dir.file(), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(place_of(record_at(kLogs[1], 222)) + 3));
  file.put('\x01');
  file.flush();
  for (int i = 0; i < 3; ++i) {
    const auto some = read(*opened->log, kLogs[1], 200);
    ASSERT_TRUE(some);
    EXPECT_EQ(some->damaged, Sequence{222});
    EXPECT_EQ(some->records.size(), 21u);
  }
  EXPECT_EQ(client.damaged(), (std::vector<Damaged>{{kLogs[1], Sequence{222}}})) << "once, however often it is met";
  EXPECT_EQ(opened->log->stats().records_damaged, 1u);
  ASSERT_TRUE(repair(*opened->log, record_at(kLogs[1], 222)));
  EXPECT_EQ(read(*opened->log, kLogs[1], 200)->records.size(), 200u);
  opened->log.reset();
}

TEST(LogDamage, FallsBackToTheOlderSnapshot) {
  TempDir dir(true);
  std::string bytes = closed_log();
  bytes[bytes.find(std::string(1000, 'b')) + 500] = 'x';
  store(dir.file(), bytes);
  EXPECT_EQ(verify(dir.path())->snapshots_damaged, 1u);
  auto opened = Log::open(dir.path(), {});
  ASSERT_TRUE(opened);
  ASSERT_TRUE(opened->snapshot);
  EXPECT_EQ(opened->snapshot->world, std::string(20'000, 'a'));
}

// Changes the file, opens it and judges what comes out. Says whether it opened.
struct Judged {
  bool opened = false;
  bool rescued = false;
  std::size_t damaged = 0;
};
Judged judge(const std::string& bytes) {
  TempDir dir(true);
  store(dir.file(), bytes);
  Judged judged;
  auto opened = Log::open(dir.path(), {});
  if (!opened) {
    EXPECT_EQ(opened.error().code, Errc::corrupt) << opened.error().detail;
    return judged;
  }
  std::size_t keys = 0;
  const auto damaged_keys = opened->log->keys([&keys](const KeyRow& key) {
    ++keys;
    EXPECT_EQ(key.wrapped.value_or("").substr(0, 12), "wrapped key ");
  });
  const auto all = replay(*opened->log);
  if (!all || !damaged_keys) {
    EXPECT_EQ(all ? damaged_keys.error().code : all.error().code, Errc::corrupt);
    return judged;
  }
  judged.opened = true;
  judged.rescued = opened->rescued || all->result.rescued;
  judged.damaged = all->result.damaged.size();
  for (const Record& record : all->records) EXPECT_EQ(record, record_at(record.log, record.sequence.value()));
  if (opened->snapshot) {
    EXPECT_EQ(opened->snapshot->world.size(), 20'000u);
  }
  for (const LogId& log : kLogs) {
    // Without a rescue nothing is silently shorter; with one the end may be, and the caller is told.
    if (!judged.rescued) {
      EXPECT_EQ(opened->durable[log], Sequence{kRecords});
    }
  }
  // A peer has everything: afterwards the log is whole again.
  Client client;
  opened->log->start(client.events());
  Batch batch;
  for (const LogId& log : kLogs) {
    for (std::uint64_t s = 1; s <= kRecords; ++s) batch.records.push_back(record_at(log, s));
  }
  opened->log->append(std::move(batch), Ticket{1});
  const bool durable = client.wait_durable(1);
  if (!durable) {
    // Damaged pages that only a write has met: the process ends, and the next open rebuilds the file.
    EXPECT_EQ(client.fatal().front().code, Errc::corrupt) << client.fatal().front().detail;
    opened->log.reset();
    auto again = Log::open(dir.path(), {});
    EXPECT_TRUE(again) << again.error().detail;
    if (again) {
      EXPECT_TRUE(again->rescued);
    }
    judged.rescued = true;
    return judged;
  }
  for (const LogId& log : kLogs) EXPECT_EQ(read(*opened->log, log, 0)->records.size(), kRecords);
  EXPECT_TRUE(client.forked().empty());
  opened->log.reset();
  const auto verified = verify(dir.path());
  EXPECT_TRUE(verified);
  if (verified) {
    EXPECT_TRUE(verified->damaged.empty());
  }
  return judged;
}

TEST(LogDamage, NeverGivesWrongBytesWhateverByteIsChanged) {
  int lost = 0;
  int rescued = 0;
  int named = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng{seed};
    std::string bytes = closed_log();
    // Half of them where a page says how it is built.
    std::size_t at = rng.below(bytes.size());
    if (rng.chance(1, 2)) at = std::min(bytes.size() - 1, at / kPage * kPage + rng.below(40));
    if (at < 100) continue;  // the file's own header: then it is no database
    bytes[at] = static_cast<char>(bytes[at] ^ static_cast<char>(1 + rng.below(255)));
    const Judged judged = judge(bytes);
    lost += judged.opened ? 0 : 1;
    rescued += judged.rescued ? 1 : 0;
    named += judged.damaged > 0 ? 1 : 0;
    if (testing::Test::HasFailure()) return;
  }
  std::cout << lost << " lost, " << rescued << " rebuilt, " << named << " with damage named\n";
  EXPECT_LT(lost, 15);
  EXPECT_GT(rescued, 10);
  EXPECT_GT(named, 30);
}

TEST(LogDamage, RebuildsTheFileAroundLostPages) {
  int lost = 0;
  int rescued = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng{seed};
    std::string bytes = closed_log();
    for (std::uint64_t n = 1 + rng.below(3); n > 0; --n) {
      const std::size_t page = 1 + rng.below(bytes.size() / kPage - 1);
      for (std::size_t i = 0; i < kPage; ++i) {
        bytes[page * kPage + i] = rng.chance(1, 2) ? '\0' : static_cast<char>(rng.next());
      }
    }
    const Judged judged = judge(bytes);
    lost += judged.opened ? 0 : 1;
    rescued += judged.rescued ? 1 : 0;
    if (testing::Test::HasFailure()) return;
  }
  std::cout << lost << " lost, " << rescued << " rebuilt\n";
  EXPECT_LT(lost, 15);
  EXPECT_GT(rescued, 20);
}

TEST(LogDamage, SaysSoWhenItIsNoLogAtAll) {
  TempDir dir(true);
  store(dir.file(), std::string(20'000, 'z'));
  const auto opened = Log::open(dir.path(), {});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::corrupt);
  EXPECT_EQ(verify(dir.path()).error().code, Errc::corrupt);
}

}  // namespace
}  // namespace tandem::log_sqlite
