// Which waiting contact goes to which agent, over all regions: the rules of docs/routing.md. Source: Amazon
// Connect Administrator Guide, "How routing works", "Queues: priority and delay examples", "Channels and concurrency",
// "Set up routing based on agent proficiencies".
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

// Gives a waiting contact of this node to an agent who has room: the first pair by the rules. Its records change what
// the next one sees. Empty: nothing to give; `sees.matching` says when time may change that.
[[nodiscard]] Decision match(const Sees& sees, const Vector& saw, const Now& now, Rng& rng);

// True when the contact may be offered at all.
[[nodiscard]] bool may_offer(const Sees& sees, const contact::Held& held);

}  // namespace tandem::routing
