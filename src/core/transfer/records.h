// Past facts of moves between nodes. The outcome of a move is a field of the contact's winning line; only a refusal,
// which changes nothing at the destination, needs a record of its own.
#pragma once

#include <string>
#include <variant>

#include "base/ids.h"

namespace tandem::transfer {

// The destination will never accept this move.
struct Refused {
  ContactId contact;
  Uuid move;
  std::string reason;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "contact", s.contact);
    f(2, "move", s.move);
    f(3, "reason", s.reason);
  }
};

using Rec = std::variant<Refused>;

}  // namespace tandem::transfer
