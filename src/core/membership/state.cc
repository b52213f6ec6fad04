#include "core/membership/state.h"

#include "base/check.h"

namespace tandem::membership {

void State::form(std::vector<Member> first) {
  std::ranges::sort(first, {}, &Member::node);
  List& list = lists_[1];
  list.number = 1;
  list.members = std::move(first);
}

void State::apply(const Proposed& record, const Meta& meta) {
  List& list = lists_[record.number];
  // Two proposals of one number: the earlier stands, at every node alike; the other's proposer sees that it lost.
  if (list.by != NodeId{} && std::pair{list.at, list.by} <= std::pair{meta.at, meta.log.origin}) return;
  if (record.number == 1) return;
  list.number = record.number;
  list.members = record.members;
  std::ranges::sort(list.members, {}, &Member::node);
  list.at = meta.at;
  list.by = meta.log.origin;
}

void State::apply(const Accepted& record, const Meta& meta) { lists_[record.number].accepted.insert(meta.log.origin); }

void State::apply(const Born& record, const Meta& meta) {
  Incarnation& latest = born_[meta.log.origin];
  latest = std::max(latest, meta.log.incarnation);
  if (record.amnesiac) amnesiacs_[meta.log.origin].insert(meta.log.incarnation);
}

const List& State::current() const {
  const auto first = lists_.find(1);
  TANDEM_CHECK(first != lists_.end());
  const List* in_force = &first->second;
  for (auto at = lists_.find(2); at != lists_.end() && at->first == in_force->number + 1; ++at) {
    std::size_t accepted = 0;
    for (const Member& member : in_force->members) accepted += at->second.accepted.contains(member.node) ? 1U : 0U;
    if (at->second.by == NodeId{} || accepted < in_force->members.size() / 2 + 1) break;
    in_force = &at->second;
  }
  return *in_force;
}

const List* State::pending() const {
  const auto at = lists_.find(current().number + 1);
  return at == lists_.end() || at->second.by == NodeId{} ? nullptr : &at->second;
}

const Member* State::find(NodeId node) const {
  for (const Member& member : current().members) {
    if (member.node == node) return &member;
  }
  return nullptr;
}

const Member* State::find(std::string_view name) const {
  for (const Member& member : current().members) {
    if (name_of(member) == name) return &member;
  }
  return nullptr;
}

bool State::ever(NodeId node) const {
  return std::ranges::any_of(lists_, [&](const auto& each) {
    return std::ranges::find(each.second.members, node, &Member::node) != each.second.members.end();
  });
}

std::vector<Member> State::known() const {
  std::vector<Member> out = current().members;
  const List* next = pending();
  if (next == nullptr) return out;
  for (const Member& member : next->members) {
    const auto at = std::ranges::find(out, member.node, &Member::node);
    if (at == out.end()) {
      out.push_back(member);
    } else {
      *at = member;
    }
  }
  return out;
}

std::vector<NodeId> State::nodes() const {
  std::vector<NodeId> out;
  for (const Member& member : current().members) out.push_back(member.node);
  return out;
}

std::vector<NodeId> State::regions() const {
  std::vector<NodeId> out;
  for (const Member& member : current().members) {
    if (!member.hub) out.push_back(member.node);
  }
  return out;
}

std::vector<NodeId> State::in_region(std::string_view region) const {
  std::vector<NodeId> out;
  for (const Member& member : current().members) {
    if (!member.hub && member.region == region) out.push_back(member.node);
  }
  return out;
}

Incarnation State::incarnation(NodeId node) const {
  const auto at = born_.find(node);
  return at == born_.end() ? Incarnation{} : at->second;
}

bool State::amnesiac(LogId log) const {
  const auto at = amnesiacs_.find(log.origin);
  return at != amnesiacs_.end() && at->second.contains(log.incarnation);
}

Result<Proposed> decide(const State& state, const Proposed& command) {
  const List& now = state.current();
  if (state.pending() != nullptr) return fail(Errc::move_in_flight, "another change of the members is under way");
  if (command.number != now.number + 1)
    return fail(Errc::invalid, "the next list has number " + std::to_string(now.number + 1));
  std::size_t changes = 0;
  for (const Member& member : command.members) {
    const auto same = std::ranges::find(now.members, member.node, &Member::node);
    if (same == now.members.end() || !(*same == member)) ++changes;
  }
  for (const Member& member : now.members) {
    if (std::ranges::find(command.members, member.node, &Member::node) == command.members.end()) ++changes;
  }
  if (changes != 1) return fail(Errc::invalid, "a list changes by one member at a time");
  return command;
}

}  // namespace tandem::membership
