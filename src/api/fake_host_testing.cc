#include "api/fake_host_testing.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "codec/crypto.h"
#include "codec/sigv4.h"
#include "core/flow/view.h"
#include "record/flow_json.h"

namespace tandem::api {
namespace {

namespace json = boost::json;

constexpr char kCentreKey[] = "a centre key that every node holds";
constexpr char kInstance[] = "0190f0f0-0000-7000-8000-000000000001";

}  // namespace

const char kSampleFlow[] = R"({"Version":"2019-10-30","StartAction":"hello","Actions":[
 {"Identifier":"hello","Type":"MessageParticipant","Parameters":{"Text":"Welcome"},"Transitions":{"NextAction":"set","Errors":[{"NextAction":"bye","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"set","Type":"UpdateContactTargetQueue","Parameters":{"QueueId":"QUEUE"},"Transitions":{"NextAction":"queue","Errors":[{"NextAction":"bye","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"queue","Type":"TransferContactToQueue","Parameters":{},"Transitions":{"NextAction":"bye","Errors":[{"NextAction":"bye","ErrorType":"QueueAtCapacity"},{"NextAction":"bye","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"bye","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]})";

FakeHost::FakeHost() {
  identity_.account = "111122223333";
  identity_.instance = *parse_uuid(kInstance);
  identity_.instance_alias = "sample";
  identity_.region = "us-east-1";
  identity_.regions = {"us-east-1", "us-west-2"};
  identity_.public_host = "127.0.0.1:8443";
  identity_.build = "test";
  NodeOptions options;
  options.self = NodeId{1};
  options.region = identity_.region;
  options.incarnation = Incarnation{now_.hlc.milliseconds() << 16};
  options.members = {{NodeId{1}, "us-east-1", false, "127.0.0.1:1", "http://127.0.0.1:8443"}};
  options.disk_was_empty = true;
  options.compile = &record::compile_or_null;
  options.cluster.replication.self = options.self;
  options.cluster.replication.incarnation = options.incarnation;
  node_ = std::make_unique<Node>(options, Rng{1}, std::map<LogId, cluster::OnDisk>{}, now_);
  node_->adopt(World(options.compile), {});
  take(node_->start(now_));
  run(std::chrono::seconds(3));
}

FakeHost::~FakeHost() = default;

void FakeHost::command(Command command, std::function<void(Result<Answer>)> done) {
  if (refuse_orders) return done(std::unexpected(*refuse_orders));
  waiting_[command.id].push_back(std::move(done));
  inputs_.emplace_back(std::move(command));
}

void FakeHost::query(std::function<void(const World&, const Local&)> ask, std::function<void()> done) {
  inputs_.emplace_back(Query{std::move(ask), std::move(done)});
}

std::uint64_t FakeHost::session_opened(ContactId contact, SessionSink sink) {
  const std::uint64_t number = ++numbers_;
  sessions_[number] = std::move(sink);
  inputs_.emplace_back(SessionOpened{number, contact});
  return number;
}

void FakeHost::session_closed(std::uint64_t session) {
  sessions_.erase(session);
  inputs_.emplace_back(SessionClosed{session});
}

void FakeHost::pass_on(ContactId contact, contact::Item item) {
  inputs_.emplace_back(PassOn{contact, std::move(item)});
}

std::uint64_t FakeHost::desktop_listen(AgentId agent, DesktopSink sink) {
  const std::uint64_t number = ++numbers_;
  desktops_[number] = {agent, std::move(sink)};
  return number;
}

void FakeHost::desktop_leave(std::uint64_t listener) { desktops_.erase(listener); }

std::pair<KeyId, cluster::KeyRow> FakeHost::make_key() {
  const Uuid id = mint();
  keys_.insert(id);
  cluster::KeyRow row;
  row.key = KeyId{id};
  row.wrapped = "wrapped";
  return {KeyId{id}, row};
}

Text FakeHost::seal(KeyId key, std::string_view plain) {
  EXPECT_TRUE(keys_.contains(key.value())) << "sealed under a key that nobody made";
  return Text{key, std::string(crypto::kNonceBytes, 'n'), "sealed " + std::string(plain)};
}

Uuid FakeHost::pseudonym(std::string_view words) { return derive_uuid({}, words); }

Result<std::string> FakeHost::open(const Text& text) {
  if (!text.sealed()) return text.bytes;
  if (!keys_.contains(text.key.value())) return fail(Errc::not_found, "the key was erased");
  return text.bytes.substr(7);
}

std::string FakeHost::sign_token(std::string_view purpose, std::string_view payload, std::chrono::seconds lifetime) {
  const std::string until = std::to_string(utc_ms() + static_cast<std::uint64_t>(lifetime.count()) * 1000);
  const std::string body = std::string(purpose) + '\n' + until + '\n' + std::string(payload);
  return crypto::base64url(body) + '.' + crypto::base64url(crypto::hmac_sha256(kCentreKey, body));
}

Result<std::string> FakeHost::verify_token(std::string_view purpose, std::string_view token) {
  const auto dot = token.find('.');
  const auto body = crypto::unbase64url(token.substr(0, dot));
  const auto mac = dot == std::string_view::npos ? std::nullopt : crypto::unbase64url(token.substr(dot + 1));
  if (!body || !mac || *mac != crypto::hmac_sha256(kCentreKey, *body)) {
    return fail(Errc::unauthenticated, "not signed here");
  }
  const auto first = body->find('\n');
  const auto second = body->find('\n', first + 1);
  if (body->substr(0, first) != purpose) return fail(Errc::unauthenticated, "not signed here");
  const std::string until = body->substr(first + 1, second - first - 1);
  if (std::stoull(until) < utc_ms()) return fail(Errc::unauthenticated, "expired");
  return body->substr(second + 1);
}

Result<std::string> FakeHost::secret(const std::string& reference) {
  if (reference != "env:SAMPLE_SECRET") return fail(Errc::not_found, "no secret " + reference);
  return kSecret;
}

std::optional<std::string> FakeHost::place_of(const std::string& address) {
  const auto at = places.find(address);
  return at == places.end() ? std::nullopt : std::optional(at->second);
}

Uuid FakeHost::mint() { return mint_uuid(now_.hlc, rng_); }
std::uint64_t FakeHost::utc_ms() { return now_.hlc.milliseconds(); }

void FakeHost::log(std::string_view level, std::string message) {
  if (level == "error") errors.push_back(std::move(message));
}

void FakeHost::pump() {
  while (!inputs_.empty()) {
    Input input = std::move(inputs_.front());
    inputs_.pop_front();
    take(node_->step(std::move(input), now_));
  }
}

void FakeHost::run(std::chrono::milliseconds time) {
  const Mono until = now_.mono + time;
  for (;;) {
    pump();
    if (now_.mono >= until) return;
    now_.mono = now_.mono + std::chrono::milliseconds(5);
    now_.hlc = now_.hlc + std::chrono::milliseconds(5);
    if (node_->next_wake() <= now_.mono) inputs_.emplace_back(Tick{});
  }
}

void FakeHost::take(Outputs outputs) {
  if (outputs.append) inputs_.emplace_back(Durable{outputs.append->ticket});
  for (const KeyId key : outputs.keys_erased) keys_.erase(key.value());
  for (Out& out : outputs.out) {
    if (auto* reply = std::get_if<Reply>(&out)) {
      for (const auto& done : std::exchange(waiting_[reply->command], {})) done(reply->result);
    } else if (auto* show = std::get_if<ShowSession>(&out)) {
      const auto at = sessions_.find(show->number);
      if (at != sessions_.end()) SessionSink(at->second).show(*show);
    } else if (auto* event = std::get_if<DesktopEvent>(&out)) {
      const auto listeners = desktops_;
      for (const auto& [number, listener] : listeners) {
        if (listener.first == event->agent) listener.second.event(*event);
      }
    } else if (auto* resolve = std::get_if<Resolve>(&out)) {
      flow::Resolved done{resolve->visit, {}, {}};
      for (const auto& [name, text] : resolve->values) done.plain[name] = open(text).value_or("");
      for (const auto& [name, text] : resolve->texts) {
        done.rendered[name] = seal(resolve->key, flow::render(text, done.plain));
      }
      inputs_.emplace_back(Command{mint(), FlowEvent{resolve->fence.contact, done}, false, {}});
    } else if (auto* answer = std::get_if<std::function<void()>>(&out)) {
      (*answer)();
    }
  }
}

bool FakeSocket::send(std::string text) {
  if (closed) return false;
  frames_.push_back(std::move(text));
  return true;
}

void FakeSocket::close(std::uint16_t code, std::string why) {
  if (closed) return;
  closed = code;
  reason = std::move(why);
}

std::vector<json::object> FakeSocket::take() {
  std::vector<json::object> out;
  for (const std::string& frame : std::exchange(frames_, {})) out.push_back(json::parse(frame).as_object());
  return out;
}

Region::Region() : instance(kInstance) {
  const auto order = [&](Verb verb) {
    bool good = false;
    host.command(Command{host.mint(), std::move(verb), false, {}},
                 [&](const Result<Answer>& done) { good = done.has_value(); });
    host.run(std::chrono::milliseconds(50));
    EXPECT_TRUE(good);
  };
  const auto document = [&](config::Kind kind, std::map<std::string, std::string> set) {
    const Uuid id = host.mint();
    order(config::Create{kind, id, std::move(set)});
    return id.text();
  };
  order(access::KeyPut{kAccessKey, "env:SAMPLE_SECRET", "admin"});
  order(
      config::Create{config::Kind::instance, host.identity().instance, {{"alias", "sample"}, {"personal.phone", "1"}}});
  available = document(config::Kind::agent_status, {{"name", "Available"}, {"type", "ROUTABLE"}, {"order", "1"}});
  break_ = document(config::Kind::agent_status, {{"name", "Break"}, {"type", "CUSTOM"}, {"order", "2"}});
  const std::string security = document(config::Kind::security_profile, {{"name", "Agent"}});
  const json::object always{{"Day", "MONDAY"},
                            {"StartTime", json::object{{"Hours", 0}, {"Minutes", 0}}},
                            {"EndTime", json::object{{"Hours", 0}, {"Minutes", 0}}}};
  hours = text_of(expect("PUT", "/hours-of-operations/" + instance,
                         {{"Name", "Always"}, {"TimeZone", "UTC"}, {"Config", json::array{always}}}),
                  "HoursOfOperationId");
  queue = text_of(expect("PUT", "/queues/" + instance, {{"Name", "Sales"}, {"HoursOfOperationId", hours}}), "QueueId");
  const auto served = [&](const char* channel) {
    return json::object{
        {"QueueReference", json::object{{"QueueId", queue}, {"Channel", channel}}}, {"Priority", 1}, {"Delay", 0}};
  };
  profile =
      text_of(expect("PUT", "/routing-profiles/" + instance,
                     {{"Name", "Chat"},
                      {"Description", "chat and tasks"},
                      {"DefaultOutboundQueueId", queue},
                      {"QueueConfigs", json::array{served("CHAT"), served("TASK")}},
                      {"MediaConcurrencies", json::array{json::object{{"Channel", "CHAT"}, {"Concurrency", 2}},
                                                         json::object{{"Channel", "TASK"}, {"Concurrency", 1}}}}}),
              "RoutingProfileId");
  std::string content = kSampleFlow;
  content.replace(content.find("QUEUE"), 5, queue);
  flow = text_of(
      expect("PUT", "/contact-flows/" + instance, {{"Name", "Entry"}, {"Type", "CONTACT_FLOW"}, {"Content", content}}),
      "ContactFlowId");
  user = text_of(expect("PUT", "/users/" + instance,
                        {{"Username", "ana"},
                         {"Password", "Sunflower7"},
                         {"IdentityInfo", json::object{{"FirstName", "Ana"}, {"LastName", "Ruiz"}}},
                         {"SecurityProfileIds", json::array{security}},
                         {"RoutingProfileId", profile}}),
                 "UserId");
}

http::Response Region::send(http::Request request) {
  std::optional<http::Response> out;
  api.handler()(std::move(request), [&](http::Response response) { out = std::move(response); });
  for (int turn = 0; turn < 2'000 && !out; ++turn) host.run(std::chrono::milliseconds(5));
  return out.value_or(http::Response{.status = 0, .headers = {}, .body = "nobody answered"});
}

http::Response Region::connect(std::string method, std::string target, const json::object& body) {
  http::Request request;
  request.method = std::move(method);
  request.target = std::move(target);
  if (!body.empty()) request.body = json::serialize(body);
  request.headers = {{"host", host.identity().public_host}, {"content-type", "application/json"}};
  sigv4::sign(request, {kAccessKey, kSecret, {}}, "us-east-1", "connect", Hlc::at(host.utc_ms()));
  return send(std::move(request));
}

json::object Region::expect(std::string method, std::string target, const json::object& body) {
  const auto response = connect(method, target, body);
  EXPECT_EQ(response.status, 200) << method << ' ' << target << ": " << response.body;
  return body_of(response);
}

http::Response Region::participant(std::string path, const std::string& bearer, const json::object& body) {
  http::Request request;
  request.method = "POST";
  request.target = "/participant/" + std::move(path);
  request.body = json::serialize(body);
  request.headers = {{"x-amz-bearer", bearer},
                     {"authorization",
                      "AWS4-HMAC-SHA256 Credential=/20260101/us-east-1/execute-api/aws4_request, "
                      "SignedHeaders=host, Signature=0"}};
  return send(std::move(request));
}

http::Response Region::agent(std::string method, std::string path, const std::string& token, const json::object& body) {
  http::Request request;
  request.method = std::move(method);
  request.target = "/agent/v1/" + std::move(path);
  if (!body.empty()) request.body = json::serialize(body);
  if (!token.empty()) request.headers = {{"authorization", "Bearer " + token}};
  return send(std::move(request));
}

Opened Region::open(std::string target) {
  http::Request request;
  request.method = "GET";
  request.target = std::move(target);
  Opened out;
  out.socket = std::make_shared<FakeSocket>();
  out.refused = api.accept()(request, out.socket, out.handler);
  host.run(std::chrono::milliseconds(100));
  return out;
}

void Region::available_agent() {
  EXPECT_EQ(agent("POST", "sign-in", {}, {{"username", "ana"}, {"password", "Sunflower7"}}).status, 200);
  expect("PUT", "/users/" + instance + "/" + user + "/status", {{"AgentStatusId", available}});
}

std::vector<ContactId> Region::shown() const {
  std::vector<ContactId> out;
  const auto* held = host.world().agents().find(AgentId{*parse_uuid(user)});
  if (held == nullptr) return out;
  for (const auto& [contact, slot] : held->presence.slots) out.push_back(contact);
  return out;
}

std::string Region::start_task(const char* name) {
  return text_of(expect("PUT", "/contact/task", {{"InstanceId", instance}, {"ContactFlowId", flow}, {"Name", name}}),
                 "ContactId");
}

std::string error_of(const http::Response& response) {
  const std::string* type = http::find(response.headers, "x-amzn-errortype");
  return type != nullptr ? *type : std::string();
}

json::object body_of(const http::Response& response) {
  json::error_code failed;
  const auto value = json::parse(response.body, failed);
  if (failed || !value.is_object()) return {};
  return value.get_object();
}

std::string text_of(const json::object& object, std::string_view member) {
  const json::value* value = object.if_contains(member);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

}  // namespace tandem::api
