#include "core/failover/react.h"

#include <algorithm>

#include "base/bug.h"

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

Decision react(const Sees& sees, const Vector& saw) {
  Decision out;
  const std::vector<NodeId> nodes = sees.members.nodes();
  for (const NodeId subject : sees.members.regions()) {
    if (sees.failover.to_renew(sees.local.self, subject)) {
      out.records.push_back(Rec{*sees.failover.vote(sees.local.self, subject)});
      return out;
    }
    // Nobody declares himself, nor anybody before having heard what the others know: the fact may be on its way.
    if (subject == sees.local.self || !sees.local.settled) continue;
    if (sees.failover.state(subject) == MemberState::evacuated) continue;
    std::vector<NodeId> voters = voters_against(sees, subject);
    // Never by one observer alone: with two members, evacuation is a person's decision.
    const std::size_t observers = nodes.size() - 1;
    if (bug::on(bug::Name::vote_counted_twice) && !voters.empty()) voters.push_back(voters.front());
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
    Evacuated fact{subject, sees.failover.health(subject).epoch + 1, std::move(voters), std::move(survivors), {}, saw};
    for (const NodeId voter : fact.voters) fact.evidence.push_back(sees.failover.evidence(voter, subject));
    out.records.push_back(Rec{std::move(fact)});
    return out;
  }
  return out;
}

Decision come_back(const Sees& sees, bool caught_up, const Now& now) {
  Decision out;
  const State::Health& health = sees.failover.health(sees.local.self);
  if (bug::on(bug::Name::acts_before_resynchronising)) caught_up = true;
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
