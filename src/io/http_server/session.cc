#include "io/http_server/session.h"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <ctime>
#include <exception>
#include <utility>

namespace tandem::http {
namespace beast_http = boost::beast::http;

struct Session::Parser {
  beast_http::request_parser<beast_http::string_body> beast;
  bool header_seen = false;
};

namespace {

// What a Respond holds: answers once, and with 500 if the last copy goes away without.
class Answer {
 public:
  Answer(std::shared_ptr<net::Loop> loop, std::weak_ptr<Session> session)
      : loop_(std::move(loop)), session_(std::move(session)) {}
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;
  ~Answer() { give(Response{500, {}, {}}); }

  void give(Response response) {
    if (given_.exchange(true)) return;
    loop_->post([session = session_, response = std::move(response)]() mutable {
      if (const auto alive = session.lock()) alive->answer(std::move(response));
    });
  }

 private:
  std::shared_ptr<net::Loop> loop_;
  std::weak_ptr<Session> session_;
  std::atomic<bool> given_ = false;
};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string http_date() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 40> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return std::string(text.data(), size);
}

// A value must not end its line.
void append_header(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ");
  for (const char c : value) out.push_back(c == '\r' || c == '\n' || c == '\0' ? ' ' : c);
  out.append("\r\n");
}

// `http://host/path` as a proxy's client sends it means `/path` here.
void to_origin_form(std::string& target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    const auto slash = target.find_first_of("/?", scheme.size());
    target = slash == std::string::npos ? "/" : target.substr(slash);
    if (target.front() == '?') target.insert(0, "/");
  }
}

// At the start of a line that is no text, so that a log stays one.
std::string printable(std::string_view bytes) {
  std::string out;
  for (const char c : bytes.substr(0, 24)) out.push_back(c >= ' ' && c <= '~' ? c : '.');
  return out;
}

}  // namespace

Session::Session(std::shared_ptr<Shared> shared, std::shared_ptr<net::Loop> loop, net::Fd fd, std::string remote)
    : Connection(*loop, std::move(fd), shared->tls ? &*shared->tls : nullptr, net::Side::accepts,
                 {.handshake = shared->options.handshake, .stalled_write = shared->options.stalled_write},
                 shared->traffic),
      shared_(std::move(shared)),
      own_loop_(std::move(loop)),
      remote_(std::move(remote)) {
  ++shared_->open;
}

Session::~Session() { --shared_->open; }

std::string Session::who() const { return (channel().tls() ? "https: " : "http: ") + remote_; }

void Session::on_open() { expect_until(net::Clock::now() + shared_->options.idle, "idle"); }

void Session::on_bytes(std::string_view bytes) {
  if (upgraded_) {
    on_frames(bytes);
    return;
  }
  in_.append(bytes);
  parse();
}

void Session::parse() {
  if (handling_ || last_answer_ || ended() || in_.empty()) return;
  if (!parser_) {
    if (in_.front() == 0x16 && !channel().tls()) {
      ++shared_->malformed;
      shared_->log.limited("tls on plain", "warn", who() + " spoke TLS to a plain HTTP port; closed");
      kill("TLS on a plain port");
      return;
    }
    parser_ = std::make_unique<Parser>();
    parser_->beast.header_limit(static_cast<std::uint32_t>(shared_->options.header_bytes_max));
    parser_->beast.body_limit(shared_->options.body_bytes_max);
    parser_->beast.eager(true);
    expect_until(net::Clock::now() + shared_->options.header, "header");
  }
  auto& beast = parser_->beast;
  boost::beast::error_code error;
  while (!in_.empty() && !beast.is_done() && !error) {
    const std::size_t taken = beast.put(boost::asio::buffer(in_), error);
    if (!error || error == beast_http::error::need_more) {
      in_.erase(0, taken);
    } else if (error == beast_http::error::header_limit) {
      reject(431, "its header exceeds " + std::to_string(shared_->options.header_bytes_max) + " bytes");
      return;
    } else if (error == beast_http::error::body_limit) {
      reject(413, "its body exceeds " + std::to_string(shared_->options.body_bytes_max) + " bytes");
      return;
    } else {
      reject(400, error.message() + " near \"" + printable(in_) + "\"");
      return;
    }
  }
  if (beast.is_header_done() && !std::exchange(parser_->header_seen, true) && !beast.is_done()) {
    expect_until(net::Clock::now() + shared_->options.body, "body");
    if (lower(beast.get()[beast_http::field::expect]) == "100-continue") write("HTTP/1.1 100 Continue\r\n\r\n");
  }
  if (beast.is_done()) dispatch();
}

