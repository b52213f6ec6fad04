// The regular expressions of the service models, matched in time linear in the value's length whatever the pattern: a
// value from outside can neither blow the stack nor stall the loop, which std::regex allows.
//
// Understood: literals, `.`, escapes (\d \w \s and their opposites, \r \n \t, \xHH, \uHHHH, \p{L} \P{C} for the
// categories L N Z C), classes with ranges and negation, groups, `|`, the quantifiers * + ? {n} {n,} {n,m}, `^`, `$`,
// and lookaheads at the very start. A pattern has to match the whole value, as it does at the service.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

namespace tandem::model {

class Pattern {
 public:
  // Errors: invalid, for a pattern outside the above.
  [[nodiscard]] static Result<Pattern> parse(std::string_view text);

  // `value` is UTF-8 and compared code point by code point.
  [[nodiscard]] bool matches(std::string_view value) const;
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  struct Automaton;
  Pattern() = default;

  std::string text_;
  std::shared_ptr<const Automaton> automaton_;  // shared: copies of a Pattern are cheap
};

}  // namespace tandem::model
