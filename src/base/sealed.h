// Text that the log keeps. Personal text is sealed under the customer's own key; erasing the key erases the customer
// everywhere. The core never looks inside and never branches on it.
#pragma once

#include <compare>
#include <string>

#include "base/ids.h"

namespace tandem {

struct Text {
  KeyId key;          // nil: `bytes` is plain UTF-8 that is nobody's personal data (a flow author's words)
  std::string nonce;  // 12 bytes when sealed, else empty
  std::string bytes;  // AES-256-GCM ciphertext and tag when sealed
  [[nodiscard]] bool sealed() const { return !key.value().nil(); }
  [[nodiscard]] static Text plain(std::string words) { return Text{{}, {}, std::move(words)}; }
  friend auto operator<=>(const Text&, const Text&) = default;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "key", s.key);
    f(2, "nonce", s.nonce);
    f(3, "bytes", s.bytes);
  }
};

}  // namespace tandem
