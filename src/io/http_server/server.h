// An HTTP/1.1 and WebSocket server on threads of its own, over plain TCP or TLS. It knows nothing of what is served.
// Whatever strangers send (noise, half a handshake, an endless header, nothing at all) costs one connection, bounded
// memory and a log line of which only a few per interval are written.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/error.h"
#include "codec/http.h"
#include "io/net/log.h"

namespace tandem::http {

struct ServerOptions {
  std::string address = "127.0.0.1";  // numeric, IPv4 or IPv6
  std::uint16_t port = 0;             // 0: any free one
  std::string cert_file;              // PEM chain and key: TLS 1.3 and 1.2; both empty: plain
  std::string key_file;
  unsigned threads = 1;
  std::size_t connections_max = 20'000;
  std::size_t header_bytes_max = 16UL * 1024;
  std::size_t body_bytes_max = 2UL * 1024 * 1024;
  std::size_t websocket_message_bytes_max = 256UL * 1024;
  std::size_t websocket_queue_bytes_max = 1024UL * 1024;  // unread by a client; beyond it is closed
  std::chrono::milliseconds handshake{10'000};            // of TLS, from the connection
  std::chrono::milliseconds header{15'000};               // from a request's first byte to the end of its header
  std::chrono::milliseconds body{60'000};                 // from there to its last byte
  std::chrono::milliseconds idle{75'000};                 // between requests of one connection
  std::chrono::milliseconds stalled_write{30'000};        // the client takes no byte of an answer
  std::chrono::milliseconds websocket_ping{25'000};       // of silence; unanswered as long again, the socket is closed
};

// Since the start, but for `open`.
struct ServerCounters {
  std::uint64_t open = 0;
  std::uint64_t accepted = 0;
  std::uint64_t refused = 0;  // beyond connections_max
  std::uint64_t requests = 0;
  std::uint64_t sockets = 0;    // upgrades to WebSocket
  std::uint64_t malformed = 0;  // what could not be understood, failed handshakes and broken frames included
  std::uint64_t expired = 0;    // handshakes, headers and bodies that took too long
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
};

class Server {
 public:
  // Listens and serves until stop(). `handler` and `accept` are called on the server's threads, concurrently if there
  // are several; an empty `accept` refuses every upgrade.
  // Errors: invalid (address, certificate), in_use (port), refused (by the system).
  [[nodiscard]] static Result<std::unique_ptr<Server>> start(ServerOptions options, Handler handler, Accept accept,
                                                             net::Log log);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] ServerCounters counters() const;
  // Closes everything and joins: afterwards nothing of the caller's is called any more. WebSockets are told 1001;
  // answers that come later go nowhere. Not from a handler.
  void stop();

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tandem::http
