#include "core/distribution/safety.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/distribution/synthetic.h"
#include "core/presence/view.h"
#include "core/routing/view.h"

namespace tandem::distribution {
namespace {

void check_capacity(const Sees& sees, const std::set<std::string>& without, std::vector<Objection>& out) {
  std::size_t contacts = 0;
  std::size_t slots = 0;
  for (const std::string& region : region_names(sees.members)) {
    const Load load = load_of(sees, region);
    contacts += load.contacts;
    if (!without.contains(region)) slots += load.slots;
  }
  if (contacts <= slots) return;
  out.push_back(
      {kCapacity,
       fmt::format("{} contacts are there, and the agents of the other regions can take {} at once", contacts, slots)});
}

void check_zero(const Sees& sees, const Group& group, const std::string& but, Hlc at, std::vector<Objection>& out) {
  const Effective now = effective(sees, group, at);
  const bool some = std::ranges::any_of(
      now.regions, [&](const RegionShare& each) { return each.region != but && each.target > 0 && each.part > 0; });
  if (!some) {
    out.push_back({kNeverZero, fmt::format("of group {}, no region would take contacts any more", group.name), true});
  }
}

}  // namespace

Load load_of(const Sees& sees, const std::string& region) {
  Load out;
  for (const NodeId node : sees.members.in_region(region)) {
    for (const ContactId id : sees.contacts.owned_by(node)) {
      const contact::Contact& contact = sees.contacts.find(id)->contact;
      if (!contact.awaits_its_time() && !synthetic(contact)) ++out.contacts;
    }
    for (const AgentId agent : sees.agents.signed_in_at(node)) {
      if (synthetic(sees.config, agent)) continue;
      routing::AgentCounts counts;
      routing::count(counts, {}, routing::agent_now(sees.config, sees.agents.find(agent)->presence));
      if (counts.staffed > 0) out.slots += static_cast<std::size_t>(counts.slots_active + counts.slots_available);
    }
  }
  return out;
}

std::vector<Objection> objections(const Sees& sees, const Group* before, const Group& after, Hlc at) {
  std::vector<Objection> out;
  std::set<std::string> gone;
  for (const std::string& region : region_names(sees.members)) {
    const auto of = [&](const Group* group) -> std::uint32_t {
      const auto share = group == nullptr ? Shares::const_iterator{} : group->shares.find(region);
      return group == nullptr || share == group->shares.end() ? 0 : share->second;
    };
    const std::uint32_t was = of(before);
    const std::uint32_t is = of(&after);
    if (is > was && standing(sees, region) == Standing::away) {
      out.push_back(
          {kUnready, fmt::format("region {} does not take contacts: none of its nodes is active and answers", region)});
    }
    if (before == nullptr) continue;
    const std::uint32_t step = is > was ? is - was : was - is;
    const bool entered = before->by_default || !before->entries.empty();
    if (entered && step > before->step_max) {
      out.push_back({kStep, fmt::format("the share of {} would go from {} % to {} % at once; at most {} points are "
                                        "allowed, so {} % is the nearest",
                                        region, percent_text(was), percent_text(is), percent_text(before->step_max),
                                        percent_text(is > was ? was + before->step_max : was - before->step_max))});
    }
    if (was > 0 && is == 0) gone.insert(region);
  }
  check_zero(sees, after, {}, at, out);
  if (!gone.empty()) check_capacity(sees, gone, out);
  return out;
}

std::string place_text(const Sees& sees, const std::string& place) {
  const auto node = node_of(place);
  if (!node) return "region " + place;
  const membership::Member* member = sees.members.find(*node);
  return "node " + (member == nullptr ? std::to_string(node->value()) : membership::name_of(*member));
}

std::vector<Objection> objections(const Sees& sees, const Ordered& order, Hlc at) {
  std::vector<Objection> out;
  const std::vector<NodeId> nodes = nodes_of(sees, order.region);
  if (order.duty != Duty::draining) {
    if (std::ranges::none_of(nodes, [&](NodeId node) { return answering(sees, node); })) {
      out.push_back({kUnready, fmt::format("{} is not active, or does not answer", place_text(sees, order.region))});
    }
    return out;
  }
  std::string without = order.region;
  if (const auto node = node_of(order.region)) {
    // Its region stays while another node there takes contacts.
    const membership::Member* member = sees.members.find(*node);
    std::vector<NodeId> others = member == nullptr ? std::vector<NodeId>{} : taking(sees, member->region);
    std::erase(others, *node);
    without = member != nullptr && others.empty() ? member->region : std::string();
  }
  if (!without.empty()) {
    for (const Group& group : groups(sees.config, sees.members)) check_zero(sees, group, without, at, out);
  }
  for (const auto& [place, other] : sees.distribution.regions()) {
    const bool here = std::ranges::all_of(nodes_of(sees, place), [&](NodeId node) {
      return std::ranges::find(nodes, node) != nodes.end();  // or a member no more
    });
    if (here || !(other.draining() || other.ramping())) continue;
    out.push_back({kMaintenance, fmt::format("{} is {} already", place_text(sees, place),
                                             other.draining() ? "drained" : "on its way back")});
  }
  if (!without.empty()) check_capacity(sees, {without}, out);
  return out;
}

std::vector<Objection> objections(const Sees& sees, const Dismiss& command, Hlc at) {
  std::vector<Objection> out;
  const membership::Member* member = sees.members.find(command.node);
  if (member == nullptr || member->hub) return out;
  if (sees.members.regions().size() == 1) out.push_back({kNeverZero, "it is the only one that serves contacts", true});
  if (answering(sees, command.node)) {
    Ordered order;
    order.region = place_of(command.node);
    order.duty = Duty::draining;
    if (sees.distribution.node(command.node).part() > 0 && sees.distribution.region(member->region).part() > 0) {
      out = objections(sees, order, at);
    }
  }
  std::size_t contacts = 0;
  for (const ContactId id : sees.contacts.owned_by(command.node)) {
    if (sees.contacts.find(id)->contact.live()) ++contacts;
  }
  const std::size_t agents = sees.agents.signed_in_at(command.node).size();
  if (contacts + agents > 0) {
    out.push_back({kEmpty, fmt::format("{} contacts and {} agents are still with it", contacts, agents)});
  }
  return out;
}

Result<std::vector<std::string>> overridden(const std::vector<Objection>& objections,
                                            const std::vector<std::string>& over) {
  std::vector<std::string> used;
  for (const Objection& each : objections) {
    const bool named = std::ranges::find(over, each.rule) != over.end();
    if (each.absolute) return fail(Errc::refused, each.rule + ": " + each.text + "; nobody overrides this rule");
    if (!named)
      return fail(Errc::refused, each.rule + ": " + each.text + "; to do it all the same, override " + each.rule);
    if (std::ranges::find(used, each.rule) == used.end()) used.push_back(each.rule);
  }
  return used;
}

}  // namespace tandem::distribution
