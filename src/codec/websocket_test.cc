// Goal: whole messages come out of any split of the bytes, and every broken frame is refused with the code RFC 6455
// asks for, from its header where that is possible. Method: frames written by our own writer and by hand, fed byte by
// byte and at once.
#include "codec/websocket.h"

#include <gtest/gtest.h>

#include <string>

namespace tandem {
namespace websocket_test {

using namespace std::string_literals;
using websocket::Decoder;
using websocket::Opcode;
using websocket::Side;

std::string masked(Opcode kind, std::string_view payload) {
  std::string out;
  websocket::append_frame(out, kind, payload, 0x01020304);
  return out;
}

TEST(Websocket, AnswersTheKeyOfTheStandard) {
  EXPECT_EQ(websocket::accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(Websocket, MessagesSurviveAnySplit) {
  for (const std::size_t size : {0U, 1U, 125U, 126U, 65535U, 65536U}) {
    const std::string text(size, 'x');
    for (const bool bytewise : {false, true}) {
      Decoder decoder(Side::server, 100'000);
      const std::string frame = masked(Opcode::text, text);
      int messages = 0;
      for (std::size_t at = 0; at < frame.size(); at += bytewise ? 1 : frame.size()) {
        decoder.feed(std::string_view(frame).substr(at, bytewise ? 1 : frame.size()));
        const auto got = decoder.next();
        ASSERT_TRUE(got.has_value());
        if (!got->has_value()) continue;
        ++messages;
        EXPECT_EQ((*got)->bytes, text);
      }
      EXPECT_EQ(messages, 1) << size;
    }
  }
}

TEST(Websocket, FragmentsJoinAroundControlFrames) {
  Decoder decoder(Side::client, 100);
  decoder.feed("\x01\x02he"s + "\x89\x01!"s + "\x00\x02ll"s + "\x80\x01o"s + "\x88\x04\x03\xe8"s + "by");
  auto got = decoder.next();
  ASSERT_TRUE(got.has_value() && got->has_value());
  EXPECT_EQ((*got)->kind, Opcode::ping);
  got = decoder.next();
  ASSERT_TRUE(got.has_value() && got->has_value());
  EXPECT_EQ((*got)->kind, Opcode::text);
  EXPECT_EQ((*got)->bytes, "hello");
  got = decoder.next();
  ASSERT_TRUE(got.has_value() && got->has_value());
  EXPECT_EQ((*got)->kind, Opcode::close);
  EXPECT_EQ((*got)->code, 1000);
  EXPECT_EQ((*got)->bytes, "by");
  got = decoder.next();
  ASSERT_TRUE(got.has_value());
  EXPECT_FALSE(got->has_value());
}

TEST(Websocket, BrokenFramesAreRefused) {
  struct Case {
    const char* name;
    std::string bytes;
    std::uint16_t code;
  };
  const Case cases[] = {
      {"masked for a client", masked(Opcode::text, "a"), 1002},
      {"reserved bit", "\xc1\x01"s, 1002},
      {"unknown opcode", "\x83\x01"s, 1002},
      {"unknown control", "\x8b\x01"s, 1002},
      {"fragmented ping", "\x09\x01"s, 1002},
      {"long ping", "\x89\x7e"s, 1002},
      {"continuation of nothing", "\x80\x01"s, 1002},
      {"text inside a message", "\x01\x01x\x81\x01"s, 1002},
      {"length written longer than needed", "\x81\x7e\x00\x01"s, 1002},
      {"claim of 2^63", "\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00"s, 1009},
      {"claim over the limit", "\x82\x7e\x10\x00"s, 1009},
      {"fragments over the limit", "\x02\x02xx\x80\x63"s, 1009},
      {"close of one byte", "\x88\x01\x03"s, 1002},
      {"close code 1005", "\x88\x02\x03\xed"s, 1002},
      {"close reason not UTF-8", "\x88\x03\x03\xe8\xff"s, 1007},
      {"text not UTF-8", "\x81\x02\xc0\x80"s, 1007},
      {"a surrogate", "\x81\x03\xed\xa0\x80"s, 1007},
  };
  for (const Case& c : cases) {
    Decoder decoder(Side::client, 100);
    decoder.feed(c.bytes);
    const auto got = decoder.next();
    ASSERT_FALSE(got.has_value()) << c.name;
    EXPECT_EQ(got.error().code, c.code) << c.name;
  }
  Decoder server(Side::server, 100);
  server.feed("\x81\x01x");
  EXPECT_FALSE(server.next().has_value());
}

TEST(Websocket, CloseReasonsAreCutAtACharacter) {
  std::string reason(122, 'x');
  reason += "\xe1\x88\xb4";
  EXPECT_EQ(websocket::close_payload(1000, reason), "\x03\xe8" + std::string(122, 'x'));
  EXPECT_EQ(websocket::close_payload(1005, ""), "\x03\xe8");
}

}  // namespace websocket_test
}  // namespace tandem
