#include "core/failover/react.h"

#include <algorithm>

namespace tandem::failover {
namespace {

// Those whose word against a member counts: the active ones. A member that is gone may have spoken against everybody
// before it went, and can take nothing back.
std::vector<NodeId> voters_against(const Sees& sees, NodeId subject) {
  std::vector<NodeId> out = sees.failover.against(subject);
  std::erase_if(out, [&](NodeId voter) {
    return voter == subject || sees.members.find(voter) == nullptr || sees.failover.state(voter) != MemberState::active;
  });
  return out;
}

}  // namespace

Decision react(const Sees& sees, const Now&) {
  Decision out;
  const std::vector<NodeId> nodes = sees.members.nodes();
  for (const NodeId subject : sees.members.regions()) {
    if (sees.failover.state(subject) == MemberState::evacuated) continue;
    std::vector<NodeId> voters = voters_against(sees, subject);
    // Never by one observer alone: with two members, evacuation is a person's decision.
    const std::size_t observers = nodes.size() - 1;
    if (voters.size() < std::max<std::size_t>(2, observers / 2 + 1)) continue;
    std::vector<NodeId> survivors;
    for (const NodeId node : sees.members.regions()) {
      // The word of the one that is to be evacuated does not count either.
      std::vector<NodeId> doubters = voters_against(sees, node);
      std::erase(doubters, subject);
      const bool stands = node != subject && sees.failover.state(node) != MemberState::evacuated && doubters.empty() &&
                          !sees.distribution.node(node).joining();
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
    if (!voters_against(sees, sees.local.self).empty()) return out;  // the others still do not hear this node
  } else if (!looked_at) {
    return out;
  } else {
    next = health.state == MemberState::recovering ? MemberState::ready : MemberState::active;
  }
  out.records.push_back(Rec{Returned{health.epoch + 1, next}});
  const distribution::State::Region& ordered = sees.distribution.node(sees.local.self);
  if (next != MemberState::active || ordered.draining() || ordered.joining()) return out;
  distribution::Ordered ramp;
  ramp.region = distribution::place_of(sees.local.self);
  ramp.duty = distribution::Duty::ramping;
  ramp.steps = {kRamp.begin(), kRamp.end()};
  ramp.every = kRampEvery;
  ramp.by = "tandem";
  ramp.why = "it returned after an evacuation";
  out.records.push_back(distribution::Rec{std::move(ramp)});
  return out;
}

}  // namespace tandem::failover
