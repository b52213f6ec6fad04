// What one simulated run is like.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "sim/drills.h"

namespace tandem::sim {

// Which members a centre has. What each can and cannot do is in docs/simulator.md.
struct Topology {
  std::string_view name;  // as on the command line
  std::size_t regions = 0;
  bool hub = false;
  unsigned weight = 1;  // how often a seed draws it, of the sum of all
};
[[nodiscard]] const std::vector<Topology>& all_topologies();
[[nodiscard]] const Topology* find_topology(std::string_view name);  // null: there is none of that name

struct Options {
  std::uint64_t seed = 1;
  std::size_t nodes = 0;               // regions and hub together, a hub from three on; 0: as the topology says
  const Topology* topology = nullptr;  // null: drawn
  std::size_t agents = 12;
  double contacts_per_second = 0.4;
  double minutes = 10;  // of faults; then everything heals and settles
  bool faults = true;
  bool joins = false;            // a node joins under load
  bool leaves = false;           // a member is drained and dismissed
  std::optional<Drills> drills;  // these instead of a drawn schedule
  // Instead of faults: 1 % of the frames are lost and sent again, all take up to 100 ms more, processes pause for
  // 200 ms. Nobody may be evacuated for that.
  bool noise = false;
  bool deaths = false;   // and every hour a region dies for a minute, which must be found
  bool trace = false;    // keep the lines of the trace
  bool verbose = false;  // and print each as it comes
};

}  // namespace tandem::sim
