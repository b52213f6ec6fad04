// What callers are told, rebuilt from records.
#pragma once

#include <optional>

#include "core/body.h"

namespace tandem {

// What a command was answered, rebuilt from the record it caused: a repeat gets the first answer, at any node.
struct Answer {
  Uuid id;      // of the thing made: contact, item, document
  Uuid second;  // the customer's participant id, of a contact
  Hlc at;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "id", s.id);
    f(2, "second", s.second);
    f(3, "at", s.at);
  }
};

// What the record tells the caller of its cause; nothing for records that answer nobody.
[[nodiscard]] std::optional<Answer> answer_of(const Body& body, const Meta& meta);

}  // namespace tandem
