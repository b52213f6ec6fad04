// Goal: quick connects are kept as given, those of users and queues are there by themselves, and queues name either.
// Method: signed requests against the API of a region over a real node.
#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <set>

#include "api/fake_host_testing.h"

namespace tandem::api {
namespace {

namespace json = boost::json;

class QuickConnects : public testing::Test {
 protected:
  QuickConnects() : to_agent(flow("To an agent", "AGENT_TRANSFER")), to_queue(flow("To a queue", "QUEUE_TRANSFER")) {}
  std::string flow(const char* name, const char* type) {
    const char* content =
        R"({"Version":"2019-10-30","StartAction":"a","Actions":[{"Identifier":"a","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]})";
    return text_of(region.expect("PUT", "/contact-flows/" + region.instance,
                                 {{"Name", name}, {"Type", type}, {"Content", content}}),
                   "ContactFlowId");
  }
  json::object user_config() const {
    return {{"QuickConnectType", "USER"},
            {"UserConfig", json::object{{"UserId", region.user}, {"ContactFlowId", to_agent}}}};
  }
  json::object queue_config(const std::string& queue) const {
    return {{"QuickConnectType", "QUEUE"},
            {"QueueConfig", json::object{{"QueueId", queue}, {"ContactFlowId", to_queue}}}};
  }
  static json::object phone_config() {
    return {{"QuickConnectType", "PHONE_NUMBER"}, {"PhoneConfig", json::object{{"PhoneNumber", "+12025550123"}}}};
  }
  http::Response put(const char* name, const json::object& config) {
    return region.connect("PUT", target, {{"Name", name}, {"QuickConnectConfig", config}});
  }
  std::string create(const char* name, const json::object& config) {
    const auto made = put(name, config);
    EXPECT_EQ(made.status, 200) << made.body;
    return text_of(body_of(made), "QuickConnectId");
  }
  json::object describe(const std::string& id) {
    return region.expect("GET", target + "/" + id).at("QuickConnect").as_object();
  }
  json::array list(const std::string& query = {}) {
    return region.expect("GET", target + query).at("QuickConnectSummaryList").as_array();
  }
  // The id of the one that is there by itself under a name.
  std::string by_itself(std::string_view type, std::string_view name) {
    for (const json::value& each : list()) {
      if (each.at("QuickConnectType") == json::value(type) && each.at("Name") == json::value(name)) {
        return text_of(each.as_object(), "Id");
      }
    }
    ADD_FAILURE() << "no quick connect of " << name;
    return {};
  }
  Region region;
  std::string target = "/quick-connects/" + region.instance;
  std::string to_agent, to_queue;
};

TEST_F(QuickConnects, AreDescribedAsTheyWereChanged) {
  const std::string id = create("Returns desk", user_config());
  auto now = describe(id);
  EXPECT_EQ(now.at("QuickConnectConfig"), json::value(user_config()));
  EXPECT_TRUE(text_of(now, "QuickConnectARN").ends_with("/transfer-destination/" + id));
  EXPECT_EQ(region.connect("POST", target + "/" + id + "/name", {{"Name", "Desk"}, {"Description", "d"}}).status, 200);
  EXPECT_EQ(region.connect("POST", target + "/" + id + "/config", {{"QuickConnectConfig", queue_config(region.queue)}})
                .status,
            200);
  now = describe(id);
  EXPECT_EQ(now.at("Name"), "Desk");
  EXPECT_EQ(now.at("Description"), "d");
  EXPECT_EQ(now.at("QuickConnectConfig"), json::value(queue_config(region.queue))) << "nothing of the user is left";
  EXPECT_EQ(region.connect("POST", target + "/" + id + "/config", {{"QuickConnectConfig", phone_config()}}).status,
            200);
  EXPECT_EQ(describe(id).at("QuickConnectConfig"), json::value(phone_config()));
  EXPECT_EQ(region.connect("DELETE", target + "/" + id).status, 200);
  EXPECT_EQ(error_of(region.connect("GET", target + "/" + id)), "ResourceNotFoundException");
}

