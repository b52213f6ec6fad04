// Goal: an agent signs in, is offered a contact, serves it and finishes it, sees everything as it happens, and is told
// in plain words what cannot be. Method: requests and frames as values against a region over a real node.
#include "api/agent/agent.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <set>

#include "api/fake_host_testing.h"

namespace tandem::api {
namespace {

namespace json = boost::json;

std::string sign_in(Region& region) {
  const auto in = region.agent("POST", "sign-in", {}, {{"username", "ana"}, {"password", "Sunflower7"}});
  EXPECT_EQ(in.status, 200) << in.body;
  return text_of(body_of(in), "token");
}

struct Chat {
  std::string contact;
  std::string bearer;
  Opened socket;
};

Chat start_chat(Region& region, const json::object& more = {}) {
  json::object start{{"InstanceId", region.instance},
                     {"ContactFlowId", region.flow},
                     {"ParticipantDetails", json::object{{"DisplayName", "Cleo"}}},
                     {"Attributes", json::object{{"tier", "gold"}}}};
  for (const auto& each : more) start[each.key()] = each.value();
  const auto started = region.expect("PUT", "/contact/chat", start);
  Chat out;
  out.contact = text_of(started, "ContactId");
  const auto connection = body_of(region.participant("connection", text_of(started, "ParticipantToken"),
                                                     {{"Type", json::array{"WEBSOCKET", "CONNECTION_CREDENTIALS"}}}));
  out.bearer = text_of(connection.at("ConnectionCredentials").as_object(), "ConnectionToken");
  const std::string url = text_of(connection.at("Websocket").as_object(), "Url");
  out.socket = region.open(url.substr(url.find("/participant/ws")));
  out.socket.handler.on_text(R"({"topic":"aws/subscribe","content":{"topics":["aws/chat"]}})");
  return out;
}

std::vector<std::string> types(const std::vector<json::object>& events) {
  std::vector<std::string> out;
  for (const json::object& event : events) out.push_back(text_of(event, "type"));
  return out;
}

bool has(const std::vector<std::string>& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

TEST(Agent, ServesAChatFromOfferToCompletion) {
  Region region;
  const std::string token = sign_in(region);
  ASSERT_FALSE(token.empty());
  Opened desktop = region.open("/agent/v1/events?token=" + token);
  ASSERT_FALSE(desktop.refused.has_value());
  EXPECT_EQ(types(desktop.socket->take()), std::vector<std::string>{"hello"});
  EXPECT_EQ(region.agent("PUT", "status", token, {{"status", "Available"}}).status, 200);

  Chat chat = start_chat(region);
  region.host.run(200ms);
  auto events = desktop.socket->take();
  EXPECT_TRUE(has(types(events), "contact.offered"));
  const auto offers = body_of(region.agent("GET", "offers", token)).at("offers").as_array();
  ASSERT_EQ(offers.size(), 1U);
  EXPECT_EQ(offers[0].at("id"), json::value(chat.contact));
  EXPECT_EQ(offers[0].at("customer").at("name"), "Cleo");
  EXPECT_EQ(offers[0].at("attributes").at("tier"), "gold");

  const std::string contact = "contacts/" + chat.contact;
  EXPECT_EQ(region.agent("POST", contact + "/messages", token, {{"content", "too early"}}).status, 409);
  const auto accepted = region.agent("POST", contact + "/accept", token);
  ASSERT_EQ(accepted.status, 200) << accepted.body;
  EXPECT_EQ(region.agent("POST", contact + "/accept", token).status, 409);
  const auto said =
      region.agent("POST", contact + "/messages", token, {{"content", "Hello, Cleo"}, {"client_token", "1"}});
  ASSERT_EQ(said.status, 200) << said.body;
  const auto again =
      region.agent("POST", contact + "/messages", token, {{"content", "Hello, Cleo"}, {"client_token", "1"}});
  EXPECT_EQ(body_of(again), body_of(said));
  EXPECT_EQ(region.agent("POST", contact + "/events", token, {{"event", "typing"}}).status, 200);
  EXPECT_EQ(
      region.participant("message", chat.bearer, {{"ContentType", "text/plain"}, {"Content", "Hello, Ana"}}).status,
      200);
  EXPECT_EQ(
      region.participant("event", chat.bearer, {{"ContentType", "application/vnd.amazonaws.connect.event.typing"}})
          .status,
      200);
  region.host.run(100ms);
  events = desktop.socket->take();
  EXPECT_TRUE(has(types(events), "contact.connected"));
  EXPECT_TRUE(has(types(events), "items"));
  EXPECT_TRUE(has(types(events), "typing"));
  std::vector<std::string> heard;
  for (const json::object& frame : chat.socket.socket->take()) {
    if (text_of(frame, "topic") == "aws/chat") {
      const auto item = json::parse(text_of(frame, "content")).as_object();
      heard.push_back(text_of(item, "ParticipantRole") + " " + text_of(item, "DisplayName") + " " +
                      text_of(item, "Content"));
    }
  }
  EXPECT_TRUE(has(heard, "AGENT Ana Hello, Cleo"));
  EXPECT_TRUE(has(heard, "CUSTOMER Cleo Hello, Ana"));

  const auto transcript = body_of(region.agent("GET", contact + "/transcript?max=2", token));
  EXPECT_EQ(transcript.at("items").as_array().size(), 2U);
  EXPECT_EQ(transcript.at("more"), true);
  EXPECT_EQ(transcript.at("items").as_array()[1].at("content"), "Hello, Ana");

  EXPECT_EQ(region.agent("POST", "sign-out", token).status, 409);
  EXPECT_EQ(region.agent("POST", contact + "/end", token).status, 200);
  region.host.run(100ms);
  EXPECT_EQ(chat.socket.socket->closed, 1000);
  EXPECT_TRUE(has(types(desktop.socket->take()), "contact.ended"));
  EXPECT_EQ(region.agent("POST", contact + "/messages", token, {{"content", "late"}}).status, 409);
  EXPECT_EQ(region.agent("POST", contact + "/complete", token).status, 200);
  EXPECT_EQ(region.agent("GET", contact, token).status, 404);
  EXPECT_EQ(region.agent("POST", "sign-out", token).status, 200);
  region.host.run(100ms);
  EXPECT_EQ(types(desktop.socket->take()).back(), "closed");
  EXPECT_TRUE(desktop.socket->closed.has_value());
  const auto out = region.agent("GET", "me", token);
  EXPECT_EQ(out.status, 409);
  EXPECT_EQ(text_of(body_of(out), "code"), "not_signed_in");
  EXPECT_TRUE(region.host.errors.empty());
}

TEST(Agent, ChoosesTheNextStatusWhileBusy) {
  Region region;
  region.expect("PUT", "/agent-status/" + region.instance, {{"Name", "Lunch"}, {"State", "ENABLED"}});
  const std::string token = sign_in(region);
  Opened desktop = region.open("/agent/v1/events?token=" + token);
  const auto choose = [&](const char* name) {
    EXPECT_EQ(region.agent("PUT", "status", token, {{"status", name}}).status, 200) << name;
    region.host.run(100ms);
    return body_of(region.agent("GET", "me", token)).at("status").as_object();
  };
  const auto by_name = [&](const std::string& name) {
    const auto found = body_of(region.agent("GET", "statuses", token));
    for (const json::value& each : found.at("statuses").as_array()) {
      if (each.at("name") == json::string(name)) return text_of(each.as_object(), "id");
    }
    return std::string();
  };
  EXPECT_FALSE(choose("Available").contains("next"));
  Chat chat = start_chat(region);
  region.host.run(200ms);
  const std::string contact = "contacts/" + chat.contact;
  ASSERT_EQ(region.agent("POST", contact + "/accept", token).status, 200);
  (void)desktop.socket->take();
  const auto leaving = choose("Lunch");
  EXPECT_EQ(text_of(leaving, "name"), "Available");
  EXPECT_EQ(leaving.at("next"), (json::object{{"type", "CUSTOM"}, {"id", by_name("Lunch")}, {"name", "Lunch"}}));
  const auto told = desktop.socket->take();
  const auto event =
      std::find_if(told.begin(), told.end(), [](const auto& e) { return text_of(e, "type") == "status"; });
  ASSERT_NE(event, told.end());
  EXPECT_EQ(text_of(event->at("status").at("next").as_object(), "id"), by_name("Lunch"));
  EXPECT_FALSE(choose("Available").contains("next"));  // taken back
  choose("Lunch");
  EXPECT_EQ(region.agent("POST", contact + "/end", token).status, 200);
  region.host.run(100ms);
  EXPECT_EQ(text_of(body_of(region.agent("GET", "me", token)).at("status").as_object(), "name"), "Available");
  EXPECT_EQ(region.agent("POST", contact + "/complete", token).status, 200);
  region.host.run(100ms);
  const auto gone = body_of(region.agent("GET", "me", token)).at("status").as_object();
  EXPECT_EQ(text_of(gone, "name"), "Lunch");
  EXPECT_FALSE(gone.contains("next"));
}

TEST(Agent, IsToldInPlainWordsWhatIsWrong) {
  Region region;
  struct Case {
    const char* method;
    const char* path;
    json::object body;
    int status;
    const char* code;
  };
  const Case cases[] = {
      {"POST", "sign-in", {{"username", "ana"}, {"password", "wrong"}}, 401, "wrong_credentials"},
      {"POST", "sign-in", {{"username", "nobody"}, {"password", "Sunflower7"}}, 401, "wrong_credentials"},
      {"POST", "sign-in", {{"username", "ana"}}, 400, "invalid"},
      {"POST", "sign-in", {{"token", "nonsense"}}, 401, "unauthenticated"},
      {"POST", "sign-in", {{"username", "ana"}, {"password", "Sunflower7"}, {"desktop", "x"}}, 400, "invalid"},
      {"GET", "me", {}, 401, "unauthenticated"},
      {"GET", "sign-in", {}, 405, "method"},
      {"GET", "nothing", {}, 404, "not_found"},
  };
  for (const Case& c : cases) {
    const auto response = region.agent(c.method, c.path, {}, c.body);
    EXPECT_EQ(response.status, c.status) << c.method << c.path << response.body;
    EXPECT_EQ(text_of(body_of(response), "code"), c.code) << response.body;
    EXPECT_FALSE(text_of(body_of(response), "message").empty());
  }
  const std::string token = sign_in(region);
  EXPECT_EQ(region.agent("PUT", "status", token, {{"status", "Nowhere"}}).status, 404);
  EXPECT_EQ(region.agent("GET", "contacts/" + region.host.mint().text(), token).status, 404);
  EXPECT_EQ(region.agent("POST", "contacts/" + region.host.mint().text() + "/accept", token).status, 404);
  EXPECT_EQ(region.open("/agent/v1/events?token=nonsense").refused->status, 401);
  const auto statuses = body_of(region.agent("GET", "statuses", token)).at("statuses").as_array();
  ASSERT_EQ(statuses.size(), 2U);
  EXPECT_EQ(statuses[0].at("name"), "Available");
}

TEST(Agent, TheTokenSignsTheSameDesktopInAgain) {
  Region region;
  const std::string token = sign_in(region);
  const auto again = region.agent("POST", "sign-in", {}, {{"token", token}});
  ASSERT_EQ(again.status, 200) << again.body;
  const auto first = body_of(region.agent("GET", "me", token));
  EXPECT_EQ(text_of(first, "desktop"), text_of(body_of(again), "desktop"));
  // Another desktop of the same agent takes over, and the old one is told why.
  Opened desktop = region.open("/agent/v1/events?token=" + token);
  const std::string other = sign_in(region);
  region.host.run(100ms);
  const auto events = desktop.socket->take();
  EXPECT_EQ(types(events).back(), "closed");
  const auto old = region.agent("GET", "me", token);
  EXPECT_EQ(old.status, 409);
  EXPECT_EQ(text_of(body_of(old), "message"), "You are signed in on another desktop.");
  EXPECT_EQ(region.agent("GET", "me", other).status, 200);
}

// A contact that rings for the agent, or is connected.
std::vector<json::value> contacts_of(Region& region, const std::string& token) {
  const auto me = body_of(region.agent("GET", "me", token)).at("contacts").as_array();
  return {me.begin(), me.end()};
}

TEST(Agent, HandsAChatOnToAColleague) {
  Region region;
  const auto described = region.expect("GET", "/users/" + region.instance + "/" + region.user);
  const json::object& ana = described.at("User").as_object();
  region.expect("PUT", "/users/" + region.instance,
                {{"Username", "ben"},
                 {"Password", "Sunflower8"},
                 {"IdentityInfo", json::object{{"FirstName", "Ben"}, {"LastName", "Ito"}}},
                 {"SecurityProfileIds", ana.at("SecurityProfileIds")},
                 {"RoutingProfileId", region.profile}});
  const std::string token = sign_in(region);
  region.agent("PUT", "status", token, {{"status", "Available"}});
  Chat chat = start_chat(region);
  region.host.run(200ms);
  const std::string contact = "contacts/" + chat.contact;
  const std::string transfer = contact + "/transfer";
  EXPECT_EQ(region.agent("POST", contact + "/accept", token).status, 200);
  region.agent("POST", contact + "/messages", token, {{"content", "I ask Ben"}});

  const auto refused = [&](const json::object& order, unsigned status, const char* says) {
    const auto response = region.agent("POST", transfer, token, order);
    EXPECT_EQ(response.status, status) << says;
    EXPECT_NE(response.body.find(says), std::string::npos) << response.body;
  };
  refused({{"quick_connect", "ben"}}, 409, "An administrator can make one named 'Default agent transfer'");
  refused({{"quick_connect", "Sales"}}, 409, "An administrator can make one named 'Default queue transfer'");
  std::string flow;
  for (const char* name : {"Default agent transfer", "Default queue transfer"}) {
    const auto made = region.expect(
        "PUT", "/contact-flows/" + region.instance,
        {{"Name", name},
         {"Type", "QUEUE_TRANSFER"},
         {"Content", R"({"Version":"2019-10-30","StartAction":"q","Actions":[{"Identifier":"q","Parameters":{},)"
                     R"("Type":"TransferContactToQueue","Transitions":{"NextAction":"end","Errors":[)"
                     R"({"ErrorType":"QueueAtCapacity","NextAction":"end"},)"
                     R"({"ErrorType":"NoMatchingError","NextAction":"end"}]}},)"
                     R"({"Identifier":"end","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]})"}});
    flow = text_of(made, "ContactFlowId");
  }
  const auto offered = body_of(region.agent("GET", "quick-connects", token)).at("quick_connects").as_array();
  std::vector<std::string> names;
  for (const json::value& each : offered) names.push_back(text_of(each.as_object(), "name"));
  std::ranges::sort(names);
  EXPECT_EQ(names, (std::vector<std::string>{"Sales", "ben"}));

  EXPECT_EQ(region.agent("POST", transfer, token, {{"quick_connect", "nobody"}}).status, 404);
  EXPECT_EQ(region.agent("POST", transfer, token, {{"flow", "nothing"}}).status, 404);
  EXPECT_EQ(region.agent("POST", transfer, token).status, 400);
  EXPECT_EQ(region.agent("POST", transfer, token, {{"quick_connect", "ana"}}).status, 409);
  refused({{"quick_connect", "ben"}, {"client_token", std::string(501, 't')}}, 400, "client_token is too long");
  for (const json::object& to :
       {json::object{{"QuickConnectType", "PHONE_NUMBER"}, {"PhoneConfig", {{"PhoneNumber", "+15550100"}}}},
        json::object{{"QuickConnectType", "QUEUE"},
                     {"QueueConfig", {{"QueueId", region.queue}, {"ContactFlowId", flow}}}}}) {
    const bool phone = to.at("QuickConnectType") == "PHONE_NUMBER";
    region.expect("PUT", "/quick-connects/" + region.instance,
                  {{"Name", phone ? "Workshop" : "Sales"}, {"QuickConnectConfig", to}});
  }
  refused({{"quick_connect", "Workshop"}}, 409, "cannot be transferred to a phone number");
  refused({{"quick_connect", "Sales"}}, 409, "name its id");
  const json::object order{{"quick_connect", "ben"}, {"client_token", "t"}};
  const auto done = region.agent("POST", transfer, token, order);
  ASSERT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(body_of(region.agent("POST", transfer, token, order)), body_of(done));
  EXPECT_EQ(region.agent("POST", transfer, token, {{"quick_connect", "ben"}}).status, 409);
  EXPECT_EQ(region.agent("POST", contact + "/messages", token, {{"content", "late"}}).status, 404);

  // What she served is hers to finish, with what was said.
  const std::string leg = text_of(body_of(done), "leg");
  auto hers = contacts_of(region, token);
  ASSERT_EQ(hers.size(), 1U);
  EXPECT_EQ(hers[0].at("id"), json::value(leg));
  EXPECT_EQ(hers[0].at("initial_id"), json::value(chat.contact));
  EXPECT_EQ(hers[0].at("state"), "after_contact_work");
  EXPECT_NE(region.agent("GET", "contacts/" + leg + "/transcript", token).body.find("I ask Ben"), std::string::npos);
  EXPECT_EQ(region.agent("POST", "contacts/" + leg + "/complete", token).status, 200);
  region.host.run(100ms);
  EXPECT_TRUE(region.shown().empty());  // it waits for Ben alone

  const std::string his =
      text_of(body_of(region.agent("POST", "sign-in", {}, {{"username", "ben"}, {"password", "Sunflower8"}})), "token");
  region.agent("PUT", "status", his, {{"status", "Available"}});
  region.host.run(200ms);
  ASSERT_EQ(region.agent("POST", contact + "/accept", his).status, 200);
  const auto now = contacts_of(region, his);
  ASSERT_EQ(now.size(), 1U);
  EXPECT_EQ(now[0].at("previous_id"), json::value(leg));
  EXPECT_EQ(now[0].at("attributes").at("tier"), "gold");
  EXPECT_NE(region.agent("GET", contact + "/transcript", his).body.find("I ask Ben"), std::string::npos);
  EXPECT_EQ(region.agent("POST", contact + "/messages", his, {{"content", "Ben here"}}).status, 200);
  region.host.run(100ms);
  bool heard = false;
  int left = 0;
  int joined = 0;
  for (const json::object& frame : chat.socket.socket->take()) {
    if (text_of(frame, "topic") != "aws/chat") continue;
    const auto item = json::parse(text_of(frame, "content")).as_object();
    heard = heard || text_of(item, "Content") == "Ben here";
    left += text_of(item, "ContentType").ends_with("participant.left") ? 1 : 0;
    joined += text_of(item, "ContentType").ends_with("participant.joined") ? 1 : 0;
  }
  EXPECT_TRUE(heard);
  EXPECT_EQ(left, 1);
  EXPECT_EQ(joined, 2);
  EXPECT_TRUE(region.host.errors.empty());
}

TEST(Agent, ShowsWhatTheCustomerWroteBefore) {
  Region region;
  const std::string token = sign_in(region);
  region.agent("PUT", "status", token, {{"status", "Available"}});
  std::vector<std::string> ids;
  for (const char* customer : {"C-1", "C-2", "C-1"}) {
    Chat chat = start_chat(region, {{"CustomerId", customer}});
    ids.push_back(chat.contact);
    region.host.run(200ms);
    const std::string contact = "contacts/" + chat.contact;
    ASSERT_EQ(region.agent("POST", contact + "/accept", token).status, 200);
    region.agent("POST", contact + "/messages", token, {{"content", std::string("For ") + customer}});
    if (ids.size() == 3) break;
    EXPECT_EQ(region.agent("POST", contact + "/end", token).status, 200);
    region.host.run(100ms);
    EXPECT_EQ(region.agent("POST", contact + "/complete", token).status, 200);
    EXPECT_EQ(region.agent("GET", contact + "/transcript", token).status, 404);  // not hers any more
    region.host.run(100ms);
  }
  const auto history = body_of(region.agent("GET", "contacts/" + ids[2] + "/history", token)).at("contacts").as_array();
  ASSERT_EQ(history.size(), 1U);
  EXPECT_EQ(history[0].at("id"), json::value(ids[0]));
  EXPECT_EQ(history[0].at("agent"), "ana");
  EXPECT_EQ(history[0].at("state"), "ended");
  const auto before = region.agent("GET", "contacts/" + ids[0] + "/transcript", token);
  EXPECT_EQ(before.status, 200);
  EXPECT_NE(before.body.find("For C-1"), std::string::npos);
  EXPECT_EQ(region.agent("GET", "contacts/" + ids[1] + "/transcript", token).status, 404);  // somebody else's
  EXPECT_EQ(region.agent("GET", "contacts/" + ids[0] + "/history", token).status, 404);
}

TEST(Agent, KnowsTheCustomerAndChangesWhatIsKnown) {
  Region region;
  const std::string token = sign_in(region);
  region.agent("PUT", "status", token, {{"status", "Available"}});
  Chat chat = start_chat(region, {{"CustomerId", "C-1"}});
  region.host.run(200ms);
  const std::string contact = "contacts/" + chat.contact;
  const std::string profile = contact + "/profile";
  const auto put = [&](const json::object& set, const std::string& once = "") {
    return region.agent("PUT", profile, token, {{"set", set}, {"client_token", once}});
  };
  EXPECT_EQ(put({{"FirstName", "Ada"}}).status, 409);  // it rings
  ASSERT_EQ(region.agent("POST", contact + "/accept", token).status, 200);
  EXPECT_EQ(body_of(region.agent("GET", profile, token)), (json::object{{"profile", json::object{}}}));
  const auto first =
      put({{"FirstName", " Ada "}, {"PhoneNumber", "0044 (20) 7946-0018"}, {"EmailAddress", "Ada@x.org"}}, "t");
  ASSERT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(body_of(first).at("profile"), (json::object{{"CustomerId", "C-1"},
                                                        {"EmailAddress", "Ada@x.org"},
                                                        {"FirstName", "Ada"},
                                                        {"PhoneNumber", "+442079460018"}}));
  EXPECT_EQ(put({{"Address", json::object{{"City", "London"}}},
                 {"Attributes", json::object{{"tier", "gold"}}},
                 {"FirstName", "Augusta"}})
                .status,
            200);
  EXPECT_EQ(put({{"FirstName", "Ada"}}, "t").status, 200);  // a repeat of the first
  EXPECT_EQ(put({{"EmailAddress", nullptr}}).status, 200);
  const auto known = body_of(region.agent("GET", profile + "?history=1", token));
  EXPECT_EQ(known.at("profile"), (json::object{{"Address", json::object{{"City", "London"}}},
                                               {"Attributes", json::object{{"tier", "gold"}}},
                                               {"CustomerId", "C-1"},
                                               {"FirstName", "Augusta"},
                                               {"PhoneNumber", "+442079460018"}}));
  EXPECT_EQ(known.at("history").as_array().size(), 8U);
  EXPECT_EQ(known.at("history").as_array()[0].at("field"), "EmailAddress");
  EXPECT_EQ(known.at("history").as_array()[0].at("by"), "agent ana");
  const auto me = body_of(region.agent("GET", "me", token)).at("contacts").as_array()[0].as_object();
  EXPECT_EQ(me.at("customer").at("profile"), known.at("profile"));
  for (const json::object& bad :
       {json::object{{"Shoe", "43"}}, json::object{{"CustomerId", "C-2"}}, json::object{{"PhoneNumber", "911"}},
        json::object{{"PhoneNumber", "+0123456789"}}, json::object{{"EmailAddress", "ada"}},
        json::object{{"Address", "London"}}, json::object{{"Address", json::object{{"Planet", "x"}}}},
        json::object{{"FirstName", 3}}, json::object{{"FirstName", std::string(1'001, 'a')}}, json::object{}}) {
    EXPECT_EQ(put(bad).status, 400) << json::serialize(bad);
  }
  const auto recognised = [&](const json::object& more) {
    const Chat other = start_chat(region, more);
    region.host.run(100ms);
    const Uuid person = region.host.world().contacts().find(ContactId{*parse_uuid(other.contact)})->contact.person;
    return person == region.host.pseudonym("C-1");
  };
  const auto by = [](const char* attribute, const char* value) {
    return json::object{{"Attributes", json::object{{attribute, value}}}};
  };
  EXPECT_TRUE(recognised(by("tandem-phone", "+44 20 7946 0018")));
  EXPECT_TRUE(recognised(by("tandem-caller", "+442079460018")));
  EXPECT_TRUE(recognised(by("tandem-customer", "C-1")));
  EXPECT_FALSE(recognised(by("tandem-email", "ada@X.org")));  // not hers any more
  EXPECT_FALSE(recognised(by("tandem-phone", "+442079460019")));
  EXPECT_FALSE(recognised(by("tandem-phone", "nonsense")));
  EXPECT_FALSE(recognised({}));
  Chat nobody = start_chat(region);
  region.host.run(100ms);
  EXPECT_EQ(region.agent("GET", "contacts/" + nobody.contact + "/profile", token).status, 404);  // not on the desktop
}

TEST(Agent, RefusesToConferWithNobodyInPlainWords) {
  Region region;
  const std::string token = sign_in(region);
  region.agent("PUT", "status", token, {{"status", "Available"}});
  Chat chat = start_chat(region);
  region.host.run(200ms);
  const std::string contact = "contacts/" + chat.contact;
  const auto refused = [&](const std::string& path, const json::object& order, unsigned status, const char* says) {
    const auto response = region.agent("POST", path, token, order);
    EXPECT_EQ(response.status, status) << path;
    EXPECT_NE(response.body.find(says), std::string::npos) << response.body;
  };
  refused(contact + "/join", {}, 409, "you do not serve the contact");  // it rings
  EXPECT_EQ(region.agent("POST", contact + "/accept", token).status, 200);
  refused(contact + "/join", {}, 409, "you have asked no colleague");
  refused(contact + "/swap", {}, 409, "you have asked no colleague");
  refused(contact + "/leave", {}, 409, "you have asked no colleague");
  refused(contact + "/leave", {{"client_token", std::string(501, 't')}}, 400, "client_token is too long");
  refused(contact + "/swap", {{"client_token", std::string(501, 't')}}, 400, "client_token is too long");
  refused(contact + "/consult", {}, 400, "Either quick_connect or flow is needed");
  refused(contact + "/consult", {{"quick_connect", "nobody"}}, 404, "There is no quick connect 'nobody'");
  refused(contact + "/consult", {{"quick_connect", "ana"}}, 409, "That is you");
  refused("contacts/" + region.queue + "/consult", {{"flow", region.flow}}, 404, "no contact");

  // Asked through a flow that finds nobody but her: it waits, and she may give it up.
  const json::object order{{"flow", region.flow}, {"client_token", "t"}};
  const auto asked = region.agent("POST", contact + "/consult", token, order);
  ASSERT_EQ(asked.status, 200) << asked.body;
  EXPECT_EQ(body_of(region.agent("POST", contact + "/consult", token, order)), body_of(asked));
  refused(contact + "/consult", {{"flow", region.flow}}, 409, "you have asked a colleague already");
  refused(contact + "/join", {}, 409, "your colleague has not answered yet");
  refused(contact + "/messages", {{"content", "to whom?"}}, 409, "the customer is on hold");
  const std::string id = text_of(body_of(asked), "consultation");
  const auto me = body_of(region.agent("GET", "me", token));
  ASSERT_EQ(me.at("guest_of").as_array().size(), 1U);
  const json::object& guest = me.at("guest_of").as_array()[0].as_object();
  EXPECT_EQ(text_of(guest, "id"), id);
  EXPECT_EQ(text_of(guest, "about"), chat.contact);
  EXPECT_EQ(me.at("contacts").as_array()[0].at("consultation").at("stage"), "apart");
  EXPECT_EQ(region.agent("POST", "contacts/" + id + "/end", token).status, 200);
  region.host.run(100ms);
  EXPECT_EQ(body_of(region.agent("GET", "me", token)).at("guest_of").as_array().size(), 0U);
  EXPECT_EQ(region.agent("POST", contact + "/messages", token, {{"content", "Here I am again"}}).status, 200);
}

// The document is what clients are written against, so it names what is served and nothing else.
TEST(Agent, TheOpenApiDocumentNamesEveryRoute) {
  Region region;
  const auto document = json::parse(json::string_view(agent::openapi().data(), agent::openapi().size())).as_object();
  std::set<std::string> described;
  for (const auto& path : document.at("paths").as_object()) {
    for (const auto& method : path.value().as_object()) {
      if (method.key() == "parameters") continue;
      std::string name(method.key());
      for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      described.insert(name + " " + std::string(path.key()));
    }
  }
  const agent::Agent served(region.host, region.passwords);
  const auto routes = served.routes();
  std::set<std::string> known(routes.begin(), routes.end());
  known.insert("GET /agent/v1/events");  // the WebSocket
  EXPECT_EQ(described, known);
  EXPECT_EQ(region.agent("GET", "openapi.json").status, 200);
}

}  // namespace
}  // namespace tandem::api
