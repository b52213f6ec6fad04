#include "sim/simulation.h"

#include <algorithm>

#include "base/check.h"
#include "base/overloaded.h"
#include "record/flow_json.h"
#include "sim/people.h"

namespace tandem::sim {
namespace {

constexpr Time kConfigured = 4s;    // the centre is set up
constexpr Time kFaultsBegin = 15s;  // agents are there, customers talk
constexpr Time kHealed = 100s;      // of settling after the faults, people still answering
constexpr Time kStill = 40s;        // then nobody does anything and the logs must meet
// Records between snapshots: far more often than in the daemon, so that faults fall upon them.
constexpr std::uint64_t kSnapshotEvery = 4'000;
constexpr std::uint64_t kSnapshotEveryWithoutFaults = 20'000;

constexpr const char* kRegions[] = {"us-east-1", "us-west-2", "eu-central-1", "ap-northeast-1", "eu-west-2"};

const Topology& draw_topology(Rng& rng) {
  unsigned sum = 0;
  for (const Topology& each : all_topologies()) sum += each.weight;
  std::uint64_t left = rng.below(sum);
  for (const Topology& each : all_topologies()) {
    if (left < each.weight) return each;
    left -= each.weight;
  }
  return all_topologies().front();
}

Timers timers() {
  Timers out;
  out.ring = 8s;
  out.move = 8s;
  out.grace = 20s;
  out.preferred = 10s;
  return out;
}

}  // namespace

const std::vector<Topology>& all_topologies() {
  static const std::vector<Topology> all = {{"two-and-hub", 2, true, 3},
                                            {"three-and-hub", 3, true, 2},
                                            {"three", 3, false},
                                            {"two", 2, false},
                                            {"four", 4, false}};
  return all;
}

const Topology* find_topology(std::string_view name) {
  const auto at = std::ranges::find(all_topologies(), name, &Topology::name);
  return at == all_topologies().end() ? nullptr : &*at;
}

Simulation::Simulation(Options options) : options_(options), rng_{options.seed * 0x9e3779b97f4a7c15ULL + 1} {
  if (options_.drills) {
    const auto cell = std::ranges::find(all_cells(), *options_.drills) - all_cells().begin();
    rng_.state += static_cast<std::uint64_t>(cell + 1) * 0xd1342543de82ef95ULL;
  }
  world_rng_ = Rng{rng_.next()};
  bool hub = options_.nodes > 2;
  if (options_.nodes == 0) {
    if (options_.topology == nullptr) options_.topology = &draw_topology(rng_);
    hub = options_.topology->hub;
    options_.nodes = options_.topology->regions + (hub ? 1 : 0);
    coverage_.count(fmt::format("topology: {}", options_.topology->name));
  }
  sample_ = make_sample(options_.agents);
  const bool joins = options_.joins;
  leaves_ = options_.leaves;
  for (std::size_t n = 0; n < options_.nodes + (joins ? 1 : 0); ++n) {
    auto host = std::make_unique<Host>();
    host->joins = n == options_.nodes;
    host->expected = !host->joins;
    host->index = n;
    host->id = NodeId{static_cast<std::uint16_t>(n + 1)};
    host->hub = hub && n + 1 == options_.nodes;
    // A newcomer is of a region of its own, or the second node of the first.
    const std::size_t region = host->joins && rng_.chance(1, 2) ? 0 : n;
    host->region = host->hub ? "hub" : kRegions[region % std::size(kRegions)];
    const bool exact = !options_.faults;
    const Time wall = exact ? Time{} : draw(-100ms, 100ms);
    const auto drift = exact ? 0 : static_cast<std::int64_t>(rng_.below(301)) - 150;
    host->clock.set(draw(1s, 100'000s), wall, drift);
    if (drift != 0) coverage_.count("fault: clock drift");
    membership::Member member;
    member.node = host->id;
    member.region = host->region;
    member.hub = host->hub;
    if (!host->joins) members_.push_back(member);
    hosts_.push_back(std::move(host));
  }
  for (std::size_t a = 0; a < hosts_.size(); ++a) {
    for (std::size_t b = a + 1; b < hosts_.size(); ++b) links_[{a, b}].base = draw(300us, 6ms);
  }
  people_ = std::make_unique<People>(*this);
}

Simulation::~Simulation() = default;

Time Simulation::draw(Time least, Time most) {
  const auto span = static_cast<std::uint64_t>((most - least) / 1us);
  return least + std::chrono::microseconds{rng_.below(span + 1)};
}

Uuid Simulation::new_id() {
  Uuid id;
  for (std::size_t half = 0; half < 2; ++half) {
    const std::uint64_t bits = rng_.next();
    for (std::size_t n = 0; n < 8; ++n) id.bytes[half * 8 + n] = static_cast<std::uint8_t>(bits >> (8 * n));
  }
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0f) | 0x80);
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3f) | 0x80);
  return id;
}

void Simulation::write_line(std::vector<Uuid> about, std::string text) {
  if (options_.verbose) fmt::print("{:>10.4f} {}\n", std::chrono::duration<double>(events_.now()).count(), text);
  trace_.push_back({events_.now(), std::move(text), std::move(about)});
}

