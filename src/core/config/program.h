// A contact flow after its JSON was read: what the interpreter in core/flow runs. Compiled by record/flow_json.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace tandem::config {

enum class Operator : std::uint8_t {
  equals,
  text_starts_with,
  text_ends_with,
  text_contains,
  number_greater_than,
  number_greater_or_equal_to,
  number_less_than,
  number_less_or_equal_to
};

struct Condition {
  Operator op = Operator::equals;
  std::string operand;
  std::vector<Condition> nested;  // a compound: all of them on the same result
  std::string next;               // only at the top
};

// Kept under the name of the flow language ("MessageParticipant"): an action this build does not know takes its error
// branch when it is reached, as the service does for a channel that an action does not support.
struct Block {
  std::string id;
  std::string type;
  std::map<std::string, std::string> parameters;  // flattened: "LambdaInvocationAttributes.key", "Messages.0.Text"
  std::string next;                               // empty: none
  std::map<std::string, std::string> errors;      // ErrorType -> block
  std::vector<Condition> conditions;
};

struct Program {
  std::string start;
  std::map<std::string, Block> blocks;
};

}  // namespace tandem::config
