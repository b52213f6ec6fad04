#include "io/net/socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace tandem::net {
namespace {

constexpr int kAcceptsPerTurn = 64;
constexpr std::chrono::milliseconds kPause{100};  // after the system had no descriptor to give

std::string system_message(const std::string& what) { return what + ": " + std::strerror(errno); }

// `text` as an address of either family.
std::optional<std::pair<sockaddr_storage, socklen_t>> parse_address(const std::string& text, std::uint16_t port) {
  sockaddr_storage storage{};
  auto* const v4 = reinterpret_cast<sockaddr_in*>(&storage);
  if (::inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    return std::pair(storage, static_cast<socklen_t>(sizeof(sockaddr_in)));
  }
  auto* const v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  if (::inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    return std::pair(storage, static_cast<socklen_t>(sizeof(sockaddr_in6)));
  }
  return std::nullopt;
}

std::string print_address(const sockaddr_storage& storage) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (storage.ss_family == AF_INET) {
    ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(storage).sin_addr, text.data(), text.size());
  } else {
    ::inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr, text.data(), text.size());
  }
  return text.data();
}

}  // namespace

Result<Listener> listen_on(const std::string& address, std::uint16_t port) {
  const std::string where = address + ":" + std::to_string(port);
  const auto parsed = parse_address(address, port);
  if (!parsed) return fail(Errc::invalid, "not an IP address to listen on: " + address);
  const auto& [storage, size] = *parsed;
  Listener out{Fd(::socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)), 0};
  if (!out.fd.valid()) return fail(Errc::refused, system_message("socket for " + where));
  const int on = 1;
  ::setsockopt(out.fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(out.fd.get(), reinterpret_cast<const sockaddr*>(&storage), size) != 0 ||
      ::listen(out.fd.get(), 1024) != 0) {
    return fail(errno == EADDRINUSE ? Errc::in_use : Errc::refused, system_message("cannot listen on " + where));
  }
  sockaddr_storage bound{};
  socklen_t bound_size = sizeof bound;
  ::getsockname(out.fd.get(), reinterpret_cast<sockaddr*>(&bound), &bound_size);
  out.port = ntohs(bound.ss_family == AF_INET ? reinterpret_cast<const sockaddr_in&>(bound).sin_port
                                              : reinterpret_cast<const sockaddr_in6&>(bound).sin6_port);
  return out;
}

bool is_address(const std::string& text) { return parse_address(text, 0).has_value(); }

Result<Fd> connect_to(const std::string& address, std::uint16_t port, const std::string& from) {
  const auto parsed = parse_address(address, port);
  if (!parsed) return fail(Errc::invalid, "not an IP address: " + address);
  const auto& [storage, size] = *parsed;
  Fd fd(::socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return fail(Errc::limit_exceeded, system_message("socket"));
  if (!from.empty()) {
    const auto own = parse_address(from, 0);
    if (!own) return fail(Errc::invalid, "not an IP address: " + from);
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&own->first), own->second) != 0) {
      return fail(Errc::refused, system_message("cannot connect from " + from));
    }
  }
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&storage), size) != 0 && errno != EINPROGRESS) {
    return fail(Errc::unreachable, system_message("cannot connect"));
  }
  return fd;
}

Acceptor::Acceptor(Loop& loop, Listener listener, std::function<void(Accepted)> take,
                   std::function<void(std::string)> trouble)
    : loop_(loop), listener_(std::move(listener)), take_(std::move(take)), trouble_(std::move(trouble)) {
  loop_.post([this] {
    wait_.emplace(loop_, listener_.fd.get());
    await();
  });
}

void Acceptor::await() {
  wait_->readable([this] { accept(); });
}

void Acceptor::accept() {
  for (int turn = 0; turn < kAcceptsPerTurn; ++turn) {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    Fd fd(::accept4(listener_.fd.get(), reinterpret_cast<sockaddr*>(&from), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd.valid()) {
      take_({std::move(fd), print_address(from)});
      continue;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) break;
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      trouble_(system_message("cannot accept a connection"));
      loop_.after(kPause, [this] { accept(); });
      return;
    }
    // Anything else is the fate of one connection that ended before it was taken.
  }
  await();
}

}  // namespace tandem::net
