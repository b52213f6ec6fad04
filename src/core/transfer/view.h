// What later modules see of transfers.
#pragma once

#include "core/sees.h"

namespace tandem::transfer {

// Offers a contact that waits, in a queue or for its time, to another node, where it goes on waiting at its place.
// Nothing when it does not wait, is not this process's, or is on its way already.
[[nodiscard]] Decision hand_over(const Sees& sees, ContactId contact, NodeId to, const Now& now, Rng& rng);

}  // namespace tandem::transfer
