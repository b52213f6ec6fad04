// Routing decisions a second, and how long one takes: an agent becomes free, thousands wait, who is his next contact?
// With priorities of queues and contacts, delays, and proficiencies of which nearly every agent has a different set.
//
// A decision is the search and its record, encoded. Shown beside it, each with what comes before: reading what records
// since the last one changed (here two contacts and two agents); the changes of contact and agent that it brings, made
// and encoded; applying all to the world. One thread.
//
// Beside it, in the same run and at the small size, Redis with a Lua script that does the same work and writes its
// record to a stream, and PostgreSQL with FOR UPDATE SKIP LOCKED. In Redis the coming again of contacts is not counted
// either, and decisions are sent 64 at a time over loopback; in PostgreSQL it is, for it is one transaction. Servers
// have a core of their own.
//
// usage: script/bench matching [--only NAME]...     NAME: small, large; without it both and the peers
#include <stdlib.h>

#include <filesystem>
#include <numeric>

#include "matching/centre.h"
#include "matching/peers.h"

extern "C" int mallctl(const char*, void*, std::size_t*, void*, std::size_t) __attribute__((weak));

namespace tandem::bench {
namespace {

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// Bytes handed out by the allocator; 0 where another one is linked.
std::size_t allocated() {
  if (mallctl == nullptr) return 0;
  std::uint64_t epoch = 1;
  std::size_t size = sizeof epoch;
  mallctl("epoch", &epoch, &size, &epoch, size);
  std::size_t out = 0;
  size = sizeof out;
  mallctl("stats.allocated", &out, &size, nullptr, 0);
  return out;
}

void budget(const std::string& name, double measured, double limit, const char* unit, bool most) {
  const bool ok = most ? measured <= limit : measured >= limit;
  std::printf("budget %s %.6g %.6g %s %s\n", name.c_str(), measured, limit, unit, ok ? "ok" : "short");
}

struct Measured {
  double per_second = 0;
  double read_per_second = 0;
  double written_per_second = 0;
  double whole_per_second = 0;
  double p50_us = 0;
  double p99_us = 0;
  double read_p99_us = 0;
  double index_bytes = 0;    // of one waiting contact
  double contact_bytes = 0;  // the contact itself, in the world
  double record_bytes = 0;   // of the decision alone
  double records_bytes = 0;  // and of the changes
};

void measure_round(Centre& centre, std::size_t decisions, Measured& out) {
  std::vector<std::int64_t> took;
  std::vector<std::int64_t> with_reading;
  std::size_t bytes = 0;
  std::size_t all_bytes = 0;
  std::int64_t whole = 0;
  std::int64_t writing = 0;
  for (std::size_t n = 0; n < decisions; ++n) {
    const std::int64_t begun = now_ns();
    centre.end_one();
    const Meta meta = centre.meta();
    const std::int64_t told = now_ns();
    centre.catch_up();
    const std::int64_t asked = now_ns();
    bytes += record::encode(meta, routing::Rec{centre.choose()}).size();
    const std::int64_t decided = now_ns();
    const Decision decision = centre.match();
    for (const Body& body : decision.records) all_bytes += record::encode(meta, body).size();
    const std::int64_t written = now_ns();
    if (decision.records.empty()) die("an agent found nothing");
    centre.write(decision);
    took.push_back(decided - asked);
    with_reading.push_back(decided - told);
    writing += written - decided;
    whole += now_ns() - begun;
  }
  const auto sum = [](const std::vector<std::int64_t>& each) {
    return std::accumulate(each.begin(), each.end(), 0.0,
                           [](double a, std::int64_t b) { return a + static_cast<double>(b); });
  };
  const auto percentile = [](std::vector<std::int64_t>& each, double share) {
    std::ranges::sort(each);
    return static_cast<double>(each[static_cast<std::size_t>(share * static_cast<double>(each.size() - 1))]) / 1000.0;
  };
  const auto count = static_cast<double>(took.size());
  out.per_second = 1e9 * count / sum(took);
  out.read_per_second = 1e9 * count / sum(with_reading);
  out.written_per_second = 1e9 * count / (sum(with_reading) + static_cast<double>(writing));
  out.whole_per_second = 1e9 * count / static_cast<double>(whole);
  out.p50_us = percentile(took, 0.50);
  out.p99_us = percentile(took, 0.99);
  out.read_p99_us = percentile(with_reading, 0.99);
  out.record_bytes = static_cast<double>(bytes) / count;
  out.records_bytes = static_cast<double>(all_bytes) / count;
}

Measured measure(Size size, std::size_t decisions) {
  Measured out;
  Centre centre(size, 1);
  centre.fill();
  static_cast<void>(centre.match());
  const std::size_t before = allocated();
  centre.queue_up();
  const std::size_t held = allocated();
  static_cast<void>(centre.match());  // everybody is busy: nothing to give
  const std::size_t indexed = allocated();
  const auto waiting = static_cast<double>(size.waiting);
  out.contact_bytes = static_cast<double>(held - before) / waiting;
  out.index_bytes = static_cast<double>(indexed - held) / waiting;

  // The best of five rounds, after one to warm up: whatever else runs on the machine only slows it.
  for (int round = 0; round < 6; ++round) {
    Measured one = out;
    measure_round(centre, decisions / 5, one);
    if (round > 0 && one.per_second > out.per_second) out = one;
  }
  return out;
}

void show(const char* name, Size size, const Measured& m) {
  std::printf("%s: %llu agents, %llu queues, %llu waiting\n", name, static_cast<unsigned long long>(size.agents),
              static_cast<unsigned long long>(size.queues), static_cast<unsigned long long>(size.waiting));
  std::printf("  decisions a second          %12.0f   p50 %.2f us, p99 %.2f us\n", m.per_second, m.p50_us, m.p99_us);
  std::printf("  with reading what changed   %12.0f   p99 %.2f us\n", m.read_per_second, m.read_p99_us);
  std::printf("  with all its records        %12.0f   (the changes of contact and agent, made and encoded)\n",
              m.written_per_second);
  std::printf("  with the world's work       %12.0f   (the end of the contact before, its coming again, applying)\n",
              m.whole_per_second);
  std::printf("  bytes of records a decision %12.0f   (%.0f the decision itself)\n", m.records_bytes, m.record_bytes);
  std::printf("  bytes a waiting contact     %12.0f   in the index; %.0f the contact itself\n", m.index_bytes,
              m.contact_bytes);
}

int run(const std::vector<std::string>& only) {
  const auto wanted = [&](const char* name) { return only.empty() || std::ranges::find(only, name) != only.end(); };
  if (wanted("small")) {
    const Size size{10'000, 100, 20'000};
    const Measured m = measure(size, 300'000);
    show("small", size, m);
    if (only.empty()) {
      std::string dir = (std::filesystem::temp_directory_path() / "tandem-matching-XXXXXX").string();
      if (::mkdtemp(dir.data()) == nullptr) die("no folder for Redis");
      Centre centre(size, 1);
      centre.queue_up();
      const Picture picture = picture_of(centre.world());
      double redis = 0;
      {
        RedisMatcher matcher(dir, picture, static_cast<std::size_t>(m.record_bytes));
        static_cast<void>(matcher.run(20'000, Rng{1}));
        redis = matcher.run(200'000, Rng{2});
      }
      double postgres = 0;
      {
        PostgresMatcher matcher(dir, picture, static_cast<std::size_t>(m.record_bytes));
        static_cast<void>(matcher.run(2));
        postgres = matcher.run(8);
      }
      std::filesystem::remove_all(dir);
      std::printf("  Redis, decisions a second   %12.0f\n", redis);
      std::printf("  PostgreSQL                  %12.0f\n", postgres);
      budget("times_redis", m.per_second / redis, 8, "times", false);
    }
    budget("decisions", m.per_second, 500'000, "per_second", false);
    budget("index_memory", m.index_bytes, 1024, "bytes_per_waiting_contact", true);
  }
  if (wanted("large")) {
    const Size size{100'000, 500, 1'000'000};
    const Measured m = measure(size, 200'000);
    show("stress", size, m);
    budget("stress_p99", m.p99_us, 50, "us", true);
    budget("stress_index_memory", m.index_bytes, 1024, "bytes_per_waiting_contact", true);
  }
  return 0;
}

}  // namespace
}  // namespace tandem::bench

int main(int argc, char** argv) {
  std::vector<std::string> only;
  for (int n = 1; n + 1 < argc; ++n) {
    if (std::string_view(argv[n]) == "--only") only.emplace_back(argv[++n]);
  }
  return tandem::bench::run(only);
}
