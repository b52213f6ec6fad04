// A 128-bit identifier, printed as 36 lower-case characters (RFC 9562). New ids are version 7: they sort by birth.
#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/now.h"
#include "base/rng.h"

namespace tandem {

struct Uuid {
  std::array<std::uint8_t, 16> bytes{};
  // As the bytes compare, and as the text sorts; two words at a time, for ids are compared more than anything else.
  friend constexpr bool operator==(const Uuid& a, const Uuid& b) {
    const auto left = std::bit_cast<std::array<std::uint64_t, 2>>(a.bytes);
    const auto right = std::bit_cast<std::array<std::uint64_t, 2>>(b.bytes);
    return ((left[0] ^ right[0]) | (left[1] ^ right[1])) == 0;
  }
  friend constexpr std::strong_ordering operator<=>(const Uuid& a, const Uuid& b) {
    const auto left = std::bit_cast<std::array<std::uint64_t, 2>>(a.bytes);
    const auto right = std::bit_cast<std::array<std::uint64_t, 2>>(b.bytes);
    const int word = left[0] == right[0] ? 1 : 0;
    return in_order(left[word]) <=> in_order(right[word]);
  }
  // The all-zero id means "nobody" or "none"; it is never minted.
  [[nodiscard]] bool nil() const { return *this == Uuid{}; }
  [[nodiscard]] std::string text() const;

 private:
  static constexpr std::uint64_t in_order(std::uint64_t word) {
    return std::endian::native == std::endian::little ? std::byteswap(word) : word;
  }
};

// Accepts the 36-character form in either case; anything else is nothing.
[[nodiscard]] std::optional<Uuid> parse_uuid(std::string_view text);
// Version 7: 48 bits of UTC milliseconds, then drawn bits.
[[nodiscard]] Uuid mint_uuid(Hlc at, Rng& rng);
// The same id for the same parts, on every node and for ever (a keyless 128-bit mix, version 8): for ids that must
// come out equal when a step is repeated elsewhere. Not for secrets.
[[nodiscard]] Uuid derive_uuid(const Uuid& base, std::string_view salt, std::uint64_t number = 0);

}  // namespace tandem

template <>
struct std::hash<tandem::Uuid> {
  std::size_t operator()(const tandem::Uuid& u) const noexcept;
};
