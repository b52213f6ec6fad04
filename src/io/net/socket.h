// TCP sockets, non-blocking, by numeric address.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "io/net/loop.h"

namespace tandem::net {

// A bound and listening socket; port 0 takes any free one, and `port` tells which.
struct Listener {
  Fd fd;
  std::uint16_t port = 0;
};
// Errors: invalid (not an address), in_use, refused (by the system).
[[nodiscard]] Result<Listener> listen_on(const std::string& address, std::uint16_t port);

[[nodiscard]] bool is_address(const std::string& text);
// Starts a connection. It is decided when the socket can be written; until then writing answers "try again".
// `from`: an address of this machine that it comes from; empty: as the system chooses.
[[nodiscard]] Result<Fd> connect_to(const std::string& address, std::uint16_t port, const std::string& from = "");

struct Accepted {
  Fd fd;
  std::string remote;  // address without port
};

// Takes connections off a listener for as long as it lives. When the system has no descriptor left it says so through
// `trouble`, waits a moment and goes on.
class Acceptor {
 public:
  // `loop` must be stopped before the acceptor goes away.
  Acceptor(Loop& loop, Listener listener, std::function<void(Accepted)> take, std::function<void(std::string)> trouble);
  [[nodiscard]] std::uint16_t port() const { return listener_.port; }

 private:
  void await();
  void accept();

  Loop& loop_;
  Listener listener_;
  std::function<void(Accepted)> take_;
  std::function<void(std::string)> trouble_;
  std::optional<Loop::Wait> wait_;
};

}  // namespace tandem::net
