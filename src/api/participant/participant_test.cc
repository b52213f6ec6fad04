// Goal: a chat customer is served as the chat library expects: connection, socket, messages once, transcript, receipts,
// end, and 403 only when the chat is over. Method: requests and frames as values against a region over a real node.
#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "api/common.h"
#include "api/fake_host_testing.h"

namespace tandem::api {
namespace {

namespace json = boost::json;

class Customer {
 public:
  explicit Customer(Region& region) : region_(region) {
    const auto started = region.expect("PUT", "/contact/chat",
                                       {{"InstanceId", region.instance},
                                        {"ContactFlowId", region.flow},
                                        {"ParticipantDetails", json::object{{"DisplayName", "Cleo"}}}});
    contact = text_of(started, "ContactId");
    participant = text_of(started, "ParticipantId");
    token = text_of(started, "ParticipantToken");
  }
  http::Response connection() {
    return region_.participant("connection", token, {{"Type", json::array{"WEBSOCKET", "CONNECTION_CREDENTIALS"}}});
  }
  void connect() {
    const auto answer = connection();
    ASSERT_EQ(answer.status, 200) << answer.body;
    const auto body = body_of(answer);
    bearer = text_of(body.at("ConnectionCredentials").as_object(), "ConnectionToken");
    url = text_of(body.at("Websocket").as_object(), "Url");
  }
  Opened open() { return region_.open(url.substr(url.find("/participant/ws"))); }
  Opened subscribed() {
    Opened out = open();
    EXPECT_FALSE(out.refused.has_value());
    out.handler.on_text(R"({"topic":"aws/subscribe","content":{"topics":["aws/chat"]}})");
    const auto frames = out.socket->take();
    EXPECT_FALSE(frames.empty());
    if (frames.empty()) return out;
    EXPECT_EQ(frames[0].at("content").at("status"), "success");
    return out;
  }
  http::Response say(const std::string& words, const std::string& client_token) {
    return region_.participant("message", bearer,
                               {{"ContentType", "text/plain"}, {"Content", words}, {"ClientToken", client_token}});
  }
  json::array transcript(json::object body = {{"SortOrder", "ASCENDING"}}) {
    const auto answer = region_.participant("transcript", bearer, body);
    EXPECT_EQ(answer.status, 200) << answer.body;
    next = text_of(body_of(answer), "NextToken");
    return body_of(answer).at("Transcript").as_array();
  }
  std::vector<std::string> said() {
    std::vector<std::string> out;
    for (const json::value& item : transcript({{"SortOrder", "ASCENDING"}, {"MaxResults", 100}})) {
      if (item.at("Type") == "MESSAGE") out.emplace_back(item.at("Content").as_string());
    }
    return out;
  }

  std::string contact, participant, token, bearer, url, next;

