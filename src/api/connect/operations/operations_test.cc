#include "api/connect/operations/operations.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "api/model/router.h"
#include "api/model/validate.h"

namespace tandem::operations {
namespace {

// Goal: both description files are sound, and a request written after an operation's template reaches that operation.
// Method: all of them; parameters are filled with a whole ARN, percent-encoded.
TEST(Operations, BothFilesParse) {
  for (const std::string_view text : {connect_text(), participant_text()}) {
    const auto parsed = model::Description::parse(text);
    ASSERT_TRUE(parsed.has_value()) << parsed.error().detail;
    EXPECT_FALSE(parsed->operations().empty());
  }
  EXPECT_EQ(connect().service(), "connect");
  EXPECT_EQ(participant().service(), "connectparticipant");
}

TEST(Operations, EveryTemplateRoutesToItsOwnOperation) {
  const std::string encoded = "arn%3Aaws%3Aconnect%3Aus-east-1%3A123456789012%3Ainstance%2Fi%2Fqueue%2Fq";
  const std::string arn = "arn:aws:connect:us-east-1:123456789012:instance/i/queue/q";
  std::set<std::string> reached;
  for (const model::Description* description : {&connect(), &participant()}) {
    const model::Router router(*description);
    for (const model::Operation& operation : description->operations()) {
      std::string target;
      for (const std::string& segment : operation.segments) target += '/' + (segment.empty() ? encoded : segment);
      const auto route = router.route(operation.method, target + "?maxResults=3&nextToken=a%3D%3D");
      ASSERT_TRUE(route.has_value()) << target;
      EXPECT_EQ(route->operation, &operation) << target;
      EXPECT_EQ(route->path, std::vector<std::string>(operation.parameters.size(), arn));
      EXPECT_EQ(route->query.at(1).second, "a==");
      EXPECT_FALSE(router.route("BREW", target).has_value());
      EXPECT_FALSE(router.route(operation.method, target + "/and/more/still").has_value());
      reached.insert(operation.name);
    }
  }
  EXPECT_EQ(reached.size(), connect().operations().size() + participant().operations().size());
}

// What the chat library and the CLI send, as they send it.
TEST(Operations, TakesRequestsOfRealClients) {
  struct Case {
    const model::Description* of;
    const char* method;
    const char* target;
    const char* body;
    const char* operation;
  };
  const Case cases[] = {
      {&connect(), "PUT", "/contact/chat",
       R"({"InstanceId":"i","ContactFlowId":"f","ParticipantDetails":{"DisplayName":"Ana"},"Attributes":{"plan":"gold"},
           "ClientToken":"t","SegmentAttributes":{"connect:Subtype":{"ValueString":"connect:Web"}}})",
       "StartChatContact"},
      {&connect(), "PUT", "/users/i",
       R"({"Username":"ana","Password":"Passw0rd!","IdentityInfo":{"FirstName":"Ana","LastName":"B"},
           "PhoneConfig":{"PhoneType":"SOFT_PHONE","AutoAccept":false},"SecurityProfileIds":["s"],
           "RoutingProfileId":"r"})",
       "CreateUser"},
      {&connect(), "PUT", "/hours-of-operations/i",
       R"({"Name":"Always","TimeZone":"Europe/Berlin","Config":[{"Day":"MONDAY","StartTime":{"Hours":0,"Minutes":0},
           "EndTime":{"Hours":23,"Minutes":59}}]})",
       "CreateHoursOfOperation"},
      {&connect(), "GET", "/queues-summary/i?queueTypes=STANDARD&queueTypes=AGENT&maxResults=100", "", "ListQueues"},
      {&connect(), "POST", "/metrics/current/i",
       R"({"Filters":{"Queues":["q"],"Channels":["CHAT"]},"CurrentMetrics":[{"Name":"CONTACTS_IN_QUEUE","Unit":"COUNT"}],
           "Groupings":["QUEUE"]})",
       "GetCurrentMetricData"},
      {&participant(), "POST", "/participant/connection", R"({"Type":["WEBSOCKET","CONNECTION_CREDENTIALS"]})",
       "CreateParticipantConnection"},
      {&participant(), "POST", "/participant/connection", R"({"ConnectParticipant":true})",
       "CreateParticipantConnection"},
      {&participant(), "POST", "/participant/message",
       R"({"ContentType":"text/plain","Content":"Grüße","ClientToken":"c"})", "SendMessage"},
      {&participant(), "POST", "/participant/transcript",
       R"({"MaxResults":15,"ScanDirection":"BACKWARD","SortOrder":"ASCENDING","StartPosition":{}})", "GetTranscript"},
      {&participant(), "POST", "/participant/disconnect", "", "DisconnectParticipant"},
  };
  for (const Case& c : cases) {
    const auto route = model::Router(*c.of).route(c.method, c.target);
    ASSERT_TRUE(route.has_value()) << c.target;
    EXPECT_EQ(route->operation->name, c.operation);
    const auto judged = model::validate(*route, {{"x-amz-bearer", "token"}}, c.body);
    EXPECT_TRUE(judged.has_value()) << c.operation << ' ' << (judged ? "" : judged.error().message);
  }
}

}  // namespace
}  // namespace tandem::operations
