// What it costs to make records durable. Beside each figure stands the floor: a plain file, one write of the same bytes
// and one fdatasync. Budget: 150,000 records a second in batches of 500; a small batch durable within 0.4 ms (median);
// a million records read back within 1.5 s.
//
// A plain main would do; Google Benchmark's is used so that script/bench treats all alike.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "base/rng.h"
#include "io/log_sqlite/log.h"

namespace tandem::log_sqlite {
namespace {

using Clock = std::chrono::steady_clock;

// In the working directory: /tmp may be memory.
class Folder {
 public:
  Folder() {
    char name[] = "log_append_bench.XXXXXX";
    if (::mkdtemp(name) == nullptr) std::abort();
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class Durable {
 public:
  Events events() {
    return {.durable = [this](Ticket ticket) { reach(ticket); },
            .refused =
                [](Ticket, const Error& e) {
                  std::fprintf(stderr, "refused: %s\n", e.detail.c_str());
                  std::abort();
                },
            .damaged = [](const Damaged&) { std::abort(); },
            .forked = [](LogId, Sequence) { std::abort(); },
            .fatal =
                [](const Error& e) {
                  std::fprintf(stderr, "fatal: %s\n", e.detail.c_str());
                  std::abort();
                }};
  }
  void wait_for(std::uint64_t ticket) {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [&] { return reached_ >= ticket; });
  }

 private:
  void reach(Ticket ticket) {
    const std::lock_guard lock(mutex_);
    reached_ = ticket.value();
    wake_.notify_one();
  }
  std::mutex mutex_;
  std::condition_variable wake_;
  std::uint64_t reached_ = 0;
};

// Records of `origins` logs in runs, 200 to 600 bytes each.
class Source {
 public:
  explicit Source(std::uint64_t origins) : next_(origins) {}
  Batch batch(std::uint64_t count) {
    Batch batch;
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t origin = i * next_.size() / count;
      batch.records.push_back({{NodeId{static_cast<std::uint16_t>(origin + 1)}, Incarnation{7}},
                               Sequence{++next_[origin]},
                               std::string(200 + rng_.below(401), 'r')});
    }
    return batch;
  }

 private:
  Rng rng_{1};
  std::vector<std::uint64_t> next_;
};

double percentile(std::vector<double>& values, double percent) {
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1,
                         static_cast<std::size_t>(static_cast<double>(values.size()) * percent / 100))];
}

double microseconds(Clock::duration d) { return std::chrono::duration<double, std::micro>(d).count(); }

// The sync latency of one batch of `range(0)` records at a time: append, wait until durable.
void one_batch(benchmark::State& state) {
  Folder folder;
  auto opened = Log::open(folder.path() / "data", {});
  Durable durable;
  opened->log->start(durable.events());
  Source source(1);
  std::uint64_t ticket = 0;
  std::vector<double> took;
  for (auto _ : state) {
    state.PauseTiming();
    Batch batch = source.batch(static_cast<std::uint64_t>(state.range(0)));
    state.ResumeTiming();
    const auto begun = Clock::now();
    opened->log->append(std::move(batch), Ticket{++ticket});
    durable.wait_for(ticket);
    took.push_back(microseconds(Clock::now() - begun));
  }
  state.counters["p50_us"] = percentile(took, 50);
  state.counters["p99_us"] = percentile(took, 99);
  state.counters["max_us"] = took.back();
}
BENCHMARK(one_batch)->Arg(1)->Arg(4)->Arg(64)->Arg(500)->Iterations(2000)->UseRealTime();

// Its floor: the same bytes appended to a plain file, and one fdatasync.
void plain_file_batch(benchmark::State& state) {
  Folder folder;
  const int file = ::open((folder.path() / "plain").c_str(), O_CREAT | O_WRONLY, 0600);
  const std::string bytes(static_cast<std::size_t>(state.range(0)) * 400, 'r');
  std::vector<double> took;
  for (auto _ : state) {
    const auto begun = Clock::now();
    if (::write(file, bytes.data(), bytes.size()) < 0 || ::fdatasync(file) != 0) std::abort();
    took.push_back(microseconds(Clock::now() - begun));
  }
  ::close(file);
  state.counters["p50_us"] = percentile(took, 50);
  state.counters["p99_us"] = percentile(took, 99);
  state.counters["max_us"] = took.back();
  state.counters["records_per_s"] =
      benchmark::Counter(static_cast<double>(state.iterations() * state.range(0)), benchmark::Counter::kIsRate);
}
BENCHMARK(plain_file_batch)->Arg(1)->Arg(4)->Arg(64)->Arg(500)->Iterations(2000)->UseRealTime();

// Throughput: 400,000 records of `range(1)` origins in batches of `range(0)`, at most eight batches under way.
void many_batches(benchmark::State& state) {
  const auto size = static_cast<std::uint64_t>(state.range(0));
  constexpr std::uint64_t kRecords = 400'000;
  for (auto _ : state) {
    state.PauseTiming();
    Folder folder;
    auto opened = Log::open(folder.path() / "data", {});
    Durable durable;
    opened->log->start(durable.events());
    Source source(static_cast<std::uint64_t>(state.range(1)));
    std::vector<Batch> batches;
    for (std::uint64_t made = 0; made < kRecords; made += size) batches.push_back(source.batch(size));
    state.ResumeTiming();
    std::uint64_t ticket = 0;
    for (Batch& batch : batches) {
      if (ticket >= 8) durable.wait_for(ticket - 7);
      opened->log->append(std::move(batch), Ticket{++ticket});
    }
    durable.wait_for(ticket);
    state.PauseTiming();
    const Stats stats = opened->log->stats();
    state.counters["commit_p50_us"] = static_cast<double>(stats.commit.percentile(50).count());
    state.counters["commit_p99_us"] = static_cast<double>(stats.commit.percentile(99).count());
    state.counters["commit_max_us"] = static_cast<double>(stats.commit.percentile(100).count());
    state.counters["syncs"] = static_cast<double>(stats.syncs);
    opened->log.reset();
    state.ResumeTiming();
  }
  state.counters["records_per_s"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * kRecords, benchmark::Counter::kIsRate);
}
BENCHMARK(many_batches)->Args({64, 1})->Args({500, 1})->Args({500, 5})->Args({1000, 5})->Iterations(3)->UseRealTime();

// What a restart costs: open, then read a million records of 300 bytes and check each.
void replay_a_million(benchmark::State& state) {
  constexpr std::uint64_t kRecords = 1'000'000;
  Folder folder;
  {
    auto opened = Log::open(folder.path() / "data", {});
    Durable durable;
    opened->log->start(durable.events());
    std::uint64_t ticket = 0;
    for (std::uint64_t made = 0; made < kRecords;) {
      Batch batch;
      for (int i = 0; i < 1000; ++i)
        batch.records.push_back({{NodeId{1}, Incarnation{7}}, Sequence{++made}, std::string(300, 'r')});
      opened->log->append(std::move(batch), Ticket{++ticket});
      if (ticket > 8) durable.wait_for(ticket - 8);
    }
    durable.wait_for(ticket);
  }
  for (auto _ : state) {
    auto opened = Log::open(folder.path() / "data", {});
    std::uint64_t bytes = 0;
    const auto replayed =
        opened->log->replay({}, [&bytes](LogId, Sequence, std::string_view record) { bytes += record.size(); });
    if (!replayed || bytes != kRecords * 300) std::abort();
  }
}
BENCHMARK(replay_a_million)->Iterations(3)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tandem::log_sqlite
