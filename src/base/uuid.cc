#include "base/uuid.h"

#include <cstring>

namespace tandem {
namespace {

constexpr char kHex[] = "0123456789abcdef";

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void put64(std::uint8_t* to, std::uint64_t value) {
  for (int i = 0; i < 8; ++i) to[i] = static_cast<std::uint8_t>(value >> (56 - 8 * i));
}

std::uint64_t get64(const std::uint8_t* from) {
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = value << 8 | from[i];
  return value;
}

std::uint64_t mix(std::uint64_t x) {
  x ^= x >> 30;
  x *= 0xbf58476d1ce4e5b9ULL;
  x ^= x >> 27;
  x *= 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

void stamp(Uuid& id, std::uint8_t version) {
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0f) | (version << 4));
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3f) | 0x80);
}

}  // namespace

std::string Uuid::text() const {
  std::string out;
  out.reserve(36);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out.push_back('-');
    out.push_back(kHex[bytes[i] >> 4]);
    out.push_back(kHex[bytes[i] & 15]);
  }
  return out;
}

std::optional<Uuid> parse_uuid(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  Uuid out;
  std::size_t at = 0;
  for (std::size_t i = 0; i < text.size();) {
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (text[i] != '-') return std::nullopt;
      ++i;
      continue;
    }
    const int high = hex_value(text[i]);
    const int low = hex_value(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out.bytes[at++] = static_cast<std::uint8_t>(high << 4 | low);
    i += 2;
  }
  return out;
}

Uuid mint_uuid(Hlc at, Rng& rng) {
  Uuid id;
  put64(id.bytes.data(), (at.milliseconds() << 16) | (rng.next() & 0xffff));
  put64(id.bytes.data() + 8, rng.next());
  stamp(id, 7);
  return id;
}

Uuid derive_uuid(const Uuid& base, std::string_view salt, std::uint64_t number) {
  std::uint64_t a = mix(get64(base.bytes.data()) ^ 0x9e3779b97f4a7c15ULL);
  std::uint64_t b = mix(get64(base.bytes.data() + 8) ^ 0xd1b54a32d192ed03ULL);
  for (const char c : salt) {
    a = mix(a ^ static_cast<std::uint8_t>(c)) + b;
    b = mix(b + a);
  }
  a = mix(a ^ number) + b;
  b = mix(b ^ a);
  Uuid id;
  put64(id.bytes.data(), a);
  put64(id.bytes.data() + 8, b);
  stamp(id, 8);
  return id;
}

}  // namespace tandem

std::size_t std::hash<tandem::Uuid>::operator()(const tandem::Uuid& u) const noexcept {
  std::uint64_t a = 0;
  std::uint64_t b = 0;
  std::memcpy(&a, u.bytes.data(), 8);
  std::memcpy(&b, u.bytes.data() + 8, 8);
  return static_cast<std::size_t>(a ^ (b * 0x9e3779b97f4a7c15ULL));
}
