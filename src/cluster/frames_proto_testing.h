// Frames for the tests of proto/frames.proto; see record/record_proto_testing.h.
#pragma once

#include <functional>

#include "cluster/frames.h"
#include "record/values_testing.h"

namespace tandem::cluster::testing {

[[nodiscard]] std::string frames_schema();
[[nodiscard]] const record::testing::Codec<Frame>& frame_codec();
// Calls `one` with a drawn frame of every kind in turn.
void each_frame(Rng& rng, const std::function<void(const Frame&)>& one);

}  // namespace tandem::cluster::testing
