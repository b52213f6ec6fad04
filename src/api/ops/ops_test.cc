// Goal: an operator is told the truth about members, contacts, agents, queues and decisions, nothing personal without
// asking, and nobody else is told anything. Method: requests as values against a region over a real node.
#include "api/ops/ops.h"

#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "api/common.h"
#include "api/fake_host_testing.h"

namespace tandem::api {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

class OpsTest : public ::testing::Test {
 protected:
  http::Response send(const std::string& method, const std::string& path, const json::object& body = {},
                      const std::string& purpose = "ops") {
    http::Request request;
    request.method = method;
    request.target = "/ops/v1/" + path;
    request.headers = {{"authorization", "Bearer " + region.host.sign_token(purpose, "tester", 60s)}};
    if (method == "PUT") request.body = json::serialize(body);
    return answer(std::move(request));
  }
  http::Response answer(http::Request request) {
    auto out = std::make_shared<std::optional<http::Response>>();
    ops.handle(std::move(request), [out](http::Response response) { *out = std::move(response); });
    for (int n = 0; n < 1000 && !*out; ++n) region.host.run(10ms);
    EXPECT_TRUE(out->has_value());
    return out->value_or(http::Response{.status = 0, .headers = {}, .body = {}});
  }
  json::object get(const std::string& path) {
    const http::Response response = send("GET", path);
    EXPECT_EQ(response.status, 200) << path << ": " << response.body;
    return body_of(response);
  }
  // A chat in the queue: its customer is there and has answered.
  std::string queued_chat() {
    const auto started = region.expect("PUT", "/contact/chat",
                                       {{"InstanceId", region.instance},
                                        {"ContactFlowId", region.flow},
                                        {"CustomerId", "C-7"},
                                        {"ParticipantDetails", json::object{{"DisplayName", "Cleo"}}},
                                        {"Attributes", json::object{{"tier", "gold"}}}});
    const auto connection = body_of(region.participant("connection", text_of(started, "ParticipantToken"),
                                                       {{"Type", json::array{"WEBSOCKET", "CONNECTION_CREDENTIALS"}}}));
    const std::string url = text_of(connection.at("Websocket").as_object(), "Url");
    sockets.push_back(region.open(url.substr(url.find("/participant/ws"))));
    const std::string bearer = text_of(connection.at("ConnectionCredentials").as_object(), "ConnectionToken");
    region.participant("message", bearer, {{"ContentType", "text/plain"}, {"Content", "my lamp is broken"}});
    region.host.run(1s);
    return text_of(started, "ContactId");
  }
  std::string sign_in() {
    const auto in = region.agent("POST", "sign-in", {}, {{"username", "ana"}, {"password", "Sunflower7"}});
    EXPECT_EQ(in.status, 200) << in.body;
    return text_of(body_of(in), "token");
  }
  const json::object& first(const json::object& from, std::string_view list) {
    return from.at(list).as_array().at(0).as_object();
  }

