#include <exception>
#include <utility>

#include "io/http_server/session.h"

namespace tandem::http {
namespace {

constexpr std::size_t kInFlightBytes = 64UL * 1024;  // handed to the connection at a time; the rest stays countable
constexpr std::chrono::seconds kGoodbye{5};          // for the client's close frame, once ours is said

// Whether a comma-separated list holds `word`, in any case.
bool lists(const std::string* header, std::string_view word) {
  if (header == nullptr) return false;
  std::string token;
  for (std::size_t i = 0; i <= header->size(); ++i) {
    const char c = i < header->size() ? (*header)[i] : ',';
    if (c == ',') {
      if (token == word) return true;
      token.clear();
    } else if (c != ' ' && c != '\t') {
      token.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    }
  }
  return false;
}

}  // namespace

ServerSocket::ServerSocket(std::shared_ptr<net::Loop> loop, std::weak_ptr<Session> session, std::size_t queue_bytes_max)
    : loop_(std::move(loop)), session_(std::move(session)), queue_bytes_max_(queue_bytes_max) {}

bool ServerSocket::send(std::string text) {
  const std::lock_guard lock(mutex_);
  if (closing_) return false;
  if (frames_.size() + text.size() > queue_bytes_max_) {
    closing_ = true;
    overflowed_ = true;
    std::string().swap(frames_);
    wake();
    return false;
  }
  websocket::append_frame(frames_, websocket::Opcode::text, text);
  wake();
  return true;
}

void ServerSocket::close(std::uint16_t code, std::string reason) {
  const std::lock_guard lock(mutex_);
  if (std::exchange(closing_, true)) return;
  websocket::append_frame(frames_, websocket::Opcode::close, websocket::close_payload(code, reason));
  wake();
}

void ServerSocket::wake() {
  if (std::exchange(woken_, true)) return;
  loop_->post([session = session_] {
    if (const auto alive = session.lock()) alive->send_frames();
  });
}

bool ServerSocket::heard() {
  const std::lock_guard lock(mutex_);
  woken_ = false;
  return overflowed_;
}

ServerSocket::Taken ServerSocket::take() {
  const std::lock_guard lock(mutex_);
  return {std::exchange(frames_, {}), closing_};
}

void ServerSocket::shut() {
  const std::lock_guard lock(mutex_);
  closing_ = true;
  std::string().swap(frames_);
}

bool Session::upgrade(const Request& request) {
  if (!lists(request.header("upgrade"), "websocket") || !lists(request.header("connection"), "upgrade")) return false;
  const auto refuse = [this](Response response) {
    write_response(std::move(response), head_only_, keep_alive_);
    return true;
  };
  const std::string* key = request.header("sec-websocket-key");
  const std::string* version = request.header("sec-websocket-version");
  if (request.method != "GET" || key == nullptr) return refuse(Response{400, {}, {}});
  if (version == nullptr || *version != "13") return refuse(Response{426, {{"sec-websocket-version", "13"}}, {}});
  if (!shared_->accept) return refuse(Response{404, {}, {}});

  const auto self = std::static_pointer_cast<Session>(shared_from_this());
  auto upgraded = std::make_unique<Upgraded>(
      Upgraded{websocket::Decoder(websocket::Side::server, shared_->options.websocket_message_bytes_max),
               std::make_shared<ServerSocket>(own_loop_, self, shared_->options.websocket_queue_bytes_max),
               {}});
  std::optional<Response> refusal;
  try {
    refusal = shared_->accept(request, upgraded->front, upgraded->handler);
  } catch (const std::exception& problem) {
    shared_->log.limited("handler threw", "error", std::string("http: an accept threw: ") + problem.what());
    refusal = Response{500, {}, {}};
  }
  if (refusal) {
    upgraded->front->shut();
    return refuse(std::move(*refusal));
  }
  ++shared_->sockets;
  upgraded_ = std::move(upgraded);
  expect_until(net::Clock::now() + shared_->options.websocket_ping, "websocket");
  write("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: " +
        websocket::accept_key(*key) + "\r\n\r\n");
  resume();
  if (!ended() && !in_.empty()) on_frames(std::exchange(in_, {}));
  return true;
}

void Session::on_frames(std::string_view bytes) {
  if (upgraded_->told_closed) return;
  upgraded_->pinged = false;
  if (!upgraded_->said_close) expect_until(net::Clock::now() + shared_->options.websocket_ping, "websocket");
  upgraded_->decoder.feed(bytes);
  while (!ended() && !upgraded_->told_closed) {
    auto got = upgraded_->decoder.next();
    if (!got) {
      ++shared_->malformed;
      shared_->log.limited("websocket", "warn",
                           who() + " broke the WebSocket protocol: " + got.error().reason + "; closed");
      say_close(got.error().code, got.error().reason);
      end_socket();
      finish();
      return;
    }
    if (!got->has_value()) return;
    websocket::Message& message = **got;
    switch (message.kind) {
      case websocket::Opcode::text:
        if (!upgraded_->said_close && upgraded_->handler.on_text) upgraded_->handler.on_text(std::move(message.bytes));
        break;
      case websocket::Opcode::ping: {
        // Pongs nobody reads must not pile up either.
        if (unsent() > kInFlightBytes) break;
        std::string pong;
        websocket::append_frame(pong, websocket::Opcode::pong, message.bytes);
        write(std::move(pong));
        break;
      }
      case websocket::Opcode::close:
        say_close(message.code == websocket::kNoCode ? websocket::kNormal : message.code, "");
        end_socket();
        finish();
        return;
      case websocket::Opcode::binary:
        say_close(websocket::kUnsupported, "text only");
        end_socket();
        finish();
        return;
      case websocket::Opcode::pong:
      case websocket::Opcode::continuation:
        break;
    }
  }
}

void Session::send_frames() {
  while (!ended() && !finishing() && upgraded_) {
    // Before the question whether more can be written: a reader that stopped never makes room.
    if (upgraded_->front->heard()) {
      shared_->log.limited("slow socket", "warn",
                           who() + " reads its WebSocket too slowly: over " +
                               std::to_string(shared_->options.websocket_queue_bytes_max) + " bytes wait; closed");
      kill("too slow a reader");
      return;
    }
    if (unsent() > kInFlightBytes) return;
    ServerSocket::Taken taken = upgraded_->front->take();
    if (taken.frames.empty()) return;
    if (taken.closes && !upgraded_->said_close) {
      upgraded_->said_close = true;
      expect_until(net::Clock::now() + kGoodbye, "goodbye");
    }
    write(std::move(taken.frames));
  }
}

void Session::say_close(std::uint16_t code, std::string_view reason) {
  if (std::exchange(upgraded_->said_close, true)) return;
  std::string frame;
  websocket::append_frame(frame, websocket::Opcode::close, websocket::close_payload(code, reason));
  write(std::move(frame));
}

void Session::end_socket() {
  upgraded_->front->shut();
  if (std::exchange(upgraded_->told_closed, true)) return;
  if (upgraded_->handler.on_closed) upgraded_->handler.on_closed();
  // What the callbacks hold may hold the front, which holds this session's address: let go.
  upgraded_->handler = {};
}

void Session::expect_pong() {
  if (upgraded_->said_close || upgraded_->told_closed || std::exchange(upgraded_->pinged, true)) {
    kill(upgraded_->said_close ? "no answer to our close" : "a silent WebSocket");
    return;
  }
  std::string ping;
  websocket::append_frame(ping, websocket::Opcode::ping, "");
  write(std::move(ping));
  expect_until(net::Clock::now() + shared_->options.websocket_ping, "websocket");
}

}  // namespace tandem::http
