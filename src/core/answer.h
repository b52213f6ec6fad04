// What callers are told, rebuilt from records.
#pragma once

#include <deque>
#include <optional>
#include <unordered_map>

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

// The first answer to each command, until it is forgotten for its age. Each node forgets by its own clock, so this is
// no part of what nodes must agree on.
class Answers {
 public:
  void apply(const Body& body, const Meta& meta);
  [[nodiscard]] const Answer* find(const Uuid& cause) const;
  void forget(Hlc before);

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "by_cause", s.by_cause_);
  }
  void loaded();

 private:
  std::unordered_map<Uuid, Answer> by_cause_;
  std::deque<Uuid> order_;  // about the oldest first
};

}  // namespace tandem
