// Goal: agent statuses are made and changed as the service's clients expect, and agents choose from those that are
// enabled. Method: signed requests and an agent's against the API of a region over a real node.
#include <gtest/gtest.h>

#include <boost/json/array.hpp>

#include "api/fake_host_testing.h"

namespace tandem::api {
namespace {

namespace json = boost::json;

class AgentStatuses : public testing::Test {
 protected:
  json::object describe(const std::string& id) {
    return region.expect("GET", target + "/" + id).at("AgentStatus").as_object();
  }
  std::string create(const char* name, int order) {
    return text_of(region.expect("PUT", target, {{"Name", name}, {"State", "ENABLED"}, {"DisplayOrder", order}}),
                   "AgentStatusId");
  }
  http::Response post(const std::string& id, const json::object& body) {
    return region.connect("POST", target + "/" + id, body);
  }
  Region region;
  std::string target = "/agent-status/" + region.instance;
};

TEST_F(AgentStatuses, AreDescribedAsTheyWereChanged) {
  const std::string lunch = create("Lunch", 7);
  auto now = describe(lunch);
  EXPECT_EQ(now.at("Type"), "CUSTOM");
  EXPECT_EQ(now.at("State"), "ENABLED");
  EXPECT_EQ(now.at("DisplayOrder"), 7);
  EXPECT_TRUE(text_of(now, "AgentStatusARN").ends_with("/agent-state/" + lunch));
  EXPECT_EQ(post(lunch, {{"Name", "Meal"}, {"Description", "away"}, {"State", "DISABLED"}, {"DisplayOrder", 3}}).status,
            200);
  now = describe(lunch);
  EXPECT_EQ(now.at("Name"), "Meal");
  EXPECT_EQ(now.at("Description"), "away");
  EXPECT_EQ(now.at("State"), "DISABLED");
  EXPECT_EQ(now.at("DisplayOrder"), 3);
  EXPECT_EQ(post(lunch, {{"ResetOrderNumber", true}, {"Description", ""}}).status, 200);
  now = describe(lunch);
  EXPECT_FALSE(now.contains("DisplayOrder"));
  EXPECT_FALSE(now.contains("Description"));
  EXPECT_EQ(now.at("State"), "DISABLED");
}

TEST_F(AgentStatuses, RefuseWhatCannotBe) {
  EXPECT_EQ(error_of(region.connect("PUT", target, {{"Name", "Break"}, {"State", "ENABLED"}})),
            "DuplicateResourceException");
  EXPECT_EQ(error_of(region.connect("PUT", target, {{"Name", "Lunch"}, {"State", "ENABLED"}, {"DisplayOrder", 51}})),
            "InvalidParameterException");
  EXPECT_EQ(error_of(post(region.break_, {{"Name", "Available"}})), "DuplicateResourceException");
  EXPECT_EQ(error_of(post(region.break_, {{"DisplayOrder", 1}, {"ResetOrderNumber", true}})),
            "InvalidParameterException");
  EXPECT_EQ(error_of(post(region.available, {{"State", "DISABLED"}})), "InvalidRequestException");
  EXPECT_EQ(post(region.available, {{"Name", "Ready"}}).status, 200) << "its name may be another";
}

TEST_F(AgentStatuses, AreChosenWhileTheyAreEnabled) {
  const std::string lunch = create("Lunch", 1);
  const auto in = region.agent("POST", "sign-in", {}, {{"username", "ana"}, {"password", "Sunflower7"}});
  const std::string token = text_of(body_of(in), "token");
  const auto offered = [&] {
    std::vector<std::string> out;
    const auto body = body_of(region.agent("GET", "statuses", token));
    for (const json::value& each : body.at("statuses").as_array()) {
      out.push_back(text_of(each.as_object(), "name"));
    }
    return out;
  };
  EXPECT_EQ(offered(), (std::vector<std::string>{"Available", "Lunch", "Break"}));
  EXPECT_EQ(region.agent("PUT", "status", token, {{"status", "Lunch"}}).status, 200);
  EXPECT_EQ(post(lunch, {{"State", "DISABLED"}}).status, 200);
  EXPECT_EQ(offered(), (std::vector<std::string>{"Available", "Break"}));
  EXPECT_EQ(region.agent("PUT", "status", token, {{"status", "Lunch"}}).status, 409);
  const std::string put = "/users/" + region.instance + "/" + region.user + "/status";
  EXPECT_EQ(error_of(region.connect("PUT", put, {{"AgentStatusId", lunch}})), "InvalidRequestException");
  EXPECT_EQ(region.connect("PUT", put, {{"AgentStatusId", region.break_}}).status, 200);
}

}  // namespace
}  // namespace tandem::api
