// The descriptions compiled into the program: connect.api and participant.api beside this file.
#pragma once

#include <string_view>

#include "api/model/description.h"

namespace tandem::operations {

// Parsed on first use, then shared.
[[nodiscard]] const model::Description& connect();
[[nodiscard]] const model::Description& participant();

// The files' text.
[[nodiscard]] std::string_view connect_text();
[[nodiscard]] std::string_view participant_text();

}  // namespace tandem::operations
