// Inside hours: dates and the wall clock, without zones and instants.
#pragma once

#include "core/hours/view.h"

namespace tandem::hours {

// Openings of the days of the week under `prefix`: "open." + "MONDAY.0". Errors: invalid, naming the field.
[[nodiscard]] Result<Week> read_week(const config::Document& document, std::string_view prefix);

// Whether it is open when a wall clock shows `since` after midnight of `date`.
[[nodiscard]] bool open_on(const Schedule& schedule, Date date, std::chrono::milliseconds since);

// Where the answer may change, of all that begins on `date`, after midnight of it.
[[nodiscard]] std::vector<std::chrono::minutes> boundaries(const Schedule& schedule, Date date);

}  // namespace tandem::hours
