#include "io/http_server/server.h"

#include <utility>
#include <vector>

#include "io/http_server/session.h"
#include "io/net/connection.h"
#include "io/net/loop.h"

namespace tandem::http {
namespace {

constexpr int kAcceptsPerTurn = 64;
constexpr std::chrono::milliseconds kAcceptPause{100};  // after the system had no descriptor to give

}  // namespace

struct Server::Impl {
  std::shared_ptr<Shared> shared;
  net::Listener listener;
  std::vector<std::shared_ptr<net::Loop>> loops;  // the first one accepts
  std::optional<net::Loop::Wait> wait;            // of the first loop's thread
  std::size_t next = 0;

  void await() {
    wait->readable([this] { accept(); });
  }

  void accept() {
    for (int turn = 0; turn < kAcceptsPerTurn; ++turn) {
      auto got = net::accept_one(listener);
      if (!got) {
        shared->log.limited("accept", "error", "http: " + got.error().detail);
        loops.front()->after(kAcceptPause, [this] { accept(); });
        return;
      }
      if (!got->has_value()) break;
      net::Accepted& accepted = **got;
      ++shared->accepted;
      if (shared->open >= shared->options.connections_max) {
        ++shared->refused;
        shared->log.limited("full", "warn",
                            "http: connection from " + accepted.remote +
                                " refused: " + std::to_string(shared->options.connections_max) + " are open");
        continue;
      }
      const auto& loop = loops[next++ % loops.size()];
      const auto session = std::make_shared<Session>(shared, loop, std::move(accepted.fd), std::move(accepted.remote));
      loop->post([session] { session->start(); });
    }
    await();
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
  impl->listener = std::move(*listener);
  const unsigned threads = std::max(1U, options.threads);
  impl->shared = std::shared_ptr<Shared>(new Shared{.options = std::move(options),
                                                    .handler = std::move(handler),
                                                    .accept = std::move(accept),
                                                    .log = net::LimitedLog(std::move(log)),
                                                    .tls = std::move(tls)});
  for (unsigned i = 0; i < threads; ++i)
    impl->loops.push_back(std::make_shared<net::Loop>("http-" + std::to_string(i)));
  Impl* const raw = impl.get();
  impl->loops.front()->post([raw] {
    raw->wait.emplace(*raw->loops.front(), raw->listener.fd.get());
    raw->await();
  });
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

std::uint16_t Server::port() const { return impl_->listener.port; }

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
  impl_->wait.reset();
  impl_->listener.fd.reset();
}

}  // namespace tandem::http
