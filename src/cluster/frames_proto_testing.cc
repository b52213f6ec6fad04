#include "cluster/frames_proto_testing.h"

#include "record/schema_testing.h"

namespace tandem::cluster::testing {
namespace {

template <class... Kinds>
void each_of(Rng& rng, const std::function<void(const Frame&)>& one, const std::variant<Kinds...>*) {
  (one(Frame{record::testing::some<Kinds>(rng)}), ...);
}

}  // namespace

std::string frames_schema() {
  record::testing::Schema schema(
      "// What nodes send each other, one Frame at a time (docs/replication.md). Made from the C++ by\n"
      "// src/cluster/frames_proto_test.cc. Numbers are only added, never used again.\n");
  schema.import <LogId>("records.proto");
  schema.variant<Frame>("Frame");
  return schema.text();
}

const record::testing::Codec<Frame>& frame_codec() {
  static const auto codec = record::testing::codec_of<Frame>("Frame");
  return codec;
}

void each_frame(Rng& rng, const std::function<void(const Frame&)>& one) {
  each_of(rng, one, static_cast<const Frame*>(nullptr));
}

}  // namespace tandem::cluster::testing
