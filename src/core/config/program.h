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
  number_less_or_equal_to,
  all_of,   // of `nested`, on the same result
  any_of,   // of `nested`
  none_of,  // of `nested`
};

struct Condition {
  Operator op = Operator::equals;
  std::string operand;
  std::vector<Condition> nested;
  friend bool operator==(const Condition&, const Condition&) = default;
};

struct Branch {
  Condition condition;
  std::string next;
  friend bool operator==(const Branch&, const Branch&) = default;
};

// Kept under the name of the flow language ("MessageParticipant"): an action this build does not run takes its error
// branch when it is reached, as the service does for a channel that an action does not support.
struct Block {
  std::string id;
  std::string type;
  std::map<std::string, std::string> parameters;  // flattened: "LambdaInvocationAttributes.key", "Messages.0.Text"
  std::string next;                               // empty: none
  std::map<std::string, std::string> errors;      // ErrorType -> block
  std::vector<Branch> branches;                   // the first whose condition holds is taken
  friend bool operator==(const Block&, const Block&) = default;
};

// Every block named as start, next or target of a branch is in `blocks`.
struct Program {
  std::string start;
  std::map<std::string, Block> blocks;
  friend bool operator==(const Program&, const Program&) = default;
};

}  // namespace tandem::config
