#include "core/presence/decide.h"

#include <algorithm>
#include <charconv>

#include "base/bug.h"

namespace tandem::presence {
namespace {

using contact::Contact;
using contact::Phase;

Result<const Held*> open_here(const Sees& sees, AgentId agent) {
  const Held* held = sees.own.find(agent);
  if (held == nullptr || held->presence.desktop.nil()) return fail(Errc::refused, "the agent is not signed in");
  if (!sees.mine(*held)) return fail(Errc::not_owner, std::to_string(held->line.node.value()));
  return held;
}

// The desktop here is closed, and its promises with it.
Decision close(const Held& held, std::string reason, const Now& now) {
  Presence next = held.presence;
  next.desktop = {};
  next.type = StatusType::offline;
  next.since = now.hlc;
  next.slots.clear();
  next.has_next = false;
  next.move_to.clear();
  next.drained = false;
  Decision out = update(held, next);
  out.effects.push_back(CloseDesktop{next.agent, held.presence.desktop, std::move(reason)});
  return out;
}

Term highest_term(const Held& held) {
  Term highest = held.line.term;
  for (const auto& [asker, asking] : held.asked) highest = std::max(highest, asking.term);
  for (const auto& [asker, acks] : held.acked) {
    for (const auto& [acker, ack] : acks) highest = std::max(highest, ack.term);
  }
  return highest;
}

// This process's own asking, if it still may become an open desktop.
const Asking* own_asking(const Sees& sees, const Held& held) {
  const auto at = held.asked.find(sees.local.self);
  if (at == held.asked.end() || at->second.incarnation != sees.local.incarnation) return nullptr;
  if (at->second.term <= held.line.term) return nullptr;
  const auto given_up = held.released.find(sees.local.self);
  if (given_up != held.released.end() && given_up->second >= at->second.term) return nullptr;
  return &at->second;
}

// R22: a node acknowledges rising claims only, and says per other node what it acknowledged before.
Decision acknowledge(const Sees& sees, AgentId agent, const Held& held) {
  Decision out;
  if (!sees.local.may_ack) return out;
  Term highest;
  std::map<NodeId, Term> before;
  for (const auto& [asker, acks] : held.acked) {
    const auto mine = acks.find(sees.local.self);
    if (mine == acks.end()) continue;
    highest = std::max(highest, mine->second.term);
    before[asker] = mine->second.term;
  }
  for (const auto& [asker, asking] : held.asked) {
    if (asking.term <= highest) continue;
    std::map<NodeId, Term> others = before;
    others.erase(asker);
    out.records.push_back(Rec{SignInAcked{agent, asking.term, asker, std::move(others)}});
    return out;  // one at a time: the next round sees this one
  }
  return out;
}

// R24: another node asks. Free: close the desktop, forbid the own pending asking, then say so. Busy: refuse.
Decision release(const Sees& sees, AgentId agent, const Held& held, const Now& now) {
  Decision out;
  const auto given_up = held.released.find(sees.local.self);
  const Term released = given_up == held.released.end() ? Term{} : given_up->second;
  const auto own = held.asked.find(sees.local.self);
  const Term owned = std::max(own == held.asked.end() ? Term{} : own->second.term,
                              held.line.node == sees.local.self ? held.line.term : Term{});
  if (owned <= released) return out;
  for (const auto& [asker, asking] : held.asked) {
    if (asker == sees.local.self || asking.term <= owned) continue;
    const bool open = sees.mine(held) && !held.presence.desktop.nil();
    if (open && !held.presence.slots.empty() && !asking.proved) {
      const auto refused = held.refused.find(sees.local.self);
      const bool told =
          refused != held.refused.end() && refused->second.contains(asker) && refused->second.at(asker) >= asking.term;
      if (!told) out.records.push_back(Rec{ReleaseRefused{agent, asking.term, asker}});
      continue;
    }
    if (open && !bug::on(bug::Name::release_keeps_desk)) {
      append(out, close(held, "signed in elsewhere", now));
    }
    out.records.push_back(Rec{Released{agent, owned}});
    return out;
  }
  return out;
}

// R22, R23: enough acknowledgements, and every other node named in one has released or is the same desktop.
Stand judge(const Sees& sees, const Held& held, const Asking& asking) {
  Stand out{Opening::waiting, 0, {}};
  std::map<NodeId, Term> others;
  const auto acks = held.acked.find(sees.local.self);
  if (acks != held.acked.end()) {
    for (const auto& [acker, ack] : acks->second) {
      if (ack.term != asking.term || sees.members.find(acker) == nullptr) continue;
      ++out.acknowledged;
      for (const auto& [other, term] : ack.others) others[other] = std::max(others[other], term);
    }
  }
  std::size_t quorum = sees.members.current().members.size() / 2 + 1;
  if (bug::on(bug::Name::sign_in_without_majority)) quorum = 1;
  for (const auto& [other, term] : others) {
    if (other == sees.local.self || bug::on(bug::Name::sign_in_without_release)) continue;
    const auto released = held.released.find(other);
    if (released != held.released.end() && released->second >= term) continue;
    const auto asked = held.asked.find(other);
    const bool same_desktop = asking.proved && asked != held.asked.end() && asked->second.term >= term &&
                              asked->second.desktop == asking.desktop;
    if (same_desktop) continue;
    const auto refused = held.refused.find(other);
    const bool busy = refused != held.refused.end() && refused->second.contains(sees.local.self) &&
                      refused->second.at(sees.local.self) >= asking.term;
    if (busy) {
      const membership::Member* member = sees.members.find(other);
      return Stand{Opening::refused, out.acknowledged,
                   "the agent serves a contact in " + (member == nullptr ? "another region" : member->region)};
    }
    out.reason = "the desktop at another node was not released";
    return out;
  }
  if (out.acknowledged < quorum) {
    out.reason = std::to_string(out.acknowledged) + " of " + std::to_string(quorum) + " members acknowledged";
    return out;
  }
  out.opening = Opening::open;
  return out;
}

// Contacts the agent served when the desktop was lost, which no node has taken from the agent since.
std::map<ContactId, Slot> kept_slots(const Sees& sees, const Held& held) {
  std::map<ContactId, Slot> out;
  for (const auto& [id, slot] : held.presence.slots) {
    const contact::Held* contact = sees.contacts.find(id);
    const bool served = contact != nullptr && contact->contact.phase == Phase::with_agent &&
                        contact->contact.agent == held.presence.agent;
    if (served && slot.state == SlotState::busy) out.emplace(id, slot);
  }
  return out;
}

Decision open(const Sees& sees, AgentId agent, const Held& held, const Asking& asking, const Now& now) {
  Presence next;
  next.agent = agent;
  next.desktop = asking.desktop;
  if (asking.proved && held.presence.agent == agent && held.presence.desktop == asking.desktop) {
    next.status = held.presence.status;
    next.type = held.presence.type;
    next.slots = kept_slots(sees, held);
    next.has_next = held.presence.has_next;
    next.next_status = held.presence.next_status;
    next.next_type = held.presence.next_type;
  }
  next.since = now.hlc;
  next.available_since = now.hlc;
  Decision out;
  out.records.push_back(Rec{Claimed{agent, asking.term, std::move(next)}});
  return out;
}

// 0: the agent ends it. Source: API Reference, "UserPhoneConfig", AfterContactWorkTimeLimit, in seconds.
Hlc after_contact_work_until(const config::State& config, AgentId agent, const Now& now) {
  const config::Document* user = config.find(config::Kind::user, agent.value());
  if (user == nullptr) return {};
  const std::string& text = user->get("after_contact_work_limit");
  std::uint32_t limit = 0;
  std::from_chars(text.data(), text.data() + text.size(), limit);
  return limit == 0 ? Hlc{} : now.hlc + std::chrono::seconds{limit};
}

void take_status(Presence& presence, const Uuid& status, StatusType type, const Now& now) {
  presence.status = status;
  presence.type = type;
  presence.since = now.hlc;
  presence.missed = false;
  if (type == StatusType::routable) presence.available_since = now.hlc;
}

// The last contact is done: the status that was chosen meanwhile counts.
Decision next_status(const Held& held, const Now& now) {
  Presence next = held.presence;
  if (!next.has_next || !next.slots.empty() || next.desktop.nil()) return {};
  take_status(next, next.next_status, next.next_type, now);
  next.has_next = false;
  next.next_status = {};
  next.next_type = StatusType::offline;
  return update(held, next);
}

// The contacts are done: the client is told to sign in where a supervisor wants it.
Decision go(const Held& held, const Now& now) {
  Presence next = held.presence;
  if (next.move_to.empty() || next.move_told.packed != 0 || !next.slots.empty() || next.desktop.nil()) return {};
  next.move_told = now.hlc;
  return update(held, next);
}

// Slots hold promises only to contacts that this node owns and that name the agent.
Decision free_slots(const Sees& sees, const Held& held, const Now& now) {
  Presence next = held.presence;
  for (const auto& [id, slot] : held.presence.slots) {
    if (slot.state == SlotState::after_contact_work) continue;
    const contact::Held* contact = sees.contacts.find(id);
    if (contact == nullptr) continue;
    const Contact& c = contact->contact;
    // A conversation carried over by its desktop waits for the customer to arrive here.
    if (c.phase == Phase::with_agent && c.agent == held.presence.agent) continue;
    const bool ours = contact->line.node == sees.local.self && contact->line.incarnation == sees.local.incarnation;
    if (!ours && slot.state == SlotState::busy && bug::on(bug::Name::slot_outlives_contact)) continue;
    if (ours && c.phase == Phase::offering && c.agent == held.presence.agent) continue;
    if (ours && c.phase == Phase::ended && slot.state == SlotState::busy) {
      next.slots[id].state = SlotState::after_contact_work;
      next.slots[id].until = after_contact_work_until(sees.config, held.presence.agent, now);
      continue;
    }
    next.slots.erase(id);
    next.available_since = now.hlc;
  }
  return update(held, next);
}

}  // namespace

const char* channel_name(contact::Channel channel) {
  switch (channel) {
    case contact::Channel::chat:
      return "CHAT";
    case contact::Channel::task:
      return "TASK";
    case contact::Channel::voice:
      return "VOICE";
  }
  return "CHAT";
}

Decision update(const Held& held, const Presence& next) {
  Decision out;
  Patch<Presence> change = diff(held.presence, next);
  if (!change.changed.empty()) out.records.push_back(Rec{Updated{next.agent, held.line, std::move(change)}});
  return out;
}

Capacity capacity(const config::RoutingProfile& profile) {
  Capacity out;
  for (std::size_t n = 0; n < contact::kChannels; ++n) {
    const std::string_view name = channel_name(static_cast<contact::Channel>(n));
    const auto slots = profile.concurrency.find(name);
    out.at_once[n] = slots == profile.concurrency.end() ? 0 : slots->second;
    out.any_channel[n] = profile.any_channel.contains(name);
  }
  return out;
}

std::size_t room(const Capacity& capacity, const PerChannel& taken, contact::Channel channel) {
  const auto wanted = static_cast<std::size_t>(channel);
  for (std::size_t n = 0; n < contact::kChannels; ++n) {
    if (n != wanted && taken[n] != 0 && !capacity.any_channel[n]) return 0;
  }
  return capacity.at_once[wanted] - std::min(taken[wanted], capacity.at_once[wanted]);
}

bool has_room(const Capacity& capacity, const Presence& presence, contact::Channel channel,
              const PerChannel& promised) {
  if (bug::on(bug::Name::two_reservations_per_slot)) return true;
  PerChannel taken = promised;
  for (const auto& [id, slot] : presence.slots) ++taken[static_cast<std::size_t>(slot.channel)];
  return room(capacity, taken, channel) > 0;
}

bool has_room(const config::State& config, const Presence& presence, contact::Channel channel,
              const PerChannel& promised) {
  if (bug::on(bug::Name::two_reservations_per_slot)) return true;
  const config::RoutingProfile* profile = config.routing_profile(presence.agent);
  return profile != nullptr && has_room(capacity(*profile), presence, channel, promised);
}

bool keeps_seat(const Presence& presence, const contact::Contact& contact) {
  return presence.slots.contains(contact.id) || presence.slots.contains(contact.consult.contact);
}

Decision seat(const contact::State& contacts, const Held& desk, contact::Contact& contact, const Local& local,
              const Now& now, Rng& rng) {
  Decision out;
  const bool resumes = contact.place.preferred == desk.presence.agent;
  Presence after = desk.presence;
  Slot& slot = after.slots[contact.id];
  slot.channel = contact.channel;
  slot.attempt = contact.attempt;
  slot.state = resumes ? SlotState::busy : SlotState::reserved;
  slot.until = resumes ? Hlc{} : now.hlc + local.timers.ring;
  after.available_since = now.hlc;
  contact.agent = desk.presence.agent;
  contact.phase = resumes ? Phase::with_agent : Phase::offering;
  contact.ring_until = slot.until;
  contact.place.preferred = {};
  contact.place.preferred_until = {};
  const contact::Held* consultation = contacts.find(contact.consult.contact);
  const bool joins = resumes && consultation != nullptr && after.slots.erase(consultation->contact.id) > 0;
  if (joins) {
    contact.agent_participant = consultation->contact.agent_participant;
    contact.consult = {};
  }
  if (resumes && contact.agent_participant.nil()) contact.agent_participant = mint_uuid(now.hlc, rng);
  if (resumes && contact.connected.packed == 0) contact.connected = now.hlc;  // it was left to him
  append(out, update(desk, after));
  if (joins && consultation->line.node == local.self && consultation->line.incarnation == local.incarnation) {
    Contact over = consultation->contact;
    contact::Item ended = contact::finish(over, kJoined, now);
    append(out, contact::update(*consultation, over, {std::move(ended)}));
  }
  return out;
}

Result<Decision> decide(const Sees& sees, const SignIn& command, const Now& now) {
  if (sees.local.hub) return fail(Errc::refused, "a hub serves no agents; sign in at a region");
  if (sees.config.find(config::Kind::user, command.agent.value()) == nullptr) {
    return fail(Errc::not_found, "no user " + command.agent.value().text());
  }
  const Held* held = sees.own.find(command.agent);
  Decision out;
  const bool same = held != nullptr && sees.mine(*held) && held->presence.desktop == command.desktop;
  if (same) return out;  // it is open already: the client reconnects
  if (held != nullptr && sees.mine(*held) && !held->presence.desktop.nil()) {
    if (!held->presence.slots.empty()) return fail(Errc::refused, "the agent serves a contact on another desktop");
    append(out, close(*held, "signed in on another desktop", now));
  }
  const Term term{held == nullptr ? 1 : highest_term(*held).value() + 1};
  out.records.push_back(Rec{Asked{command.agent, term, command.desktop, command.proved}});
  return out;
}

Result<Decision> decide(const Sees& sees, const SignOut& command, const Now& now) {
  const auto held = open_here(sees, command.agent);
  if (!held) return std::unexpected(held.error());
  const auto& slots = (*held)->presence.slots;
  if (!command.forced && !slots.empty()) return fail(Errc::refused, "finish the open contacts first");
  Decision out = close(**held, command.forced ? "signed out by a supervisor" : "signed out", now);
  out.records.push_back(Rec{Released{command.agent, (*held)->line.term}});
  for (const auto& [id, slot] : slots) {
    const contact::Held* contact = sees.contacts.find(id);
    const bool ours = contact != nullptr && contact->line.node == sees.local.self &&
                      contact->line.incarnation == sees.local.incarnation;
    if (!ours || !contact->contact.live() || contact->contact.agent != command.agent) continue;
    Contact next = contact->contact;  // it does not wait for somebody who was sent away
    contact::back_to_queue(next, false, sees.local, now);
    append(out, contact::update(*contact, next));
  }
  return out;
}

Result<Decision> decide(const Sees& sees, const SetStatus& command, const Now& now) {
  const auto held = open_here(sees, command.agent);
  if (!held) return std::unexpected(held.error());
  const config::Document* status = sees.config.find(config::Kind::agent_status, command.status);
  if (status != nullptr && status->get("state") == "DISABLED") return fail(Errc::refused, "the status is disabled");
  Presence next = (*held)->presence;
  // Source: API Reference, "PutUserStatus": of an agent who handles a contact it sets the next status. To choose the
  // one that stands takes the next one back.
  next.has_next = !next.slots.empty() && command.status != next.status;
  next.next_status = next.has_next ? command.status : Uuid{};
  next.next_type = next.has_next ? command.type : StatusType::offline;
  if (!next.has_next) take_status(next, command.status, command.type, now);
  return update(**held, next);
}

Result<Decision> decide(const Sees& sees, const Accept& command, const Now& now, Rng& rng) {
  const auto held = open_here(sees, command.agent);
  if (!held) return std::unexpected(held.error());
  const contact::Held* contact = sees.contacts.find(command.contact);
  if (contact == nullptr) return fail(Errc::not_found, "no such contact");
  const auto slot = (*held)->presence.slots.find(command.contact);
  const bool ours = contact->line.node == sees.local.self && contact->line.incarnation == sees.local.incarnation;
  // R26: the reservation must still stand, here and now.
  const bool stands = slot != (*held)->presence.slots.end() && slot->second.state == SlotState::reserved &&
                      contact->contact.phase == Phase::offering && contact->contact.agent == command.agent;
  const bool careless = bug::on(bug::Name::accept_on_old_grant) && contact->contact.phase == Phase::queued;
  if (!ours || (!stands && !careless)) return fail(Errc::refused, "the contact is no longer offered to you");
  Contact next = contact->contact;
  next.phase = Phase::with_agent;
  next.agent = command.agent;
  next.connected = now.hlc;
  next.ring_until = {};
  next.agent_participant = mint_uuid(now.hlc, rng);
  next.place.preferred = {};
  next.place.preferred_until = {};
  Presence after = (*held)->presence;
  after.slots[command.contact].state = SlotState::busy;
  after.slots[command.contact].until = {};
  Decision out = update(**held, after);
  contact::Item joined = contact::event_item(next, "participant.joined", now.hlc.packed, now);
  joined.role = contact::Role::agent;
  joined.participant = next.agent_participant;
  append(out, contact::update(*contact, next, {std::move(joined)}));
  return out;
}

Result<Decision> decide(const Sees& sees, const Reject& command, const Now& now) {
  const auto held = open_here(sees, command.agent);
  if (!held) return std::unexpected(held.error());
  const contact::Held* contact = sees.contacts.find(command.contact);
  const auto slot = (*held)->presence.slots.find(command.contact);
  if (contact == nullptr || slot == (*held)->presence.slots.end() || slot->second.state != SlotState::reserved) {
    return fail(Errc::refused, "the contact is no longer offered to you");
  }
  Presence after = (*held)->presence;
  after.slots.erase(command.contact);
  after.available_since = now.hlc;
  Decision out = update(**held, after);
  const bool ours = contact->line.node == sees.local.self && contact->line.incarnation == sees.local.incarnation;
  if (ours && contact->contact.phase == Phase::offering) {
    Contact next = contact->contact;
    contact::back_to_queue(next, false, sees.local, now);
    append(out, contact::update(*contact, next));
  }
  return out;
}

Result<Decision> decide(const Sees& sees, const Complete& command, const Now& now) {
  const auto held = open_here(sees, command.agent);
  if (!held) return std::unexpected(held.error());
  const auto slot = (*held)->presence.slots.find(command.contact);
  if (slot == (*held)->presence.slots.end() || slot->second.state != SlotState::after_contact_work) {
    return fail(Errc::refused, "no after-contact work is open for the contact");
  }
  Presence after = (*held)->presence;
  after.slots.erase(command.contact);
  after.available_since = now.hlc;
  return update(**held, after);
}

Result<Decision> decide(const Sees& sees, const Move& command, const Now& now) {
  const auto held = open_here(sees, command.agent);
  if (!held) return std::unexpected(held.error());
  Presence next = (*held)->presence;
  const membership::Member* self = sees.members.find(sees.local.self);
  const bool stays = command.region.empty() || command.region == sees.local.region ||
                     (self != nullptr && membership::name_of(*self) == command.region);
  if (!stays) {
    const bool there = std::ranges::any_of(sees.members.current().members, [&](const membership::Member& member) {
      return !member.hub && membership::called(member, command.region) && sees.local.reachable.contains(member.node);
    });
    if (!there) return fail(Errc::refused, "no node of " + command.region + " answers");
  }
  if (stays && !next.move_to.empty()) next.available_since = now.hlc;
  next.move_to = stays ? std::string() : command.region;
  next.move_by = stays ? Hlc{} : command.by;
  next.drained = false;
  next.move_told = {};
  return update(**held, next);
}

Decision handed_on(const config::State& config, const Held& held, ContactId contact, ContactId leg, const Now& now) {
  Presence next = held.presence;
  Slot slot = next.slots.at(contact);
  slot.state = SlotState::after_contact_work;
  slot.until = after_contact_work_until(config, next.agent, now);
  next.slots.erase(contact);
  next.slots.emplace(leg, slot);
  return update(held, next);
}

Stand stand(const Sees& sees, AgentId agent, const Uuid& desktop) {
  const Held* held = sees.own.find(agent);
  if (held == nullptr) return {};
  if (sees.mine(*held) && held->presence.desktop == desktop) return Stand{Opening::open, 0, {}};
  const Asking* asking = own_asking(sees, *held);
  return asking == nullptr || asking->desktop != desktop ? Stand{} : judge(sees, *held, *asking);
}

Decision react(const Sees& sees, AgentId agent, const Now& now) {
  const Held* held = sees.own.find(agent);
  if (held == nullptr) return {};
  if (Decision out = acknowledge(sees, agent, *held); !out.empty()) return out;
  if (Decision out = release(sees, agent, *held, now); !out.empty()) return out;
  if (const Asking* asking = own_asking(sees, *held)) {
    if (judge(sees, *held, *asking).opening == Opening::open) return open(sees, agent, *held, *asking, now);
  }
  if (sees.mine(*held)) {
    Decision out = free_slots(sees, *held, now);
    if (out.empty()) out = next_status(*held, now);
    return out.empty() ? go(*held, now) : out;
  }
  // R25: superseded. The desktop here is closed.
  const auto desktop = sees.local.desktops.find(agent);
  if (desktop != sees.local.desktops.end() && !bug::on(bug::Name::release_keeps_desk)) {
    Decision out;
    out.effects.push_back(CloseDesktop{agent, desktop->second, "signed in elsewhere"});
    return out;
  }
  return {};
}

Decision due(const Sees& sees, AgentId agent, const Now& now) {
  const Held* held = sees.own.find(agent);
  if (held == nullptr || !sees.mine(*held)) return {};
  Presence next = held->presence;
  const auto passed = [&](Hlc at) { return at.packed != 0 && at <= now.hlc; };
  if (!next.move_to.empty() && next.move_told.packed != 0 && passed(next.move_told + kMoveFollowed)) {
    return close(*held, "moved to " + next.move_to + ": sign in there", now);
  }
  if (!next.move_to.empty() && next.move_told.packed == 0 && passed(next.move_by)) next.move_told = now.hlc;
  for (const auto& [id, slot] : held->presence.slots) {
    if (slot.until.packed == 0 || slot.until > now.hlc) continue;
    next.slots.erase(id);
    next.available_since = now.hlc;
    if (slot.state == SlotState::reserved) next.missed = true;
  }
  return update(*held, next);
}

}  // namespace tandem::presence
