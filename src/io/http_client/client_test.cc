// Goal: every fetch ends exactly once, with the answer or with the reason there is none.
// Method: our own server on loopback, ports where nobody listens, a server that never answers.
#include "io/http_client/client.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <mutex>
#include <string>
#include <vector>

#include "io/http_server/server.h"
#include "io/net/raw_client_testing.h"
#include "io/net/socket.h"

namespace tandem {
namespace http_client_test {

using namespace std::chrono_literals;
using net::testing::eventually;

class HttpClient : public testing::Test {
 protected:
  void SetUp() override {
    server = http::Server::start({},
                                 [this](http::Request request, http::Respond respond) {
                                   if (request.target == "/hang") {
                                     const std::lock_guard lock(mutex);
                                     hanging.push_back(std::move(respond));
                                     return;
                                   }
                                   if (request.target == "/big") {
                                     respond({200, {}, std::string(100'000, 'x')});
                                     return;
                                   }
                                   std::string all = request.method + " " + request.target + "\n";
                                   for (const auto& [name, value] : request.headers)
                                     all.append(name).append(": ").append(value) += '\n';
                                   respond({404, {{"X-Mixed-Case", "v"}}, all + "\n" + request.body});
                                 },
                                 {}, {})
                 .value();
    base = "http://127.0.0.1:" + std::to_string(server->port());
  }
  static Result<http::Response> wait(http::Client& client, http::Fetch fetch) {
    std::promise<Result<http::Response>> promise;
    client.fetch(std::move(fetch), [&](Result<http::Response> r) { promise.set_value(std::move(r)); });
    return promise.get_future().get();
  }
  std::mutex mutex;
  std::vector<http::Respond> hanging;
  std::unique_ptr<http::Server> server;
  std::string base;
};

TEST_F(HttpClient, SendsWhatItIsTold) {
  http::Client client;
  for (const char* method : {"GET", "POST", "PUT", "DELETE"}) {
    const auto response = wait(client, {.url = base + "/a/../b%2F?q=1",
                                        .method = method,
                                        .headers = {{"x-a", "1"}, {"x-empty", ""}},
                                        .body = std::string(method) == "GET" ? "" : "body"});
    ASSERT_TRUE(response.has_value()) << response.error().detail;
    EXPECT_EQ(response->status, 404);
    EXPECT_EQ(*http::find(response->headers, "x-mixed-case"), "v");
    EXPECT_TRUE(response->body.starts_with(std::string(method) + " /a/../b%2F?q=1\n")) << response->body;
    EXPECT_NE(response->body.find("x-a: 1\n"), std::string::npos);
    EXPECT_NE(response->body.find("x-empty: \n"), std::string::npos);
    EXPECT_EQ(response->body.find("content-type"), std::string::npos);
    EXPECT_TRUE(response->body.ends_with(std::string(method) == "GET" ? "\n\n" : "\n\nbody"));
  }
  const auto head = wait(client, {.url = base + "/", .method = "HEAD"});
  ASSERT_TRUE(head.has_value());
  EXPECT_EQ(head->body, "");
}

TEST_F(HttpClient, SaysWhyThereIsNoAnswer) {
  http::Client client;
  EXPECT_EQ(wait(client, {.url = "ftp://127.0.0.1/"}).error().code, Errc::invalid);
  EXPECT_EQ(wait(client, {.url = "http://"}).error().code, Errc::invalid);
  EXPECT_EQ(wait(client, {.url = base, .headers = {{"a", "b\r\nc: d"}}}).error().code, Errc::invalid);
  EXPECT_EQ(wait(client, {.url = base + "/hang", .timeout = 200ms}).error().code, Errc::timed_out);
  EXPECT_EQ(wait(client, {.url = base + "/big", .response_bytes_max = 1000}).error().code, Errc::limit_exceeded);
  EXPECT_EQ(wait(client, {.url = base, .ca_file = "/none"}).has_value(), true);
  EXPECT_EQ(wait(client, {.url = "https" + base.substr(4)}).error().code, Errc::unreachable);
  const auto closed = net::listen_on("127.0.0.1", 0).value().port;
  EXPECT_EQ(wait(client, {.url = "http://127.0.0.1:" + std::to_string(closed)}).error().code, Errc::unreachable);
}

TEST_F(HttpClient, BoundsWhatIsUnderWay) {
  http::Client client({.concurrent_max = 2, .waiting_max = 3});
  std::atomic<int> done = 0;
  std::atomic<int> refused = 0;
  const auto count = [&](Result<http::Response> r) {
    ++done;
    if (!r && r.error().code == Errc::limit_exceeded) ++refused;
  };
  for (int i = 0; i < 2; ++i) client.fetch({.url = base + "/hang"}, count);
  ASSERT_TRUE(eventually([&] {
    const std::lock_guard lock(mutex);
    return hanging.size() == 2;
  }));
  for (int i = 0; i < 10; ++i) client.fetch({.url = base + "/quick"}, count);
  EXPECT_EQ(refused, 7);
  EXPECT_EQ(server->counters().requests, 2U);
  {
    const std::lock_guard lock(mutex);
    for (auto& respond : hanging) respond({200, {}, {}});
  }
  EXPECT_TRUE(eventually([&] { return done == 12; }));
  EXPECT_EQ(server->counters().requests, 5U);
}

TEST_F(HttpClient, EndsEverythingWhenItStops) {
  http::Client client({.concurrent_max = 2});
  std::atomic<int> stopped = 0;
  for (int i = 0; i < 5; ++i) {
    client.fetch({.url = base + "/hang"}, [&](Result<http::Response> r) {
      if (!r && r.error().code == Errc::shutting_down) ++stopped;
    });
  }
  client.stop();
  EXPECT_EQ(stopped, 5);
  client.fetch({.url = base}, [&](Result<http::Response> r) {
    if (!r && r.error().code == Errc::shutting_down) ++stopped;
  });
  EXPECT_EQ(stopped, 6);
}

}  // namespace http_client_test
}  // namespace tandem
