// WebSocket frames (RFC 6455) for either side, without a socket: bytes in, messages out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace tandem::websocket {

enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };
enum class Side : std::uint8_t { server, client };

// Close codes in use here.
inline constexpr std::uint16_t kNormal = 1000;
inline constexpr std::uint16_t kGoingAway = 1001;
inline constexpr std::uint16_t kProtocolError = 1002;
inline constexpr std::uint16_t kUnsupported = 1003;
inline constexpr std::uint16_t kNoCode = 1005;  // the peer gave none; never sent
inline constexpr std::uint16_t kNotUtf8 = 1007;
inline constexpr std::uint16_t kPolicy = 1008;
inline constexpr std::uint16_t kTooBig = 1009;

// What the server answers in sec-websocket-accept.
[[nodiscard]] std::string accept_key(std::string_view sec_websocket_key);

// A whole message or a control frame.
struct Message {
  Opcode kind = Opcode::text;  // never continuation
  std::string bytes;           // of a close: its reason
  std::uint16_t code = 0;      // of a close
};

// Why the connection must be closed, and with which code.
struct Violation {
  std::uint16_t code = kProtocolError;
  std::string reason;
};

class Decoder {
 public:
  // `side`: which end this is; a server takes masked frames only, a client unmasked ones only. A frame that claims
  // more than `message_bytes_max`, alone or with those before it, is refused from its header.
  Decoder(Side side, std::size_t message_bytes_max) : side_(side), message_bytes_max_(message_bytes_max) {}

  void feed(std::string_view bytes) { buffer_.append(bytes); }
  // The next message; nothing when more bytes are needed. After a violation it is not to be called again.
  [[nodiscard]] std::expected<std::optional<Message>, Violation> next();

 private:
  Side side_;
  std::size_t message_bytes_max_;
  std::string buffer_;
  std::size_t parsed_ = 0;  // bytes of the buffer already taken
  std::string partial_;     // fragments of the open message
  std::optional<Opcode> partial_kind_;
};

// One unfragmented frame. `mask`: four drawn bytes when a client sends, nothing when a server does.
void append_frame(std::string& out, Opcode kind, std::string_view payload,
                  std::optional<std::uint32_t> mask = std::nullopt);
// What a close frame carries; a long reason is cut at a whole character, a code that must not be sent becomes 1000.
[[nodiscard]] std::string close_payload(std::uint16_t code, std::string_view reason);
[[nodiscard]] bool valid_utf8(std::string_view bytes);

}  // namespace tandem::websocket
