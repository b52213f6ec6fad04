#include "cluster/frames.h"

#include "codec/wire.h"

namespace tandem::cluster {

std::string encode_frame(const Frame& frame) { return wire::encode(frame); }

Result<Frame> decode_frame(std::string_view bytes) {
  if (bytes.size() > kFrameBytesMax) return fail(Errc::limit_exceeded, "frame is larger than any this build takes");
  return wire::decode<Frame>(bytes, kFrameElementsMax);
}

std::uint64_t record_hash(std::string_view bytes) {
  // Eight bytes a turn, each mixed by a multiplication and a shift; the constants are those of SplitMix64.
  constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15U;
  const auto mix = [](std::uint64_t v) {
    v = (v ^ (v >> 30)) * 0xbf58476d1ce4e5b9U;
    v = (v ^ (v >> 27)) * 0x94d049bb133111ebU;
    return v ^ (v >> 31);
  };
  std::uint64_t hash = mix(bytes.size() + kOdd);
  while (!bytes.empty()) {
    const std::size_t take = std::min<std::size_t>(bytes.size(), 8);
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < take; ++i) word |= std::uint64_t{static_cast<std::uint8_t>(bytes[i])} << (8 * i);
    bytes.remove_prefix(take);
    hash = mix(hash ^ word) + kOdd;
  }
  return hash == 0 ? 1 : hash;
}

}  // namespace tandem::cluster
