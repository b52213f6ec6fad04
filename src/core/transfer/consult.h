// What a consultation and its conversation owe each other (docs/modules/transfer.md).
#pragma once

#include "core/sees.h"

namespace tandem::transfer {

// Of a contact that this process owns and that is live: a conversation lets go of a consultation that is over or whose
// agent it has lost, and waits for the colleague once all three talked; a consultation ends with its conversation.
[[nodiscard]] Decision consulted(const Sees& sees, const contact::Held& held, const Now& now);

}  // namespace tandem::transfer
