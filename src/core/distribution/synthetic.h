// Synthetic contacts: each node, as a client of its own address, has one served now and then, to know that it could.
// They are known by the names of what they use, and are no part of any share or load.
#pragma once

#include <string>
#include <string_view>

#include "core/config/view.h"
#include "core/contact/view.h"

namespace tandem::distribution {

inline constexpr char kSynthetic[] = "tandem-synthetic";  // the flow, and an attribute of each contact

// Of a node's own agent, queue and routing profile.
[[nodiscard]] inline std::string synthetic_name(std::string_view node) {
  return std::string(kSynthetic) + "-" + std::string(node);
}

[[nodiscard]] inline bool synthetic(const contact::Contact& contact) { return contact.attributes.contains(kSynthetic); }

[[nodiscard]] inline bool synthetic(const config::State& config, FlowId flow) {
  const config::Document* document = config.find(config::Kind::flow, flow.value());
  return document != nullptr && document->get("name") == kSynthetic;
}

[[nodiscard]] inline bool synthetic(const config::State& config, AgentId agent) {
  const config::Document* document = config.find(config::Kind::user, agent.value());
  return document != nullptr && document->get("username").starts_with(synthetic_name(""));
}

}  // namespace tandem::distribution
