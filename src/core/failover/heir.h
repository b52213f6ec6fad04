// Where a customer goes whose contact's owner does not answer.
#pragma once

#include "core/sees.h"

namespace tandem::failover {

// This node, if it may own contacts; else, of those it reaches, one of the owner's region before any other, the same
// wherever it is asked. 0: there is none. `but`: the owner, or nobody.
[[nodiscard]] NodeId heir(const Sees& sees, ContactId contact, NodeId but);

}  // namespace tandem::failover
