// What a drill may not do. A rule that objects is overridden by its name, except for those that nobody overrides.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "drill/scenario.h"

namespace tandem::drill {

inline constexpr char kMaxRegions[] = "max-regions";
inline constexpr char kLastRegion[] = "last-region";          // absolute
inline constexpr char kCapacity[] = "n-minus-1-capacity";     // the others' agents could hold what is there
inline constexpr char kMaintenance[] = "one-in-maintenance";  // a region is drained, ramping or away
inline constexpr char kProblems[] = "zero-problems";          // the centre is not well before it begins
inline constexpr char kStrangers[] = "people";                // there are contacts or agents beside the drill's own
inline constexpr char kFaultsOff[] = "faults-setting";        // absolute: a node does not offer the fault
inline constexpr char kPermission[] = "permission";           // absolute: this machine does not allow the fault

struct RegionNow {
  std::string name;
  std::string standing;   // "serving" when it takes contacts in full
  std::size_t slots = 0;  // what its staffed agents hold at most
  std::size_t load = 0;   // contacts that it holds now
  bool faults = false;    // its nodes were started with `faults: true`
};
struct CentreNow {
  std::vector<RegionNow> regions;
  std::vector<std::string> problems;  // as `tandem status` tells them
  std::size_t strangers = 0;          // live contacts and signed-in agents that are not the drill's
  bool hub_faults = false;
  bool may_cut = true;  // packets can be dropped on this machine
  std::string why_not;  // else why not
};
struct Allowed {
  std::size_t regions_max = 1;
  bool yes = false;  // to strangers
  std::vector<std::string> over;
};

struct Objection {
  std::string rule;
  std::string text;
  bool absolute = false;
  bool overridden = false;
  friend bool operator==(const Objection&, const Objection&) = default;
};
// Every rule that objects, in a fixed order. Overridden ones are among them, and marked.
[[nodiscard]] std::vector<Objection> objections(const Scenario& scenario, const CentreNow& now, const Allowed& allowed);
// The first that stands.
[[nodiscard]] const Objection* standing(const std::vector<Objection>& all);
const Objection* standing(std::vector<Objection>&&) = delete;  // it points into the list

}  // namespace tandem::drill
