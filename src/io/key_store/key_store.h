// Sealing keys of customers, wrapped under the centre key; and what is done with them: seal, open, erase. The rows live
// in the node's log beside the records (src/io/log_sqlite); this is their copy in memory. Safe from any thread.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/sealed.h"
#include "cluster/frames.h"

namespace tandem {

class KeyStore {
 public:
  // `centre_key`: the secret every node of the centre holds, at least 32 bytes.
  explicit KeyStore(const std::string& centre_key);

  // A new key, and its row to be logged with the record that first needs it.
  [[nodiscard]] std::pair<KeyId, cluster::KeyRow> make(Uuid id);
  // A row that was read from disk or came from a peer. An erased row stays erased.
  void put(const cluster::KeyRow& row);
  void erase(KeyId key);
  [[nodiscard]] bool erased(KeyId key) const;
  [[nodiscard]] std::size_t size() const;

  // A keyed hash, as a UUID of version 8.
  [[nodiscard]] Uuid pseudonym(std::string_view words) const;
  // Errors: not_found (erased, or not here).
  [[nodiscard]] Result<Text> seal(KeyId key, std::string_view plain) const;
  // Plain text passes through. Errors: not_found, corrupt.
  [[nodiscard]] Result<std::string> open(const Text& text) const;

 private:
  [[nodiscard]] Result<std::string> unwrap(KeyId key) const;
  std::string wrapping_;
  std::string naming_;
  mutable std::mutex mutex_;
  std::map<KeyId, std::optional<std::string>> wrapped_;  // nothing: erased
};

// Tokens signed with the centre key: purpose, expiry, payload. Any node of the centre verifies them without state.
class TokenSigner {
 public:
  explicit TokenSigner(const std::string& centre_key);
  [[nodiscard]] std::string sign(std::string_view purpose, std::string_view payload, std::uint64_t expires_ms) const;
  // Errors: unauthenticated.
  [[nodiscard]] Result<std::string> verify(std::string_view purpose, std::string_view token,
                                           std::uint64_t now_ms) const;

 private:
  std::string key_;
};

// A secret by reference: "file:PATH" (mode 0600 or stricter) or "env:NAME", without its trailing newline.
// Errors: not_found, denied (others may read the file), invalid.
[[nodiscard]] Result<std::string> read_secret(const std::string& reference);

}  // namespace tandem
