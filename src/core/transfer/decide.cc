#include "core/transfer/decide.h"

#include <utility>

#include "core/transfer/handing.h"

namespace tandem::transfer {
namespace {

using contact::Contact;
using contact::MoveState;
using contact::Phase;

// What its agent served, over and for itself.
Contact leg_of(const Contact& whole, ContactId id, const Now& now) {
  Contact out = whole;
  out.id = id;
  static_cast<void>(contact::finish(out, kTransferred, now));
  out.move = {};
  out.given = {};
  out.flow = {};
  out.consult = {};
  out.placed = {};  // nobody started it
  return out;
}

}  // namespace

Result<const contact::Held*> in_hand(const Sees& sees, ContactId contact, AgentId by) {
  const contact::Held* held = sees.contacts.find(contact);
  if (held == nullptr) return fail(Errc::not_found, "no contact " + contact.value().text());
  if (!sees.mine(held->line)) return fail(Errc::not_owner, std::to_string(held->line.node.value()));
  const Contact& c = held->contact;
  if (c.phase == Phase::ended) return fail(Errc::refused, "the contact has ended");
  if (c.phase == Phase::abandoned) return fail(Errc::refused, "the customer's session is away");
  if (c.move.state == MoveState::offered) {
    return fail(Errc::move_in_flight, "the contact is being offered to an agent of another region");
  }
  if (!by.value().nil() && (c.phase != Phase::with_agent || c.agent != by)) {
    return fail(Errc::refused, "you do not serve the contact");
  }
  return held;
}

Result<void> may_go(const Sees& sees, QueueId queue, FlowId flow) {
  if (!queue.value().nil() && sees.config.queue(queue) == nullptr) {
    return fail(Errc::not_found, "no queue or user " + queue.value().text());
  }
  if (sees.config.find(config::Kind::flow, flow.value()) == nullptr) {
    return fail(Errc::not_found, "no contact flow " + flow.value().text());
  }
  return {};
}

Result<void> is_new(const Sees& sees, ContactId contact) {
  if (!contact.value().nil() && sees.contacts.find(contact) == nullptr) return {};
  return fail(Errc::invalid, "what is made of it needs an id of its own");
}

contact::Item agent_event(const Contact& contact, const char* event, const Uuid& participant, const Now& now) {
  contact::Item out = contact::event_item(contact, event, now.hlc.packed, now);
  out.role = contact::Role::agent;
  out.participant = participant;
  return out;
}

Decision let_go(const Sees& sees, const Contact& whole, ContactId leg, Contact& next, std::vector<contact::Item>& items,
                const Now& now) {
  Decision out;
  if (whole.phase == Phase::with_agent) {
    next.previous = leg;
    append(out, contact::open(leg_of(whole, leg, now)));
    const presence::Held* desk = sees.agents.find(whole.agent);
    if (desk != nullptr && sees.mine(desk->line) && desk->presence.slots.contains(whole.id)) {
      append(out, presence::handed_on(sees.config, *desk, whole.id, leg, now));
    }
    items.push_back(agent_event(whole, "participant.left", whole.agent_participant, now));
  }
  next.agent = {};
  next.agent_participant = {};
  next.connected = {};
  next.ring_until = {};
  return out;
}

Result<Decision> decide(const Sees& sees, const Transfer& command, const Now& now) {
  const auto held = in_hand(sees, command.contact, command.by);
  if (!held) return std::unexpected(held.error());
  if (const auto good = is_new(sees, command.leg); !good) return std::unexpected(good.error());
  if (const auto good = may_go(sees, command.queue, command.flow); !good) return std::unexpected(good.error());
  const Contact& c = (*held)->contact;
  if (!c.consult.contact.value().nil()) {
    return fail(Errc::refused, "a consultation is open: leave the contact to your colleague, or end it first");
  }

  Contact next = c;
  std::vector<contact::Item> items;
  Decision out = let_go(sees, c, command.leg, next, items, now);
  // A move whose customer has not come yet stays open: he comes, or its deadline ends it (R13).
  next.phase = Phase::in_flow;
  if (!command.queue.value().nil()) next.place.queue = command.queue;
  next.place.preferred = {};
  next.place.preferred_until = {};
  if (!c.is_consultation()) next.place.criteria = {};
  if (next.kind == contact::Kind::work) ++next.attempt;  // R19: the attempt that was served is not run again
  next.flow = {};
  next.flow.visit = c.flow.visit;  // what a flow shows has its id from it
  next.flow.hooks = c.flow.hooks;
  next.flow.flow = command.flow;
  append(out, contact::update(**held, next, std::move(items)));
  return out;
}

}  // namespace tandem::transfer
