// The customers' WebSockets at this process. The sockets of one participant share one session of the host; the chat
// library keeps two for a moment when it renews its connection, and both are served.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/common.h"
#include "api/host.h"
#include "codec/http.h"

namespace tandem::api::participant {

class Sessions : public std::enable_shared_from_this<Sessions> {
 public:
  explicit Sessions(Host& host) : host_(host) {}
  Sessions(const Sessions&) = delete;
  Sessions& operator=(const Sessions&) = delete;

  // Upgrade requests for kPath; a Response refuses. The handlers keep this alive.
  static constexpr std::string_view kPath = "/participant/ws";
  [[nodiscard]] std::optional<http::Response> accept(const http::Request& request, std::shared_ptr<http::Socket> socket,
                                                     http::SocketHandler& out);

  [[nodiscard]] std::size_t sockets() const;
  [[nodiscard]] std::size_t sessions() const;

 private:
  // Items that come before the client has subscribed wait for it, up to a limit.
  struct Client {
    std::shared_ptr<http::Socket> socket;
    bool subscribed = false;
    bool over = false;  // to be closed once it has heard the end
    std::vector<std::string> waiting;
  };
  struct Session {
    Ticket ticket;
    std::uint64_t number = 0;  // of the host
    std::vector<std::shared_ptr<Client>> clients;
    std::optional<std::string> end;  // the frame that said so, once the chat is over
  };
  using Key = std::pair<ContactId, Uuid>;

  void open(const Ticket& ticket, const std::shared_ptr<Client>& client);
  void left(const Ticket& ticket, const std::shared_ptr<Client>& client);
  void text(const Ticket& ticket, const std::shared_ptr<Client>& client, std::string_view frame);
  void show(const Ticket& ticket, const ShowSession& shown);

  Host& host_;
  mutable std::mutex mutex_;
  std::map<Key, std::shared_ptr<Session>> sessions_;
};

}  // namespace tandem::api::participant
