// Feeds both sides' WebSocket decoders. The first byte picks the side and the size of the pieces; whatever way the
// bytes are cut, the same messages must come out, and none over the limit.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "codec/websocket.h"

namespace {

using namespace tandem;

constexpr std::size_t kMessageBytesMax = 200;

// Every message and, at the end, the code of the violation if there was one.
std::vector<std::string> decode(websocket::Side side, std::string_view bytes, std::size_t piece) {
  websocket::Decoder decoder(side, kMessageBytesMax);
  std::vector<std::string> out;
  while (!bytes.empty()) {
    decoder.feed(bytes.substr(0, piece));
    bytes.remove_prefix(std::min(piece, bytes.size()));
    for (;;) {
      const auto got = decoder.next();
      if (!got) {
        out.push_back("violation " + std::to_string(got.error().code));
        return out;
      }
      if (!got->has_value()) break;
      TANDEM_CHECK((*got)->bytes.size() <= kMessageBytesMax);
      out.push_back(std::to_string(static_cast<int>((*got)->kind)) + (*got)->bytes);
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto side = (data[0] & 1) != 0 ? websocket::Side::server : websocket::Side::client;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  TANDEM_CHECK(decode(side, bytes, bytes.size() + 1) == decode(side, bytes, 1U + (data[0] >> 4)));
  return 0;
}
