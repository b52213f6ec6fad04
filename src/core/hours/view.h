// Hours of operation: weekly opening times by the wall clock of an IANA zone, across changes of daylight saving time.
// A document of kind `hours` has the fields time_zone = "Europe/Berlin" and open.<DAY>.<n> = "HH:MM-HH:MM", <DAY> being
// MONDAY to SUNDAY. An end at or before the start lies on the next day, so "00:00-00:00" is the whole day.
#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/now.h"
#include "core/config/view.h"

namespace tandem::hours {

struct Opening {
  std::chrono::minutes from{};
  std::chrono::minutes to{};  // up to 48 h when it ends on the next day
  friend bool operator==(const Opening&, const Opening&) = default;
};

struct Week {
  std::string zone;
  std::array<std::vector<Opening>, 7> days;  // Monday is 0
  friend bool operator==(const Week&, const Week&) = default;
};

// Errors: invalid, naming the field or the zone that is wrong.
[[nodiscard]] Result<Week> read(const config::Document& document);

// "HH:MM-HH:MM"; nothing when it is not.
[[nodiscard]] std::optional<Opening> parse_opening(std::string_view text);
[[nodiscard]] bool known_zone(std::string_view zone);

// A time of day that the clock skips counts from the moment it jumps; one that comes twice counts both times.
// Errors: invalid (zone).
[[nodiscard]] Result<bool> open(const Week& week, Hlc at);
// The first millisecond after `at` with another answer; nothing when it never changes.
// Errors: invalid (zone).
[[nodiscard]] Result<std::optional<Hlc>> next_change(const Week& week, Hlc at);

}  // namespace tandem::hours
