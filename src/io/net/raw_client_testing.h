// A bare TCP client for tests: sends what it is told and reads what comes, with a deadline instead of hope.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace tandem::net::testing {

// Polls until `happened`, at most 10 s.
inline bool eventually(const std::function<bool()>& happened) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!happened()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::yield();
    ::poll(nullptr, 0, 1);
  }
  return true;
}

class RawClient {
 public:
  // `receive_bytes`: of the socket's buffer, small for a slow reader.
  explicit RawClient(std::uint16_t port, int receive_bytes = 0) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_bytes > 0) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
    const timeval limit{10, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  }
  RawClient(RawClient&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), connected_(other.connected_), left_(std::move(other.left_)) {}
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  RawClient& operator=(RawClient&&) = delete;
  ~RawClient() {
    if (fd_ >= 0) ::close(fd_);
  }

  [[nodiscard]] bool connected() const { return connected_; }
  [[nodiscard]] int fd() const { return fd_; }
  // False once the other side has closed.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t put = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (put <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(put));
    }
    return true;
  }
  // Up to and with `end`; less when the other side closes or says nothing for ten seconds.
  std::string read_until(std::string_view end) {
    for (;;) {
      if (const auto at = left_.find(end); at != std::string::npos) {
        std::string out = left_.substr(0, at + end.size());
        left_.erase(0, out.size());
        return out;
      }
      if (!more()) return std::exchange(left_, {});
    }
  }
  std::string read_bytes(std::size_t count) {
    while (left_.size() < count && more()) {
    }
    std::string out = left_.substr(0, count);
    left_.erase(0, out.size());
    return out;
  }
  // Everything up to the close.
  std::string read_all() {
    while (more()) {
    }
    return std::exchange(left_, {});
  }
  // Whether the other side has closed by now, whatever it said before.
  bool closed_soon() {
    read_all();
    return closed_;
  }

 private:
  bool more() {
    std::array<char, 16384> some{};
    const ssize_t got = ::recv(fd_, some.data(), some.size(), 0);
    if (got > 0) left_.append(some.data(), static_cast<std::size_t>(got));
    if (got == 0 || (got < 0 && errno == ECONNRESET)) closed_ = true;
    return got > 0;
  }

  int fd_;
  bool connected_ = false;
  bool closed_ = false;
  std::string left_;
};

}  // namespace tandem::net::testing
