// Hours of operation: weekly opening times by the wall clock of an IANA zone, across changes of daylight saving time,
// and overrides of them on some dates. Source: Amazon Connect Administrator Guide, "Set hours of operation" and
// "Identify dates where you need to override standard operating hours"; docs/modules/hours.md says what is ours.
//
// A document of kind `hours` has the fields time_zone = "Europe/Berlin" and open.<DAY>.<n> = "HH:MM-HH:MM", <DAY> being
// MONDAY to SUNDAY. An end at or before the start lies on the next day, so "00:00-00:00" is the whole day. The fields
// of an override are in core/config/records.h.
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

using Date = std::chrono::local_days;
// "2026-12-24"; nothing for another text, or a day that no calendar has.
[[nodiscard]] std::optional<Date> parse_date(std::string_view text);
[[nodiscard]] std::string date_text(Date date);

using Week = std::array<std::vector<Opening>, 7>;  // Monday is 0

// On which dates of its range a recurring event is.
struct Recurrence {
  enum class Frequency : std::uint8_t { weekly, monthly, yearly };
  Frequency frequency = Frequency::weekly;
  int interval = 1;    // every so many weeks, months or years from the range's first day on
  int month = 0;       // 1 to 12, of a yearly event; 0: that of the first day
  int month_day = 0;   // 1 to 31, -1: the month's last; 0: not given
  int occurrence = 0;  // 1 to 4: which of its weekday in the month, -1: the last; 0: not given
  friend bool operator==(const Recurrence&, const Recurrence&) = default;
};

struct Override {
  enum class Type : std::uint8_t {
    standard,  // temporary hours: these, and nothing else, on every date of the range
    open,      // a recurring event: open as well
    closed,    // a recurring event: closed nevertheless
  };
  std::string name;
  Type type = Type::standard;
  Date from;
  Date till;  // the last day
  Week week;
  std::optional<Recurrence> recurrence;
  friend bool operator==(const Override&, const Override&) = default;
};

struct Schedule {
  std::string zone;
  Week week;
  std::vector<Override> overrides;
  friend bool operator==(const Schedule&, const Schedule&) = default;
};

// Errors: invalid, naming the field or the zone that is wrong.
[[nodiscard]] Result<Override> read_override(const config::Document& document);
// Hours with their overrides. Errors: invalid, likewise.
[[nodiscard]] Result<Schedule> read(const config::State& config, const config::Document& document);

// "HH:MM-HH:MM"; nothing when it is not.
[[nodiscard]] std::optional<Opening> parse_opening(std::string_view text);
[[nodiscard]] bool known_zone(std::string_view zone);
// The first instant at which the zone's clock shows, or has just skipped, so much after midnight of the date.
// Errors: invalid (zone).
[[nodiscard]] Result<Hlc> instant(const std::string& zone, Date date, std::chrono::minutes since);

// A time of day that the clock skips counts from the moment it jumps; one that comes twice counts both times.
// Errors: invalid (zone).
[[nodiscard]] Result<bool> open(const Schedule& schedule, Hlc at);
// The first millisecond after `at` with another answer; nothing when it never changes, or not within seven years.
// Errors: invalid (zone).
[[nodiscard]] Result<std::optional<Hlc>> next_change(const Schedule& schedule, Hlc at);

// When it is open on a date, by the wall clock: parts of [0, 24 h) that do not touch each other, in order.
[[nodiscard]] std::vector<Opening> effective(const Schedule& schedule, Date date);
// The overrides that decide about a date, and their hours that begin on it.
struct Applied {
  const Override* override = nullptr;
  std::vector<Opening> hours;
};
[[nodiscard]] std::vector<Applied> applied(const Schedule& schedule, Date date);

}  // namespace tandem::hours
