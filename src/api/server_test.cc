// Goal: the listener tells callers apart as AWS does, answers browsers' questions, and says whether it is ready.
// Method: requests as values against the API of a region over a real node.
#include "api/server.h"

#include <gtest/gtest.h>

#include "api/common.h"
#include "api/fake_host_testing.h"
#include "codec/sigv4.h"

namespace tandem::api {
namespace {

http::Request list_queues(const Region& region) {
  http::Request request;
  request.method = "GET";
  request.target = "/queues-summary/" + region.instance;
  request.headers = {{"host", "127.0.0.1:8443"}};
  return request;
}

TEST(Signatures, AreRefusedUnderTheNamesOfTheService) {
  Region region;
  const auto now = [&] { return Hlc::at(region.host.utc_ms()); };
  struct Case {
    const char* name;
    sigv4::Credentials credentials;
    std::chrono::minutes age;
    const char* scope;
    int status;
    const char* type;
  };
  const Case cases[] = {
      {"good", {kAccessKey, kSecret, {}}, 0min, "us-east-1", 200, ""},
      {"unknown key", {"AKIDNOBODY", kSecret, {}}, 0min, "us-east-1", 403, "UnrecognizedClientException"},
      {"a session of somebody else",
       {kAccessKey, kSecret, "token"},
       0min,
       "us-east-1",
       403,
       "UnrecognizedClientException"},
      {"wrong secret", {kAccessKey, "other", {}}, 0min, "us-east-1", 403, "InvalidSignatureException"},
      {"expired", {kAccessKey, kSecret, {}}, 6min, "us-east-1", 403, "InvalidSignatureException"},
      {"scope of another region", {kAccessKey, kSecret, {}}, 0min, "us-west-2", 403, "InvalidSignatureException"},
  };
  for (const Case& c : cases) {
    http::Request request = list_queues(region);
    sigv4::sign(request, c.credentials, c.scope, "connect", now() + std::chrono::milliseconds(-c.age));
    const auto response = region.send(std::move(request));
    EXPECT_EQ(response.status, c.status) << c.name << response.body;
    EXPECT_EQ(error_of(response), c.type) << c.name;
  }
  const auto unsigned_one = region.send(list_queues(region));
  EXPECT_EQ(unsigned_one.status, 403);
  EXPECT_EQ(error_of(unsigned_one), "MissingAuthenticationTokenException");
  http::Request half = list_queues(region);
  half.headers.emplace_back("authorization", "AWS4-HMAC-SHA256 Credential=AKIDSAMPLE/20260101/us-east-1");
  const auto incomplete = region.send(std::move(half));
  EXPECT_EQ(incomplete.status, 400);
  EXPECT_EQ(error_of(incomplete), "IncompleteSignatureException");
}

TEST(Server, AnswersBrowsersAndHealthChecks) {
  Region region;
  http::Request request;
  request.method = "OPTIONS";
  request.target = "/participant/connection";
  request.headers = {{"access-control-request-headers", "x-amz-bearer,x-new-header"}};
  const auto preflight = region.send(request);
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(*http::find(preflight.headers, "access-control-allow-origin"), "*");
  EXPECT_NE(http::find(preflight.headers, "access-control-allow-headers")->find("x-new-header"), std::string::npos);
  request.headers = {{"access-control-request-headers", "evil\r\nset-cookie: a"}};
  EXPECT_EQ(http::find(region.send(request).headers, "access-control-allow-headers")->find("evil"), std::string::npos);

  request = {};
  request.method = "GET";
  request.target = "/healthz";
  EXPECT_EQ(region.send(request).status, 200);
  request.target = "/readyz";
  const auto ready = region.send(request);
  EXPECT_EQ(ready.status, 200) << ready.body;
  EXPECT_EQ(text_of(body_of(ready), "region"), "us-east-1");
  request.target = "/nothing/here";
  const auto unknown = region.send(request);
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(error_of(unknown), "UnknownOperationException");
  EXPECT_EQ(*http::find(unknown.headers, "access-control-allow-origin"), "*");
}

TEST(Common, IdsOfCommandsFollowFromTheirParts) {
  EXPECT_EQ(command_id("StartChatContact", "admin", "t"), command_id("StartChatContact", "admin", "t"));
  EXPECT_NE(command_id("StartChatContact", "admin", "t"), command_id("StartChatContact", "admi", "nt"));
  EXPECT_NE(command_id("StartChatContact", "admin", "t"), command_id("StartTaskContact", "admin", "t"));
}

TEST(Common, TimesReadBackAsWritten) {
  EXPECT_EQ(iso_time(std::uint64_t{1'772'355'912'045}), "2026-03-01T09:05:12.045Z");
  EXPECT_EQ(parse_iso_time("2026-03-01T09:05:12.045Z"), 1'772'355'912'045U);
  EXPECT_EQ(parse_iso_time("2026-03-01T09:05:12Z"), 1'772'355'912'000U);
  for (const char* wrong :
       {"", "2026-03-01", "2026-13-01T09:05:12Z", "2026-03-01T09:05:12.Z", "2026-03-01T09:05:12x"}) {
    EXPECT_EQ(parse_iso_time(wrong), std::nullopt) << wrong;
  }
}

}  // namespace
}  // namespace tandem::api
