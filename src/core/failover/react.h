// Evacuation by majority of observers, and the way back (R30, R31).
#pragma once

#include <array>

#include "core/sees.h"

namespace tandem::failover {

// Parts of 1,000 that a returned node takes first, and how long each at least.
inline constexpr std::array<std::uint32_t, 3> kRamp{100, 250, 500};
inline constexpr std::chrono::seconds kRampEvery{20};

// Evacuates members against whom enough votes stand. Any node may write the fact. `saw`: what is applied here.
[[nodiscard]] Decision react(const Sees& sees, const Vector& saw);
// This node's own way back: it was evacuated and holds the lease again, everything applied (`caught_up`). Once it is
// active it takes a growing part, unless somebody ordered otherwise.
[[nodiscard]] Decision come_back(const Sees& sees, bool caught_up, const Now& now);

}  // namespace tandem::failover
