// Digests, seals and draws over plain strings of bytes. OpenSSL stays in crypto.cc.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tandem::crypto {

inline constexpr std::size_t kKeyBytes = 32;    // of AES-256
inline constexpr std::size_t kNonceBytes = 12;  // of GCM
inline constexpr std::size_t kTagBytes = 16;    // at the end of what `seal` returns

[[nodiscard]] std::string sha256(std::string_view bytes);  // 32 raw bytes
[[nodiscard]] std::string sha1(std::string_view bytes);    // 20 raw bytes; only for the WebSocket handshake (RFC 6455)
[[nodiscard]] std::string hmac_sha256(std::string_view key, std::string_view bytes);  // 32 raw bytes
// HKDF-SHA256 (RFC 5869), at most 255 * 32 bytes: independent keys for several uses out of one secret.
[[nodiscard]] std::string hkdf_sha256(std::string_view secret, std::string_view salt, std::string_view info,
                                      std::size_t bytes);

[[nodiscard]] std::string hex(std::string_view bytes);  // lower-case
[[nodiscard]] std::optional<std::string> unhex(std::string_view text);
[[nodiscard]] std::string base64(std::string_view bytes);  // padded
[[nodiscard]] std::optional<std::string> unbase64(std::string_view text);
[[nodiscard]] std::string base64url(std::string_view bytes);  // unpadded, as tokens use it
[[nodiscard]] std::optional<std::string> unbase64url(std::string_view text);

// AES-256-GCM: ciphertext followed by its tag. `aad` is authenticated and not stored. A (key, nonce) pair must never
// seal twice; a wrong size of either is a broken invariant.
[[nodiscard]] std::string seal(std::string_view key, std::string_view nonce, std::string_view aad,
                               std::string_view plain);
// Nothing when key, nonce, aad or bytes are not those of the seal.
[[nodiscard]] std::optional<std::string> open(std::string_view key, std::string_view nonce, std::string_view aad,
                                              std::string_view sealed);

// From the system's generator; for keys, nonces, passwords and the seeds of `Rng`.
[[nodiscard]] std::string random_bytes(std::size_t count);
// Takes as long for unequal strings of one length as for equal ones.
[[nodiscard]] bool equal_constant_time(std::string_view a, std::string_view b);

}  // namespace tandem::crypto
