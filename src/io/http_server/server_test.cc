// Goal: well-behaved clients are served, the others cost one connection and a log line, and nothing makes the server
// stop or grow.
// Method: real sockets on loopback; bare clients that send exactly the bad bytes, curl's library for TLS.
#include "io/http_server/server.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <random>
#include <set>
#include <vector>

#include "codec/websocket.h"
#include "io/http_client/client.h"
#include "io/net/raw_client_testing.h"
#include "io/pki/pki.h"

namespace tandem {
namespace http_server_test {

using namespace std::string_literals;
using net::testing::eventually;
using net::testing::RawClient;

struct Lines {
  std::mutex mutex;
  std::vector<std::string> all;
  net::Log log() {
    return [this](std::string_view level, std::string text) {
      const std::lock_guard lock(mutex);
      all.push_back(std::string(level) + " " + std::move(text));
    };
  }
  bool has(std::string_view words) {
    const std::lock_guard lock(mutex);
    for (const std::string& line : all) {
      if (line.find(words) != std::string::npos) return true;
    }
    return false;
  }
  std::size_t count() {
    const std::lock_guard lock(mutex);
    return all.size();
  }
};

// Answers with what it was asked.
void echo(http::Request request, http::Respond respond) {
  std::string text = request.method + " " + request.target + " " + request.body;
  if (const std::string* extra = request.header("x-extra")) text += " " + *extra;
  respond({200, {{"content-type", "text/plain"}}, text});
}

class HttpServer : public testing::Test {
 protected:
  void start(http::ServerOptions options = {}, http::Handler handler = echo, http::Accept accept = {}) {
    auto started = http::Server::start(std::move(options), std::move(handler), std::move(accept), lines.log());
    ASSERT_TRUE(started.has_value()) << started.error().detail;
    server = std::move(*started);
  }
  // The server still answers somebody else.
  void expect_alive() {
    RawClient client(server->port());
    ASSERT_TRUE(client.send("GET /alive HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"));
    EXPECT_TRUE(client.read_all().ends_with("GET /alive "));
  }
  Lines lines;
  std::unique_ptr<http::Server> server;
};

TEST_F(HttpServer, KeepsAConnectionOverRequests) {
  start();
  RawClient client(server->port());
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(client.send("POST /a%2Fb?c=d HTTP/1.1\r\nHost: x\r\nX-Extra: e\r\nContent-Length: 4\r\n\r\nbody"));
    const std::string head = client.read_until("\r\n\r\n");
    EXPECT_TRUE(head.starts_with("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ndate: ")) << head;
    EXPECT_EQ(client.read_bytes(22), "POST /a%2Fb?c=d body e");
  }
  EXPECT_EQ(server->counters().requests, 3U);
  EXPECT_EQ(server->counters().accepted, 1U);
}

TEST_F(HttpServer, AnswersPipelinedRequestsInOrder) {
  start();
  RawClient client(server->port());
  std::string many;
  for (int i = 0; i < 200; ++i) many += "GET /" + std::to_string(i) + " HTTP/1.1\r\nhost: x\r\n\r\n";
  ASSERT_TRUE(client.send(many));
  for (int i = 0; i < 200; ++i) {
    client.read_until("\r\n\r\n");
    const std::string expected = "GET /" + std::to_string(i) + " ";
    ASSERT_EQ(client.read_bytes(expected.size()), expected);
  }
}

TEST_F(HttpServer, SpeaksTheSmallPrint) {
  start();
  {
    RawClient client(server->port());
    client.send("GET / HTTP/1.0\r\n\r\n");
    EXPECT_NE(client.read_all().find("connection: close\r\n"), std::string::npos);
  }
  {
    RawClient client(server->port());
    client.send("HEAD / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    const std::string all = client.read_all();
    EXPECT_NE(all.find("content-length: 7\r\n"), std::string::npos);
    EXPECT_TRUE(all.ends_with("\r\n\r\n"));
  }
  {
    RawClient client(server->port());
    client.send("PUT / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\nconnection: close\r\n\r\n");
    EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("ok");
    EXPECT_TRUE(client.read_all().ends_with("PUT / ok"));
  }
  {
    RawClient client(server->port());
    client.send("PUT / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n3\r\nabc\r\n1");
    client.send("\r\nd\r\n0\r\n\r\n");
    EXPECT_TRUE(client.read_all().ends_with("PUT / abcd"));
  }
  {
    RawClient client(server->port());
    client.send("GET http://elsewhere/p?q HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    EXPECT_TRUE(client.read_all().ends_with("GET /p?q "));
  }
}

TEST_F(HttpServer, AnswersFromOtherThreadsAndForgottenOnes) {
  std::vector<std::thread> threads;
  std::mutex mutex;
  start({.threads = 2}, [&](http::Request request, http::Respond respond) {
    if (request.target == "/forget") return;
    if (request.target == "/throw") throw std::runtime_error("oops");
    const std::lock_guard lock(mutex);
    threads.emplace_back([respond] {
      respond({202, {{"x-evil", "a\r\nset-cookie: b"}}, "late"});
      respond({500, {}, "twice"});
    });
  });
  for (const auto& [target, status] : {std::pair("/late", "202"), {"/forget", "500"}, {"/throw", "500"}}) {
    RawClient client(server->port());
    client.send("GET "s + target + " HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    const std::string all = client.read_all();
    EXPECT_TRUE(all.starts_with("HTTP/1.1 "s + status)) << all;
    EXPECT_EQ(all.find("\r\nset-cookie"), std::string::npos);
  }
  EXPECT_TRUE(lines.has("a handler threw: oops"));
  for (auto& thread : threads) thread.join();
}

TEST_F(HttpServer, RefusesWhatIsNoRequest) {
  start({.header_bytes_max = 4096, .body_bytes_max = 1000});
  struct Case {
    std::string bytes;
    const char* status;
  };
  const Case cases[] = {
      {"\x01\x02\x03\x04\r\n\r\n", "400"},
      {"GET / HTTP/9.9\r\n\r\n", "400"},
      {"GET /\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nhost: x\r\nno colon\r\n\r\n", "400"},
      {"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n", "400"},
      {"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n", "400"},
      {"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n", "400"},
      {"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1001\r\n\r\n", "413"},
      {"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999999999999\r\n\r\n", "400"},
      {"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nFFFFFFFF\r\n", "413"},
      {"GET / HTTP/1.1\r\nhost: x\r\nx: " + std::string(5000, 'y'), "431"},
      {"GET /" + std::string(5000, 'y'), "431"},
  };
  for (const Case& c : cases) {
    RawClient client(server->port());
    client.send(c.bytes);
    EXPECT_TRUE(client.read_all().starts_with("HTTP/1.1 "s + c.status)) << c.bytes.substr(0, 80);
  }
  EXPECT_EQ(server->counters().malformed, std::size(cases));
  EXPECT_TRUE(lines.has("sent what is no acceptable request"));
  EXPECT_LE(lines.count(), 5U);
  expect_alive();
}

TEST_F(HttpServer, SurvivesNoise) {
  start();
  std::mt19937 draw(4711);  // NOLINT: the same noise every time
  for (int i = 0; i < 200; ++i) {
    RawClient client(server->port());
    std::string noise(1 + draw() % 3000, '\0');
    for (char& c : noise) c = static_cast<char>(draw());
    if (i % 3 == 0) noise = "GET / HTTP/1.1\r\n" + noise;
    client.send(noise);
    if (i % 2 == 0) ::shutdown(client.fd(), SHUT_WR);
  }
  RawClient tls(server->port());
  tls.send("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"s);
  EXPECT_TRUE(tls.closed_soon());
  EXPECT_TRUE(lines.has("spoke TLS to a plain HTTP port"));
  expect_alive();
  EXPECT_TRUE(eventually([&] { return server->counters().open <= 1; }));
}

TEST_F(HttpServer, EndsEndlessHeadersAndBodiesAndIdling) {
  start({.header = 300ms, .body = 300ms, .idle = 300ms});
  RawClient header(server->port());
  header.send("GET / HTTP/1.1\r\nhost: x\r\nx-endless: ");
  RawClient body(server->port());
  body.send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc");
  RawClient idle(server->port());
  EXPECT_TRUE(header.read_all().starts_with("HTTP/1.1 408"));
  EXPECT_TRUE(body.read_all().starts_with("HTTP/1.1 408"));
  EXPECT_EQ(idle.read_all(), "");
  EXPECT_EQ(server->counters().expired, 2U);
  EXPECT_TRUE(lines.has("did not end the header of a request in time"));
  EXPECT_TRUE(lines.has("did not end the body of a request in time"));
}

TEST_F(HttpServer, DropsAReaderThatNeverReads) {
  start({.stalled_write = 300ms},
        [](http::Request, http::Respond respond) { respond({200, {}, std::string(16UL * 1024 * 1024, 'x')}); });
  RawClient client(server->port(), 4096);
  client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return server->counters().requests == 1 && server->counters().open == 0; }));
}

TEST_F(HttpServer, RefusesConnectionsBeyondItsLimit) {
  start({.connections_max = 3});
  std::vector<RawClient> clients;
  for (int i = 0; i < 3; ++i) clients.emplace_back(server->port());
  ASSERT_TRUE(eventually([&] { return server->counters().open == 3; }));
  RawClient extra(server->port());
  EXPECT_TRUE(extra.closed_soon());
  EXPECT_EQ(server->counters().refused, 1U);
  EXPECT_TRUE(lines.has("refused: 3 are open"));
  clients.clear();
  ASSERT_TRUE(eventually([&] { return server->counters().open == 0; }));
  expect_alive();
}

std::size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  file >> total >> resident;
  return resident * 4096;
}

