// One client's connection: requests one after the other, and after an upgrade a WebSocket. Internal to the server.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "codec/http.h"
#include "codec/websocket.h"
#include "io/http_server/server.h"
#include "io/net/connection.h"
#include "io/net/limited_log.h"

namespace tandem::http {

// What all sessions of a server share.
struct Shared {
  ServerOptions options;
  Handler handler;
  Accept accept;
  net::LimitedLog log;
  std::optional<net::TlsContext> tls;
  net::Traffic traffic;
  std::atomic<std::uint64_t> open = 0;
  std::atomic<std::uint64_t> accepted = 0;
  std::atomic<std::uint64_t> refused = 0;
  std::atomic<std::uint64_t> requests = 0;
  std::atomic<std::uint64_t> sockets = 0;
  std::atomic<std::uint64_t> malformed = 0;
  std::atomic<std::uint64_t> expired = 0;
};

class Session;

// The thread-safe front of a WebSocket. Frames gather here and leave on the session's loop.
class ServerSocket final : public Socket, public std::enable_shared_from_this<ServerSocket> {
 public:
  ServerSocket(std::shared_ptr<net::Loop> loop, std::weak_ptr<Session> session, std::size_t queue_bytes_max);
  bool send(std::string text) override;
  void close(std::uint16_t code, std::string reason) override;

  // On the loop, which was woken: whether too much waits, as the reader was too slow. What comes later wakes it again.
  [[nodiscard]] bool heard();
  // On the loop: what waits to be sent, and whether the session is to be closed after it.
  struct Taken {
    std::string frames;
    bool closes = false;  // a close frame ends `frames`
  };
  [[nodiscard]] Taken take();
  // Nothing can be sent any more.
  void shut();

 private:
  void wake();

  std::shared_ptr<net::Loop> loop_;
  std::weak_ptr<Session> session_;
  std::size_t queue_bytes_max_;
  std::mutex mutex_;
  std::string frames_;
  bool woken_ = false;
  bool closing_ = false;
  bool overflowed_ = false;
};

class Session final : public net::Connection {
 public:
  Session(std::shared_ptr<Shared> shared, std::shared_ptr<net::Loop> loop, net::Fd fd, std::string remote);
  ~Session() override;

  // The answer to the request being handled.
  void answer(Response response);
  // The front has something to send.
  void send_frames();

 private:
  void on_open() override;
  void on_bytes(std::string_view bytes) override;
  void on_drained() override;
  void on_deadline(const std::string& what) override;
  void on_stop() override;
  void on_end(const std::string& why, bool opened) override;

  // session.cc: HTTP.
  void parse();
  void dispatch();
  // Answers what could not be understood and closes.
  void reject(int status, const std::string& why);
  void write_response(Response response, bool head_only, bool keep_alive);
  [[nodiscard]] std::string who() const;

  // socket.cc: WebSocket. True when the request asked for an upgrade and has been dealt with.
  bool upgrade(const Request& request);
  void on_frames(std::string_view bytes);
  void say_close(std::uint16_t code, std::string_view reason);
  void end_socket();
  void expect_pong();

  struct Parser;  // Beast's
  struct Upgraded {
    websocket::Decoder decoder;
    std::shared_ptr<ServerSocket> front;
    SocketHandler handler;
    bool pinged = false;
    bool said_close = false;
    bool told_closed = false;
  };

  std::shared_ptr<Shared> shared_;
  std::shared_ptr<net::Loop> own_loop_;
  std::string remote_;
  std::string in_;  // received, not parsed yet
  std::unique_ptr<Parser> parser_;
  bool handling_ = false;
  bool head_only_ = false;
  bool keep_alive_ = true;
  bool last_answer_ = false;  // is on its way: nothing more is taken from this client
  std::unique_ptr<Upgraded> upgraded_;
};

}  // namespace tandem::http
