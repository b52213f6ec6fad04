// What goes wrong, and when. Half of the faults come at drawn times, the other half is aimed: it strikes a node within
// milliseconds of the moment at which a saga of it opened, since such moments are too short to be met by chance.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/rng.h"
#include "sim/events.h"

namespace tandem::sim {

enum class FaultKind : std::uint8_t {
  crash,
  torn_write,
  lost_disk,
  full_disk,
  slow_disk,
  damaged_record,
  freeze,
  clock_jump,
  clock_drift,
  partition,
  one_way_cut,
  link_cut,
  connection_lost,
  delay,
  reorder,
  repeat,
  socket_lost,
};
enum class Saga : std::uint8_t { offered, accepted, starting, signing_in };

[[nodiscard]] const std::vector<FaultKind>& all_faults();
[[nodiscard]] const std::vector<Saga>& all_sagas();
[[nodiscard]] const char* fault_name(FaultKind kind);
[[nodiscard]] const char* saga_name(Saga saga);
// Faults that can leave a saga where it stands.
[[nodiscard]] bool strikes_sagas(FaultKind kind);

struct Fault {
  Time at{};
  FaultKind kind{};
  std::size_t node = 0;
  std::size_t other = 0;  // of cuts and delays; never `node`
  Time lasts{};
  bool all_links = false;
};
// A fault that waits for a saga of its kind to open.
struct Aim {
  Time from{};
  Saga saga{};
  FaultKind kind{};
  bool at_destination = false;
  Time after{};
  Time lasts{};
};
struct Schedule {
  std::vector<Fault> faults;
  std::vector<Aim> aims;
};

// Faults between `from` and `to`; none lasts beyond `to`. At most one disk is lost in a minute, and none while another
// is being filled again: two lost at once is a loss of data that no rule promises to survive.
[[nodiscard]] Schedule draw_schedule(Rng& rng, std::size_t nodes, Time from, Time to);

}  // namespace tandem::sim
