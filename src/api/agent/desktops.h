// The WebSockets of agents' desktops at this process: everything that happens to an agent is told as it happens.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/common.h"
#include "api/host.h"
#include "codec/http.h"

namespace tandem::api::agent {

class Desktops : public std::enable_shared_from_this<Desktops> {
 public:
  explicit Desktops(Host& host) : host_(host) {}
  Desktops(const Desktops&) = delete;
  Desktops& operator=(const Desktops&) = delete;

  // Upgrade requests for kPath; a Response refuses.
  static constexpr std::string_view kPath = "/agent/v1/events";
  [[nodiscard]] std::optional<http::Response> accept(const http::Request& request, std::shared_ptr<http::Socket> socket,
                                                     http::SocketHandler& out);
  [[nodiscard]] std::size_t sockets() const;

 private:
  // The first message is the whole desk; events that come before it wait.
  struct Client {
    std::shared_ptr<http::Socket> socket;
    Badge badge;
    std::mutex mutex;
    bool greeted = false;
    std::vector<std::string> waiting;
    std::optional<std::string> closing;  // the reason, when the desktop closed before the greeting
  };
  void greet(const std::shared_ptr<Client>& client);
  void tell(Client& client, const DesktopEvent& event);

  Host& host_;
  mutable std::mutex mutex_;
  std::map<std::shared_ptr<Client>, std::uint64_t> listeners_;
};

}  // namespace tandem::api::agent
