#include "app/tandemd/runtime.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include "base/overloaded.h"

#include "app/tandemd/endpoints.h"
#include "app/tandemd/functions.h"
#include "app/tandemd/rebuild.h"
#include "app/tandemd/synthetic.h"
#include "base/check.h"
#include "codec/crypto.h"
#include "core/customer/erasure.h"
#include "io/log_sqlite/read_for_peer.h"
#include "record/flow_json.h"
#include "record/record.h"

namespace tandem::app {
namespace {

constexpr char kBuild[] = "tandem 0.1.0";
constexpr std::size_t kAppendInputsMax = 64;  // inputs of a turn whose records go to the log as one batch

std::uint64_t random64() {
  const std::string bytes = crypto::random_bytes(8);
  std::uint64_t out = 0;
  for (const char c : bytes) out = out << 8 | static_cast<std::uint8_t>(c);
  return out;
}

std::uint16_t port_of(const std::string& address) {
  std::uint16_t port = 0;
  const auto colon = address.rfind(':');
  if (colon != std::string::npos) std::from_chars(address.data() + colon + 1, address.data() + address.size(), port);
  return port;
}

std::optional<failover::Said::Synthetic> said_of(const cluster::Synthetic& from) {
  if (!from.on) return std::nullopt;
  return failover::Said::Synthetic{from.failing, from.served ? std::optional(from.ago) : std::nullopt, from.took};
}

}  // namespace

Runtime::Runtime(Settings settings, LogLine log)
    : settings_(std::move(settings)), log_line_(std::move(log)), mint_rng_{random64()} {
  if (!settings_.faults) return;
  faults_ = std::make_shared<Faults>();
  clock_ = Clock([faults = faults_] { return faults->wall(); });
}

Runtime::~Runtime() { stop(); }

Result<std::unique_ptr<Runtime>> Runtime::start(Settings settings, LogLine log) {
  std::unique_ptr<Runtime> out(new Runtime(std::move(settings), std::move(log)));
  if (auto good = out->boot(); !good) return std::unexpected(good.error());
  if (auto good = out->listen(); !good) return std::unexpected(good.error());
  return out;
}

Result<void> Runtime::boot() {
  const auto centre_key = read_secret(settings_.centre_key);
  if (!centre_key) return std::unexpected(centre_key.error());
  if (centre_key->size() < 32) return fail(Errc::invalid, "the centre key has fewer than 32 characters");
  keys_ = std::make_unique<KeyStore>(*centre_key);
  tokens_ = std::make_unique<TokenSigner>(*centre_key);

  log_sqlite::Options options;
  options.free_bytes_min = settings_.free_bytes_min;
  if (faults_) options.before_commit = [faults = faults_] { return faults->before_commit(); };
  auto opened = log_sqlite::Log::open(settings_.data, options);
  if (!opened) return std::unexpected(opened.error());
  log_ = std::move(opened->log);
  if (opened->identity && opened->identity->node != settings_.node) {
    return fail(Errc::invalid, settings_.data + " belongs to node " + std::to_string(opened->identity->node.value()));
  }

  const Now now = read_clock();
  started_ = now.mono;
  // Every start is a new incarnation: no log is ever continued on a disk that may be shorter than its peers' copies.
  incarnation_ = Incarnation{now.hlc.milliseconds() << 16 | (random64() & 0xffff)};
  NodeOptions node;
  node.self = settings_.node;
  node.incarnation = incarnation_;
  node.hub = settings_.hub;
  node.region = settings_.region;
  node.instance_arn =
      "arn:aws:connect:" + settings_.region + ":" + settings_.account + ":instance/" + settings_.instance.text();
  node.build = kBuild;
  node.members = settings_.members;
  node.disk_was_empty = opened->fresh || opened->rescued;
  node.timers = settings_.timers;
  node.compile = &record::compile_or_null;
  node.cluster.detector.hold_down = settings_.timers.hold;
  node.cluster.replication.self = settings_.node;
  node.cluster.replication.incarnation = incarnation_;
  node.cluster.replication.schema = record::kSchema;
  node.cluster.replication.build = kBuild;
  node.cluster.replication.amnesiac = node.disk_was_empty;

  const auto begun = std::chrono::steady_clock::now();
  auto rebuilt = rebuild(*log_, opened->snapshot, node.compile);
  if (!rebuilt) return std::unexpected(rebuilt.error());
  opened->snapshot.reset();  // it may be large
  if (rebuilt->snapshot_refused) log("warning", "the newest snapshot cannot be loaded; the whole log was read");
  for (const log_sqlite::Damaged& d : rebuilt->damaged) {
    log("error", "damaged record: node " + std::to_string(d.log.origin.value()) + ", incarnation " +
                     std::to_string(d.log.incarnation.value()) + ", sequence " + std::to_string(d.sequence.value()) +
                     "; it is fetched from a peer");
  }
  auto damaged_keys = log_->keys(
      [&](log_sqlite::KeyRow row) { keys_->put({row.id, row.wrapped.value_or(""), !row.wrapped.has_value()}); });
  if (!damaged_keys) return std::unexpected(damaged_keys.error());
  // The end of a former life may have come between the word and the deed.
  std::set<KeyId> overdue;
  for (const KeyId key : customer::erased_keys(rebuilt->world.access(), rebuilt->world.customers())) {
    if (!keys_->erased(key)) overdue.insert(key);
  }
  node_ = std::make_unique<Node>(node, Rng{random64()}, rebuilt->on_disk, now);
  node_->adopt(std::move(rebuilt->world), rebuilt->newest);
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun);
  log("info", "rebuilt the world from " + std::to_string(rebuilt->records) + " records and " +
                  std::to_string(keys_->size()) + " keys in " + std::to_string(took.count()) + " ms");
  if (rebuilt->undecodable > 0)
    log("error", std::to_string(rebuilt->undecodable) + " records of the log cannot be understood by this build");

