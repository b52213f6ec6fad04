// Evacuation by majority of observers, and the way back (R30, R31).
#pragma once

#include "core/sees.h"

namespace tandem::failover {

// Evacuates members against whom enough votes stand. Any node may write the fact.
[[nodiscard]] Decision react(const Sees& sees, const Now& now);
// This node's own way back: it was evacuated and holds the lease again, everything applied (`caught_up`).
[[nodiscard]] Decision come_back(const Sees& sees, bool caught_up, const Now& now);

}  // namespace tandem::failover
