#include "api/model/description.h"

#include <gtest/gtest.h>

#include <string>

namespace tandem::model {
namespace {

const std::string kHead = "service s\nversion 1\nerror ValidationException 400\n";

// Goal: the notation says what it means, and a slip in a description file is named by its line, never guessed at.
// Method: one description with every construct, then one slip at a time.
TEST(Description, ReadsEveryConstruct) {
  const auto parsed = Description::parse(kHead + R"(
# A comment.
operation Take  PUT /things/{ThingId}/parts  201
  in
    ThingId!  path  string 1..100
    Max       query max  integer 0..9
    Kinds     query  list ..3 of Kind
    Token!    header X-Token  string secret
    Tags      map 1..50 of string 1..128 to string ..256
    Depth     list of list 2.. of Part
    When      timestamp
  out
    Part  Part
  errors
    ValidationException
error OtherException 409
  Id  string
enum Kind
  ONE TWO
  THREE
type Name  string 1..20 matching `[a-z ]+` secret
struct Part
  Name!  Name
  Parts  list of Part
union Choice
  A  long
  B  double 1..5
)");
  ASSERT_TRUE(parsed.has_value()) << parsed.error().detail;
  const Operation* take = parsed->find("Take");
  ASSERT_NE(take, nullptr);
  EXPECT_EQ(take->method, "PUT");
  EXPECT_EQ(take->status, 201);
  EXPECT_EQ(take->segments, (std::vector<std::string>{"things", "", "parts"}));
  EXPECT_EQ(take->parameters, (std::vector<std::string>{"ThingId"}));
  ASSERT_EQ(take->input.members.size(), 7U);
  const auto& in = take->input.members;
  EXPECT_TRUE(in[0].required);
  EXPECT_EQ(in[0].location, Member::Location::path);
  EXPECT_EQ(in[1].wire_name, "max");
  EXPECT_EQ(in[1].type->min, 0);
  EXPECT_EQ(in[2].wire_name, "Kinds");
  EXPECT_EQ(in[2].type->element->values.size(), 3U);
  EXPECT_EQ(in[3].wire_name, "x-token");
  EXPECT_TRUE(in[3].type->secret);
  EXPECT_EQ(in[4].type->kind, Kind::map);
  EXPECT_EQ(in[4].type->key->max, 128);
  EXPECT_EQ(in[4].type->element->min, std::nullopt);
  EXPECT_EQ(in[5].type->element->min, 2);
  EXPECT_EQ(in[5].type->element->element, parsed->find_type("Part"));
  EXPECT_EQ(in[6].type->kind, Kind::timestamp);
  EXPECT_EQ(parsed->find_type("Part")->members[1].type->element, parsed->find_type("Part"));
  EXPECT_TRUE(parsed->find_type("Name")->pattern.has_value());
  EXPECT_TRUE(parsed->find_type("Choice")->exactly_one);
  EXPECT_EQ(parsed->find_error("OtherException")->status, 409);
  EXPECT_EQ(take->on_invalid->name, "ValidationException");
}

TEST(Description, NamesTheLineOfASlip) {
  struct Case {
    const char* text;
    const char* said;
  };
  const Case cases[] = {
      {"operation A GET /a\n", "status"},
      {"operation A GET a 200\n", "slash"},
      {"operation A GET /a/{b}c 200\n", "one parameter"},
      {"operation A GET /a 200\n  inn\n", "parts"},
      {"operation A GET /a 200\n  in\n    B strong\n  errors\n    ValidationException\n", "not described: strong"},
      {"operation A GET /a 200\n  in\n    B string 2..1\n", "empty range"},
      {"operation A GET /a 200\n  in\n    B string x..1\n", "not a limit"},
      {"operation A GET /a 200\n  in\n    B boolean 1..\n", "no limits"},
      {"operation A GET /a 200\n  in\n    B string\n    B string\n", "member twice"},
      {"operation A GET /a 200\n  in\n    B string extra\n", "left over: extra"},
      {"operation A GET /a 200\n  in\n    B map of string\n", "one type to another"},
      {"operation A GET /a 200\n  in\n    B map of long to string\n", "keys of a map"},
      {"operation A GET /a 200\n  in\n    B path string\n  errors\n    ValidationException\n", "not a parameter"},
      {"operation A GET /a/{B} 200\n  errors\n    ValidationException\n", "is no member"},
      {"operation A GET /a 200\n  in\n    B query list of list of string\n  errors\n    ValidationException\n",
       "query cannot"},
      {"operation A GET /a 200\n  errors\n    NoException\n", "not described: NoException"},
      {"operation A GET /a 200\n", "no error for invalid input"},
      {"operation A GET /a 200\noperation A GET /b 200\n", "twice"},
      {"type A string matching `(`\n", "not a pattern"},
      {"type A string\ntype A string\n", "twice"},
      {"enum A\n", "without values"},
      {"error A 200\n", "400 to 599"},
      {"    B string\n", "belongs to nothing"},
      {"thing A\n", "no such declaration"},
  };
  for (const Case& c : cases) {
    const auto parsed = Description::parse(kHead + c.text);
    ASSERT_FALSE(parsed.has_value()) << c.text;
    EXPECT_NE(parsed.error().detail.find(c.said), std::string::npos) << c.text << parsed.error().detail;
  }
  EXPECT_FALSE(Description::parse("").has_value());
}

}  // namespace
}  // namespace tandem::model