  log_sqlite::Events events;
  events.durable = [this](log_sqlite::Ticket ticket) { post_durable(ticket.value()); };
  events.refused = [this](log_sqlite::Ticket ticket, const Error& error) {
    log("error", "the disk takes no more records (" + error.detail + "): new work is refused until there is room");
    post(Full{ticket.value()});
  };
  events.damaged = [this](const log_sqlite::Damaged& d) {
    log("error", "damaged record: node " + std::to_string(d.log.origin.value()) + ", sequence " +
                     std::to_string(d.sequence.value()) + "; asking the peers for it");
    post(tandem::Damaged{d.log, d.sequence});
  };
  events.forked = [this](LogId id, Sequence sequence) {
    fail_with("the log of node " + std::to_string(id.origin.value()) + " is forked at sequence " +
              std::to_string(sequence.value()));
  };
  events.fatal = [this](const Error& error) { fail_with("the disk failed: " + error.detail); };
  log_->start(std::move(events));
  erase(overdue);

  open_geo_ip();
  client_ = std::make_unique<http::Client>();
  functions_ = std::make_unique<Functions>(
      settings_, *client_, *keys_, [this] { return read_clock().mono; }, [this] { return mint(); },
      [this](Command command) { post(std::move(command)); },
      [this](std::string_view level, std::string text) { log(level, std::move(text)); });

  identity_.account = settings_.account;
  identity_.instance = settings_.instance;
  identity_.instance_alias = settings_.alias;
  identity_.region = settings_.region;
  follow(settings_.members);
  identity_.gateway_only = settings_.hub;
  if (settings_.hub && !identity_.regions.empty()) identity_.region = identity_.regions.front();
  identity_.tls = !settings_.public_cert.empty();
  identity_.build = kBuild;
  return {};
}

// Nearness is a convenience: the node serves without it.
void Runtime::open_geo_ip() {
  if (settings_.geo_ip.empty()) return;
  auto database = geo_ip::Database::open(settings_.geo_ip);
  if (!database) {
    log("error", "'geo_ip': " + database.error().detail + "; callers' addresses say nothing about where they are");
    return;
  }
  log("info", "callers' addresses are looked up in " + settings_.geo_ip + " (" + database->about() + ")");
  geo_ip_ = std::move(*database);
}

