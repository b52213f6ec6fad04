// Goal: equal values have equal bytes, what was written is read, and no bytes do harm.
// Method: one struct with a field of each kind, by hand where the bytes matter; cuts and drawn bytes for the rest. That
// protobuf agrees is shown in src/record/proto_test.cc.
#include "codec/wire.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace tandem::wire {
namespace {

using namespace std::chrono_literals;

enum class Colour : std::uint8_t { red, green, blue, last_ = blue };

struct Leaf {
  std::uint32_t number = 0;
  std::string text;
  friend bool operator==(const Leaf&, const Leaf&) = default;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "number", s.number);
    f(2, "text", s.text);
  }
};
struct Empty {
  friend bool operator==(const Empty&, const Empty&) = default;
  template <class S, class F>
  static void fields(S&, F&&) {}
};

struct All {
  bool flag = false;
  std::int32_t small = 0;
  std::int64_t wide = 0;
  std::uint16_t narrow = 0;
  Colour colour = Colour::red;
  Uuid id;
  NodeId node;
  Hlc at;
  std::chrono::milliseconds wait{};
  std::string text;
  Leaf leaf;
  std::optional<std::uint32_t> maybe;
  std::vector<Leaf> leaves;
  std::set<std::uint64_t> numbers;
  std::map<std::string, Leaf> named;
  std::variant<Empty, Leaf> either;
  friend bool operator==(const All&, const All&) = default;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "flag", s.flag);
    f(2, "small", s.small);
    f(3, "wide", s.wide);
    f(4, "narrow", s.narrow);
    f(5, "colour", s.colour);
    f(6, "id", s.id);
    f(7, "node", s.node);
    f(8, "at", s.at);
    f(9, "wait", s.wait);
    f(10, "text", s.text);
    f(11, "leaf", s.leaf);
    f(12, "maybe", s.maybe);
    f(13, "leaves", s.leaves);
    f(16, "numbers", s.numbers);
    f(17, "named", s.named);
    f(18, "either", s.either);
  }
};

All full() {
  All all;
  all.flag = true;
  all.small = -5;
  all.wide = INT64_MIN;
  all.narrow = 65535;
  all.colour = Colour::blue;
  all.id.bytes[0] = 7;
  all.node = NodeId{3};
  all.at = Hlc{~std::uint64_t{0}};
  all.wait = -1ms;
  all.text = std::string(300, 'x');  // a length of two bytes
  all.leaf = {1, std::string(200, 'y')};
  all.maybe = 0;  // present, though zero
  all.leaves = {{}, {2, ""}};
  all.numbers = {0, 1, ~std::uint64_t{0}};
  all.named = {{"", {}}, {"a", {3, "z"}}};
  all.either = Leaf{9, ""};
  return all;
}

// A message within a message, as deep as asked for.
struct Deep {
  std::vector<Deep> inner;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "inner", s.inner);
  }
};

TEST(Wire, EveryKindOfFieldComesBack) {
  const All all = full();
  const auto back = decode<All>(encode(all));
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, all);
  const auto nothing = decode<All>("");
  ASSERT_TRUE(nothing);
  EXPECT_EQ(*nothing, All{});
}

TEST(Wire, DefaultsTakeNoRoomAndTheBytesAreKnown) {
  EXPECT_EQ(encode(Leaf{}), "");
  EXPECT_EQ(encode(Leaf{300, "hi"}), std::string("\x08\xac\x02\x12\x02hi"));
  // All but the variant, which always says which alternative it is.
  EXPECT_EQ(encode(All{}), std::string("\x92\x01\x02\x0a\x00", 5));
}

TEST(Wire, OrderOfFieldsAndRepeatsDoNotMatterToTheReader) {
  const auto late = decode<Leaf>("\x12\x02hi\x08\x01\x08\x02");
  ASSERT_TRUE(late);
  EXPECT_EQ(*late, (Leaf{2, "hi"}));
}

