// Goal: a frame survives the wire as it was, and no bytes do harm.
// Method: one of each alternative there and back; then every cut and many mutations of their bytes.
#include "cluster/frames.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace tandem::cluster {
namespace {

std::vector<Frame> one_of_each() {
  const LogId log{NodeId{2}, Incarnation{77}};
  const KeyId key{derive_uuid({}, "key")};
  const LoggedRecord record{std::string("\0\x01\xff", 3), {{key, "wrapped", false}, {key, "", true}}};
  return {
      Hello{
          NodeId{1}, kProtocolVersion, 3, "0.1.0", Incarnation{9}, 4, {{log, Sequence{5}}}, {{log, Sequence{4}}}, true},
      Subscribe{log, Sequence{5}},
      Unsubscribe{log},
      Batch{log, Sequence{6}, 12345, {record, record}},
      Progress{Incarnation{9}, {{log, Sequence{6}}}, {}},
      Heartbeat{
          Incarnation{9}, 123456789ns, {NodeId{1}, NodeId{3}}, true, false, 250us, {}, {true, false, true, 4s, 90ms}},
      Relay{NodeId{1}, NodeId{3}, 1, "inner"},
      ToNode{"payload"},
      Truncated{log, Sequence{100}},
      SnapshotAsk{7, 4},
      SnapshotChunk{7, {{log, Sequence{5}}}, 0, 3, "chunk"},
      Fetch{log, Sequence{3}},
      Fetched{log, Sequence{3}, record},
  };
}

TEST(Frames, ComeBackAsTheyWere) {
  const auto frames = one_of_each();
  ASSERT_EQ(frames.size(), std::variant_size_v<Frame>);
  for (std::size_t i = 0; i < frames.size(); ++i) {
    EXPECT_EQ(frames[i].index(), i);
    const auto back = decode_frame(encode_frame(frames[i]));
    ASSERT_TRUE(back.has_value()) << i;
    EXPECT_EQ(*back, frames[i]) << i;
  }
}

TEST(Frames, AViewOfABatchIsSentAsTheBatch) {
  const LogId log{NodeId{2}, Incarnation{77}};
  const std::vector<LoggedRecord> records = {
      {"", {}}, {std::string(300, 'r'), {{KeyId{derive_uuid({}, "key")}, "wrapped", false}}}, {"last", {}}};
  Batch batch{log, Sequence{6}, 12345, {}};
  BatchView view{log, Sequence{6}, 12345, {}};
  for (const LoggedRecord& record : records) {
    batch.records.push_back(record);
    view.records.push_back(&record);
    EXPECT_EQ(encode_frame(view), encode_frame(Frame{batch}));
  }
}

TEST(Frames, DefaultsComeBackToo) {
  EXPECT_EQ(decode_frame(encode_frame(ToNode{})), Result<Frame>(ToNode{}));
  EXPECT_EQ(decode_frame(encode_frame(Heartbeat{})), Result<Frame>(Heartbeat{}));
}

TEST(Frames, CutOrChangedBytesAreAnErrorOrAnotherFrame) {
  Rng rng{1};
  for (const Frame& frame : one_of_each()) {
    const std::string bytes = encode_frame(frame);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_FALSE(decode_frame(std::string_view(bytes).substr(0, size)).has_value());
    }
    for (int i = 0; i < 2000; ++i) {
      std::string changed = bytes;
      changed[rng.below(changed.size())] = static_cast<char>(rng.below(256));
      if (const auto other = decode_frame(changed)) {
        EXPECT_EQ(decode_frame(encode_frame(*other)), other);
      }
    }
  }
}

TEST(Frames, LimitsHold) {
  const auto large = decode_frame(std::string(kFrameBytesMax + 1, '\0'));
  ASSERT_FALSE(large.has_value());
  EXPECT_EQ(large.error().code, Errc::limit_exceeded);
  // Two bytes an element: a small frame must not become a large allocation.
  Batch many;
  many.records.resize(kFrameElementsMax + 1);
  EXPECT_FALSE(decode_frame(encode_frame(many)).has_value());
}

TEST(RecordHash, TellsRecordsApartAndIsNeverZero) {
  EXPECT_NE(record_hash(""), 0U);
  EXPECT_NE(record_hash("a"), record_hash("b"));
  EXPECT_NE(record_hash("12345678"), record_hash("1234567"));
  EXPECT_NE(record_hash(std::string(1, '\0')), record_hash(std::string(2, '\0')));
  EXPECT_NE(record_hash("12345678abcdefgh"), record_hash("abcdefgh12345678"));
  // Nodes of different builds compare it: the function never changes.
  EXPECT_EQ(record_hash("tandem"), 0x70488101d1122208U);
}

}  // namespace
}  // namespace tandem::cluster
