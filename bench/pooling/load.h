// The day that every kind of centre is given, and what a queue with as many agents makes of it at best.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <queue>
#include <vector>

#include "base/rng.h"

namespace tandem::bench {

struct Call {
  double at = 0;      // seconds
  double handle = 0;  // with an agent, seconds
  std::size_t region = 0;
};

struct Load {
  std::size_t regions = 2;
  std::size_t agents = 100;  // in each
  double rate = 0.95;        // of what the agents can do
  double handle = 240;       // mean; both times are exponential
  std::size_t calls = 6'000;
  std::size_t warm_up = 1'500;  // not counted
};

inline double exponential(Rng& rng, double mean) {
  return -mean * std::log((static_cast<double>(rng.below(1ULL << 53)) + 0.5) / static_cast<double>(1ULL << 53));
}

inline std::vector<Call> calls_of(const Load& load, std::uint64_t seed) {
  Rng rng{seed};
  const double between = load.handle / (load.rate * static_cast<double>(load.regions * load.agents));
  std::vector<Call> out;
  double now = 0;
  for (std::size_t n = 0; n < load.calls; ++n) {
    now += exponential(rng, between);
    out.push_back({now, exponential(rng, load.handle), static_cast<std::size_t>(rng.below(load.regions))});
  }
  return out;
}

// Mean wait of those that count in one queue with `agents`, first come first served; `region`: of its calls alone.
inline double ideal(const Load& load, const std::vector<Call>& calls, std::size_t agents, std::size_t region = ~0ULL) {
  std::priority_queue<double, std::vector<double>, std::greater<>> free;
  for (std::size_t n = 0; n < agents; ++n) free.push(0);
  double sum = 0;
  std::size_t counted = 0;
  for (std::size_t n = 0; n < calls.size(); ++n) {
    if (region != ~0ULL && calls[n].region != region) continue;
    const double start = std::max(calls[n].at, free.top());
    free.pop();
    free.push(start + calls[n].handle);
    if (n < load.warm_up) continue;
    sum += start - calls[n].at;
    ++counted;
  }
  return counted == 0 ? 0 : sum / static_cast<double>(counted);
}

inline double separate(const Load& load, const std::vector<Call>& calls) {
  double sum = 0;
  std::size_t counted = 0;
  for (std::size_t region = 0; region < load.regions; ++region) {
    std::size_t own = 0;
    for (std::size_t n = load.warm_up; n < calls.size(); ++n) own += calls[n].region == region ? 1 : 0;
    sum += ideal(load, calls, load.agents, region) * static_cast<double>(own);
    counted += own;
  }
  return sum / static_cast<double>(counted);
}

}  // namespace tandem::bench