  Region region;
  OpsFacts facts;
  Ops ops{region.host, {.facts = [this](auto done) { done(facts); }, .replay = {}}};
  std::vector<Opened> sockets;
};

TEST_F(OpsTest, KnowsWhoAsks) {
  http::Request nobody;
  nobody.method = "GET";
  nobody.target = "/ops/v1/status";
  EXPECT_EQ(answer(nobody).status, 401);
  nobody.headers = {{"authorization", "Bearer nonsense"}};
  EXPECT_EQ(answer(nobody).status, 401);
  EXPECT_EQ(send("GET", "status", {}, "agent").status, 401);
  EXPECT_EQ(send("GET", "status").status, 200);
  EXPECT_EQ(send("GET", "nothing").status, 404);
  EXPECT_EQ(send("GET", "contacts/1/2").status, 404);
  EXPECT_EQ(send("DELETE", "status").status, 405);
  EXPECT_EQ(send("GET", "contacts?limit=%").status, 400);
}

TEST_F(OpsTest, SaysWhatIsWrongInPlainWords) {
  facts.lease = true;
  const auto well = get("status");
  EXPECT_EQ(text_of(well, "state"), "active");
  EXPECT_EQ(well.at("problems").as_array().size(), 0U) << json::serialize(well.at("problems"));
  facts.log_full = true;
  facts.log.records_damaged = 3;
  facts.log.records_repaired = 1;
  facts.problems = {"the moon is too close"};
  facts.lease = false;
  facts.island_for = 1500ms;
  std::string all = json::serialize(get("status").at("problems"));
  for (const char* words :
       {"the disk is full", "2 damaged records", "the moon is too close", "no word from a majority for 1500 ms"}) {
    EXPECT_NE(all.find(words), std::string::npos) << words << " is missing in " << all;
  }
}

TEST_F(OpsTest, ListsContactsAndKeepsWordsToItself) {
  EXPECT_EQ(get("contacts").at("contacts").as_array().size(), 0U);
  const std::string id = queued_chat();
  const auto listed = get("contacts");
  EXPECT_EQ(text_of(first(listed, "contacts"), "id"), id);
  EXPECT_EQ(text_of(first(listed, "contacts"), "phase"), "queued");
  EXPECT_EQ(get("contacts?phase=queued&channel=CHAT&region=us-east-1").at("contacts").as_array().size(), 1U);
  EXPECT_EQ(get("contacts?phase=ended").at("contacts").as_array().size(), 0U);
  EXPECT_EQ(get("contacts?queue=" + region.queue).at("contacts").as_array().size(), 1U);
  EXPECT_EQ(get("contacts?agent=ana").at("contacts").as_array().size(), 0U);
  // A misspelt name would look like an empty centre.
  for (const auto& [wrong, status, says] : {std::tuple{"agent=nobody", 404, "no agent 'nobody'"},
                                            {"queue=Sails", 404, "no queue 'Sails'"},
                                            {"region=mars", 404, "no region 'mars'"},
                                            {"phase=asleep", 400, "in flow, queued, ringing, with agent"}}) {
    const auto response = send("GET", std::string("contacts?") + wrong);
    EXPECT_EQ(response.status, status) << wrong;
    EXPECT_NE(response.body.find(says), std::string::npos) << response.body;
  }

  const std::string quiet = json::serialize(get("contacts/" + id));
  for (const char* personal : {"gold", "Cleo", "lamp"}) EXPECT_EQ(quiet.find(personal), std::string::npos) << personal;
  const std::string open = json::serialize(get("contacts/" + id + "?transcript=1"));
  for (const char* personal : {"gold", "Cleo", "lamp"}) EXPECT_NE(open.find(personal), std::string::npos) << personal;
  EXPECT_EQ(send("GET", "contacts/nonsense").status, 400);
  EXPECT_EQ(send("GET", "contacts/00000000-0000-7000-8000-000000000001").status, 404);
}

TEST_F(OpsTest, GivesLongListsPageByPage) {
  std::set<std::string> started;
  for (int n = 0; n < 5; ++n) started.insert(queued_chat());
  for (const char* live : {"1", "0"}) {
    std::set<std::string> seen;
    std::string after;
    int pages = 0;
    do {
      const auto page = get(std::string("contacts?limit=2&live=") + live + (after.empty() ? "" : "&after=" + after));
      for (const json::value& each : page.at("contacts").as_array()) seen.insert(text_of(each.as_object(), "id"));
      after = text_of(page, "next");
      ++pages;
    } while (!after.empty() && pages < 10);
    EXPECT_EQ(seen, started);
    EXPECT_EQ(pages, 3);
  }
  EXPECT_EQ(send("GET", "contacts?after=nonsense").status, 400);
}

TEST_F(OpsTest, ShowsQueuesAndAgents) {
  const std::string id = queued_chat();
  auto queue = first(get("queues"), "queues");
  EXPECT_EQ(queue.at("size").to_number<int>(), 1);
  EXPECT_EQ(text_of(queue, "oldest_contact"), id);
  EXPECT_EQ(queue.at("agents_available").to_number<int>(), 0);
  EXPECT_EQ(get("agents").at("agents").as_array().size(), 0U);
  const std::string token = sign_in();
  const auto agent = first(get("agents"), "agents");
  EXPECT_EQ(text_of(agent, "username"), "ana");
  EXPECT_TRUE(agent.at("signed_in").as_bool());
  EXPECT_EQ(send("GET", "agents?region=elsewhere").status, 404);
}

TEST_F(OpsTest, MovesAgentsOnlyAsFarAsThereAreAny) {
  const json::object here{{"move_to", "us-east-1"}};
  struct Case {
    const char* agent;
    json::object order;
    unsigned status;
    const char* says;
  };
  for (const Case& each :
       {Case{"nobody", here, 404, "no user nobody"}, Case{"ana", {{"move_to", "mars"}}, 404, "has no region 'mars'"},
        Case{"ana", {}, 400, "'move_to' must name a region"},
        Case{"ana", {{"move_to", 7}}, 400, "'move_to' must name a region"},
        Case{"ana", {{"move_to", ""}, {"within_s", -1}}, 400, "'within_s' must be"},
        Case{"ana", {{"move_to", ""}, {"within_s", 86'401}}, 400, "'within_s' must be"},
        Case{"ana", here, 409, "not signed in"}}) {
    const auto response = send("PUT", std::string("agents/") + each.agent, each.order);
    EXPECT_EQ(response.status, each.status) << json::serialize(each.order);
    EXPECT_NE(response.body.find(each.says), std::string::npos) << response.body;
  }
  const json::object both{{"move_to", "us-east-1"}, {"sign_out", true}};
  EXPECT_EQ(send("PUT", "agents/ana", both).status, 400);
  EXPECT_EQ(send("PUT", "agents/ana", {{"sign_out", true}}).status, 409);  // she is not there
  sign_in();
  EXPECT_EQ(send("PUT", "agents/ana", here).status, 200);  // she is there
  EXPECT_EQ(send("PUT", "agents/ana", {{"sign_out", true}}).status, 200);
  EXPECT_EQ(get("agents").at("agents").as_array().size(), 0U);
}

TEST_F(OpsTest, ErasesACustomerWhoseContactsAreOver) {
  const std::string id = queued_chat();
  EXPECT_EQ(send("PUT", "customers/C-1", {{"erase", true}}).status, 404);
  EXPECT_EQ(send("PUT", "customers/C-7", {}).status, 400);
  EXPECT_EQ(send("PUT", "customers/C-7", {{"erase", true}}).status, 409);  // it lives
  EXPECT_EQ(get("customers/C-7").at("live"), 1);
  region.expect("POST", "/contact/stop", {{"InstanceId", region.instance}, {"ContactId", id}});
  region.host.run(100ms);
  EXPECT_NE(json::serialize(get("contacts/" + id + "?transcript=1")).find("lamp"), std::string::npos);
  EXPECT_EQ(body_of(send("PUT", "customers/C-7", {{"erase", true}})).at("keys_erased"), 1);
  const std::string after = json::serialize(get("contacts/" + id + "?transcript=1"));
  for (const char* personal : {"Cleo", "lamp"}) EXPECT_EQ(after.find(personal), std::string::npos) << personal;
  const auto listed = get("customers/C-7");
  EXPECT_EQ(listed.at("total"), 1);
  EXPECT_EQ(first(listed, "contacts").at("erased"), true);
  EXPECT_EQ(body_of(send("PUT", "customers/C-7", {{"erase", true}})).at("keys_erased"), 0);
  EXPECT_EQ(get("customers/C-1").at("total"), 0);
}

TEST_F(OpsTest, ExplainsWhyNotAndWhyThen) {
  const std::string id = queued_chat();
  auto told = get("explain/" + id);
  EXPECT_TRUE(told.at("decision").is_null());
  EXPECT_EQ(told.at("candidates").as_array().size(), 0U);
  const std::string token = sign_in();
  told = get("explain/" + id);
  EXPECT_EQ(text_of(first(told, "candidates"), "why_not"), "status is not routable");
  region.agent("PUT", "status", token, {{"status", region.available}});
  region.host.run(1s);
  told = get("explain/" + id);
  const json::object& decision = told.at("decision").as_object();
  EXPECT_EQ(text_of(decision, "rule"), "longest-available");
  EXPECT_EQ(text_of(decision.at("winner").as_object(), "name"), "ana");
  EXPECT_GE(decision.at("saw").as_array().size(), 1U);
  EXPECT_NE(text_of(told, "judged_on").find("replays no log"), std::string::npos);
  EXPECT_EQ(send("GET", "explain/00000000-0000-7000-8000-000000000001").status, 404);
}

TEST_F(OpsTest, TellsWhichRegionIsReadyAndWhatSpeaksAgainstTheOther) {
  facts.ready = {{"us-east-1", {{"nodes", true, "1 of 1"}}},
                 {"us-west-2", {{"nodes", true, "1 of 1"}, {"disk", false, "is full"}}}};
  const auto both = get("ready");
  EXPECT_FALSE(both.at("ready").as_bool());
  EXPECT_EQ(both.at("regions").as_array().size(), 2U);
  const auto one = get("ready?region=us-west-2");
  EXPECT_EQ(text_of(first(one, "regions").at("checks").as_array().at(1).as_object(), "text"), "is full");
  EXPECT_TRUE(get("ready?region=us-east-1").at("ready").as_bool());
  EXPECT_EQ(send("GET", "ready?region=mars").status, 404);
}

TEST_F(OpsTest, WritesAccessKeysByReferenceOnly) {
  EXPECT_EQ(send("PUT", "access-keys/AKIDNEW", {{"secret", "plain words"}, {"principal", "p"}}).status, 400);
  EXPECT_EQ(send("PUT", "access-keys/AKIDNEW", {{"secret", "env:X"}}).status, 400);
  const auto put = send("PUT", "access-keys/AKIDNEW", {{"secret", "env:X"}, {"principal", "p"}});
  ASSERT_EQ(put.status, 200) << put.body;
  EXPECT_TRUE(body_of(put).at("changed").as_bool());
  EXPECT_FALSE(
      body_of(send("PUT", "access-keys/AKIDNEW", {{"secret", "env:X"}, {"principal", "p"}})).at("changed").as_bool());
  ASSERT_NE(region.host.world().access().find("AKIDNEW"), nullptr);
  send("PUT", "access-keys/AKIDNEW", {{"secret", "env:X"}, {"principal", "p"}, {"disabled", true}});
  EXPECT_EQ(region.host.world().access().find("AKIDNEW"), nullptr);
}

TEST_F(OpsTest, WritesADocumentOnce) {
  const std::string id = "11111111-1111-8111-8111-111111111111";
  const std::string path = "documents/security_profile/" + id;
  EXPECT_EQ(send("GET", path).status, 404);
  const json::object body{{"set", {{"name", "Auditor"}, {"description", "looks"}}}};
  EXPECT_EQ(text_of(body_of(send("PUT", path, body)), "outcome"), "created");
  EXPECT_EQ(text_of(body_of(send("PUT", path, body)), "outcome"), "unchanged");
  EXPECT_EQ(text_of(body_of(send("PUT", path, {{"set", {{"description", "looks closely"}}}})), "outcome"), "changed");
  EXPECT_EQ(text_of(get(path).at("set").as_object(), "description"), "looks closely");
  EXPECT_EQ(send("PUT", "documents/spoon/" + id, body).status, 400);
  EXPECT_EQ(send("PUT", path, {{"set", {{"name", 7}}}}).status, 400);
  EXPECT_EQ(send("PUT", path, {{"what", 7}}).status, 400);
  // A name that is taken is refused, with the id of who has it.
  const auto taken = send("PUT", "documents/security_profile/22222222-2222-8222-8222-222222222222", body);
  EXPECT_EQ(taken.status, 409);
  EXPECT_EQ(text_of(body_of(taken), "detail"), id);
}

TEST_F(OpsTest, ADocumentKeepsItsPasswordToItself) {
  EXPECT_FALSE(get("documents/user/" + region.user).at("set").as_object().contains("password"));
}

}  // namespace
}  // namespace tandem::api
