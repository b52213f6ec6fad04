// The rules of routing once more, as docs/routing.md states them: every agent is compared with every contact,
// each time, from the documents as they are written. It shares no code with src/core/routing, nor with what that asks
// of other modules; so where both agree, either is right or the page is wrong.
#pragma once

#include <optional>

#include "node/world.h"

namespace tandem::routing_model {

struct Pair {
  AgentId agent;
  ContactId contact;
  friend bool operator==(const Pair&, const Pair&) = default;
};

// `live`: the processes that serve, `self` among them. `fault`: takes the later id where two agents are equal.
[[nodiscard]] std::optional<Pair> decide(const World& world, LogId self, const std::set<LogId>& live, Hlc now,
                                         bool fault = false);

}  // namespace tandem::routing_model
