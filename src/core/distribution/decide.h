// Judges orders about distribution against what is known here.
#pragma once

#include "core/distribution/commands.h"
#include "core/distribution/safety.h"

namespace tandem::distribution {

inline constexpr std::size_t kRampStepsMax = 20;
inline constexpr std::chrono::milliseconds kRampStepMax = 24h;

// Errors: not_found (region); invalid; refused (a rule objects, see safety.h; or the order changes nothing).
[[nodiscard]] Result<Decision> decide(const Sees& sees, const Order& command, const Now& now);
// The group as it would be. Errors: invalid; already_exists (name); not_found.
[[nodiscard]] Result<Group> after(const Sees& sees, const SetGroup& command);
// Errors: those, and refused.
[[nodiscard]] Result<Decision> decide(const Sees& sees, const SetGroup& command, const Now& now);

}  // namespace tandem::distribution
