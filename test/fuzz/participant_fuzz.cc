// Any bytes as what a chat customer or an agent's desktop sends: bodies of requests and frames of WebSockets, from
// clients whose tokens are good. Every request is answered once, with a JSON object; 403 is never what a live chat
// gets; frames are JSON objects; and nothing is kept of clients that have left.
//
// Input: the first byte picks the route, the second what the node answers to orders; the rest is the body, or frames
// up to a line feed each.

#include <boost/json/parse.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/common.h"
#include "api/server.h"
#include "base/check.h"

namespace {

using namespace tandem;
using namespace tandem::api;

Uuid fixed(std::uint8_t last) {
  Uuid id = *parse_uuid("0190f0f0-0000-7000-8000-000000000000");
  id.bytes[15] = last;
  return id;
}
const ContactId kContact{fixed(1)};
const Uuid kCustomer = fixed(2);
const AgentId kAgent{fixed(3)};
const Uuid kDesktop = fixed(4);

// A world with one chat, which one agent serves. Everything is answered at once; the time stands still.
class StillHost final : public Host {
 public:
  StillHost() : world_(nullptr) {
    identity_.region = "us-east-1";
    identity_.regions = {"us-east-1"};
    identity_.public_host = "127.0.0.1:1";
    local_.self = NodeId{1};
    local_.incarnation = Incarnation{1};
    contact::Contact chat;
    chat.id = kContact;
    chat.initial = kContact;
    chat.customer = kCustomer;
    chat.phase = contact::Phase::with_agent;
    chat.agent = kAgent;
    contact::Item item;
    item.id = fixed(5);
    item.content_type = "text/plain";
    item.content = Text::plain("hello");
    item.at = Hlc::at(1'000);
    presence::Presence presence;
    presence.agent = kAgent;
    presence.desktop = kDesktop;
    presence.slots[kContact].state = presence::SlotState::busy;
    const Meta meta{{NodeId{1}, Incarnation{1}}, Sequence{1}, Hlc::at(1'000), {}};
    world_.apply(Body{contact::Rec{contact::Claimed{kContact, Term{1}, contact::Why::started, chat, {item}}}}, meta);
    world_.apply(Body{presence::Rec{presence::Claimed{kAgent, Term{1}, presence}}}, meta);
  }

  void command(Command command, std::function<void(Result<Answer>)> done) override {
    if (outcome == 0) return done(Answer{command.id, {}, Hlc::at(2'000)});
    done(fail(static_cast<Errc>(1 + outcome % static_cast<unsigned>(Errc::internal)), "because"));
  }
  void query(std::function<void(const World&, const Local&)> ask, std::function<void()> done) override {
    ask(world_, local_);
    done();
  }
  std::uint64_t session_opened(ContactId, SessionSink) override { return ++listening; }
  void session_closed(std::uint64_t) override { --listening; }
  void pass_on(ContactId, contact::Item item) override { TANDEM_CHECK(is_event(item.content_type)); }
  std::uint64_t desktop_listen(AgentId, DesktopSink) override { return ++listening; }
  void desktop_leave(std::uint64_t) override { --listening; }
  std::pair<KeyId, cluster::KeyRow> make_key() override { return {}; }
  Text seal(KeyId, std::string_view plain) override { return Text::plain(std::string(plain)); }
  Uuid pseudonym(std::string_view words) override { return derive_uuid({}, words); }
  Result<std::string> open(const Text& text) override { return text.bytes; }
  std::string sign_token(std::string_view purpose, std::string_view payload, std::chrono::seconds) override {
    return std::string(purpose) + '|' + std::string(payload);
  }
  Result<std::string> verify_token(std::string_view purpose, std::string_view token) override {
    const std::string prefix = std::string(purpose) + '|';
    if (!token.starts_with(prefix)) return fail(Errc::unauthenticated, "not signed here");
    return std::string(token.substr(prefix.size()));
  }
  Result<std::string> secret(const std::string&) override { return fail(Errc::not_found, "no secret"); }
  Uuid mint() override { return fixed(9); }
  std::uint64_t utc_ms() override { return 3'000; }
  void log(std::string_view level, std::string) override { TANDEM_CHECK(level != "error"); }
  Identity identity() const override { return identity_; }
  std::optional<std::string> place_of(const std::string& /*address*/) override { return std::nullopt; }

  unsigned outcome = 0;
  std::uint64_t listening = 0;

 private:
  Identity identity_;
  World world_;
  Local local_;
};

class NoPasswords final : public Passwords {
 public:
  void hash(std::string, std::function<void(Result<std::string>)> done) override { done(std::string("hash")); }
  void verify(std::string, std::string, std::function<void(Result<bool>)> done) override { done(false); }
};

class CheckedSocket final : public http::Socket {
 public:
  bool send(std::string text) override {
    TANDEM_CHECK(boost::json::parse(text).is_object());
    return !closed;
  }
  void close(std::uint16_t, std::string) override { closed = true; }
  bool closed = false;
};

struct Route {
  const char* method;
  const char* target;
  bool agent = false;
};
constexpr Route kRoutes[] = {
    {"POST", "/participant/connection"},
    {"POST", "/participant/message"},
    {"POST", "/participant/event"},
    {"POST", "/participant/transcript"},
    {"POST", "/participant/disconnect"},
    {"POST", "/agent/v1/sign-in", true},
    {"PUT", "/agent/v1/status", true},
    {"POST", "/agent/v1/contacts/0190f0f0-0000-7000-8000-000000000001/messages", true},
    {"POST", "/agent/v1/contacts/0190f0f0-0000-7000-8000-000000000001/events", true},
};
constexpr std::size_t kRouteCount = std::size(kRoutes);

void request(const Api& api, const Route& route, bool connection, std::string_view body, unsigned outcome) {
  http::Request request;
  request.method = route.method;
  request.target = route.target;
  request.body = body;
  const Ticket ticket{kContact, kContact, kCustomer};
  const std::string kind(connection ? kParticipantToken : kConnectionToken);
  request.headers = {{"x-amz-bearer", kind + '|' + ticket.text()},
                     {"authorization", "Bearer agent|" + Badge{kAgent, kDesktop}.text()}};
  int answers = 0;
  api.handler()(std::move(request), [&](const http::Response& response) {
    ++answers;
    TANDEM_CHECK(boost::json::parse(response.body).is_object());
    // An order may find the chat over, or the caller no part of it; nothing else is the end for a chat client.
    const bool may_end = outcome != 0;
    TANDEM_CHECK(response.status != 403 || route.agent || may_end);
  });
  TANDEM_CHECK(answers == 1);
}

void socket(const Api& api, const StillHost& host, bool agent, std::string_view frames) {
  http::Request request;
  request.method = "GET";
  // In a query the blanks of a token are encoded.
  request.target = agent ? "/agent/v1/events?token=agent%7C" + kAgent.value().text() + "%20" + kDesktop.text()
                         : "/participant/ws?token=socket%7C" + kContact.value().text() + "%20" +
                               kContact.value().text() + "%20" + kCustomer.text() + "%20CUSTOMER";
  const auto socket = std::make_shared<CheckedSocket>();
  http::SocketHandler handler;
  const auto refused = api.accept()(request, socket, handler);
  TANDEM_CHECK(!refused.has_value() && host.listening == 1);
  while (!frames.empty()) {
    const auto end = frames.find('\n');
    handler.on_text(std::string(frames.substr(0, end)));
    frames = end == std::string_view::npos ? std::string_view() : frames.substr(end + 1);
  }
  handler.on_closed();
  TANDEM_CHECK(host.listening == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  static StillHost host;
  static NoPasswords passwords;
  static const Api api(host, passwords);
  const std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t pick = data[0] % (kRouteCount + 2);
  host.outcome = data[1] < 128 ? 0 : data[1];
  if (pick < kRouteCount) {
    request(api, kRoutes[pick], pick == 0, rest, host.outcome);
  } else {
    socket(api, host, pick == kRouteCount, rest);
  }
  return 0;
}
