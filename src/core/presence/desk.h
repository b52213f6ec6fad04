// What an agent's desktop shows, besides its status.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "core/contact/view.h"
#include "core/presence/records.h"

namespace tandem::presence {

// A contact as a desktop has it. Without a slot: the consultation that the agent asked for, or the conversation about
// which he is asked.
struct OnDesk {
  std::optional<SlotState> slot;
  contact::Phase phase = contact::Phase::in_flow;
  contact::ConsultStage stage = contact::ConsultStage::none;
  friend bool operator==(const OnDesk&, const OnDesk&) = default;
};
[[nodiscard]] std::map<ContactId, OnDesk> on_desk(const contact::State& contacts, const Presence& presence);

// Who hears what is said in the contact though he has no slot for it.
[[nodiscard]] std::vector<AgentId> guests(const contact::State& contacts, const contact::Contact& contact);

}  // namespace tandem::presence
