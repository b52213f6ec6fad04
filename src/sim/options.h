// What one simulated run is like.
#pragma once

#include <cstdint>

namespace tandem::sim {

struct Options {
  std::uint64_t seed = 1;
  std::size_t nodes = 0;  // regions and hub together; 0: drawn among 2 + hub, 3 + hub, 3 without
  std::size_t agents = 12;
  double contacts_per_second = 0.4;
  double minutes = 10;  // of faults; then everything heals and settles
  bool faults = true;
  bool trace = false;    // keep the lines of the trace
  bool verbose = false;  // and print each as it comes
};

}  // namespace tandem::sim
