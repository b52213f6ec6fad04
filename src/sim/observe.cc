// What a simulation sees of its nodes, and how it judges it: records as they are written, frames as they leave, worlds
// and owners as they stand from time to time, and everything at the end.
#include <algorithm>

#include "base/overloaded.h"
#include "codec/wire.h"
#include "core/distribution/effective.h"
#include "sim/people.h"
#include "sim/simulation.h"

namespace tandem::sim {
namespace {

// A consultation and its conversation name each other, as long as both live.
bool astray(const contact::State& contacts, const contact::Contact& c) {
  const contact::Held* main = contacts.find(c.about.contact);
  const contact::Held* consultation = contacts.find(c.consult.contact);
  if (c.is_consultation()) {
    return main == nullptr || !main->contact.live() || main->contact.consult.contact != c.id;
  }
  return !c.consult.contact.value().nil() && (consultation == nullptr || !consultation->contact.live());
}

constexpr Time kCalm = 12s;  // without faults before owners are compared
constexpr std::chrono::milliseconds kClocksAgree{250};
constexpr Time kOrderCalm = 8s;  // likewise, before places in queues are

std::string line_name(Term term, NodeId node) { return fmt::format("{}@{}", term.value(), node.value()); }

bool of_broken_flow(const contact::Updated& update) {
  return std::ranges::any_of(update.items, [](const contact::Item& item) { return unseal(item.content) == kBroken; });
}

// What a node is given by others, or takes by itself; a customer who is at its own door is another thing.
bool takes_on(contact::Why why) {
  return why == contact::Why::started || why == contact::Why::adopted || why == contact::Why::accepted;
}

const char* why_name(contact::Why why) {
  constexpr const char* kNames[] = {"started", "arrived",   "accepted", "taken back", "returned",
                                    "revived", "reclaimed", "adopted",  "restarted"};
  return kNames[static_cast<std::size_t>(why)];
}

}  // namespace

bool Simulation::calm(Time since) const {
  if (active_faults_ > 0 || events_.now() - last_fault_ < since) return false;
  return std::ranges::all_of(hosts_, [&](const auto& host) {
    if (!host->expected) return true;
    return host->node != nullptr && events_.now() >= host->slow_disk_until && !host->disk.full();
  });
}

// Of all who wait, those whom the agent could have taken instead: chats of the same queue, for any agent of it.
void Simulation::compare_order(const Host& host, const routing::Matched& match) {
  const World& world = host.node->world();
  const contact::Held* given = world.contacts().find(match.contact);
  const config::RoutingProfile* profile = world.config().routing_profile(match.winner);
  if (!calm(kOrderCalm) || given == nullptr || profile == nullptr || match.rule != "longest-available") return;
  const contact::Contact& c = given->contact;
  const auto entry = profile->queues.find({c.place.queue.value(), presence::channel_name(c.channel)});
  if (entry == profile->queues.end()) return;
  const auto wait =
      std::max<std::chrono::milliseconds>(entry->second.delay, world.config().local_preference(c.place.queue));
  // Times of queueing are those of the nodes' clocks: where one was off, the order is another.
  const auto wall = [&](const Host& each) { return Hlc::at(each.clock.wall_milliseconds(events_.now())); };
  const auto off = [](Hlc a, Hlc b) { return std::max(a - b, b - a) > kClocksAgree; };
  if (off(wall(host), given->changed)) return;
  if (std::ranges::any_of(hosts_, [&](const auto& each) { return off(wall(host), wall(*each)); })) return;
  coverage_.count("order: compared");
  // As many of them may be on their way to agents who are free as well.
  std::size_t spare = 0;
  for (const AgentId agent : world.agents().routable()) {
    const config::RoutingProfile* serves = world.config().routing_profile(agent);
    const bool able = serves != nullptr && serves->queues.contains(entry->first) &&
                      presence::has_room(world.config(), world.agents().find(agent)->presence, c.channel);
    spare += able && agent != match.winner ? 1 : 0;
  }
  for (const auto& other : hosts_) {
    if (!other->expected || world.failover().state(other->id) != failover::MemberState::active) continue;
    const contact::State& contacts = other->node->world().contacts();
    const Hlc now = wall(*other);
    for (const ContactId id : contacts.queued_at(other->id)) {
      const contact::Held& held = *contacts.find(id);
      const contact::Contact& w = held.contact;
      const bool same = w.place.queue == c.place.queue && w.channel == c.channel && id != c.id;
      const bool mine = held.line.incarnation == other->incarnation;
      const bool free =
          w.attached && !w.move.open() && w.place.preferred.value().nil() && w.place.criteria.steps.empty();
      if (!same || !mine || !free || now - w.place.enqueued < wait) continue;
      if (routing::key_of(w) < routing::key_of(c) && spare > 0) {
        --spare;
        continue;
      }
      global_order_.given(routing::key_of(c), match.winner, {routing::key_of(w), other->id, now - held.changed});
    }
  }
}

void Simulation::shadow(Host& host, const Uuid& thing) {
  const World& world = host.node->world();
  const bool serves = world.members().find(host.id) != nullptr && !world.distribution().node(host.id).joining();
  // An order to join that was given twice sends it back to the beginning, with what it has.
  host.served = host.served || !host.joins || serves;
  shadows_.took(host.id, thing, host.served);
}

// Whether the node that chose the region could know that it gives its contacts away, and others take them.
void Simulation::compare_shares(const Host& owner, const contact::Contact& contact) {
  if (contact.placed.group.nil() || !calm(kOrderCalm)) return;
  const Host& by = host(contact.placed.by);
  if (by.node == nullptr) return;
  // Since when it knows it, on the clock of nobody: those of nodes jump.
  for (const auto& each : hosts_) {
    const auto& drained = by.node->world().distribution().region(each->region);
    if (drained.draining()) drain_known_.try_emplace({by.id, each->region, drained.at}, events_.now());
  }
  const auto& region = by.node->world().distribution().region(owner.region);
  const bool others = std::ranges::any_of(hosts_, [&](const auto& each) {
    const World& world = by.node->world();
    return !each->hub && world.members().find(each->id) != nullptr && each->region != owner.region &&
           !world.distribution().region(each->region).draining() &&
           world.failover().state(each->id) == failover::MemberState::active;
  });
  if (!region.draining() || !others) return;
  coverage_.count("shares: compared");
  const Time known = drain_known_.at({by.id, owner.region, region.at});
  shares_.placed(contact, owner.id, std::chrono::duration_cast<std::chrono::milliseconds>(events_.now() - known));
}

void Simulation::observe(Host& host, const record::Record& rec) {
  const Meta meta = rec.meta();
  told.recorded(meta.cause, meta.log, meta.sequence);
  std::visit(
      Overloaded{
          [&](const contact::Rec& r) {
            std::visit(Overloaded{
                           [&](const contact::Claimed& c) {
                             const Line line{c.term, host.id, host.incarnation};
                             coverage_.count(fmt::format("claim: {}", why_name(c.why)));
                             if (takes_on(c.why)) shadow(host, c.contact.value());
                             if (c.why == contact::Why::started) compare_shares(host, c.whole);
                             say({c.contact.value()}, "contact {} is claimed: {} ({})", c.contact.value().text(),
                                 line_name(c.term, host.id), why_name(c.why));
                             // That a move was accepted is said by whoever accepted it; who claims later hands it on.
                             const bool came = c.whole.move.state == contact::MoveState::accepted ||
                                               c.whole.move.state == contact::MoveState::attached;
                             if (!came || c.why == contact::Why::accepted) {
                               one_outcome_.written(meta.log, meta.sequence, c.contact, line, c.whole.move);
                             }
                             if (c.why == contact::Why::accepted && c.whole.move.agent.value().nil()) {
                               coverage_.count("move: as it waits");
                             }
                             if (c.whole.move.state == contact::MoveState::accepted) {
                               coverage_.count("move: accepted");
                               aimed(Saga::accepted, host.id, c.whole.move.source);
                             } else if (c.why == contact::Why::taken_back && !c.whole.move.open()) {
                               coverage_.count(c.whole.move.state == contact::MoveState::timed_out ? "move: timed out"
                                                                                                   : "move: abandoned");
                             } else if (c.whole.move.state == contact::MoveState::returned) {
                               coverage_.count("move: returned");
                             } else if (c.why == contact::Why::accepted) {
                               coverage_.count("move: attached");
                             }
                           },
                           [&](const contact::Updated& u) {
                             if (of_broken_flow(u)) felt(Drill::bad_deploy, host.index);
                             if (u.change.value().phase == contact::Phase::abandoned)
                               coverage_.count("customer: stayed away");
                             if (u.change.value().phase == contact::Phase::ended) coverage_.count("customer: ended");
                             const auto changed = [&](std::uint32_t field) {
                               return std::ranges::find(u.change.changed, field) != u.change.changed.end();
                             };
                             if (changed(6)) {
                               say({u.contact.value()}, "node {} puts contact {} in phase {}", host.id.value(),
                                   u.contact.value().text(), static_cast<int>(u.change.value().phase));
                             }
                             if (changed(7)) {
                               say({u.contact.value()}, "node {} notes the customer of contact {} as {}",
                                   host.id.value(), u.contact.value().text(),
                                   u.change.value().attached ? "there" : "away");
                             }
                             const bool moved = changed(21);
                             if (!moved) return;
                             const contact::Move& move = u.change.value().move;
                             one_outcome_.written(meta.log, meta.sequence, u.contact, u.line, move);
                             switch (move.state) {
                               case contact::MoveState::offered:
                                 coverage_.count("move: offered");
                                 say({u.contact.value(), move.agent.value()}, "node {} offers contact {} to node {}",
                                     host.id.value(), u.contact.value().text(), move.destination.value());
                                 aimed(Saga::offered, host.id, move.destination);
                                 break;
                               case contact::MoveState::attached:
                                 coverage_.count("move: attached");
                                 break;
                               case contact::MoveState::returned:
                                 coverage_.count("move: returned");
                                 break;
                               case contact::MoveState::abandoned:
                                 coverage_.count("move: abandoned");
                                 break;
                               default:
                                 break;
                             }
                           },
                       },
                       r);
          },
          [&](const presence::Rec& r) {
            std::visit(Overloaded{
                           [&](const presence::Asked& a) {
                             say({a.agent.value()}, "node {} asks to open a desktop of agent {}, term {}{}",
                                 host.id.value(), a.agent.value().text(), a.term.value(), a.proved ? ", proved" : "");
                             islands.asked(a.agent, a.term, host.id);
                             aimed(Saga::signing_in, host.id,
                                   NodeId{static_cast<std::uint16_t>(1 + world_rng_.below(hosts_.size()))});
                           },
                           [&](const presence::SignInAcked& a) {
                             islands.acknowledged_sign_in(a.agent, a.term, a.asker, host.id);
                           },
                           [&](const presence::Released& x) {
                             coverage_.count("sign-in: released");
                             say({x.agent.value()}, "node {} releases agent {}, term {}", host.id.value(),
                                 x.agent.value().text(), x.term.value());
                           },
                           [&](const presence::ReleaseRefused&) { coverage_.count("sign-in: release refused"); },
                           [&](const presence::Claimed& c) {
                             slots_[{host.id, c.agent}] = c.whole.slots;
                             if (!c.whole.desktop.nil()) shadow(host, c.agent.value());
                             if (!c.whole.desktop.nil() && alone_and_well(host.index, 0s)) {
                               islands.opened(c.agent, c.term, host.id, host.node->world().members().nodes().size());
                             }
                             say({c.agent.value()}, "agent {} is claimed: {}", c.agent.value().text(),
                                 line_name(c.term, host.id));
                           },
                           [&](const presence::Updated& u) {
                             const bool slots = std::ranges::find(u.change.changed, 8U) != u.change.changed.end();
                             if (!slots) return;
                             const auto accept = accepts_.find(meta.cause);
                             if (accept != accepts_.end() && accept->second.first == u.agent) {
                               one_promise.accepted(u.agent, accept->second.second, slots_[{host.id, u.agent}]);
                             }
                             slots_[{host.id, u.agent}] = u.change.value().slots;
                           },
                       },
                       r);
          },
          [&](const routing::Rec& r) {
            std::visit(Overloaded{
                           [&](const routing::Matched& m) { compare_order(host, m); },
                           [&](const routing::Started& s) {
                             coverage_.count("work: started");
                             if (alone_and_well(host.index, 1s)) coverage_.count("island: work waited");
                             say({s.contact.value()}, "node {} starts attempt {} of contact {}, number {}",
                                 host.id.value(), s.attempt, s.contact.value().text(), s.number);
                             people_->call_away(host.id.value() - 1U);
                             aimed(Saga::starting, host.id,
                                   NodeId{static_cast<std::uint16_t>(1 + world_rng_.below(hosts_.size()))});
                           },
                           [&](const routing::StartAcked& s) {
                             islands.acknowledged_start(s.contact, s.attempt, s.starter, s.number, host.id);
                             coverage_.count("work: acknowledged");
                             say({s.contact.value()},
                                 "node {} acknowledges node {}'s start {} of attempt {} of contact {}", host.id.value(),
                                 s.starter.value(), s.number, s.attempt, s.contact.value().text());
                           },
                           [&](const routing::StartWithdrawn& s) {
                             coverage_.count("work: withdrawn");
                             say({s.contact.value()}, "node {} withdraws start {} of attempt {} of contact {}",
                                 host.id.value(), s.number, s.attempt, s.contact.value().text());
                           },
                           [&](const routing::Ran& s) {
                             coverage_.count("work: ran");
                             say({s.contact.value()}, "node {} runs attempt {} of contact {}", host.id.value(),
                                 s.attempt, s.contact.value().text());
                             if (alone_and_well(host.index, 0s)) {
                               islands.ran(s.contact, s.attempt, host.id, s.number,
                                           host.node->world().members().nodes().size());
                             }
                             work_once.ran(s.contact, s.attempt, host.id);
                           },
                       },
                       r);
          },
          [&](const transfer::Rec& r) {
            coverage_.count("move: refused");
            const auto& refused = std::get<transfer::Refused>(r);
            say({refused.contact.value()}, "node {} refuses the move of contact {}: {}", host.id.value(),
                refused.contact.value().text(), refused.reason);
          },
          [&](const failover::Rec& r) {
            if (const auto* vote = std::get_if<failover::Vote>(&r)) evacuations_.voted(host.id, *vote);
            if (const auto* out = std::get_if<failover::Evacuated>(&r)) {
              evacuations_.evacuated(*out, host.node->world().failover().against(out->subject),
                                     host.node->world().members().nodes().size(), events_.now());
              coverage_.count("member: evacuated");
              say({}, "node {} declares node {} evacuated", host.id.value(), out->subject.value());
            } else if (const auto* back = std::get_if<failover::Returned>(&r)) {
              evacuations_.returned(host.id, back->state, host.node->cluster().replication().seen());
              coverage_.count("member: returned");
              say({}, "node {} returns", host.id.value());
            }
          },
          [&](const distribution::Rec& r) {
            const auto* order = std::get_if<distribution::Ordered>(&r);
            if (order != nullptr && order->duty == distribution::Duty::draining) coverage_.count("region: drained");
            if (const auto* step = std::get_if<distribution::Stepped>(&r)) {
              coverage_.count("region: ramped");
              const Sees sees = host.node->world().sees(host.node->local());
              const auto nodes = distribution::nodes_of(sees, step->region);
              const bool answers =
                  std::ranges::any_of(nodes, [&](NodeId n) { return distribution::answering(sees, n); });
              evacuations_.stepped(*step, answers, host.id);
            }
          },
          [&](const customer::Rec& r) {
            const customer::Profile* profile = host.node->world().customers().find(customer::person_of(r));
            if (profile == nullptr) return;
            if (std::holds_alternative<customer::Forgotten>(r)) coverage_.count("customer: profile forgotten");
            const auto overwritten = [](const auto& field) { return field.second.size() > 1; };
            if (std::ranges::any_of(profile->fields_by_name, overwritten)) {
              coverage_.count("customer: profile overwritten");
            }
          },
          [](const auto&) {},
      },
      rec.body);
}

// The gateways' attaches and detaches, as they leave on the wire.
void Simulation::observe_frames(Host& host, const std::vector<std::pair<NodeId, std::string>>& frames) {
  constexpr char kRelay = 7 << 3 | 2;
  constexpr char kToNode = 8 << 3 | 2;
  constexpr char kForward = 1 << 3 | 2;
  for (const auto& [to, bytes] : frames) {
    if (bytes.empty() || (bytes[0] != kToNode && bytes[0] != kRelay)) continue;
    auto frame = cluster::decode_frame(bytes);
    NodeId receiver = to;
    if (const auto* relay = frame ? std::get_if<cluster::Relay>(&*frame) : nullptr) {
      if (relay->from != host.id) continue;  // it only carries it
      receiver = relay->to;
      frame = cluster::decode_frame(std::string(relay->bytes));
    }
    if (!frame) continue;
    const auto* payload = std::get_if<cluster::ToNode>(&*frame);
    if (payload == nullptr || payload->bytes.empty() || (payload->bytes[0] != kForward && !options_.trace)) continue;
    const auto message = wire::decode<message::Any>(payload->bytes);
    if (const auto* back = message ? std::get_if<message::Reattach>(&*message) : nullptr) {
      say({}, "node {} lets go of session {} of node {}, which belongs at node {}", host.id.value(),
          back->session.number, receiver.value(), back->to.value());
    }
    const auto* forward = message ? std::get_if<message::Forward>(&*message) : nullptr;
    if (forward == nullptr) continue;
    if (const auto* detach = std::get_if<contact::Detach>(&forward->command.verb)) {
      one_upstream_.lets_go(detach->session, receiver);
      say({detach->contact.value()}, "gateway {} detaches session {} from node {}", host.id.value(),
          detach->session.number, receiver.value());
    }
    const auto* attach = std::get_if<contact::Attach>(&forward->command.verb);
    if (attach == nullptr || attach->session.gateway != host.id) continue;
    say({attach->contact.value()}, "gateway {} attaches session {} at node {}", host.id.value(), attach->session.number,
        receiver.value());
    for (const auto& other : hosts_) {
      // Whom the gateway cannot reach, it cannot tell; and its own node is told without a frame.
      if (other->node == nullptr || !host.node->local().reachable.contains(other->id)) continue;
      const auto& attachments = other->node->local().attachments;
      const auto held = attachments.find(attach->contact);
      const bool holds =
          held != attachments.end() && held->second.gateway == host.id && held->second.number == attach->session.number;
      if (holds) one_upstream_.asks(attach->session, receiver, other->id, held->second.tries);
    }
  }
}

void Simulation::sample_worlds() {
  std::vector<WorldsEqual::Seen> worlds;
  for (const auto& host : hosts_) {
    if (host->node == nullptr) continue;
    Vector vector = host->node->cluster().replication().seen();
    const bool shared = std::ranges::any_of(hosts_, [&](const auto& other) {
      return other->index != host->index && other->node && other->node->cluster().replication().seen() == vector;
    });
    if (shared) worlds.push_back({host->id, std::move(vector), host->node->world().bytes()});
  }
  worlds_equal_.compare(worlds);
}

void Simulation::sample_owners() {
  if (!calm(kCalm)) return;
  one_owner_.sample_begins();
  for (const auto& host : hosts_) {
    if (!host->expected) continue;
    if (!host->node->cluster().lease().holds(host->clock.read(events_.now()))) continue;
    const Node& node = *host->node;
    for (const ContactId id : node.world().contacts().owned_by(host->id)) {
      const contact::Held& held = *node.world().contacts().find(id);
      if (held.line.incarnation == host->incarnation) one_owner_.owns(host->id, id.value());
    }
    for (const AgentId id : node.world().agents().signed_in_at(host->id)) {
      const presence::Held& held = *node.world().agents().find(id);
      if (held.line.node == host->id && held.line.incarnation == host->incarnation) {
        one_owner_.owns(host->id, id.value());
      }
    }
  }
  one_owner_.serves_begin();
  for (const auto& serving : people_->serving()) {
    if (events_.now() - serving.since > kCalm) one_owner_.serves(serving.agent, serving.contact);
  }
}

void Simulation::final_checks() {
  std::vector<WorldsEqual::Seen> worlds;
  for (const auto& host : hosts_) {
    if (!host->expected) continue;
    if (host->joins && !member(host->index)) {
      verdict.broken("settled", fmt::format("node {} was to join and is no member", host->id.value()));
    }
    if (host->node == nullptr) {
      verdict.broken("settled", fmt::format("node {} is not up after healing", host->id.value()));
      return;
    }
    worlds.push_back({host->id, host->node->cluster().replication().seen(), host->node->world().bytes()});
  }
  worlds_equal_.settled(worlds);
  told.settled(worlds.front().vector);
  const Host& first = *hosts_[0];
  const World& world = first.node->world();
  for (const auto& host : hosts_) {
    if (!host->expected) continue;
    for (const auto& [id, held] : host->node->world().contacts().all()) {
      one_outcome_.settled(host->id, id, held.contact.move, held.contact.live());
      if (host->index == 0) coverage_.count("log: late record", held.late);
    }
  }
  const auto now_ms = static_cast<std::int64_t>(first.clock.wall_milliseconds(events_.now()));
  // Somebody who may take anything has nothing to do.
  const bool idle = std::ranges::any_of(world.agents().routable(), [&](const AgentId id) {
    const auto n = std::ranges::find(sample_.agents, id) - sample_.agents.begin();
    return n % 4 != 3 && world.agents().find(id)->presence.slots.empty();
  });
  std::map<ContactId, Settled::Contact> contacts;
  for (const auto& [id, held] : world.contacts().all()) {
    Settled::Contact c;
    c.id = id;
    c.phase = held.contact.phase;
    c.attached = held.contact.attached;
    c.owner = held.line.node;
    const Host& owner = host(held.line.node);
    const contact::Held* theirs = owner.node == nullptr ? nullptr : owner.node->world().contacts().find(id);
    c.owner_knows = theirs != nullptr && theirs->line == held.line && held.line.incarnation == owner.incarnation;
    c.work = held.contact.kind == contact::Kind::work;
    // One agent's own queue waits for him.
    c.agent_idle = idle && !world.config().is_agents_own(held.contact.place.queue);
    c.strays = astray(world.contacts(), held.contact);
    c.waits_long = now_ms - static_cast<std::int64_t>(held.changed.milliseconds()) > 60'000;
    settled.contact(c);
    contacts[id] = c;
  }
  for (const auto& open : people_->open_sessions()) {
    const auto at = contacts.find(open.contact);
    const Host& gateway = *hosts_[open.gateway];
    if (events_.now() - open.since < 20s || told.excused(open.start)) continue;
    settled.customer(open.contact, at == contacts.end() ? std::nullopt : std::optional(at->second),
                     gateway.node->upstream(open.session));
  }
  for (const auto& [id, held] : world.contacts().all()) {
    std::vector<std::pair<Uuid, std::string>> transcript;
    for (const contact::Item* item : world.contacts().transcript(id)) {
      transcript.emplace_back(item->id, unseal(item->content));
    }
    transcript_once.settled(id, transcript, said_once(), [this](const Uuid& command) { return told.excused(command); });
  }
  for (const auto& each : hosts_) {
    if (!each->expected) continue;
    profiles.settled(
        each->id, each->node->world().customers(), [](const Text& text) { return unseal(text); },
        [this](const Uuid& command) { return told.excused(command); });
  }
  for (const ContactId id : transcript_once.contacts()) {
    if (world.contacts().find(id) == nullptr) {
      transcript_once.settled(id, {}, {}, [this](const Uuid& command) { return told.excused(command); });
    }
  }
}

void Simulation::count_counters(Host& host) {
  const NodeCounters& now = host.node->counters();
  coverage_.count("log: fallback to one disk", now.fallbacks - host.counted.fallbacks);
  host.counted = now;
}

}  // namespace tandem::sim
