#include "node/node.h"

#include <algorithm>

#include "base/bug.h"
#include "base/check.h"
#include "base/overloaded.h"
#include "core/customer/erasure.h"
#include "core/distribution/react.h"
#include "core/failover/react.h"
#include "core/failover/ready.h"
#include "core/routing/match.h"
#include "core/routing/work.h"
#include "core/transfer/react.h"
#include "record/record.h"

namespace tandem {
namespace {

constexpr std::chrono::milliseconds kClockAheadMax = 500ms;
constexpr std::chrono::hours kAnswersKept{24};
constexpr int kRoundsMax = 64;  // of reacting within one step; a rule that never rests is a defect

}  // namespace

Node::Node(NodeOptions options, Rng rng, const std::map<LogId, cluster::OnDisk>& on_disk, Now now)
    : options_(std::move(options)),
      rng_(rng),
      world_(options_.compile),
      cluster_(options_.cluster, on_disk, now),
      now_(now),
      clock_(now),
      born_(now.mono) {
  TANDEM_CHECK(options_.cluster.replication.self == options_.self);
  TANDEM_CHECK(options_.cluster.replication.incarnation == options_.incarnation);
  local_.self = options_.self;
  local_.incarnation = options_.incarnation;
  local_.hub = options_.hub;
  local_.region = options_.region;
  local_.instance_arn = options_.instance_arn;
  local_.timers = options_.timers;
  for (const auto& [log, end] : on_disk) {
    if (log.origin == options_.self) disk_held_[log] = end.last;
  }
  world_.members().form(options_.members);
}

void Node::adopt(World world, Hlc newest) {
  world_ = std::move(world);
  world_.members().form(options_.members);
  // A stamp far ahead of this clock is another node's fault, and not followed.
  if (newest.milliseconds() <= now_.hlc.milliseconds() + kClockAheadMax.count()) last_stamp_ = newest;
}

Outputs Node::start(const Now& now) {
  begin(now);
  started_ = true;
  // An empty disk may have forgotten what it acknowledged (R21).
  local_.may_ack = !options_.disk_was_empty || options_.members.size() == 1;
  members_touched_ = true;
  emit(Decision{{membership::Rec{membership::Born{options_.disk_was_empty, options_.build}}}, {}});
  touch_all();
  return finish();
}

Outputs Node::step(Input input, const Now& now) {
  begin(now);
  std::visit([&](auto& in) { handle(in); }, input);
  return finish();
}

void Node::begin(const Now& now) {
  now_ = clock_ = now;
  // The node's own clock never goes back, and follows others only within the bound that replication keeps.
  last_stamp_ = std::max(Hlc{last_stamp_.packed + 1}, now.hlc);
  now_.hlc = last_stamp_;
  outputs_ = {};
  net_ = {};
  appended_.clear();
  step_out_.clear();
  step_ack_ = Ack::local;
  cluster_.tick(clock_, net_);
}

Outputs Node::finish() {
  for (int round = 0;; ++round) {
    TANDEM_CHECK(round < kRoundsMax);
    drain_cluster();
    reachable_changed();
    due();
    arrivals_due();
    forwards_due();
    settle();
    sign_ins_due();
    sessions_due();
    tell_sessions();
    desktop_events();
    // What this step told waits for what this step wrote.
    for (auto& what : step_out_) parked_.push_back(Parked{sequence_, step_ack_, now_.mono, std::move(what)});
    step_out_.clear();
    if (bug::on(bug::Name::visible_before_durable)) cluster_.own_durable(sequence_, now_, net_);
    release();
    const bool idle = net_.received.empty() && net_.payloads.empty() && net_.votes.empty() && net_.hellos.empty() &&
                      net_.snapshots.empty() && touched_contacts_.empty() && touched_agents_.empty() && !match_ &&
                      !members_touched_ && step_out_.empty();
    if (idle) break;
  }
  if (!appended_.empty()) {
    Append append{++tickets_, std::move(appended_)};
    Ticket& ticket = in_log_.emplace_back();
    ticket.number = append.ticket;
    ticket.own = sequence_;
    for (const LogEntry& entry : append.entries) {
      if (entry.log.origin != options_.self || entry.log.incarnation != options_.incarnation) {
        ticket.foreign[entry.log] = entry.sequence;
      }
    }
    records_since_snapshot_ += append.entries.size();
    outputs_.append = std::move(append);
    appended_.clear();
  }
  // A node that waits for somebody who is gone for good must not keep its records in memory for ever.
  if (may_load_ && (heard_all_ || own_records_.size() >= options_.snapshot_every / 4)) {
    may_load_ = false;
    own_records_ = {};
  }
  // One that was just loaded from a peer comes first: without it the log would not know where it goes on.
  if (records_since_snapshot_ >= options_.snapshot_every && !may_load_ && !outputs_.snapshot) {
    records_since_snapshot_ = 0;
    outputs_.snapshot = SaveSnapshot{cluster_.replication().seen(), {}, false};
    outputs_.truncate = cluster_.deletable(clock_);
  }
  outputs_.frames = std::move(net_.frames);
  outputs_.reads = std::move(net_.reads);
  outputs_.repaired = std::move(net_.repaired);
  outputs_.forks = std::move(net_.forks);
  outputs_.reconnect = std::move(net_.reconnect);
  for (const NodeId bad : net_.bad_frames) outputs_.reconnect.push_back(bad);
  counters_.clock_ahead = cluster_.replication().usage().pauses;
  return std::move(outputs_);
}

// -- inputs

void Node::handle(Query& query) {
  query.ask(world_, local_);
  if (log_full_) {
    // What was written since the disk filled up may stay undurable for hours. Reads do not wait for it: it is in the
    // log's queue, acknowledged to nobody.
    outputs_.out.push_back(Out{std::move(query.answer)});
    return;
  }
  park(Out{std::move(query.answer)});
}

void Node::handle(LinkUp& up) { cluster_.link_up(up.peer, now_, net_); }
void Node::handle(FrameIn& in) { cluster_.frame(in.from, in.bytes, clock_, net_); }
void Node::handle(SnapshotSaved& saved) { cluster_.foreign_durable(saved.vector, now_, net_); }
void Node::handle(ApiProbe& probe) { cluster_.api_probe(probe.subject, probe.answered, now_); }
void Node::handle(Damaged& damaged) { cluster_.fetch(damaged.log, damaged.sequence, now_, net_); }

void Node::handle(LinkDown& down) {
  cluster_.link_down(down.peer, now_, net_);
  link_lost(down.peer);
}

void Node::handle(Durable& durable) {
  log_full_ = false;
  while (!in_log_.empty() && in_log_.front().number <= durable.ticket) {
    const Ticket& ticket = in_log_.front();
    durable_ = std::max(durable_, ticket.own);
    if (!ticket.foreign.empty()) cluster_.foreign_durable(ticket.foreign, now_, net_);
    in_log_.pop_front();
  }
  cluster_.own_durable(durable_, now_, net_);
}

void Node::handle(Full&) {
  log_full_ = true;
  outputs_.truncate = cluster_.deletable(clock_);  // what the others took since the last snapshot makes room
  // Reads that came a moment too early to be answered at once.
  std::erase_if(parked_, [this](Parked& p) {
    Out* out = std::get_if<Out>(&p.what);
    if (out == nullptr || !std::holds_alternative<std::function<void()>>(*out)) return false;
    outputs_.out.push_back(std::move(*out));
    return true;
  });
}

void Node::handle(LogRead& read) {
  cluster_.log_read(read.read, read.first, read.hash_before, std::move(read.records), now_, net_);
}

void Node::handle(SelfReport& report) {
  clock_doubted_ = report.clock_doubted;
  synthetic_.reset();
  if (report.synthetic.on) synthetic_ = report.synthetic.served ? now_.hlc + -report.synthetic.ago : Hlc{};
  cluster_.set_self_report({log_full_, report.clock_doubted, report.loop_delay, report.synthetic});
}

// -- what other nodes say

void Node::drain_cluster() {
  while (!net_.received.empty() || !net_.payloads.empty() || !net_.votes.empty() || !net_.hellos.empty() ||
         !net_.snapshots.empty() || !net_.snapshots_wanted.empty()) {
    for (auto& snapshot : std::exchange(net_.snapshots, {})) load_from_peer(snapshot);
    for (auto& received : std::exchange(net_.received, {})) receive(received);
    for (const auto& hello : std::exchange(net_.hellos, {})) greeted(hello);
    for (const auto& vote : std::exchange(net_.votes, {})) {
      using enum cluster::Signal;
      const auto has = [&](cluster::Signal kind) { return vote.kinds.contains(kind); };
      const failover::Vote record{vote.subject,   vote.down,    has(peer_link),
                                  has(api_probe), has(clients), has(self_report)};
      emit(Decision{{failover::Rec{record}}, {}});
    }
    for (auto& payload : std::exchange(net_.payloads, {})) {
      auto message = message::decode(payload.bytes);
      if (!message) {
        ++counters_.undecodable;
        continue;
      }
      std::visit([&](auto& m) { on(payload.from, m); }, *message);
    }
    for (const NodeId peer : std::exchange(net_.snapshots_wanted, {})) snapshot_peers_.insert(peer);
    if (!snapshot_peers_.empty() && durable_ == sequence_) {
      // Own records that are not durable leave the node in no form; so a snapshot waits for a moment without any.
      for (const NodeId peer : std::exchange(snapshot_peers_, {})) {
        cluster_.snapshot_made(peer, cluster_.replication().seen(), world_.snapshot(), now_, net_);
      }
    }
  }
}

void Node::greeted(const cluster::Hello& hello) {
  for (const auto& [log, sequence] : hello.have) {
    if (log.origin != options_.self || log.incarnation == options_.incarnation) continue;
    const auto held = disk_held_.find(log);
    if (held != disk_held_.end() && held->second >= sequence) continue;
    // R3: others hold more of this node's log than its disk does: the disk went back.
    if (world_.members().current().members.size() > 1 && !heard_all_) local_.may_ack = false;
  }
}

void Node::receive(cluster::Received& received) {
  const auto rec = record::decode(received.record.bytes);
  ++counters_.records_foreign;
  if (!rec || rec->origin != received.log.origin || rec->incarnation != received.log.incarnation ||
      rec->sequence != received.sequence) {
    // A newer build's record: kept and relayed as it is, and applied by the build that understands it.
    ++counters_.undecodable;
    appended_.push_back(LogEntry{received.log, received.sequence, std::move(received.record)});
    return;
  }
  if (rec->at > last_stamp_) {
    last_stamp_ = rec->at;
    now_.hlc = last_stamp_;
  }
  apply(rec->body, rec->meta());
  if (const auto* of_contact = std::get_if<contact::Rec>(&rec->body)) show(*of_contact, false);
  appended_.push_back(LogEntry{received.log, received.sequence, std::move(received.record)});
}

void Node::load_from_peer(const cluster::SnapshotReceived& snapshot) {
  // Loading replaces the world: nothing that is applied here may be missing from it, but for this life's own records,
  // which are applied again.
  Vector of_others = cluster_.replication().seen();
  of_others.erase({options_.self, options_.incarnation});
  if (!may_load_ || !covers(snapshot.vector, of_others)) return;
  if (!world_.load(snapshot.bytes)) {
    ++counters_.undecodable;
    return;
  }
  ++counters_.snapshots_loaded;
  for (const auto& [meta, body] : own_records_) world_.apply(body, meta);
  cluster_.snapshot_loaded(snapshot.vector, now_, net_);
  outputs_.snapshot = SaveSnapshot{snapshot.vector, snapshot.bytes, true};
  outputs_.keys_erased = customer::erased_keys(world_.access(), world_.customers());
  touch_all();
  members_touched_ = match_ = true;
}

// -- records

void Node::emit(Decision decision, const Uuid& cause) {
  for (Body& body : decision.records) {
    last_stamp_ = std::max(Hlc{last_stamp_.packed + 1}, now_.hlc);
    now_.hlc = last_stamp_;
    sequence_ = Sequence{sequence_.value() + 1};
    const Meta meta{{options_.self, options_.incarnation}, sequence_, now_.hlc, cause};
    cluster::LoggedRecord logged{record::encode(meta, body), std::exchange(keys_, {})};
    cluster_.own_appended(sequence_, logged);
    appended_.push_back(LogEntry{meta.log, sequence_, std::move(logged)});
    ++counters_.records_own;
    step_ack_ = std::max(step_ack_, ack_class(body));
    if (may_load_) own_records_.emplace_back(meta, body);
    apply(body, meta);
    if (const auto* rec = std::get_if<contact::Rec>(&body)) {
      if (const auto* claimed = std::get_if<contact::Claimed>(rec)) {
        if (claimed->why == contact::Why::arrived || claimed->why == contact::Why::revived) ++counters_.claims;
        if (claimed->why == contact::Why::adopted) ++counters_.adoptions;
      }
      show(*rec, true);
    }
    const auto* rec = std::get_if<presence::Rec>(&body);
    const auto* opened = rec == nullptr ? nullptr : std::get_if<presence::Claimed>(rec);
    if (opened != nullptr) local_.desktops[opened->agent] = opened->whole.desktop;
  }
  for (Effect& effect : decision.effects) perform(std::move(effect));
}

void Node::apply(const Body& body, const Meta& meta) {
  touch(body);  // what it was connected with before
  transfer::count(counters_.handed, sees(), body, meta.log);
  world_.apply(body, meta);
  touch(body);  // and is connected with now
  outputs_.keys_erased.merge(customer::erased_by(body, world_.customers()));
}

void Node::touch_around(AgentId agent) {
  touched_agents_.insert(agent);
  desk_touched_.insert(agent);
  for (const ContactId id : world_.contacts().of_agent(agent)) touched_contacts_.insert(id);
  if (const presence::Held* held = world_.agents().find(agent)) {
    for (const auto& [id, slot] : held->presence.slots) touched_contacts_.insert(id);
  }
  match_ = true;
}

void Node::touch_all() {
  for (const auto& [id, held] : world_.contacts().all()) touched_contacts_.insert(id);
  for (const auto& [id, held] : world_.agents().all()) touched_agents_.insert(id);
}

void Node::touch_contact(ContactId contact) {
  touched_contacts_.insert(contact);
  const contact::Held* held = world_.contacts().find(contact);
  if (held == nullptr) return;
  const contact::Contact& c = held->contact;
  for (const AgentId agent : {c.agent, c.move.agent, c.about.by}) {
    if (agent.value().nil()) continue;
    touched_agents_.insert(agent);
    desk_touched_.insert(agent);
  }
  for (const ContactId other : {c.consult.contact, c.about.contact}) {
    if (const contact::Held* found = world_.contacts().find(other)) {
      touched_contacts_.insert(other);
      desk_touched_.insert(found->contact.agent);
    }
  }
  match_ = true;
}

void Node::touch(const Body& body) {
  std::visit(
      Overloaded{
          [&](const config::Rec&) { match_ = true; },
          [&](const membership::Rec& rec) {
            members_touched_ = true;
            if (std::holds_alternative<membership::Born>(rec)) born_touched_ = true;
          },
          [&](const contact::Rec& rec) {
            const auto* updated = std::get_if<contact::Updated>(&rec);
            if (updated != nullptr && contact::only_content(*updated)) return;
            touch_contact(contact::contact_of(rec));
          },
          [&](const presence::Rec& rec) { touch_around(std::visit([](const auto& r) { return r.agent; }, rec)); },
          [&](const routing::Rec& rec) {
            if (!std::holds_alternative<routing::Matched>(rec)) {
              touch_contact(std::visit([](const auto& r) { return r.contact; }, rec));
            }
          },
          [&](const transfer::Rec& rec) { touch_contact(std::visit([](const auto& r) { return r.contact; }, rec)); },
          [&](const failover::Rec&) { members_touched_ = true; },
          [&](const distribution::Rec&) { members_touched_ = true; },
          [](const auto&) {},
      },
      body);
}

// -- reacting

void Node::settle() {
  if (!started_) return;
  for (int round = 0; !touched_contacts_.empty() || !touched_agents_.empty() || match_ || members_touched_; ++round) {
    TANDEM_CHECK(round < 100'000);
    if (members_touched_) {
      members_touched_ = false;
      members_changed();
      continue;
    }
    if (!touched_agents_.empty()) {
      const AgentId agent = *touched_agents_.begin();
      touched_agents_.erase(touched_agents_.begin());
      react_agent(agent);
      continue;
    }
    if (!touched_contacts_.empty()) {
      const ContactId contact = *touched_contacts_.begin();
      touched_contacts_.erase(touched_contacts_.begin());
      react_contact(contact);
      continue;
    }
    match_ = false;
    if (local_.hub || log_full_) continue;
    Decision decision = routing::match(sees(), cluster_.replication().seen(), now_, rng_);
    match_again_ = world_.matching_again();
    match_ = !decision.empty();
    emit(std::move(decision));
  }
}

void Node::members_changed() {
  const membership::List& list = world_.members().current();
  if (list.number != members_number_) {
    members_number_ = list.number;
    std::vector<cluster::Detector::Member> members;
    for (const membership::Member& member : list.members) members.push_back({member.node, !member.hub});
    cluster_.set_members(list.number, members, now_);
  }
  if (auto known = world_.members().known(); known != members_known_) outputs_.members = members_known_ = known;
  if (const membership::List* next = world_.members().pending()) {
    if (!next->accepted.contains(local_.self)) {
      emit(Decision{{membership::Rec{membership::Accepted{next->number}}}, {}});
    }
  }
  emit(failover::react(sees(), cluster_.replication().seen()));
  duties_wake_ = {};
  for (const membership::Member& member : list.members) {
    if (world_.failover().state(member.node) != failover::MemberState::evacuated) continue;
    for (const ContactId id : world_.contacts().owned_by(member.node)) touched_contacts_.insert(id);
  }
  if (born_touched_) {
    born_touched_ = false;
    for (const membership::Member& member : list.members) {
      for (const ContactId id : world_.contacts().owned_by(member.node)) {
        if (world_.contacts().find(id)->contact.move.open()) touched_contacts_.insert(id);
      }
    }
    for (const ContactId id : world_.contacts().owned_by(local_.self)) touched_contacts_.insert(id);
    lost_upstreams();
  }
  match_ = true;
}

void Node::react_agent(AgentId agent) { emit(presence::react(desk_sees(), agent, now_)); }

void Node::react_contact(ContactId contact) {
  if (Decision decision = routing::react_work(sees(), contact, now_); !decision.empty()) {
    emit(std::move(decision));
    touched_contacts_.insert(contact);
    return;
  }
  if (Decision decision = transfer::react(sees(), contact, now_, rng_); !decision.empty()) {
    const bool records = !decision.records.empty();
    emit(std::move(decision));
    if (records) touched_contacts_.insert(contact);
    return;
  }
  drive_flow(contact);
}

bool Node::owns(ContactId contact) const {
  const contact::Held* held = world_.contacts().find(contact);
  return held != nullptr && sees().mine(held->line);
}

flow::Sees Node::flow_sees() const {
  return {world_.config(),
          local_.self,
          local_.region,
          local_.instance_arn,
          [this](QueueId queue) { return world_.contacts().queued_in(queue).size(); },
          routing::metrics_of({world_.config(), world_.contacts(), world_.agents()}, now_.hlc)};
}

void Node::drive_flow(ContactId contact) {
  if (!owns(contact)) {
    resumed_.erase(contact);
    return;
  }
  const contact::Held& held = *world_.contacts().find(contact);
  const contact::Contact& c = held.contact;
  if (!c.live()) {
    resumed_.erase(contact);
    return;
  }
  if (c.phase == contact::Phase::with_agent) {
    resumed_.erase(contact);
    if (c.flow.block.empty() && c.flow.await == contact::Await::nothing) return;
    contact::Contact next = c;
    flow::stop(next);
    emit(contact::update(held, next));
    return;
  }
  Term& resumed = resumed_[contact];
  if (resumed == held.line.term) return;
  resumed = held.line.term;
  take(flow::resume(flow_sees(), c, now_, rng_), held, {}, {});
}

// The run of a flow becomes one record: where it stands now, and what it showed on the way.
void Node::take(flow::Outcome outcome, const contact::Held& held, std::vector<contact::Item> before,
                const Uuid& cause) {
  const Term term = held.line.term;
  const ContactId id = held.contact.id;
  const KeyId key = held.contact.key;
  emit(flow::record(world_.contacts(), held, outcome, std::move(before), now_, rng_), cause);
  for (flow::Effect& effect : outcome.effects) {
    std::visit(
        [&](auto& e) {
          e.fence.term = term;
          e.fence.contact = id;
          e.key = key;
          perform(Effect{std::move(e)});
        },
        effect);
  }
}

void Node::perform(Effect effect) {
  std::visit(
      Overloaded{
          [&](auto& answered) { park(Out{std::move(answered)}); },
          [&](Redirect& e) {
            local_.attachments.erase(e.contact);
            send(e.session.gateway, message::Reattach{e.session, e.to});
          },
          [&](Ping& e) { send(e.session.gateway, message::PingSession{e.session, e.contact}); },
          [&](CloseDesktop& e) {
            const auto at = local_.desktops.find(e.agent);
            if (at == local_.desktops.end() || at->second != e.desktop) return;
            local_.desktops.erase(at);
            on_desktop_.erase(e.agent);
            take_back_sign_in(e.agent, e.reason);
            // Closing needs no disk to be true, and comes before anybody can hear that it was released (R24).
            outputs_.out.push_back(DesktopEvent{.agent = e.agent, .what = DesktopWhat::closed, .reason = e.reason});
          },
      },
      effect);
}

// -- time

void Node::due() {
  if (!started_) return;
  if (!heard_all_) {
    heard_all_ = true;
    for (const NodeId node : world_.members().nodes()) {
      if (cluster_.lease().heard_since_birth(node) && cluster_.replication().caught_up_with(node)) heard_.insert(node);
      heard_all_ = heard_all_ && (node == local_.self || heard_.contains(node));
    }
    if (heard_all_ && !std::exchange(local_.may_ack, true)) touch_all();
  }
  if (match_again_.packed != 0 && match_again_ <= now_.hlc) match_ = true;
  if (!local_.settled && (heard_all_ || now_.mono >= settles_at())) {
    local_.settled = true;
    touch_all();
    members_touched_ = true;
  }
  if (now_.mono >= duties_wake_) {
    local_.accused.clear();
    for (const NodeId node : local_.reachable) {
      if (!cluster_.detector().bad(node).empty()) local_.accused.insert(node);
    }
    emit(distribution::react(sees(), now_, rng_));
    duties_wake_ = distribution::on_duty(sees()) ? now_.mono + 500ms : Mono::max();
  }
  if (world_.failover().state(local_.self) != failover::MemberState::active) {
    const bool well = heard_all_ && failover::proven(sees(), synthetic_);
    emit(failover::come_back(sees(), cluster_.lease().holds(now_) && well, now_));
  }
  std::vector<ContactId> contacts;
  for (const auto& [at, id] : world_.contacts().deadlines(local_.self)) {
    if (at > now_.hlc) break;
    contacts.push_back(id);
  }
  for (const ContactId id : contacts) {
    if (!owns(id)) continue;
    if (Decision decision = transfer::due(sees(), id, now_); !decision.empty()) {
      emit(std::move(decision));
      continue;
    }
    const contact::Held& held = *world_.contacts().find(id);
    const contact::Position& flow = held.contact.flow;
    if (flow.await == contact::Await::nothing || flow.until.packed == 0 || flow.until > now_.hlc) continue;
    take(flow::advance(flow_sees(), held.contact, flow::Timer{}, now_, rng_), held, {}, {});
  }
  std::vector<AgentId> agents;
  for (const auto& [at, id] : world_.agents().deadlines(local_.self)) {
    if (at > now_.hlc) break;
    agents.push_back(id);
  }
  for (const AgentId id : agents) emit(presence::due(desk_sees(), id, now_));
  if (now_.mono - forgot_ >= 60s) {
    forgot_ = now_.mono;
    world_.forget_answers(now_.hlc + -std::chrono::duration_cast<std::chrono::milliseconds>(kAnswersKept));
  }
}

void Node::reachable_changed() {
  if (std::exchange(links_seen_, cluster_.links().generation()) == cluster_.links().generation()) return;
  std::set<NodeId> reachable;
  for (const NodeId node : world_.members().nodes()) {
    if (node != local_.self && cluster_.reachable(node)) reachable.insert(node);
  }
  if (reachable == local_.reachable) return;
  local_.reachable = std::move(reachable);
  for (const ContactId id : world_.contacts().owned_by(local_.self)) {
    if (world_.contacts().find(id)->contact.move.open()) touched_contacts_.insert(id);
  }
  match_ = true;
  lost_upstreams();
  for (const auto& [contact, session] : std::map(local_.attachments)) {
    if (session.gateway != local_.self && !local_.reachable.contains(session.gateway)) detach(contact, session);
  }
}

// -- effects

void Node::park(Out out) { step_out_.emplace_back(std::move(out)); }

void Node::send(NodeId to, const message::Any& message, bool now) {
  std::string bytes = message::encode(message);
  if (!now) {
    step_out_.emplace_back(std::pair{to, std::move(bytes)});
    return;
  }
  if (to == local_.self) {
    net_.payloads.push_back({to, std::move(bytes)});
  } else {
    cluster_.send(to, std::move(bytes), net_);
  }
}

void Node::release() {
  const LogId own{options_.self, options_.incarnation};
  const bool alone = world_.members().current().members.size() == 1;
  const Sequence second_disk = cluster_.replication().durable_elsewhere(own);
  while (!parked_.empty()) {
    Parked& p = parked_.front();
    if (durable_ < p.after && !bug::on(bug::Name::told_before_durable)) break;
    const bool elsewhere = p.after == Sequence{} || second_disk >= p.after || bug::on(bug::Name::told_before_durable);
    if (p.ack == Ack::peer && !alone && !elsewhere) {
      if (!local_.reachable.empty() || now_.mono - p.since < local_.timers.fallback) break;
      if (bug::on(bug::Name::island_awaits_second_disk)) break;
      ++counters_.fallbacks;
    }
    std::visit(Overloaded{
                   [&](Out& out) { outputs_.out.push_back(std::move(out)); },
                   [&](std::pair<NodeId, std::string>& to) {
                     if (to.first == local_.self) {
                       net_.payloads.push_back({to.first, std::move(to.second)});
                     } else {
                       cluster_.send(to.first, std::move(to.second), net_);
                     }
                   },
               },
               p.what);
    parked_.pop_front();
  }
}

Mono Node::next_wake() const {
  // What is due already was looked at in this step and waits for something else: another look in a while is enough.
  const auto ahead = [&](Mono at) { return at > now_.mono ? at : now_.mono + 5ms; };
  Mono wake = ahead(cluster_.next_wake());
  const auto sooner = [&](Mono at) { wake = std::min(wake, ahead(at)); };
  const auto by_hlc = [&](Hlc at) { sooner(now_.mono + std::max(at - now_.hlc, 1ms)); };
  if (const auto& due = world_.contacts().deadlines(local_.self); !due.empty()) by_hlc(due.begin()->first);
  if (const auto& due = world_.agents().deadlines(local_.self); !due.empty()) by_hlc(due.begin()->first);
  if (match_again_.packed != 0) by_hlc(match_again_);
  for (const auto& [id, f] : forwards_) sooner(f.ticket.nil() ? f.retry : f.sent + kTryMax);
  for (const auto& [id, a] : arriving_) {
    sooner(a.since +
           (a.asked ? local_.timers.attach : std::min<std::chrono::milliseconds>(local_.timers.catch_up, 20ms)));
  }
  for (const auto& [id, s] : signing_in_) sooner(s.deadline);
  sooner(std::min(sessions_wake_, duties_wake_));
  sooner(sessions_told_ + kSessionsToldEvery);
  if (!parked_.empty() && local_.reachable.empty()) sooner(parked_.front().since + local_.timers.fallback);
  if (!local_.settled) sooner(settles_at());
  if (world_.failover().state(local_.self) != failover::MemberState::active) sooner(now_.mono + 100ms);
  return wake;
}

}  // namespace tandem