Result<void> Runtime::listen() {
  peer::Options peer_options;
  peer_options.self = settings_.node;
  peer_options.address = settings_.peer_listen.address;
  peer_options.port = settings_.peer_listen.port;
  peer_options.from = settings_.peer_from;
  peer_options.ca_file = settings_.peer_ca;
  peer_options.cert_file = settings_.peer_cert;
  peer_options.key_file = settings_.peer_key;
  peer::Events peer_events;
  peer_events.on_up = [this](NodeId peer) {
    log("info", "link to node " + std::to_string(peer.value()) + " is up");
    post(LinkUp{peer});
  };
  peer_events.on_down = [this](NodeId peer, std::string reason) {
    log("warning", "link to node " + std::to_string(peer.value()) + " is down: " + reason);
    post(LinkDown{peer});
  };
  peer_events.on_frame = [this](NodeId peer, std::string bytes) { post(FrameIn{peer, std::move(bytes)}); };
  auto peers = peer::Peers::start(std::move(peer_options), std::move(peer_events),
                                  [this](std::string_view level, std::string text) { log(level, std::move(text)); });
  if (!peers) return std::unexpected(peers.error());
  peers_ = std::move(*peers);
  follow(settings_.members);

  loop_ = std::thread([this] { run(); });

  http::ServerOptions server;
  server.address = settings_.public_listen.address;
  server.port = settings_.public_listen.port;
  server.cert_file = settings_.public_cert;
  server.key_file = settings_.public_key;
  identity_.public_host = settings_.public_listen.address + ":" + std::to_string(settings_.public_listen.port);
  for (const auto* listed : {&settings_.members, &settings_.others}) {
    const auto self = std::ranges::find(*listed, settings_.node, &membership::Member::node);
    if (self == listed->end()) continue;
    const auto scheme = self->public_url.find("://");
    if (scheme != std::string::npos) identity_.public_host = self->public_url.substr(scheme + 3);
  }
  const Endpoints endpoints = make_endpoints(*this);
  api_ = endpoints.keep;
  if (settings_.synthetic_every_s > 0 && !settings_.hub) {
    const auto self = std::ranges::find(members_, settings_.node, &membership::Member::node);
    const bool tls = !settings_.public_cert.empty();
    synthetic_ = std::make_unique<Synthetic>(
        Synthetic::Options{std::chrono::seconds(settings_.synthetic_every_s), settings_.node,
                           self == members_.end() ? settings_.region : membership::name_of(*self), settings_.region,
                           (tls ? "https://" : "http://") + identity_.public_host, tls ? settings_.peer_ca : "",
                           settings_.instance, settings_.data},
        *this);
  }
  if (!settings_.webhook.empty()) {
    const auto self = std::ranges::find(members_, settings_.node, &membership::Member::node);
    pager_ = std::make_shared<Pager>(
        Pager::Options{settings_.webhook, settings_.node,
                       self == members_.end() ? settings_.region : membership::name_of(*self), settings_.region},
        *client_, endpoints.problems, [this] { return read_clock(); },
        [this](std::string text) { log("warning", std::move(text)); });
  }
  auto started = http::Server::start(std::move(server), endpoints.handler, endpoints.accept,
                                     [this](std::string_view level, std::string text) { log(level, std::move(text)); });
  if (!started) return std::unexpected(started.error());
  server_ = std::move(*started);
  probes_ = std::thread([this] { probe_loop(); });
  return {};
}

void Runtime::stop() {
  if (server_) server_->stop();
  {
    const std::lock_guard lock(probe_mutex_);
    const std::lock_guard also(mutex_);
    stopping_ = true;
  }
  probe_wake_.notify_all();
  wake_.notify_all();
  if (probes_.joinable()) probes_.join();
  if (synthetic_) synthetic_->stop();
  if (client_) client_->stop();
  if (loop_.joinable()) loop_.join();
  if (peers_) peers_->stop();
  peers_.reset();
  aside_.reset();
  log_.reset();
}

void Runtime::post(Input input) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    inputs_.push_back(std::move(input));
    if (inputs_.size() > 1) return;  // the loop is awake already, or will see it
  }
  wake_.notify_one();
}

// A later ticket says what an earlier one says: of those that wait in a row, the last stays.
void Runtime::post_durable(std::uint64_t ticket) {
  {
    const std::lock_guard lock(mutex_);
    if (!inputs_.empty()) {
      if (auto* last = std::get_if<Durable>(&inputs_.back())) {
        last->ticket = ticket;
        return;
      }
    }
  }
  post(Durable{ticket});
}

