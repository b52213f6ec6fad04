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
  // Instead of faults: 1 % of the frames are lost and sent again, all take up to 100 ms more, processes pause for
  // 200 ms. Nobody may be evacuated for that.
  bool noise = false;
  bool deaths = false;   // and every hour a region dies for a minute, which must be found
  bool trace = false;    // keep the lines of the trace
  bool verbose = false;  // and print each as it comes
};

}  // namespace tandem::sim
