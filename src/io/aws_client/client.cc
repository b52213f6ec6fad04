#include "io/aws_client/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <optional>
#include <thread>

namespace tandem::aws {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;

Hlc wall_clock() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return Hlc::at(static_cast<std::uint64_t>(std::chrono::duration_cast<milliseconds>(since).count()));
}

std::string header(const http::Response& response, std::string_view name) {
  const std::string* value = http::find(response.headers, name);
  return value == nullptr ? std::string() : *value;
}

std::string member(const json::object& from, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const json::value* value = from.if_contains(name);
    if (value != nullptr && value->is_string()) return std::string(value->get_string());
  }
  return {};
}

// "com.amazonaws.connect#ThrottlingException:http://..." is a ThrottlingException.
std::string bare_name(std::string name) {
  name = name.substr(0, name.find(':'));
  return name.substr(name.rfind('#') + 1);
}

bool throttled(const Failure& failure) {
  return failure.status == 429 || failure.name.find("Throttl") != std::string::npos ||
         failure.name == "TooManyRequestsException" || failure.name == "RequestLimitExceeded" ||
         failure.name == "SlowDown";
}

bool passing(const Failure& failure) {
  switch (failure.status) {
    case 0:
      return failure.code == Errc::unreachable || failure.code == Errc::timed_out;
    case 500:
    case 502:
    case 503:
    case 504:
      return true;
    default:
      return false;
  }
}

Errc code_of(const Failure& failure) {
  if (throttled(failure)) return Errc::limit_exceeded;
  switch (failure.status) {
    case 401:
    case 403:
      return Errc::denied;
    case 404:
      return Errc::not_found;
    case 409:
      return Errc::refused;
    default:
      return failure.status < 500 ? Errc::invalid : Errc::internal;
  }
}

Failure read_failure(const http::Response& response) {
  Failure out;
  out.status = response.status;
  out.request_id = header(response, "x-amzn-requestid");
  boost::system::error_code bad;
  const json::value body = json::parse(response.body, bad);
  const json::object none;
  const json::object& said = !bad && body.is_object() ? body.get_object() : none;
  out.name = header(response, "x-amzn-errortype");
  if (out.name.empty()) out.name = member(said, {"__type", "code", "Code"});
  out.name = bare_name(out.name);
  out.message = member(said, {"message", "Message"});
  if (out.message.empty()) out.message = response.body.substr(0, 200);
  out.code = code_of(out);
  return out;
}

// How long the service asks to be left alone.
milliseconds asked_pause(const http::Response& response) {
  for (const auto& [name, unit] : {std::pair{"x-amz-retry-after", 1}, std::pair{"retry-after", 1'000}}) {
    const std::string text = header(response, name);
    std::uint32_t count = 0;
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (wrong == std::errc{} && end == text.data() + text.size()) {
      return milliseconds(static_cast<std::int64_t>(count) * unit);
    }
  }
  return milliseconds(0);
}

}  // namespace

std::string Failure::text() const {
  std::string out = name.empty() ? message : (message.empty() ? name : name + ": " + message);
  if (status != 0 && name.empty()) out = fmt::format("status {}: {}", status, out);
  if (attempts > 1) out += fmt::format(" (tried {} times)", attempts);
  if (!request_id.empty()) out += " [request " + request_id + "]";
  return out;
}

Client::Client(http::Client& http, Endpoint endpoint, Options options)
    : http_(http), endpoint_(std::move(endpoint)), options_(std::move(options)), rng_{options_.seed} {
  if (!options_.clock) options_.clock = wall_clock;
  if (!options_.wait) options_.wait = [](milliseconds pause) { std::this_thread::sleep_for(pause); };
}

http::Fetch Client::sign(const Call& call) const {
  http::Request request;
  request.method = call.method;
  request.target = call.target;
  request.body = call.body;
  request.headers = {{"host", endpoint_.url.substr(endpoint_.url.find("://") + 3)}};
  if (!call.body.empty()) request.headers.emplace_back("content-type", "application/json");
  sigv4::sign(request, endpoint_.credentials, endpoint_.region, endpoint_.service, options_.clock());
  http::Fetch out;
  out.url = endpoint_.url + call.target;
  out.method = call.method;
  out.headers = std::move(request.headers);
  out.body = call.body;
  out.timeout = options_.timeout;
  out.ca_file = endpoint_.ca_file;
  return out;
}

std::expected<Answer, Failure> Client::call(const Call& call) {
  milliseconds range = options_.pause_first;
  for (int attempt = 1;; ++attempt) {
    Failure failure;
    milliseconds pause{0};
    const auto response = http::fetch_now(http_, sign(call));  // signed anew: signatures grow old
    if (!response) {
      failure.code = response.error().code;
      failure.message = endpoint_.url + ": " + response.error().detail;
    } else if (response->status >= 200 && response->status < 300) {
      return Answer{response->body, header(*response, "x-amzn-requestid"), attempt};
    } else {
      failure = read_failure(*response);
      pause = asked_pause(*response);
    }
    failure.attempts = attempt;
    // What was throttled was not done.
    const bool again = throttled(failure) || (call.repeatable && passing(failure));
    if (!again || attempt >= options_.attempts_max) return std::unexpected(failure);
    const auto drawn = rng_.below(static_cast<std::uint64_t>(range.count()) + 1);
    pause = std::min(std::max(pause, milliseconds(static_cast<std::int64_t>(drawn))), options_.pause_max);
    options_.wait(pause);
    range = std::min(range * 2, options_.pause_max);
  }
}

}  // namespace tandem::aws