// The centre is configured by somebody who asks the first region again until it says yes.
void Simulation::configure(std::size_t n) {
  if (n == sample_.documents.size()) return;
  const Uuid id = derive_uuid(sample_.documents[n].id, "create", options_.seed);
  ask(0, Command{id, sample_.documents[n], false, {}}, 1s,
      [this, n](std::optional<Result<Answer>> reply) { configure(reply && reply->has_value() ? n + 1 : n); });
}

Outcome Simulation::run() {
  const Time faults_end = std::chrono::duration_cast<Time>(std::chrono::duration<double>(options_.minutes * 60));
  const Time end = faults_end + kHealed;
  for (auto& host : hosts_) {
    Host* h = host.get();
    if (h->joins) continue;
    events_.at(draw(0us, 50ms), [this, h] { boot(*h); });
  }
  events_.at(1s, [this] { configure(0); });
  events_.at(kConfigured, [this] { people_->begin(); });
  events_.at(1s, [this] { probe(); });
  if (options_.noise) noise();
  if (options_.deaths) die();
  if (options_.drills) plan_drills();
  plan_members(faults_end);
  if (options_.faults) {
    if (!options_.drills) schedule_ = draw_schedule(rng_, hosts_.size(), kFaultsBegin, faults_end);
    for (const Fault& fault : schedule_.faults) events_.at(fault.at, [this, fault] { strike(fault); });
    for (const Aim& aim : schedule_.aims) events_.at(aim.from, [this, aim] { armed_.push_back(aim); });
    events_.at(faults_end, [this] { heal(); });
    for (Time at = 30s; at < end; at += 30s) events_.at(at, [this] { sample_worlds(); });
    for (Time at = 10s; at < end; at += 1s) events_.at(at, [this] { sample_owners(); });
  } else {
    events_.at(faults_end, [this] { people_->no_more(); });
  }
  while (verdict.clean() && events_.run_one(end)) {
  }
  if (verdict.clean()) people_->stop();
  people_still_ = true;
  const auto met = [this] {
    for (const auto& host : hosts_) {
      if (!host->expected) continue;
      if (host->node == nullptr) return false;
      if (host->node->cluster().replication().seen() != hosts_[0]->node->cluster().replication().seen()) return false;
      if (host->node->cluster().replication().durable() != hosts_[0]->node->cluster().replication().durable()) {
        return false;
      }
    }
    return true;
  };
  // Nobody does anything any more; what is under way comes to rest.
  Time rest = end + 3s;
  while (verdict.clean() && rest <= end + kStill) {
    while (verdict.clean() && events_.run_one(rest)) {
    }
    if (rest >= end + 25s && met()) break;
    rest += 1s;
  }
  if (verdict.clean()) final_checks();
  for (auto& host : hosts_) {
    if (host->node) count_counters(*host);
  }
  count_drills();
  Outcome out;
  out.violations = verdict.found();
  coverage_.seed_done();
  out.coverage = coverage_;
  out.hash = hash_;
  out.trace = std::move(trace_);
  out.events = events_.ran();
  out.records = records_;
  out.contacts = people_->started();
  evacuations_.over(events_.now());
  out.violations = verdict.found();
  out.found_after = evacuations_.found_after();
  out.simulated_seconds = std::chrono::duration<double>(events_.now()).count();
  return out;
}

// -- hosts

void Simulation::boot(Host& host) {
  TANDEM_CHECK(host.node == nullptr);
  ++host.life;
  host.clock.process_started(events_.now());
  const Now now = host.clock.read(events_.now());
  host.disk.cut_at_damage();
  const std::uint64_t by_clock = now.hlc.milliseconds() << 16 | world_rng_.below(1 << 16);
  const std::uint64_t incarnation = std::max(by_clock, host.disk.next_incarnation_above() + 1);
  host.disk.set_incarnation(incarnation);
  host.incarnation = Incarnation{incarnation};

  NodeOptions options;
  options.self = host.id;
  options.incarnation = host.incarnation;
  options.hub = host.hub;
  options.region = host.region;
  options.instance_arn =
      "arn:aws:connect:" + host.region + ":111122223333:instance/11111111-2222-4333-8444-555555555555";
  options.build = "sim";
  options.members = members_;
  options.disk_was_empty = host.disk.empty();
  options.timers = timers();
  options.cluster.detector.hold_down = options.timers.hold;
  options.cluster.replication.self = host.id;
  options.cluster.replication.incarnation = host.incarnation;
  options.cluster.replication.schema = record::kSchema;
  options.cluster.replication.build = options.build;
  options.cluster.replication.amnesiac = options.disk_was_empty;
  options.compile = &record::compile_or_null;
  options.snapshot_every = options_.faults ? kSnapshotEvery : kSnapshotEveryWithoutFaults;
  const auto on_disk = host.disk.on_disk();
  World world{options.compile};
  Hlc latest;
  if (host.disk.snapshot()) {
    TANDEM_CHECK(world.load(host.disk.snapshot()->bytes).has_value());
    coverage_.count("log: snapshot at start");
  }
  host.disk.replay([&](const std::string& bytes) {
    const auto rec = record::decode(bytes);
    TANDEM_CHECK(rec.has_value());
    world.apply(rec->body, rec->meta());
    latest = std::max(latest, rec->at);
  });
  host.born = events_.now();
  host.in = false;
  host.admits.clear();
  for (const membership::Member& each : members_) host.admits.insert(each.node);
  host.node = std::make_unique<Node>(std::move(options), Rng{world_rng_.next()}, on_disk, now);
  host.node->adopt(std::move(world), latest);
  Vector has;
  for (const auto& [log, last] : on_disk) has[log] = last.last;
  order_.started(host.id, std::move(has));
  Vector of_others;
  for (const auto& other : hosts_) {
    if (other->index == host.index || other->node == nullptr || other->joins || other->leaving) continue;
    const LogId own{other->id, other->incarnation};
    if (const Sequence last = other->disk.last(own); last != Sequence{}) of_others[own] = last;
  }
  evacuations_.started(host.id, std::move(of_others));
  host.counted = {};
  host.frozen_until = {};
  host.backlog.clear();
  host.wake_at = Time::max();
  say({}, "node {} starts, incarnation {:x}{}", host.id.value(), incarnation,
      host.disk.empty() ? ", on an empty disk" : "");
  drain(host, host.node->start(now));
  for (const auto& other : hosts_) {
    if (other->index != host.index) dial(host.index, other->index);
  }
}