TEST_F(QuickConnects, RefuseWhatLeadsNowhere) {
  const std::string nobody = "0190f0f0-0000-7000-8000-0000000000ff";
  create("Desk", user_config());
  EXPECT_EQ(error_of(put("Desk", phone_config())), "DuplicateResourceException");
  EXPECT_EQ(error_of(put("Other", queue_config(nobody))), "ResourceNotFoundException");
  EXPECT_EQ(error_of(put("Other", {{"QuickConnectType", "USER"}})), "InvalidParameterException");
  auto both = user_config();
  both["PhoneConfig"] = json::object{{"PhoneNumber", "+12025550123"}};
  EXPECT_EQ(error_of(put("Other", both)), "InvalidParameterException");
  auto wrong = user_config();
  wrong.at("UserConfig").as_object()["ContactFlowId"] = to_queue;
  EXPECT_EQ(error_of(put("Other", wrong)), "InvalidParameterException") << "the flow is for queues";
  // A queue that a quick connect leads to stays, a user may go.
  const json::object made{{"Name", "Returns"}, {"HoursOfOperationId", region.hours}};
  const std::string returns = text_of(region.expect("PUT", "/queues/" + region.instance, made), "QueueId");
  const std::string to_returns = create("To returns", queue_config(returns));
  const std::string queue = "/queues/" + region.instance + "/" + returns;
  EXPECT_EQ(error_of(region.connect("DELETE", queue)), "ResourceInUseException");
  EXPECT_EQ(region.connect("DELETE", target + "/" + to_returns).status, 200);
  EXPECT_EQ(region.connect("DELETE", queue).status, 200);
  EXPECT_EQ(region.connect("DELETE", "/users/" + region.instance + "/" + region.user).status, 200);
}

TEST_F(QuickConnects, OfEveryUserAndQueueAreThereByThemselves) {
  create("Phone", phone_config());
  ASSERT_EQ(list().size(), 3U) << "one was made; one user, one queue";
  const std::string of_user = by_itself("USER", "ana");
  const std::string of_queue = by_itself("QUEUE", "Sales");
  EXPECT_EQ(of_user, config::quick_connect_of(*parse_uuid(region.user)).text());
  EXPECT_EQ(describe(of_user).at("QuickConnectConfig").at("UserConfig").at("UserId"), json::value(region.user));
  EXPECT_EQ(describe(of_queue).at("QuickConnectConfig").at("QueueConfig").at("QueueId"), json::value(region.queue));
  EXPECT_EQ(describe(of_user).at("QuickConnectConfig").at("UserConfig").at("ContactFlowId"), "");
  const std::string by_name = flow(config::kAgentTransferFlow, "AGENT_TRANSFER");
  EXPECT_EQ(describe(of_user).at("QuickConnectConfig").at("UserConfig").at("ContactFlowId"), json::value(by_name));
  // They follow what they are of.
  region.expect("POST", "/queues/" + region.instance + "/" + region.queue + "/name", {{"Name", "Vente"}});
  EXPECT_EQ(describe(of_queue).at("Name"), "Vente");
  for (const std::string& id : {of_user, of_queue}) {
    EXPECT_EQ(error_of(region.connect("POST", target + "/" + id + "/name", {{"Name", "x"}})),
              "InvalidRequestException");
    EXPECT_EQ(error_of(region.connect("POST", target + "/" + id + "/config", {{"QuickConnectConfig", phone_config()}})),
              "InvalidRequestException");
    EXPECT_EQ(error_of(region.connect("DELETE", target + "/" + id)), "InvalidRequestException");
  }
  EXPECT_EQ(list("?QuickConnectTypes=USER&QuickConnectTypes=PHONE_NUMBER").size(), 2U);
  std::set<std::string> seen;
  std::string query = "?maxResults=1";
  for (int page = 0; page < 5 && !query.empty(); ++page) {
    const auto listed = region.expect("GET", target + query);
    seen.insert(text_of(listed.at("QuickConnectSummaryList").as_array().at(0).as_object(), "Id"));
    const std::string token = text_of(listed, "NextToken");
    query = token.empty() ? std::string() : "?maxResults=1&nextToken=" + token;
  }
  EXPECT_EQ(seen.size(), 3U);
  EXPECT_EQ(query, "") << "the last page says so";
  region.expect("DELETE", "/users/" + region.instance + "/" + region.user);
  EXPECT_EQ(error_of(region.connect("GET", target + "/" + of_user)), "ResourceNotFoundException");
  EXPECT_EQ(list().size(), 2U);
}

