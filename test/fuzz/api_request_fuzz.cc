// Any bytes as a request of either service: routed, judged, and answered by a handler that echoes nothing. The answer
// is always a JSON object, an error names its type, and what a handler is given is valid when it is judged again.
//
// Input: first byte picks service and method, then the target up to a line feed, then header x-amz-bearer up to a line
// feed, then the body.

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "api/connect/operations/operations.h"
#include "api/model/arn.h"
#include "api/model/service.h"
#include "api/model/validate.h"
#include "base/check.h"

namespace {

using tandem::model::Answer;
using tandem::model::Call;
using tandem::model::Description;
using tandem::model::Service;

// Takes what validation let through and checks that a second judgement of it, sent as a body, finds nothing wrong
// either.
Answer judge_again(const Call& call) {
  boost::json::object body;
  tandem::http::Headers headers;
  tandem::model::Route route;
  route.operation = call.operation;
  for (const auto& member : call.operation->input.members) {
    const auto* value = call.input.if_contains(member.name);
    TANDEM_CHECK(value != nullptr || !member.required);
    if (value == nullptr) continue;
    if (value->is_string()) static_cast<void>(tandem::model::id_of(value->get_string(), "queue"));
    using Location = tandem::model::Member::Location;
    if (member.location == Location::body) body.emplace(member.name, *value);
    if (member.location == Location::header) headers.emplace_back(member.wire_name, value->get_string());
  }
  for (const std::string& parameter : call.operation->parameters) {
    route.path.emplace_back(call.input.at(parameter).get_string());
  }
  const auto again = tandem::model::validate(route, headers, boost::json::serialize(body));
  TANDEM_CHECK(again.has_value());
  return boost::json::object{};
}

const Service& served(const Description& description) {
  static std::map<const Description*, Service> services;
  const auto [at, fresh] = services.try_emplace(&description, description);
  if (fresh) {
    for (const auto& operation : description.operations()) at->second.answer(operation.name, judge_again);
  }
  return at->second;
}

std::string_view line_of(std::string_view& rest) {
  const auto end = rest.find('\n');
  const std::string_view line = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static constexpr const char* kMethods[] = {"GET", "PUT", "POST", "DELETE"};
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  tandem::http::Request request;
  request.method = kMethods[data[0] % 4];
  request.target = line_of(rest);
  request.headers.emplace_back("x-amz-bearer", line_of(rest));
  request.body = rest;
  const bool connect = (data[0] & 4) == 0;
  const Description& description = connect ? tandem::operations::connect() : tandem::operations::participant();
  std::optional<tandem::http::Response> response;
  served(description)
      .handle(request, {.request_id = "r", .region = "us-east-1", .principal = {}},
              [&](tandem::http::Response answer) { response = std::move(answer); });
  TANDEM_CHECK(response.has_value());
  const auto body = boost::json::parse(response->body);
  TANDEM_CHECK(body.is_object());
  const bool error = tandem::http::find(response->headers, "x-amzn-errortype") != nullptr;
  TANDEM_CHECK(error == (response->status != 200));
  TANDEM_CHECK(!error || body.get_object().contains("Message"));
  return 0;
}
