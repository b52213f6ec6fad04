// Orders about which regions take new contacts. Any node judges them: they merge.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/distribution/records.h"

namespace tandem::distribution {

// Drain, undrain, ramp.
struct Order {
  Ordered order;  // `over`: the rules that may object in vain
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "order", s.order);
  }
};

// Makes or changes a group. A field set to the empty string goes.
struct SetGroup {
  Uuid group;
  std::map<std::string, std::string> set;
  std::string by;
  std::string why;
  std::vector<std::string> over;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "group", s.group);
    f(2, "set", s.set);
    f(3, "by", s.by);
    f(4, "why", s.why);
    f(5, "over", s.over);
  }
};

}  // namespace tandem::distribution
