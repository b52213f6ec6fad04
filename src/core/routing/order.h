// The order in which contacts that ask for the same are served (docs/routing.md).
#pragma once

#include <compare>
#include <cstdint>

#include "core/contact/contact.h"

namespace tandem::routing {

// The smaller is served first.
struct Key {
  std::int64_t priority = 0;
  std::int64_t age = 0;  // adjusted time of queueing, UTC milliseconds
  ContactId id;
  friend constexpr auto operator<=>(const Key&, const Key&) = default;
};

[[nodiscard]] inline Key key_of(const contact::Contact& contact) {
  const contact::Place& at = contact.place;
  const auto queued = static_cast<std::int64_t>(at.enqueued.milliseconds());
  return {at.priority, queued - at.age_adjustment.count(), contact.id};
}

}  // namespace tandem::routing
