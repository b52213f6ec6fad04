// Goal: proto/records.proto says what the bytes of a record hold, and any protobuf program reads and writes them.
// Method: the committed file is compared with what the code generates; random records of every kind go through
// libprotobuf, which knows nothing but the file, and back, in both directions; and through schemas that have more
// fields, and fewer.
#include "record/proto_testing.h"
#include "record/record_proto_testing.h"

namespace tandem::record {
namespace {

using namespace testing;

constexpr const char* kFile = "records.proto";
constexpr int kRounds = 40;  // for each kind of record

TEST(Proto, TheFileIsWhatTheCodeSays) { expect_committed(kFile, records_schema()); }

TEST(Proto, ARecordReadsAsItIsNamed) {
  Files files(kFile);
  Record record;
  record.origin = NodeId{2};
  record.incarnation = Incarnation{77};
  record.sequence = Sequence{5};
  record.at = Hlc::at(1000);
  presence::SignInAcked acked;
  acked.agent = AgentId{Uuid{{1, 2}}};
  acked.term = Term{9};
  acked.others[NodeId{3}] = Term{8};
  record.body = presence::Rec{acked};
  const auto message = files.make("Record");
  ASSERT_TRUE(message->ParseFromString(record_codec().encode(record)));
  EXPECT_EQ(message->ShortDebugString(),
            R"(origin: 2 incarnation: 77 sequence: 5 at: 65536000 body { presence { sign_in_acked { )"
            R"(agent: "\001\002\000\000\000\000\000\000\000\000\000\000\000\000\000\000" term: 9 )"
            R"(others { key: 3 value: 8 } } } })");
}

TEST(Proto, ProtobufReadsEveryKindOfRecord) {
  Files files(kFile);
  Rng rng{1};
  for (int round = 0; round < kRounds; ++round) {
    each_record(rng, [&](const Record& record) { expect_read_by_protobuf(files, record_codec(), record); });
  }
}

TEST(Proto, TheStampIsFoundWithoutDecoding) {
  Rng rng{5};
  each_record(rng, [&](const Record& record) {
    const std::optional<Hlc> stamp = stamp_of(record_codec().encode(record));
    EXPECT_EQ(stamp.value_or(Hlc{}), record.at);
  });
  for (int round = 0; round < 1000; ++round) static_cast<void>(stamp_of(some_bytes(rng)));
  EXPECT_EQ(stamp_of(""), std::nullopt);
  EXPECT_EQ(stamp_of("\x20"), std::nullopt);       // ends in front of the number
  EXPECT_EQ(stamp_of("\x0a\x01x"), std::nullopt);  // text where the origin should be
}

TEST(Proto, EveryRecordOfProtobufIsRead) {
  Files files(kFile);
  Rng rng{2};
  for (int round = 0; round < 40 * kRounds; ++round) expect_read_by_wire(files, record_codec(), rng);
}

TEST(Proto, WhatALaterBuildAddsIsSkipped) {
  Files files(kFile);
  Files later(kFile, add_fields);
  Rng rng{3};
  for (int round = 0; round < 10 * kRounds; ++round) expect_additions_skipped(files, later, record_codec(), rng);
}

TEST(Proto, AnEarlierSchemaLosesNothing) {
  Files earlier(kFile, take_fields);
  Rng rng{4};
  for (int round = 0; round < kRounds; ++round) {
    each_record(rng, [&](const Record& record) { expect_kept_by_earlier(earlier, record_codec(), record); });
  }
}

// What cannot be skipped is refused: a kind of record or a value of an enum that this build does not know would be
// taken for another.
TEST(Proto, AnUnknownKindIsRefused) {
  Files files(kFile);
  const auto message = files.make("Record");
  const auto body = message->GetDescriptor()->FindFieldByName("body");
  pb::Message* inside = message->GetReflection()->MutableMessage(message.get(), body);
  inside->GetReflection()->MutableUnknownFields(inside)->AddLengthDelimited(500, "a later module");
  EXPECT_EQ(record_codec().decode(bytes_of(*message)).error().code, Errc::corrupt);

  const auto slot = files.make("PresenceSlot");
  const auto state = slot->GetDescriptor()->FindFieldByName("state");
  slot->GetReflection()->SetEnumValue(slot.get(), state, static_cast<int>(presence::SlotState::last_) + 1);
  EXPECT_EQ(wire::decode<presence::Slot>(bytes_of(*slot)).error().code, Errc::corrupt);
}

}  // namespace
}  // namespace tandem::record
