// Where a waiting contact stands: a question about the order that docs/routing.md defines, over the contacts of all
// regions.
#pragma once

#include <cstdint>
#include <optional>

#include "core/contact/view.h"

namespace tandem::routing {

// The agents a contact asks for: the one that had it before, or those who satisfy the step that counts; null:
// everybody.
struct Asks {
  AgentId agent;
  const contact::Expression* expression = nullptr;  // of the contact, which must live as long
  Asks(const contact::Contact& contact, Hlc at);
  friend bool operator==(const Asks& a, const Asks& b);
};

// From 1: the contacts of its queue and channel that are served before it, of those that ask for the same agents as it
// does now. Nothing for a contact that is in no queue. Takes as long as its queue is.
[[nodiscard]] std::optional<std::uint64_t> position(const contact::State& contacts, ContactId id, Hlc now);
// The same of a contact whose place may not be on record yet.
[[nodiscard]] std::optional<std::uint64_t> position(const contact::State& contacts, const contact::Contact& contact,
                                                    Hlc now);

}  // namespace tandem::routing
