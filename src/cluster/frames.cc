#include "cluster/frames.h"

#include <bit>
#include <cstring>

#include "codec/wire.h"

namespace tandem::cluster {
namespace {
// A frame that holds a batch, with the field number of its alternative.
struct BatchFrame {
  const BatchView& batch;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(4, "batch", s.batch);
  }
};
static_assert(std::is_same_v<std::variant_alternative_t<3, Frame>, Batch>);
}  // namespace

std::string encode_frame(const Frame& frame) { return wire::encode(frame); }

std::string encode_frame(const BatchView& batch) {
  constexpr std::size_t kAround = 16;  // of a record, and of the whole
  std::size_t bytes = 4 * kAround;
  for (const LoggedRecord* record : batch.records) bytes += record->bytes.size() + kAround;
  std::string out;
  out.reserve(bytes);
  wire::append(out, BatchFrame{batch});
  return out;
}

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
    std::memcpy(&word, bytes.data(), take);
    if constexpr (std::endian::native == std::endian::big) word = std::byteswap(word);
    bytes.remove_prefix(take);
    hash = mix(hash ^ word) + kOdd;
  }
  return hash == 0 ? 1 : hash;
}

}  // namespace tandem::cluster
