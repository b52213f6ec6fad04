#include "app/tandem/customer.h"

#include <boost/json.hpp>

#include "app/client/answers.h"
#include "codec/uri.h"

namespace tandem::cli {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr auto kAskMax = 30s;  // then a chat that nobody acknowledged is given up
constexpr auto kRetry = 200ms;
constexpr std::uint32_t kRegionTriesMax = 5;
constexpr std::uint32_t kChecksMax = 150;  // of the transcript, after the end
constexpr std::string_view kEventPrefix = "application/vnd.amazonaws.connect.event.";

// Worth another try: nobody answered, or whoever did cannot just now.
bool try_again(const Result<http::Response>& response) {
  return !response || response->status >= 500 || response->status == 429 || response->status == 408;
}

}  // namespace

Ledger::Ms Stage::now() const { return std::chrono::duration_cast<Ledger::Ms>(net::Clock::now() - begun); }

std::string Stage::token() {
  const auto utc = std::chrono::system_clock::now().time_since_epoch();
  const auto ms = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(utc).count());
  return mint_uuid(Hlc::at(ms), rng).text();
}

http::Fetch signed_request(const Stage& stage, const Place& gateway, const std::string& method,
                           const std::string& target, const std::string& body) {
  return signed_request(gateway.url, gateway.region, stage.credentials, method, target, body);
}

Customer::Customer(Stage& stage, std::uint64_t number)
    : stage_(stage), number_(number), gateway_(number), client_token_(stage.token()) {}

void Customer::heard(const Result<http::Response>& response) {
  if (!response) ++gateway_;
}

void Customer::again(std::chrono::milliseconds pause, void (Customer::*what)()) {
  stage_.loop.after(pause, [self = shared_from_this(), what] { (self.get()->*what)(); });
}

void Customer::post(const std::string& path, const std::string& bearer, std::string body,
                    std::function<void(Result<http::Response>)> done) {
  http::Fetch fetch;
  fetch.url = gateway().url + path;
  fetch.method = "POST";
  fetch.headers = {{"content-type", "application/json"}, {"x-amz-bearer", bearer}};
  fetch.body = std::move(body);
  stage_.http.fetch(std::move(fetch),
                    [self = shared_from_this(), done = std::move(done)](Result<http::Response> response) {
                      self->stage_.loop.post([self, done, response = std::move(response)] {
                        self->heard(response);
                        done(response);
                      });
                    });
}

void Customer::start() {
  stage_.ledger.asked(number_, stage_.now());
  first_try_ = net::Clock::now();
  ask();
}

void Customer::ask() {
  const std::string name = "Customer " + std::to_string(number_);
  const json::object body{{"InstanceId", stage_.instance},
                          {"ContactFlowId", stage_.flow},
                          {"ClientToken", client_token_},
                          {"Attributes", {{"driven", std::to_string(number_)}}},
                          {"ParticipantDetails", {{"DisplayName", name}}}};
  auto fetch = signed_request(stage_, gateway(), "PUT", "/contact/chat", json::serialize(body));
  stage_.http.fetch(std::move(fetch), [self = shared_from_this()](Result<http::Response> response) {
    self->stage_.loop.post([self, response = std::move(response)] {
      self->heard(response);
      if (response && response->status == 200) {
        const json::object said = parse(response->body);
        self->contact_ = text(said, "ContactId");
        self->participant_token_ = text(said, "ParticipantToken");
        self->stage_.ledger.started(self->number_, self->contact_, self->stage_.now());
        self->phase_ = Phase::chatting;
        return self->connect();
      }
      if (try_again(response) && net::Clock::now() - self->first_try_ < kAskMax)
        return self->again(kRetry, &Customer::ask);
      const std::string why =
          response ? std::to_string(response->status) + " " + response->body.substr(0, 300) : response.error().detail;
      self->stage_.ledger.refused(self->number_, self->stage_.now(), why);
      self->phase_ = Phase::done;
    });
  });
}

