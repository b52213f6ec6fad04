// Times of day between the API's JSON and the fields of hours and of their overrides (core/hours/view.h).
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <chrono>
#include <string>

#include "api/connect/context.h"
#include "core/hours/view.h"

namespace tandem::api::connect {

inline constexpr char kWholeDay[] = "00:00-00:00";

// HoursOfOperationTimeSlice; midnight at a day's end is 0 hours, 0 minutes.
[[nodiscard]] json::object clock_slice(std::chrono::minutes at);

// Replaces the list of slots under `prefix` by a Config. `before` is the document as it is, if there is one.
void set_slots(Fields& out, const std::string& prefix, const json::array& config, const config::Document* before);
// The Config, by the days of the week.
[[nodiscard]] json::array slots_of(const config::Document& document, const std::string& prefix);

}  // namespace tandem::api::connect
