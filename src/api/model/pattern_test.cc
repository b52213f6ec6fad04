#include "api/model/pattern.h"

#include <gtest/gtest.h>

#include <string>

#include "api/model/unicode.h"

namespace tandem::model {
namespace {

// Goal: the patterns of the service models judge values as the service does, and hostile values cost linear time.
// Method: the models' own patterns, and small ones per construct, each with a value on either side of the rule.
TEST(Pattern, JudgesTheWholeValue) {
  struct Case {
    const char* pattern;
    const char* value;
    bool matches;
  };
  const Case cases[] = {
      {"[a-z]{2}(-[a-z]+){1,2}(-[0-9])?", "us-east-1", true},
      {"[a-z]{2}(-[a-z]+){1,2}(-[0-9])?", "us-gov-west-1", true},
      {"[a-z]{2}(-[a-z]+){1,2}(-[0-9])?", "us-east-1x", false},
      {"[a-z]{2}(-[a-z]+){1,2}(-[0-9])?", "us", false},
      {R"(^(?!aws:)[\p{L}\p{Z}\p{N}_.:/=+\-@]*$)", "team", true},
      {R"(^(?!aws:)[\p{L}\p{Z}\p{N}_.:/=+\-@]*$)", "aws:team", false},
      {R"(^(?!aws:)[\p{L}\p{Z}\p{N}_.:/=+\-@]*$)", "aws", true},
      {R"(^(?!aws:)[\p{L}\p{Z}\p{N}_.:/=+\-@]*$)", "Größe 日本 ١٢", true},
      {R"(^(?!aws:)[\p{L}\p{Z}\p{N}_.:/=+\-@]*$)", "a!b", false},
      {R"(^(?!aws:)[\p{L}\p{Z}\p{N}_.:/=+\-@]*$)", "", true},
      {R"((?=.*[a-z])(?=.*[A-Z])(?=.*\d)[a-zA-Z\d\S]{8,64})", "Passw0rdX", true},
      {R"((?=.*[a-z])(?=.*[A-Z])(?=.*\d)[a-zA-Z\d\S]{8,64})", "passw0rdx", false},
      {R"((?=.*[a-z])(?=.*[A-Z])(?=.*\d)[a-zA-Z\d\S]{8,64})", "Passw0rd X", false},
      {R"((?=.*[a-z])(?=.*[A-Z])(?=.*\d)[a-zA-Z\d\S]{8,64})", "Pw0", false},
      {R"(\+[1-9]\d{1,14}$)", "+12025550123", true},
      {R"(\+[1-9]\d{1,14}$)", "12025550123", false},
      {R"(\+[1-9]\d{1,14}$)", "+1234567890123456", false},
      {R"(^(?!d-)([\da-zA-Z]+)([-]*[\da-zA-Z])*$)", "my-centre-1", true},
      {R"(^(?!d-)([\da-zA-Z]+)([-]*[\da-zA-Z])*$)", "d-centre", false},
      {R"(^(?!d-)([\da-zA-Z]+)([-]*[\da-zA-Z])*$)", "centre-", false},
      {R"(^\P{C}*$)", "räport.txt", true},
      {R"(^\P{C}*$)", "a\nb", false},
      {R"(^[\P{C}\r\n\t]{1,3}$)", "a\n", true},
      {R"((^[\S].*[\S]$)|(^[\S]$))", "x", true},
      {R"((^[\S].*[\S]$)|(^[\S]$))", "x y", true},
      {R"((^[\S].*[\S]$)|(^[\S]$))", "x ", false},
      {R"([\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]+$)", "ÿ", true},
      {R"([\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]+$)", "Ā", false},
      {R"(^[\x20-\x21\x23-\x5B\x5D-\x7E]*$)", "a\"b", false},
      {R"(^[\W\S_]*)", "anything at all", true},
      {R"([a-fA-F0-9]{8}(?:-[a-fA-F0-9]{4}){3}-[a-fA-F0-9]{12})", "0190b2a4-7c1d-7e6f-8a9b-0c1d2e3f4a5b", true},
      {R"([a-fA-F0-9]{8}(?:-[a-fA-F0-9]{4}){3}-[a-fA-F0-9]{12})", "0190b2a4-7c1d-7e6f-8a9b-0c1d2e3f4a5", false},
      {"a|bc", "bc", true},
      {"a|bc", "ac", false},
      {"(a*)*", "aaaa", true},
      {"x{2,}", "x", false},
      {"x{2,}", "xxx", true},
      {"[^a-c]", "d", true},
      {"[^a-c]", "b", false},
      {"", "", true},
      {"", "a", false},
  };
  for (const Case& c : cases) {
    const auto pattern = Pattern::parse(c.pattern);
    ASSERT_TRUE(pattern.has_value()) << c.pattern;
    EXPECT_EQ(pattern->matches(c.value), c.matches) << c.pattern << " on " << c.value;
  }
}

TEST(Pattern, RefusesWhatItDoesNotUnderstand) {
  for (const char* text : {"(", ")", "[", "[a", "a{2", "a{3,2}", "*a", "a**", "a*?", R"(\p{Greek})", R"(\q)", "a(?=b)",
                           "[z-a]", R"(\1)", "a{99999}", "(?<name>a)", "((((((a{100}){100}){100}){100}){100}){100})"}) {
    EXPECT_FALSE(Pattern::parse(text).has_value()) << text;
  }
  EXPECT_FALSE(Pattern::parse(std::string(10'000, '(')).has_value());
}

// The classic that takes a backtracking matcher longer than the universe has.
TEST(Pattern, TakesLinearTime) {
  const auto pattern = Pattern::parse("(a+)+(b|a?)*$");
  ASSERT_TRUE(pattern.has_value());
  EXPECT_FALSE(pattern->matches(std::string(100'000, 'a') + '!'));
}

TEST(Unicode, CountsCharactersAndRefusesBrokenSequences) {
  EXPECT_EQ(length_in_characters("Größe 日本 😀"), 10U);
  EXPECT_EQ(length_in_characters("\xff\xff"), 2U);
  EXPECT_TRUE(valid_utf8("Größe 日本 😀"));
  for (const char* broken : {"\xff", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "a\x80"}) {
    EXPECT_FALSE(valid_utf8(broken));
  }
}

}  // namespace
}  // namespace tandem::model
