#include "api/connect/operations/operations.h"

#include "base/check.h"

namespace tandem::operations {
namespace {

// Both files are one long string literal each; clang counts a limit that it does not have itself.
#ifdef __clang__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Woverlength-strings"
#endif
constexpr std::string_view kConnect =
#include "api/connect/operations/connect.api"
    ;
constexpr std::string_view kParticipant =
#include "api/connect/operations/participant.api"
    ;
#ifdef __clang__
#pragma clang diagnostic pop
#endif

model::Description described(std::string_view text) {
  auto description = model::Description::parse(text);
  TANDEM_CHECK(description.has_value());  // a test parses both, and names the line when one is wrong
  return std::move(*description);
}

}  // namespace

const model::Description& connect() {
  static const model::Description kDescription = described(kConnect);
  return kDescription;
}

const model::Description& participant() {
  static const model::Description kDescription = described(kParticipant);
  return kDescription;
}

std::string_view connect_text() { return kConnect; }
std::string_view participant_text() { return kParticipant; }

}  // namespace tandem::operations
