// Orders about customers. Any node judges them: they merge.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/customer/records.h"

namespace tandem::customer {

struct Change {
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

// `keys` seal the customer's contacts; those of the profile go without being named.
struct Forget {
  Uuid person;
  std::vector<KeyId> keys;
  std::string by;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "person", s.person);
    f(2, "keys", s.keys);
    f(3, "by", s.by);
  }
};

}  // namespace tandem::customer
