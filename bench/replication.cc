// How many records a second two nodes make durable on both their disks, and how soon after a command the other node has
// applied its record; Redis (stream and replica, AOF everysec) and NATS (JetStream stream and mirror, file storage) are
// measured in the same run, in turns, with records of the same size.
//
// Two processes, each a node with its log and its links over TLS, all on loopback and on one disk. The first is given
// what customers do in live chats: three messages to one change of attributes, sealed under each customer's key. A
// record counts when its command was answered, so it is on both disks; Redis and NATS answer before any disk has it.
//
// usage: script/bench replication [--rounds N] [--seconds S] [--rates max,10000,...] [--only tandem]
#include <sys/stat.h>

#include <cmath>
#include <filesystem>
#include <memory>
#include <optional>
#include <sstream>

#include "io/pki/pki.h"
#include "replication/measure.h"
#include "replication/peers.h"
#include "replication/region.h"

namespace tandem::bench {
namespace {

constexpr std::size_t kContacts = 1'000;
constexpr std::size_t kOrdersUnanswered = 8'192;
constexpr std::size_t kBundle = 64;
constexpr std::uint32_t kMax = 0;  // the rate that offers as much as is acknowledged
constexpr char kFlow[] = R"({"Version":"2019-10-30","StartAction":"rest","Actions":[
 {"Identifier":"rest","Type":"Wait","Parameters":{"TimeLimitSeconds":"604800"},"Transitions":{"NextAction":"bye",
  "Conditions":[{"NextAction":"bye","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],
  "Errors":[{"NextAction":"bye","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"bye","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]})";

// How the parent gives its nodes work: a numbered job at a time.
struct Shared {
  Board board;
  std::atomic<std::uint64_t> job_number = 0;
  std::atomic<std::uint64_t> job_done = 0;
  std::atomic<bool> ready = false;
  std::atomic<bool> sum_up = false;
  std::atomic<bool> end = false;
  Job job;
  // What the origin says of a job.
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  double acked_per_second = 0;
  double delivered_per_second = 0;
};

// The customers of the origin: what they say was sealed beforehand, as it is before it comes to the loop.
class Customers {
 public:
  Customers(Region& region, Board& board) : region_(region), board_(board), side_(board.side[0]) {
    const FlowId flow{region.mint()};
    region.order_later(config::Create{
        config::Kind::flow, flow.value(), {{"name", "rest"}, {"type", "CONTACT_FLOW"}, {"content", kFlow}}});
    for (std::size_t n = 0; n < kContacts; ++n) {
      const auto [key, row] = region.keys().make(region.mint());
      region.keys().put(row);
      const auto seal = [&](std::string_view words) { return *region.keys().seal(key, words); };
      contact::Start start;
      start.id = ContactId{region.mint()};
      start.flow = flow;
      start.customer = region.mint();
      start.customer_name = seal("Cleo Customer");
      start.key = key;
      region.order_later(start, {row});
      One one;
      one.say.contact = start.id;
      one.say.item.content_type = "text/plain";
      one.say.item.role = contact::Role::customer;
      one.say.item.participant = start.customer;
      one.say.item.display_name = start.customer_name;
      one.say.item.content = seal("My last bill shows a charge that I do not know, twice.");
      one.set.contact = start.id;
      one.set.set["topic"] = seal("billing: unknown charge");
      one.change[0] = seal("the customer waits for an answer");
      one.change[1] = seal("the customer was given the answer");
      all_.push_back(std::move(one));
    }
    region.wait_for_orders();
  }

  void work(Shared& shared) {
    const Job job = shared.job;
    shared.first = board_.sequence + 1;
    const std::uint64_t before = side_.answered;
    const std::int64_t begun = boot_ns();
    const std::int64_t length = std::int64_t{job.milliseconds} * 1'000'000;
    given_ = before;
    if (job.per_second == kMax) {
      std::uint64_t warm_answered = 0;
      std::uint64_t warm_applied = 0;
      std::int64_t warm_at = 0;
      while (boot_ns() - begun < length) {
        if (warm_at == 0 && boot_ns() - begun > length / 5) {
          warm_answered = side_.answered;
          warm_applied = board_.applied;
          warm_at = boot_ns();
        }
        give(kBundle);
        while (given_ - side_.answered > kOrdersUnanswered && boot_ns() - begun < length)
          sleep_until(boot_ns() + 50'000);
      }
      const double seconds = static_cast<double>(boot_ns() - warm_at) / 1e9;
      shared.acked_per_second = static_cast<double>(side_.answered - warm_answered) / seconds;
      shared.delivered_per_second = static_cast<double>(board_.applied - warm_applied) / seconds;
    } else {
      offer(job, [&](std::size_t count) { give(count); });
      shared.acked_per_second =
          static_cast<double>(side_.answered - before) / (static_cast<double>(boot_ns() - begun) / 1e9);
    }
    if (!wait_for(20'000, [&] { return side_.answered == given_; })) die("orders are not answered");
    shared.last = board_.sequence;
  }

 private:
  struct One {
    contact::Say say;
    contact::SetAttributes set;
    Text change[2];
  };

  void give(std::size_t count) {
    std::vector<Region::Offered> orders;
    orders.reserve(count);
    for (std::size_t i = 0; i < count; ++i, ++turn_) {
      One& one = all_[turn_ % all_.size()];
      Command command{region_.mint(), one.say, false, {}};
      if (turn_ % 4 == 3) {
        one.set.set["state"] = one.change[turn_ / all_.size() % 2];
        command.verb = one.set;
      }
      orders.push_back({std::move(command), boot_ns()});
    }
    given_ += count;
    region_.post(std::move(orders));
  }

  Region& region_;
  Board& board_;
  Board::Side& side_;
  std::vector<One> all_;
  std::size_t turn_ = 0;
  std::uint64_t given_ = 0;
};

[[noreturn]] void be_node(std::uint16_t self, Shared& shared, const std::string& dir) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::signal(SIGPIPE, SIG_IGN);
  {
    Region region(self, shared.board, dir + "/node-" + std::to_string(self), dir + "/pki");
    Board::Side& side = shared.board.side[self - 1];
    if (!wait_for(30'000, [&] { return shared.board.side[0].settled.load() && shared.board.side[1].settled.load(); })) {
      die("the nodes do not find each other");
    }
    std::optional<Customers> customers;
    if (self == kOrigin) {
      customers.emplace(region, shared.board);
      shared.ready = true;
    }
    while (!shared.end) {
      if (self == kOrigin && shared.job_number > shared.job_done) {
        customers->work(shared);
        ++shared.job_done;
      }
      if (shared.sum_up && side.worlds == 0) {
        region.look([&](const World& world, const Local&) {
          const std::string bytes = world.bytes();
          std::memcpy(side.sum, crypto::sha256(bytes).data(), sizeof side.sum);
          side.world_bytes = bytes.size();
        });
        side.worlds = 1;
      }
      sleep_ms(1);
    }
  }
  std::_Exit(0);
}

class Tandem {
 public:
  Tandem(Shared& shared, const std::string& dir) : shared_(shared) {
    for (const std::uint16_t self : {kOrigin, kFar}) {
      const pid_t pid = ::fork();
      if (pid == 0) be_node(self, shared, dir);
      if (pid < 0) die("cannot fork");
      nodes_.push_back(pid);
    }
    alive_until(60'000, [&] { return shared_.ready.load(); }, "the nodes are not ready");
  }
  ~Tandem() {
    shared_.end = true;
    for (const pid_t pid : nodes_) ::waitpid(pid, nullptr, 0);
  }

  Outcome run(const Job& job) {
    Board& board = shared_.board;
    shared_.job = job;
    ++shared_.job_number;
    alive_until(
        std::int64_t{job.milliseconds} * 4 + 30'000, [&] { return shared_.job_done == shared_.job_number; },
        "a phase does not end");
    Outcome out;
    out.acked_per_second = shared_.acked_per_second;
    out.delivered_per_second = shared_.delivered_per_second;
    out.whole = wait_for(20'000, [&] { return board.applied >= shared_.last; });
    out.records = shared_.last + 1 - shared_.first;
    std::vector<std::int64_t> lags;
    std::vector<std::int64_t> offered;
    for (std::uint64_t at = shared_.first + warm(out.records); at <= shared_.last && out.whole; ++at) {
      lags.push_back(board.applied_at[at] - board.entered_at[at]);
      offered.push_back(board.applied_at[at] - board.offered_at[at]);
    }
    out.lag = lag_of(std::move(lags));
    out.lag_offered = lag_of(std::move(offered));
    return out;
  }
  // Both worlds hold the same.
  bool equal() {
    shared_.sum_up = true;
    const auto& side = shared_.board.side;
    alive_until(60'000, [&] { return side[0].worlds == 1 && side[1].worlds == 1; }, "the worlds are not summed up");
    return std::memcmp(side[0].sum, side[1].sum, sizeof side[0].sum) == 0;
  }
  [[nodiscard]] std::size_t record_bytes() const {
    const auto& side = shared_.board.side[0];
    return side.records == 0 ? 250 : side.record_bytes / side.records;
  }

 private:
  void alive_until(std::int64_t ms, const std::function<bool()>& done, const char* what) {
    const bool good = wait_for(ms, [&] {
      for (const pid_t pid : nodes_) {
        int status = 0;
        if (::waitpid(pid, &status, WNOHANG) != pid) continue;
        die("a node ended " + (WIFSIGNALED(status) ? "by signal " + std::to_string(WTERMSIG(status))
                                                   : "with status " + std::to_string(WEXITSTATUS(status))));
      }
      return done();
    });
    if (!good) die(what);
  }
  Shared& shared_;
  std::vector<pid_t> nodes_;
};

struct Measured {
  std::vector<double> acked;
  std::map<std::uint32_t, std::vector<Outcome>> at;
  [[nodiscard]] double per_second() const { return median(acked); }
  template <class F>
  [[nodiscard]] double lag(std::uint32_t rate, F&& of) const {
    std::vector<double> values;
    for (const Outcome& out : at.at(rate)) values.push_back(of(out));
    return median(values);
  }
  [[nodiscard]] double p50(std::uint32_t rate) const {
    return lag(rate, [](const Outcome& o) { return o.lag.p50_ms; });
  }
  [[nodiscard]] double p99(std::uint32_t rate) const {
    return lag(rate, [](const Outcome& o) { return o.lag.p99_ms; });
  }
};

struct Options {
  std::size_t rounds = 3;
  std::uint32_t seconds = 2;
  std::vector<std::uint32_t> rates = {kMax, 1'000, 10'000, 50'000};
  bool alone = false;  // without the rivals
};

int measure(const Options& options) {
  // Not under /tmp, which may be memory.
  char name[] = "replication-bench.XXXXXX";
  if (::mkdtemp(name) == nullptr) die("no directory to work in");
  const std::string dir = std::filesystem::absolute(name).string();
  const pid_t parent = ::getpid();
  const auto remove = [&] {
    if (::getpid() == parent) std::filesystem::remove_all(dir);
  };
  const auto made = pki::init(dir + "/pki");
  if (!made) die(made.error().detail);
  for (const std::uint16_t node : {kOrigin, kFar}) {
    const auto issued = pki::issue(dir + "/pki", NodeId{node}, "node-" + std::to_string(node), {"127.0.0.1"});
    if (!issued) die(issued.error().detail);
  }
  Shared& shared = shared_memory<Shared>();
  int status = 0;
  {
    // The nodes are forked first, while this process has no threads.
    Tandem tandem(shared, dir);
    tandem.run({1'000, 500});
    const std::size_t bytes = tandem.record_bytes();
    std::unique_ptr<Rival> redis;
    std::unique_ptr<Rival> nats;
    if (!options.alone) {
      redis = std::make_unique<Redis>(dir, bytes);
      nats = std::make_unique<Nats>(dir, bytes);
    }
    std::printf("records of %zu bytes; %zu rounds of %u s at saturation and at each rate; medians at the end\n\n",
                bytes, options.rounds, options.seconds);
    std::printf("%-8s %8s %12s %12s %10s %10s %12s %12s\n", "", "offered", "acked/s", "applied/s", "p50 ms", "p99 ms",
                "p50 offered", "p99 offered");
    std::map<std::string, Measured> all;
    for (std::size_t round = 0; round < options.rounds; ++round) {
      for (const std::uint32_t rate : options.rates) {
        const auto one = [&](const char* who, auto& what) {
          const Outcome out = what.run(Job{rate, options.seconds * 1000});
          std::printf("%-8s %8s %12.0f %12.0f %10.3f %10.3f %12.3f %12.3f%s\n", who,
                      rate == kMax ? "max" : std::to_string(rate).c_str(), out.acked_per_second,
                      out.delivered_per_second, out.lag.p50_ms, out.lag.p99_ms, out.lag_offered.p50_ms,
                      out.lag_offered.p99_ms, out.whole ? "" : "   NOT ALL ARRIVED");
          std::fflush(stdout);
          if (!out.whole) status = 1;
          if (rate == kMax) {
            all[who].acked.push_back(out.acked_per_second);
          } else {
            all[who].at[rate].push_back(out);
          }
        };
        one("tandem", tandem);
        if (redis) one("redis", *redis);
        if (nats) one("nats", *nats);
      }
    }
    const bool equal = tandem.equal();
    const auto& sides = shared.board.side;
    const std::uint64_t records = sides[0].records;
    std::printf(
        "\n%llu records in %llu and %llu syncs; worlds of %llu bytes %s; %.1f us in step() a record here, %.1f there; "
        "%llu answers without a second disk\n",
        static_cast<unsigned long long>(records), static_cast<unsigned long long>(sides[0].syncs),
        static_cast<unsigned long long>(sides[1].syncs), static_cast<unsigned long long>(sides[0].world_bytes),
        equal ? "are equal" : "DIFFER", static_cast<double>(sides[0].step_ns) / 1e3 / static_cast<double>(records),
        static_cast<double>(sides[1].step_ns) / 1e3 / static_cast<double>(records),
        static_cast<unsigned long long>(sides[0].fallbacks));
    if (!equal || sides[0].refused > 0 || sides[0].fallbacks > 0) status = 1;

    const auto budget = [&](const char* what, double measured, double limit, bool most, const char* unit) {
      const bool good = most ? measured <= limit : measured >= limit;
      std::printf("budget %s %.3f %.3f %s %s\n", what, measured, limit, unit, good ? "ok" : "short");
    };
    const Measured& ours = all["tandem"];
    if (!ours.acked.empty()) {
      budget("durable_records", ours.per_second(), 100'000, false, "records/s");
      if (redis)
        budget("durable_records_against_redis", ours.per_second() / all["redis"].per_second(), 0.7, false, "ratio");
    }
    if (ours.at.contains(10'000)) {
      budget("lag_p50_at_10k", ours.p50(10'000), 0.6, true, "ms");
      if (redis) budget("lag_p99_at_10k_against_redis", ours.p99(10'000), all["redis"].p99(10'000), true, "ms");
    }
  }
  remove();
  return status;
}

}  // namespace
}  // namespace tandem::bench

int main(int argc, char** argv) {
  tandem::bench::Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    const std::string value = argv[i + 1];
    if (name == "--rounds") options.rounds = std::max(1UL, std::stoul(value));
    if (name == "--seconds") options.seconds = std::max(1U, static_cast<std::uint32_t>(std::stoul(value)));
    if (name == "--only") options.alone = value == "tandem";
    if (name != "--rates") continue;
    options.rates.clear();
    std::istringstream words(value);
    for (std::string word; std::getline(words, word, ',');) {
      options.rates.push_back(word == "max" ? tandem::bench::kMax : static_cast<std::uint32_t>(std::stoul(word)));
    }
  }
  return tandem::bench::measure(options);
}
