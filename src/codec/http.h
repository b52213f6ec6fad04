// HTTP and WebSocket as the rest of the program sees them: plain values and callbacks. The API answers requests without
// knowing a socket, and its tests call it without one; `src/io/http_server` and the tests' own clients stand behind it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::http {

// Names are lower-case; order and repeats are as received.
using Headers = std::vector<std::pair<std::string, std::string>>;

// The first value under `name` (lower-case), or null.
[[nodiscard]] inline const std::string* find(const Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (key == name) return &value;
  }
  return nullptr;
}

struct Request {
  std::string method;  // upper-case, as sent
  std::string target;  // path and query, raw: percent-encoded as sent, because signatures and ARNs in paths need that
  std::string body;
  Headers headers;
  std::string remote;  // address of the peer, without its port
  bool tls = false;

  [[nodiscard]] const std::string* header(std::string_view name) const { return find(headers, name); }
  // The target up to its '?', still encoded.
  [[nodiscard]] std::string_view path() const { return std::string_view(target).substr(0, target.find('?')); }
  // What follows the '?', still encoded; empty without one.
  [[nodiscard]] std::string_view query() const {
    const auto at = target.find('?');
    return at == std::string::npos ? std::string_view() : std::string_view(target).substr(at + 1);
  }
};

struct Response {
  int status = 200;
  Headers headers;  // content-length, date and connection are the server's own business
  std::string body;
};

// Called once, from any thread. Destroyed uncalled, it answers 500: a request never hangs on a forgotten answer.
using Respond = std::function<void(Response)>;
// Runs on the server's own thread and therefore must not wait for anything.
using Handler = std::function<void(Request, Respond)>;

// One WebSocket, from the accepting side. Every call is safe from any thread and never blocks.
class Socket {
 public:
  Socket() = default;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  virtual ~Socket() = default;
  // Queues a text message. False: the socket is closed or closing, and nothing was queued. A reader so slow that the
  // queue would exceed the server's limit is closed instead, which also answers false.
  virtual bool send(std::string text) = 0;
  // Says goodbye after what is queued and closes. Codes are those of RFC 6455, 7.4.
  virtual void close(std::uint16_t code, std::string reason) = 0;
};

// What the accepting side wants to hear; called one at a time, on the server's thread, and must not wait.
struct SocketHandler {
  std::function<void(std::string)> on_text;
  std::function<void()> on_closed;  // once, and nothing after it
};

// Decides on an upgrade request: a Response refuses it; otherwise `out` is filled. Messages may be sent at once; they
// leave after the handshake.
using Accept = std::function<std::optional<Response>(const Request&, std::shared_ptr<Socket>, SocketHandler& out)>;

}  // namespace tandem::http
