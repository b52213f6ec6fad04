// A day of calls that everybody can make again: 60 metros, each with a daily curve in its own time, and how far it is
// from each region.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "base/rng.h"
#include "core/distribution/geography.h"

namespace tandem::bench {

struct Metro {
  const char* name;
  double latitude;
  double longitude;
  double people;  // millions
};

// Where the calls come from: half of them from North America. Rounded public figures.
inline constexpr std::array<Metro, 60> kMetros{{
    {"New York", 40.7, -74.0, 19.6},
    {"Los Angeles", 34.1, -118.2, 12.8},
    {"Chicago", 41.9, -87.6, 9.4},
    {"Dallas", 32.8, -96.8, 8.1},
    {"Houston", 29.8, -95.4, 7.5},
    {"Washington", 38.9, -77.0, 6.3},
    {"Philadelphia", 40.0, -75.2, 6.2},
    {"Atlanta", 33.7, -84.4, 6.3},
    {"Miami", 25.8, -80.2, 6.2},
    {"Phoenix", 33.4, -112.1, 5.1},
    {"Boston", 42.4, -71.1, 4.9},
    {"Riverside", 34.0, -117.4, 4.7},
    {"San Francisco", 37.8, -122.4, 4.6},
    {"Detroit", 42.3, -83.0, 4.3},
    {"Seattle", 47.6, -122.3, 4.0},
    {"Minneapolis", 45.0, -93.3, 3.7},
    {"Tampa", 27.9, -82.5, 3.3},
    {"San Diego", 32.7, -117.2, 3.3},
    {"Denver", 39.7, -105.0, 3.0},
    {"Baltimore", 39.3, -76.6, 2.8},
    {"Orlando", 28.5, -81.4, 2.8},
    {"Charlotte", 35.2, -80.8, 2.8},
    {"St. Louis", 38.6, -90.2, 2.8},
    {"San Antonio", 29.4, -98.5, 2.7},
    {"Portland", 45.5, -122.7, 2.5},
    {"Austin", 30.3, -97.7, 2.5},
    {"Sacramento", 38.6, -121.5, 2.4},
    {"Las Vegas", 36.2, -115.1, 2.3},
    {"Toronto", 43.7, -79.4, 6.4},
    {"Montreal", 45.5, -73.6, 4.3},
    {"Vancouver", 49.3, -123.1, 2.6},
    {"Mexico City", 19.4, -99.1, 10.0},
    {"London", 51.5, -0.1, 14.0},
    {"Paris", 48.9, 2.4, 11.0},
    {"Madrid", 40.4, -3.7, 6.7},
    {"Barcelona", 41.4, 2.2, 5.5},
    {"Berlin", 52.5, 13.4, 4.7},
    {"Frankfurt", 50.1, 8.7, 2.7},
    {"Milan", 45.5, 9.2, 5.0},
    {"Rome", 41.9, 12.5, 4.3},
    {"Amsterdam", 52.4, 4.9, 2.9},
    {"Stockholm", 59.3, 18.1, 2.4},
    {"Warsaw", 52.2, 21.0, 3.1},
    {"Vienna", 48.2, 16.4, 2.9},
    {"Dublin", 53.3, -6.3, 2.1},
    {"Zurich", 47.4, 8.5, 1.9},
    {"Tokyo", 35.7, 139.7, 18.0},
    {"Osaka", 34.7, 135.5, 9.0},
    {"Seoul", 37.6, 127.0, 12.0},
    {"Taipei", 25.0, 121.6, 7.0},
    {"Singapore", 1.4, 103.8, 5.9},
    {"Hong Kong", 22.3, 114.2, 7.4},
    {"Sydney", -33.9, 151.2, 5.3},
    {"Melbourne", -37.8, 145.0, 5.2},
    {"Auckland", -36.8, 174.8, 1.7},
    {"Manila", 14.6, 121.0, 7.0},
    {"Mumbai", 19.1, 72.9, 9.0},
    {"Sao Paulo", -23.6, -46.6, 9.0},
    {"Buenos Aires", -34.6, -58.4, 6.0},
    {"Bogota", 4.7, -74.1, 5.0},
}};

struct Site {
  const char* region;
  std::int64_t share;  // parts of 1,000
};

inline const std::vector<Site> kTwo{{"us-east-1", 500}, {"us-west-2", 500}};
inline const std::vector<Site> kFour{
    {"us-east-1", 334}, {"us-west-2", 222}, {"eu-west-2", 222}, {"ap-northeast-1", 222}};

struct Day {
  std::vector<std::vector<double>> latency;       // by metro, by region
  std::vector<std::vector<std::uint16_t>> hours;  // the metros of the calls, in order
};

// `calls` of a day: each metro calls most at two in its afternoon.
inline Day make_day(const std::vector<Site>& sites, std::size_t calls, std::uint64_t seed) {
  Day day;
  day.latency.resize(kMetros.size());
  for (std::size_t m = 0; m < kMetros.size(); ++m) {
    for (const Site& site : sites)
      day.latency[m].push_back(distribution::round_trip_ms({kMetros[m].latitude, kMetros[m].longitude},
                                                           *distribution::place_of_region(site.region)));
  }
  const auto rate = [](const Metro& metro, double utc) {
    double local = std::fmod(utc + metro.longitude / 15 + 48, 24);
    if (local < 2) local += 24;
    return metro.people * (0.05 + std::exp(-std::pow((local - 14) / 4, 2)));
  };
  std::vector<double> hourly(24);
  double all = 0;
  for (int minute = 0; minute < 1440; ++minute) {
    for (const Metro& metro : kMetros) all += rate(metro, minute / 60.0);
  }
  Rng rng{seed};
  day.hours.resize(24);
  std::vector<double> edge(kMetros.size());
  double owed = 0;
  for (int minute = 0; minute < 1440; ++minute) {
    double sum = 0;
    for (std::size_t m = 0; m < kMetros.size(); ++m) edge[m] = sum += rate(kMetros[m], minute / 60.0);
    for (owed += static_cast<double>(calls) * sum / all; owed >= 1; --owed) {
      const double at = static_cast<double>(rng.below(1'000'000)) / 1e6 * sum;
      const auto metro = std::upper_bound(edge.begin(), edge.end(), at) - edge.begin();
      day.hours[static_cast<std::size_t>(minute / 60)].push_back(static_cast<std::uint16_t>(metro));
    }
  }
  return day;
}

}  // namespace tandem::bench
