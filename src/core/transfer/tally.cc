#include "core/transfer/tally.h"

#include <algorithm>
#include <optional>

#include "base/overloaded.h"
#include "core/transfer/handing.h"

namespace tandem::transfer {
namespace {

using contact::Contact;
using contact::Phase;

template <class T>
bool says(const Patch<T>& change, unsigned field) {
  return std::ranges::find(change.changed, field) != change.changed.end();
}

// What a contact becomes by a record of its owner.
struct Turn {
  Phase phase{};
  const std::string& reason;  // of its end
};
std::optional<Turn> turn(const contact::Rec& rec) {
  if (const auto* claimed = std::get_if<contact::Claimed>(&rec)) {
    return Turn{claimed->whole.phase, claimed->whole.ended_by};
  }
  const Patch<Contact>& change = std::get<contact::Updated>(rec).change;
  if (!says(change, Contact::kPhaseField)) return std::nullopt;
  return Turn{change.value().phase, change.value().ended_by};
}

// An agent has handed it on, and nobody has answered since.
bool under_way(const contact::State& contacts, const Contact& contact) {
  if (contact.connected.packed != 0 || contact.previous.value().nil()) return false;
  const contact::Held* leg = contacts.find(contact.previous);
  return leg != nullptr && leg->contact.ended_by == kTransferred;
}

Tally::Handed& handed(Tally& tally, const config::State& config, QueueId queue) {
  return config.is_agents_own(queue) ? tally.to_agent : tally.to_queue;
}

void count_turn(Tally& tally, const Sees& sees, const Contact& before, const Turn& now) {
  if (before.phase == now.phase || before.phase == Phase::ended) return;
  if (before.is_consultation() && now.phase == Phase::ended) {
    const bool joined = now.reason == presence::kJoined;
    ++(joined ? tally.asked.taken_over : before.connected.packed != 0 ? tally.asked.answered : tally.asked.unanswered);
  }
  if (!under_way(sees.contacts, before)) return;
  const bool left = !before.consult.contact.value().nil() && before.consult.by.value().nil();
  Tally::Handed& to = left ? tally.to_colleague : handed(tally, sees.config, before.place.queue);
  if (now.phase == Phase::with_agent) ++to.answered;
  if (now.phase == Phase::ended) ++to.ended;
  if (now.phase == Phase::abandoned) ++to.abandoned;
}

bool is_in(const Sees& sees, NodeId node, const std::string& place) {
  const membership::Member* member = sees.members.find(node);
  return member != nullptr && membership::called(*member, place);
}

// The desktop is closed here because one was asked for where the agent was sent.
bool asked_there(const Sees& sees, const presence::Held& held) {
  return std::ranges::any_of(held.asked, [&](const auto& asked) {
    return asked.second.term > held.line.term && is_in(sees, asked.first, held.presence.move_to);
  });
}

void count_desktop(Tally& tally, const Sees& sees, const presence::Rec& rec, const LogId& log) {
  const AgentId agent = std::visit([](const auto& r) { return r.agent; }, rec);
  const presence::Held* held = sees.agents.find(agent);
  if (held == nullptr || !sees.mine(held->line)) return;
  const presence::Presence& p = held->presence;
  if (p.move_to.empty() || p.desktop.nil()) return;
  Tally::Sent& sent = p.drained ? tally.by_drain : tally.by_order;
  // Whichever comes first: the desktop here is closed, or this node hears that the other one is open.
  if (const auto* updated = std::get_if<presence::Updated>(&rec)) {
    const bool closes = updated->line == held->line && says(updated->change, presence::Presence::kDesktopField) &&
                        updated->change.value().desktop.nil();
    if (closes) ++(asked_there(sees, *held) ? sent.followed : sent.closed);
  } else if (const auto* claimed = std::get_if<presence::Claimed>(&rec)) {
    const bool wins = Line{claimed->term, log.origin, log.incarnation} > held->line;
    if (wins) ++(is_in(sees, log.origin, p.move_to) ? sent.followed : sent.closed);
  }
}

}  // namespace

void count(Tally& tally, const Sees& sees, const Body& body, const LogId& log) {
  const bool own = log.origin == sees.local.self && log.incarnation == sees.local.incarnation;
  std::visit(Overloaded{
                 [&](const contact::Rec& rec) {
                   const auto now = own ? turn(rec) : std::nullopt;
                   const contact::Held* held = now ? sees.contacts.find(contact::contact_of(rec)) : nullptr;
                   if (held != nullptr) count_turn(tally, sees, held->contact, *now);
                 },
                 [&](const presence::Rec& rec) { count_desktop(tally, sees, rec, log); },
                 [](const auto&) {},
             },
             body);
}

void refused(Tally& tally, const config::State& config, const Transfer& order) {
  if (!order.by.value().nil()) ++handed(tally, config, order.queue).refused;
}
void refused(Tally& tally, const config::State&, const transfer::Consult&) { ++tally.asked.refused; }
void refused(Tally& tally, const config::State&, const Leave&) { ++tally.to_colleague.refused; }

}  // namespace tandem::transfer
