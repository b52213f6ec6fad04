// Goal: a full disk costs new records only. They are refused once, stay parked, and become durable by themselves and in
// order when there is space; reads and truncation go on meanwhile.
// Method: a disk with a capacity, and a file system that says what the test tells it to.
#include <gtest/gtest.h>

#include <atomic>

#include "io/log_sqlite/fault_vfs.h"
#include "io/log_sqlite/log_testing.h"

namespace tandem::log_sqlite {
namespace {

Options quick() {
  Options options;
  options.retry_after = std::chrono::milliseconds{5};
  options.testing.free_bytes = [] { return std::uint64_t{1} << 40; };
  return options;
}

TEST(LogFull, WaitsForTheDiskAndGoesOnByItself) {
  TempDir dir(true);
  FaultVfs disk("tandem-full", 1);
  Client client;
  Options options = quick();
  options.testing.vfs = "tandem-full";
  options.checkpoint_pages = 50;
  auto opened = Log::open(dir.path(), options);
  ASSERT_TRUE(opened);
  Log& log = *opened->log;
  log.start(client.events());
  std::uint64_t ticket = 0;
  std::uint64_t next = 1;
  const auto append = [&] {
    log.append(records(log_id(1), next, next + 9), Ticket{++ticket});
    next += 10;
  };
  for (int i = 0; i < 20; ++i) append();
  ASSERT_TRUE(client.wait_durable(ticket));
  disk.set_capacity(disk.used() + 20'000);
  while (client.refused().empty()) {
    append();
    ASSERT_TRUE(client.wait([&](Client& c) { return c.durable_.size() + c.refused_.size() >= ticket; }));
  }
  for (int i = 0; i < 5; ++i) append();  // behind the first refused one
  ASSERT_TRUE(client.wait([](Client& c) { return c.refused_.size() >= 6; }));
  for (const auto& [refused, error] : client.refused()) {
    EXPECT_EQ(error.code, Errc::log_full);
    EXPECT_GT(refused, client.durable().back());
  }
  EXPECT_TRUE(log.stats().full);
  EXPECT_EQ(log.stats().queued_batches, 6u);
  const auto held = read(log, log_id(1), 0);
  ASSERT_TRUE(held);
  EXPECT_EQ(held->records.size(), client.durable().size() * 10) << "all that is durable can be read";
  const auto snapshot = save(log, {{{log_id(1), Sequence{10}}}, std::string(100'000, 'w')});
  ASSERT_FALSE(snapshot);
  EXPECT_EQ(snapshot.error().code, Errc::log_full);

  disk.set_capacity(std::nullopt);
  ASSERT_TRUE(client.wait_durable(ticket));
  const auto durable = client.durable();
  ASSERT_EQ(durable.size(), ticket);
  for (std::uint64_t i = 0; i < ticket; ++i) EXPECT_EQ(durable[i], i + 1);
  EXPECT_EQ(client.refused().size(), 6u) << "each once, however often it was tried";
  EXPECT_FALSE(log.stats().full);
  EXPECT_TRUE(client.fatal().empty());
  ASSERT_TRUE(save(log, {{{log_id(1), Sequence{10}}}, "world"}));
  opened->log.reset();
  auto again = Log::open(dir.path(), options);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->durable.at(log_id(1)), Sequence{next - 1});
  again->log.reset();
}

TEST(LogFull, OpensAndReadsOnAFullDisk) {
  TempDir dir(true);
  FaultVfs disk("tandem-full", 2);
  Options options = quick();
  options.testing.vfs = "tandem-full";
  {
    Client client;
    auto opened = Log::open(dir.path(), options);
    opened->log->start(client.events());
    opened->log->append(records(log_id(1), 1, 2000), Ticket{1});
    ASSERT_TRUE(client.wait_durable(1));
    disk.plan(FaultVfs::Fault::kill, 0);  // so that the write-ahead log is left behind
    opened->log.reset();
    disk.crash();
  }
  disk.set_capacity(0);
  auto opened = Log::open(dir.path(), options);
  ASSERT_TRUE(opened) << opened.error().detail;
  EXPECT_EQ(opened->durable.at(log_id(1)), Sequence{2000});
  const auto all = replay(*opened->log);
  ASSERT_TRUE(all);
  EXPECT_EQ(all->records.size(), 2000u);
  Client client;
  opened->log->start(client.events());
  opened->log->append(records(log_id(1), 2001, 2001), Ticket{1});
  ASSERT_TRUE(client.wait([](Client& c) { return !c.refused_.empty(); }));
  EXPECT_EQ(read(*opened->log, log_id(1), 1990)->records.size(), 10u);
  disk.set_capacity(std::nullopt);
  EXPECT_TRUE(client.wait_durable(1));
  opened->log.reset();
}

TEST(LogFull, StopsAtTheFloorAndTruncationMakesRoom) {
  TempDir dir(true);
  std::atomic<std::uint64_t> free_bytes = 1u << 30;
  Options options = quick();
  options.free_bytes_min = 1u << 20;
  options.testing.free_bytes = [&free_bytes] { return free_bytes.load(); };
  Client client;
  auto opened = Log::open(dir.path(), options);
  Log& log = *opened->log;
  log.start(client.events());
  log.append(records(log_id(1), 1, 5000), Ticket{1});
  ASSERT_TRUE(client.wait_durable(1));
  ASSERT_TRUE(save(log, {{{log_id(1), Sequence{5000}}}, "world"}));
  free_bytes = (1u << 20) - 1;
  log.append(records(log_id(1), 5001, 5010), Ticket{2});
  ASSERT_TRUE(client.wait([](Client& c) { return c.refused_.size() == 1; }));
  EXPECT_EQ(client.refused().front().second.code, Errc::log_full);
  EXPECT_EQ(client.durable().size(), 1u);
  // The pages that this frees stay in the file, and are enough.
  ASSERT_TRUE(truncate(log, {{log_id(1), Sequence{4000}}}));
  ASSERT_TRUE(client.wait_durable(2));
  // Not when the disk has no room for the way there.
  free_bytes = 1000;
  log.append(records(log_id(1), 5011, 5011), Ticket{3});
  ASSERT_TRUE(client.wait([](Client& c) { return c.refused_.size() == 2; }));
  EXPECT_EQ(client.durable().size(), 2u);
  free_bytes = 1u << 30;
  ASSERT_TRUE(client.wait_durable(3));
  opened->log.reset();
}

TEST(LogFull, ClosesWhileParked) {
  TempDir dir(true);
  Options options = quick();
  options.testing.free_bytes = [] { return std::uint64_t{0}; };
  Client client;
  auto opened = Log::open(dir.path(), options);
  opened->log->start(client.events());
  opened->log->append(records(log_id(1), 1, 1), Ticket{1});
  ASSERT_TRUE(client.wait([](Client& c) { return c.refused_.size() == 1; }));
  opened->log.reset();
  EXPECT_TRUE(client.durable().empty());
  EXPECT_TRUE(Log::open(dir.path(), options)->durable.empty());
}

}  // namespace
}  // namespace tandem::log_sqlite
