// What orders to hand a contact on have in common. For the files of this folder only.
#pragma once

#include "core/presence/view.h"
#include "core/sees.h"

namespace tandem::transfer {

// Why a leg is over.
inline constexpr char kTransferred[] = "TRANSFERRED";

// The contact, if this process owns it, no agent elsewhere is asked for it, its customer is there, and `by` serves it;
// nil: asked from outside, wherever it is.
[[nodiscard]] Result<const contact::Held*> in_hand(const Sees& sees, ContactId contact, AgentId by);
// The flow is there, and the queue, unless it is nil.
[[nodiscard]] Result<void> may_go(const Sees& sees, QueueId queue, FlowId flow);
[[nodiscard]] Result<void> is_new(const Sees& sees, ContactId contact);

// The agent who serves `whole` goes: what he has served becomes `leg`, which is over, and his after-contact work is
// about that. `next` is what goes on, without him; `items` get what its transcript says of that.
[[nodiscard]] Decision let_go(const Sees& sees, const contact::Contact& whole, ContactId leg, contact::Contact& next,
                              std::vector<contact::Item>& items, const Now& now);
[[nodiscard]] contact::Item agent_event(const contact::Contact& contact, const char* event, const Uuid& participant,
                                        const Now& now);

}  // namespace tandem::transfer
