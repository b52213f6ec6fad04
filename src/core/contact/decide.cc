#include "core/contact/decide.h"

#include "base/bug.h"

namespace tandem::contact {
namespace {

constexpr char kEnded[] = "chat.ended";

// The contact if this process owns it and it is not over.
Result<const Held*> owned(const Sees& sees, ContactId id) {
  const Held* held = sees.own.find(id);
  if (held == nullptr) return fail(Errc::not_found, "no contact " + id.value().text());
  const bool mine = held->line.node == sees.local.self && held->line.incarnation == sees.local.incarnation;
  if (!mine) return fail(Errc::not_owner, std::to_string(held->line.node.value()));
  if (held->contact.phase == Phase::ended) return fail(Errc::refused, "the contact has ended");
  return held;
}

// The flow waits before its first block.
Result<void> schedule(Contact& contact, Hlc at, const Now& now) {
  if (at < now.hlc) return fail(Errc::invalid, "the scheduled time is past");
  if (at > now.hlc + kScheduleMax) return fail(Errc::invalid, "the scheduled time is more than six days ahead");
  contact.scheduled = at;
  contact.flow.await = Await::time;
  contact.flow.until = at;
  return {};
}

// The agent who called reached nobody: it waits, without an agent, until it is queued again.
void try_again(Contact& contact, const Now& now) {
  --contact.callback.attempts_left;
  ++contact.attempt;  // R19
  contact.phase = Phase::in_flow;
  contact.agent = {};
  contact.agent_participant = {};
  contact.place.enqueued = {};
  contact.flow.flow = {};
  contact.flow.await = Await::time;
  contact.flow.until = Hlc::at((now.hlc + contact.callback.retry_delay).milliseconds());
}

// R7: what an abandoned contact was doing.
void revive(Contact& contact, const Local& local, const Now& now) {
  if (contact.phase != Phase::abandoned) return;
  if (contact.place.enqueued.packed == 0) {
    contact.phase = Phase::in_flow;
    return;
  }
  back_to_queue(contact, true, local, now);
}

// The colleague may speak where he was brought in; the one who asked, in the consultation.
bool is_guest(const Sees& sees, const Contact& contact, const Uuid& participant) {
  if (participant.nil()) return false;
  if (contact.is_consultation()) {
    const Held* main = sees.own.find(contact.about.contact);
    return participant == contact.about.participant && main != nullptr && main->contact.consult.contact == contact.id;
  }
  if (contact.consult.stage != ConsultStage::joined) return false;
  const Held* consultation = sees.own.find(contact.consult.contact);
  return consultation != nullptr && consultation->contact.phase == Phase::with_agent &&
         participant == consultation->contact.agent_participant;
}

// Whom the agent who asked would write to is on hold.
const char* on_hold(const Sees& sees, const Contact& contact, const Item& item) {
  if (item.role != Role::agent) return nullptr;
  if (contact.consult.stage == ConsultStage::apart) return "the customer is on hold: swap or join first";
  if (item.participant != contact.about.participant) return nullptr;
  const Held* main = sees.own.find(contact.about.contact);
  const bool swapped = main != nullptr && main->contact.consult.stage == ConsultStage::swapped;
  return swapped ? "your colleague is on hold: swap or join first" : nullptr;
}

}  // namespace

Item event_item(const Contact& contact, std::string_view event, std::uint64_t number, const Now& now) {
  Item item;
  item.id = derive_uuid(contact.id.value(), event, number);
  item.content_type = std::string(kEventPrefix) + std::string(event);
  item.role = Role::system;
  item.at = now.hlc;
  return item;
}

Item finish(Contact& contact, std::string reason, const Now& now) {
  contact.phase = Phase::ended;
  contact.ended = now.hlc;
  contact.ended_by = std::move(reason);
  contact.attached = false;
  contact.grace_until = {};
  if (contact.move.open()) contact.move.state = MoveState::abandoned;
  contact.flow.block.clear();
  contact.flow.await = Await::nothing;
  return event_item(contact, kEnded, 0, now);
}

bool says_it_is_over(const Item& item) { return item.content_type == std::string(kEventPrefix) + kEnded; }

void back_to_queue(Contact& contact, bool prefer, const Local& local, const Now& now) {
  contact.phase = Phase::queued;
  if (contact.place.enqueued.packed == 0) contact.place.enqueued = now.hlc;
  if (prefer && !contact.agent.value().nil()) {
    contact.place.preferred = contact.agent;
    contact.place.preferred_until = now.hlc + local.timers.preferred;
  }
  contact.agent = {};
  contact.ring_until = {};
  if (contact.kind == Kind::work) ++contact.attempt;  // R19: what ran once is not run again under the same number
}

Decision update(const Held& held, const Contact& next, std::vector<Item> items) {
  Decision out;
  Patch<Contact> change = diff(held.contact, next);
  if (change.changed.empty() && items.empty()) return out;
  out.records.push_back(Rec{Updated{next.id, held.line, std::move(change), std::move(items)}});
  return out;
}

Decision claim(const Held& held, Term term, Why why, Contact next, std::vector<Item> items) {
  Decision out;
  out.records.push_back(Rec{Claimed{held.contact.id, term, why, std::move(next), std::move(items)}});
  return out;
}

Decision offer(const Held& held, NodeId to, AgentId agent, const Local& local, const Now& now, Rng& rng) {
  Contact next = held.contact;
  next.move = Move{mint_uuid(now.hlc, rng), local.self, to, MoveState::offered, now.hlc + local.timers.offer, agent};
  next.given = next_term(held);
  return update(held, next);
}

Decision open(Contact contact, std::vector<Item> items) {
  Decision out;
  const ContactId id = contact.id;
  out.records.push_back(Rec{Claimed{id, Term{1}, Why::started, std::move(contact), std::move(items)}});
  return out;
}

Result<Decision> decide(const Sees& sees, const Start& command, const Now& now) {
  if (sees.local.hub) return fail(Errc::refused, "a hub owns no contact");
  if (sees.own.find(command.id) != nullptr) return fail(Errc::already_exists, command.id.value().text());
  Contact contact;
  contact.id = command.id;
  contact.initial = command.id;
  contact.previous = command.previous;
  contact.channel = command.channel;
  contact.kind = command.channel == Channel::task ? Kind::work : Kind::session;
  contact.initiated = now.hlc;
  contact.origin = sees.local.self;
  contact.customer = command.customer;
  contact.customer_name = command.customer_name;
  contact.attributes = command.attributes;
  contact.key = command.key;
  contact.name = command.name;
  contact.description = command.description;
  contact.data = command.data;
  contact.person = command.person;
  contact.placed = command.placed;
  contact.flow.flow = command.flow;
  contact.place.queue = command.queue;
  contact.place.priority = kPriority;
  if (contact.kind == Kind::session) contact.grace_until = now.hlc + sees.local.timers.grace;
  if (command.scheduled.packed != 0) {
    if (contact.kind != Kind::work) return fail(Errc::invalid, "a conversation begins at once");
    if (auto good = schedule(contact, command.scheduled, now); !good) return std::unexpected(good.error());
  }
  std::vector<Item> items;
  if (command.first_message) {
    items.push_back(*command.first_message);
    items.back().at = now.hlc;
    items.back().id = derive_uuid(contact.id.value(), "first");
  }
  return open(std::move(contact), std::move(items));
}

Result<Decision> decide(const Sees& sees, const SetAttributes& command, const Now&) {
  const Held* held = sees.own.find(command.contact);
  // The attributes of a contact that is over may still be changed, by its last owner: contact records are reissued.
  if (held == nullptr) return fail(Errc::not_found, "no contact " + command.contact.value().text());
  const bool mine = held->line.node == sees.local.self && held->line.incarnation == sees.local.incarnation;
  if (!mine) return fail(Errc::not_owner, std::to_string(held->line.node.value()));
  Contact next = held->contact;
  for (const auto& [name, value] : command.set) {
    if (value.bytes.empty()) {
      next.attributes.erase(name);
    } else {
      next.attributes[name] = value;
    }
  }
  return update(*held, next);
}

Result<Decision> decide(const Sees& sees, const SetRouting& command, const Now& now) {
  const auto held = owned(sees, command.contact);
  if (!held) return std::unexpected(held.error());
  if (command.priority && *command.priority < 1) return fail(Errc::invalid, "a priority is 1 or more");
  if (command.criteria && command.criteria->steps.size() > kCriteriaStepsMax) {
    return fail(Errc::invalid, "routing criteria have at most five steps");
  }
  Contact next = (*held)->contact;
  if (next.move.state == MoveState::offered) {
    return fail(Errc::move_in_flight, "the contact is being offered to an agent of another region");
  }
  if (command.priority) next.place.priority = *command.priority;
  if (command.age_adjustment) next.place.age_adjustment = *command.age_adjustment;
  if (command.criteria) {
    next.place.criteria = *command.criteria;
    // In the flow they wait for the queue.
    next.place.criteria.activated = next.place.enqueued.packed == 0 ? Hlc{} : now.hlc;
  }
  return update(**held, next);
}

Result<Decision> decide(const Sees& sees, const SetSchedule& command, const Now& now) {
  const auto held = owned(sees, command.contact);
  if (!held) return std::unexpected(held.error());
  Contact next = (*held)->contact;
  if (!next.awaits_its_time()) return fail(Errc::refused, "the contact waits for no time");
  if (auto good = schedule(next, command.scheduled, now); !good) return std::unexpected(good.error());
  return update(**held, next);
}

Result<Decision> decide(const Sees& sees, const End& command, const Now& now) {
  const auto held = owned(sees, command.contact);
  if (!held) return std::unexpected(held.error());
  Contact next = (*held)->contact;
  const bool unanswered = command.by == Role::agent && command.reason == kUnanswered && next.is_callback();
  if (unanswered && next.phase == Phase::with_agent && next.callback.attempts_left > 0) {
    try_again(next, now);
    return update(**held, next);
  }
  // R12: with an offer open the end must beat an acceptance that may be on its way.
  const bool offered = next.move.state == MoveState::offered;
  Item over = finish(next, command.reason, now);
  if (!offered) return update(**held, next, {over});
  const Term term{next.given.value() + 1};
  next.given = term;
  return claim(**held, term, Why::taken_back, next, {over});
}

Result<Decision> decide(const Sees& sees, const Say& command, const Now& now) {
  const auto held = owned(sees, command.contact);
  if (!held) return std::unexpected(held.error());
  const Contact& contact = (*held)->contact;
  if (contact.phase == Phase::abandoned) return fail(Errc::refused, "the customer's session is away; attach first");
  std::vector<Item> items{command.item};
  Item& item = items.front();
  item.at = now.hlc;
  const bool customer = item.role == Role::customer && item.participant == contact.customer;
  const bool agent = item.role == Role::agent &&
                     ((contact.phase == Phase::with_agent && item.participant == contact.agent_participant) ||
                      is_guest(sees, contact, item.participant));
  if (!customer && !agent && item.role != Role::system) {
    return fail(Errc::denied, "the participant is not part of the contact now");
  }
  if (const char* why = on_hold(sees, contact, item)) return fail(Errc::refused, why);
  return update(**held, contact, std::move(items));
}

Result<Decision> decide(const Sees& sees, const Attach& command, const Now& now) {
  const Held* found = sees.own.find(command.contact);
  if (found != nullptr && found->contact.phase == Phase::ended) return Decision{};  // the gateway shows the end
  const auto held = owned(sees, command.contact);
  if (!held) return std::unexpected(held.error());
  Contact next = (*held)->contact;
  if (next.kind != Kind::session) return fail(Errc::refused, "nobody attaches to a contact without a session");
  next.attached = true;
  next.grace_until = {};
  if (next.move.state == MoveState::accepted && next.move.destination == sees.local.self) {
    next.move.state = MoveState::attached;
  }
  if (next.phase != Phase::abandoned) return update(**held, next);
  if (bug::on(bug::Name::abandon_is_final)) return fail(Errc::refused, "the contact was abandoned");
  revive(next, sees.local, now);
  if (next.move.open()) next.move.state = MoveState::returned;
  const Term term = next_term(**held);
  next.given = term;
  return claim(**held, term, Why::revived, next);
}

Result<Decision> decide(const Sees& sees, const Detach& command, const Now& now) {
  const auto held = owned(sees, command.contact);
  if (!held) return std::unexpected(held.error());
  Contact next = (*held)->contact;
  if (!next.attached) return Decision{};
  next.attached = false;
  next.grace_until = now.hlc + sees.local.timers.grace;
  return update(**held, next);
}

Decision arrive(const Sees& sees, const Held& held, bool agent_here, bool attached, const Now& now) {
  Contact next = held.contact;
  const Term term = next_term(held);
  const Why why = next.phase == Phase::abandoned ? Why::revived : Why::arrived;
  revive(next, sees.local, now);
  next.given = term;
  next.attached = attached;
  next.grace_until = attached ? Hlc{} : now.hlc + sees.local.timers.grace;
  if (next.move.open()) next.move.state = MoveState::returned;
  if (next.phase == Phase::offering) back_to_queue(next, false, sees.local, now);
  if (next.phase == Phase::with_agent && !agent_here) back_to_queue(next, true, sees.local, now);
  return claim(held, term, why, std::move(next));
}

Decision restart(const Sees& sees, const Held& held, const Now& now) {
  Contact next = held.contact;
  const Term term = next_term(held);
  next.given = term;
  if (next.kind == Kind::session) {
    next.attached = false;
    next.grace_until = now.hlc + sees.local.timers.grace;
  }
  if (next.move.open()) next.move.state = MoveState::returned;
  // A start of the former process may have run, if its disk was lost on top: another attempt never meets it (R19).
  const bool waiting_work = next.kind == Kind::work && next.phase == Phase::queued;
  if (next.phase == Phase::offering || waiting_work) back_to_queue(next, false, sees.local, now);
  if (next.phase == Phase::with_agent) back_to_queue(next, true, sees.local, now);
  return claim(held, term, Why::restarted, std::move(next));
}

}  // namespace tandem::contact
