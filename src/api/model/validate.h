// Judges a request by its operation's description, so that a handler sees valid input only.
#pragma once

#include <boost/json/object.hpp>
#include <expected>
#include <string_view>

#include "api/model/router.h"
#include "api/model/service_error.h"
#include "codec/http.h"

namespace tandem::model {

// The operation's input as one object, every member under its own name wherever it came from, holding described members
// only: unknown ones are left out and null counts as absent, both as at the service. Integers are int64, timestamps
// numbers of seconds, everything within its limits.
//
// Errors: SerializationException for a body that is no JSON object or a value of the wrong JSON type; else the
// operation's own error for invalid input, naming each member and the rule it breaks, never the value:
//   1 validation error detected: Value at 'name' failed to satisfy constraint: Member must have length greater than or
//   equal to 1
// Source of the rules' wording: what the AWS services answer.
[[nodiscard]] std::expected<boost::json::object, ServiceError> validate(const Route& route,
                                                                        const http::Headers& headers,
                                                                        std::string_view body);

}  // namespace tandem::model
