// Past facts about contacts. Only the owner of a line writes them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <variant>

#include "core/contact/contact.h"

namespace tandem::contact {

enum class Why : std::uint8_t {
  started,     // a new contact
  arrived,     // R6: the customer's session arrived here and the owner did not answer
  accepted,    // R11: the agent's node took the offer
  taken_back,  // R12: the source took its offer back, or cancelled it
  returned,    // R13: the customer came back to the source
  revived,     // R7: an arrival at an abandoned contact
  reclaimed,   // R8c: superseded while holding the customer
  adopted,     // R15: session-less work of an evacuated node
  restarted,   // a new incarnation goes on with what the former one owned
  last_ = restarted
};

// Opens a line: its origin owns the contact from here. The whole value stands here; what was there is replaced.
struct Claimed {
  ContactId contact;
  Term term;
  Why why = Why::started;
  Contact whole;
  std::vector<Item> items;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "contact", s.contact);
    f(2, "term", s.term);
    f(3, "why", s.why);
    f(4, "whole", s.whole);
    f(5, "items", s.items);
  }
};

// A change within the origin's own line; with it what was said or shown in the same step.
struct Updated {
  ContactId contact;
  Line line;
  Patch<Contact> change;
  std::vector<Item> items;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "contact", s.contact);
    f(2, "line", s.line);
    f(3, "change", s.change);
    f(4, "items", s.items);
  }
};

using Rec = std::variant<Claimed, Updated>;

[[nodiscard]] inline ContactId contact_of(const Rec& record) {
  return std::visit([](const auto& r) { return r.contact; }, record);
}
[[nodiscard]] inline const std::vector<Item>& items_of(const Rec& record) {
  return std::visit([](const auto& r) -> const std::vector<Item>& { return r.items; }, record);
}

// Nothing but words, attributes and data: these wait to be read, and no rule acts because they changed.
[[nodiscard]] inline bool only_content(const Updated& record) {
  return std::ranges::all_of(record.change.changed, [](std::uint32_t field) {
    return field == Contact::kAttributesField || field == Contact::kDataField;
  });
}

}  // namespace tandem::contact
