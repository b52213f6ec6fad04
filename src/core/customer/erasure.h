// Which sealing keys are gone for good: whatever they sealed is nobody's to read, and no copy of them may be left.
#pragma once

#include <set>

#include "core/access/view.h"
#include "core/body.h"
#include "core/customer/state.h"

namespace tandem::customer {

[[nodiscard]] std::set<KeyId> erased_keys(const access::State& access, const State& customers);
// Because of this record, which was applied. Some may have been before.
[[nodiscard]] std::set<KeyId> erased_by(const Body& record, const State& customers);

}  // namespace tandem::customer