void Customer::connect() {
  if (phase_ != Phase::chatting || connecting_) return;
  connecting_ = true;
  post("/participant/connection", participant_token_,
       R"({"Type":["WEBSOCKET","CONNECTION_CREDENTIALS"],"ConnectParticipant":true})",
       [self = shared_from_this()](const Result<http::Response>& response) {
         self->connecting_ = false;
         if (self->phase_ != Phase::chatting) return;
         if (!response || response->status != 200) {
           if (response && response->status == 403) return self->over();
           return self->again(kRetry, &Customer::connect);
         }
         const json::object said = parse(response->body);
         const json::value* credentials = said.if_contains("ConnectionCredentials");
         const json::value* socket = said.if_contains("Websocket");
         if (credentials == nullptr || !credentials->is_object() || socket == nullptr || !socket->is_object()) {
           return self->again(kRetry, &Customer::connect);
         }
         self->connection_token_ = text(credentials->get_object(), "ConnectionToken");
         const std::uint64_t number = ++self->sockets_;
         WebSocket::Events events;
         events.on_text = [self, number](const std::string& frame) { self->frame(frame, number); };
         events.on_closed = [self, number](const std::string&) {
           if (self->phase_ != Phase::chatting || number != self->sockets_) return;
           self->stage_.ledger.reattached(self->contact_, self->stage_.now());
           self->again(kRetry, &Customer::connect);
         };
         self->socket_ = WebSocket::open(self->stage_.loop, text(socket->get_object(), "Url"), {}, std::move(events));
         self->socket_->send(R"({"topic":"aws/subscribe","content":{"topics":["aws/chat"]}})");
       });
}

void Customer::frame(const std::string& received, std::uint64_t socket) {
  const json::object outer = parse(received);
  if (text(outer, "topic") == "aws/subscribe") {
    // What was said before the socket was there comes from the transcript, as chat clients read it.
    if (phase_ == Phase::chatting) read_transcript("", {}, false);
    return;
  }
  if (text(outer, "topic") != "aws/chat") return;
  const json::object entry = parse(text(outer, "content"));
  const std::string id = text(entry, "Id");
  if (id.empty()) return;
  const std::string type = text(entry, "ContentType");
  if (!type.ends_with(".typing")) stage_.ledger.shown(contact_, id, socket, stage_.now());
  item(id, text(entry, "ParticipantRole"), type, text(entry, "Content"));
}

void Customer::item(const std::string& id, const std::string& role, const std::string& type,
                    const std::string& content) {
  if (!known_.insert(id).second || phase_ != Phase::chatting) return;
  if (type == std::string(kEventPrefix) + "chat.ended") return over();
  if (type.starts_with(kEventPrefix)) return;
  if (role == "SYSTEM" && !std::exchange(greeted_, true)) stage_.ledger.greeted(contact_, stage_.now());
  if (role == "SYSTEM" && !answered_ && content.ends_with("?")) {
    answered_ = true;
    const std::string topic = number_ % 2 == 0 ? "sales" : "support";
    say("It is about " + topic + ", says customer " + std::to_string(number_),
        [self = shared_from_this()] { self->stage_.ledger.queued(self->contact_, self->stage_.now()); });
  }
  if (role == "AGENT") {
    stage_.ledger.served(contact_, stage_.now());
    say("Reply " + std::to_string(++replies_) + " of customer " + std::to_string(number_), {});
  }
}

void Customer::say(std::string words, std::function<void()> acknowledged) {
  try_say(std::make_shared<Saying>(Saying{std::move(words), stage_.token(), std::move(acknowledged)}));
}

void Customer::try_say(std::shared_ptr<Saying> saying) {
  if (phase_ != Phase::chatting) return;
  const json::object body{{"ContentType", "text/plain"}, {"Content", saying->text}, {"ClientToken", saying->token}};
  post("/participant/message", connection_token_, json::serialize(body),
       [self = shared_from_this(), saying](const Result<http::Response>& response) {
         if (response && response->status == 200) {
           self->stage_.ledger.acknowledged(self->contact_, saying->text, self->stage_.now());
           if (saying->acknowledged) saying->acknowledged();
         } else if (try_again(response)) {
           self->stage_.loop.after(kRetry, [self, saying] { self->try_say(saying); });
         }
       });
}

