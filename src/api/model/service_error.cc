#include "api/model/service_error.h"

#include <boost/json/serialize.hpp>
#include <initializer_list>
#include <utility>

#include "base/check.h"

namespace tandem::model {
namespace {

ServiceError from_shape(const ErrorShape& shape, std::string message) {
  return {.type = shape.name, .status = shape.status, .message = std::move(message), .members = {}};
}

const ErrorShape* first_declared(const Operation& operation, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    for (const ErrorShape* shape : operation.errors) {
      if (shape->name == name) return shape;
    }
  }
  return nullptr;
}

ServiceError internal_error(const Operation& operation, std::string message) {
  for (const ErrorShape* shape : operation.errors) {
    if (shape->status == 500) return from_shape(*shape, std::move(message));
  }
  return {.type = "InternalServiceException", .status = 500, .message = std::move(message), .members = {}};
}

}  // namespace

ServiceError unknown_operation() {
  return {.type = "UnknownOperationException",
          .status = 404,
          .message = "No operation of this service has this method and path.",
          .members = {}};
}

ServiceError not_served(const Operation& operation) {
  return {.type = "NotImplementedException",
          .status = 501,
          .message = "The operation " + operation.name + " is known here and not implemented.",
          .members = {}};
}

ServiceError not_readable(std::string message) {
  return {.type = "SerializationException", .status = 400, .message = std::move(message), .members = {}};
}

ServiceError declared_error(const Operation& operation, std::string_view type, std::string message,
                            boost::json::object members) {
  const ErrorShape* shape = first_declared(operation, {type});
  TANDEM_CHECK(shape != nullptr);
  ServiceError error = from_shape(*shape, std::move(message));
  error.members = std::move(members);
  return error;
}

ServiceError invalid_input(const Operation& operation, std::string message) {
  return from_shape(*operation.on_invalid, std::move(message));
}

ServiceError service_error(const Operation& operation, const Error& error) {
  const auto nearest = [&](std::initializer_list<std::string_view> names) {
    const ErrorShape* shape = first_declared(operation, names);
    return from_shape(shape != nullptr ? *shape : *operation.on_invalid, error.detail);
  };
  switch (error.code) {
    case Errc::invalid:
      return invalid_input(operation, error.detail);
    case Errc::not_found:
      return nearest({"ContactNotFoundException", "ResourceNotFoundException"});
    case Errc::already_exists:
      return nearest({"DuplicateResourceException", "ConflictException"});
    case Errc::in_use:
      return nearest({"ResourceInUseException", "ConflictException", "InvalidRequestException"});
    case Errc::refused:
      return nearest({"InvalidRequestException", "ResourceConflictException", "ConflictException"});
    case Errc::limit_exceeded:
      return nearest({"LimitExceededException", "ServiceQuotaExceededException", "ThrottlingException"});
    case Errc::denied:
    case Errc::unauthenticated:
      // Any operation may answer this, declared or not.
      return {.type = "AccessDeniedException", .status = 403, .message = error.detail, .members = {}};
    case Errc::not_owner:
      if (const ErrorShape* shape = first_declared(operation, {"InvalidActiveRegionException"})) {
        return from_shape(*shape, "The contact is active in another region.");
      }
      return internal_error(operation, "Another region decides about this; try again.");
    // Clients repeat after these, and by then the cause may be gone.
    case Errc::move_in_flight:
    case Errc::log_full:
    case Errc::no_quorum:
    case Errc::unreachable:
    case Errc::timed_out:
    case Errc::shutting_down:
      return internal_error(operation, error.detail);
    case Errc::corrupt:
    case Errc::internal:
      break;
  }
  return internal_error(operation, "Internal failure; the request id names it in the log.");
}

http::Response error_response(const ServiceError& error, std::string_view request_id) {
  boost::json::object body = error.members;
  body["Message"] = error.message;
  return {.status = error.status,
          .headers = {{"content-type", "application/json"},
                      {"x-amzn-errortype", error.type},
                      {"x-amzn-requestid", std::string(request_id)}},
          .body = boost::json::serialize(body)};
}

}  // namespace tandem::model
