// How far a caller is from each region, from what is known of him: a telephone number's country and area, or a place on
// the map. Estimates, good enough to say which region is nearer; a group can be given measured ones (`near`).
//
// Country codes: ITU-T E.164, list of assigned country codes; areas: North American Numbering Plan. A place stands for
// where most people of the area live, to a tenth of a degree.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tandem::distribution {

struct Place {
  double latitude = 0;   // degrees, north is positive
  double longitude = 0;  // degrees, east is positive
};

// By the longest prefix that is known. Nothing: no number, or of a country that is not listed.
[[nodiscard]] std::optional<Place> place_of_number(std::string_view e164);
// "52.5,13.4". Nothing: not of that form, or not on Earth.
[[nodiscard]] std::optional<Place> parse_place(std::string_view text);
// Of an AWS or Google Cloud region by name. Nothing: not listed.
[[nodiscard]] std::optional<Place> place_of_region(std::string_view region);

// There and back over fibre that is a third longer than the straight way, and 10 ms at the ends: milliseconds.
[[nodiscard]] double round_trip_ms(const Place& a, const Place& b);

}  // namespace tandem::distribution
