// Which agent a waiting contact goes to: the longest available one, anywhere, whose profile has the queue and who has
// room; the agent who had the contact before, while it waits for that one. Source of the rule: Amazon Connect
// Administrator Guide, "How routing works".
#pragma once

#include "core/presence/view.h"
#include "core/sees.h"

namespace tandem::routing {

struct Candidate {
  AgentId agent;
  NodeId node;
  Hlc available_since;
  std::string why_not;  // empty: could take it
};

// Every agent signed in anywhere, best first; those who cannot take it behind, each with the reason. For people.
[[nodiscard]] std::vector<Candidate> candidates(const Sees& sees, const contact::Contact& contact, const Now& now);

// Gives waiting contacts of this node, in queue order, to agents who have room. Only the first that finds an agent is
// decided: its records change what the next one sees. Empty: nothing to give.
[[nodiscard]] Decision match(const Sees& sees, const Vector& saw, const Now& now, Rng& rng);

// True when the contact may be offered at all.
[[nodiscard]] bool may_offer(const Sees& sees, const contact::Held& held);

}  // namespace tandem::routing
