#include "core/transfer/decide.h"

#include <iterator>
#include <utility>
namespace tandem::transfer {
namespace {

using contact::Contact;
using contact::MoveState;
using contact::Phase;

// What its agent served, over and for itself.
Contact leg_of(const Contact& whole, ContactId id, const Now& now) {
  Contact out = whole;
  out.id = id;
  static_cast<void>(contact::finish(out, "TRANSFERRED", now));
  out.move = {};
  out.given = {};
  out.flow = {};
  return out;
}

}  // namespace

Result<Decision> decide(const Sees& sees, const Transfer& command, const Now& now) {
  const contact::Held* held = sees.contacts.find(command.contact);
  if (held == nullptr) return fail(Errc::not_found, "no contact " + command.contact.value().text());
  if (!sees.mine(held->line)) return fail(Errc::not_owner, std::to_string(held->line.node.value()));
  const Contact& c = held->contact;
  if (c.phase == Phase::ended) return fail(Errc::refused, "the contact has ended");
  if (c.phase == Phase::abandoned) return fail(Errc::refused, "the customer's session is away");
  if (c.move.state == MoveState::offered) {
    return fail(Errc::move_in_flight, "the contact is being offered to an agent of another region");
  }
  if (!command.by.value().nil() && (c.phase != Phase::with_agent || c.agent != command.by)) {
    return fail(Errc::refused, "only a contact that you serve can be transferred");
  }
  if (command.leg.value().nil() || sees.contacts.find(command.leg) != nullptr) {
    return fail(Errc::invalid, "the leg needs an id of its own");
  }
  if (!command.queue.value().nil() && sees.config.queue(command.queue) == nullptr) {
    return fail(Errc::not_found, "no queue or user " + command.queue.value().text());
  }
  if (sees.config.find(config::Kind::flow, command.flow.value()) == nullptr) {
    return fail(Errc::not_found, "no contact flow " + command.flow.value().text());
  }

  Decision out;
  Contact next = c;
  std::vector<contact::Item> items;
  if (c.phase == Phase::with_agent) {
    next.previous = command.leg;
    append(out, contact::open(leg_of(c, command.leg, now)));
    const presence::Held* desk = sees.agents.find(c.agent);
    if (desk != nullptr && sees.mine(desk->line) && desk->presence.slots.contains(c.id)) {
      append(out, presence::handed_on(sees.config, *desk, c.id, command.leg, now));
    }
    items.push_back(contact::event_item(c, "participant.left", now.hlc.packed, now));
    items.back().role = contact::Role::agent;
    items.back().participant = c.agent_participant;
  }
  // A move whose customer has not come yet stays open: he comes, or its deadline ends it (R13).
  next.phase = Phase::in_flow;
  next.agent = {};
  next.agent_participant = {};
  next.connected = {};
  next.ring_until = {};
  if (!command.queue.value().nil()) next.place.queue = command.queue;
  next.place.preferred = {};
  next.place.preferred_until = {};
  next.place.criteria = {};
  if (next.kind == contact::Kind::work) ++next.attempt;  // R19: the attempt that was served is not run again
  next.flow = {};
  next.flow.visit = c.flow.visit;  // what a flow shows has its id from it
  next.flow.hooks = c.flow.hooks;
  next.flow.flow = command.flow;
  append(out, contact::update(*held, next, std::move(items)));
  return out;
}

}  // namespace tandem::transfer
