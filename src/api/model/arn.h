// Ids and ARNs of Amazon Connect. A parameter that names something may be its id or its whole ARN.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace tandem::model {

// arn:aws:connect:us-east-1:123456789012:instance/INSTANCE/queue/ID, or of the instance itself: no kind, no id.
struct Arn {
  std::string partition = "aws";
  std::string region;
  std::string account;
  std::string instance;
  std::string
      kind;  // `queue`, `routing-profile`, `operating-hours`, `contact-flow`, `agent` (a user), `agent-state`, ...
  std::string id;
  friend bool operator==(const Arn&, const Arn&) = default;
};

// Errors: invalid.
[[nodiscard]] Result<Arn> parse_arn(std::string_view text);
[[nodiscard]] std::string arn_text(const Arn& arn);

// The id in `id_or_arn`: itself, or the last part of an ARN of `kind` (empty: of an instance). An ARN of any region and
// account is taken, for those of another region of the centre name the same thing; whoever must know compares the
// parts of `parse_arn`.
// Errors: invalid, for an ARN of another kind or neither an id nor an ARN.
[[nodiscard]] Result<std::string> id_of(std::string_view id_or_arn, std::string_view kind);

}  // namespace tandem::model
