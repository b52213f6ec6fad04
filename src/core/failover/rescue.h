// The rescue list: customers of a lost member whose session did not come back (R32; docs/modules/rescue.md).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string_view>
#include <vector>

#include "core/failover/commands.h"
#include "core/sees.h"

namespace tandem::failover {

// The customer's telephone number as his profile has it, or null.
using NumberOf = std::function<const Text*(const Uuid& person)>;

// Who waited or was served at the lost member and is its still, in the order of the promise: priority, then the time
// at which he was queued.
[[nodiscard]] std::vector<ContactId> list(const Sees& sees, NodeId lost);
// The number at which he can be called: what a flow or the start of the contact set, else his profile's.
[[nodiscard]] const Text* number(const contact::Contact& contact, const NumberOf& number_of);

// Errors: not_found, refused when no node of the place is evacuated.
[[nodiscard]] Result<Decision> decide(const Sees& sees, const Rescue& command, const Now& now);
// Takes this node's part of the lists, at most kAtOnce: claims each conversation, and starts the call or leaves a word.
[[nodiscard]] Decision rescue(const Sees& sees, const NumberOf& number_of, const Now& now);
inline constexpr std::size_t kAtOnce = 100;
// A member is evacuated: `rescue` is to be asked now and then.
[[nodiscard]] bool rescues(const Sees& sees);

// What became of one on the list.
enum class Outcome : std::uint8_t {
  waiting,     // for the customer to come back, or for the word of a person
  to_call,     // the call waits for an agent
  calling,     // an agent has it
  called,      // reached
  unanswered,  // called, and did not answer
  left_word,   // no number: his place is kept
  came_back,   // by himself, before he was called
  last_ = came_back
};
[[nodiscard]] Outcome outcome(const Sees& sees, const Rescued& entry);
[[nodiscard]] std::string_view name_of(Outcome outcome);
// How many there are of each, about the members that are lost now. Every outcome is there.
[[nodiscard]] std::map<Outcome, std::uint64_t> tally(const Sees& sees);

}  // namespace tandem::failover
