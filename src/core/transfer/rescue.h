// What a conversation and the call that is to reach its customer owe each other (R32; docs/modules/rescue.md).
#pragma once

#include "core/sees.h"

namespace tandem::transfer {

// Of a contact that this process owns and that is not over: the call ends when the customer has come back before it was
// given to anybody; the conversation ends when he was reached, and goes on where he was not.
[[nodiscard]] Decision rescued(const Sees& sees, const contact::Held& held, const Now& now);

inline constexpr char kCameBack[] = "CUSTOMER_RETURNED";       // how such a call ends
inline constexpr char kCalledBack[] = "CUSTOMER_CALLED_BACK";  // how such a conversation ends

}  // namespace tandem::transfer
