// Who may call the Connect API: access keys by secret reference; and which sealing keys are erased. No secret and no
// key is ever in the log.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"

namespace tandem::access {

// `secret` is a reference: "file:PATH", "env:NAME". `principal` is the name in audit and policies.
struct KeyPut {
  std::string access_key;
  std::string secret;
  std::string principal;
  bool disabled = false;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "access_key", s.access_key);
    f(2, "secret", s.secret);
    f(3, "principal", s.principal);
    f(4, "disabled", s.disabled);
  }
};

// Whose contacts these keys seal is erased: nobody opens what they sealed any more, and no copy of them is left.
struct SealsErased {
  std::vector<KeyId> keys;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "keys", s.keys);
  }
};

using Rec = std::variant<KeyPut, SealsErased>;

}  // namespace tandem::access
