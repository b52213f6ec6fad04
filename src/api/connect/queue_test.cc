// Goal: a queue is changed as the service's clients expect, and takes contacts accordingly. Method: signed requests
// against the API of a region over a real node.
#include <gtest/gtest.h>

#include "api/fake_host_testing.h"

namespace tandem::api {
namespace {

namespace json = boost::json;

class Queues : public testing::Test {
 protected:
  json::object describe() { return region.expect("GET", target).at("Queue").as_object(); }
  http::Response post(const std::string& what, const json::object& body) {
    return region.connect("POST", target + "/" + what, body);
  }
  // Whether a new task waits in the queue; else its flow has ended it.
  bool takes_a_task() {
    const ContactId id{*parse_uuid(region.start_task("a task"))};
    region.host.run(std::chrono::seconds(1));
    return region.host.world().contacts().find(id)->contact.phase == contact::Phase::queued;
  }
  Region region;
  std::string target = "/queues/" + region.instance + "/" + region.queue;
};

TEST_F(Queues, AreDescribedAsTheyWereChanged) {
  const json::object other{{"Name", "Never"}, {"TimeZone", "UTC"}, {"Config", json::array{}}};
  const auto never = region.expect("PUT", "/hours-of-operations/" + region.instance, other).at("HoursOfOperationId");
  EXPECT_EQ(post("name", {{"Name", "Vente"}, {"Description", "what is sold"}}).status, 200);
  EXPECT_EQ(post("hours-of-operation", {{"HoursOfOperationId", never}}).status, 200);
  EXPECT_EQ(post("max-contacts", {{"MaxContacts", 12}}).status, 200);
  EXPECT_EQ(post("status", {{"Status", "DISABLED"}}).status, 200);
  const json::object caller{{"OutboundCallerIdName", "Sales"}, {"OutboundFlowId", region.flow}};
  EXPECT_EQ(post("outbound-caller-config", {{"OutboundCallerConfig", caller}}).status, 200);
  auto now = describe();
  EXPECT_EQ(now.at("Name"), "Vente");
  EXPECT_EQ(now.at("Description"), "what is sold");
  EXPECT_EQ(now.at("HoursOfOperationId"), never);
  EXPECT_EQ(now.at("MaxContacts"), 12);
  EXPECT_EQ(now.at("Status"), "DISABLED");
  EXPECT_EQ(now.at("OutboundCallerConfig"), json::value(caller));
  EXPECT_EQ(post("name", {{"Name", "Ventes"}}).status, 200);
  EXPECT_EQ(post("max-contacts", {}).status, 200);
  EXPECT_EQ(
      post("outbound-caller-config", {{"OutboundCallerConfig", json::object{{"OutboundCallerIdName", "S"}}}}).status,
      200);
  now = describe();
  EXPECT_EQ(now.at("Name"), "Ventes");
  EXPECT_EQ(now.at("Description"), "what is sold") << "left out of the call, left as it was";
  EXPECT_FALSE(now.contains("MaxContacts"));
  EXPECT_FALSE(now.at("OutboundCallerConfig").as_object().contains("OutboundFlowId"));
  // Hours that a queue keeps stay.
  EXPECT_EQ(post("hours-of-operation", {{"HoursOfOperationId", region.hours}}).status, 200);
  EXPECT_EQ(
      region.connect("DELETE", "/hours-of-operations/" + region.instance + "/" + text_of({{"a", never}}, "a")).status,
      200);
}

TEST_F(Queues, RefuseWhatIsNotThere) {
  const std::string nobody = "0190f0f0-0000-7000-8000-0000000000ff";
  EXPECT_EQ(error_of(post("hours-of-operation", {{"HoursOfOperationId", nobody}})), "ResourceNotFoundException");
  EXPECT_EQ(error_of(post("status", {{"Status", "CLOSED"}})), "InvalidParameterException");
  EXPECT_EQ(error_of(post("max-contacts", {{"MaxContacts", -1}})), "InvalidParameterException");
  EXPECT_EQ(error_of(post("name", {})), "InvalidParameterException");
  region.expect("PUT", "/queues/" + region.instance, {{"Name", "Support"}, {"HoursOfOperationId", region.hours}});
  EXPECT_EQ(error_of(post("name", {{"Name", "Support"}})), "DuplicateResourceException");
}

TEST_F(Queues, TakeContactsAsTheyAreSet) {
  EXPECT_TRUE(takes_a_task());
  EXPECT_EQ(post("max-contacts", {{"MaxContacts", 1}}).status, 200);
  EXPECT_FALSE(takes_a_task());
  EXPECT_EQ(post("max-contacts", {}).status, 200);
  EXPECT_TRUE(takes_a_task());
  EXPECT_EQ(post("status", {{"Status", "DISABLED"}}).status, 200);
  EXPECT_FALSE(takes_a_task());
  EXPECT_EQ(post("status", {{"Status", "ENABLED"}}).status, 200);
  EXPECT_TRUE(takes_a_task());
}

}  // namespace
}  // namespace tandem::api
