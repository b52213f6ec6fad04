// What each region of a group may have right now: its target share times what the region can take.
#pragma once

#include <string>
#include <vector>

#include "core/distribution/group.h"
#include "core/distribution/state.h"
#include "core/sees.h"

namespace tandem::distribution {

enum class Standing : std::uint8_t {
  serving,
  ramping,
  draining,  // it, or every node of it that answers
  away,      // none of its nodes is active and answers
  last_ = away
};
[[nodiscard]] const char* standing_name(Standing standing);

struct RegionShare {
  std::string region;
  std::uint32_t target = 0;  // parts of 1,000, by the window that counts
  Standing standing = Standing::serving;
  std::uint32_t part = 1000;  // of its target that it may take; parts of 1,000
  std::int64_t weight = 0;    // target times part
};
struct Effective {
  std::vector<RegionShare> regions;  // by name, those with a target or a node
  // No region with a share takes contacts: shares stay as they are, for a shift would help nobody, and a person is
  // called.
  bool frozen = false;
  [[nodiscard]] std::vector<std::int64_t> weights() const;
  // Of new contacts, that the region gets now.
  [[nodiscard]] double percent(const RegionShare& region) const;
};

// The node is active and answers, as seen from here.
[[nodiscard]] bool answering(const Sees& sees, NodeId node);
// Nodes of a region that answer and that nobody ordered to take nothing.
[[nodiscard]] std::vector<NodeId> taking(const Sees& sees, const std::string& region);
// Parts of 1,000 of its target that the region may take: by its own order, and by that of the node there that may take
// most.
[[nodiscard]] std::uint32_t part_of(const Sees& sees, const std::string& region);
// The nodes of a place that an order names (`Ordered::region`).
[[nodiscard]] std::vector<NodeId> nodes_of(const Sees& sees, const std::string& place);
[[nodiscard]] Standing standing(const Sees& sees, const std::string& region);
// Where the agent may sign in instead, when a group that lists him as its user turned sign-in off for this region
// (SignInConfig of the service) and another region, for which it is on, takes contacts. Empty: he may sign in here.
[[nodiscard]] std::vector<std::string> signs_in_elsewhere(const Sees& sees, AgentId agent);
[[nodiscard]] Effective effective(const Sees& sees, const Group& group, Hlc at);

}  // namespace tandem::distribution
