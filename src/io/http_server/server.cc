#include "io/http_server/server.h"

#include <utility>
#include <vector>

#include "io/http_server/session.h"
#include "io/net/loop.h"
#include "io/net/socket.h"

namespace tandem::http {

struct Server::Impl {
  // The acceptor must outlive the loops' threads; stop() sees to that.
  std::shared_ptr<Shared> shared;
  std::vector<std::shared_ptr<net::Loop>> loops;  // the first one accepts
  std::unique_ptr<net::Acceptor> acceptor;
  std::size_t next = 0;

  void take(net::Accepted accepted) {
    ++shared->accepted;
    if (shared->open >= shared->options.connections_max) {
      ++shared->refused;
      shared->log.limited("full", "warn",
                          "http: connection from " + accepted.remote +
                              " refused: " + std::to_string(shared->options.connections_max) + " are open");
      return;
    }
    const auto& loop = loops[next++ % loops.size()];
    const auto session = std::make_shared<Session>(shared, loop, std::move(accepted.fd), std::move(accepted.remote));
    loop->post([session] { session->start(); });
  }
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() { stop(); }

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, Handler handler, Accept accept, net::Log log) {
  auto impl = std::make_unique<Impl>();
  std::optional<net::TlsContext> tls;
  if (!options.cert_file.empty() || !options.key_file.empty()) {
    auto context = net::TlsContext::listener(options.cert_file, options.key_file);
    if (!context) return std::unexpected(context.error());
    tls = std::move(*context);
  }
  auto listener = net::listen_on(options.address, options.port);
  if (!listener) return std::unexpected(listener.error());
  const unsigned threads = std::max(1U, options.threads);
  impl->shared = std::shared_ptr<Shared>(new Shared{.options = std::move(options),
                                                    .handler = std::move(handler),
                                                    .accept = std::move(accept),
                                                    .log = net::LimitedLog(std::move(log)),
                                                    .tls = std::move(tls)});
  for (unsigned i = 0; i < threads; ++i)
    impl->loops.push_back(std::make_shared<net::Loop>("http-" + std::to_string(i)));
  Impl* const raw = impl.get();
  impl->acceptor = std::make_unique<net::Acceptor>(
      *impl->loops.front(), std::move(*listener), [raw](net::Accepted accepted) { raw->take(std::move(accepted)); },
      [raw](const std::string& trouble) { raw->shared->log.limited("accept", "error", "http: " + trouble); });
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

std::uint16_t Server::port() const { return impl_->acceptor->port(); }

ServerCounters Server::counters() const {
  const Shared& s = *impl_->shared;
  return {.open = s.open,
          .accepted = s.accepted,
          .refused = s.refused,
          .requests = s.requests,
          .sockets = s.sockets,
          .malformed = s.malformed,
          .expired = s.expired,
          .bytes_in = s.traffic.bytes_in,
          .bytes_out = s.traffic.bytes_out};
}

void Server::stop() {
  // The accepting loop is the first: nothing new reaches the others while they stop.
  for (const auto& loop : impl_->loops) loop->stop();
}

}  // namespace tandem::http
