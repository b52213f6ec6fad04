#include "core/distribution/effective.h"

#include <algorithm>

namespace tandem::distribution {

const char* standing_name(Standing standing) {
  constexpr const char* kNames[] = {"serving", "ramping", "draining", "away"};
  return kNames[static_cast<std::size_t>(standing)];
}

std::uint32_t part_of(const Sees& sees, const std::string& region) {
  std::uint32_t most = 0;
  for (const NodeId node : taking(sees, region)) most = std::max(most, sees.distribution.node(node).part());
  const std::uint32_t whole = sees.distribution.region(region).part() * most;
  return whole == 0 ? 0 : std::max<std::uint32_t>(1, whole / 1000);
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

bool answering(const Sees& sees, NodeId node) {
  const bool answers = (node == sees.local.self && !sees.local.hub) || sees.local.reachable.contains(node);
  return answers && sees.failover.state(node) == failover::MemberState::active;
}

std::vector<NodeId> taking(const Sees& sees, const std::string& region) {
  std::vector<NodeId> out;
  for (const NodeId node : sees.members.in_region(region)) {
    if (answering(sees, node) && sees.distribution.node(node).part() > 0) out.push_back(node);
  }
  return out;
}

std::vector<NodeId> nodes_of(const Sees& sees, const std::string& place) {
  if (const auto node = node_of(place)) {
    return sees.members.find(*node) == nullptr ? std::vector<NodeId>{} : std::vector{*node};
  }
  return sees.members.in_region(place);
}

Standing standing(const Sees& sees, const std::string& region) {
  const std::vector<NodeId> nodes = sees.members.in_region(region);
  if (std::ranges::none_of(nodes, [&](NodeId node) { return answering(sees, node); })) return Standing::away;
  if (sees.distribution.region(region).draining() || taking(sees, region).empty()) return Standing::draining;
  return part_of(sees, region) < 1000 ? Standing::ramping : Standing::serving;
}

std::vector<std::string> signs_in_elsewhere(const Sees& sees, AgentId agent) {
  std::vector<std::string> out;
  for (const config::Document* group : sees.config.all(config::Kind::distribution_group)) {
    const bool off =
        group->get("user." + agent.value().text()) == "1" && group->get("sign_in." + sees.local.region) == "0";
    if (!off) continue;
    for (const std::string& region : region_names(sees.members)) {
      const bool on = group->get("sign_in." + region) != "0";
      if (on && part_of(sees, region) > 0 && std::ranges::find(out, region) == out.end()) out.push_back(region);
    }
  }
  return out;
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
    share.part = part_of(sees, region);
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
