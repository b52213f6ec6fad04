// What can happen to a contact whose flow runs or waits. The answers of the effects come back as these.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>

#include "base/ids.h"
#include "base/sealed.h"

namespace tandem::flow {

// The contact begins: its `flow.flow` is set, no block of it ran yet.
struct Start {
  template <class S, class F>
  static void fields(S&, F&&) {}
};

// The customer wrote something. The transcript keeps the message itself.
struct Message {
  Text content;
  Uuid item;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "content", s.content);
    f(2, "item", s.item);
  }
};

// The customer's session is attached again.
struct CustomerReturned {
  template <class S, class F>
  static void fields(S&, F&&) {}
};

// The deadline in `flow.until` may have passed. Early ones change nothing.
struct Timer {
  template <class S, class F>
  static void fields(S&, F&&) {}
};

// The answer to InvokeFunction. `ok`: the function answered in time and in the form asked for; then `values` replaces
// $.External, flattened: {"a":{"b":"c"}} is {"a.b": "c"}.
struct Returned {
  std::uint64_t visit = 0;
  bool ok = false;
  std::map<std::string, Text> values;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "visit", s.visit);
    f(2, "ok", s.ok);
    f(3, "values", s.values);
  }
};

// The answer to Resolve: every key of `Resolve::values` opened (a value whose key was erased is left out and reads as
// empty), and every text of `Resolve::texts` rendered and sealed, under the same names. `plain` never enters a record.
struct Resolved {
  std::uint64_t visit = 0;
  std::map<std::string, std::string> plain;
  std::map<std::string, Text> rendered;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "visit", s.visit);
    f(2, "plain", s.plain);
    f(3, "rendered", s.rendered);
  }
};

using Event = std::variant<Start, Message, CustomerReturned, Timer, Returned, Resolved>;

}  // namespace tandem::flow
