#include "core/distribution/geography.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <numbers>

namespace tandem::distribution {
namespace {

struct Area {
  double latitude;
  double longitude;
  const char* prefixes;  // apart by spaces
};
struct Named {
  const char* name;
  double latitude;
  double longitude;
};
#include "core/distribution/geography.inc"

std::map<std::string, Place, std::less<>> read_prefixes() {
  std::map<std::string, Place, std::less<>> out;
  const auto add = [&](const Area& area, const char* before) {
    std::string_view rest = area.prefixes;
    do {
      const auto end = std::min(rest.find(' '), rest.size());
      out.emplace(before + std::string(rest.substr(0, end)), Place{area.latitude, area.longitude});
      rest.remove_prefix(std::min(end + 1, rest.size()));
    } while (!rest.empty());
  };
  for (const Area& area : kCountries) add(area, "");
  for (const Area& area : kNorthAmerica) add(area, "1");
  return out;
}

}  // namespace

std::optional<Place> place_of_number(std::string_view e164) {
  static const auto prefixes = read_prefixes();
  constexpr std::size_t kLongest = 5;
  if (e164.size() < 2 || e164[0] != '+') return std::nullopt;
  for (std::size_t size = std::min(kLongest, e164.size() - 1); size > 0; --size) {
    const auto at = prefixes.find(e164.substr(1, size));
    if (at != prefixes.end()) return at->second;
  }
  return std::nullopt;
}

std::optional<Place> parse_place(std::string_view text) {
  const auto comma = text.find(',');
  if (comma == std::string_view::npos || text.size() > 40) return std::nullopt;
  const auto read = [](std::string_view part, double most) -> std::optional<double> {
    double out = 0;
    const auto [end, wrong] = std::from_chars(part.data(), part.data() + part.size(), out);
    if (wrong != std::errc{} || end != part.data() + part.size() || !(std::abs(out) <= most)) return std::nullopt;
    return out;
  };
  std::string_view second = text.substr(comma + 1);
  if (second.starts_with(' ')) second.remove_prefix(1);
  const auto latitude = read(text.substr(0, comma), 90);
  const auto longitude = read(second, 180);
  if (!latitude || !longitude) return std::nullopt;
  return Place{*latitude, *longitude};
}

std::optional<Place> place_of_region(std::string_view region) {
  const auto at = std::ranges::find(kRegions, region, [](const Named& each) { return std::string_view(each.name); });
  if (at == std::end(kRegions)) return std::nullopt;
  return Place{at->latitude, at->longitude};
}

double round_trip_ms(const Place& a, const Place& b) {
  constexpr double kEarthKm = 6371;
  constexpr double kKmPerMs = 77;
  constexpr double kEndsMs = 10;
  const auto radians = [](double degrees) { return degrees * std::numbers::pi / 180; };
  const double h = std::pow(std::sin(radians(b.latitude - a.latitude) / 2), 2) +
                   std::cos(radians(a.latitude)) * std::cos(radians(b.latitude)) *
                       std::pow(std::sin(radians(b.longitude - a.longitude) / 2), 2);
  return kEndsMs + 2 * kEarthKm * std::asin(std::sqrt(std::min(h, 1.0))) / kKmPerMs;
}

}  // namespace tandem::distribution
