// The faults that a drill makes (docs/drills.md), each alone and every two of them at once, at drawn moments within one
// short run. Unlike the drawn schedule nothing is left to chance but where and when.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "sim/events.h"

namespace tandem::sim {

enum class Drill : std::uint8_t {
  kill,
  freeze,
  cut_link,     // one link, both ways
  cut_one_way,  // one link, what goes one way
  cut_all,      // all links of a node
  slow_disk,
  full_disk,
  clock_jump,
  bad_deploy,  // a broken flow in place of the one that chats go through
  hub_loss,
  loss_of_two,  // a region, and seconds later another
};
[[nodiscard]] const std::vector<Drill>& all_drills();
[[nodiscard]] std::string_view drill_name(Drill drill);

// One of them or two. Two of a kind strike different nodes.
struct Drills {
  Drill first{};
  std::optional<Drill> second;
  friend bool operator==(const Drills&, const Drills&) = default;
};
[[nodiscard]] std::string text_of(const Drills& drills);  // "kill", "kill+freeze"
// In either order. Errors: invalid, for a name that is none, and for two that cannot be at once.
[[nodiscard]] Result<Drills> parse_drills(std::string_view text);
// Each alone, then every two, in the order of `all_drills`.
[[nodiscard]] const std::vector<Drills>& all_cells();
// Whether there can be two of these at once; there is one hub, and one flow.
[[nodiscard]] bool twice(Drill drill);

// A drill fault of a run, and what became of it.
struct Struck {
  Drill drill{};
  Time from{};
  Time lasts{};
  std::set<std::size_t> nodes;  // which it struck; none: everybody, or nobody yet
  bool began = false;
  bool felt =
      false;  // somebody was hindered by it: input that waited, a frame that did not arrive, a sync that was late
};

}  // namespace tandem::sim
