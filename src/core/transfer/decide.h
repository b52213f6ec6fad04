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

// Errors besides: refused while a consultation is open already.
[[nodiscard]] Result<Decision> decide(const Sees& sees, const Consult& command, const Now& now);
// Errors besides: refused without a consultation, before the colleague has answered, and once all three talk.
[[nodiscard]] Result<Decision> decide(const Sees& sees, const Confer& command, const Now& now);
// Errors besides: refused before the colleague has answered, and when his region does not answer.
[[nodiscard]] Result<Decision> decide(const Sees& sees, const Leave& command, const Now& now);

}  // namespace tandem::transfer
