#include "app/client/web_socket.h"

#include <charconv>

#include "codec/crypto.h"
#include "codec/websocket.h"
#include "io/net/connection.h"
#include "io/net/socket.h"

namespace tandem::cli {
namespace {

constexpr std::size_t kMessageBytesMax = 4UL * 1024 * 1024;
constexpr std::size_t kHeadBytesMax = 64UL * 1024;
constexpr std::chrono::seconds kOpenMax{10};

struct Address {
  std::string host;
  std::uint16_t port = 80;
  bool tls = false;
  std::string target;
};

std::optional<Address> parse_url(std::string_view url) {
  Address out;
  out.tls = url.starts_with("wss://");
  if (!out.tls && !url.starts_with("ws://")) return std::nullopt;
  if (out.tls) out.port = 443;
  url.remove_prefix(url.find("//") + 2);
  const auto slash = url.find('/');
  const std::string_view authority = url.substr(0, slash);
  out.target = slash == std::string_view::npos ? "/" : std::string(url.substr(slash));
  const auto colon = authority.rfind(':');
  out.host = std::string(authority.substr(0, colon));
  if (colon != std::string_view::npos) {
    const char* end = authority.data() + authority.size();
    if (std::from_chars(authority.data() + colon + 1, end, out.port).ptr != end) return std::nullopt;
  }
  return out;
}

net::Traffic& traffic() {
  static net::Traffic all;
  return all;
}

class Link final : public net::Connection {
 public:
  Link(net::Loop& loop, net::Fd fd, const net::TlsContext* tls, Address to, http::Headers headers,
       WebSocket::Events events)
      : Connection(loop, std::move(fd), tls, net::Side::connects, Limits{}, traffic(), to.host),
        to_(std::move(to)),
        headers_(std::move(headers)),
        events_(std::move(events)),
        key_(crypto::base64(crypto::random_bytes(16))) {}

  void send(const std::string& text) {
    if (!upgraded_) {
      waiting_.push_back(text);
    } else if (!ended() && !finishing()) {
      frame(websocket::Opcode::text, text);
    }
  }
  void close() {
    if (ended() || finishing()) return;
    if (upgraded_) frame(websocket::Opcode::close, websocket::close_payload(websocket::kNormal, ""));
    finish();
  }

 private:
  void on_open() override {
    expect_until(net::Clock::now() + kOpenMax, "the server did not answer the upgrade");
    std::string head = "GET " + to_.target + " HTTP/1.1\r\nhost: " + to_.host + ":" + std::to_string(to_.port) +
                       "\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-version: 13\r\n" +
                       "sec-websocket-key: " + key_ + "\r\n";
    for (const auto& [name, value] : headers_) head += name + ": " + value + "\r\n";
    write(head + "\r\n");
  }

  void on_bytes(std::string_view bytes) override {
    if (upgraded_) return take(bytes);
    head_.append(bytes);
    const auto end = head_.find("\r\n\r\n");
    if (end == std::string::npos) {
      if (head_.size() > kHeadBytesMax) kill("the answer to the upgrade is too long");
      return;
    }
    const std::string first = head_.substr(0, head_.find("\r\n"));
    if (!first.starts_with("HTTP/1.1 101") || head_.find(websocket::accept_key(key_)) == std::string::npos) {
      return kill("the server refused the upgrade: " + first);
    }
    upgraded_ = true;
    expect_nothing();
    const std::string rest = head_.substr(end + 4);
    head_.clear();
    if (events_.on_open) events_.on_open();
    for (const std::string& text : std::exchange(waiting_, {})) send(text);
    if (!rest.empty()) take(rest);
  }

