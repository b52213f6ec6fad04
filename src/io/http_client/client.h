// Requests to other HTTP servers, all on one thread of libcurl. Nothing here retries: the caller knows what may be
// asked twice.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/error.h"
#include "codec/http.h"

namespace tandem::http {

struct Fetch {
  std::string url;  // http:// or https://
  std::string method = "GET";
  Headers headers;
  std::string body;
  std::chrono::milliseconds timeout{10'000};  // for everything, from the moment it leaves the queue
  std::string ca_file;                        // PEM; empty: the system's authorities
  std::string cert_file;                      // PEM, shown to the server when it asks; with key_file
  std::string key_file;
  std::size_t response_bytes_max = 8UL * 1024 * 1024;
};

struct ClientOptions {
  std::size_t concurrent_max = 64;   // requests under way
  std::size_t waiting_max = 10'000;  // queued behind them; more are refused
};

class Client {
 public:
  // Once per fetch, on the client's thread, and must not wait. Any status is a response; redirects are not followed.
  // Errors: invalid (URL, certificate files), timed_out, unreachable (name, connection, TLS), limit_exceeded (queue,
  // response size), shutting_down.
  using Done = std::function<void(Result<Response>)>;

  explicit Client(ClientOptions options = {});
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  // From any thread, also from a Done. A refusal (full queue, stopping) is told to `done` before this returns.
  void fetch(Fetch fetch, Done done);
  // Ends what is under way with shutting_down, and joins. Not from a Done.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Waits for the answer. Not from a Done.
[[nodiscard]] Result<Response> fetch_now(Client& client, Fetch fetch);

}  // namespace tandem::http
