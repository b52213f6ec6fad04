// Goal: predefined attributes and users' proficiencies are kept as given, hold each other, and decide who is given a
// contact that asks for them. Method: signed requests against the API of a region over a real node.
#include <gtest/gtest.h>

#include <boost/json/array.hpp>

#include "api/fake_host_testing.h"
#include "codec/uri.h"

namespace tandem::api {
namespace {

namespace json = boost::json;

json::object proficient(const char* attribute, const char* value) {
  return {{"AttributeName", attribute}, {"AttributeValue", value}};
}
json::object proficient(const char* attribute, const char* value, double level) {
  json::object out = proficient(attribute, value);
  out["Level"] = level;
  return out;
}

class Proficiency : public testing::Test {
 protected:
  void attribute(const char* name, json::array values) {
    region.expect("PUT", attributes, {{"Name", name}, {"Values", json::object{{"StringList", std::move(values)}}}});
  }
  json::object describe(const std::string& name) {
    return region.expect("GET", attributes + "/" + uri::encode(name)).at("PredefinedAttribute").as_object();
  }
  http::Response user(const std::string& what, json::array proficiencies) {
    return region.connect("POST", of_user + "/" + what, {{"UserProficiencies", std::move(proficiencies)}});
  }
  json::array levels() { return region.expect("GET", of_user + "/proficiencies").at("UserProficiencyList").as_array(); }
  Region region;
  std::string attributes = "/predefined-attributes/" + region.instance;
  std::string of_user = "/users/" + region.instance + "/" + region.user;
};

TEST_F(Proficiency, AttributesKeepTheirValuesInOrder) {
  const json::array given{"Grüße", "b/c", "a%2F"};
  region.expect("PUT", attributes,
                {{"Name", "Words / more"},
                 {"Values", json::object{{"StringList", given}}},
                 {"Purposes", json::array{"routing"}},
                 {"AttributeConfiguration", json::object{{"EnableValueValidationOnAssociation", false}}}});
  auto seen = describe("Words / more");
  EXPECT_EQ(seen.at("Values").at("StringList").as_array(), given);
  EXPECT_EQ(seen.at("Purposes").as_array(), json::array{"routing"});
  EXPECT_EQ(seen.at("AttributeConfiguration").at("IsReadOnly"), false);
  const json::array changed{"a%2F", "new", "Grüße"};
  const std::string target = attributes + "/" + uri::encode("Words / more");
  EXPECT_EQ(region.connect("POST", target, {{"Values", json::object{{"StringList", changed}}}}).status, 200);
  seen = describe("Words / more");
  EXPECT_EQ(seen.at("Values").at("StringList").as_array(), changed);
  EXPECT_EQ(seen.at("Purposes").as_array(), json::array{"routing"}) << "left out of the call, left as they were";

  attribute("Second", {"x"});
  const auto listed = region.expect("GET", attributes + "?maxResults=1");
  EXPECT_EQ(listed.at("PredefinedAttributeSummaryList").as_array().at(0).at("Name"), "Words / more");
  EXPECT_TRUE(listed.contains("NextToken"));
  EXPECT_EQ(region.connect("DELETE", target).status, 200);
  EXPECT_EQ(error_of(region.connect("GET", target)), "ResourceNotFoundException");
  attribute("Words / more", {"y"});
}

TEST_F(Proficiency, AttributesThatCannotBe) {
  attribute("Language", {"French"});
  const auto put = [&](json::object body) { return error_of(region.connect("PUT", attributes, body)); };
  EXPECT_EQ(put({{"Name", "Language"}}), "DuplicateResourceException");
  const json::array twice{"a", "a"};
  EXPECT_EQ(put({{"Name", "Other"}, {"Values", json::object{{"StringList", twice}}}}), "InvalidParameterException");
  const json::object validated{{"EnableValueValidationOnAssociation", true}};
  EXPECT_EQ(put({{"Name", "Other"}, {"AttributeConfiguration", validated}}), "InvalidRequestException");
  EXPECT_EQ(error_of(region.connect("POST", attributes + "/Other", {{"Purposes", json::array{"p"}}})),
            "ResourceNotFoundException");
}

TEST_F(Proficiency, UsersAreProficientInWhatThereIs) {
  attribute("Language", {"French", "Irish"});
  attribute("Product", {"Cards"});
  EXPECT_EQ(error_of(user("associate-proficiencies", {proficient("Language", "Dutch", 3)})),
            "ResourceNotFoundException");
  EXPECT_EQ(error_of(user("associate-proficiencies", {proficient("Colour", "Red", 3)})), "ResourceNotFoundException");
  EXPECT_EQ(error_of(user("associate-proficiencies", {proficient("Language", "French", 3.5)})),
            "InvalidParameterException");
  EXPECT_EQ(error_of(user("associate-proficiencies", {proficient("Language", "French", 5.5)})),
            "InvalidParameterException");
  EXPECT_EQ(error_of(user("associate-proficiencies",
                          {proficient("Language", "French", 1), proficient("Language", "French", 2)})),
            "InvalidParameterException");
  EXPECT_EQ(levels().size(), 0U);

  EXPECT_EQ(
      user("associate-proficiencies", {proficient("Language", "French", 3), proficient("Product", "Cards", 4)}).status,
      200);
  ASSERT_EQ(levels().size(), 2U);
  EXPECT_EQ(levels()[0].at("Level").to_number<double>(), 3);
  EXPECT_EQ(levels()[1].at("Level").to_number<double>(), 4);
  EXPECT_EQ(user("proficiencies", {proficient("Language", "French", 5)}).status, 200);
  EXPECT_EQ(levels()[0].at("Level").to_number<double>(), 5);
  EXPECT_EQ(error_of(user("proficiencies", {proficient("Language", "Irish", 5)})), "ResourceNotFoundException");

  // What somebody is proficient in stays.
  EXPECT_EQ(error_of(region.connect("DELETE", attributes + "/Language")), "ResourceInUseException");
  const auto without = [&](json::array values) {
    return error_of(region.connect("POST", attributes + "/Language",
                                   {{"Values", json::object{{"StringList", std::move(values)}}}}));
  };
  EXPECT_EQ(without({"Irish"}), "InvalidRequestException");
  EXPECT_EQ(without({"French"}), "");
  EXPECT_EQ(user("disassociate-proficiencies", {proficient("Language", "French")}).status, 200);
  EXPECT_EQ(user("disassociate-proficiencies", {proficient("Language", "French")}).status, 200);
  ASSERT_EQ(levels().size(), 1U);
  EXPECT_EQ(levels()[0].at("AttributeName"), "Product");
  EXPECT_EQ(region.connect("DELETE", attributes + "/Language").status, 200);
}

TEST_F(Proficiency, DecidesWhatAnAgentIsGiven) {
  attribute("Language", {"French"});
  std::string content = kSampleFlow;
  content.replace(content.find("QUEUE"), 5, region.queue);
  const std::string before = R"({"Identifier":"queue","Type":"TransferContactToQueue")";
  content.replace(content.find("\"NextAction\":\"queue\""), 20, R"("NextAction":"ask")");
  content.insert(content.find(before),
                 R"({"Identifier":"ask","Type":"UpdateRoutingCriteria","Parameters":{"RoutingCriteria":
      {"Steps":[{"Expression":{"AttributeCondition":{"Name":"Language","Value":"French","ProficiencyLevel":3,
      "ComparisonOperator":"NumberGreaterOrEqualTo"}}}]}},"Transitions":{"NextAction":"queue",
      "Errors":[{"NextAction":"bye","ErrorType":"NoMatchingError"}]}},)");
  region.expect("POST", "/contact-flows/" + region.instance + "/" + region.flow + "/content", {{"Content", content}});
  region.available_agent();
  const std::string task = region.start_task("in French");
  EXPECT_EQ(user("associate-proficiencies", {proficient("Language", "French", 2)}).status, 200);
  region.host.run(std::chrono::seconds(2));
  EXPECT_TRUE(region.shown().empty()) << "level 2 is below 3";
  EXPECT_EQ(user("proficiencies", {proficient("Language", "French", 3)}).status, 200);
  region.host.run(std::chrono::seconds(2));
  EXPECT_EQ(region.shown(), std::vector{ContactId{*parse_uuid(task)}});
  EXPECT_TRUE(region.host.errors.empty());
}

}  // namespace
}  // namespace tandem::api
