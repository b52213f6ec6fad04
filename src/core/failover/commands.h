// Orders about members that are lost.
#pragma once

#include <string>

namespace tandem::failover {

// A person's word that nobody is served any more at a place (a region or a node, as distribution::place_of spells it):
// customers who do not come back by themselves are called back. Any node judges it.
struct Rescue {
  std::string place;
  std::string by;
  std::string why;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "place", s.place);
    f(2, "by", s.by);
    f(3, "why", s.why);
  }
};

}  // namespace tandem::failover
