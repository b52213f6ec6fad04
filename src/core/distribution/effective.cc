#include "core/distribution/effective.h"

#include <algorithm>

namespace tandem::distribution {

const char* standing_name(Standing standing) {
  constexpr const char* kNames[] = {"serving", "ramping", "draining", "away"};
  return kNames[static_cast<std::size_t>(standing)];
}

std::vector<std::int64_t> Effective::weights() const {
  std::vector<std::int64_t> out;
  for (const RegionShare& each : regions) out.push_back(each.weight);
  return out;
}

double Effective::percent(const RegionShare& region) const {
  std::int64_t all = 0;
  for (const RegionShare& each : regions) all += each.weight;
  return 100 * static_cast<double>(region.weight) / static_cast<double>(all);
}

std::vector<NodeId> taking(const Sees& sees, const std::string& region) {
  std::vector<NodeId> out;
  for (const NodeId node : sees.members.in_region(region)) {
    const bool answers = (node == sees.local.self && !sees.local.hub) || sees.local.reachable.contains(node);
    if (answers && sees.failover.state(node) == failover::MemberState::active) out.push_back(node);
  }
  return out;
}

Standing standing(const Sees& sees, const std::string& region) {
  if (taking(sees, region).empty()) return Standing::away;
  const State::Region& ordered = sees.distribution.region(region);
  if (ordered.draining()) return Standing::draining;
  return ordered.ramping() ? Standing::ramping : Standing::serving;
}

Effective effective(const Sees& sees, const Group& group, Hlc at) {
  Effective out;
  const Shares& targets = shares_at(group, at);
  std::int64_t all = 0;
  for (const std::string& region : region_names(sees.members)) {
    RegionShare share;
    share.region = region;
    const auto target = targets.find(region);
    if (target != targets.end()) share.target = target->second;
    share.standing = standing(sees, region);
    share.part = share.standing == Standing::away ? 0 : sees.distribution.region(region).part();
    share.weight = std::int64_t{share.target} * share.part;
    all += share.weight;
    out.regions.push_back(std::move(share));
  }
  out.frozen = all == 0;
  if (!out.frozen) return out;
  // Whoever answers is asked, in the proportion that was wanted; if that is nobody, everybody.
  const auto weigh = [&](bool only_answering) {
    for (RegionShare& share : out.regions) {
      const bool counts = !only_answering || share.standing != Standing::away;
      share.weight = counts ? std::int64_t{share.target} * 1000 : 0;
      all += share.weight;
    }
  };
  weigh(true);
  if (all == 0) weigh(false);
  if (all == 0) {
    for (RegionShare& share : out.regions) share.weight = share.standing == Standing::away ? 0 : 1, all += share.weight;
  }
  if (all == 0) {
    for (RegionShare& share : out.regions) share.weight = 1;
  }
  return out;
}

}  // namespace tandem::distribution
