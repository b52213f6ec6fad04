// An error as the service's clients know it: a name, a status and a message, in a header and a JSON body.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "api/model/description.h"
#include "base/error.h"
#include "codec/http.h"

namespace tandem::model {

struct ServiceError {
  std::string type;  // `ResourceNotFoundException`
  int status = 400;
  std::string message;
  boost::json::object members;  // what the body holds besides the message: `problems`, `ResourceId`
};

// Errors of the protocol, which no operation declares.
[[nodiscard]] ServiceError unknown_operation();                     // 404
[[nodiscard]] ServiceError not_served(const Operation& operation);  // 501: described, and nobody answers it here
[[nodiscard]] ServiceError not_readable(std::string message);       // SerializationException, 400

// An error that `operation` declares, under its declared status. One it does not declare is our bug and stops the
// process: handlers name what they answer with as a literal.
[[nodiscard]] ServiceError declared_error(const Operation& operation, std::string_view type, std::string message,
                                          boost::json::object members = {});
// What a caller's input is answered with when it breaks a rule the description cannot state.
[[nodiscard]] ServiceError invalid_input(const Operation& operation, std::string message);
// The nearest error `operation` declares for one of ours. Text of internal errors stays here: `detail` is for the log.
[[nodiscard]] ServiceError service_error(const Operation& operation, const Error& error);

[[nodiscard]] http::Response error_response(const ServiceError& error, std::string_view request_id);

}  // namespace tandem::model