void Simulation::kill(Host& host, FaultKind how, Time lasts, bool silent) {
  count_counters(host);
  host.node.reset();
  ++host.life;
  host.backlog.clear();
  host.frozen_until = {};
  host.wake_at = Time::max();
  std::vector<LogEntry> kept;
  const bool torn = host.disk.crash(world_rng_, kept);
  if (torn && how != FaultKind::torn_write) coverage_.count("fault: torn write");
  for (const LogEntry& entry : kept) {
    order_.durable(host.id, entry.log, entry.sequence);
    told.durable(host.id, entry.log, entry.sequence);
  }
  if (how == FaultKind::lost_disk) {
    told.disk_lost(host.id);
    evacuations_.disk_lost(host.id);
    host.disk.wipe();
    disk_lost_at_ = events_.now();
  }
  for (const auto& other : hosts_) {
    if (other->index == host.index) continue;
    drop(host.index, other->index, false, !silent);
  }
  std::vector<OnReply> unanswered;
  for (auto at = pending_.lower_bound({host.index, Uuid{}}); at != pending_.end() && at->first.first == host.index;) {
    unanswered.push_back(std::move(at->second.on_reply));
    at = pending_.erase(at);
  }
  for (OnReply& on_reply : unanswered) {
    events_.in(draw(1ms, 100ms), [f = std::move(on_reply)]() mutable { f(std::nullopt); });
  }
  people_->died(host.index);
  ++active_faults_;
  events_.in(lasts, [this, &host, life = host.life] {
    --active_faults_;
    last_fault_ = events_.now();
    if (host.node != nullptr || host.life != life || !host.expected) return;
    // Machines that start set their clocks by the network first.
    host.clock.set_right(options_.faults ? draw(-20ms, 20ms) : Time{});
    boot(host);
  });
}

void Simulation::feed(Host& host, Input input) {
  if (host.node == nullptr) return;
  if (frozen(host)) {
    host.backlog.push_back(std::move(input));
    felt(Drill::freeze, host.index);
    return;
  }
  drain(host, host.node->step(std::move(input), host.clock.read(events_.now())));
}

