// Goal: UpdateContactRoutingData moves a contact in its queue and changes whom it waits for; criteria are shown as they
// were given and as they stand. Method: signed requests against the API of a region over a real node.
#include "api/connect/criteria.h"

#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "api/fake_host_testing.h"

namespace tandem::api {
namespace {

namespace json = boost::json;

json::object level(const char* attribute, const char* value, double least) {
  return {{"AttributeCondition", json::object{{"Name", attribute},
                                              {"Value", value},
                                              {"ProficiencyLevel", least},
                                              {"ComparisonOperator", "NumberGreaterOrEqualTo"}}}};
}
json::object step(json::object expression, int seconds) {
  json::object out{{"Expression", std::move(expression)}};
  if (seconds > 0) out["Expiry"] = json::object{{"DurationInSeconds", seconds}};
  return out;
}

class RoutingData : public testing::Test {
 protected:
  http::Response post(const std::string& contact, const json::object& body) {
    return region.connect("POST", "/contacts/" + region.instance + "/" + contact + "/routing-data", body);
  }
  json::object describe(const std::string& contact) {
    return region.expect("GET", "/contacts/" + region.instance + "/" + contact).at("Contact").as_object();
  }
  static json::object criteria(json::array steps) {
    return {{"RoutingCriteria", json::object{{"Steps", std::move(steps)}}}};
  }
  // The contacts in the order in which the agent is given them, one at a time.
  std::vector<std::string> served(std::size_t count) {
    std::vector<std::string> out;
    const auto in = region.agent("POST", "sign-in", {}, {{"username", "ana"}, {"password", "Sunflower7"}});
    const std::string token = text_of(body_of(in), "token");
    region.agent("PUT", "status", token, {{"status", "Available"}});
    for (std::size_t n = 0; n < count; ++n) {
      region.host.run(std::chrono::seconds(1));
      const auto shown = region.shown();
      if (shown.size() != 1) break;
      out.push_back(shown.front().value().text());
      for (const char* act : {"accept", "end", "complete"}) {
        EXPECT_EQ(region.agent("POST", "contacts/" + out.back() + "/" + act, token, {{"x", 1}}).status, 200) << act;
      }
    }
    return out;
  }
  Region region;
};

TEST_F(RoutingData, MovesAContactInItsQueue) {
  const std::string first = region.start_task("first");
  region.host.run(std::chrono::seconds(1));
  const std::string second = region.start_task("second");
  region.host.run(std::chrono::seconds(1));
  const std::string third = region.start_task("third");
  EXPECT_EQ(post(third, {{"QueuePriority", 4}}).status, 200);
  EXPECT_EQ(post(second, {{"QueueTimeAdjustmentSeconds", 60}}).status, 200);
  EXPECT_EQ(describe(third).at("QueuePriority"), 4);
  EXPECT_EQ(describe(second).at("QueueTimeAdjustmentSeconds"), 60);
  EXPECT_EQ(describe(second).at("QueuePriority"), 5);
  EXPECT_EQ(served(3), (std::vector{third, second, first}));
  EXPECT_TRUE(region.host.errors.empty());
}

TEST_F(RoutingData, TellsThePositionInTheQueue) {
  const std::string first = region.start_task("first");
  region.host.run(std::chrono::seconds(1));
  const std::string second = region.start_task("second");
  const auto ask = [&](const std::string& contact, const char* metric) {
    const json::object body{{"InstanceId", region.instance},
                            {"ContactId", contact},
                            {"Metrics", json::array{json::object{{"Name", metric}}}}};
    return region.connect("POST", "/metrics/contact", body);
  };
  const auto position = [&](const std::string& contact) {
    const auto body = body_of(ask(contact, "POSITION_IN_QUEUE"));
    return body.at("MetricResults").as_array().at(0).at("Value").at("Number").to_number<int>();
  };
  EXPECT_EQ(position(first), 1);
  EXPECT_EQ(position(second), 2);
  EXPECT_EQ(post(second, {{"QueuePriority", 1}}).status, 200);
  EXPECT_EQ(position(first), 2);
  EXPECT_EQ(body_of(ask(first, "ESTIMATED_WAIT_TIME")).at("MetricResults").as_array().size(), 0U);
  region.expect("POST", "/contact/stop", {{"InstanceId", region.instance}, {"ContactId", first}});
  EXPECT_EQ(error_of(ask(first, "POSITION_IN_QUEUE")), "InvalidRequestException");
  EXPECT_EQ(error_of(ask("0190f0f0-0000-7000-8000-0000000000ff", "POSITION_IN_QUEUE")), "ResourceNotFoundException");
}

TEST_F(RoutingData, ChangesWhomAContactWaitsFor) {
  const std::string task = region.start_task("for somebody");
  const std::string ana = region.user;
  const json::object match{
      {"MatchCriteria", json::object{{"AgentsCriteria", json::object{{"AgentIds", json::array{ana}}}}}},
      {"ComparisonOperator", "Match"}};
  const json::object range{{"Name", "Product"},
                           {"Value", "Cards"},
                           {"Range", json::object{{"MinProficiencyLevel", 1.0}, {"MaxProficiencyLevel", 2.5}}},
                           {"ComparisonOperator", "Range"}};
  const json::object both{
      {"AndExpression", json::array{level("Language", "French", 3.5), json::object{{"NotAttributeCondition", range}}}}};
  const json::object either{
      {"OrExpression", json::array{level("Language", "Irish", 1), json::object{{"AttributeCondition", match}}}}};
  EXPECT_EQ(post(task, criteria({step(both, 30), step(either, 0)})).status, 200);
  auto shown = describe(task).at("RoutingCriteria").as_object();
  EXPECT_TRUE(shown.contains("ActivationTimestamp"));
  EXPECT_EQ(shown.at("Index"), 0);
  const json::array steps = shown.at("Steps").as_array();
  ASSERT_EQ(steps.size(), 2U);
  EXPECT_EQ(steps[0].at("Status"), "ACTIVE");
  EXPECT_EQ(steps[0].at("Expiry").at("DurationInSeconds"), 30);
  EXPECT_EQ(steps[1].at("Status"), "INACTIVE");
  // As given; a whole level is written without a fraction.
  EXPECT_EQ(json::serialize(steps[0].at("Expression")), json::serialize(json::parse(R"({"AndExpression":[
      {"AttributeCondition":{"Name":"Language","Value":"French","ProficiencyLevel":3.5,
       "ComparisonOperator":"NumberGreaterOrEqualTo"}},
      {"NotAttributeCondition":{"Name":"Product","Value":"Cards","Range":{"MinProficiencyLevel":1,
       "MaxProficiencyLevel":2.5},"ComparisonOperator":"Range"}}]})")));
  EXPECT_EQ(steps[1].at("Expression").at("OrExpression").as_array().at(1).at("AttributeCondition"), json::value(match));

  region.available_agent();
  region.host.run(std::chrono::seconds(20));
  EXPECT_TRUE(region.shown().empty()) << "nobody satisfies the first step";
  region.host.run(std::chrono::seconds(10));
  EXPECT_EQ(describe(task).at("RoutingCriteria").at("Steps").as_array().at(0).at("Status"), "EXPIRED");
  EXPECT_EQ(region.shown().size(), 1U) << "the second step names the agent";
  EXPECT_TRUE(region.host.errors.empty());
}

TEST_F(RoutingData, AsksNothingOfAgentsAnyMore) {
  const std::string task = region.start_task("for nobody");
  EXPECT_EQ(post(task, criteria({step(level("Language", "Irish", 5), 0)})).status, 200);
  region.available_agent();
  region.host.run(std::chrono::seconds(2));
  EXPECT_TRUE(region.shown().empty());
  EXPECT_EQ(post(task, criteria({})).status, 200);
  region.host.run(std::chrono::seconds(2));
  EXPECT_EQ(region.shown().size(), 1U);
  EXPECT_FALSE(describe(task).contains("RoutingCriteria"));
}

TEST_F(RoutingData, RefusesWhatMakesNoSense) {
  const std::string task = region.start_task("a task");
  const std::string nobody = "0190f0f0-0000-7000-8000-0000000000ff";
  EXPECT_EQ(error_of(post(nobody, {{"QueuePriority", 1}})), "ResourceNotFoundException");
  EXPECT_EQ(error_of(post(task, {})), "InvalidParameterException");
  EXPECT_EQ(error_of(post(task, {{"QueuePriority", 1}, {"QueueTimeAdjustmentSeconds", 1}})),
            "InvalidParameterException");
  EXPECT_EQ(error_of(post(task, {{"QueuePriority", 0}})), "InvalidParameterException");
  const char* const bad[] = {
      R"([{}])",
      R"([{"Expression":{}}])",
      R"([{"Expression":{"AndExpression":[]}}])",
      R"([{"Expression":{"AttributeCondition":{"Value":"v","ProficiencyLevel":1,"ComparisonOperator":"NumberGreaterOrEqualTo"}}}])",
      R"([{"Expression":{"AttributeCondition":{"Name":"n","Value":"v","ProficiencyLevel":1}}}])",
      R"([{"Expression":{"AttributeCondition":{"Name":"n","Value":"v","ProficiencyLevel":1.25,"ComparisonOperator":"NumberGreaterOrEqualTo"}}}])",
      R"([{"Expression":{"AttributeCondition":{"Name":"n","Value":"v","Range":{"MinProficiencyLevel":3,"MaxProficiencyLevel":2}}}}])",
      R"([{"Expression":{"AttributeCondition":{"MatchCriteria":{"AgentsCriteria":{"AgentIds":[]}}}}}])",
      R"([{"Expression":{"AttributeCondition":{"MatchCriteria":{"AgentsCriteria":{"AgentIds":["0190f0f0-0000-7000-8000-0000000000ff"]}}}}}])",
      R"([{"Expiry":{"DurationInSeconds":0},"Expression":{"AttributeCondition":{"Name":"n","Value":"v","ProficiencyLevel":1,"ComparisonOperator":"NumberGreaterOrEqualTo"}}}])",
  };
  for (const char* steps : bad) {
    EXPECT_EQ(error_of(post(task, criteria(json::parse(steps).as_array()))), "InvalidParameterException") << steps;
  }
  const json::object good = step(level("n", "v", 1), 5);
  EXPECT_EQ(error_of(post(task, criteria({good, good, good, good, good, good}))), "InvalidParameterException");
  json::object deep = level("n", "v", 1);
  for (int n = 0; n < 9; ++n) deep = json::object{{"AndExpression", json::array{std::move(deep)}}};
  EXPECT_EQ(error_of(post(task, criteria({step(deep, 0)}))), "InvalidParameterException");
  EXPECT_FALSE(describe(task).contains("RoutingCriteria"));
  region.expect("POST", "/contact/stop", {{"InstanceId", region.instance}, {"ContactId", task}});
  EXPECT_EQ(error_of(post(task, {{"QueuePriority", 1}})), "ResourceConflictException");
}

}  // namespace
}  // namespace tandem::api
