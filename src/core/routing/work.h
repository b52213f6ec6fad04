// Session-less work runs once: a start needs the acknowledgement of a majority, and only a recorded run is given to an
// agent (R15 to R20).
#pragma once

#include "core/sees.h"

namespace tandem::routing {

// What this node must do about a piece of work: acknowledge others' starts, ask for its own, run, withdraw, claim.
[[nodiscard]] Decision react_work(const Sees& sees, ContactId contact, const Now& now);
// An agent here could take the work now: asks the members for this attempt, unless that is done or in doubt.
[[nodiscard]] Decision start(const Sees& sees, const contact::Held& held);
// An agent elsewhere could: gives up the own start, so that the other node may have its.
[[nodiscard]] Decision hand_on(const Sees& sees, const contact::Held& held);
// This node's own start of the present attempt had its quorum, and is on record.
[[nodiscard]] bool may_run(const Sees& sees, const contact::Held& held);

}  // namespace tandem::routing