void Runtime::run() {
  const auto now = [this] { return read_clock(); };
  const auto timed = [&](auto&& step) {
    const auto begun = std::chrono::steady_clock::now();
    Outputs outputs = step();
    const auto ns = static_cast<std::uint64_t>((std::chrono::steady_clock::now() - begun).count());
    if (ns > step_ns_max_) step_ns_max_ = ns;
    deliver(std::move(outputs));
  };
  // The identity is durable with the first record of this life.
  log_->append(log_sqlite::Batch{{}, {}, log_sqlite::Identity{settings_.node, incarnation_}}, log_sqlite::Ticket{0});
  timed([&] { return node_->start(now()); });
  flush();
  std::vector<Input> batch;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      const Mono due = node_->next_wake();
      const auto sleep = due - now().mono;
      if (inputs_.empty() && !stopping_ && sleep > 0ns)
        wake_.wait_for(lock, std::min<std::chrono::nanoseconds>(sleep, 1s));
      if (stopping_) return;
      batch.swap(inputs_);
    }
    if (batch.empty()) batch.push_back(Tick{});
    std::size_t taken = 0;
    for (Input& input : batch) {
      timed([&] { return node_->step(std::move(input), now()); });
      if (++taken % kAppendInputsMax == 0) flush();
    }
    flush();
    batch.clear();
  }
}

// What a turn of the loop appends goes to the log as one batch, or as a few when the turn is long: the disk is not to
// wait for its end.
void Runtime::append(Append append) {
  pending_ticket_ = append.ticket;
  for (LogEntry& entry : append.entries) {
    for (const cluster::KeyRow& row : entry.record.keys) {
      keys_->put(row);
      pending_.keys.push_back({row.key, row.erased ? std::nullopt : std::optional(row.wrapped)});
    }
    pending_.records.push_back({entry.log, entry.sequence, std::move(entry.record.bytes)});
  }
}

// In memory at once; on the disk with what is appended in the same turn.
void Runtime::erase(const std::set<KeyId>& keys) {
  for (const KeyId key : keys) {
    keys_->erase(key);
    pending_.keys.push_back({key, std::nullopt});
  }
  if (pending_ticket_ == 0 && !keys.empty()) log_->append(std::exchange(pending_, {}), log_sqlite::Ticket{0});
}

void Runtime::flush() {
  if (pending_ticket_ == 0) return;
  log_->append(std::exchange(pending_, {}), log_sqlite::Ticket{std::exchange(pending_ticket_, 0)});
}

void Runtime::deliver(Outputs outputs) {
  if (outputs.snapshot && outputs.snapshot->from_peer) {
    // Before the append: its records follow the snapshot.
    const Vector vector = outputs.snapshot->vector;
    flush();
    log_->adopt_snapshot({vector, std::move(outputs.snapshot->bytes)}, [this, vector](Result<void> saved) {
      if (saved) {
        post(SnapshotSaved{vector});
      } else {
        fail_with("a peer's snapshot could not be saved: " + saved.error().detail);
      }
    });
    outputs.snapshot.reset();
  }
  if (outputs.append) append(std::move(*outputs.append));
  erase(outputs.keys_erased);
  if (outputs.snapshot) {
    flush();
    const auto kept = [this](const Result<void>& saved) {
      if (saved) return;
      const std::lock_guard lock(mutex_);
      if (!stopping_) log("warning", "a snapshot was not kept: " + saved.error().detail);
    };
    aside_->run([this] { return node_->world().snapshot(); },
                [this, kept, vector = std::move(outputs.snapshot->vector)](Result<std::string> bytes) {
                  if (!bytes) return kept(std::unexpected(bytes.error()));
                  log_->save_snapshot({vector, std::move(*bytes)}, kept);
                });
  }
  if (outputs.truncate) {
    log_->truncate(std::move(*outputs.truncate), [this](Result<void> done) {
      if (!done) log("warning", "old records were not deleted: " + done.error().detail);
    });
  }
  for (auto& [to, bytes] : outputs.frames) peers_->send(to, bytes);
  for (const cluster::ReadLog& read : outputs.reads) {
    log_sqlite::read_for_peer(*log_, read, [this](LogRead answer) { post(std::move(answer)); });
  }
  for (cluster::Repaired& repaired : outputs.repaired) {
    const std::string name = "node " + std::to_string(repaired.log.origin.value()) + ", sequence " +
                             std::to_string(repaired.sequence.value());
    log_->repair({repaired.log, repaired.sequence, std::move(repaired.record.bytes)}, [this, name](Result<void> done) {
      log(done ? "info" : "warning", "damaged record " + name + (done ? " is repaired" : ": " + done.error().detail));
    });
  }
  for (const cluster::Fork& fork : outputs.forks) {
    log("error", "node " + std::to_string(fork.peer.value()) + " holds another log of node " +
                     std::to_string(fork.log.origin.value()) + " from sequence " +
                     std::to_string(fork.sequence.value()) + " on: its stream is refused");
  }
  for (const NodeId peer : outputs.reconnect) peers_->redial(peer);
  if (outputs.members) follow(*outputs.members);
  for (Out& out : outputs.out) deliver(out);
}

