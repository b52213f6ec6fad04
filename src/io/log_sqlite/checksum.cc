#include "io/log_sqlite/checksum.h"

#include <bit>
#include <cstring>

namespace tandem::log_sqlite {
namespace {

static_assert(std::endian::native == std::endian::little, "the log file stores little-endian numbers");

constexpr std::uint64_t kPrime1 = 0x9E3779B185EBCA87;
constexpr std::uint64_t kPrime2 = 0xC2B2AE3D27D4EB4F;
constexpr std::uint64_t kPrime3 = 0x165667B19E3779F9;
constexpr std::uint64_t kPrime4 = 0x85EBCA77C2B2AE63;
constexpr std::uint64_t kPrime5 = 0x27D4EB2F165667C5;

template <class T>
T load(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

std::uint64_t round_of(std::uint64_t lane, std::uint64_t input) {
  return std::rotl(lane + input * kPrime2, 31) * kPrime1;
}

std::uint64_t merge(std::uint64_t all, std::uint64_t lane) { return (all ^ round_of(0, lane)) * kPrime1 + kPrime4; }

}  // namespace

std::uint64_t xxh64(std::string_view bytes, std::uint64_t seed) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  std::uint64_t hash = seed + kPrime5;
  if (bytes.size() >= 32) {
    std::uint64_t lane1 = seed + kPrime1 + kPrime2;
    std::uint64_t lane2 = seed + kPrime2;
    std::uint64_t lane3 = seed;
    std::uint64_t lane4 = seed - kPrime1;
    for (; end - at >= 32; at += 32) {
      lane1 = round_of(lane1, load<std::uint64_t>(at));
      lane2 = round_of(lane2, load<std::uint64_t>(at + 8));
      lane3 = round_of(lane3, load<std::uint64_t>(at + 16));
      lane4 = round_of(lane4, load<std::uint64_t>(at + 24));
    }
    hash = std::rotl(lane1, 1) + std::rotl(lane2, 7) + std::rotl(lane3, 12) + std::rotl(lane4, 18);
    hash = merge(merge(merge(merge(hash, lane1), lane2), lane3), lane4);
  }
  hash += bytes.size();
  for (; end - at >= 8; at += 8) {
    hash = std::rotl(hash ^ round_of(0, load<std::uint64_t>(at)), 27) * kPrime1 + kPrime4;
  }
  if (end - at >= 4) {
    hash = std::rotl(hash ^ load<std::uint32_t>(at) * kPrime1, 23) * kPrime2 + kPrime3;
    at += 4;
  }
  for (; at != end; ++at) hash = std::rotl(hash ^ static_cast<std::uint8_t>(*at) * kPrime5, 11) * kPrime1;
  hash = (hash ^ hash >> 33) * kPrime2;
  hash = (hash ^ hash >> 29) * kPrime3;
  return hash ^ hash >> 32;
}

std::uint64_t record_checksum(LogId log, Sequence sequence, std::string_view bytes) {
  std::uint64_t seed = round_of(kPrime5, log.origin.value());
  seed = round_of(seed, log.incarnation.value());
  seed = round_of(seed, sequence.value());
  return xxh64(bytes, seed);
}

}  // namespace tandem::log_sqlite
