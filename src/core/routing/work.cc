#include "core/routing/work.h"

#include <algorithm>

#include "base/bug.h"
#include "core/contact/view.h"

namespace tandem::routing {
namespace {

using contact::Contact;
using contact::Phase;

std::uint64_t acknowledged_by(const Start& start, NodeId acker) {
  const auto at = start.acked.find(acker);
  return at == start.acked.end() ? 0 : at->second;
}

// R17: none other acknowledged for this attempt that was not withdrawn, no other outstanding start known, and no run.
Decision acknowledge(const Sees& sees, ContactId contact, std::uint32_t attempt, const Starts& starts) {
  Decision out;
  if (!sees.local.may_ack) return out;
  for (const auto& [starter, start] : starts) {
    if (start.ran != 0) return out;
  }
  for (const auto& [starter, start] : starts) {
    if (!start.outstanding() || acknowledged_by(start, sees.local.self) >= start.number) continue;
    const bool free = std::ranges::all_of(starts, [&](const auto& other) {
      if (other.first == starter) return true;
      const std::uint64_t acked = acknowledged_by(other.second, sees.local.self);
      return acked <= other.second.withdrawn && !other.second.outstanding();
    });
    if (!free) continue;
    out.records.push_back(Rec{StartAcked{contact, attempt, starter, start.number}});
    return out;
  }
  return out;
}

std::size_t count(const Sees& sees, const Start& start) {
  std::size_t out = 0;
  for (const auto& [acker, number] : start.acked) {
    if (number >= start.number && number > 0 && sees.members.find(acker) != nullptr) ++out;
  }
  return out;
}

const Start* own_start(const Sees& sees, const Starts& starts) {
  const auto at = starts.find(sees.local.self);
  return at == starts.end() ? nullptr : &at->second;
}

bool survivor(const Sees& sees, NodeId lost, ContactId contact) {
  // Rendezvous hashing, the lost node's own region first: every survivor computes the same winner; if two ever choose
  // differently, nothing unsafe follows.
  const membership::Member* owner = sees.members.find(lost);
  const auto weight = [&](NodeId node) {
    const membership::Member* member = sees.members.find(node);
    const bool near = owner != nullptr && member != nullptr && member->region == owner->region;
    return std::pair{near, derive_uuid(contact.value(), "adopt", node.value())};
  };
  NodeId best;
  for (const NodeId node : sees.failover.health(lost).survivors) {
    if (sees.failover.state(node) == failover::MemberState::evacuated) continue;
    if (best == NodeId{} || weight(node) > weight(best)) best = node;
  }
  return best == sees.local.self;
}

// Somebody else's start or run of this attempt is known: in doubt, nobody starts it (R20).
bool in_doubt(const Sees& sees, const Starts& starts) {
  return std::ranges::any_of(starts, [&](const auto& entry) {
    return entry.first != sees.local.self && (entry.second.ran != 0 || entry.second.outstanding());
  });
}

// The own start that was asked for, once enough members acknowledged it (R16).
Decision own_work(const Sees& sees, const contact::Held& held, const Starts& starts) {
  const Contact& c = held.contact;
  Decision out;
  const Start* own = own_start(sees, starts);
  if (c.phase != Phase::queued || own == nullptr || !own->outstanding() || in_doubt(sees, starts)) return out;
  std::size_t quorum = sees.quorum();
  if (bug::on(bug::Name::small_quorum)) --quorum;
  if (bug::on(bug::Name::no_ack)) quorum = 0;
  if (bug::on(bug::Name::island_starts_work) && sees.local.reachable.empty()) quorum = 1;
  if (count(sees, *own) >= quorum) out.records.push_back(Rec{Ran{c.id, c.attempt, own->number}});
  return out;
}

// R18, after it ran: another node's line won, and the work is this node's all the same. The line that won may know
// fewer attempts than ran here.
Decision reclaim(const Sees& sees, const contact::Held& held, std::uint32_t ran, const Now& now) {
  Contact next = held.contact;
  next.attempt = ran;
  presence::SlotState slot = presence::SlotState::reserved;
  AgentId agent;
  for (const AgentId id : sees.agents.signed_in_at(sees.local.self)) {
    const presence::Held& desk = *sees.agents.find(id);
    const auto at = desk.presence.slots.find(next.id);
    if (!sees.mine(desk.line) || at == desk.presence.slots.end() || at->second.attempt != next.attempt) continue;
    agent = id;
    slot = at->second.state;
  }
  const Term term = contact::next_term(held);
  next.given = term;
  if (next.move.open()) next.move.state = contact::MoveState::returned;
  if (!agent.value().nil() && slot == presence::SlotState::busy) {
    next.phase = Phase::with_agent;
    next.agent = agent;
  } else if (next.place.enqueued.packed == 0) {
    // All that is known of the line that won is how the work began: it goes through its flow here.
    ++next.attempt;
  } else {
    // It rang only, or the desktop that had it is gone: its owner asks for it anew, under another number (R19).
    contact::back_to_queue(next, false, sees.local, now);
  }
  return contact::claim(held, term, contact::Why::reclaimed, std::move(next));
}

}  // namespace

Decision start(const Sees& sees, const contact::Held& held) {
  const Contact& c = held.contact;
  const Starts& starts = sees.routing.starts(c.id, c.attempt);
  const Start* own = own_start(sees, starts);
  if (own != nullptr && own->ran != 0 && own->ran_in != sees.local.incarnation) {
    // R19: what a former life ran is not run again. Whom it was given to may have gone with its disk.
    Contact next = c;
    ++next.attempt;
    return contact::update(held, next);
  }
  if (in_doubt(sees, starts) || (own != nullptr && (own->outstanding() || own->ran != 0))) return {};
  Decision out;
  out.records.push_back(Rec{Started{c.id, c.attempt, own == nullptr ? 1 : own->number + 1}});
  return out;
}

Decision hand_on(const Sees& sees, const contact::Held& held) {
  const Starts& starts = sees.routing.starts(held.contact.id, held.contact.attempt);
  const Start* own = own_start(sees, starts);
  if (own == nullptr) return {};
  if (own->ran != 0) {
    // It ran here and was given to nobody, as this node's own log says.
    Contact next = held.contact;
    ++next.attempt;
    return contact::update(held, next);
  }
  Decision out;
  if (own->outstanding() && !bug::on(bug::Name::no_withdraw))
    out.records.push_back(Rec{StartWithdrawn{held.contact.id, held.contact.attempt, own->number}});
  return out;
}

bool may_run(const Sees& sees, const contact::Held& held) {
  const Start* own = own_start(sees, sees.routing.starts(held.contact.id, held.contact.attempt));
  if (own == nullptr) return false;
  return own->ran != 0 || bug::on(bug::Name::run_recorded_after);
}

Decision react_work(const Sees& sees, ContactId contact, const Now& now) {
  const contact::Held* held = sees.contacts.find(contact);
  if (held == nullptr || held->contact.kind != contact::Kind::work) return {};
  const Contact& c = held->contact;
  const Starts& starts = sees.routing.starts(contact, c.attempt);
  if (Decision out = acknowledge(sees, contact, c.attempt, starts); !out.empty()) return out;
  if (sees.local.hub || c.phase == Phase::ended) return {};
  if (sees.mine(held->line)) return own_work(sees, *held, starts);
  const Start* own = own_start(sees, starts);
  if (held->line.node != sees.local.self && sees.local.settled) {
    // What a former life ran is heard of in pieces: which line came last is known only after all of it.
    const auto ran = sees.routing.last_ran(contact, sees.local.self);
    if (ran && *ran >= c.attempt) return reclaim(sees, *held, *ran, now);
  }
  if (held->line.node != sees.local.self && own != nullptr && own->outstanding() && !bug::on(bug::Name::no_withdraw)) {
    Decision out;  // R18: superseded before it ran
    out.records.push_back(Rec{StartWithdrawn{contact, c.attempt, own->number}});
    return out;
  }
  if (held->line.node == sees.local.self) return {};
  if (sees.failover.state(held->line.node) != failover::MemberState::evacuated) return {};
  // R15: adopt, unless somebody's start or run of it stands (then it is in doubt, R20).
  for (const auto& [starter, start] : starts) {
    if (starter != sees.local.self && (start.outstanding() || start.ran != 0)) return {};
  }
  if (!sees.local.settled || !survivor(sees, held->line.node, contact)) return {};
  Contact next = c;
  if (next.move.open()) next.move.state = contact::MoveState::returned;
  if (next.phase == Phase::offering || next.phase == Phase::with_agent) {
    contact::back_to_queue(next, next.phase == Phase::with_agent, sees.local, now);
  }
  next.given = contact::next_term(*held);
  return contact::claim(*held, next.given, contact::Why::adopted, next);
}

}  // namespace tandem::routing