void Runtime::deliver(Out& out) {
  std::visit(Overloaded{
                 [&](Reply& reply) {
                   std::vector<std::function<void(Result<Answer>)>> done;
                   {
                     const std::lock_guard lock(waiting_mutex_);
                     const auto at = waiting_.find(reply.command);
                     if (at == waiting_.end()) return;
                     done = std::move(at->second);
                     waiting_.erase(at);
                   }
                   for (const auto& each : done) each(reply.result);
                 },
                 [&](ShowSession& show) {
                   api::SessionSink sink;
                   {
                     const std::lock_guard lock(waiting_mutex_);
                     const auto at = sessions_.find(show.number);
                     if (at == sessions_.end()) return;
                     sink = at->second;
                   }
                   sink.show(show);
                 },
                 [&](DesktopEvent& event) {
                   std::vector<api::DesktopSink> sinks;
                   {
                     const std::lock_guard lock(waiting_mutex_);
                     for (const auto& [number, entry] : desktops_) {
                       if (entry.first == event.agent) sinks.push_back(entry.second);
                     }
                   }
                   for (const api::DesktopSink& sink : sinks) sink.event(event);
                 },
                 [&](InvokeFunction& effect) { functions_->invoke(std::move(effect)); },
                 [&](Resolve& effect) { functions_->resolve(std::move(effect)); },
                 [&](std::function<void()>& answer) {
                   if (answer) answer();
                 },
             },
             out);
}

void Runtime::probe_loop() {
  std::unique_lock lock(probe_mutex_);
  for (std::uint64_t turn = 0; !probe_wake_.wait_for(lock, 100ms, [&] { return stopping_; }); ++turn) {
    if (pager_ && turn % 10 == 0) pager_->look();
    bool doubted = false;
    {
      const std::lock_guard clock(clock_mutex_);
      doubted = clock_.doubted();
    }
    post(SelfReport{doubted, std::chrono::microseconds(step_ns_max_.exchange(0) / 1000),
                    synthetic_ ? synthetic_->reading().said : cluster::Synthetic{}});
    std::vector<membership::Member> members;
    {
      const std::lock_guard names(members_mutex_);
      members = members_;
    }
    for (const membership::Member& member : members) {
      if (member.node == settings_.node) continue;
      http::Fetch fetch;
      fetch.url = member.public_url + "/healthz";
      fetch.ca_file = member.public_url.starts_with("https://") ? settings_.peer_ca : "";
      fetch.timeout = 500ms;
      const NodeId node = member.node;
      client_->fetch(std::move(fetch), [this, node](Result<http::Response> response) {
        post(ApiProbe{node, response && response->status == 200});
      });
    }
  }
}

// Who may connect and is probed: the members, and until this node is one of them those that its settings name. The
// settings know best where a node is.
void Runtime::follow(const std::vector<membership::Member>& members) {
  std::map<NodeId, membership::Member> all;
  for (const membership::Member& member : members) all[member.node] = member;
  const bool in = all.contains(settings_.node);
  if (member_ && !in) fail_with("this node is no member of the centre any more: it was removed");
  member_ = in;
  if (std::string warning = warning_about(members.size()); warning != warned_) {
    warned_ = std::move(warning);
    if (!warned_.empty()) log("warning", warned_);
  }
  for (const auto* listed : {&settings_.members, &settings_.others}) {
    for (const membership::Member& member : *listed) {
      if (!in || all.contains(member.node)) all[member.node] = member;
    }
  }
  std::vector<peer::Peer> peers;
  {
    const std::lock_guard names(members_mutex_);
    members_.clear();
    identity_.regions.clear();
    for (const auto& [node, member] : all) {
      members_.push_back(member);
      if (!member.hub && std::ranges::find(identity_.regions, member.region) == identity_.regions.end()) {
        identity_.regions.push_back(member.region);
      }
      if (node == settings_.node) continue;
      const auto colon = member.peer_address.rfind(':');
      peers.push_back({node, member.peer_address.substr(0, colon), port_of(member.peer_address)});
    }
  }
  if (peers_) peers_->set_peers(std::move(peers));
}