// The clients live in a process of their own: both ends in one would need 20,000 descriptors.
TEST_F(HttpServer, HoldsTenThousandIdleConnections) {
  constexpr int kCount = 10'000;
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  if (files.rlim_max < kCount + 200) GTEST_SKIP() << "the limit of open files is " << files.rlim_max;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  start({.threads = 2});
  const std::size_t before = resident_bytes();
  std::array<int, 2> hold{};
  ASSERT_EQ(::pipe(hold.data()), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::close(hold[1]);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(server->port());
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int made = 0;
    while (made < kCount) {
      const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
      if (fd < 0 || ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) ::_exit(1);
      ++made;
    }
    char byte = 0;
    static_cast<void>(!::read(hold[0], &byte, 1));  // until the test lets go
    ::_exit(0);
  }
  ::close(hold[0]);
  EXPECT_TRUE(eventually([&] { return server->counters().open == kCount; })) << server->counters().open;
  EXPECT_LT(resident_bytes() - before, 100UL * 1024 * 1024);
  expect_alive();
  ::close(hold[1]);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(eventually([&] { return server->counters().open == 0; }));
}

TEST_F(HttpServer, OutlivesALackOfDescriptors) {
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
  GTEST_SKIP() << "the sanitizer's check of a virtual call opens a pipe, which is what is lacking here";
#endif
#endif
  start();
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  const rlimit before = files;
  const int next = ::dup(0);
  ::close(next);
  files.rlim_cur = static_cast<rlim_t>(next) + 16;
  setrlimit(RLIMIT_NOFILE, &files);
  {
    // Both ends of each connection take from the same few descriptors, and the clients come first.
    std::vector<RawClient> clients;
    while (clients.empty() || clients.back().connected()) clients.emplace_back(server->port());
    EXPECT_TRUE(eventually([&] { return lines.has("cannot accept a connection: Too many open files"); }));
  }
  setrlimit(RLIMIT_NOFILE, &before);
  expect_alive();
}

