// The node's readings in the Prometheus text format.
#pragma once

#include <string>

#include "api/ops/ops.h"

namespace tandem::app {

class Runtime;

[[nodiscard]] std::string metrics_text(const api::OpsFacts& facts, const Runtime& runtime);

}  // namespace tandem::app
