#include "api/model/service.h"

#include <utility>

#include "api/model/shape.h"
#include "api/model/validate.h"
#include "base/check.h"

namespace tandem::model {

http::Response response(const Operation& operation, const Answer& answer, std::string_view request_id,
                        const Service::OnMistake& on_mistake) {
  if (!answer) return error_response(answer.error(), request_id);
  auto body = shape(operation, *answer);
  if (!body) {
    if (on_mistake) on_mistake(std::string(request_id), body.error());
    return error_response(service_error(operation, body.error()), request_id);
  }
  return {.status = operation.status,
          .headers = {{"content-type", "application/json"}, {"x-amzn-requestid", std::string(request_id)}},
          .body = std::move(*body)};
}

Service::Service(const Description& description, OnMistake on_mistake)
    : description_(description), router_(description), on_mistake_(std::move(on_mistake)) {}

void Service::on(std::string_view operation, Handler handler) {
  const Operation* described = description_.find(operation);
  TANDEM_CHECK(described != nullptr);
  const bool fresh = handlers_.emplace(described, std::move(handler)).second;
  TANDEM_CHECK(fresh);
}

void Service::answer(std::string_view operation, std::function<Answer(const Call&)> handler) {
  on(operation, [handler = std::move(handler)](Call call, Reply reply) { reply(handler(call)); });
}

void Service::handle(const http::Request& request, Caller caller, http::Respond respond) const {
  const auto route = router_.route(request.method, request.target);
  if (!route) {
    const bool unknown = route.error().code == Errc::not_found;
    return respond(
        error_response(unknown ? unknown_operation() : not_readable(route.error().detail), caller.request_id));
  }
  const Operation& operation = *route->operation;
  const auto handler = handlers_.find(&operation);
  if (handler == handlers_.end()) return respond(error_response(not_served(operation), caller.request_id));
  auto input = validate(*route, request.headers, request.body);
  if (!input) return respond(error_response(input.error(), caller.request_id));
  Reply reply = [&operation, id = caller.request_id, on_mistake = on_mistake_, respond = std::move(respond)](
                    const Answer& answer) { respond(response(operation, answer, id, on_mistake)); };
  handler->second({.operation = &operation, .input = std::move(*input), .caller = std::move(caller)}, std::move(reply));
}

bool Service::knows(std::string_view method, std::string_view target) const {
  return router_.route(method, target).has_value();
}

std::vector<std::string> Service::unserved() const {
  std::vector<std::string> out;
  for (const Operation& operation : description_.operations()) {
    if (!handlers_.contains(&operation)) out.push_back(operation.name);
  }
  return out;
}

}  // namespace tandem::model
