// Judges orders about customers against what is known here.
#pragma once

#include "core/customer/commands.h"
#include "core/customer/state.h"
#include "core/decision.h"

namespace tandem::customer {

inline constexpr std::size_t kFieldsMax = 100;        // of a profile, its attributes included
inline constexpr std::size_t kValueBytesMax = 1'100;  // sealed
inline constexpr std::size_t kKeysMax = 10'000;       // erased by one order

// Errors: invalid (nobody is named, no field is, or a value is not sealed or too long); limit_exceeded.
[[nodiscard]] Result<Decision> decide(const State& state, const Change& command, const Now& now);
// Errors: invalid; limit_exceeded.
[[nodiscard]] Result<Decision> decide(const State& state, const Forget& command, const Now& now);

}  // namespace tandem::customer
