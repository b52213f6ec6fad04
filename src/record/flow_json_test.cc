// Goal: every flow that the service takes compiles, and everything else is refused with a line that says what and
// where. Method: small documents, one rule broken in each; the whole list of problems is compared. Flows exported from
// real centres are read from the folder TANDEM_FLOW_SAMPLES, when there is one.
#include "record/flow_json.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "core/config/program.h"

namespace tandem::record {
namespace {

std::string flow(const std::string& actions, const std::string& start = "a") {
  return R"({"Version":"2019-10-30","StartAction":")" + start + R"(","Actions":[)" + actions + "]}";
}
std::string refusal(const std::string& content) {
  const auto compiled = compile_flow(content);
  EXPECT_EQ(compile_or_null(content) == nullptr, !compiled.has_value());
  if (compiled) return "";
  EXPECT_EQ(compiled.error().code, Errc::invalid);
  return compiled.error().detail;
}
const std::string kEnd = R"({"Identifier":"a","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}})";

TEST(FlowJson, CompilesABlock) {
  const auto compiled = compile_flow(flow(R"(
    {"Identifier":"a","Type":"InvokeLambdaFunction",
     "Parameters":{"LambdaFunctionARN":"f","InvocationTimeLimitSeconds":8,"Deep":{"x.y":true,"z":{"w":null}},
                   "Messages":[{"Text":"one"},{"Text":"two"}]},
     "Transitions":{"NextAction":"b","Errors":[{"ErrorType":"NoMatchingError","NextAction":"a"},
                                               {"ErrorType":"NoMatchingError","NextAction":"b"}],
       "Conditions":[{"NextAction":"b","Condition":{"Operator":"Equals","Operands":["1"]}},
                     {"NextAction":"a","Condition":{"Operator":"NumericLessThan","Operands":[50]}},
                     {"NextAction":"a","Condition":{"Operator":"And","Operands":[
                         {"Operator":"TextStartsWith","Operands":["x"]},{"Operator":"TextEndsWith","Operands":["y"]}]}}]}},
    {"Identifier":"b","Type":"EndFlowExecution"})"));
  ASSERT_TRUE(compiled.has_value()) << compiled.error().detail;
  const config::Program& program = **compiled;
  EXPECT_EQ(program.start, "a");
  const config::Block& block = program.blocks.at("a");
  EXPECT_EQ(block.type, "InvokeLambdaFunction");
  EXPECT_EQ(block.parameters, (std::map<std::string, std::string>{{"LambdaFunctionARN", "f"},
                                                                  {"InvocationTimeLimitSeconds", "8"},
                                                                  {"Deep.x.y", "true"},
                                                                  {"Messages.0.Text", "one"},
                                                                  {"Messages.1.Text", "two"}}));
  EXPECT_EQ(block.next, "b");
  EXPECT_EQ(block.errors, (std::map<std::string, std::string>{{"NoMatchingError", "a"}}));
  ASSERT_EQ(block.branches.size(), 3U);
  EXPECT_EQ(block.branches[0], (config::Branch{{config::Operator::equals, "1", {}}, "b"}));
  EXPECT_EQ(block.branches[1], (config::Branch{{config::Operator::number_less_than, "50", {}}, "a"}));
  EXPECT_EQ(block.branches[2].condition.op, config::Operator::all_of);
  EXPECT_EQ(block.branches[2].condition.nested.size(), 2U);
  EXPECT_TRUE(program.blocks.at("b").next.empty());
}

TEST(FlowJson, TakesWhatExportersWrite) {
  EXPECT_EQ(refusal(flow(R"({"Identifier":"a b ü","Type":"UpdateFlowLoggingBehavior","Parameters":null,
      "Transitions":{"NextAction":"","Errors":null,"Conditions":[]}})",
                         "a b ü")),
            "");
  EXPECT_EQ(refusal(R"({"Version":"2019-10-30","StartAction":"a","Metadata":{"x":[1]},"Settings":{},"Actions":[)" +
                    kEnd + "]}"),
            "");
  for (const char* type : {"ShowView", "GetCase", "SendMessageNot"}) {
    const std::string got = refusal(flow(R"({"Identifier":"a","Type":")" + std::string(type) + "\"}"));
    EXPECT_EQ(got.empty(), std::string(type) != "SendMessageNot") << got;
  }
  std::string fifty;
  for (int n = 0; n < 50; ++n) fifty += "ä";
  EXPECT_EQ(refusal(flow(R"({"Identifier":")" + fifty + R"(","Type":"Loop"})", fifty)), "");
}

