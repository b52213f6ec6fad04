// What a node must do about a contact because of who owns it now and what it knows (R6, R8 to R14), and when a deadline
// of it has passed.
#pragma once

#include "core/presence/view.h"
#include "core/sees.h"
#include "core/transfer/view.h"  // IWYU pragma: export

namespace tandem::transfer {

[[nodiscard]] Decision react(const Sees& sees, ContactId contact, const Now& now, Rng& rng);
// Deadlines of a contact this process owns, except those of its flow.
[[nodiscard]] Decision due(const Sees& sees, ContactId contact, const Now& now);
// R8c: the customer's socket here lives though another line won and is not attached.
[[nodiscard]] Decision alive(const Sees& sees, ContactId contact, const Now& now);

}  // namespace tandem::transfer
