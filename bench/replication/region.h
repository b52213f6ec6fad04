// One node of the measured pair: node, log and links joined as the daemon joins them (src/app/tandemd/runtime.cc), with
// a stamp where a command enters the loop and where a record is applied. One process each.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "codec/crypto.h"
#include "io/aside/aside.h"
#include "io/clock/clock.h"
#include "io/key_store/key_store.h"
#include "io/log_sqlite/log.h"
#include "io/peer_tls/peers.h"
#include "measure.h"
#include "node/node.h"
#include "record/flow_json.h"
#include "record/record.h"

namespace tandem::bench {

inline constexpr std::uint16_t kOrigin = 1;  // the node that is given commands
inline constexpr std::uint16_t kFar = 2;
inline constexpr std::size_t kRecordsMax = 12'000'000;

// What parent and both nodes see. Moments are by the origin's sequence.
struct Board {
  struct Side {
    std::atomic<std::uint16_t> port = 0;
    std::atomic<bool> linked = false;
    std::atomic<bool> settled = false;
    std::atomic<std::uint64_t> worlds = 0;  // how often the world was summed up
    char sum[32] = {};
    std::atomic<std::uint64_t> world_bytes = 0;
    std::atomic<std::uint64_t> answered = 0;  // replies that said yes
    std::atomic<std::uint64_t> refused = 0;
    std::atomic<std::uint64_t> fallbacks = 0;
    std::atomic<std::uint64_t> record_bytes = 0;
    std::atomic<std::uint64_t> records = 0;
    std::atomic<std::uint64_t> syncs = 0;
    std::atomic<std::uint64_t> step_ns = 0;  // spent in Node::step
  };
  Side side[2];
  std::atomic<std::uint64_t> sequence = 0;  // of the origin's last record
  std::atomic<std::uint64_t> applied = 0;   // of those, by the far node
  std::int64_t offered_at[kRecordsMax];
  std::int64_t entered_at[kRecordsMax];
  std::int64_t applied_at[kRecordsMax];
};

class Region {
 public:
  struct Offered {
    Input input;
    std::int64_t at = 0;
  };