TEST(FlowJson, NamesEveryProblem) {
  struct Case {
    const char* name;
    std::string content;
    std::string problems;
  };
  const std::string legacy = R"({"modules":[],"version":"1","type":"contactFlow","start":"x","metadata":{}})";
  const Case cases[] = {
      {"not an object", "[1]", "Content is not a JSON object"},
      {"legacy", legacy,
       "Content is in the legacy export format, which has modules instead of Actions: export the flow again, or create "
       "it "
       "through the API, in the flow language"},
      {"empty object", "{}",
       "Missing required property. Path: Version\nMissing required property. Path: StartAction\n"
       "Missing required property. Path: Actions"},
      {"version", R"({"Version":"1","StartAction":"a","Actions":[)" + kEnd + "]}",
       "Invalid Version. Version: 1, Expected: 2019-10-30"},
      {"version as number", R"({"Version":2019,"StartAction":"a","Actions":[)" + kEnd + "]}",
       "Invalid value for property. Expected: string, Path: Version"},
      {"actions", R"({"Version":"2019-10-30","StartAction":"a","Actions":{}})",
       "Invalid value for property. Expected: array, Path: Actions"},
      {"start", flow(kEnd, "b"), "Invalid Action reference. No Action has the Identifier: b, Path: StartAction"},
      {"no action", flow(""), "Invalid Action reference. No Action has the Identifier: a, Path: StartAction"},
      {"duplicate", flow(kEnd + "," + kEnd), "Duplicate Action Identifier. Identifier: a, Path: Actions[1].Identifier"},
      {"type", flow(R"({"Identifier":"a","Type":"SetVoice"})"),
       "Invalid Action type. Type: SetVoice, Path: Actions[0].Type"},
      {"no type, no identifier", flow("{}," + kEnd),
       "Missing required property. Path: Actions[0].Identifier\nMissing required property. Path: Actions[0].Type"},
      {"action of the wrong kind", flow("7," + kEnd), "Invalid value for property. Expected: object, Path: Actions[0]"},
      {"targets", flow(R"({"Identifier":"a","Type":"Loop","Transitions":{"NextAction":"x",
           "Errors":[{"ErrorType":"NoMatchingError","NextAction":"y"}],
           "Conditions":[{"NextAction":"z","Condition":{"Operator":"Equals","Operands":["1"]}}]}})"),
       "Invalid Action reference. No Action has the Identifier: x, Path: Actions[0].Transitions.NextAction\n"
       "Invalid Action reference. No Action has the Identifier: y, Path: Actions[0].Transitions.Errors[0].NextAction\n"
       "Invalid Action reference. No Action has the Identifier: z, Path: "
       "Actions[0].Transitions.Conditions[0].NextAction"},
      {"operator", flow(R"({"Identifier":"a","Type":"Loop","Transitions":{
           "Conditions":[{"NextAction":"a","Condition":{"Operator":"Like","Operands":["1"]}}]}})"),
       "Invalid Operator. Operator: Like, Path: Actions[0].Transitions.Conditions[0].Condition.Operator"},
      {"operands", flow(R"({"Identifier":"a","Type":"Loop","Transitions":{
           "Conditions":[{"NextAction":"a","Condition":{"Operator":"Equals","Operands":["1","2"]}},
                         {"NextAction":"a","Condition":{"Operator":"Equals"}},{"NextAction":"a"},5]}})"),
       "Invalid value for property. Expected: array of one string, "
       "Path: Actions[0].Transitions.Conditions[0].Condition.Operands\n"
       "Missing required property. Path: Actions[0].Transitions.Conditions[1].Condition.Operands\n"
       "Missing required property. Path: Actions[0].Transitions.Conditions[2].Condition\n"
       "Invalid value for property. Expected: object, Path: Actions[0].Transitions.Conditions[3]"},
      {"parts of the wrong kind",
       flow(
           R"({"Identifier":"a","Type":"Loop","Parameters":[],"Transitions":{"NextAction":1,"Errors":{},"Conditions":""}})"),
       "Invalid value for property. Expected: object, Path: Actions[0].Parameters\n"
       "Invalid value for property. Expected: string, Path: Actions[0].Transitions.NextAction\n"
       "Invalid value for property. Expected: array, Path: Actions[0].Transitions.Errors\n"
       "Invalid value for property. Expected: array, Path: Actions[0].Transitions.Conditions"},
      {"identifier with newline", flow(R"({"Identifier":"a\n$","Type":"Loop"},)" + kEnd),
       "Invalid Action Identifier. It holds one of %:(\\/)=$,;[]{}: a $, Path: Actions[0].Identifier"},
  };
  for (const Case& c : cases) EXPECT_EQ(refusal(c.content), c.problems) << c.name;
  EXPECT_NE(refusal("{").find("not valid JSON"), std::string::npos);
  EXPECT_NE(refusal("").find("not valid JSON"), std::string::npos);
}

