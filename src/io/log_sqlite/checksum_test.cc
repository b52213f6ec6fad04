// Goal: the checksum is the published one, so other tools can compute it, and it sees every single changed bit.
// Method: vectors of the reference implementation; then each bit of a record's bytes and of its place is flipped.
#include "io/log_sqlite/checksum.h"

#include <gtest/gtest.h>

#include <string>

namespace tandem::log_sqlite {
namespace {

TEST(Checksum, MatchesTheReferenceImplementation) {
  EXPECT_EQ(xxh64(""), 0xEF46DB3751D8E999u);
  EXPECT_EQ(xxh64("a"), 0xD24EC4F1A98C6E5Bu);
  EXPECT_EQ(xxh64("abc"), 0x44BC2CF5AD770999u);
  EXPECT_EQ(xxh64("Nobody inspects the spammish repetition"), 0xFBCEA83C8A378BF1u);
}

TEST(Checksum, SeesEveryChangedBitAndPlace) {
  const LogId log{NodeId{3}, Incarnation{77}};
  for (const std::size_t size : {1u, 7u, 31u, 32u, 45u, 300u}) {
    std::string bytes(size, 'r');
    const std::uint64_t whole = record_checksum(log, Sequence{9}, bytes);
    for (std::size_t bit = 0; bit < size * 8; ++bit) {
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
      EXPECT_NE(record_checksum(log, Sequence{9}, bytes), whole) << size << " bit " << bit;
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ 1 << bit % 8);
    }
    EXPECT_NE(record_checksum(log, Sequence{10}, bytes), whole);
    EXPECT_NE(record_checksum({NodeId{4}, Incarnation{77}}, Sequence{9}, bytes), whole);
    EXPECT_NE(record_checksum({NodeId{3}, Incarnation{78}}, Sequence{9}, bytes), whole);
  }
}

}  // namespace
}  // namespace tandem::log_sqlite