void Customer::over() {
  if (phase_ == Phase::done || phase_ == Phase::checking) return;
  if (phase_ == Phase::leaving) {
    stage_.ledger.left(contact_, stage_.now());
  } else {
    stage_.ledger.ended(contact_, stage_.now());
  }
  phase_ = Phase::checking;
  if (socket_) socket_->close();
  socket_.reset();
  ask_region();
  // Answers that are still on their way count too.
  again(1s, &Customer::check);
}

void Customer::ask_region() {
  auto fetch = signed_request(stage_, gateway(), "GET", "/contacts/" + stage_.instance + "/" + contact_, "");
  stage_.http.fetch(std::move(fetch), [self = shared_from_this()](Result<http::Response> response) {
    self->stage_.loop.post([self, response = std::move(response)] {
      self->heard(response);
      if (!response || response->status != 200) {
        if (++self->region_tries_ < kRegionTriesMax) self->again(1s, &Customer::ask_region);
        return;
      }
      const json::object said = parse(response->body);
      const json::value* contact = said.if_contains("Contact");
      const json::object* about = contact == nullptr ? nullptr : contact->if_object();
      const json::value* regions = about == nullptr ? nullptr : about->if_contains("GlobalResiliencyMetadata");
      if (regions == nullptr || !regions->is_object()) return;
      const std::string region = text(regions->get_object(), "OriginRegion");
      self->stage_.ledger.began_in(self->contact_, region, self->stage_.now());
    });
  });
}

void Customer::leave() {
  if (phase_ != Phase::chatting) return;
  phase_ = Phase::leaving;
  try_leave();
}

void Customer::try_leave() {
  if (phase_ != Phase::leaving) return;
  if (connection_token_.empty()) {
    phase_ = Phase::done;  // it never got a connection, so there is nothing to leave
    return;
  }
  post("/participant/disconnect", connection_token_, "{}",
       [self = shared_from_this()](const Result<http::Response>& response) {
         if (response && (response->status == 200 || response->status == 403)) return self->over();
         self->again(kRetry, &Customer::try_leave);
       });
}

void Customer::check() {
  if (connection_token_.empty() || ++checks_ > kChecksMax) {
    phase_ = Phase::done;
    return;
  }
  read_transcript("", {}, true);
}

void Customer::read_transcript(const std::string& next, std::vector<std::string> texts, bool final) {
  json::object body{
      {"MaxResults", 100}, {"ScanDirection", "FORWARD"}, {"SortOrder", "ASCENDING"}, {"ContactId", contact_}};
  if (!next.empty()) body["NextToken"] = next;
  post("/participant/transcript", connection_token_, json::serialize(body),
       [self = shared_from_this(), texts = std::move(texts), final](const Result<http::Response>& response) mutable {
         if (!response || response->status != 200) {
           if (final) return self->again(kRetry, &Customer::check);
           if (try_again(response))
             self->stage_.loop.after(kRetry, [self] {
               if (self->phase_ == Phase::chatting) self->read_transcript("", {}, false);
             });
           return;
         }
         const json::object said = parse(response->body);
         if (const json::value* items = said.if_contains("Transcript"); items != nullptr && items->is_array()) {
           for (const json::value& value : items->get_array()) {
             if (!value.is_object()) continue;
             const json::object& entry = value.get_object();
             texts.push_back(text(entry, "Content"));
             if (!final)
               self->item(text(entry, "Id"), text(entry, "ParticipantRole"), text(entry, "ContentType"), texts.back());
           }
         }
         if (const std::string more = text(said, "NextToken"); !more.empty()) {
           return self->read_transcript(more, std::move(texts), final);
         }
         if (!final) return;
         self->stage_.ledger.transcript(self->contact_, texts, self->stage_.now());
         self->phase_ = Phase::done;
       });
}

}  // namespace tandem::cli