void Simulation::drain(Host& host, Outputs out) {
  if (out.truncate && !out.snapshot) coverage_.count("log: truncated", host.disk.truncate(*out.truncate));
  if (out.snapshot && !out.snapshot->from_peer) out.snapshot->bytes = host.node->world().snapshot();
  if (out.append || out.snapshot) {
    std::uint64_t ticket = 0;
    std::vector<LogEntry> entries;
    if (out.snapshot && out.snapshot->from_peer) {
      Vector loaded = out.snapshot->vector;
      loaded.erase(LogId{host.id, host.incarnation});
      order_.loaded(host.id, loaded);
      coverage_.count("log: snapshot from a peer");
      say({}, "node {} loads a snapshot from a peer", host.id.value());
    }
    if (out.append) {
      ticket = out.append->ticket;
      entries = std::move(out.append->entries);
    }
    for (const LogEntry& entry : entries) {
      const std::uint64_t hash = cluster::record_hash(entry.record.bytes);
      order_.applied(host.id, entry.log, entry.sequence, hash);
      mix(hash + host.index);
      if (entry.log.origin != host.id || entry.log.incarnation != host.incarnation) {
        one_outcome_.heard(entry.log, entry.sequence);
        continue;
      }
      ++records_;
      const auto rec = record::decode(entry.record.bytes);
      TANDEM_CHECK(rec.has_value());
      observe(host, *rec);
    }
    const bool with_snapshot = out.snapshot.has_value();
    host.disk.append(ticket, std::move(entries), std::move(out.snapshot),
                     with_snapshot ? std::move(out.truncate) : std::nullopt);
    plan_sync(host);
  }
  for (const cluster::ReadLog& read : out.reads) {
    events_.in(draw(100us, 1ms), [this, &host, read, life = host.life] {
      if (host.life != life || host.node == nullptr) return;
      Disk::Found found = host.disk.read(read);
      if (found.damaged) feed(host, Damaged{read.log, *found.damaged});
      feed(host, std::move(found.answer));
    });
  }
  for (const cluster::Repaired& repaired : out.repaired) {
    if (host.disk.damaged(repaired.log, repaired.sequence)) {
      coverage_.count("log: record repaired");
      say({}, "node {} repairs record {} of log {}", host.id.value(), repaired.sequence.value(),
          repaired.log.origin.value());
    }
    host.disk.repair(repaired);
  }
  if (!out.forks.empty()) {
    say({}, "node {} refuses a fork of log {}/{:x} at {}", host.id.value(), out.forks[0].log.origin.value(),
        out.forks[0].log.incarnation.value(), out.forks[0].sequence.value());
    verdict.broken("order", fmt::format("node {} sees a fork of log {}/{:x} at {}", host.id.value(),
                                        out.forks[0].log.origin.value(), out.forks[0].log.incarnation.value(),
                                        out.forks[0].sequence.value()));
  }
  observe_frames(host, out.frames);
  for (auto& [to, bytes] : out.frames) send(host, to, std::move(bytes));
  for (const NodeId peer : out.reconnect) {
    const std::size_t other = peer.value() - 1U;
    drop(host.index, other, true, true);
    dial(host.index, other);
  }
  if (out.members) admit(host, *out.members);
  for (Out& what : out.out) tell(host, what);
  plan_wake(host);
}

void Simulation::plan_wake(Host& host) {
  const Time wake = std::max(host.clock.when(host.node->next_wake()), events_.now());
  if (wake >= host.wake_at) return;
  host.wake_at = wake;
  events_.at(wake, [this, &host, wake, life = host.life] {
    if (host.life != life || host.wake_at != wake) return;
    host.wake_at = Time::max();
    if (frozen(host)) return;  // it wakes when it thaws
    // A process that never sleeps is a defect whatever else it does.
    host.idle_wakes = events_.now() == host.woke_at ? host.idle_wakes + 1 : 0;
    host.woke_at = events_.now();
    TANDEM_CHECK(host.idle_wakes < 1000);
    feed(host, Tick{});
  });
}

void Simulation::plan_sync(Host& host) {
  if (host.disk.begin_sync()) {
    Time takes = std::chrono::microseconds{150 + world_rng_.below(options_.faults ? 2000 : 300)};
    if (events_.now() < host.slow_disk_until) {
      takes *= 150;
      felt(Drill::slow_disk, host.index);
    }
    events_.in(takes, [this, &host, life = host.life] {
      if (host.life == life) synced(host);
    });
    return;
  }
  for (const std::uint64_t ticket : host.disk.refused()) {
    events_.in(50us, [this, &host, ticket, life = host.life] {
      if (host.life != life) return;
      coverage_.count("log: refused for space");
      felt(Drill::full_disk, host.index);
      feed(host, Full{ticket});
    });
  }
}

void Simulation::synced(Host& host) {
  Disk::Synced done = host.disk.end_sync();
  for (const LogEntry& entry : done.entries) {
    order_.durable(host.id, entry.log, entry.sequence);
    told.durable(host.id, entry.log, entry.sequence);
  }
  coverage_.count("log: truncated", done.truncated);
  if (done.snapshot) {
    for (const auto& [log, sequence] : *done.snapshot) told.durable(host.id, log, host.disk.last(log));
    if (done.from_peer) feed(host, SnapshotSaved{*done.snapshot});
  }
  if (done.adopted) {
    for (const auto& [log, sequence] : *done.adopted) told.durable(host.id, log, host.disk.last(log));
    feed(host, SnapshotSaved{*done.adopted});
  }
  if (done.ticket != 0) feed(host, Durable{done.ticket});
  plan_sync(host);
}

void Simulation::freeze(Host& host, Time lasts) {
  host.frozen_until = std::max(host.frozen_until, events_.now() + lasts);
  trouble(host, lasts);
  ++active_faults_;
  events_.in(lasts, [this, &host, life = host.life] {
    --active_faults_;
    last_fault_ = events_.now();
    if (host.life == life && !frozen(host)) thaw(host);
  });
}

void Simulation::thaw(Host& host) {
  host.frozen_until = {};
  if (host.node == nullptr) return;
  std::vector<Input> backlog = std::exchange(host.backlog, {});
  feed(host, Tick{});
  for (Input& input : backlog) feed(host, std::move(input));
}

