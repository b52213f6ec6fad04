#include "core/failover/rescue.h"

#include <algorithm>
#include <tuple>

#include "core/contact/view.h"
#include "core/distribution/view.h"
#include "core/flow/view.h"
#include "core/routing/view.h"
#include "core/transfer/view.h"

namespace tandem::failover {
namespace {

using contact::Contact;
using contact::Phase;

constexpr char kWillCall[] =
    "We lost the connection to you. Your place in the queue is kept, and we will call you back.";
constexpr char kPlaceKept[] = "We lost the connection to you. Your place in the queue is kept until you come back.";
constexpr std::uint32_t kMoreCalls = 2;
constexpr std::chrono::minutes kCallAgain{5};

bool was_promised(const Contact& c) {
  const bool waits = c.phase == Phase::queued || c.phase == Phase::offering || c.phase == Phase::with_agent;
  return waits && c.kind == contact::Kind::session && !c.is_consultation();
}

auto promise(const Contact& c) {
  const Hlc since = c.place.enqueued.packed != 0 ? c.place.enqueued : c.initiated;
  return std::tuple{c.place.priority, since + -c.place.age_adjustment, c.id};
}

contact::Item word(const Contact& c, Term term, const char* words, const Now& now) {
  contact::Item item;
  item.id = derive_uuid(c.id.value(), "rescue word", term.value());
  item.content_type = "text/plain";
  item.content = Text::plain(words);
  item.role = contact::Role::system;
  item.display_name = Text::plain("SYSTEM_MESSAGE");
  item.at = now.hlc;
  return item;
}

Contact call_of(const Sees& sees, const Contact& c, const Text& number, const Now& now) {
  Contact call;
  call.initial = c.initial;
  call.previous = c.id;
  call.kind = contact::Kind::work;
  call.channel = contact::Channel::voice;
  call.phase = Phase::queued;
  call.initiated = now.hlc;
  call.origin = sees.local.self;
  call.customer_name = c.customer_name;
  call.attributes = c.attributes;
  call.data = c.data;
  call.data[contact::kCallbackNumber] = number;
  call.key = c.key;
  call.person = c.person;
  call.place = c.place;       // the promise goes with it
  call.place.preferred = {};  // that would take it without a ring
  call.place.preferred_until = {};
  if (call.place.enqueued.packed == 0) call.place.enqueued = c.initiated;
  call.callback = {kMoreCalls, kCallAgain};
  call.rescue.of = c.id;
  return call;
}

// R32: the conversation is this node's from now on, so that a customer who comes back after all comes to the node that
// knows of the call; the id of the call follows from what was lost, so that it is one call whoever repeats this.
void take(const Sees& sees, const contact::Held& held, NodeId lost, std::uint32_t position, const NumberOf& number_of,
          const Now& now, Decision& out) {
  Contact next = held.contact;
  const Term term = contact::next_term(held);
  next.given = term;
  next.attached = false;
  if (next.move.open()) next.move.state = contact::MoveState::returned;
  if (next.phase != Phase::queued) {
    contact::back_to_queue(next, next.phase == Phase::with_agent, sees.local, now);
  }
  const contact::Held* before = sees.contacts.find(next.rescue.call);
  const bool called_already = before != nullptr && before->contact.live();
  const Text* to_call = number(next, number_of);
  if (next.place.queue.value().nil()) to_call = nullptr;
  std::vector<contact::Item> items;
  if (!called_already) next.rescue.call = {};
  if (called_already || to_call != nullptr) {
    next.grace_until = {};
    flow::stop(next);
  } else {
    next.grace_until = now.hlc + sees.local.timers.grace;
  }
  std::optional<Contact> call;
  if (!called_already && to_call != nullptr) {
    call = call_of(sees, next, *to_call, now);
    call->id = ContactId{derive_uuid(next.id.value(), "rescue", held.line.term.value())};
    next.rescue.call = call->id;
  }
  if (!called_already) items.push_back(word(next, term, call ? kWillCall : kPlaceKept, now));
  const ContactId call_id = next.rescue.call;
  append(out, contact::claim(held, term, contact::Why::rescued, std::move(next), std::move(items)));
  if (call && sees.contacts.find(call->id) == nullptr) append(out, contact::open(std::move(*call)));
  out.records.push_back(Rec{Rescued{held.contact.id, lost, sees.failover.health(lost).epoch, call_id, position}});
}

}  // namespace

std::vector<ContactId> list(const Sees& sees, NodeId lost) {
  std::vector<const Contact*> found;
  for (const ContactId id : sees.contacts.owned_by(lost)) {
    const Contact& c = sees.contacts.find(id)->contact;
    if (was_promised(c)) found.push_back(&c);
  }
  std::ranges::sort(found, {}, [](const Contact* c) { return promise(*c); });
  std::vector<ContactId> out;
  for (const Contact* c : found) out.push_back(c->id);
  return out;
}

const Text* number(const Contact& contact, const NumberOf& number_of) {
  const auto set = contact.data.find(contact::kCallbackNumber);
  if (set != contact.data.end()) return &set->second;
  return contact.person.nil() || !number_of ? nullptr : number_of(contact.person);
}

Result<Decision> decide(const Sees& sees, const Rescue& command, const Now&) {
  Decision out;
  const std::vector<NodeId> nodes = distribution::nodes_of(sees, command.place);
  if (nodes.empty()) return fail(Errc::not_found, "there is no region or node " + command.place);
  for (const NodeId node : nodes) {
    const State::Health& health = sees.failover.health(node);
    if (health.state != MemberState::evacuated) continue;
    out.records.push_back(Rec{RescueOrdered{node, health.epoch, command.by, command.why}});
  }
  if (out.empty()) {
    return fail(Errc::refused,
                command.place + " is not evacuated: its customers are served, or come back by themselves");
  }
  return out;
}

Decision rescue(const Sees& sees, const NumberOf& number_of, const Now& now) {
  Decision out;
  if (sees.local.hub || !sees.local.settled || !sees.local.leased) return out;
  for (const NodeId lost : sees.members.regions()) {
    const State::Health& health = sees.failover.health(lost);
    if (health.state != MemberState::evacuated || lost == sees.local.self) continue;
    if (sees.failover.rescue(lost) == nullptr) {
      const auto after = sees.local.timers.rescue_by_itself;
      if (after > 0ms && now.hlc >= health.since + after) {
        out.records.push_back(Rec{RescueOrdered{lost, health.epoch, "setting", "rescue_by_itself_ms has passed"}});
      }
      continue;
    }
    if (now.hlc < health.since + sees.local.timers.rescue) continue;
    std::uint32_t position = 0;
    for (const ContactId id : list(sees, lost)) {
      ++position;
      if (!routing::is_heir(sees, lost, id)) continue;
      take(sees, *sees.contacts.find(id), lost, position, number_of, now, out);
      if (out.records.size() >= 3 * kAtOnce) return out;
    }
  }
  return out;
}

bool rescues(const Sees& sees) {
  return std::ranges::any_of(sees.members.regions(), [&](NodeId node) {
    return node != sees.local.self && sees.failover.state(node) == MemberState::evacuated;
  });
}

Outcome outcome(const Sees& sees, const Rescued& entry) {
  const contact::Held* conversation = sees.contacts.find(entry.contact);
  const contact::Held* call = sees.contacts.find(entry.call);
  if (entry.call.value().nil()) {
    const bool back =
        conversation != nullptr && (conversation->contact.attached || conversation->contact.phase == Phase::ended);
    return back ? Outcome::came_back : Outcome::left_word;
  }
  if (call == nullptr) return Outcome::to_call;
  const Contact& c = call->contact;
  if (c.phase == Phase::offering || c.phase == Phase::with_agent) return Outcome::calling;
  if (c.live()) return Outcome::to_call;
  if (c.ended_by == transfer::kCameBack) return Outcome::came_back;
  return c.ended_by == contact::kUnanswered ? Outcome::unanswered : Outcome::called;
}

std::string_view name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::waiting:
      return "waiting";
    case Outcome::to_call:
      return "to-call";
    case Outcome::calling:
      return "calling";
    case Outcome::called:
      return "called";
    case Outcome::unanswered:
      return "unanswered";
    case Outcome::left_word:
      return "left-word";
    case Outcome::came_back:
      return "came-back";
  }
  return "";
}

std::map<Outcome, std::uint64_t> tally(const Sees& sees) {
  std::map<Outcome, std::uint64_t> out;
  for (int n = 0; n <= static_cast<int>(Outcome::last_); ++n) out[static_cast<Outcome>(n)] = 0;
  if (!rescues(sees)) return out;
  for (const NodeId lost : sees.members.regions()) {
    if (sees.failover.state(lost) == MemberState::evacuated) out[Outcome::waiting] += list(sees, lost).size();
  }
  for (const auto& [id, listed] : sees.failover.rescued()) {
    const State::Health& health = sees.failover.health(listed.what.lost);
    const bool stands = health.state == MemberState::evacuated && health.epoch == listed.what.epoch;
    if (stands) ++out[outcome(sees, listed.what)];
  }
  return out;
}

}  // namespace tandem::failover