api::Host::Identity Runtime::identity() const {
  const std::lock_guard names(members_mutex_);
  return identity_;
}

void Runtime::fail_with(std::string reason) {
  log("error", reason);
  const std::lock_guard lock(fatal_mutex_);
  if (!fatal_) fatal_ = std::move(reason);
}

std::optional<std::string> Runtime::fatal() const {
  const std::lock_guard lock(fatal_mutex_);
  return fatal_;
}

std::uint16_t Runtime::public_port() const { return server_->port(); }
http::ServerCounters Runtime::http_counters() const { return server_->counters(); }

void Runtime::facts(std::function<void(api::OpsFacts)> done) {
  auto out = std::make_shared<api::OpsFacts>();
  query(
      [this, out](const World& world, const Local& local) {
        const Now at = read_clock();
        const cluster::Cluster& net = node_->cluster();
        const LogId own{local.self, local.incarnation};
        for (const membership::Member& member : world.members().current().members) {
          if (member.node == local.self) continue;
          api::OpsFacts::Peer& peer = out->peers[member.node];
          peer.linked = net.linked(member.node);
          const Sequence held = net.replication().held(own);
          peer.behind = held.value() - std::min(held, net.replication().peer_seen(member.node, own)).value();
          if (const auto heard = net.detector().last_heard(member.node)) {
            peer.heard = std::chrono::duration_cast<std::chrono::milliseconds>(at.mono - *heard);
          }
          const cluster::SelfReport* report = net.report(member.node);
          if (report != nullptr && local.reachable.contains(member.node)) {
            out->said[member.node] = {report->disk_failing, report->clock_doubted, peer.behind,
                                      said_of(report->synthetic)};
          }
        }
        const bool doubted = [this] {
          const std::lock_guard lock(clock_mutex_);
          return clock_.doubted();
        }();
        out->said[local.self] = {node_->log_full(), doubted, 0, {}};
        if (synthetic_) {
          const Synthetic::Reading reading = synthetic_->reading();
          out->said[local.self].synthetic = said_of(reading.said);
          out->synthetic = {reading.served, reading.failed, reading.said.took};
          if (!reading.problem.empty()) out->problems.push_back(reading.problem);
        }
        out->ready = failover::ready(world.sees(node_->local()), out->said, Hlc::at(utc_ms()));
        out->lease = net.lease().holds(at);
        if (const auto since = net.lease().island_since(at)) {
          out->island_for = std::chrono::duration_cast<std::chrono::milliseconds>(at.mono - *since);
        }
        for (const auto& [log, stamp] : net.replication().paused()) out->paused[log.origin] = stamp - at.hlc;
        out->log_full = node_->log_full();
        out->counters = node_->counters();
        out->placed = node_->chooser().tally();
        for (const auto& group : distribution::groups(world.config(), world.members())) {
          const auto now = distribution::effective(world.sees(node_->local()), group, Hlc::at(utc_ms()));
          for (const auto& each : now.regions) out->shares.push_back({group.name, each.region, now.percent(each)});
        }
        out->sessions = node_->sessions();
        out->up = std::chrono::duration_cast<std::chrono::milliseconds>(at.mono - started_);
      },
      [this, out, done = std::move(done)] {
        const log_sqlite::Stats stats = log_->stats();
        out->log = {stats.records_appended, stats.queued_batches,          stats.records_damaged,
                    stats.records_repaired, stats.commit.percentile(50.0), stats.commit.percentile(99.0)};
        {
          const std::lock_guard lock(clock_mutex_);
          if (clock_.doubted()) {
            out->problems.push_back("the wall clock stands " + std::to_string(clock_.offset().count()) +
                                    " ms away from this node's time");
          }
        }
        if (faults_) {
          out->faults = faults_->standing();
          for (const std::string& each : out->faults->words()) out->problems.push_back(each);
        }
        done(*out);
      });
}

Result<void> Runtime::order_faults(const api::FaultOrder& order) {
  if (!faults_) return fail(Errc::refused, "this node was not started with `faults: true`");
  faults_->order(order);
  return {};
}