void Simulation::tell(Host& host, Out& out) {
  std::visit(Overloaded{
                 [&](Reply& reply) {
                   mix(reply.result.has_value() ? 1 : 2);
                   const auto at = pending_.find({host.index, reply.command});
                   if (at == pending_.end()) return;  // nobody waits for it any more
                   if (reply.result) {
                     told.told(reply.command);
                   } else {
                     coverage_.count("command: refused");
                     if (reply.result.error().code == Errc::log_full) coverage_.count("log: refused for space");
                   }
                   OnReply on_reply = std::move(at->second.on_reply);
                   pending_.erase(at);
                   events_.in(50us,
                              [f = std::move(on_reply), r = std::move(reply.result)]() mutable { f(std::move(r)); });
                 },
                 [&](ShowSession& show) {
                   mix(show.number + show.items.size());
                   people_->show(host.index, show);
                 },
                 [&](DesktopEvent& event) { people_->desktop(host.index, event); },
                 [&](InvokeFunction& call) {
                   // Some processes stop at the worst moment: a call is on its way out.
                   if (options_.faults && !options_.drills && !healing_ && world_rng_.chance(1, 200)) {
                     strike({.at = events_.now(),
                             .kind = FaultKind::freeze,
                             .node = host.index,
                             .lasts = std::chrono::milliseconds{1500 + world_rng_.below(3000)}});
                   }
                   events_.in(500us, [this, &host, call = std::move(call), life = host.life]() mutable {
                     invoke(host, std::move(call), life);
                   });
                 },
                 [&](Resolve& ask) {
                   events_.in(draw(50us, 2ms), [this, &host, ask = std::move(ask), life = host.life]() mutable {
                     resolve(host, std::move(ask), life);
                   });
                 },
                 [&](std::function<void()>& call) { call(); },
             },
             out);
}

// A frozen process does nothing, and then all at once.
void Simulation::invoke(Host& host, InvokeFunction call, std::uint64_t life) {
  if (host.life != life) return;
  if (frozen(host)) {
    events_.at(host.frozen_until,
               [this, &host, call = std::move(call), life]() mutable { invoke(host, std::move(call), life); });
    return;
  }
  const Mono now = host.clock.mono(events_.now());
  if (!call.fence.stands(now)) {
    coverage_.count("flow: function call past its fence");
    return;
  }
  fences_.acted(call.fence, host.id, now);
  const std::uint64_t luck = rng_.below(10);
  Time takes = draw(5ms, 300ms);
  if (luck == 0) takes = call.limit;
  flow::Returned returned;
  returned.visit = call.visit;
  returned.ok = luck > 1;
  if (returned.ok) returned.values["tier"] = seal({}, "gold");
  coverage_.count(returned.ok ? "flow: function answered" : "flow: function failed");
  Command command{new_id(), FlowEvent{call.fence.contact, std::move(returned)}, false, {}};
  events_.in(takes, [this, &host, life, c = std::move(command)]() mutable {
    if (host.life == life) feed(host, std::move(c));
  });
}

void Simulation::resolve(Host& host, Resolve ask, std::uint64_t life) {
  if (host.life != life) return;
  if (frozen(host)) {
    events_.at(host.frozen_until,
               [this, &host, ask = std::move(ask), life]() mutable { resolve(host, std::move(ask), life); });
    return;
  }
  const Mono now = host.clock.mono(events_.now());
  if (!ask.fence.stands(now)) return;
  fences_.acted(ask.fence, host.id, now);
  flow::Resolved resolved;
  resolved.visit = ask.visit;
  for (const auto& [name, text] : ask.values) resolved.plain[name] = unseal(text);
  for (const auto& [name, text] : ask.texts) {
    resolved.rendered[name] = seal(ask.key, flow::render(text, resolved.plain));
  }
  feed(host, Command{new_id(), FlowEvent{ask.fence.contact, std::move(resolved)}, false, {}});
}

// -- people

void Simulation::ask(std::size_t node, Command command, Time limit, OnReply on_reply) {
  Host& host = *hosts_[node];
  if (host.node == nullptr) {
    events_.in(1ms, [f = std::move(on_reply)]() mutable { f(std::nullopt); });
    return;
  }
  if (const auto* accept = std::get_if<presence::Accept>(&command.verb)) {
    accepts_[command.id] = {accept->agent, accept->contact};
  }
  const std::uint64_t number = ++pendings_;
  const Uuid id = command.id;
  Pending& pending = pending_[{node, id}];
  if (pending.on_reply) {
    events_.in(1ms, [f = std::move(pending.on_reply)]() mutable { f(std::nullopt); });
  }
  pending = {std::move(on_reply), number};
  events_.in(draw(200us, 3ms), [this, &host, c = std::move(command), life = host.life]() mutable {
    if (host.life == life) feed(host, std::move(c));
  });
  events_.in(limit, [this, node, id, number] {
    const auto at = pending_.find({node, id});
    if (at == pending_.end() || at->second.number != number) return;
    OnReply late = std::move(at->second.on_reply);
    pending_.erase(at);
    late(std::nullopt);
  });
}

void Simulation::query(std::size_t node, Query query) {
  Host& host = *hosts_[node];
  events_.in(draw(200us, 1ms), [this, &host, q = std::move(query), life = host.life]() mutable {
    if (host.life == life) feed(host, std::move(q));
  });
}