  Region(std::uint16_t self, Board& board, const std::string& dir, const std::string& pki)
      : board_(board), side_(board.side[self - 1]), self_(self), keys_(std::string(32, 'k')) {
    auto opened = log_sqlite::Log::open(dir, {});
    if (!opened) die(opened.error().detail);
    log_ = std::move(opened->log);
    const Now now = clock_.now();
    rng_.state = static_cast<std::uint64_t>(boot_ns()) * 0x9e3779b97f4a7c15U + self;
    NodeOptions options;
    options.self = NodeId{self};
    options.incarnation = Incarnation{now.hlc.milliseconds() << 16 | (rng_.next() & 0xffff)};
    options.region = self == kOrigin ? "us-east-1" : "us-west-2";
    for (const std::uint16_t node : {kOrigin, kFar}) {
      membership::Member member;
      member.node = NodeId{node};
      member.region = node == kOrigin ? "us-east-1" : "us-west-2";
      options.members.push_back(member);
    }
    options.disk_was_empty = true;
    options.timers.grace = std::chrono::hours(24);  // nobody's browser holds these chats
    options.compile = &record::compile_or_null;
    options.cluster.replication.self = options.self;
    options.cluster.replication.incarnation = options.incarnation;
    options.cluster.replication.schema = record::kSchema;
    options.cluster.replication.amnesiac = true;
    own_ = LogId{options.self, options.incarnation};
    node_ = std::make_unique<Node>(options, Rng{rng_.next()}, std::map<LogId, cluster::OnDisk>{}, now);
    log_sqlite::Events log_events;
    log_events.durable = [this](log_sqlite::Ticket ticket) { durable(ticket.value()); };
    log_events.refused = [](log_sqlite::Ticket, const Error& error) { die("the disk is full: " + error.detail); };
    log_events.damaged = [](const log_sqlite::Damaged&) { die("a damaged record"); };
    log_events.forked = [](LogId, Sequence) { die("a forked log"); };
    log_events.fatal = [](const Error& error) { die("the disk failed: " + error.detail); };
    log_->start(std::move(log_events));

    peer::Options peers;
    peers.self = options.self;
    peers.ca_file = pki + "/ca.pem";
    peers.cert_file = pki + "/node-" + std::to_string(self) + ".pem";
    peers.key_file = pki + "/node-" + std::to_string(self) + ".key";
    peer::Events peer_events;
    peer_events.on_up = [this](NodeId peer) { post(LinkUp{peer}); };
    peer_events.on_down = [this](NodeId peer, std::string reason) {
      std::fprintf(stderr, "node %u: the link is down: %s\n", self_, reason.c_str());
      post(LinkDown{peer});
    };
    peer_events.on_frame = [this](NodeId peer, std::string bytes) { post(FrameIn{peer, std::move(bytes)}); };
    auto started =
        peer::Peers::start(std::move(peers), std::move(peer_events), [](std::string_view level, std::string text) {
          if (level == "error") std::fprintf(stderr, "%s\n", text.c_str());
        });
    if (!started) die(started.error().detail);
    peers_ = std::move(*started);
    side_.port = peers_->port();
    const auto& other = board.side[2 - self];
    if (!wait_for(20'000, [&] { return other.port != 0; })) die("the other node does not come");
    peers_->set_peers({{NodeId{static_cast<std::uint16_t>(3 - self)}, "127.0.0.1", other.port}});
    loop_ = std::thread([this] { run(); });
  }
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;
  ~Region() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    loop_.join();
    peers_->stop();
    aside_.reset();
    log_.reset();
  }

  void post(Input input) {
    std::vector<Offered> one;
    one.push_back({std::move(input), 0});
    post(std::move(one));
  }
  void post(std::vector<Offered> some) {
    bool first = false;
    {
      const std::lock_guard lock(mutex_);
      first = inputs_.empty();
      std::ranges::move(some, std::back_inserter(inputs_));
    }
    if (first) wake_.notify_one();
  }
  // On the loop; waits for it.
  void look(std::function<void(const World&, const Local&)> at) {
    std::atomic<bool> done = false;
    post(Query{[&](const World& world, const Local& local) {
                 at(world, local);
                 done = true;
               },
               {}});
    if (!wait_for(60'000, [&] { return done.load(); })) die("the loop does not answer");
  }
  Uuid mint() { return mint_uuid(Hlc::at(utc_ms_), rng_); }
  KeyStore& keys() { return keys_; }

  // Orders that must be done before the measuring.
  void order_later(Verb verb, std::vector<cluster::KeyRow> rows = {}) {
    ++orders_;
    post(Command{mint(), std::move(verb), false, std::move(rows)});
  }
  void wait_for_orders() {
    if (!wait_for(30'000, [&] { return side_.answered + side_.refused >= orders_; })) die("an order is not answered");
    if (side_.refused > 0) die("an order is refused: " + why_);
  }

 private:
  void durable(std::uint64_t ticket) {
    {
      const std::lock_guard lock(mutex_);
      if (!inputs_.empty()) {
        // A later ticket says what an earlier one says.
        if (auto* last = std::get_if<Durable>(&inputs_.back().input)) {
          last->ticket = ticket;
          return;
        }
      }
    }
    post(Durable{ticket});
  }

  void run() {
    pthread_setname_np(pthread_self(), "loop");
    log_->append(log_sqlite::Batch{{}, {}, log_sqlite::Identity{own_.origin, own_.incarnation}}, log_sqlite::Ticket{0});
    deliver(node_->start(clock_.now()), 0, boot_ns());
    flush();
    std::vector<Offered> batch;
    for (;;) {
      {
        std::unique_lock lock(mutex_);
        const auto sleep = node_->next_wake() - clock_.now().mono;
        if (inputs_.empty() && !stopping_ && sleep > 0ns)
          wake_.wait_for(lock, std::min<std::chrono::nanoseconds>(sleep, 1s));
        if (stopping_) return;
        batch.swap(inputs_);
      }
      if (batch.empty()) batch.push_back({Tick{}, 0});
      std::size_t done = 0;
      for (Offered& offered : batch) {
        const std::int64_t entered = boot_ns();
        Outputs outputs = node_->step(std::move(offered.input), clock_.now());
        const std::int64_t applied = boot_ns();
        side_.step_ns += static_cast<std::uint64_t>(applied - entered);
        stamp(outputs, offered.at, entered, applied);
        deliver(std::move(outputs));
        if (++done % kAppendInputsMax == 0) flush();
      }
      flush();
      batch.clear();
      const NodeCounters& counters = node_->counters();
      side_.fallbacks = counters.fallbacks;
      if (!side_.settled) {
        side_.linked = node_->cluster().linked(NodeId{static_cast<std::uint16_t>(3 - self_)});
        const Local& local = node_->local();
        side_.settled = local.settled && local.may_ack && side_.linked &&
                        node_->world().failover().state(NodeId{self_}) == failover::MemberState::active;
      }
      const log_sqlite::Stats stats = log_->stats();
      side_.syncs = stats.syncs;
    }
  }

  void stamp(const Outputs& outputs, std::int64_t offered, std::int64_t entered, std::int64_t applied) {
    if (!outputs.append) return;
    for (const LogEntry& entry : outputs.append->entries) {
      if (entry.log.origin != NodeId{kOrigin}) continue;
      const std::uint64_t at = entry.sequence.value();
      if (at >= kRecordsMax) die("more records than this benchmark has room for");
      if (self_ == kOrigin) {
        board_.offered_at[at] = offered == 0 ? entered : offered;
        board_.entered_at[at] = entered;
        side_.record_bytes += entry.record.bytes.size();
        side_.records += 1;
        board_.sequence = at;
      } else {
        board_.applied_at[at] = applied;
        board_.applied = at;
      }
    }
  }

  void deliver(Outputs outputs) {
    if (outputs.append) {
      pending_ticket_ = outputs.append->ticket;
      for (LogEntry& entry : outputs.append->entries) {
        for (const cluster::KeyRow& row : entry.record.keys) {
          keys_.put(row);
          pending_.keys.push_back({row.key, row.erased ? std::nullopt : std::optional(row.wrapped)});
        }
        pending_.records.push_back({entry.log, entry.sequence, std::move(entry.record.bytes)});
      }
    }
    if (outputs.snapshot) {
      flush();
      const auto kept = [this](const Result<void>& saved) {
        if (saved) return;
        const std::lock_guard lock(mutex_);
        if (!stopping_) die("a snapshot was not kept: " + saved.error().detail);
      };
      aside_->run([this] { return node_->world().snapshot(); },
                  [this, kept, vector = std::move(outputs.snapshot->vector)](Result<std::string> bytes) {
                    if (!bytes) return kept(std::unexpected(bytes.error()));
                    log_->save_snapshot({vector, std::move(*bytes)}, kept);
                  });
    }
    for (const auto& [to, bytes] : outputs.frames) peers_->send(to, bytes);
    for (const cluster::ReadLog& read : outputs.reads) read_log(read);
    for (const NodeId peer : outputs.reconnect) peers_->redial(peer);
    for (Out& out : outputs.out) {
      if (const auto* reply = std::get_if<Reply>(&out)) {
        if (!reply->result) why_ = reply->result.error().detail;
        ++(reply->result ? side_.answered : side_.refused);
      }
      if (const auto* answer = std::get_if<std::function<void()>>(&out); answer != nullptr && *answer) (*answer)();
    }
  }
  void deliver(Outputs outputs, std::int64_t offered, std::int64_t entered) {
    stamp(outputs, offered, entered, boot_ns());
    deliver(std::move(outputs));
  }

  void flush() {
    if (pending_ticket_ == 0) return;
    log_->append(std::exchange(pending_, {}), log_sqlite::Ticket{std::exchange(pending_ticket_, 0)});
  }

  void read_log(const cluster::ReadLog& read) {
    const Sequence from{read.after.value() == 0 ? 0 : read.after.value() - 1};
    log_->read(read.log, from, 4096, read.bytes_max + (64U << 10), [this, read](Result<log_sqlite::Read> got) {
      if (!got) return;
      LogRead in{read, Sequence{read.after.value() + 1}, 0, {}};
      for (log_sqlite::Record& rec : got->records) {
        if (rec.sequence == read.after) {
          in.hash_before = cluster::record_hash(rec.bytes);
          continue;
        }
        if (in.records.empty()) in.first = rec.sequence;
        in.records.push_back({std::move(rec.bytes), {}});
      }
      post(std::move(in));
    });
  }

  static constexpr std::size_t kAppendInputsMax = 64;

  Board& board_;
  Board::Side& side_;
  const std::uint16_t self_;
  KeyStore keys_;
  Clock clock_;
  Rng rng_;
  const std::uint64_t utc_ms_ = clock_.now().hlc.milliseconds();
  LogId own_;
  std::unique_ptr<log_sqlite::Log> log_;
  std::unique_ptr<aside::Aside> aside_ = std::make_unique<aside::Aside>();
  std::unique_ptr<Node> node_;
  std::unique_ptr<peer::Peers> peers_;
  log_sqlite::Batch pending_;
  std::uint64_t pending_ticket_ = 0;
  std::string why_;  // the last refusal
  std::uint64_t orders_ = 0;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Offered> inputs_;
  bool stopping_ = false;
  std::thread loop_;
};

}  // namespace tandem::bench
