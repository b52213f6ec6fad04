#include "core/distribution/decide.h"

#include <fmt/format.h>

#include <algorithm>

namespace tandem::distribution {
namespace {

Result<void> check_ramp(const Ordered& order) {
  if (order.duty != Duty::ramping) return {};
  const auto& steps = order.steps;
  const bool grows = std::ranges::adjacent_find(steps, std::ranges::greater_equal{}) == steps.end();
  if (steps.empty() || steps.size() > kRampStepsMax || !grows || steps.front() == 0 || steps.back() >= kWhole) {
    return fail(Errc::invalid, "the steps of a ramp grow, from above 0 to below 100 %, at most 20 of them");
  }
  if (order.every < 1ms || order.every > kRampStepMax) return fail(Errc::invalid, "a step takes from 1 ms to a day");
  return {};
}

const config::Document* document_of(const Sees& sees, const Uuid& group) {
  return sees.config.find(config::Kind::distribution_group, group);
}

// A default group that nobody wrote down yet becomes a document with what it stood for.
std::map<std::string, std::string> fields_of(const Sees& sees, const SetGroup& command) {
  std::map<std::string, std::string> set = command.set;
  if (document_of(sees, command.group) != nullptr) return set;
  const Group standing = default_group(sees.config, sees.members);
  if (standing.id != command.group) return set;
  set.emplace("name", standing.name);
  set["default"] = "1";
  const bool shares = std::ranges::any_of(set, [](const auto& field) { return field.first.starts_with("share."); });
  if (shares) return set;
  for (const auto& [region, parts] : standing.shares) set.emplace("share." + region, std::to_string(parts));
  return set;
}

Result<void> check_place(const Sees& sees, const std::string& place) {
  const auto node = node_of(place);
  const auto regions = sees.members.regions();
  if (node && std::ranges::find(regions, *node) != regions.end()) return {};
  if (!node && !sees.members.in_region(place).empty()) return {};
  return fail(Errc::not_found, "there is no region or node " + place);
}

}  // namespace

Result<Decision> decide(const Sees& sees, const Order& command, const Now& now) {
  Ordered order = command.order;
  if (order.duty == Duty::joining) return fail(Errc::invalid, "a node joins by becoming a member");
  if (auto known = check_place(sees, order.region); !known) return std::unexpected(known.error());
  if (auto good = check_ramp(order); !good) return std::unexpected(good.error());
  if (order.deadline.packed != 0 && order.deadline <= now.hlc) return fail(Errc::invalid, "the deadline is past");
  if (order.deadline.packed == 0 && order.then != AtDeadline::wait) {
    return fail(Errc::invalid, "what is to happen at the deadline needs a deadline");
  }
  const State::Region& standing = sees.distribution.region(order.region);
  if (order.duty == Duty::serving && standing.order.duty == Duty::serving) {
    return fail(Errc::refused, place_text(sees, order.region) + " serves already");
  }
  auto used = overridden(objections(sees, order, now.hlc), order.over);
  if (!used) return std::unexpected(used.error());
  order.over = std::move(*used);
  return Decision{{Rec{std::move(order)}}, {}};
}

Result<Decision> decide(const Sees& sees, const Join& command, const Now&) {
  membership::Member member = command.member;
  if (member.node == NodeId{} || sees.members.ever(member.node)) {
    return fail(Errc::refused, fmt::format("node {} is or was a member; ids are not given twice", member.node.value()));
  }
  const std::string name = membership::name_of(member);
  const bool taken =
      sees.members.find(name) != nullptr || (name != member.region && !sees.members.in_region(name).empty());
  if (taken) return fail(Errc::refused, "a node or a region is called " + name + " already");
  if (member.region.empty() || member.peer_address.find(':') == std::string::npos || member.public_url.empty()) {
    return fail(Errc::invalid, "a member has a region, a peer address HOST:PORT and a public URL");
  }
  Ordered order;
  order.region = place_of(member.node);
  order.duty = Duty::ramping;
  order.steps = command.steps;
  order.every = command.every;
  order.by = command.by;
  order.why = command.why;
  if (auto good = check_ramp(order); !order.steps.empty() && !good) return std::unexpected(good.error());
  order.duty = Duty::joining;
  membership::Proposed next{sees.members.current().number + 1, sees.members.current().members};
  next.members.push_back(std::move(member));
  auto proposed = membership::decide(sees.members, next);
  if (!proposed) return std::unexpected(proposed.error());
  Decision out;
  if (!command.member.hub) out.records.push_back(Rec{std::move(order)});
  out.records.push_back(membership::Rec{std::move(*proposed)});
  return out;
}

Result<Decision> decide(const Sees& sees, const Dismiss& command, const Now& now) {
  const membership::Member* member = sees.members.find(command.node);
  if (member == nullptr) return fail(Errc::not_found, "no such member");
  auto used = overridden(objections(sees, command, now.hlc), command.over);
  if (!used) return std::unexpected(used.error());
  membership::Proposed next{sees.members.current().number + 1, sees.members.current().members};
  std::erase_if(next.members, [&](const membership::Member& each) { return each.node == command.node; });
  auto proposed = membership::decide(sees.members, next);
  if (!proposed) return std::unexpected(proposed.error());
  return Decision{{membership::Rec{std::move(*proposed)}}, {}};
}

Result<Group> after(const Sees& sees, const SetGroup& command) {
  const config::Document* document = document_of(sees, command.group);
  const auto set = fields_of(sees, command);
  if (document == nullptr && !set.contains("name")) return fail(Errc::not_found, "no such group");
  if (auto good = check_group(document, set, region_names(sees.members)); !good) return std::unexpected(good.error());
  if (const auto name = set.find("name"); name != set.end()) {
    for (const Group& other : groups(sees.config, sees.members)) {
      if (other.name == name->second && other.id != command.group) {
        return fail(Errc::already_exists, other.id.text());
      }
    }
  }
  config::Document next = document == nullptr ? config::Document{} : *document;
  next.id = command.group;
  for (const auto& [field, value] : set) {
    if (value.empty()) {
      next.set.erase(field);
    } else {
      next.set[field].value = value;
    }
  }
  return read(next);
}

Result<Decision> decide(const Sees& sees, const SetGroup& command, const Now& now) {
  const auto next = after(sees, command);
  if (!next) return std::unexpected(next.error());
  const config::Document* document = document_of(sees, command.group);
  const auto set = fields_of(sees, command);
  std::optional<Group> before = find_group(sees.config, sees.members, command.group.text());
  auto used = overridden(objections(sees, before ? &*before : nullptr, *next, now.hlc), command.over);
  if (!used) return std::unexpected(used.error());
  Changed changed{command.group, {}, set, command.by, command.why, std::move(*used)};
  for (const auto& [field, value] : set) {
    changed.before[field] = document == nullptr ? std::string() : document->get(field);
  }
  if (document == nullptr && before) {
    for (const auto& [region, parts] : before->shares) changed.before["share." + region] = std::to_string(parts);
  }
  config::Put put{config::Kind::distribution_group, command.group, document == nullptr, set};
  return Decision{{config::Rec{std::move(put)}, Rec{std::move(changed)}}, {}};
}

}  // namespace tandem::distribution
