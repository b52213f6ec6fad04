// Goal: what AWS clients sign is accepted, everything else is refused under the services' own names and words.
// Method: the published Signature Version 4 test suite (key AKIDEXAMPLE, 2015-08-30), then a valid request with one
// thing wrong at a time. test/client/sigv4_botocore.py compares with botocore over random requests.
#include "codec/sigv4.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace tandem {
namespace sigv4_test {

constexpr const char* kKey = "AKIDEXAMPLE";
constexpr const char* kSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
constexpr Hlc kThen = Hlc::at(1'440'938'160'000);  // 2015-08-30T12:36:00Z

sigv4::Rules rules() {
  return {.secret = [](std::string_view key) -> std::optional<std::string> {
            if (key != kKey) return std::nullopt;
            return kSecret;
          },
          .regions = {"us-east-1"},
          .services = {"service"}};
}

http::Request signed_request() {
  http::Request request{.method = "PUT",
                        .target = "/users/arn%3Aaws%3Aconnect%3Aus-east-1%3A1%3Ainstance%2Fx/status?b=2&a=%2F",
                        .body = R"({"a":1})",
                        .headers = {{"host", "localhost:8080"}, {"content-type", "application/json"}},
                        .remote = {}};
  sigv4::sign(request, {kKey, kSecret, {}}, "us-east-1", "service", kThen);
  return request;
}

std::string& header(http::Request& request, std::string_view name) {
  for (auto& [key, value] : request.headers) {
    if (key == name) return value;
  }
  request.headers.emplace_back(name, "");
  return request.headers.back().second;
}

TEST(Sigv4, AgreesWithThePublishedVectors) {
  struct Case {
    const char* name;
    const char* method;
    const char* target;
    http::Headers headers;
    const char* body;
    const char* signature;
  };
  const Case cases[] = {
      {"get-vanilla", "GET", "/", {}, "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"get-vanilla-empty-query-key",
       "GET",
       "/?Param1=value1",
       {},
       "",
       "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
      {"get-vanilla-query-order-key-case",
       "GET",
       "/?Param2=value2&Param1=value1",
       {},
       "",
       "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
      {"get-vanilla-query-order-value",
       "GET",
       "/?Param1=value2&Param1=value1",
       {},
       "",
       "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694"},
      {"get-vanilla-query-unreserved",
       "GET",
       "/?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz="
       "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
       {},
       "",
       "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
      {"get-vanilla-utf8-query",
       "GET",
       "/?\xe1\x88\xb4=bar",
       {},
       "",
       "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
      {"get-unreserved",
       "GET",
       "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
       {},
       "",
       "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
      {"get-utf8", "GET", "/\xe1\x88\xb4", {}, "", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
      {"get-space",
       "GET",
       "/example space/",
       {},
       "",
       "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
      {"get-relative",
       "GET",
       "/example/..",
       {},
       "",
       "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"get-slashes", "GET", "//example//", {}, "", "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
      {"get-header-key-duplicate",
       "GET",
       "/",
       {{"my-header1", "value2"}, {"my-header1", "value2"}, {"my-header1", "value1"}},
       "",
       "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
      {"get-header-value-order",
       "GET",
       "/",
       {{"my-header1", "value4"}, {"my-header1", "value1"}, {"my-header1", "value3"}, {"my-header1", "value2"}},
       "",
       "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
      {"get-header-value-trim",
       "GET",
       "/",
       {{"my-header1", " value1"}, {"my-header2", " \"a   b   c\""}},
       "",
       "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
      {"post-vanilla", "POST", "/", {}, "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
      {"post-vanilla-query",
       "POST",
       "/?Param1=value1",
       {},
       "",
       "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
      {"post-header-key-sort",
       "POST",
       "/",
       {{"my-header1", "value1"}},
       "",
       "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
      {"post-header-value-case",
       "POST",
       "/",
       {{"my-header1", "VALUE1"}},
       "",
       "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
      {"post-x-www-form-urlencoded",
       "POST",
       "/",
       {{"content-type", "application/x-www-form-urlencoded"}},
       "Param1=value1",
       "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
  };
  for (const Case& c : cases) {
    http::Request request{.method = c.method, .target = c.target, .body = c.body, .headers = c.headers, .remote = {}};
    request.headers.emplace_back("host", "example.amazonaws.com");
    sigv4::sign(request, {kKey, kSecret, {}}, "us-east-1", "service", kThen);
    EXPECT_TRUE(request.header("authorization")->ends_with(c.signature))
        << c.name << " " << *request.header("authorization");
    const auto caller = sigv4::verify(request, rules(), kThen);
    EXPECT_TRUE(caller.has_value()) << c.name;
  }
}

TEST(Sigv4, EncodesAnEncodedPathOnceMore) {
  const http::Request request{
      .method = "GET", .target = "/users/arn%3Aaws%2Fx", .body = {}, .headers = {{"host", "h"}}, .remote = {}};
  EXPECT_TRUE(sigv4::canonical_request(request, {"host"}).starts_with("GET\n/users/arn%253Aaws%252Fx\n\nhost:h\n\n"));
}

TEST(Sigv4, NamesTheCaller) {
  const auto caller = sigv4::verify(signed_request(), rules(), kThen);
  ASSERT_TRUE(caller.has_value()) << caller.error().message;
  EXPECT_EQ(caller->access_key, kKey);
  EXPECT_EQ(caller->region, "us-east-1");
  EXPECT_EQ(caller->service, "service");
}

TEST(Sigv4, TakesADateHeaderInstead) {
  http::Request request = signed_request();
  std::erase_if(request.headers, [](const auto& h) { return h.first == "x-amz-date"; });
  request.headers.emplace_back("date", "Sun, 30 Aug 2015 12:36:00 GMT");
  const std::vector<std::string> names = {"content-type", "date", "host"};
  const std::string scope = "20150830/us-east-1/service/aws4_request";
  const std::string to_sign =
      sigv4::string_to_sign("20150830T123600Z", scope, sigv4::canonical_request(request, names));
  header(request, "authorization") =
      "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/" + scope +
      ",SignedHeaders=content-type;date;host,Signature=" + sigv4::signature(kSecret, scope, to_sign);
  EXPECT_TRUE(sigv4::verify(request, rules(), kThen).has_value());
}

TEST(Sigv4, RefusesInTheServicesWords) {
  using Break = void (*)(http::Request&);
  struct Case {
    const char* name;
    Break damage;
    std::string_view exception;
    std::string_view words;
  };
  const Case cases[] = {
      {"no header",
       [](http::Request& r) { std::erase_if(r.headers, [](const auto& h) { return h.first == "authorization"; }); },
       "MissingAuthenticationTokenException", "Missing Authentication Token"},
      {"other scheme", [](http::Request& r) { header(r, "authorization") = "Bearer abc"; },
       "IncompleteSignatureException", "Unsupported AWS 'algorithm': 'Bearer'."},
      {"only the scheme", [](http::Request& r) { header(r, "authorization") = "AWS4-HMAC-SHA256"; },
       "IncompleteSignatureException", "requires 'Credential' parameter"},
      {"no equal sign", [](http::Request& r) { header(r, "authorization") = "AWS4-HMAC-SHA256 Credential"; },
       "IncompleteSignatureException", "missing equal-sign"},
      {"no date",
       [](http::Request& r) { std::erase_if(r.headers, [](const auto& h) { return h.first == "x-amz-date"; }); },
       "IncompleteSignatureException", "existence of either a 'X-Amz-Date' or a 'Date' header"},
      {"date of another shape", [](http::Request& r) { header(r, "x-amz-date") = "20159930T123600Z"; },
       "IncompleteSignatureException", "ISO-8601"},
      {"credential of three parts",
       [](http::Request& r) {
         header(r, "authorization") = "AWS4-HMAC-SHA256 Credential=A/B/C, SignedHeaders=host, Signature=0";
       },
       "IncompleteSignatureException", "exactly 5 slash-delimited elements"},
      {"unknown key",
       [](http::Request& r) {
         auto& h = header(r, "authorization");
         h.replace(h.find(kKey), 11, "AKIDANOTHER");
       },
       "UnrecognizedClientException", "security token included in the request is invalid"},
      {"session token", [](http::Request& r) { header(r, "x-amz-security-token") = "x"; },
       "UnrecognizedClientException", "security token included in the request is invalid"},
      {"host not signed",
       [](http::Request& r) {
         auto& h = header(r, "authorization");
         h.replace(h.find(";host"), 5, "");
       },
       "InvalidSignatureException", "must be a 'SignedHeader'"},
      {"another day in the scope",
       [](http::Request& r) {
         auto& h = header(r, "authorization");
         h.replace(h.find("20150830"), 8, "20150829");
       },
       "InvalidSignatureException", "Date in Credential scope"},
      {"another terminator",
       [](http::Request& r) {
         auto& h = header(r, "authorization");
         h.replace(h.find("aws4_request"), 12, "aws4_reqXest");
       },
       "InvalidSignatureException", "valid terminator"},
      {"another region",
       [](http::Request& r) {
         auto& h = header(r, "authorization");
         h.replace(h.find("us-east-1"), 9, "us-west-2");
       },
       "InvalidSignatureException", "valid region, not 'us-west-2'"},
      {"another service",
       [](http::Request& r) {
         auto& h = header(r, "authorization");
         h.replace(h.find("/service/"), 9, "/ec2/");
       },
       "InvalidSignatureException", "correct service: 'service'"},
      {"body changed", [](http::Request& r) { r.body += " "; }, "InvalidSignatureException", "does not match"},
      {"method changed", [](http::Request& r) { r.method = "POST"; }, "InvalidSignatureException", "does not match"},
      {"path changed", [](http::Request& r) { r.target[1] = 'U'; }, "InvalidSignatureException", "does not match"},
      {"query changed", [](http::Request& r) { r.target += "&c"; }, "InvalidSignatureException", "does not match"},
      {"signed header changed", [](http::Request& r) { header(r, "content-type") = "text/plain"; },
       "InvalidSignatureException", "does not match"},
      {"signature cut short", [](http::Request& r) { header(r, "authorization").pop_back(); },
       "InvalidSignatureException", "does not match"},
  };
  for (const Case& c : cases) {
    http::Request request = signed_request();
    c.damage(request);
    const auto caller = sigv4::verify(request, rules(), kThen);
    ASSERT_FALSE(caller.has_value()) << c.name;
    EXPECT_EQ(caller.error().exception(), c.exception) << c.name;
    EXPECT_NE(caller.error().message.find(c.words), std::string::npos) << c.name << ": " << caller.error().message;
  }
}

TEST(Sigv4, AcceptsFiveMinutesEitherWay) {
  const http::Request request = signed_request();
  EXPECT_TRUE(sigv4::verify(request, rules(), kThen + 300s).has_value());
  EXPECT_TRUE(sigv4::verify(request, rules(), kThen + (-300s)).has_value());
  const auto late = sigv4::verify(request, rules(), kThen + 301s);
  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(late.error().message,
            "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T124101Z - 5 min.)");
  const auto early = sigv4::verify(request, rules(), kThen + (-301s));
  ASSERT_FALSE(early.has_value());
  EXPECT_EQ(early.error().message,
            "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z (20150830T123059Z + 5 "
            "min.)");
}

}  // namespace sigv4_test
}  // namespace tandem
