// Judges orders to hand a contact on.
#pragma once

#include "core/presence/view.h"
#include "core/sees.h"
#include "core/transfer/commands.h"

namespace tandem::transfer {

// Errors: not_found (the contact, queue or flow); not_owner, with the owner's NodeId in `detail`; move_in_flight while
// it is offered to an agent of another region; refused when it is over, its customer is away, or it is not with `by`.
// The flow that is to run is the caller's to drive.
[[nodiscard]] Result<Decision> decide(const Sees& sees, const Transfer& command, const Now& now);

}  // namespace tandem::transfer
