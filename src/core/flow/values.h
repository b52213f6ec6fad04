// References in the texts of a flow, and where their values are.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/flow/view.h"

namespace tandem::flow {

// $.Attributes.tier is {"Attributes", "tier"}.
struct Reference {
  std::vector<std::string> segments;
  // The one spelling used as key: $.Attributes.tier, $.Attributes['my key'].
  [[nodiscard]] std::string key() const;
};

// Words as they stand, or a reference.
struct Piece {
  std::string words;
  std::optional<Reference> reference;
};
// A '$' that begins no reference ("$5") is a word.
[[nodiscard]] std::vector<Piece> parse(std::string_view text);
// When the text is exactly one reference.
[[nodiscard]] std::optional<Reference> whole(std::string_view text);

// Empty when the reference names nothing that is there.
[[nodiscard]] Text value(const Sees& sees, const contact::Contact& contact, const Reference& reference);

// What the documented event tells a function about the contact, flattened.
[[nodiscard]] std::map<std::string, Text> contact_data(const Sees& sees, const contact::Contact& contact);

// Empty when there is no such queue. An agent's own has no name.
[[nodiscard]] std::string queue_name(const Sees& sees, QueueId queue);
[[nodiscard]] std::string queue_arn(const Sees& sees, QueueId queue);

// The id at the end of an ARN, or the id itself.
[[nodiscard]] std::optional<Uuid> id_of(std::string_view id_or_arn);

[[nodiscard]] const char* channel_name(contact::Channel channel);

}  // namespace tandem::flow
