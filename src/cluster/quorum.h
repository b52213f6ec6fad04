// The two majorities. They always intersect: quorum(N) - 1 of the others and evac(n) of the same others share a node.
#pragma once

#include <algorithm>
#include <cstddef>

namespace tandem::cluster {

// Of `members` nodes, oneself included: starts of work, sign-ins, the lease.
[[nodiscard]] constexpr std::size_t quorum(std::size_t members) { return members / 2 + 1; }

// Of a member's `observers` (all other members): evacuation and the statements before a rescue call. Never one alone,
// so that with two members no machine evacuates by itself.
[[nodiscard]] constexpr std::size_t evac(std::size_t observers) { return std::max<std::size_t>(2, observers / 2 + 1); }

}  // namespace tandem::cluster