void Simulation::open_session(std::size_t node, std::uint64_t number, ContactId contact) {
  Host& host = *hosts_[node];
  events_.in(draw(200us, 3ms), [this, &host, number, contact, life = host.life] {
    if (host.life == life) feed(host, SessionOpened{number, contact});
  });
}

void Simulation::close_session(std::size_t node, std::uint64_t number) {
  Host& host = *hosts_[node];
  events_.in(draw(4ms, 6ms), [this, &host, number, life = host.life] {
    if (host.life == life) feed(host, SessionClosed{number});
  });
}

// -- links

void Simulation::send(Host& from, NodeId to, std::string bytes) {
  const std::size_t other = to.value() - 1U;
  Link& l = link(from.index, other);
  if (!l.up[from.index < other ? 0 : 1]) return;
  const std::size_t way = from.index < other ? 0 : 1;
  if (l.cut[way] > 0) {
    l.held[way].push_back(std::move(bytes));
    felt_cut(from.index, other);
    return;
  }
  carry(from.index, other, std::move(bytes));
}

void Simulation::carry(std::size_t from, std::size_t to, std::string bytes) {
  Link& l = link(from, to);
  const std::size_t way = from < to ? 0 : 1;
  Time takes = one_way(l);
  Time when = events_.now() + takes;
  const bool reorders = events_.now() < l.reorder_until && world_rng_.chance(1, 10);
  if (reorders) {
    when += std::chrono::microseconds{world_rng_.below(20'000)};
  } else {
    when = std::max(when, l.last[way] + 1us);
    l.last[way] = when;
  }
  if (events_.now() < l.repeat_until && world_rng_.chance(1, 10)) {
    events_.at(when + std::chrono::microseconds{world_rng_.below(20'000)},
               [this, from, to, epoch = l.epoch, bytes] { deliver(from, to, epoch, bytes); });
  }
  events_.at(when, [this, from, to, epoch = l.epoch, b = std::move(bytes)]() mutable {
    deliver(from, to, epoch, std::move(b));
  });
}

void Simulation::deliver(std::size_t from, std::size_t to, std::uint64_t epoch, std::string bytes) {
  Link& l = link(from, to);
  if (l.epoch != epoch || !l.up[to < from ? 0 : 1]) return;
  feed(*hosts_[to], FrameIn{hosts_[from]->id, std::move(bytes)});
}

void Simulation::drop(std::size_t a, std::size_t b, bool tell_a, bool tell_b) {
  Link& l = link(a, b);
  ++l.epoch;
  for (auto& held : l.held) held.clear();
  const auto tell_end = [&](std::size_t end, std::size_t other, bool tell_it) {
    bool& up = l.up[end < other ? 0 : 1];
    if (!up || !tell_it) return;
    up = false;
    Host& host = *hosts_[end];
    events_.in(draw(100us, 20ms), [this, &host, peer = hosts_[other]->id, life = host.life] {
      if (host.life == life) feed(host, LinkDown{peer});
    });
  };
  tell_end(a, b, tell_a);
  tell_end(b, a, tell_b);
  // A process that is not there has no end.
  if (hosts_[a]->node == nullptr) l.up[a < b ? 0 : 1] = false;
  if (hosts_[b]->node == nullptr) l.up[b < a ? 0 : 1] = false;
}

void Simulation::dial(std::size_t a, std::size_t b) {
  Link& l = link(a, b);
  if (l.dialling) return;
  l.dialling = true;
  events_.in(draw(25ms, 120ms), [this, a, b] {
    Link& at = link(a, b);
    at.dialling = false;
    Host& one = *hosts_[a];
    Host& two = *hosts_[b];
    if (one.node == nullptr || two.node == nullptr) return;                    // whoever starts dials
    if (!one.admits.contains(two.id) || !two.admits.contains(one.id)) return;  // whoever is admitted is dialled
    if (at.up[0] && at.up[1]) return;
    if (at.cut[0] > 0 || at.cut[1] > 0 || frozen(one) || frozen(two)) {
      if (at.cut[0] > 0) felt_cut(a, b);
      if (at.cut[1] > 0) felt_cut(b, a);
      events_.in(200ms, [this, a, b] { dial(a, b); });
      return;
    }
    // An end that had not noticed finds its old connection gone.
    drop(a, b, true, true);
    ++at.epoch;
    at.up[0] = at.up[1] = true;
    at.last = {events_.now(), events_.now()};
    for (const auto& [host, other] : {std::pair{&one, &two}, std::pair{&two, &one}}) {
      // After the LinkDown that may be on its way.
      events_.in(20ms + 1us, [this, h = host, peer = other->id, life = host->life, epoch = at.epoch, a, b] {
        if (h->life == life && link(a, b).epoch == epoch) feed(*h, LinkUp{peer});
      });
    }
  });
}

void Simulation::cut(std::size_t from, std::size_t to, Time lasts) {
  ++link(from, to).cut[from < to ? 0 : 1];
  mark_islands();
  ++active_faults_;
  events_.in(lasts, [this, from, to] {
    --active_faults_;
    last_fault_ = events_.now();
    uncut(from, to);
    mark_islands();
  });
}

void Simulation::mark_islands() {
  for (const auto& host : hosts_) {
    if (!island(host->index)) {
      host->island_since = Time::max();
    } else if (host->island_since == Time::max()) {
      host->island_since = events_.now();
    }
  }
}

bool Simulation::alone_and_well(std::size_t node, Time since) const {
  const Host& host = *hosts_[node];
  const Time begins = events_.now() - since;
  return !host.hub && host.node != nullptr && host.born <= begins && host.island_since <= begins &&
         host.troubled_until <= begins;
}

bool Simulation::holds(std::size_t node, ContactId contact) const {
  const Host& host = *hosts_[node];
  const contact::Held* held = host.node == nullptr ? nullptr : host.node->world().contacts().find(contact);
  return held != nullptr && held->line.node == host.id && held->line.incarnation == host.incarnation &&
         held->contact.live() && !held->contact.move.open();
}

bool Simulation::may_begin(std::size_t node, ContactId contact) const {
  const Host& host = *hosts_[node];
  if (host.node == nullptr) return false;
  const World& world = host.node->world();
  // Without its disk, alone, it has not even the flow.
  return world.contacts().find(contact) == nullptr && !world.config().all(config::Kind::flow).empty() &&
         world.failover().state(host.id) == failover::MemberState::active &&
         world.distribution().region(host.region).order.duty == distribution::Duty::serving &&
         world.distribution().node(host.id).order.duty == distribution::Duty::serving;
}

void Simulation::uncut(std::size_t from, std::size_t to) {
  Link& l = link(from, to);
  const std::size_t way = from < to ? 0 : 1;
  if (--l.cut[way] > 0 || l.held[way].empty()) return;
  if (world_rng_.chance(1, 2)) {
    drop(from, to, true, true);
    dial(from, to);
    return;
  }
  for (std::string& bytes : std::exchange(l.held[way], {})) carry(from, to, std::move(bytes));
}

// -- faults

void Simulation::strike(const Fault& fault) {
  Host& host = *hosts_[fault.node];
  Time lasts = fault.lasts;
  if (healing_) return;
  const Time left =
      std::chrono::duration_cast<Time>(std::chrono::duration<double>(options_.minutes * 60)) - events_.now();
  lasts = std::min(lasts, std::max(left, Time{}));
  const bool needs_process = fault.kind != FaultKind::clock_jump && fault.kind != FaultKind::damaged_record;
  if (needs_process && host.node == nullptr) return;
  if (fault.kind == FaultKind::lost_disk && events_.now() - disk_lost_at_ < 60s) return;
  count_sagas(fault);
  last_fault_ = events_.now();
  const auto each_link = [&](auto&& f) {
    for (const auto& other : hosts_) {
      if (other->index == host.index || (!fault.all_links && other->index != fault.other)) continue;
      f(other->index);
    }
  };
  std::string to = fault.all_links ? "all" : std::to_string(fault.other + 1);
  switch (fault.kind) {
    case FaultKind::crash:
    case FaultKind::torn_write:
    case FaultKind::lost_disk:
    case FaultKind::freeze:
    case FaultKind::full_disk:
    case FaultKind::slow_disk:
    case FaultKind::clock_jump:
    case FaultKind::damaged_record:
    case FaultKind::socket_lost:
      to.clear();
      break;
    default:
      to = ", to " + to;
  }
  say({}, "FAULT {} at node {}{} for {:.3f} s", fault_name(fault.kind), host.id.value(), to,
      std::chrono::duration<double>(lasts).count());
  switch (fault.kind) {
    case FaultKind::crash:
    case FaultKind::lost_disk:
      kill(host, fault.kind, lasts, world_rng_.chance(1, 3));
      break;
    case FaultKind::torn_write:
      kill(host, fault.kind, lasts, false);
      break;
    case FaultKind::full_disk:
      host.disk.set_full(true);
      trouble(host, lasts);
      ++active_faults_;
      events_.in(lasts, [this, &host] {
        --active_faults_;
        last_fault_ = events_.now();
        host.disk.set_full(false);
        if (host.node) plan_sync(host);
      });
      break;
    case FaultKind::slow_disk:
      host.slow_disk_until = events_.now() + lasts;
      trouble(host, lasts);
      break;
    case FaultKind::damaged_record: {
      // A record of another origin that somebody else has whole.
      std::vector<std::pair<LogId, Sequence>> candidates;
      for (const auto& [id, log] : host.disk.logs()) {
        if (id.origin == host.id || log.records.empty()) continue;
        const Sequence sequence{log.base.value() + 1 + world_rng_.below(log.records.size())};
        for (const auto& other : hosts_) {
          const auto has = other->disk.logs().find(id);
          const bool whole = other->index != host.index && has != other->disk.logs().end() &&
                             has->second.base < sequence && sequence <= has->second.last() &&
                             !other->disk.damaged(id, sequence);
          if (whole) {
            candidates.emplace_back(id, sequence);
            break;
          }
        }
      }
      if (candidates.empty()) return;
      const auto [log, sequence] = candidates[world_rng_.below(candidates.size())];
      host.disk.damage(log, sequence);
      // Sooner or later somebody reads it.
      events_.in(draw(100ms, 15s), [this, &host, l = log, s = sequence, life = host.life] {
        if (host.life == life && host.disk.damaged(l, s)) feed(host, Damaged{l, s});
      });
      break;
    }
    case FaultKind::freeze:
      freeze(host, lasts);
      break;
    case FaultKind::clock_jump: {
      const Time by = draw(300ms, 20s);
      host.clock.jump(world_rng_.chance(1, 2) ? by : -by);
      // The process notices, says so, and takes no new work until others agree on the time.
      feed(host, SelfReport{true, {}});
      const Time doubted = draw(1s, 10s);
      trouble(host, doubted);
      events_.in(doubted, [this, &host, life = host.life] {
        if (host.life == life) feed(host, SelfReport{false, {}});
      });
      break;
    }
    case FaultKind::clock_drift:
      return;
    case FaultKind::partition:
    case FaultKind::link_cut:
      each_link([&](std::size_t other) {
        cut(host.index, other, lasts);
        cut(other, host.index, lasts);
      });
      break;
    case FaultKind::one_way_cut:
      each_link([&](std::size_t other) { cut(host.index, other, lasts); });
      break;
    case FaultKind::connection_lost:
      each_link([&](std::size_t other) {
        drop(host.index, other, true, true);
        dial(host.index, other);
      });
      break;
    case FaultKind::delay:
      each_link([&](std::size_t other) {
        Link& l = link(host.index, other);
        l.slow_until = events_.now() + lasts;
        l.slow_factor = static_cast<int>(5 + world_rng_.below(60));
      });
      break;
    case FaultKind::reorder:
      each_link([&](std::size_t other) { link(host.index, other).reorder_until = events_.now() + lasts; });
      break;
    case FaultKind::repeat:
      each_link([&](std::size_t other) { link(host.index, other).repeat_until = events_.now() + lasts; });
      break;
    case FaultKind::socket_lost:
      people_->lose_sockets(host.index);
      break;
  }
  if (fault.kind != FaultKind::clock_drift) coverage_.count(fmt::format("fault: {}", fault_name(fault.kind)));
}

bool Simulation::island(std::size_t node) const {
  return std::ranges::all_of(links_, [&](const auto& entry) {
    const auto& [ends, link] = entry;
    const bool its = ends.first == node || ends.second == node;
    const std::size_t other = ends.first == node ? ends.second : ends.first;
    return !its || !hosts_[other]->expected || (link.cut[0] > 0 && link.cut[1] > 0);
  });
}

void Simulation::aimed(Saga saga, NodeId at, NodeId other) {
  const auto aim = std::ranges::find(armed_, saga, &Aim::saga);
  if (aim == armed_.end()) return;
  Fault fault;
  fault.kind = aim->kind;
  fault.node = (aim->at_destination ? other : at).value() - 1U;
  fault.other = (aim->at_destination ? at : other).value() - 1U;
  if (fault.node == fault.other) fault.other = (fault.node + 1) % hosts_.size();
  fault.lasts = aim->lasts;
  fault.all_links = fault.kind == FaultKind::partition;
  const Time after = aim->after;
  armed_.erase(aim);
  events_.in(after, [this, fault] { strike(fault); });
}

// Which sagas stand open at the struck node at this moment.
void Simulation::count_sagas(const Fault& fault) {
  const Host& host = *hosts_[fault.node];
  if (!strikes_sagas(fault.kind) || host.node == nullptr) return;
  const World& world = host.node->world();
  std::set<Saga> open;
  for (const auto& [id, held] : world.contacts().all()) {
    if (!held.contact.live()) continue;
    const contact::Move& move = held.contact.move;
    if (move.open() && (move.source == host.id || move.destination == host.id)) {
      open.insert(move.state == contact::MoveState::offered ? Saga::offered : Saga::accepted);
    }
    if (held.contact.kind != contact::Kind::work) continue;
    for (const auto& [starter, start] : world.routing().starts(id, held.contact.attempt)) {
      if (start.outstanding()) open.insert(Saga::starting);
    }
  }
  for (const auto& [agent, held] : world.agents().all()) {
    for (const auto& [asker, asking] : held.asked) {
      const auto released = held.released.find(asker);
      const bool given_up = released != held.released.end() && released->second >= asking.term;
      if (asking.term > held.line.term && !given_up) open.insert(Saga::signing_in);
    }
  }
  for (const Saga saga : open) {
    coverage_.count(fmt::format("{} struck by {}", saga_name(saga), fault_name(fault.kind)));
  }
}

void Simulation::heal() {
  healing_ = true;
  armed_.clear();
  say({}, "everything heals");
  for (auto& [pair, l] : links_) {
    l.slow_until = l.reorder_until = l.repeat_until = {};
    dial(pair.first, pair.second);
  }
  for (auto& host : hosts_) host->slow_disk_until = {};
  people_->no_more();
}

}  // namespace tandem::sim