TEST(Wire, UnknownFieldsAreSkippedWhateverTheirKind) {
  const std::string unknown(
      "\x98\x06\x05" /* 99: 5 */
      "\x99\x06"
      "12345678"
      "\x9d\x06"
      "1234"
      "\x9a\x06\x03"
      "abc");
  const auto leaf = decode<Leaf>(unknown + "\x08\x07" + unknown);
  ASSERT_TRUE(leaf);
  EXPECT_EQ(leaf->number, 7U);
  EXPECT_FALSE(decode<Leaf>("\x9b\x06\x9c\x06")) << "a group, which nobody writes";
}

TEST(Wire, ValuesOutsideTheirTypeAreRefused) {
  const auto refused = [](std::string bytes) { return !decode<All>(bytes); };
  EXPECT_TRUE(refused("\x08\x02"));                  // a bool of 2
  EXPECT_TRUE(refused("\x20\x80\x80\x04"));          // 65536 in 16 bits
  EXPECT_TRUE(refused("\x10\xff\xff\xff\xff\x1f"));  // beyond 32 signed bits
  EXPECT_TRUE(refused("\x28\x03"));                  // a colour nobody knows
  EXPECT_TRUE(
      refused("\x32\x02"
              "ab"));  // an id of two bytes
  EXPECT_TRUE(
      refused("\x52\x05"
              "abcd"));                                                      // shorter than it says
  EXPECT_TRUE(refused("\x52\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));      // nearly for ever
  EXPECT_TRUE(refused("\x40\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"));      // 65 bits
  EXPECT_TRUE(refused("\x40\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"));  // eleven bytes
  EXPECT_TRUE(
      refused("\x55"
              "1234"));                              // text of the wrong kind
  EXPECT_TRUE(refused(std::string("\x00\x01", 2)));  // field 0
  EXPECT_TRUE(refused("\x92\x01\x00"));              // a variant without alternative
  EXPECT_TRUE(refused("\x92\x01\x02\x1a"));          // and one that ends early
}

TEST(Wire, NoPrefixOfAMessageIsTakenForMoreThanItIs) {
  const std::string bytes = encode(full());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto part = decode<All>(bytes.substr(0, size));
    EXPECT_FALSE(part && *part == full()) << size;
  }
}

TEST(Wire, ElementsAreCountedAgainstABudget) {
  All all;
  for (std::uint64_t n = 0; n < 10; ++n) all.numbers.insert(n);
  const std::string bytes = encode(all);
  EXPECT_TRUE(decode<All>(bytes, 10));
  EXPECT_FALSE(decode<All>(bytes, 9));
  // One budget for all of a message, nested ones included.
  Deep deep;
  deep.inner.resize(4);
  for (Deep& each : deep.inner) each.inner.resize(4);
  EXPECT_TRUE(decode<Deep>(encode(deep), 20));
  EXPECT_FALSE(decode<Deep>(encode(deep), 19));
}

TEST(Wire, NestingEnds) {
  const auto nested = [](int depth) {
    std::string bytes;
    for (int i = 0; i < depth; ++i) {
      std::string around("\x0a");
      put_varint(around, bytes.size());
      bytes = around + bytes;
    }
    return bytes;
  };
  EXPECT_TRUE(decode<Deep>(nested(32)));
  EXPECT_FALSE(decode<Deep>(nested(33)));
  EXPECT_FALSE(decode<Deep>(nested(10'000)));
}

TEST(Wire, DrawnBytesGiveAValueOrAnError) {
  Rng rng{1};
  const std::string good = encode(full());
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = good;
    for (std::uint64_t n = 1 + rng.below(4); n > 0; --n) bytes[rng.below(bytes.size())] = static_cast<char>(rng.next());
    const auto value = decode<All>(bytes, 1000);
    if (!value) continue;
    // Whatever it was, it is written canonically and then stays.
    const std::string again = encode(*value);
    const auto same = decode<All>(again);
    ASSERT_TRUE(same);
    ASSERT_EQ(*same, *value);
    ASSERT_EQ(encode(*same), again);
  }
}

}  // namespace
}  // namespace tandem::wire
