// Goal: every change of a routing profile shows in what the API describes, and decides who gets the next contact.
// Method: signed requests against the API of a region over a real node, with an agent who is signed in.
#include <gtest/gtest.h>

#include <boost/json/array.hpp>

#include "api/fake_host_testing.h"

namespace tandem::api {
namespace {

namespace json = boost::json;

json::object reference(const std::string& queue, const char* channel) {
  return {{"QueueId", queue}, {"Channel", channel}};
}
json::object served(const std::string& queue, const char* channel, int priority, int delay = 0) {
  return {{"QueueReference", reference(queue, channel)}, {"Priority", priority}, {"Delay", delay}};
}
json::object concurrency(const char* channel, int slots, const char* cross = nullptr) {
  json::object out{{"Channel", channel}, {"Concurrency", slots}};
  if (cross != nullptr) out["CrossChannelBehavior"] = json::object{{"BehaviorType", cross}};
  return out;
}

class RoutingProfile : public testing::Test {
 protected:
  json::object describe() { return region.expect("GET", target).at("RoutingProfile").as_object(); }
  json::array queues() {
    return region.expect("GET", target + "/queues").at("RoutingProfileQueueConfigSummaryList").as_array();
  }
  http::Response post(const std::string& what, const json::object& body) {
    return region.connect("POST", target + "/" + what, body);
  }
  Region region;
  std::string target = "/routing-profiles/" + region.instance + "/" + region.profile;
};

TEST_F(RoutingProfile, GetsAndLosesQueues) {
  const json::object made{{"Name", "Returns"}, {"HoursOfOperationId", region.hours}};
  const std::string returns = text_of(region.expect("PUT", "/queues/" + region.instance, made), "QueueId");
  EXPECT_EQ(post("associate-queues", {{"QueueConfigs", json::array{served(returns, "CHAT", 7, 30)}}}).status, 200);
  auto listed = queues();
  ASSERT_EQ(listed.size(), 3U);
  EXPECT_EQ(describe().at("NumberOfAssociatedQueues"), 2);
  const auto find = [&](const std::string& queue, std::string_view channel) {
    for (const json::value& row : listed) {
      if (row.at("QueueId") == json::value(queue) && row.at("Channel") == json::value(channel)) return row.as_object();
    }
    ADD_FAILURE() << "no row for " << queue;
    return json::object{};
  };
  auto row = find(returns, "CHAT");
  EXPECT_EQ(row.at("QueueName"), "Returns");
  EXPECT_EQ(row.at("Priority"), 7);
  EXPECT_EQ(row.at("Delay"), 30);
  EXPECT_TRUE(text_of(row, "QueueArn").ends_with("/queue/" + returns));

  EXPECT_EQ(post("queues", {{"QueueConfigs", json::array{served(returns, "CHAT", 99, 9999)}}}).status, 200);
  listed = queues();
  row = find(returns, "CHAT");
  EXPECT_EQ(row.at("Priority"), 99);
  EXPECT_EQ(row.at("Delay"), 9999);
  EXPECT_EQ(error_of(post("queues", {{"QueueConfigs", json::array{served(returns, "TASK", 1)}}})),
            "ResourceNotFoundException");

  const json::object out{{"QueueReferences", json::array{reference(returns, "CHAT")}}};
  EXPECT_EQ(post("disassociate-queues", out).status, 200);
  EXPECT_EQ(post("disassociate-queues", out).status, 200) << "a repeat changes nothing";
  EXPECT_EQ(queues().size(), 2U);
  EXPECT_EQ(region.connect("DELETE", "/queues/" + region.instance + "/" + returns).status, 200);
}

TEST_F(RoutingProfile, ListsQueuesInPages) {
  const auto first = region.expect("GET", target + "/queues?maxResults=1");
  ASSERT_EQ(first.at("RoutingProfileQueueConfigSummaryList").as_array().size(), 1U);
  EXPECT_TRUE(first.contains("LastModifiedTime"));
  const auto second = region.expect("GET", target + "/queues?maxResults=1&nextToken=" + text_of(first, "NextToken"));
  EXPECT_FALSE(second.contains("NextToken"));
  EXPECT_NE(first.at("RoutingProfileQueueConfigSummaryList"), second.at("RoutingProfileQueueConfigSummaryList"));
  EXPECT_EQ(error_of(region.connect("GET", target + "/queues?nextToken=%25")), "InvalidParameterException");
}

TEST_F(RoutingProfile, RefusesWhatItCannotServe) {
  const std::string nobody = "0190f0f0-0000-7000-8000-0000000000ff";
  EXPECT_EQ(error_of(post("associate-queues", {{"QueueConfigs", json::array{served(nobody, "CHAT", 1)}}})),
            "ResourceNotFoundException");
  EXPECT_EQ(error_of(post("associate-queues", {{"QueueConfigs", json::array{served(region.queue, "CHAT", 100)}}})),
            "InvalidParameterException");
  const json::array twice{served(region.queue, "CHAT", 1), served(region.queue, "CHAT", 2)};
  EXPECT_EQ(error_of(post("associate-queues", {{"QueueConfigs", twice}})), "InvalidParameterException");
  EXPECT_EQ(error_of(post("associate-queues", {})), "InvalidParameterException");
  const json::object manual{{"QueueReference", reference(region.queue, "CHAT")}};
  EXPECT_EQ(error_of(post("associate-queues", {{"ManualAssignmentQueueConfigs", json::array{manual}}})),
            "InvalidRequestException");
  EXPECT_EQ(error_of(post("disassociate-queues", {{"QueueReferences", json::array{}}})), "InvalidParameterException");
  const json::array eleven(11, reference(region.queue, "CHAT"));
  EXPECT_EQ(error_of(post("disassociate-queues", {{"QueueReferences", eleven}})), "InvalidParameterException");
  EXPECT_EQ(error_of(post("concurrency", {{"MediaConcurrencies", json::array{concurrency("VOICE", 2)}}})),
            "InvalidParameterException");
  EXPECT_EQ(error_of(post("name", {})), "InvalidParameterException");
  EXPECT_EQ(error_of(post("default-outbound-queue", {{"DefaultOutboundQueueId", nobody}})),
            "ResourceNotFoundException");
  EXPECT_EQ(queues().size(), 2U);
}

TEST_F(RoutingProfile, IsDescribedAsItWasChanged) {
  const json::array channels{concurrency("CHAT", 5, "ROUTE_ANY_CHANNEL"), concurrency("EMAIL", 2)};
  EXPECT_EQ(post("concurrency", {{"MediaConcurrencies", channels}}).status, 200);
  EXPECT_EQ(post("name", {{"Name", "Chats"}, {"Description", "chats alone"}}).status, 200);
  EXPECT_EQ(post("agent-availability-timer", {{"AgentAvailabilityTimer", "TIME_SINCE_LAST_INBOUND"}}).status, 200);
  const json::object made{{"Name", "Out"}, {"HoursOfOperationId", region.hours}};
  const std::string out = text_of(region.expect("PUT", "/queues/" + region.instance, made), "QueueId");
  EXPECT_EQ(post("default-outbound-queue", {{"DefaultOutboundQueueId", out}}).status, 200);
  const auto now = describe();
  EXPECT_EQ(now.at("Name"), "Chats");
  EXPECT_EQ(now.at("Description"), "chats alone");
  EXPECT_EQ(now.at("AgentAvailabilityTimer"), "TIME_SINCE_LAST_INBOUND");
  EXPECT_EQ(now.at("DefaultOutboundQueueId"), json::value(out));
  const json::array expected{concurrency("CHAT", 5, "ROUTE_ANY_CHANNEL"),
                             concurrency("EMAIL", 2, "ROUTE_CURRENT_CHANNEL_ONLY")};
  EXPECT_EQ(now.at("MediaConcurrencies").as_array(), expected) << "TASK is not among them any more";

  const json::object other{{"Name", "Other"},
                           {"Description", "d"},
                           {"DefaultOutboundQueueId", out},
                           {"MediaConcurrencies", json::array{concurrency("CHAT", 1, "ROUTE_ANY_CHANNEL")}}};
  const auto id = text_of(region.expect("PUT", "/routing-profiles/" + region.instance, other), "RoutingProfileId");
  const std::string second = "/routing-profiles/" + region.instance + "/" + id;
  EXPECT_EQ(region.expect("GET", second).at("RoutingProfile").at("MediaConcurrencies").as_array(),
            json::array{concurrency("CHAT", 1, "ROUTE_ANY_CHANNEL")});
  EXPECT_EQ(error_of(region.connect("POST", second + "/name", {{"Name", "Chats"}})), "DuplicateResourceException");
}

TEST_F(RoutingProfile, DecidesWhatAnAgentIsGiven) {
  region.available_agent();
  EXPECT_EQ(post("disassociate-queues", {{"QueueReferences", json::array{reference(region.queue, "TASK")}}}).status,
            200);
  const std::string first = region.start_task("first");
  region.host.run(std::chrono::seconds(2));
  EXPECT_TRUE(region.shown().empty()) << "his profile does not have the queue for tasks";
  EXPECT_EQ(post("associate-queues", {{"QueueConfigs", json::array{served(region.queue, "TASK", 1)}}}).status, 200);
  region.host.run(std::chrono::seconds(2));
  ASSERT_EQ(region.shown(), std::vector{ContactId{*parse_uuid(first)}});
  const std::string second = region.start_task("second");
  region.host.run(std::chrono::seconds(2));
  ASSERT_EQ(region.shown().size(), 1U) << "one task at a time";
  EXPECT_EQ(post("concurrency", {{"MediaConcurrencies", json::array{concurrency("TASK", 2)}}}).status, 200);
  region.host.run(std::chrono::seconds(2));
  EXPECT_EQ(region.shown().size(), 2U);
  EXPECT_TRUE(region.host.errors.empty());
}

}  // namespace
}  // namespace tandem::api