void Session::dispatch() {
  auto message = parser_->beast.release();
  keep_alive_ = message.keep_alive();
  parser_.reset();
  Request request;
  request.method = std::string(message.method_string());
  request.target = std::string(message.target());
  to_origin_form(request.target);
  request.remote = remote_;
  request.tls = channel().tls();
  for (const auto& field : message) {
    request.headers.emplace_back(lower(field.name_string()), std::string(field.value()));
  }
  request.body = std::move(message.body());
  if (message.version() == 11 && request.header("host") == nullptr) {
    reject(400, "no host header");
    return;
  }

  ++shared_->requests;
  handling_ = true;
  head_only_ = request.method == "HEAD";
  expect_nothing();
  if (upgrade(request)) return;
  pause();
  const auto answer = std::make_shared<Answer>(own_loop_, std::static_pointer_cast<Session>(shared_from_this()));
  try {
    shared_->handler(std::move(request), [answer](Response response) { answer->give(std::move(response)); });
  } catch (const std::exception& problem) {
    shared_->log.limited("handler threw", "error", std::string("http: a handler threw: ") + problem.what());
    answer->give(Response{500, {}, {}});
  }
}

void Session::answer(Response response) {
  if (ended() || finishing() || !handling_) return;
  write_response(std::move(response), head_only_, keep_alive_);
}

void Session::write_response(Response response, bool head_only, bool keep_alive) {
  std::string out = "HTTP/1.1 " + std::to_string(response.status) + " ";
  const auto reason = beast_http::obsolete_reason(static_cast<beast_http::status>(response.status));
  out.append(reason.data(), reason.size()).append("\r\n");
  for (const auto& [name, value] : response.headers) {
    if (name != "content-length" && name != "connection" && name != "date" && name != "transfer-encoding") {
      append_header(out, name, value);
    }
  }
  append_header(out, "date", http_date());
  const bool bodiless = response.status == 204 || response.status == 304 || response.status < 200;
  if (!bodiless) append_header(out, "content-length", std::to_string(response.body.size()));
  if (!keep_alive) append_header(out, "connection", "close");
  out.append("\r\n");
  if (!bodiless && !head_only) out.append(response.body);
  handling_ = false;
  last_answer_ = !keep_alive;
  expect_until(net::Clock::now() + shared_->options.idle, "idle");
  // The next request is read once this answer has left, so that a client that only sends costs no memory.
  write(std::move(out));
  if (!keep_alive) {
    finish();
  } else if (!ended() && unsent() == 0) {
    on_drained();
  }
}

void Session::on_drained() {
  if (upgraded_) {
    send_frames();
    return;
  }
  if (handling_ || parser_ || last_answer_) return;
  parse();
  if (!handling_) resume();
}

void Session::reject(int status, const std::string& why) {
  ++shared_->malformed;
  shared_->log.limited("malformed", "warn", who() + " sent what is no acceptable request: " + why + "; closed");
  parser_.reset();
  in_.clear();
  in_.shrink_to_fit();
  write_response(Response{status, {}, {}}, false, false);
}

void Session::on_deadline(const std::string& what) {
  if (upgraded_) {
    expect_pong();
    return;
  }
  if (what == "idle") {
    finish();
    return;
  }
  ++shared_->expired;
  shared_->log.limited("slow request", "warn", who() + " did not end the " + what + " of a request in time; closed");
  parser_.reset();
  in_.clear();
  write_response(Response{408, {}, {}}, false, false);
}

void Session::on_stop() {
  if (upgraded_) say_close(websocket::kGoingAway, "the server stops");
}

void Session::on_end(const std::string& why, bool opened) {
  if (upgraded_) end_socket();
  if (opened || why == "shutting down") return;
  if (why == "no TLS handshake in time") {
    ++shared_->expired;
  } else {
    ++shared_->malformed;
  }
  shared_->log.limited("handshake", "warn", who() + ": no TLS connection: " + why);
}

}  // namespace tandem::http
