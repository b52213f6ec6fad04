#include "api/model/validate.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <string>

namespace tandem::model {
namespace {

const Description& kinds() {
  static const Description kDescription = std::move(*Description::parse(R"(service kinds
version 1
operation Take  PUT /things/{ThingId}  200
  in
    ThingId!  path  string 1..100
    Max       query max  integer 1..10
    Kinds     query kinds  list ..2 of Kind
    Deep      query deep  boolean
    Token     header X-Token  string 3..10
    Name!     string 1..5
    Code      string matching `[a-z]+`
    Count     integer 0..99
    Big       long ..100000000000
    Level     float 1..5
    Open      boolean
    When      timestamp
    Kind      Kind
    Parts     list 1..3 of Part
    Tags      map 1..2 of string 1..3 matching `[a-z]*` to string ..4
    Counts    map of string to integer 0..
    Choice    Choice
  errors
    InvalidRequestException InvalidParameterException
operation List  GET /things  200
  in
    Next  query next  string
  errors
    InvalidRequestException
error InvalidParameterException  400
error InvalidRequestException  400
enum Kind
  ONE TWO
struct Part
  Name!  string 1..
  Inner  Part
union Choice
  A  string
  B  string
)"));
  return kDescription;
}

std::expected<boost::json::object, ServiceError> take(const std::string& target, const std::string& body,
                                                      const http::Headers& headers = {}) {
  static const Router kRouter(kinds());
  const auto route = kRouter.route("PUT", target);
  if (!route) return std::unexpected(unknown_operation());
  return validate(*route, headers, body);
}

// Goal: whatever breaks a rule is refused with the operation's error, the member's place and the rule, and nothing
// else. Method: a valid body with one member changed, once per rule and side of it.
TEST(Validate, NamesMemberAndRule) {
  struct Case {
    const char* target;
    const char* body;
    const char* said;  // after "1 validation error detected: "
  };
  const Case cases[] = {
      {"/things/t", R"({})", "Value at 'name' failed to satisfy constraint: Member must not be null"},
      {"/things/t", R"({"Name":null})", "Value at 'name' failed to satisfy constraint: Member must not be null"},
      {"/things/t", R"({"Name":""})",
       "Value at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1"},
      {"/things/t", R"({"Name":"123456"})",
       "Value at 'name' failed to satisfy constraint: Member must have length less than or equal to 5"},
      {"/things/t", R"({"Name":"n","Code":"A1"})",
       "Value at 'code' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-z]+"},
      {"/things/t", R"({"Name":"n","Count":-1})",
       "Value at 'count' failed to satisfy constraint: Member must have value greater than or equal to 0"},
      {"/things/t", R"({"Name":"n","Count":100})",
       "Value at 'count' failed to satisfy constraint: Member must have value less than or equal to 99"},
      {"/things/t", R"({"Name":"n","Big":100000000001})",
       "Value at 'big' failed to satisfy constraint: Member must have value less than or equal to 100000000000"},
      {"/things/t", R"({"Name":"n","Level":5.5})",
       "Value at 'level' failed to satisfy constraint: Member must have value less than or equal to 5"},
      {"/things/t", R"({"Name":"n","Kind":"THREE"})",
       "Value at 'kind' failed to satisfy constraint: Member must satisfy enum value set: [ONE, TWO]"},
      {"/things/t", R"({"Name":"n","Parts":[]})",
       "Value at 'parts' failed to satisfy constraint: Member must have length greater than or equal to 1"},
      {"/things/t", R"({"Name":"n","Parts":[{"Name":"a"},{"Name":"a","Inner":{}}]})",
       "Value at 'parts.2.member.inner.name' failed to satisfy constraint: Member must not be null"},
      {"/things/t", R"({"Name":"n","Parts":[null]})",
       "Value at 'parts.1.member' failed to satisfy constraint: Member must not be null"},
      {"/things/t", R"({"Name":"n","Tags":{"a":"1","b":"2","c":"3"}})",
       "Value at 'tags' failed to satisfy constraint: Member must have length less than or equal to 2"},
      {"/things/t", R"({"Name":"n","Tags":{"abcd":"1"}})",
       "Value at 'tags' failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length less "
       "than or equal to 3]"},
      {"/things/t", R"({"Name":"n","Tags":{"a":"12345"}})",
       "Value at 'tags' failed to satisfy constraint: Map value must satisfy constraint: [Member must have length less "
       "than or equal to 4]"},
      {"/things/t", R"({"Name":"n","Counts":{"a":-1}})",
       "Value at 'counts.value' failed to satisfy constraint: Member must have value greater than or equal to 0"},
      {"/things/t", R"({"Name":"n","Choice":{}})",
       "Value at 'choice' failed to satisfy constraint: Exactly one member must be set"},
      {"/things/t", R"({"Name":"n","Choice":{"A":"1","B":"2"}})",
       "Value at 'choice' failed to satisfy constraint: Exactly one member must be set"},
      {"/things/t?max=11", R"({"Name":"n"})",
       "Value at 'max' failed to satisfy constraint: Member must have value less than or equal to 10"},
      {"/things/t?max=ten", R"({"Name":"n"})",
       "Value at 'max' failed to satisfy constraint: Member must be an integer"},
      {"/things/t?max=99999999999", R"({"Name":"n"})",
       "Value at 'max' failed to satisfy constraint: Member must be an integer"},
      {"/things/t?deep=yes", R"({"Name":"n"})",
       "Value at 'deep' failed to satisfy constraint: Member must be true or false"},
      {"/things/t?kinds=ONE&kinds=FOUR", R"({"Name":"n"})",
       "Value at 'kinds.2.member' failed to satisfy constraint: Member must satisfy enum value set: [ONE, TWO]"},
      {"/things/t?kinds=ONE&kinds=ONE&kinds=TWO", R"({"Name":"n"})",
       "Value at 'kinds' failed to satisfy constraint: Member must have length less than or equal to 2"},
      {"/things/%ff", R"({"Name":"n"})", "Value at 'thingId' failed to satisfy constraint: Member must be valid UTF-8"},
  };
  for (const Case& c : cases) {
    const auto judged = take(c.target, c.body);
    ASSERT_FALSE(judged.has_value()) << c.target << ' ' << c.body;
    EXPECT_EQ(judged.error().type, "InvalidParameterException");
    EXPECT_EQ(judged.error().status, 400);
    EXPECT_EQ(judged.error().message, std::string("1 validation error detected: ") + c.said) << c.target << c.body;
  }
}

TEST(Validate, ChecksHeadersToo) {
  const auto judged = take("/things/t", R"({"Name":"n"})", {{"x-token", "ab"}});
  ASSERT_FALSE(judged.has_value());
  EXPECT_EQ(
      judged.error().message,
      "1 validation error detected: Value at 'token' failed to satisfy constraint: Member must have length greater "
      "than or equal to 3");
}

TEST(Validate, SaysSeveralProblemsAtOnceButNotEndlessly) {
  const auto two = take("/things/t", R"({"Name":"","Count":-1})");
  ASSERT_FALSE(two.has_value());
  EXPECT_TRUE(two.error().message.starts_with("2 validation errors detected: Value at 'name' ")) << two.error().message;
  EXPECT_NE(two.error().message.find("; Value at 'count' "), std::string::npos);

  std::string body = R"({"Name":"n","Counts":{"k0":-1)";
  for (int i = 1; i < 1000; ++i) body += ",\"k" + std::to_string(i) + "\":-1";
  const auto many = take("/things/t", body + "}}");
  ASSERT_FALSE(many.has_value());
  EXPECT_LT(many.error().message.size(), 2'000U);
}

TEST(Validate, TakesWhatTheRulesAllow) {
  const auto judged = take("/things/arn%3Aaws%2Fx?max=10&kinds=ONE&kinds=TWO&deep=true&other=1",
                           R"({"Name":"日本語日本","Code":"abc","Count":99.0,"Big":100000000000,"Level":1,"Open":false,
                               "When":1767225600.5,"Kind":"TWO","Parts":[{"Name":"a","Unknown":1,"Inner":{"Name":"b"}}],
                               "Tags":{"b":"","a":"1234"},"Choice":{"B":"x","A":null},"Unknown":{"deep":[1]}})",
                           {{"x-token", "abc"}});
  ASSERT_TRUE(judged.has_value()) << judged.error().message;
  const auto& in = *judged;
  EXPECT_FALSE(in.contains("Unknown"));
  EXPECT_EQ(in.at("ThingId"), "arn:aws/x");
  EXPECT_EQ(in.at("Max"), 10);
  EXPECT_EQ(in.at("Deep"), true);
  EXPECT_EQ(in.at("Kinds"), boost::json::parse(R"(["ONE","TWO"])"));
  EXPECT_EQ(in.at("Token"), "abc");
  EXPECT_TRUE(in.at("Count").is_int64());
  EXPECT_TRUE(in.at("Level").is_double());
  EXPECT_EQ(in.at("Parts"), boost::json::parse(R"([{"Name":"a","Inner":{"Name":"b"}}])"));
  EXPECT_EQ(in.at("Choice"), boost::json::parse(R"({"B":"x"})"));
}

// A wrong JSON type is found before any rule is judged, as at the service.
TEST(Validate, CallsTheUnreadableSo) {
  struct Case {
    const char* body;
    const char* said;
  };
  const Case cases[] = {
      {"{", "not valid JSON"},
      {"\xff", "not valid JSON"},
      {R"({"Name":"\ud800"})", "not valid JSON"},
      {"[]", "must be a JSON object"},
      {"null", "must be a JSON object"},
      {R"({"Name":5})", "'name' must be a string"},
      {R"({"Name":"","Count":"5"})", "'count' must be an integer"},
      {R"({"Name":"n","Count":1.5})", "'count' must be an integer"},
      {R"({"Name":"n","Count":4294967296})", "'count' must be an integer of 32 bits"},
      {R"({"Name":"n","Big":18446744073709551615})", "'big' must be an integer"},
      {R"({"Name":"n","Level":"1"})", "'level' must be a number"},
      {R"({"Name":"n","Level":1e999})", ""},
      {R"({"Name":"n","Open":"true"})", "'open' must be a boolean"},
      {R"({"Name":"n","When":"2026-01-01"})", "'when' must be a timestamp"},
      {R"({"Name":"n","When":1e300})", "'when' must be a timestamp"},
      {R"({"Name":"n","Parts":{}})", "'parts' must be a list"},
      {R"({"Name":"n","Parts":["a"]})", "'parts.1.member' must be an object"},
      {R"({"Name":"n","Tags":[]})", "'tags' must be a map"},
      {R"({"Name":"n","Tags":{"a":1}})", "'tags.value' must be a string"},
  };
  for (const Case& c : cases) {
    const auto judged = take("/things/t", c.body);
    ASSERT_FALSE(judged.has_value()) << c.body;
    EXPECT_EQ(judged.error().type, "SerializationException") << c.body;
    EXPECT_EQ(judged.error().status, 400);
    EXPECT_NE(judged.error().message.find(c.said), std::string::npos) << c.body << judged.error().message;
  }
  EXPECT_FALSE(take("/things/t", R"({"Name":"n","Parts":)" + std::string(100'000, '[')).has_value());
}

TEST(Validate, LooksAtNoBodyWhereNoneIsDescribed) {
  const auto route = Router(kinds()).route("GET", "/things?next=a%2Bb+c");
  ASSERT_TRUE(route.has_value());
  const auto judged = validate(*route, {}, "not json");
  ASSERT_TRUE(judged.has_value());
  EXPECT_EQ(judged->at("Next"), "a+b+c");
}

}  // namespace
}  // namespace tandem::model
