// Where a waiting contact stands: a question about the order that docs/routing.md defines, over the contacts of all
// regions.
#pragma once

#include <cstdint>
#include <optional>

#include "core/contact/view.h"

namespace tandem::routing {

// From 1: the contacts of its queue and channel that are served before it, of those that ask for the same agents as it
// does now. Nothing for a contact that is in no queue. Takes as long as its queue is.
[[nodiscard]] std::optional<std::uint64_t> position(const contact::State& contacts, ContactId id, Hlc now);

}  // namespace tandem::routing
