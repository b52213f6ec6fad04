// Reads a contact flow in the flow language (version 2019-10-30) into the program that core/flow runs.
#pragma once

#include <memory>
#include <string_view>

#include "base/error.h"

namespace tandem::config {
struct Program;
}

namespace tandem::record {

// Errors: invalid; `detail` holds one problem a line, each as the service words them ("Invalid Action type. Type: X,
// Path: Actions[0].Type"), so that a caller can answer with a list. An action this build does not run compiles.
[[nodiscard]] Result<std::shared_ptr<const config::Program>> compile_flow(std::string_view content);

// The same for config::State: null when it is no flow.
[[nodiscard]] std::shared_ptr<const config::Program> compile_or_null(std::string_view content);

}  // namespace tandem::record
