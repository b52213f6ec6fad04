// Records for the tests of proto/records.proto. What walks every description is compiled apart from what includes
// protobuf's headers.
#pragma once

#include <functional>

#include "record/record.h"
#include "record/values_testing.h"

namespace tandem::record::testing {

[[nodiscard]] std::string records_schema();
[[nodiscard]] const Codec<Record>& record_codec();
// Calls `one` with a drawn record of every kind in turn.
void each_record(Rng& rng, const std::function<void(const Record&)>& one);

}  // namespace tandem::record::testing
