// Stops the process when one of our own invariants is broken, in release builds too: another node takes over, and a
// wrong world is never written. Whatever arrives from outside is an `Error` value instead (error.h).
#pragma once

namespace tandem {
[[noreturn]] void check_failed(const char* condition, const char* file, int line) noexcept;
}  // namespace tandem

#define TANDEM_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::tandem::check_failed(#condition, __FILE__, __LINE__))
