// One reading of the time, taken once per step. Stored deadlines are `hlc` (UTC); leases and budgets are `mono`.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

namespace tandem {

using namespace std::chrono_literals;

// Time since some start of this machine. Counts through suspension, never goes back, means nothing after a restart.
struct Mono {
  std::chrono::nanoseconds since{};
  friend constexpr auto operator<=>(const Mono&, const Mono&) = default;
  friend constexpr Mono operator+(Mono m, std::chrono::nanoseconds d) { return Mono{m.since + d}; }
  friend constexpr std::chrono::nanoseconds operator-(Mono a, Mono b) { return a.since - b.since; }
  static constexpr Mono max() { return Mono{std::chrono::nanoseconds::max()}; }
};

// Hybrid logical clock: 48 bits of UTC milliseconds, 16 bits of counter. Orders what needs ordering across nodes.
struct Hlc {
  std::uint64_t packed = 0;
  [[nodiscard]] constexpr std::uint64_t milliseconds() const { return packed >> 16; }
  [[nodiscard]] static constexpr Hlc at(std::uint64_t utc_milliseconds, std::uint16_t count = 0) {
    return Hlc{utc_milliseconds << 16 | count};
  }
  friend constexpr auto operator<=>(const Hlc&, const Hlc&) = default;
  friend constexpr Hlc operator+(Hlc h, std::chrono::milliseconds d) {
    return Hlc{h.packed + (static_cast<std::uint64_t>(d.count()) << 16)};
  }
  // Whole milliseconds from `b` to `a`; negative when `a` is the earlier.
  friend constexpr std::chrono::milliseconds operator-(Hlc a, Hlc b) {
    return std::chrono::milliseconds{static_cast<std::int64_t>(a.milliseconds()) -
                                     static_cast<std::int64_t>(b.milliseconds())};
  }
};

struct Now {
  Mono mono;
  Hlc hlc;
};

}  // namespace tandem