TEST_F(QuickConnects, AreAssociatedWithQueues) {
  const std::string phone = create("Phone", phone_config());
  const std::string of_user = by_itself("USER", "ana");
  const std::string queue = "/queues/" + region.instance + "/" + region.queue;
  const auto post = [&](const std::string& what, json::array ids) {
    return region.connect("POST", queue + "/" + what + "-quick-connects", {{"QuickConnectIds", std::move(ids)}});
  };
  const auto names = [&] {
    std::multiset<std::string> out;
    const auto listed = region.expect("GET", queue + "/quick-connects");
    for (const json::value& each : listed.at("QuickConnectSummaryList").as_array())
      out.insert(text_of(each.as_object(), "Name"));
    return out;
  };
  const std::string nobody = "0190f0f0-0000-7000-8000-0000000000ff";
  EXPECT_EQ(post("associate", {phone, of_user}).status, 200);
  EXPECT_EQ(names(), (std::multiset<std::string>{"Phone", "ana"}));
  EXPECT_EQ(error_of(post("associate", {nobody})), "ResourceNotFoundException");
  EXPECT_EQ(post("disassociate", {of_user, nobody}).status, 200);
  EXPECT_EQ(names(), (std::multiset<std::string>{"Phone"}));
  EXPECT_EQ(region.connect("DELETE", target + "/" + phone).status, 200) << "its associations go with it";
  EXPECT_EQ(names(), (std::multiset<std::string>{}));
  const auto made = region.expect(
      "PUT", "/queues/" + region.instance,
      {{"Name", "Other"}, {"HoursOfOperationId", region.hours}, {"QuickConnectIds", json::array{of_user}}});
  const auto listed =
      region.expect("GET", "/queues/" + region.instance + "/" + text_of(made, "QueueId") + "/quick-connects");
  EXPECT_EQ(listed.at("QuickConnectSummaryList").as_array().size(), 1U);
}

// The flow is the quick connect's, and its queue or agent is where that flow is to take the task.
TEST_F(QuickConnects, StartATaskTowardsTheirDestination) {
  const std::string made = create("support", queue_config(region.queue));
  const auto start = [&](const json::object& more) {
    json::object input{{"InstanceId", region.instance}, {"Name", "look at this"}};
    for (const auto& each : more) input[each.key()] = each.value();
    return region.connect("PUT", "/contact/task", input);
  };
  const auto place_of = [&](const http::Response& started) {
    EXPECT_EQ(started.status, 200) << started.body;
    const ContactId id{*parse_uuid(text_of(body_of(started), "ContactId"))};
    return region.host.world().contacts().find(id)->contact;
  };
  const auto queued = place_of(start({{"QuickConnectId", made}}));
  EXPECT_EQ(queued.place.queue.value().text(), region.queue);
  EXPECT_EQ(queued.flow.flow.value().text(), to_queue);
  const auto agents = place_of(start({{"QuickConnectId", create("ana herself", user_config())}}));
  EXPECT_EQ(agents.place.queue.value().text(), region.user);
  EXPECT_EQ(agents.flow.flow.value().text(), to_agent);
  EXPECT_EQ(start({{"QuickConnectId", create("phone", phone_config())}}).status, 400);
  EXPECT_EQ(start({{"QuickConnectId", region.user}}).status, 404);
  EXPECT_EQ(start({{"QuickConnectId", made}, {"ContactFlowId", to_queue}}).status, 400);
  EXPECT_EQ(start({}).status, 400);
}

}  // namespace
}  // namespace tandem::api