TEST(FlowJson, HoldsIdentifiersToTheirRules) {
  const auto with = [](const std::string& id) {
    return refusal(flow(R"({"Identifier":")" + id + R"(","Type":"Loop"})", id));
  };
  for (const char* bad : {"__proto__", "constructor", "toString", "valueOf", "50%", "a:b", "a(b", "a)b", "a/b", "a=b",
                          "$", "a,b", "a;b", "[", "]", "{", "}", "a\\\\b"}) {
    EXPECT_NE(with(bad).find("Invalid Action Identifier"), std::string::npos) << bad;
  }
  EXPECT_NE(with("").find("empty"), std::string::npos);
  EXPECT_NE(with(std::string(51, 'x')).find("Longer than 50"), std::string::npos);
  for (const char* good : {"a", "Play prompt 2", "2965d0c9-ebe7-4f80-9911-baad0a6d5f9b", "会話", "a.b", "it's <it>"}) {
    EXPECT_EQ(with(good), "") << good;
  }
}

TEST(FlowJson, HoldsLimits) {
  const auto actions = [](int count) {
    std::string out;
    for (int n = 0; n < count; ++n) {
      out += (n == 0 ? "" : ",") + std::string(R"({"Identifier":"a)") + (n == 0 ? "" : std::to_string(n)) +
             R"(","Type":"Loop"})";
    }
    return flow(out);
  };
  EXPECT_EQ(refusal(actions(250)), "");
  EXPECT_EQ(refusal(actions(251)), "Too many Actions. Count: 251, Maximum: 250");

  const auto nested = [](int depth, int wide) {
    std::string inner = R"({"Operator":"Equals","Operands":["1"]})";
    for (int n = 1; n < wide; ++n) inner += R"(,{"Operator":"Equals","Operands":["1"]})";
    for (int n = 1; n < depth; ++n) inner = R"({"Operator":"And","Operands":[)" + inner + "]}";
    return flow(R"({"Identifier":"a","Type":"Loop","Transitions":{"Conditions":[{"NextAction":"a","Condition":)" +
                inner + "}]}}");
  };
  EXPECT_EQ(refusal(nested(5, 1)), "");
  EXPECT_NE(refusal(nested(6, 1)), "");
  EXPECT_EQ(refusal(nested(2, 50)), "");
  EXPECT_NE(refusal(nested(2, 51)), "");
  std::string deep;
  for (int n = 0; n < 100'000; ++n) deep += "[";
  EXPECT_NE(refusal(deep), "") << "refused, not overflowed";
  std::string many;
  for (int n = 0; n < 200; ++n) many += (n == 0 ? "{}" : ",{}");
  const std::string problems = refusal(flow(many));
  EXPECT_LE(std::ranges::count(problems, '\n'), 99);
}

// The samples are other people's flows and not part of the source tree.
TEST(FlowJson, CompilesRealFlows) {
  const char* given = std::getenv("TANDEM_FLOW_SAMPLES");
  const std::filesystem::path here = std::filesystem::current_path();
  std::filesystem::path folder = given != nullptr ? given : here.parent_path() / "shared" / "flows" / "samples";
  if (!std::filesystem::is_directory(folder)) {
    std::cout << "No exported flows were read: " << folder << " is no folder. TANDEM_FLOW_SAMPLES names another.\n";
    GTEST_SKIP();
  }
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    SCOPED_TRACE(entry.path().filename().string());
    std::ostringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    boost::json::value document = boost::json::parse(text.str());
    boost::json::object object = document.as_object();
    // Some files are answers of DescribeContactFlow, which hold the flow as a string.
    if (auto* inner = object.if_contains("ContactFlow")) object = boost::json::object(inner->as_object());
    std::string content = text.str();
    if (auto* inner = object.if_contains("Content")) content = std::string(inner->as_string());
    const auto compiled = compile_flow(content);
    EXPECT_TRUE(compiled.has_value()) << (compiled ? "" : compiled.error().detail);
    ++count;
  }
  std::cout << count << " exported flows compiled\n";
  EXPECT_GT(count, 0);
}

}  // namespace
}  // namespace tandem::record
