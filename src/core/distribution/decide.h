// Judges orders about distribution against what is known here.
#pragma once

#include "core/distribution/commands.h"
#include "core/distribution/safety.h"

namespace tandem::distribution {

inline constexpr std::size_t kRampStepsMax = 20;
inline constexpr std::chrono::milliseconds kRampStepMax = 24h;

// Errors: not_found (region, node); invalid; refused (a rule objects, see safety.h; or the order changes nothing).
[[nodiscard]] Result<Decision> decide(const Sees& sees, const Order& command, const Now& now);
// Errors: refused (id or name is taken); invalid; move_in_flight (a list is pending).
[[nodiscard]] Result<Decision> decide(const Sees& sees, const Join& command, const Now& now);
// Errors: not_found; refused (a rule objects); move_in_flight.
[[nodiscard]] Result<Decision> decide(const Sees& sees, const Dismiss& command, const Now& now);
// The group as it would be. Errors: invalid; already_exists (name); not_found.
[[nodiscard]] Result<Group> after(const Sees& sees, const SetGroup& command);
// Errors: those, and refused.
[[nodiscard]] Result<Decision> decide(const Sees& sees, const SetGroup& command, const Now& now);

}  // namespace tandem::distribution
