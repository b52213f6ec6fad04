#include "codec/websocket.h"

#include <utility>

#include "codec/crypto.h"

namespace tandem::websocket {
namespace {

constexpr std::size_t kControlBytesMax = 125;

std::unexpected<Violation> violate(std::string reason, std::uint16_t code = kProtocolError) {
  return std::unexpected(Violation{code, std::move(reason)});
}

// RFC 6455, 7.4: which codes may travel.
bool sendable(std::uint16_t code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

void apply_mask(char* bytes, std::size_t count, std::string_view mask) {
  for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<char>(bytes[i] ^ mask[i % 4]);
}

}  // namespace

std::string accept_key(std::string_view sec_websocket_key) {
  return crypto::base64(crypto::sha1(std::string(sec_websocket_key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
}

bool valid_utf8(std::string_view s) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  for (std::size_t i = 0; i < s.size();) {
    const unsigned char first = at(i);
    if (first < 0x80) {
      ++i;
      continue;
    }
    const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || s.size() - i < size) return false;
    for (std::size_t k = 1; k < size; ++k) {
      if ((at(i + k) & 0xc0) != 0x80) return false;
    }
    // Overlong forms, surrogates, and what lies beyond U+10FFFF show in the second byte.
    const unsigned char second = at(i + 1);
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) || (first == 0xf0 && second < 0x90) ||
        (first == 0xf4 && second > 0x8f)) {
      return false;
    }
    i += size;
  }
  return true;
}

std::expected<std::optional<Message>, Violation> Decoder::next() {
  for (;;) {
    const std::string_view rest = std::string_view(buffer_).substr(parsed_);
    if (rest.size() < 2) break;
    const auto first = static_cast<unsigned char>(rest[0]);
    const auto second = static_cast<unsigned char>(rest[1]);
    const bool final = (first & 0x80) != 0;
    const auto opcode = static_cast<std::uint8_t>(first & 0x0f);
    const bool masked = (second & 0x80) != 0;
    const bool control = opcode >= 8;
    if ((first & 0x70) != 0) return violate("a reserved bit is set");
    if ((opcode > 2 && opcode < 8) || opcode > 10) return violate("an unknown opcode");
    if (masked != (side_ == Side::server)) return violate(masked ? "a masked frame" : "an unmasked frame");

    std::size_t head = 2;
    std::uint64_t size = second & 0x7f;
    if (control && (!final || size > kControlBytesMax)) return violate("a control frame fragmented or too long");
    if (size >= 126) {
      const std::size_t width = size == 126 ? 2 : 8;
      head += width;
      if (rest.size() < head) break;
      size = big_endian(rest.substr(2, width));
      if (size < 126 || (width == 8 && size < 65536)) return violate("a length written longer than needed");
    }
    if (!control && (size > message_bytes_max_ || partial_.size() + size > message_bytes_max_)) {
      return violate("a message over " + std::to_string(message_bytes_max_) + " bytes", kTooBig);
    }
    if (!control && (opcode == 0) != partial_kind_.has_value()) return violate("a fragment out of place");
    if (masked) head += 4;
    if (rest.size() < head || rest.size() - head < size) break;

    char* const payload = buffer_.data() + parsed_ + head;
    const auto length = static_cast<std::size_t>(size);
    if (masked) apply_mask(payload, length, rest.substr(head - 4, 4));
    const std::string_view bytes(payload, length);
    parsed_ += head + length;

    const auto kind = static_cast<Opcode>(opcode);
    if (kind == Opcode::close) {
      if (bytes.size() == 1) return violate("a close code cut short");
      if (bytes.empty()) return Message{kind, {}, kNoCode};
      const auto code = static_cast<std::uint16_t>(big_endian(bytes.substr(0, 2)));
      if (!sendable(code)) return violate("an invalid close code");
      if (!valid_utf8(bytes.substr(2))) return violate("a close reason that is not UTF-8", kNotUtf8);
      return Message{kind, std::string(bytes.substr(2)), code};
    }
    if (control) return Message{kind, std::string(bytes), 0};
    if (opcode != 0) partial_kind_ = kind;
    partial_.append(bytes);
    if (!final) continue;
    Message message{*partial_kind_, std::exchange(partial_, {}), 0};
    partial_kind_.reset();
    if (message.kind == Opcode::text && !valid_utf8(message.bytes)) return violate("text that is not UTF-8", kNotUtf8);
    return message;
  }
  buffer_.erase(0, std::exchange(parsed_, 0));
  if (buffer_.empty()) std::string().swap(buffer_);  // an idle socket keeps no memory
  return std::nullopt;
}

void append_frame(std::string& out, Opcode kind, std::string_view payload, std::optional<std::uint32_t> mask) {
  out.push_back(static_cast<char>(0x80 | static_cast<std::uint8_t>(kind)));
  const char masked = mask ? static_cast<char>(0x80) : '\0';
  const auto put = [&](std::uint64_t value, int bytes) {
    for (int i = bytes - 1; i >= 0; --i) out.push_back(static_cast<char>(value >> (8 * i) & 0xff));
  };
  if (payload.size() < 126) {
    out.push_back(static_cast<char>(masked | static_cast<char>(payload.size())));
  } else if (payload.size() < 65536) {
    out.push_back(static_cast<char>(masked | 126));
    put(payload.size(), 2);
  } else {
    out.push_back(static_cast<char>(masked | 127));
    put(payload.size(), 8);
  }
  if (mask) put(*mask, 4);
  const std::size_t at = out.size();
  out.append(payload);
  if (mask) {
    const std::string key = out.substr(at - 4, 4);
    apply_mask(out.data() + at, payload.size(), key);
  }
}

std::string close_payload(std::uint16_t code, std::string_view reason) {
  if (!sendable(code)) code = kNormal;
  reason = reason.substr(0, kControlBytesMax - 2);
  while (!valid_utf8(reason)) reason.remove_suffix(1);
  std::string out;
  out.push_back(static_cast<char>(code >> 8));
  out.push_back(static_cast<char>(code & 0xff));
  return out.append(reason);
}

}  // namespace tandem::websocket