TEST_F(HttpServer, StopsWithRequestsOpen) {
  std::mutex mutex;
  std::vector<http::Respond> kept;
  start({.threads = 2}, [&](http::Request, http::Respond respond) {
    const std::lock_guard lock(mutex);
    kept.push_back(std::move(respond));
  });
  std::vector<RawClient> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back(server->port());
    clients.back().send("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  }
  ASSERT_TRUE(eventually([&] { return server->counters().requests == 8; }));
  server->stop();
  EXPECT_EQ(server->counters().open, 0U);
  server.reset();
  for (auto& respond : kept) respond({200, {}, "too late"});
  kept.clear();
  for (auto& client : clients) EXPECT_TRUE(client.closed_soon());
}

TEST_F(HttpServer, SaysWhyItCannotStart) {
  start();
  const auto taken = http::Server::start({.port = server->port()}, echo, {}, lines.log());
  ASSERT_FALSE(taken.has_value());
  EXPECT_EQ(taken.error().code, Errc::in_use);
  EXPECT_EQ(http::Server::start({.address = "somewhere"}, echo, {}, lines.log()).error().code, Errc::invalid);
  EXPECT_EQ(http::Server::start({.cert_file = "/none"}, echo, {}, lines.log()).error().code, Errc::invalid);
}

// What the test's WebSockets heard.
struct Sockets {
  std::mutex mutex;
  std::vector<std::shared_ptr<http::Socket>> open;
  std::vector<std::string> texts;
  std::atomic<int> closed = 0;

  http::Accept accept() {
    return [this](const http::Request& request, std::shared_ptr<http::Socket> socket,
                  http::SocketHandler& out) -> std::optional<http::Response> {
      if (request.target == "/forbidden") return http::Response{403, {}, "no"};
      socket->send("hello");
      const std::lock_guard lock(mutex);
      open.push_back(socket);
      out.on_text = [this, socket](std::string text) {
        {
          const std::lock_guard inner(mutex);
          texts.push_back(text);
        }
        socket->send("echo " + text);
      };
      out.on_closed = [this] { ++closed; };
      return std::nullopt;
    };
  }
};

constexpr std::string_view kUpgrade =
    "GET /ws HTTP/1.1\r\nhost: x\r\nupgrade: WebSocket\r\nconnection: keep-alive, Upgrade\r\n"
    "sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

// A WebSocket client over a bare one.
struct SocketClient {
  explicit SocketClient(std::uint16_t port, int receive_bytes = 0) : raw(port, receive_bytes) {
    raw.send(kUpgrade);
    head = raw.read_until("\r\n\r\n");
  }
  void send(websocket::Opcode kind, std::string_view payload) {
    std::string frame;
    websocket::append_frame(frame, kind, payload, 0x51525354);
    raw.send(frame);
  }
  std::optional<websocket::Message> next() {
    for (;;) {
      auto got = decoder.next();
      if (!got) return std::nullopt;
      if (got->has_value()) return std::move(**got);
      const std::string some = raw.read_bytes(1);
      if (some.empty()) return std::nullopt;
      decoder.feed(some);
    }
  }
  RawClient raw;
  std::string head;
  websocket::Decoder decoder{websocket::Side::client, 1UL << 20};
};

TEST_F(HttpServer, SpeaksWebSocket) {
  Sockets sockets;
  start({}, echo, sockets.accept());
  SocketClient client(server->port());
  EXPECT_TRUE(client.head.starts_with("HTTP/1.1 101"));
  EXPECT_NE(client.head.find("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), std::string::npos);
  EXPECT_EQ(client.next()->bytes, "hello");
  client.send(websocket::Opcode::text, "one");
  EXPECT_EQ(client.next()->bytes, "echo one");
  client.send(websocket::Opcode::ping, "p");
  const auto pong = client.next();
  EXPECT_EQ(pong->kind, websocket::Opcode::pong);
  EXPECT_EQ(pong->bytes, "p");
  const std::string big(200'000, 'b');
  client.send(websocket::Opcode::text, big);
  EXPECT_EQ(client.next()->bytes, "echo " + big);
  client.send(websocket::Opcode::close, websocket::close_payload(4001, "done"));
  const auto close = client.next();
  EXPECT_EQ(close->kind, websocket::Opcode::close);
  EXPECT_EQ(close->code, 4001);
  EXPECT_TRUE(client.raw.closed_soon());
  EXPECT_TRUE(eventually([&] { return sockets.closed == 1; }));
  const std::lock_guard lock(sockets.mutex);
  EXPECT_FALSE(sockets.open.front()->send("too late"));
}

TEST_F(HttpServer, RefusesUpgrades) {
  Sockets sockets;
  start({}, echo, sockets.accept());
  RawClient client(server->port());
  std::string forbidden(kUpgrade);
  forbidden.replace(4, 3, "/forbidden");
  client.send(forbidden);
  EXPECT_TRUE(client.read_until("\r\n\r\n").starts_with("HTTP/1.1 403"));
  EXPECT_EQ(client.read_bytes(2), "no");
  std::string old(kUpgrade);
  old.replace(old.find("13"), 2, "12");
  client.send(old);
  EXPECT_TRUE(client.read_until("\r\n\r\n").starts_with("HTTP/1.1 426"));
  client.send("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
  EXPECT_TRUE(client.read_all().starts_with("HTTP/1.1 200"));
}

TEST_F(HttpServer, ClosesBrokenAndSlowSockets) {
  Sockets sockets;
  start({.websocket_queue_bytes_max = 100'000}, echo, sockets.accept());
  SocketClient broken(server->port());
  broken.next();
  broken.raw.send("\xff\xff\xff\xff");
  const auto close = broken.next();
  ASSERT_TRUE(close.has_value());
  EXPECT_EQ(close->code, 1002);
  EXPECT_TRUE(eventually([&] { return sockets.closed == 1; }));
  EXPECT_TRUE(lines.has("broke the WebSocket protocol"));

  SocketClient huge(server->port());
  huge.next();
  huge.raw.send("\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff");
  EXPECT_EQ(huge.next()->code, 1009);
  EXPECT_TRUE(eventually([&] { return sockets.closed == 2; }));

  SocketClient slow(server->port(), 4096);
  std::shared_ptr<http::Socket> socket;
  {
    const std::lock_guard lock(sockets.mutex);
    socket = sockets.open.back();
  }
  bool taken = true;
  for (int i = 0; i < 10'000 && taken; ++i) taken = socket->send(std::string(10'000, 's'));
  EXPECT_FALSE(taken);
  EXPECT_TRUE(eventually([&] { return sockets.closed == 3; }));
  EXPECT_TRUE(lines.has("reads its WebSocket too slowly"));
  expect_alive();
}

// The loop keeps up until the connection takes no more, so that the queue is too long only when nothing can be written.
TEST_F(HttpServer, ClosesAReaderThatStopped) {
  Sockets sockets;
  start({.websocket_queue_bytes_max = 100'000}, echo, sockets.accept());
  SocketClient stopped(server->port(), 4096);
  const std::shared_ptr<http::Socket> socket = sockets.open.back();
  bool taken = true;
  for (int i = 0; i < 2'000 && taken; ++i) {
    taken = socket->send(std::string(10'000, 's'));
    if (i % 5 == 0) expect_alive();
  }
  EXPECT_FALSE(taken);
  EXPECT_TRUE(eventually([&] { return sockets.closed == 1; }));
  EXPECT_TRUE(lines.has("reads its WebSocket too slowly"));
}

TEST_F(HttpServer, ClosesSocketsFromItsSide) {
  Sockets sockets;
  start({.websocket_ping = 300ms}, echo, sockets.accept());
  SocketClient client(server->port());
  client.next();
  {
    const std::lock_guard lock(sockets.mutex);
    sockets.open.back()->send("last");
    sockets.open.back()->close(4000, "bye");
  }
  EXPECT_EQ(client.next()->bytes, "last");
  const auto close = client.next();
  EXPECT_EQ(close->code, 4000);
  EXPECT_EQ(close->bytes, "bye");
  client.send(websocket::Opcode::close, websocket::close_payload(4000, ""));
  EXPECT_TRUE(client.raw.closed_soon());

  SocketClient silent(server->port());
  silent.next();
  EXPECT_EQ(silent.next()->kind, websocket::Opcode::ping);
  EXPECT_TRUE(silent.raw.closed_soon());
  EXPECT_TRUE(eventually([&] { return sockets.closed == 2; }));

  SocketClient stopped(server->port());
  stopped.next();
  server->stop();
  EXPECT_EQ(stopped.next()->code, 1001);
  EXPECT_EQ(sockets.closed, 3);
}

class HttpsServer : public HttpServer {
 protected:
  void SetUp() override {
    std::string name = "/tmp/tandem_https_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    dir = name;
    authority = pki::init(dir).value();
    cert = pki::issue(dir, NodeId{1}, "server", {"127.0.0.1"}).value();
  }
  void TearDown() override { std::filesystem::remove_all(dir); }
  Result<http::Response> fetch(std::string path, std::string body) {
    std::promise<Result<http::Response>> promise;
    client.fetch({.url = "https://127.0.0.1:" + std::to_string(server->port()) + path,
                  .method = "POST",
                  .body = std::move(body),
                  .ca_file = authority.cert_file},
                 [&](Result<http::Response> response) { promise.set_value(std::move(response)); });
    return promise.get_future().get();
  }
  std::string dir;
  pki::Issued authority;
  pki::Issued cert;
  http::Client client;
};

TEST_F(HttpsServer, ServesOverTls) {
  start({.cert_file = cert.cert_file, .key_file = cert.key_file});
  const std::string big(1'000'000, 'b');
  for (int i = 0; i < 3; ++i) {
    const auto response = fetch("/x", big);
    ASSERT_TRUE(response.has_value()) << response.error().detail;
    EXPECT_EQ(response->body, "POST /x " + big);
  }
  EXPECT_EQ(server->counters().accepted, 1U);
}

TEST_F(HttpsServer, SurvivesNoiseAndHalfHandshakes) {
  start({.cert_file = cert.cert_file, .key_file = cert.key_file, .handshake = 300ms});
  RawClient half(server->port());
  half.send("\x16\x03\x01\x02\x00\x01\x00"s);
  RawClient plain(server->port());
  plain.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  RawClient silent(server->port());
  EXPECT_TRUE(half.closed_soon());
  EXPECT_TRUE(plain.closed_soon());
  EXPECT_TRUE(silent.closed_soon());
  EXPECT_TRUE(lines.has("no TLS connection: no TLS handshake in time"));
  EXPECT_TRUE(lines.has("no TLS connection: TLS: http request"));
  EXPECT_TRUE(fetch("/still", "").has_value());
}

}  // namespace http_server_test
}  // namespace tandem
