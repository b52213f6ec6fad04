#include "core/presence/state.h"

#include "base/bug.h"

namespace tandem::presence {

Hlc deadline(const Presence& presence) {
  Hlc earliest;
  const auto sooner = [&](Hlc at) {
    if (at.packed != 0 && (earliest.packed == 0 || at < earliest)) earliest = at;
  };
  for (const auto& [contact, slot] : presence.slots) sooner(slot.until);
  if (!presence.desktop.nil() && !presence.move_to.empty()) {
    sooner(presence.move_told.packed == 0 ? presence.move_by : presence.move_told + kMoveFollowed);
  }
  return earliest;
}

void State::apply(const Asked& record, const Meta& meta) {
  Asking& asking = open(record.agent).asked[meta.log.origin];
  const Asking next{record.term, meta.log.incarnation, record.desktop, record.proved};
  if (std::pair{next.incarnation, next.term} > std::pair{asking.incarnation, asking.term}) asking = next;
}

void State::apply(const SignInAcked& record, const Meta& meta) {
  Ack& ack = open(record.agent).acked[record.asker][meta.log.origin];
  if (record.term <= ack.term) return;
  ack = Ack{record.term, record.others};
}

void State::apply(const Released& record, const Meta& meta) {
  Term& released = open(record.agent).released[meta.log.origin];
  released = std::max(released, record.term);
}

void State::apply(const ReleaseRefused& record, const Meta& meta) {
  Term& refused = open(record.agent).refused[meta.log.origin][record.asker];
  refused = std::max(refused, record.term);
}

void State::apply(const Claimed& record, const Meta& meta) {
  Held& held = open(record.agent);
  const Line line{record.term, meta.log.origin, meta.log.incarnation};
  if (line <= held.line) return;
  unindex(held);
  held.line = line;
  held.presence = record.whole;
  index(held);
}

void State::apply(const Updated& record, const Meta&) {
  Held& held = open(record.agent);
  if (record.line != held.line) return;
  unindex(held);
  apply_patch(held.presence, record.change);
  index(held);
}

Held& State::open(AgentId agent) {
  Held*& found = found_[agent];
  if (found == nullptr) found = &held_[agent];
  return *found;
}

void State::index(const Held& held) {
  ++version_;
  const Presence& p = held.presence;
  if (presence::routable(p)) routable_.insert(p.agent);
  if (!p.desktop.nil()) signed_in_[held.line.node].insert(p.agent);
  if (const Hlc due = deadline(p); due.packed != 0) deadlines_[held.line.node].emplace(due, p.agent);
}

void State::unindex(const Held& held) {
  const Presence& p = held.presence;
  routable_.erase(p.agent);
  if (const auto at = signed_in_.find(held.line.node); at != signed_in_.end()) at->second.erase(p.agent);
  if (const Hlc due = deadline(p); due.packed != 0) deadlines_[held.line.node].erase({due, p.agent});
}

void State::loaded() {
  routable_.clear();
  deadlines_.clear();
  signed_in_.clear();
  found_.clear();
  for (auto& [id, held] : held_) {
    found_[id] = &held;
    index(held);
  }
}

const Held* State::find(AgentId agent) const {
  const auto at = found_.find(agent);
  return at == found_.end() ? nullptr : at->second;
}

const std::set<std::pair<Hlc, AgentId>>& State::deadlines(NodeId owner) const {
  static const std::set<std::pair<Hlc, AgentId>> none;
  const auto at = deadlines_.find(owner);
  return at == deadlines_.end() ? none : at->second;
}

const std::set<AgentId>& State::signed_in_at(NodeId node) const {
  static const std::set<AgentId> none;
  const auto at = signed_in_.find(node);
  return at == signed_in_.end() ? none : at->second;
}

}  // namespace tandem::presence