  void take(std::string_view bytes) {
    decoder_.feed(bytes);
    while (!ended() && !finishing()) {
      auto next = decoder_.next();
      if (!next) return kill("the server broke the rules of WebSocket: " + next.error().reason);
      if (!*next) return;
      websocket::Message& message = **next;
      if (message.kind == websocket::Opcode::text) {
        if (events_.on_text) events_.on_text(std::move(message.bytes));
      } else if (message.kind == websocket::Opcode::ping) {
        frame(websocket::Opcode::pong, message.bytes);
      } else if (message.kind == websocket::Opcode::close) {
        why_ = "closed by the server with code " + std::to_string(message.code) +
               (message.bytes.empty() ? "" : ": " + message.bytes);
        frame(websocket::Opcode::close, websocket::close_payload(message.code, ""));
        finish();
      }
    }
  }

  void frame(websocket::Opcode kind, std::string_view payload) {
    const std::string drawn = crypto::random_bytes(4);
    std::uint32_t mask = 0;
    for (const char c : drawn) mask = mask << 8U | static_cast<std::uint8_t>(c);
    std::string out;
    websocket::append_frame(out, kind, payload, mask);
    write(std::move(out));
  }

  void on_end(const std::string& why, bool) override {
    if (const auto closed = std::exchange(events_.on_closed, nullptr)) closed(why_.empty() ? why : why_);
  }

  Address to_;
  http::Headers headers_;
  WebSocket::Events events_;
  std::string key_;
  std::string head_;
  std::string why_;
  bool upgraded_ = false;
  std::vector<std::string> waiting_;
  websocket::Decoder decoder_{websocket::Side::client, kMessageBytesMax};
};

class Socket final : public WebSocket, public std::enable_shared_from_this<Socket> {
 public:
  explicit Socket(net::Loop& loop) : loop_(loop) {}

  void connect(const std::string& url, http::Headers headers, Events events, const std::string& ca_file) {
    loop_.post(
        [self = shared_from_this(), url, headers = std::move(headers), events = std::move(events), ca_file]() mutable {
          auto to = parse_url(url);
          if (!to) return events.on_closed("not an address of the form ws://host:port/path or wss://: " + url);
          if (to->tls) {
            auto context = net::TlsContext::client(ca_file);
            if (!context) return events.on_closed(context.error().detail);
            self->tls_ = std::move(*context);
          }
          const std::string host = to->host;
          self->loop_.resolve(host, [self, to = std::move(*to), headers = std::move(headers),
                                     events = std::move(events)](const std::vector<std::string>& addresses) mutable {
            if (addresses.empty()) return events.on_closed("no address for " + to.host);
            auto fd = net::connect_to(addresses.front(), to.port);
            if (!fd) return events.on_closed(fd.error().detail);
            const auto link = std::make_shared<Link>(self->loop_, std::move(*fd), self->tls_ ? &*self->tls_ : nullptr,
                                                     std::move(to), std::move(headers), std::move(events));
            self->link_ = link;
            link->start();
            for (const std::string& text : std::exchange(self->waiting_, {})) link->send(text);
            if (self->closing_) link->close();
          });
        });
  }

  void send(std::string text) override {
    loop_.post([self = shared_from_this(), text = std::move(text)] {
      if (const auto link = self->link_.lock()) {
        link->send(text);
      } else {
        self->waiting_.push_back(text);
      }
    });
  }

  void close() override {
    loop_.post([self = shared_from_this()] {
      self->closing_ = true;
      if (const auto link = self->link_.lock()) link->close();
    });
  }

 private:
  net::Loop& loop_;
  std::optional<net::TlsContext> tls_;
  std::weak_ptr<Link> link_;  // the loop keeps it alive
  std::vector<std::string> waiting_;
  bool closing_ = false;
};

}  // namespace

std::shared_ptr<WebSocket> WebSocket::open(net::Loop& loop, const std::string& url, http::Headers headers,
                                           Events events, const std::string& ca_file) {
  auto out = std::make_shared<Socket>(loop);
  out->connect(url, std::move(headers), std::move(events), ca_file);
  return out;
}

}  // namespace tandem::cli