 private:
  Region& region_;
};

// What was pushed, unwrapped.
std::vector<json::object> items(FakeSocket& socket) {
  std::vector<json::object> out;
  for (const json::object& frame : socket.take()) {
    if (text_of(frame, "topic") != "aws/chat") continue;
    out.push_back(json::parse(text_of(frame, "content")).as_object());
  }
  return out;
}

TEST(Participant, TalksOverHttpAndHearsOverItsSocket) {
  Region region;
  Customer customer(region);
  customer.connect();
  EXPECT_TRUE(customer.url.starts_with("ws://127.0.0.1:8443/participant/ws?token=")) << customer.url;
  Opened socket = customer.subscribed();
  EXPECT_EQ(customer.said(), std::vector<std::string>{"Welcome"});

  socket.handler.on_text(R"({"topic":"aws/ping"})");
  socket.handler.on_text(R"({"topic":"aws/heartbeat"})");
  auto frames = socket.socket->take();
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(frames[0], (json::object{{"topic", "aws/ping"}, {"statusCode", 200}, {"statusContent", "OK"}}));
  EXPECT_EQ(frames[1], (json::object{{"topic", "aws/heartbeat"}}));

  const auto first = customer.say("Hello there", "t-1");
  ASSERT_EQ(first.status, 200) << first.body;
  const auto repeated = customer.say("Hello there", "t-1");
  EXPECT_EQ(body_of(repeated), body_of(first));
  region.host.run(100ms);
  const auto heard = items(*socket.socket);
  ASSERT_EQ(heard.size(), 1U);
  EXPECT_EQ(text_of(heard[0], "Content"), "Hello there");
  EXPECT_EQ(text_of(heard[0], "Id"), text_of(body_of(first), "Id"));
  EXPECT_EQ(text_of(heard[0], "AbsoluteTime"), text_of(body_of(first), "AbsoluteTime"));
  EXPECT_EQ(text_of(heard[0], "ParticipantRole"), "CUSTOMER");
  EXPECT_EQ(text_of(heard[0], "DisplayName"), "Cleo");
  EXPECT_EQ(text_of(heard[0], "ParticipantId"), customer.participant);
  EXPECT_EQ(text_of(heard[0], "InitialContactId"), customer.contact);
  EXPECT_EQ(text_of(heard[0], "ContactId"), customer.contact);
  EXPECT_EQ(customer.said(), (std::vector<std::string>{"Welcome", "Hello there"}));
  EXPECT_TRUE(region.host.errors.empty());
}

TEST(Participant, SocketsOfOneParticipantShareASession) {
  Region region;
  Customer customer(region);
  customer.connect();
  Opened first = customer.subscribed();
  Opened second = customer.open();
  EXPECT_EQ(region.host.open_sessions(), 1U);
  EXPECT_EQ(region.api.counters().customer_sockets, 2U);
  customer.say("to both", "t");
  region.host.run(100ms);
  EXPECT_EQ(items(*first.socket).size(), 1U);
  EXPECT_TRUE(items(*second.socket).empty());  // has not subscribed: what is pushed waits for it
  second.handler.on_text(R"({"topic":"aws/subscribe","content":{"topics":["aws/chat"]}})");
  EXPECT_EQ(items(*second.socket).size(), 1U);
  first.handler.on_closed();
  EXPECT_EQ(region.host.open_sessions(), 1U);
  second.handler.on_closed();
  EXPECT_EQ(region.host.open_sessions(), 0U);
  EXPECT_EQ(region.api.counters().customer_sessions, 0U);
}

TEST(Participant, TheEndIsToldAndClosesTheSocket) {
  Region region;
  Customer customer(region);
  customer.connect();
  Opened socket = customer.subscribed();
  EXPECT_EQ(region.participant("disconnect", customer.bearer).status, 200);
  region.host.run(100ms);
  const auto heard = items(*socket.socket);
  ASSERT_FALSE(heard.empty());
  EXPECT_EQ(text_of(heard.back(), "ContentType"), "application/vnd.amazonaws.connect.event.chat.ended");
  EXPECT_EQ(text_of(heard.back(), "Type"), "EVENT");
  EXPECT_EQ(socket.socket->closed, 1000);
  // Asked again, it is still so; but nobody connects or speaks any more.
  EXPECT_EQ(region.participant("disconnect", customer.bearer).status, 200);
  const auto over = customer.connection();
  EXPECT_EQ(over.status, 403);
  EXPECT_EQ(error_of(over), "AccessDeniedException");
  EXPECT_EQ(customer.say("late", "t").status, 403);
  EXPECT_EQ(customer.said(), std::vector<std::string>{"Welcome"});
  // A socket whose address was given out before hears the end as well.
  Opened late = customer.subscribed();
  region.host.run(500ms);
  EXPECT_EQ(late.socket->closed, 1000);
}

TEST(Participant, OnlyABadTokenOrAChatThatIsOverIs403) {
  Region region;
  const auto connection = [&](const std::string& token) {
    return region.participant("connection", token, {{"Type", json::array{"WEBSOCKET"}}});
  };
  EXPECT_EQ(connection("nonsense").status, 403);
  const Ticket unknown{ContactId{region.host.mint()}, ContactId{region.host.mint()}, region.host.mint()};
  const std::string token = region.host.sign_token(kParticipantToken, unknown.text(), 60s);
  const auto not_here = connection(token);
  EXPECT_EQ(not_here.status, 503);
  ASSERT_NE(http::find(not_here.headers, "retry-after"), nullptr);
  // One kind of token is not good for another.
  EXPECT_EQ(region.participant("transcript", token).status, 403);
  region.host.run(61s);
  EXPECT_EQ(connection(token).status, 403);

  Customer customer(region);
  customer.connect();
  region.host.refuse_orders = Error{Errc::unreachable, "the node does not answer"};
  const auto away = customer.say("hello?", "t");
  EXPECT_EQ(away.status, 503);
  EXPECT_NE(http::find(away.headers, "retry-after"), nullptr);
  EXPECT_EQ(region.open("/participant/ws?token=nonsense").refused->status, 403);
}

TEST(Participant, PagesTheTranscript) {
  Region region;
  Customer customer(region);
  customer.connect();
  Opened socket = customer.subscribed();
  for (int i = 0; i < 7; ++i) {
    ASSERT_EQ(customer.say(std::to_string(i), "t" + std::to_string(i)).status, 200);
    region.host.run(10ms);
  }
  const auto all = customer.transcript({{"SortOrder", "ASCENDING"}, {"MaxResults", 100}});
  ASSERT_EQ(all.size(), 8U);
  const auto content = [](const json::array& page) {
    std::string out;
    for (const json::value& item : page) out += std::string(item.at("Content").as_string()) + " ";
    return out;
  };
  EXPECT_EQ(content(customer.transcript({{"MaxResults", 3}})), "6 5 4 ");
  EXPECT_EQ(content(customer.transcript({{"MaxResults", 3}, {"NextToken", customer.next}, {"SortOrder", "ASCENDING"}})),
            "1 2 3 ");
  EXPECT_EQ(content(customer.transcript({{"MaxResults", 3}, {"NextToken", customer.next}, {"SortOrder", "ASCENDING"}})),
            "Welcome 0 ");
  EXPECT_TRUE(customer.next.empty());
  const std::string third = text_of(all[3].as_object(), "Id");
  const json::object from{{"Id", third}};
  EXPECT_EQ(
      content(customer.transcript(
          {{"ScanDirection", "FORWARD"}, {"SortOrder", "ASCENDING"}, {"MaxResults", 2}, {"StartPosition", from}})),
      "2 3 ");
  EXPECT_EQ(content(customer.transcript({{"SortOrder", "ASCENDING"}, {"MaxResults", 2}, {"StartPosition", from}})),
            "1 2 ");
  const json::object time{{"AbsoluteTime", text_of(all[5].as_object(), "AbsoluteTime")}};
  EXPECT_EQ(
      content(customer.transcript({{"ScanDirection", "FORWARD"}, {"SortOrder", "ASCENDING"}, {"StartPosition", time}})),
      "4 5 6 ");
  EXPECT_EQ(content(customer.transcript(
                {{"SortOrder", "ASCENDING"}, {"MaxResults", 2}, {"StartPosition", json::object{{"MostRecent", 2}}}})),
            "4 5 ");
  const auto wrong = region.participant("transcript", customer.bearer, {{"NextToken", "?"}});
  EXPECT_EQ(error_of(wrong), "ValidationException");
}

TEST(Participant, RefusesWhatNoParticipantSends) {
  Region region;
  Customer customer(region);
  customer.connect();
  EXPECT_EQ(error_of(region.participant("message", customer.bearer, {{"ContentType", "image/png"}, {"Content", "x"}})),
            "ValidationException");
  const auto event = [&](const char* name, const char* content) {
    json::object body{{"ContentType", event_type(name)}};
    if (content != nullptr) body["Content"] = content;
    return region.participant("event", customer.bearer, body);
  };
  EXPECT_EQ(event("typing", nullptr).status, 200);
  EXPECT_EQ(event("message.read", R"({"messageId":"m-1"})").status, 200);
  EXPECT_EQ(event("connection.acknowledged", nullptr).status, 200);
  EXPECT_EQ(error_of(event("message.read", "m-1")), "ValidationException");
  EXPECT_EQ(error_of(event("chat.ended", nullptr)), "ValidationException");

  Opened socket = customer.open();
  socket.handler.on_text("not json");
  EXPECT_EQ(socket.socket->closed, 1008);
}

}  // namespace
}  // namespace tandem::api
