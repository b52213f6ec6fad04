#include "core/contact/state.h"

#include <algorithm>

#include "base/bug.h"
#include "base/check.h"

namespace tandem::contact {
namespace {
template <class Map, class Key>
const typename Map::mapped_type& get_or_empty(const Map& map, const Key& key) {
  static const typename Map::mapped_type none;
  const auto at = map.find(key);
  return at == map.end() ? none : at->second;
}
template <class Map, class Key, class Value>
void erase_from(Map& map, const Key& key, const Value& value) {
  const auto at = map.find(key);
  if (at == map.end()) return;
  at->second.erase(value);
  if (at->second.empty()) map.erase(at);
}
void sooner(Hlc& earliest, Hlc candidate) {
  if (candidate.packed != 0 && (earliest.packed == 0 || candidate < earliest)) earliest = candidate;
}
}  // namespace

Hlc Contact::deadline() const {
  Hlc earliest;
  if (!live()) return earliest;
  sooner(earliest, grace_until);
  if (move.open()) sooner(earliest, move.deadline);
  if (phase == Phase::offering) sooner(earliest, ring_until);
  if (phase == Phase::queued) sooner(earliest, place.preferred_until);
  if (flow.await != Await::nothing) sooner(earliest, flow.until);
  return earliest;
}

void State::apply(const Claimed& record, const Meta& meta) {
  TANDEM_CHECK(record.term > Term{});  // the codec refuses 0, and decide never issues it
  keep_items(record.contact, record.items, meta);
  const Line line{record.term, meta.log.origin, meta.log.incarnation};
  Held*& found = found_[record.contact];
  const bool fresh = found == nullptr;
  if (fresh) found = &held_[record.contact];
  Held& held = *found;
  if (!fresh && line <= held.line && !bug::on(bug::Name::last_arrival_wins)) {
    ++held.late;
    return;
  }
  const Where before = where(held);
  held.line = line;
  held.contact = record.whole;
  held.changed = meta.at;
  if (!fresh) unindex(record.contact, before);
  index(record.contact, where(held));
}

void State::apply(const Updated& record, const Meta& meta) {
  keep_items(record.contact, record.items, meta);
  const auto at = found_.find(record.contact);
  // An update of a line whose claim has not come cannot happen: both stand in one log, in order.
  if (at == found_.end()) return;
  Held& held = *at->second;
  if (record.line != held.line && !bug::on(bug::Name::stale_delta)) {
    ++held.late;
    return;
  }
  held.changed = meta.at;
  if (record.change.changed.empty()) return;
  const Where before = where(held);
  apply_patch(held.contact, record.change);
  const Where after = where(held);
  if (before == after) return;
  unindex(record.contact, before);
  index(record.contact, after);
}

void State::keep_items(ContactId contact, const std::vector<Item>& items, const Meta& meta) {
  if (items.empty()) return;
  Transcript& transcript = transcripts_[contact];
  std::uint32_t n = 0;
  for (const Item& item : items) {
    const ItemKey key{item.at, meta.log, meta.sequence, n++};
    const bool last = transcript.empty() || transcript.back().key < key;
    const auto at = last ? transcript.end() : std::ranges::lower_bound(transcript, key, {}, &Said::key);
    if (at == transcript.end() || at->key != key) transcript.insert(at, Said{key, item});
  }
}

State::Where State::where(const Held& held) {
  const Contact& c = held.contact;
  Where out;
  out.person = c.person;
  if (c.connected.packed != 0 && c.connected >= c.place.enqueued) {
    out.answered = c.connected;
    out.line = {c.place.queue, c.channel};
  }
  out.live = c.live();
  if (!out.live) return out;
  out.owner = held.line.node;
  out.agent = c.agent;
  out.queued = c.phase == Phase::queued;
  if (out.queued) out.queue = c.place.queue;
  if (c.move.state == MoveState::offered) {
    out.destination = c.move.destination;
    out.wanted = c.move.agent;
  }
  out.due = c.deadline();
  return out;
}

void State::index(ContactId id, const Where& where) {
  if (!where.person.nil()) person_[where.person].insert(id);
  if (where.answered.packed != 0) {
    auto& answers = answered_[where.line];
    answers.emplace(where.answered, id);
    while (answers.rbegin()->first - answers.begin()->first > kAnswersKept) answers.erase(answers.begin());
  }
  if (!where.live) return;
  owned_[where.owner].insert(id);
  if (!where.agent.value().nil()) agent_[where.agent].insert(id);
  if (where.queued) {
    queued_[where.queue].insert(id);
    queued_at_[where.owner].insert(id);
  }
  if (where.destination != NodeId{}) {
    offered_[where.destination].insert(id);
    if (!where.wanted.value().nil()) agent_[where.wanted].insert(id);
  }
  if (where.due.packed != 0) deadlines_[where.owner].emplace(where.due, id);
}

void State::unindex(ContactId id, const Where& where) {
  if (!where.person.nil()) erase_from(person_, where.person, id);
  if (where.answered.packed != 0) erase_from(answered_, where.line, std::pair{where.answered, id});
  if (!where.live) return;
  erase_from(owned_, where.owner, id);
  if (!where.agent.value().nil()) erase_from(agent_, where.agent, id);
  if (where.queued) {
    erase_from(queued_, where.queue, id);
    erase_from(queued_at_, where.owner, id);
  }
  if (where.destination != NodeId{}) {
    erase_from(offered_, where.destination, id);
    erase_from(agent_, where.wanted, id);
  }
  if (where.due.packed != 0) erase_from(deadlines_, where.owner, std::pair{where.due, id});
}

void State::loaded() {
  owned_.clear();
  agent_.clear();
  person_.clear();
  queued_.clear();
  queued_at_.clear();
  offered_.clear();
  deadlines_.clear();
  answered_.clear();
  found_.clear();
  for (auto& [id, held] : held_) {
    found_[id] = &held;
    index(id, where(held));
  }
}

const Held* State::find(ContactId contact) const {
  const auto at = found_.find(contact);
  return at == found_.end() ? nullptr : at->second;
}

const Transcript* State::items(ContactId contact) const {
  const auto at = transcripts_.find(contact);
  return at == transcripts_.end() ? nullptr : &at->second;
}

bool State::repeated(ContactId contact, const Uuid& item) const {
  const Transcript* all = items(contact);
  return all != nullptr && std::ranges::count(*all, item, [](const Said& said) { return said.item.id; }) > 1;
}

std::vector<const Item*> State::transcript(ContactId contact) const {
  std::vector<const Item*> out;
  const Transcript* all = items(contact);
  if (all == nullptr) return out;
  std::set<Uuid> seen;
  for (const Said& said : *all) {
    if (seen.insert(said.item.id).second) out.push_back(&said.item);
  }
  return out;
}

const std::set<ContactId>& State::owned_by(NodeId node) const { return get_or_empty(owned_, node); }
const std::set<ContactId>& State::of_agent(AgentId agent) const { return get_or_empty(agent_, agent); }
const std::set<ContactId>& State::of_person(const Uuid& person) const { return get_or_empty(person_, person); }
const std::set<ContactId>& State::queued_in(QueueId queue) const { return get_or_empty(queued_, queue); }
const std::set<ContactId>& State::queued_at(NodeId owner) const { return get_or_empty(queued_at_, owner); }
const std::set<ContactId>& State::offered_to(NodeId node) const { return get_or_empty(offered_, node); }
const std::set<std::pair<Hlc, ContactId>>& State::answered_in(QueueId queue, Channel channel) const {
  return get_or_empty(answered_, std::pair{queue, channel});
}
const std::set<std::pair<Hlc, ContactId>>& State::deadlines(NodeId owner) const {
  return get_or_empty(deadlines_, owner);
}

}  // namespace tandem::contact
