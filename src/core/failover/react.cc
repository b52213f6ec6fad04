#include "core/failover/react.h"

#include <algorithm>

namespace tandem::failover {

Decision react(const Sees& sees, const Now&) {
  Decision out;
  const std::vector<NodeId> nodes = sees.members.nodes();
  for (const NodeId subject : sees.members.regions()) {
    if (sees.failover.state(subject) == MemberState::evacuated) continue;
    std::vector<NodeId> voters;
    for (const NodeId voter : sees.failover.against(subject)) {
      const bool counts =
          voter != subject && sees.members.find(voter) != nullptr && sees.failover.state(voter) == MemberState::active;
      if (counts) voters.push_back(voter);
    }
    // Never by one observer alone: with two members, evacuation is a person's decision.
    const std::size_t observers = nodes.size() - 1;
    if (voters.size() < std::max<std::size_t>(2, observers / 2 + 1)) continue;
    std::vector<NodeId> survivors;
    for (const NodeId node : sees.members.regions()) {
      const bool stands =
          node != subject && sees.failover.state(node) != MemberState::evacuated && sees.failover.against(node).empty();
      if (stands) survivors.push_back(node);
    }
    if (survivors.empty()) continue;
    out.records.push_back(
        Rec{Evacuated{subject, sees.failover.health(subject).epoch + 1, std::move(voters), std::move(survivors)}});
    return out;
  }
  return out;
}

Decision come_back(const Sees& sees, bool caught_up, const Now& now) {
  Decision out;
  const State::Health& health = sees.failover.health(sees.local.self);
  if (health.state == MemberState::active || sees.local.hub || !caught_up || !sees.local.settled) return out;
  const bool looked_at = now.hlc >= health.since + sees.local.timers.ready;
  MemberState next = MemberState::recovering;
  if (health.state == MemberState::evacuated) {
    if (!sees.failover.against(sees.local.self).empty()) return out;  // the others still do not hear this node
  } else if (!looked_at) {
    return out;
  } else {
    next = health.state == MemberState::recovering ? MemberState::ready : MemberState::active;
  }
  out.records.push_back(Rec{Returned{health.epoch + 1, next}});
  return out;
}

}  // namespace tandem::failover
