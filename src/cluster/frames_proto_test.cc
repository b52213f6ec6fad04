// Goal: proto/frames.proto says what peers send each other. Method: as in src/record/proto_test.cc.
#include "cluster/frames_proto_testing.h"
#include "record/proto_testing.h"

namespace tandem::cluster {
namespace {

using namespace testing;
using namespace record::testing;

constexpr const char* kFile = "frames.proto";
constexpr int kRounds = 40;  // for each kind of frame

TEST(FramesProto, TheFileIsWhatTheCodeSays) { expect_committed(kFile, frames_schema()); }

TEST(FramesProto, ProtobufReadsEveryKindOfFrame) {
  Files files(kFile);
  Rng rng{1};
  for (int round = 0; round < kRounds; ++round) {
    each_frame(rng, [&](const Frame& frame) { expect_read_by_protobuf(files, frame_codec(), frame); });
  }
}

TEST(FramesProto, EveryFrameOfProtobufIsRead) {
  Files files(kFile);
  Rng rng{2};
  for (int round = 0; round < 20 * kRounds; ++round) expect_read_by_wire(files, frame_codec(), rng);
}

TEST(FramesProto, WhatALaterBuildAddsIsSkipped) {
  Files files(kFile);
  Files later(kFile, add_fields);
  Rng rng{3};
  for (int round = 0; round < 10 * kRounds; ++round) expect_additions_skipped(files, later, frame_codec(), rng);
}

TEST(FramesProto, AnEarlierSchemaLosesNothing) {
  Files earlier(kFile, take_fields);
  Rng rng{4};
  for (int round = 0; round < kRounds; ++round) {
    each_frame(rng, [&](const Frame& frame) {
      // A kind of frame that the earlier schema does not have is no frame to it, but stays.
      expect_kept_by_earlier(earlier, frame_codec(), frame);
    });
  }
}

}  // namespace
}  // namespace tandem::cluster
