// The client end of a WebSocket, on a loop of src/io/net. ws:// and wss://.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "codec/http.h"
#include "io/net/loop.h"

namespace tandem::cli {

class WebSocket {
 public:
  // Called on the loop's thread.
  struct Events {
    std::function<void()> on_open;
    std::function<void(std::string)> on_text;
    std::function<void(std::string why)> on_closed;  // once, and nothing after it; also when it never opened
  };
  // From any thread. The connection lives until it closes, whether or not the caller keeps the result.
  // `ca_file`: PEM, for wss://; empty: the system's authorities.
  [[nodiscard]] static std::shared_ptr<WebSocket> open(net::Loop& loop, const std::string& url, http::Headers headers,
                                                       Events events, const std::string& ca_file = {});
  WebSocket(const WebSocket&) = delete;
  WebSocket& operator=(const WebSocket&) = delete;
  virtual ~WebSocket() = default;

  // From any thread; what is sent before the socket is open waits for it.
  virtual void send(std::string text) = 0;
  virtual void close() = 0;

 protected:
  WebSocket() = default;
};

}  // namespace tandem::cli