void Runtime::replay(Vector to, std::function<void(Result<std::shared_ptr<const World>>)> done) {
  struct Job {
    Vector left;
    std::map<LogId, Sequence> at;
    std::shared_ptr<World> world = std::make_shared<World>(&record::compile_or_null);
    std::function<void(Result<std::shared_ptr<const World>>)> done;
    std::function<void(std::shared_ptr<Job>)> next;
  };
  auto job = std::make_shared<Job>();
  job->left = std::move(to);
  job->done = std::move(done);
  job->world->members().form(settings_.members);
  job->next = [this](std::shared_ptr<Job> self) {
    if (self->left.empty()) {
      self->next = nullptr;
      self->done(std::shared_ptr<const World>(self->world));
      return;
    }
    const auto [id, last] = *self->left.begin();
    log_->read(id, self->at[id], 4096, 4U << 20, [self, id, last](Result<log_sqlite::Read> got) {
      const auto give_up = [&](std::string why) {
        self->next = nullptr;
        self->done(fail(Errc::not_found, std::move(why)));
      };
      if (!got) return give_up(got.error().detail);
      if (got->records.empty() || got->base > self->at[id])
        return give_up("records of that time are no longer in the log");
      for (const log_sqlite::Record& rec : got->records) {
        if (rec.sequence > last) break;
        if (const auto decoded = record::decode(rec.bytes)) self->world->apply(decoded->body, decoded->meta());
        self->at[id] = rec.sequence;
      }
      if (self->at[id] >= last) self->left.erase(id);
      self->next(self);
    });
  };
  job->next(job);
}

Now Runtime::read_clock() {
  const std::lock_guard lock(clock_mutex_);
  return clock_.now();
}

// -- api::Host

void Runtime::command(Command command, std::function<void(Result<Answer>)> done) {
  {
    const std::lock_guard lock(waiting_mutex_);
    waiting_[command.id].push_back(std::move(done));
  }
  post(std::move(command));
}

void Runtime::query(std::function<void(const World&, const Local&)> ask, std::function<void()> done) {
  post(Query{std::move(ask), std::move(done)});
}

std::uint64_t Runtime::session_opened(ContactId contact, api::SessionSink sink) {
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(waiting_mutex_);
    number = ++numbers_;
    sessions_[number] = std::move(sink);
  }
  post(SessionOpened{number, contact});
  return number;
}

void Runtime::session_closed(std::uint64_t session) {
  {
    const std::lock_guard lock(waiting_mutex_);
    sessions_.erase(session);
  }
  post(SessionClosed{session});
}

void Runtime::pass_on(ContactId contact, contact::Item item) { post(PassOn{contact, std::move(item)}); }

std::uint64_t Runtime::desktop_listen(AgentId agent, api::DesktopSink sink) {
  const std::lock_guard lock(waiting_mutex_);
  desktops_[++numbers_] = {agent, std::move(sink)};
  return numbers_;
}

void Runtime::desktop_leave(std::uint64_t listener) {
  const std::lock_guard lock(waiting_mutex_);
  desktops_.erase(listener);
}

std::pair<KeyId, cluster::KeyRow> Runtime::make_key() { return keys_->make(mint()); }

Text Runtime::seal(KeyId key, std::string_view plain) {
  auto sealed = keys_->seal(key, plain);
  // A key that is not here is erased: what would be sealed under it is nobody's to read.
  return sealed ? *sealed : Text{key, {}, {}};
}

Uuid Runtime::pseudonym(std::string_view words) { return keys_->pseudonym(words); }

Result<std::string> Runtime::open(const Text& text) { return keys_->open(text); }

std::string Runtime::sign_token(std::string_view purpose, std::string_view payload, std::chrono::seconds lifetime) {
  return tokens_->sign(purpose, payload, utc_ms() + static_cast<std::uint64_t>(lifetime.count()) * 1000);
}

Result<std::string> Runtime::verify_token(std::string_view purpose, std::string_view token) {
  return tokens_->verify(purpose, token, utc_ms());
}

Result<std::string> Runtime::secret(const std::string& reference) { return read_secret(reference); }

std::optional<std::string> Runtime::place_of(const std::string& address) {
  return geo_ip_ ? geo_ip_->place_of(address) : std::nullopt;
}

Uuid Runtime::mint() {
  const Hlc at = Hlc::at(utc_ms());
  const std::lock_guard lock(mint_mutex_);
  return mint_uuid(at, mint_rng_);
}

std::uint64_t Runtime::utc_ms() {
  const std::lock_guard lock(clock_mutex_);
  return clock_.now().hlc.milliseconds();
}

void Runtime::log(std::string_view level, std::string message) { log_line_(level, std::move(message)); }

}  // namespace tandem::app
