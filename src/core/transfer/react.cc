#include "core/transfer/react.h"

#include <algorithm>

#include "base/bug.h"
#include "core/transfer/consult.h"

namespace tandem::transfer {
namespace {

using contact::Contact;
using contact::MoveState;
using contact::Phase;

Decision refuse(const Contact& contact, const std::string& obstacle) {
  Decision out;
  out.records.push_back(Rec{Refused{contact.id, contact.move.id, obstacle}});
  return out;
}

// R11 without an agent: the contact waits here from now on, at its place.
Decision take_over(const Sees& sees, const contact::Held& held, const Now& now) {
  Contact next = held.contact;
  if (next.move.deadline <= now.hlc) return refuse(next, "the offer came too late");
  if (next.kind == contact::Kind::work) {
    next.move.state = MoveState::attached;
  } else {
    next.attached = false;
    next.grace_until = {};
    next.move.deadline = now.hlc + sees.local.timers.move;
    next.move.state = MoveState::accepted;
  }
  const Term term = next.given;
  return contact::claim(held, term, contact::Why::accepted, std::move(next));
}

// R11: the offer names this node. The agent's slot is taken before it rings.
Decision answer_offer(const Sees& sees, const contact::Held& held, const Now& now, Rng& rng) {
  const Contact& c = held.contact;
  const contact::Move& move = c.move;
  Decision out;
  if (sees.transfer.refused(c.id, move.id)) return out;
  if (move.agent.value().nil()) return take_over(sees, held, now);
  const presence::Held* desk = sees.agents.find(move.agent);
  const bool resumes = c.place.preferred == move.agent;
  std::string obstacle;
  if (desk == nullptr || !sees.mine(desk->line) || desk->presence.desktop.nil()) {
    obstacle = "the agent is not signed in here";
  } else if (resumes && presence::keeps_seat(desk->presence, c)) {
    // A slot waits for this contact.
  } else if (!resumes && !presence::routable(desk->presence)) {
    obstacle = "the agent is not available";
  } else if (!presence::has_room(sees.config, desk->presence, c.channel)) {
    obstacle = "the agent has no free slot";
  } else if (move.deadline <= now.hlc) {
    obstacle = "the offer came too late";
  }
  if (!obstacle.empty()) return refuse(c, obstacle);
  if (c.kind == contact::Kind::work) {
    // Only the owner may start work, and it rings only when it ran (R16, R19): this node takes it over as it waits.
    Contact taken = c;
    taken.move.state = MoveState::attached;
    append(out, contact::claim(held, c.given, contact::Why::accepted, std::move(taken)));
    return out;
  }
  Contact next = c;
  append(out, presence::seat(sees.contacts, *desk, next, sees.local, now, rng));
  next.attached = false;
  next.grace_until = {};
  next.move.deadline = now.hlc + sees.local.timers.move;
  next.move.state = MoveState::accepted;
  append(out, contact::claim(held, c.given, contact::Why::accepted, std::move(next)));
  return out;
}

// R8: another line won while this node holds the customer's session.
Decision superseded(const Sees& sees, const contact::Held& held, SessionId session) {
  Decision out;
  if (bug::on(bug::Name::loser_keeps_socket)) return out;
  const Contact& c = held.contact;
  const bool invited = c.move.source == sees.local.self && c.move.state == MoveState::accepted;
  if (invited || c.attached || c.phase == Phase::ended) {
    out.effects.push_back(Redirect{session, c.id, held.line.node});
  } else {
    out.effects.push_back(Ping{session, c.id});
  }
  return out;
}

Decision own(const Sees& sees, const contact::Held& held, const Now& now) {
  const Contact& c = held.contact;
  if (c.move.state == MoveState::offered && sees.transfer.refused(c.id, c.move.id)) {
    Contact next = c;
    next.move.state = MoveState::returned;
    return contact::update(held, next);
  }
  // R12: the destination died or cannot be reached: take back at once rather than at the deadline.
  if (c.move.state == MoveState::offered) {
    const presence::Held* desk = sees.agents.find(c.move.agent);
    const bool waits = c.move.agent.value().nil();
    if (waits ? sees.answers(c.move.destination) : desk != nullptr && sees.serving(desk->line)) return {};
    Contact next = c;
    next.move.state = MoveState::timed_out;
    const Term term{c.given.value() + (bug::on(bug::Name::takeback_same_term) ? 0U : 1U)};
    next.given = term;
    return contact::claim(held, term, contact::Why::taken_back, std::move(next));
  }
  if (Decision out = consulted(sees, held, now); !out.empty()) return out;
  const bool needs_agent = c.phase == Phase::offering || c.phase == Phase::with_agent;
  if (!needs_agent) return {};
  const presence::Held* desk = sees.agents.find(c.agent);
  const bool promised = desk != nullptr && sees.mine(desk->line) && desk->presence.slots.contains(c.id);
  if (promised) return {};
  // The desktop went elsewhere, or the process that held it is gone: back to the place in the queue. A move whose
  // customer has not come yet stays open: he comes, or its deadline ends it (R13).
  Contact next = c;
  contact::back_to_queue(next, c.phase == Phase::with_agent, sees.local, now);
  return contact::update(held, next);
}

}  // namespace

Decision hand_over(const Sees& sees, ContactId contact, NodeId to, const Now& now, Rng& rng) {
  const contact::Held* held = sees.contacts.find(contact);
  if (held == nullptr || !sees.mine(held->line)) return {};
  const Contact& c = held->contact;
  const bool waits = c.phase == Phase::queued || c.awaits_its_time();
  const bool free = c.kind == contact::Kind::work ? sees.routing.starts(c.id, c.attempt).empty() : c.attached;
  if (!waits || !free || c.move.open() || !c.place.preferred.value().nil()) return {};
  return contact::offer(*held, to, {}, sees.local, now, rng);
}

Decision react(const Sees& sees, ContactId contact, const Now& now, Rng& rng) {
  const contact::Held* held = sees.contacts.find(contact);
  if (held == nullptr || sees.local.hub) return {};
  const auto attachment = sees.local.attachments.find(contact);
  if (sees.mine(held->line)) {
    if (attachment != sees.local.attachments.end() && held->contact.phase == Phase::ended) {
      Decision out;
      out.effects.push_back(Redirect{attachment->second, contact, sees.local.self});
      return out;
    }
    return held->contact.live() ? own(sees, *held, now) : Decision{};
  }
  if (attachment != sees.local.attachments.end()) return superseded(sees, *held, attachment->second);
  if (!held->contact.live()) return {};
  if (held->line.node == sees.local.self) {
    // Owned by this node before it started again.
    if (!sees.local.settled) return {};
    return contact::restart({sees.contacts, sees.local}, *held, now);
  }
  const contact::Move& move = held->contact.move;
  if (move.state == MoveState::offered && move.destination == sees.local.self) {
    return answer_offer(sees, *held, now, rng);
  }
  return {};
}

Decision alive(const Sees& sees, ContactId contact, const Now& now) {
  const contact::Held* held = sees.contacts.find(contact);
  if (held == nullptr || sees.mine(held->line) || held->contact.phase == Phase::ended) return {};
  if (held->contact.attached || !sees.local.attachments.contains(contact)) return {};
  const presence::Held* desk = sees.agents.find(held->contact.agent);
  const bool agent_here = desk != nullptr && sees.mine(desk->line) && desk->presence.slots.contains(contact);
  return contact::arrive({sees.contacts, sees.local}, *held, agent_here, true, now);
}

Decision due(const Sees& sees, ContactId contact, const Now& now) {
  const contact::Held* held = sees.contacts.find(contact);
  if (held == nullptr || !sees.mine(held->line) || !held->contact.live()) return {};
  const Contact& c = held->contact;
  const auto passed = [&](Hlc deadline) { return deadline.packed != 0 && deadline <= now.hlc; };
  Contact next = c;
  if (passed(c.grace_until) && !c.attached) {
    next.phase = Phase::abandoned;
    next.grace_until = {};  // its flow stays where it waits: a customer who comes back is not asked again
    if (c.move.state != MoveState::offered) {
      if (next.move.open()) next.move.state = MoveState::returned;
      return contact::update(*held, next);
    }
    next.move.state = MoveState::abandoned;  // R9 with an open offer: beat the acceptance
    const Term term{c.given.value() + 1};
    next.given = term;
    return contact::claim(*held, term, contact::Why::taken_back, std::move(next));
  }
  if (c.move.state == MoveState::offered && passed(c.move.deadline)) {
    next.move.state = MoveState::timed_out;
    const Term term{c.given.value() + (bug::on(bug::Name::takeback_same_term) ? 0U : 1U)};
    next.given = term;
    return contact::claim(*held, term, contact::Why::taken_back, std::move(next));
  }
  if (c.move.state == MoveState::accepted && passed(c.move.deadline)) {
    // R13: the customer never came. If he is still at the source, R8c revives the contact there.
    next.move.state = MoveState::returned;
    next.phase = Phase::abandoned;
    return contact::update(*held, next);
  }
  if (c.phase == Phase::offering && passed(c.ring_until)) {
    const AgentId rung = c.agent;
    contact::back_to_queue(next, false, sees.local, now);
    Decision out = contact::update(*held, next);
    const presence::Held* desk = sees.agents.find(rung);
    if (desk != nullptr && sees.mine(desk->line) && desk->presence.slots.contains(contact)) {
      presence::Presence after = desk->presence;
      after.slots.erase(contact);
      after.missed = true;
      append(out, presence::update(*desk, after));
    }
    return out;
  }
  if (c.phase == Phase::queued && passed(c.place.preferred_until)) {
    next.place.preferred = {};
    next.place.preferred_until = {};
    return contact::update(*held, next);
  }
  return {};
}

}  // namespace tandem::transfer
