// A line is one unbroken ownership of one thing: who owns it, in which term, since which start of the process.
// A claim opens a line with the whole state; only its one writer adds to it; the highest line wins as a whole.
#pragma once

#include <compare>

#include "base/ids.h"

namespace tandem {

struct Line {
  Term term;
  NodeId node;
  Incarnation incarnation;

  friend constexpr bool operator==(const Line&, const Line&) = default;
  // Higher term; then lower node; then later incarnation. A default line is lower than any that was claimed.
  friend constexpr std::strong_ordering operator<=>(const Line& a, const Line& b) {
    if (const auto c = a.term <=> b.term; c != 0) return c;
    if (const auto c = b.node <=> a.node; c != 0) return c;
    return a.incarnation <=> b.incarnation;
  }

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "term", s.term);
    f(2, "node", s.node);
    f(3, "incarnation", s.incarnation);
  }
};

}  // namespace tandem
