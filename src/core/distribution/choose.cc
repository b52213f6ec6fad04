#include "core/distribution/choose.h"

#include <algorithm>
#include <cmath>

#include "core/distribution/geography.h"
#include "core/distribution/synthetic.h"

namespace tandem::distribution {
namespace {

constexpr std::chrono::milliseconds kWaitsFor = 250ms;  // how long a look at the waits serves
constexpr std::size_t kPersonMax = 50;                  // earlier contacts of a customer that are looked at

// The region that had the customer last.
std::optional<std::size_t> last_region(const Sees& sees, const Uuid& person, const Effective& effective) {
  if (person.nil()) return std::nullopt;
  const contact::Held* last = nullptr;
  std::size_t looked = 0;
  for (const ContactId id : sees.contacts.of_person(person)) {
    const contact::Held* held = sees.contacts.find(id);
    if (held != nullptr && (last == nullptr || held->contact.initiated > last->contact.initiated)) last = held;
    if (++looked == kPersonMax) break;
  }
  const membership::Member* member = last == nullptr ? nullptr : sees.members.find(last->line.node);
  if (member == nullptr) return std::nullopt;
  for (std::size_t i = 0; i < effective.regions.size(); ++i) {
    if (effective.regions[i].region == member->region) return i;
  }
  return std::nullopt;
}

}  // namespace

const char* rule_name(contact::PlacedBy rule) {
  constexpr const char* kNames[] = {"only", "due", "nearest", "balanced", "bound", "returning", "at home"};
  return kNames[static_cast<std::size_t>(rule)];
}

const Group& entered_by(const std::vector<Group>& groups, const Entering& entering) {
  const auto with = [&](const std::string& entry) -> const Group* {
    const auto at = std::ranges::find_if(groups, [&](const Group& group) { return group.entries.contains(entry); });
    return at == groups.end() ? nullptr : &*at;
  };
  if (const Group* group = with("flow/" + entering.flow.value().text())) return *group;
  const Group* group = with(entering.channel == contact::Channel::chat ? "CHAT" : "TASK");
  return group != nullptr ? *group : groups.front();
}

std::map<std::string, double> waits_by_region(const Sees& sees) {
  constexpr double kConversation = 300'000;  // milliseconds; only the ratios count
  std::map<NodeId, double> able;
  for (const AgentId agent : sees.agents.routable()) {
    const presence::Held* held = sees.agents.find(agent);
    if (held != nullptr && held->presence.slots.empty()) ++able[held->line.node];
  }
  std::map<std::string, double> out;
  for (const std::string& region : region_names(sees.members)) {
    double waiting = 0;
    double agents = 0;
    for (const NodeId node : sees.members.in_region(region)) {
      waiting += static_cast<double>(sees.contacts.queued_at(node).size());
      agents += able[node];
    }
    out[region] = waiting == 0 && agents > 0 ? 0 : kConversation * (waiting + 1) / (agents + 1);
  }
  return out;
}

std::optional<double> latency(const Group& group, std::string_view caller, const std::string& region) {
  // The longest prefix for which this region is given.
  const std::map<std::string, double>* given = nullptr;
  std::size_t longest = 0;
  for (const auto& [prefix, regions] : group.near) {
    if (prefix.size() <= longest || !caller.starts_with(prefix) || !regions.contains(region)) continue;
    given = &regions;
    longest = prefix.size();
  }
  if (given != nullptr) return given->at(region);
  const auto from = caller.starts_with('+') ? place_of_number(caller) : parse_place(caller);
  const auto to = place_of_region(region);
  if (!from || !to) return std::nullopt;
  return round_trip_ms(*from, *to);
}

const std::vector<Group>& Chooser::groups(const Sees& sees) {
  const std::uint64_t number = sees.members.current().number;
  if (config_version_ != sees.config.version() || members_number_ != number || groups_.empty()) {
    groups_ = distribution::groups(sees.config, sees.members);
    config_version_ = sees.config.version();
    members_number_ = number;
    std::erase_if(balances_, [this](const auto& each) {
      return std::ranges::find(groups_, each.first, &Group::id) == groups_.end();
    });
  }
  return groups_;
}

std::vector<double> Chooser::costs(const Sees& sees, const Group& group, const Entering& entering,
                                   const Effective& effective, const Now& now) {
  std::vector<double> out;
  if (group.policy == Policy::fixed) return out;
  if (group.policy == Policy::least_wait && now.mono >= waits_until_) {
    waits_ = waits_by_region(sees);
    waits_until_ = now.mono + kWaitsFor;
  }
  for (const RegionShare& each : effective.regions) {
    const auto cost = group.policy == Policy::least_wait ? std::optional(waits_[each.region])
                                                         : latency(group, entering.caller, each.region);
    if (!cost) return {};  // one that is not known cannot be weighed against the others: the count decides
    out.push_back(*cost);
  }
  return out;
}

Given Chooser::choose(const Sees& sees, const Entering& entering, const std::optional<Given>& before,
                      std::set<NodeId>& failed, const Now& now) {
  if (before && !failed.contains(before->node)) return *before;
  if (before) take_back(*before);
  // It says something about this node only here, whatever the node is to take, and is in no share.
  if (!sees.local.hub && !failed.contains(sees.local.self) && synthetic(sees.config, entering.flow)) {
    Given out;
    out.node = sees.local.self;
    return out;
  }
  if (auto given = choose(sees, entering, failed, now)) return std::move(*given);
  failed.clear();
  const std::vector<NodeId> regions = sees.members.regions();
  Given out;
  out.node = regions.empty() ? sees.local.self : regions.front();
  return out;
}

std::optional<Given> Chooser::choose(const Sees& sees, const Entering& entering, const std::set<NodeId>& but,
                                     const Now& now) {
  const Group& group = entered_by(groups(sees), entering);
  Effective effective = distribution::effective(sees, group, now.hlc);
  const auto nodes_of = [&](const RegionShare& share) {
    std::vector<NodeId> nodes = taking(sees, share.region);
    if (nodes.empty() && effective.frozen) nodes = sees.members.in_region(share.region);
    std::erase_if(nodes, [&](NodeId node) { return but.contains(node); });
    return nodes;
  };
  Given out;
  out.placed.group = group.id;
  out.placed.by = sees.local.self;
  const bool own = !sees.local.hub && !but.contains(sees.local.self) && group.entries.empty() &&
                   sees.distribution.node(sees.local.self).part() > 0 &&
                   std::ranges::any_of(effective.regions, [&](const RegionShare& each) {
                     return each.region == sees.local.region && each.part > 0 && each.standing != Standing::away;
                   });
  if (own) {
    out.node = sees.local.self;
    out.placed.rule = contact::PlacedBy::at_home;
    ++tally_[{sees.local.region, out.placed.rule}];
    return out;
  }
  std::vector<std::vector<NodeId>> nodes;
  bool any = false;
  for (RegionShare& share : effective.regions) {
    nodes.push_back(nodes_of(share));
    if (nodes.back().empty()) share.weight = 0;
    any = any || share.weight > 0;
  }
  if (!any) return std::nullopt;
  Balance& balance = balances_[group.id];
  balance.weigh(effective.weights());
  const std::vector<double> cost = costs(sees, group, entering, effective, now);
  Balance::Ask ask{group.policy, group.bound, cost, {}};
  if (group.returning) ask.returning = last_region(sees, entering.person, effective);
  const Balance::Choice choice = balance.choose(ask);
  const std::string& region = effective.regions[choice.region].region;
  out.node = next_of(sees, region, nodes[choice.region]);
  out.region = choice.region;
  out.since = balance.since();
  out.placed.rule = choice.rule;
  ++tally_[{region, choice.rule}];
  out.placed.number = balance.count();
  for (std::size_t i = 0; i < effective.regions.size(); ++i) {
    const RegionShare& share = effective.regions[i];
    out.placed.options.push_back({share.region, share.target, share.part,
                                  static_cast<std::int64_t>(std::llround(balance.ahead(i) * 1000)),
                                  cost.empty() ? 0 : static_cast<std::uint32_t>(std::lround(cost[i]))});
  }
  return out;
}

NodeId Chooser::next_of(const Sees& sees, const std::string& region, const std::vector<NodeId>& nodes) {
  std::vector<std::int64_t> weights;
  for (const NodeId node : nodes) weights.push_back(std::max(1U, sees.distribution.node(node).part()));
  Balance& turns = turns_[region];
  turns.weigh(weights);
  return nodes[turns.choose({}).region];
}

void Chooser::take_back(const Given& given) {
  const auto at = balances_.find(given.placed.group);
  if (at == balances_.end() || !given.counted()) return;
  at->second.take_back(given.region, given.since);
  --tally_[{given.placed.options[given.region].region, given.placed.rule}];
}

}  // namespace tandem::distribution
