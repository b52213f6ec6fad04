// Calls of one service in one region, signed and tried again as the AWS SDKs do in their standard mode: up to three
// times, after a pause drawn from a range that doubles.
// Source: AWS SDKs and Tools Reference Guide, "Retry behavior".
#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <string>

#include "base/error.h"
#include "base/rng.h"
#include "codec/sigv4.h"
#include "io/http_client/client.h"

namespace tandem::aws {

struct Endpoint {
  std::string url;  // https://connect.us-east-1.amazonaws.com; a path after it is not supported
  std::string region;
  std::string service;
  sigv4::Credentials credentials;
  std::string ca_file;  // PEM; empty: the system's authorities
};

struct Call {
  std::string method = "GET";
  std::string target = "/";  // path and query, encoded
  std::string body;          // JSON
  bool repeatable = true;    // done twice it is as done once, so it may be sent again when nobody knows
};

struct Answer {
  std::string body;
  std::string request_id;
  int attempts = 1;
};

struct Failure {
  // denied, limit_exceeded (throttled to the end), not_found, refused (the state of the thing forbids it), invalid,
  // internal (the service's fault), unreachable, timed_out.
  Errc code = Errc::internal;
  int status = 0;       // 0: there was no answer
  std::string name;     // the service's name of the error
  std::string message;  // the service's words, or why there was no answer
  std::string request_id;
  int attempts = 1;
  [[nodiscard]] std::string text() const;
};

struct Options {
  int attempts_max = 3;
  std::chrono::milliseconds pause_first{1'000};  // the longest that the first pause may be
  std::chrono::milliseconds pause_max{20'000};
  std::chrono::milliseconds timeout{10'000};  // of each attempt
  std::uint64_t seed = 0;                     // of the pauses
  // Both default to those of this machine.
  std::function<Hlc()> clock;
  std::function<void(std::chrono::milliseconds)> wait;
};

class Client {
 public:
  Client(http::Client& http, Endpoint endpoint, Options options);
  // Waits for the answer, and between attempts.
  [[nodiscard]] std::expected<Answer, Failure> call(const Call& call);
  [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }

 private:
  [[nodiscard]] http::Fetch sign(const Call& call) const;

  http::Client& http_;
  Endpoint endpoint_;
  Options options_;
  Rng rng_;
};

}  // namespace tandem::aws
