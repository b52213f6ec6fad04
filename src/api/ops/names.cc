#include "api/ops/views.h"

#include <algorithm>
#include <array>

namespace tandem::api::ops {
namespace {

constexpr std::pair<config::Kind, const char*> kKinds[] = {
    {config::Kind::instance, "instance"},
    {config::Kind::user, "user"},
    {config::Kind::queue, "queue"},
    {config::Kind::routing_profile, "routing_profile"},
    {config::Kind::hours, "hours"},
    {config::Kind::flow, "flow"},
    {config::Kind::security_profile, "security_profile"},
    {config::Kind::agent_status, "agent_status"},
    {config::Kind::predefined_attribute, "predefined_attribute"},
    {config::Kind::hours_override, "hours_override"},
    {config::Kind::quick_connect, "quick_connect"},
};

}  // namespace

std::optional<config::Kind> kind_of(std::string_view name) {
  for (const auto& [kind, text] : kKinds) {
    if (name == text) return kind;
  }
  return std::nullopt;
}

const char* kind_name(config::Kind kind) {
  for (const auto& [known, text] : kKinds) {
    if (known == kind) return text;
  }
  return "document";
}

const char* phase_name(contact::Phase phase) {
  switch (phase) {
    case contact::Phase::in_flow:
      return "in flow";
    case contact::Phase::queued:
      return "queued";
    case contact::Phase::offering:
      return "ringing";
    case contact::Phase::with_agent:
      return "with agent";
    case contact::Phase::abandoned:
      return "abandoned";
    case contact::Phase::ended:
      return "ended";
  }
  return "unknown";
}

const char* member_state_name(failover::MemberState state) {
  switch (state) {
    case failover::MemberState::active:
      return "active";
    case failover::MemberState::evacuated:
      return "evacuated";
    case failover::MemberState::recovering:
      return "recovering";
    case failover::MemberState::ready:
      return "ready";
  }
  return "unknown";
}

std::string region_of(const World& world, NodeId node) {
  const membership::Member* member = world.members().find(node);
  return member == nullptr ? "node " + std::to_string(node.value()) : member->region;
}

std::string node_name(const World& world, NodeId node) {
  const membership::Member* member = world.members().find(node);
  return member == nullptr ? "node " + std::to_string(node.value()) : membership::name_of(*member);
}

std::optional<Error> unknown_region(const World& world, const std::string& region) {
  if (region.empty() || !world.members().in_region(region).empty()) return std::nullopt;
  return Error{Errc::not_found, "the centre has no region '" + region + "'"};
}

std::string name_of(const World& world, config::Kind kind, const Uuid& id) {
  const config::Document* document = world.config().find(kind, id);
  return document == nullptr ? id.text() : world.config().served_name(*document);
}

json::value named(const World& world, config::Kind kind, const Uuid& id) {
  if (id.nil()) return nullptr;
  return json::object{{"id", id.text()}, {"name", name_of(world, kind, id)}};
}

json::object placed(const World& world, NodeId node) {
  return {{"node", node.value()}, {"region", region_of(world, node)}, {"name", node_name(world, node)}};
}

json::value time_or_null(Hlc at) { return at.packed == 0 ? json::value(nullptr) : json::value(iso_time(at)); }

std::int64_t ms_since(Hlc now, Hlc then) {
  return then.packed == 0 ? 0 : std::max<std::int64_t>((now - then).count(), 0);
}

}  // namespace tandem::api::ops
