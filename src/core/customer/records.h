// Past facts about customers. A customer is known by the pseudonym of the CustomerId (contact::Contact::person); what
// is said of him is sealed.
#pragma once

#include <map>
#include <string>
#include <variant>

#include "base/ids.h"
#include "base/sealed.h"

namespace tandem::customer {

struct Value {
  Text text;      // sealed; plain and empty: the field is cleared
  Uuid known_by;  // of a telephone number or an e-mail address: its pseudonym, by which the customer is found
  friend bool operator==(const Value&, const Value&) = default;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "text", s.text);
    f(2, "known_by", s.known_by);
  }
};

// Fields of the profile, by name; the others stay as they are.
struct Put {
  Uuid person;
  std::map<std::string, Value> set;
  std::string by;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "person", s.person);
    f(2, "set", s.set);
    f(3, "by", s.by);
  }
};

// Nothing that was said of the customer until now is kept, and the keys that sealed it are erased: also those of a
// `Put` that another node wrote before it heard of this.
struct Forgotten {
  Uuid person;
  std::string by;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "person", s.person);
    f(2, "by", s.by);
  }
};

using Rec = std::variant<Put, Forgotten>;

[[nodiscard]] inline const Uuid& person_of(const Rec& record) {
  return std::visit([](const auto& r) -> const Uuid& { return r.person; }, record);
}

}  // namespace tandem::customer
