// Goal: the Connect API makes, shows, lists, changes and deletes documents, and starts and describes contacts, as its
// clients expect, with the service's error names. Method: signed requests against the API of a region over a real node.
#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <set>

#include "api/common.h"
#include "api/fake_host_testing.h"
#include "codec/uri.h"

namespace tandem::api {
namespace {

namespace json = boost::json;

TEST(Connect, DescribesTheSampleItMade) {
  Region region;
  const std::string in = "/" + region.instance;
  const auto queue = region.expect("GET", "/queues" + in + "/" + region.queue).at("Queue").as_object();
  EXPECT_EQ(text_of(queue, "Name"), "Sales");
  EXPECT_EQ(text_of(queue, "Status"), "ENABLED");
  EXPECT_EQ(text_of(queue, "HoursOfOperationId"), region.hours);
  EXPECT_EQ(text_of(queue, "LastModifiedRegion"), "us-east-1");
  EXPECT_EQ(text_of(queue, "QueueArn"),
            "arn:aws:connect:us-east-1:111122223333:instance/" + region.instance + "/queue/" + region.queue);

  const auto profile =
      region.expect("GET", "/routing-profiles" + in + "/" + region.profile).at("RoutingProfile").as_object();
  EXPECT_EQ(profile.at("NumberOfAssociatedUsers"), 1);
  EXPECT_EQ(profile.at("NumberOfAssociatedQueues"), 1);
  EXPECT_EQ(profile.at("MediaConcurrencies").as_array().size(), 2U);

  const auto hours =
      region.expect("GET", "/hours-of-operations" + in + "/" + region.hours).at("HoursOfOperation").as_object();
  EXPECT_EQ(hours.at("Config").as_array().at(0).at("Day"), "MONDAY");
  EXPECT_EQ(hours.at("Config").as_array().at(0).at("EndTime").at("Hours"), 0);

  const auto user = region.expect("GET", "/users" + in + "/" + region.user).at("User").as_object();
  EXPECT_EQ(text_of(user, "Username"), "ana");
  EXPECT_EQ(user.at("IdentityInfo").at("FirstName"), "Ana");
  EXPECT_EQ(text_of(user, "RoutingProfileId"), region.profile);

  const auto flow = region.expect("GET", "/contact-flows" + in + "/" + region.flow).at("ContactFlow").as_object();
  EXPECT_EQ(text_of(flow, "Status"), "PUBLISHED");
  EXPECT_NE(text_of(flow, "Content").find(region.queue), std::string::npos);

  const auto instance = region.expect("GET", "/instance" + in);
  EXPECT_EQ(instance.at("Instance").at("InstanceAlias"), "sample");
  EXPECT_EQ(instance.at("ReplicationConfiguration").at("ReplicationStatusSummaryList").as_array().size(), 2U);
  EXPECT_EQ(region.expect("GET", "/instance").at("InstanceSummaryList").as_array().size(), 1U);
  EXPECT_EQ(region.expect("GET", "/security-profiles-summary" + in).at("SecurityProfileSummaryList").as_array().size(),
            1U);
  const auto statuses = region.expect("GET", "/agent-status" + in + "?AgentStatusTypes=CUSTOM");
  EXPECT_EQ(statuses.at("AgentStatusSummaryList").as_array().size(), 1U);
  EXPECT_TRUE(region.host.errors.empty());
}

TEST(Connect, TakesArnsOfAnyRegionOfTheCentre) {
  Region region;
  const auto arn = [&](const std::string& where, const std::string& kind) {
    return uri::encode("arn:aws:connect:" + where + ":111122223333:instance/" + region.instance + "/" + kind + "/" +
                       region.queue);
  };
  const std::string queues = "/queues/" + region.instance + "/";
  EXPECT_EQ(region.connect("GET", queues + arn("us-west-2", "queue")).status, 200);
  EXPECT_EQ(error_of(region.connect("GET", queues + arn("eu-west-1", "queue"))), "ResourceNotFoundException");
  EXPECT_EQ(error_of(region.connect("GET", queues + arn("us-west-2", "agent"))), "InvalidParameterException");
  EXPECT_EQ(error_of(region.connect("GET", "/queues/0190f0f0-0000-7000-8000-0000000000ff/" + region.queue)),
            "ResourceNotFoundException");
  EXPECT_EQ(error_of(region.connect("GET", queues + "0190f0f0-0000-7000-8000-0000000000ff")),
            "ResourceNotFoundException");
}

TEST(Connect, RefusesWhatCannotBeMade) {
  Region region;
  struct Case {
    const char* what;
    std::string target;
    json::object body;
    int status;
    const char* type;
  };
  const std::string nobody = "0190f0f0-0000-7000-8000-0000000000ff";
  const Case cases[] = {
      {"a name twice",
       "/queues/" + region.instance,
       {{"Name", "Sales"}, {"HoursOfOperationId", region.hours}},
       409,
       "DuplicateResourceException"},
      {"hours that are not there",
       "/queues/" + region.instance,
       {{"Name", "Other"}, {"HoursOfOperationId", nobody}},
       404,
       "ResourceNotFoundException"},
      {"no such zone",
       "/hours-of-operations/" + region.instance,
       {{"Name", "Mars"}, {"TimeZone", "Mars/Olympus"}, {"Config", json::array{}}},
       400,
       "InvalidParameterException"},
      {"a flow that is none",
       "/contact-flows/" + region.instance,
       {{"Name", "Broken"}, {"Type", "CONTACT_FLOW"}, {"Content", "{}"}},
       400,
       "InvalidContactFlowException"},
      {"a channel twice",
       "/routing-profiles/" + region.instance,
       {{"Name", "Twice"},
        {"Description", "d"},
        {"DefaultOutboundQueueId", region.queue},
        {"MediaConcurrencies", json::array{json::object{{"Channel", "CHAT"}, {"Concurrency", 2}},
                                           json::object{{"Channel", "CHAT"}, {"Concurrency", 3}}}}},
       400,
       "InvalidParameterException"},
      {"a quick connect that is not there",
       "/queues/" + region.instance,
       {{"Name", "Q"}, {"HoursOfOperationId", region.hours}, {"QuickConnectIds", json::array{nobody}}},
       404,
       "ResourceNotFoundException"},
  };
  for (const Case& c : cases) {
    const auto response = region.connect("PUT", c.target, c.body);
    EXPECT_EQ(response.status, c.status) << c.what << response.body;
    EXPECT_EQ(error_of(response), c.type) << c.what << response.body;
  }
  const auto broken = region.connect("PUT", "/contact-flows/" + region.instance,
                                     {{"Name", "Broken"}, {"Type", "CONTACT_FLOW"}, {"Content", "{}"}});
  EXPECT_FALSE(body_of(broken).at("problems").as_array().empty());
  // What is in use stays.
  EXPECT_EQ(error_of(region.connect("DELETE", "/queues/" + region.instance + "/" + region.queue)),
            "ResourceInUseException");
  EXPECT_EQ(region.connect("DELETE", "/users/" + region.instance + "/" + region.user).status, 200);
  EXPECT_EQ(error_of(region.connect("GET", "/users/" + region.instance + "/" + region.user)),
            "ResourceNotFoundException");
  EXPECT_EQ(region.connect("DELETE", "/routing-profiles/" + region.instance + "/" + region.profile).status, 200);
  EXPECT_EQ(region.connect("DELETE", "/queues/" + region.instance + "/" + region.queue).status, 200);
}

TEST(Connect, SaysPlainlyThatItCannotWriteNow) {
  Region region;
  region.host.refuse_orders = Error{Errc::log_full, "the disk is full"};
  const auto response =
      region.connect("PUT", "/queues/" + region.instance, {{"Name", "Other"}, {"HoursOfOperationId", region.hours}});
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(error_of(response), "InternalServiceException");
  EXPECT_EQ(text_of(body_of(response), "Message"), "the disk is full");
}

TEST(Connect, PagesThroughAList) {
  Region region;
  for (int i = 0; i < 6; ++i) {
    region.expect("PUT", "/queues/" + region.instance,
                  {{"Name", "Queue " + std::to_string(i)}, {"HoursOfOperationId", region.hours}});
  }
  std::set<std::string> names;
  std::string token;
  int pages = 0;
  do {
    const auto page = region.expect(
        "GET", "/queues-summary/" + region.instance + "?maxResults=3" + (token.empty() ? "" : "&nextToken=" + token));
    for (const json::value& queue : page.at("QueueSummaryList").as_array()) {
      EXPECT_TRUE(names.insert(text_of(queue.as_object(), "Name")).second);
    }
    token = text_of(page, "NextToken");
    ++pages;
  } while (!token.empty() && pages < 10);
  EXPECT_EQ(pages, 3);
  EXPECT_EQ(names.size(), 7U);
  EXPECT_EQ(error_of(region.connect("GET", "/queues-summary/" + region.instance + "?nextToken=x")),
            "InvalidParameterException");
}

json::object chat(const Region& region, const char* token) {
  return {{"InstanceId", region.instance},
          {"ContactFlowId", region.flow},
          {"ParticipantDetails", json::object{{"DisplayName", "Cleo"}}},
          {"Attributes", json::object{{"tier", "gold"}, {"phone", "+15550100"}}},
          {"InitialMessage", json::object{{"ContentType", "text/plain"}, {"Content", "Hi"}}},
          {"ClientToken", token}};
}

TEST(Connect, StartsAChatOnceForOneClientToken) {
  Region region;
  const auto first = region.expect("PUT", "/contact/chat", chat(region, "one"));
  const auto again = region.expect("PUT", "/contact/chat", chat(region, "one"));
  const auto other = region.expect("PUT", "/contact/chat", chat(region, "two"));
  const std::string id = text_of(first, "ContactId");
  EXPECT_EQ(id, text_of(again, "ContactId"));
  EXPECT_EQ(text_of(first, "ParticipantId"), text_of(again, "ParticipantId"));
  EXPECT_NE(id, text_of(other, "ContactId"));
  EXPECT_EQ(region.host.world().contacts().size(), 2U);

  const auto contact = region.expect("GET", "/contacts/" + region.instance + "/" + id).at("Contact").as_object();
  EXPECT_EQ(text_of(contact, "Channel"), "CHAT");
  EXPECT_EQ(contact.at("GlobalResiliencyMetadata").at("ActiveRegion"), "us-east-1");
  EXPECT_EQ(contact.at("QueueInfo").at("Id"), json::value(region.queue));

  // Only what the instance marks as personal is sealed.
  const contact::Held* held = region.host.world().contacts().find(ContactId{*parse_uuid(id)});
  ASSERT_NE(held, nullptr);
  EXPECT_TRUE(held->contact.attributes.at("phone").sealed());
  EXPECT_FALSE(held->contact.attributes.at("tier").sealed());
  EXPECT_TRUE(held->contact.customer_name.sealed());
  const std::string attributes = "/contact/attributes/" + region.instance + "/" + id;
  EXPECT_EQ(region.expect("GET", attributes).at("Attributes").at("phone"), "+15550100");
  region.expect("POST", "/contact/attributes",
                {{"InstanceId", region.instance},
                 {"InitialContactId", id},
                 {"Attributes", json::object{{"tier", "platinum"}, {"step", "2"}}}});
  const auto changed = region.expect("GET", attributes).at("Attributes").as_object();
  EXPECT_EQ(changed.at("tier"), "platinum");
  EXPECT_EQ(changed.at("step"), "2");
  EXPECT_EQ(changed.at("phone"), "+15550100");

  const json::object stop{{"InstanceId", region.instance}, {"ContactId", id}};
  EXPECT_EQ(region.connect("POST", "/contact/stop", stop).status, 200);
  const auto twice = region.connect("POST", "/contact/stop", stop);
  EXPECT_EQ(twice.status, 410);
  EXPECT_EQ(error_of(twice), "ContactNotFoundException");
  const auto ended = region.expect("GET", "/contacts/" + region.instance + "/" + id).at("Contact").as_object();
  EXPECT_EQ(text_of(ended, "DisconnectReason"), "API");
  EXPECT_TRUE(ended.contains("DisconnectTimestamp"));
  EXPECT_TRUE(region.host.errors.empty());
}

TEST(Connect, RefusesAStartThatCannotBe) {
  Region region;
  auto body = chat(region, "x");
  body["ContactFlowId"] = region.queue;
  EXPECT_EQ(error_of(region.connect("PUT", "/contact/chat", body)), "ResourceNotFoundException");
  body = chat(region, "x");
  body["PersistentChat"] = json::object{{"SourceContactId", "c"}};
  EXPECT_EQ(error_of(region.connect("PUT", "/contact/chat", body)), "InvalidRequestException");
  body = chat(region, "x");
  body["Attributes"] = json::object{{"a key", "v"}};
  EXPECT_EQ(error_of(region.connect("PUT", "/contact/chat", body)), "InvalidParameterException");
  body["Attributes"] = json::object{{"a", std::string(20'000, 'x')}, {"b", std::string(20'000, 'x')}};
  EXPECT_EQ(error_of(region.connect("PUT", "/contact/chat", body)), "InvalidParameterException");
  EXPECT_EQ(region.host.world().contacts().size(), 0U);
}

TEST(Connect, StartsATask) {
  Region region;
  const json::object reference{{"Value", "https://example.org/1"}, {"Type", "URL"}};
  const auto task = region.expect("PUT", "/contact/task",
                                  {{"InstanceId", region.instance},
                                   {"ContactFlowId", region.flow},
                                   {"Name", "Call back"},
                                   {"Description", "about the order"},
                                   {"References", json::object{{"order", reference}}}});
  const std::string id = text_of(task, "ContactId");
  const auto contact = region.expect("GET", "/contacts/" + region.instance + "/" + id).at("Contact").as_object();
  EXPECT_EQ(text_of(contact, "Channel"), "TASK");
  EXPECT_EQ(text_of(contact, "Name"), "Call back");
  EXPECT_EQ(text_of(contact, "Description"), "about the order");
  EXPECT_EQ(error_of(region.connect("PUT", "/contact/task",
                                    {{"InstanceId", region.instance},
                                     {"ContactFlowId", region.flow},
                                     {"Name", "By template"},
                                     {"TaskTemplateId", "t"}})),
            "InvalidRequestException");
}

TEST(Connect, StartsATaskAtItsTime) {
  Region region;
  const auto now = [&] { return static_cast<std::int64_t>(region.host.utc_ms() / 1000); };
  const auto start = [&](std::int64_t at) {
    return region.connect(
        "PUT", "/contact/task",
        {{"InstanceId", region.instance}, {"ContactFlowId", region.flow}, {"Name", "Later"}, {"ScheduledTime", at}});
  };
  const auto move = [&](const std::string& contact, std::int64_t at) {
    return region.connect("POST", "/contact/schedule",
                          {{"InstanceId", region.instance}, {"ContactId", contact}, {"ScheduledTime", at}});
  };
  EXPECT_EQ(error_of(start(now() - 10)), "InvalidParameterException");
  EXPECT_EQ(error_of(start(now() + 6 * 86'400 + 10)), "InvalidParameterException");
  const std::int64_t at = now() + 60;
  const std::string id = text_of(body_of(start(at)), "ContactId");
  const auto describe = [&] {
    return region.expect("GET", "/contacts/" + region.instance + "/" + id).at("Contact").as_object();
  };
  EXPECT_EQ(describe().at("ScheduledTimestamp").to_number<std::int64_t>(), at);
  region.host.run(30s);
  EXPECT_FALSE(describe().contains("QueueInfo"));
  EXPECT_EQ(move(id, at + 60).status, 200);
  EXPECT_EQ(error_of(move(id, now() - 1)), "InvalidParameterException");
  region.host.run(60s);
  EXPECT_FALSE(describe().contains("QueueInfo")) << "its time is a minute later now";
  region.host.run(32s);
  EXPECT_EQ(describe().at("QueueInfo").at("Id"), json::value(region.queue));
  EXPECT_EQ(describe().at("ScheduledTimestamp").to_number<std::int64_t>(), at + 60);
  EXPECT_EQ(error_of(move(id, now() + 60)), "InvalidRequestException") << "its flow has begun";
  const std::string second = text_of(body_of(start(now() + 60)), "ContactId");
  region.expect("POST", "/contact/stop", {{"InstanceId", region.instance}, {"ContactId", second}});
  EXPECT_EQ(error_of(move(second, now() + 60)), "InvalidRequestException");
  EXPECT_TRUE(region.host.errors.empty());
}

TEST(Connect, CountsQueuesAndAgents) {
  Region region;
  const auto metrics = [&](json::array groupings) {
    json::object body{
        {"Filters", json::object{{"Queues", json::array{region.queue}}, {"Channels", json::array{"CHAT"}}}},
        {"CurrentMetrics",
         json::array{json::object{{"Name", "CONTACTS_IN_QUEUE"}}, json::object{{"Name", "AGENTS_AVAILABLE"}},
                     json::object{{"Name", "SLOTS_AVAILABLE"}}, json::object{{"Name", "OLDEST_CONTACT_AGE"}},
                     json::object{{"Name", "ESTIMATED_WAIT_TIME"}}}}};
    if (!groupings.empty()) body["Groupings"] = std::move(groupings);
    return region.expect("POST", "/metrics/current/" + region.instance, body).at("MetricResults").as_array();
  };
  const auto value = [](const json::value& row, std::size_t index) {
    return row.at("Collections").as_array().at(index).at("Value").to_number<double>();
  };
  const auto started = region.expect("PUT", "/contact/chat", chat(region, "one"));
  const auto connection =
      region.participant("connection", text_of(started, "ParticipantToken"), {{"Type", json::array{"WEBSOCKET"}}});
  const std::string url = text_of(body_of(connection).at("Websocket").as_object(), "Url");
  const Opened socket =
      region.open(url.substr(url.find("/participant/ws")));  // nobody is offered to agents who is away
  region.host.run(2s);
  auto rows = metrics({"QUEUE"});
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].at("Dimensions").at("Queue").at("Id"), json::value(region.queue));
  EXPECT_EQ(value(rows[0], 0), 1.0);
  EXPECT_EQ(value(rows[0], 1), 0.0);
  EXPECT_GE(value(rows[0], 3), 2.0);
  EXPECT_FALSE(rows[0].at("Collections").as_array().at(4).as_object().contains("Value")) << "nobody is there";
  EXPECT_GE(value(metrics({})[0], 3), 2000.0);  // milliseconds without a grouping, as at the service

  const auto in = region.agent("POST", "sign-in", {}, {{"username", "ana"}, {"password", "Sunflower7"}});
  ASSERT_EQ(in.status, 200) << in.body;
  EXPECT_EQ(region
                .connect("PUT", "/users/" + region.instance + "/" + region.user + "/status",
                         {{"AgentStatusId", region.available}})
                .status,
            200);
  region.host.run(100ms);
  rows = metrics({"QUEUE", "CHANNEL"});
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(value(rows[0], 0), 1.0);  // rings, and is in the queue until it is accepted
  EXPECT_EQ(value(rows[0], 2), 1.0);  // one of two slots is taken
  EXPECT_EQ(value(rows[0], 4), 0.0);  // the next would ring at once
  EXPECT_EQ(rows[0].at("Collections").as_array().at(4).at("Metric").at("Unit"), "SECONDS");
  const auto own = region.expect("POST", "/metrics/contact",
                                 {{"InstanceId", region.instance},
                                  {"ContactId", text_of(started, "ContactId")},
                                  {"Metrics", json::array{json::object{{"Name", "ESTIMATED_WAIT_TIME"}},
                                                          json::object{{"Name", "POSITION_IN_QUEUE"}}}}});
  ASSERT_EQ(own.at("MetricResults").as_array().size(), 2U);
  EXPECT_EQ(own.at("MetricResults").as_array()[0].at("Value").at("Number").to_number<double>(), 0.0);

  const auto data = region.expect("POST", "/metrics/userdata/" + region.instance,
                                  {{"Filters", json::object{{"Queues", json::array{region.queue}}}}});
  ASSERT_EQ(data.at("UserDataList").as_array().size(), 1U);
  const auto& user = data.at("UserDataList").as_array()[0].as_object();
  EXPECT_EQ(user.at("Status").at("StatusName"), "Available");
  EXPECT_EQ(user.at("AvailableSlotsByChannel").at("CHAT"), 1);
  EXPECT_EQ(user.at("Contacts").as_array().at(0).at("AgentContactState"), "CONNECTING");
  EXPECT_EQ(error_of(region.connect("POST", "/metrics/userdata/" + region.instance, {{"Filters", json::object{}}})),
            "InvalidParameterException");
  EXPECT_TRUE(region.host.errors.empty());
}

TEST(Connect, ChangesAFlow) {
  Region region;
  const std::string target = "/contact-flows/" + region.instance + "/" + region.flow;
  EXPECT_EQ(error_of(region.connect("POST", target + "/content", {{"Content", "{}"}})), "InvalidContactFlowException");
  const std::string content =
      R"({"Version":"2019-10-30","StartAction":"a","Actions":[{"Identifier":"a","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]})";
  EXPECT_EQ(region.connect("POST", target + "/content", {{"Content", content}}).status, 200);
  EXPECT_EQ(region.expect("GET", target).at("ContactFlow").at("Content"), json::value(content));
  const auto saved =
      region.expect("PUT", "/contact-flows/" + region.instance,
                    {{"Name", "Draft"}, {"Type", "CONTACT_FLOW"}, {"Content", "{}"}, {"Status", "SAVED"}});
  const std::string draft = "/contact-flows/" + region.instance + "/" + text_of(saved, "ContactFlowId");
  EXPECT_EQ(error_of(region.connect("GET", draft)), "ContactFlowNotPublishedException");
  EXPECT_EQ(region.connect("GET", draft + "%3A%24SAVED").status, 200);
}

}  // namespace
}  // namespace tandem::api
