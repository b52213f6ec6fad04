// Goal: calls are signed as AWS checks it, tried again only where that does no harm, and what went wrong is told whole.
// Method: our own server on loopback, which answers from a list and checks every signature; pauses are noted, not
// waited.
#include "io/aws_client/client.h"

#include <gtest/gtest.h>

#include <deque>
#include <mutex>
#include <set>

#include "io/http_server/server.h"

namespace tandem::aws {
namespace {

using std::chrono::milliseconds;

class AwsClient : public testing::Test {
 protected:
  void SetUp() override {
    server = http::Server::start(
                 {}, [this](const http::Request& request, const http::Respond& respond) { respond(answer(request)); },
                 {}, {})
                 .value();
    endpoint = {"http://127.0.0.1:" + std::to_string(server->port()),
                "us-east-1",
                "connect",
                {"AKIDEXAMPLE", "secret", ""},
                ""};
  }
  http::Response answer(const http::Request& request) {
    const std::lock_guard lock(mutex);
    seen.push_back(request);
    sigv4::Rules rules;
    rules.secret = [](std::string_view key) { return key == "AKIDEXAMPLE" ? std::optional("secret") : std::nullopt; };
    rules.regions = {"us-east-1"};
    rules.services = {"connect"};
    const auto caller = sigv4::verify(request, rules, now);
    if (!caller) return {403, {{"x-amzn-errortype", std::string(caller.error().exception())}}, caller.error().message};
    if (answers.empty()) return {200, {{"x-amzn-requestid", "id-ok"}}, "{}"};
    http::Response out = answers.front();
    answers.pop_front();
    return out;
  }
  Client client() {
    Options options;
    options.seed = 7;
    options.clock = [this] { return now; };
    options.wait = [this](milliseconds pause) { pauses.push_back(pause); };
    return {http, endpoint, options};
  }
  static http::Response refusal(int status, const std::string& name) {
    return {status, {{"x-amzn-errortype", name}, {"x-amzn-requestid", "id-1"}}, R"({"Message":"so it is"})"};
  }
  static http::Response throttling() { return refusal(429, "ThrottlingException:http://internal.amazon.com/"); }

  std::mutex mutex;
  std::vector<http::Request> seen;
  std::deque<http::Response> answers;
  std::vector<milliseconds> pauses;
  Hlc now = Hlc::at(1'790'000'000'000);
  Endpoint endpoint;
  http::Client http;
  std::unique_ptr<http::Server> server;
};

TEST_F(AwsClient, SignsWhatItSends) {
  const auto got = client().call({"PUT", "/traffic-distribution/arn%3Aaws%3Aconnect?b=2&a=1", R"({"x":1})"});
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ(got->request_id, "id-ok");
  EXPECT_EQ(got->attempts, 1);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].body, R"({"x":1})");
  endpoint.credentials.secret = "another";
  EXPECT_EQ(client().call({}).error().code, Errc::denied);
  endpoint.credentials.session_token = "token";  // which the server's rules do not know
  EXPECT_FALSE(client().call({}));
  EXPECT_EQ(*seen.back().header("x-amz-security-token"), "token");
  EXPECT_NE(seen.back().header("authorization")->find("x-amz-security-token"), std::string::npos);
}

TEST_F(AwsClient, WhatWasThrottledIsAskedAgainAfterADrawnPause) {
  answers = {throttling(), throttling()};
  const auto got = client().call({.repeatable = false});  // what was throttled was not done
  ASSERT_TRUE(got) << got.error().text();
  EXPECT_EQ(got->attempts, 3);
  ASSERT_EQ(pauses.size(), 2U);
  EXPECT_LE(pauses[0], milliseconds(1'000));
  EXPECT_LE(pauses[1], milliseconds(2'000));
  std::set<milliseconds> drawn;
  Client many = client();
  for (int n = 0; n < 20; ++n) {
    answers = {throttling()};
    pauses.clear();
    ASSERT_TRUE(many.call({}));
    drawn.insert(pauses.at(0));
  }
  EXPECT_GT(drawn.size(), 10U);
}

TEST_F(AwsClient, ThrottledToTheEndItSaysSo) {
  answers = {throttling(), throttling(), throttling(), throttling()};
  const auto got = client().call({});
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Errc::limit_exceeded);
  EXPECT_EQ(got.error().text(), "ThrottlingException: so it is (tried 3 times) [request id-1]");
  EXPECT_EQ(seen.size(), 3U);
}

TEST_F(AwsClient, TheServiceMayAskForMorePatience) {
  http::Response slow = throttling();
  slow.headers.emplace_back("retry-after", "7");
  http::Response slower = throttling();
  slower.headers.emplace_back("x-amz-retry-after", "90000");
  answers = {slow, slower};
  ASSERT_TRUE(client().call({}));
  EXPECT_EQ(pauses, (std::vector{milliseconds(7'000), milliseconds(20'000)}));
}

TEST_F(AwsClient, WhatMayHaveBeenDoneIsRepeatedOnlyWhereThatDoesNoHarm) {
  for (const int status : {500, 502, 503, 504}) {
    seen.clear();
    answers = {refusal(status, "InternalServiceException"), refusal(status, "InternalServiceException")};
    EXPECT_TRUE(client().call({})) << status;
    EXPECT_EQ(seen.size(), 3U) << status;
    seen.clear();
    answers = {refusal(status, "InternalServiceException")};
    const auto once = client().call({.repeatable = false});
    ASSERT_FALSE(once) << status;
    EXPECT_EQ(once.error().code, Errc::internal);
    EXPECT_EQ(seen.size(), 1U) << status;
  }
}

TEST_F(AwsClient, ANoIsANo) {
  struct Case {
    int status;
    const char* name;
    Errc code;
  };
  for (const Case& c :
       {Case{403, "AccessDeniedException", Errc::denied}, Case{404, "ResourceNotFoundException", Errc::not_found},
        Case{409, "ResourceConflictException", Errc::refused}, Case{400, "InvalidRequestException", Errc::invalid}}) {
    seen.clear();
    answers = {refusal(c.status, c.name)};
    const auto got = client().call({});
    ASSERT_FALSE(got) << c.name;
    EXPECT_EQ(got.error().code, c.code) << c.name;
    EXPECT_EQ(got.error().text(), std::string(c.name) + ": so it is [request id-1]");
    EXPECT_EQ(seen.size(), 1U);
  }
  answers = {{418, {}, "a teapot"}};
  EXPECT_EQ(client().call({}).error().text(), "status 418: a teapot");
  answers = {{400, {}, R"({"__type":"com.amazonaws.connect#InvalidRequestException","message":"m"})"}};
  EXPECT_EQ(client().call({}).error().text(), "InvalidRequestException: m");
}

TEST_F(AwsClient, NobodyThere) {
  server.reset();
  const auto got = client().call({});
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Errc::unreachable);
  EXPECT_EQ(got.error().attempts, 3);
  EXPECT_EQ(pauses.size(), 2U);
  EXPECT_EQ(client().call({.repeatable = false}).error().attempts, 1);
}

}  // namespace
}  // namespace tandem::aws
