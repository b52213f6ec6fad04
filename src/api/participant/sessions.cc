#include "api/participant/sessions.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <utility>

#include "api/participant/item.h"
#include "codec/uri.h"
#include "codec/websocket.h"
#include "core/contact/decide.h"

namespace tandem::api::participant {
namespace {

namespace json = boost::json;

constexpr std::size_t kWaitingMax = 1'000;  // frames before a client subscribes: beyond it the client is let go
constexpr std::size_t kTopicsMax = 16;
constexpr char kEnded[] = "the chat has ended";
constexpr std::size_t kSocketsPerParticipantMax = 8;

http::Response refused(int status, std::string message) {
  return json_response(status, {{"message", std::move(message)}});
}

std::string token_of(const http::Request& request) {
  const auto query = uri::parse_query(request.query());
  if (!query) return {};
  for (const auto& [name, value] : *query) {
    if (name == "token") return value;
  }
  return {};
}

// Answers a subscription to the chat's topic; other topics have nothing to say here.
std::string subscribed_frame(const json::object& asked) {
  json::array topics;
  if (const json::value* content = asked.if_contains("content"); content != nullptr && content->is_object()) {
    const json::value* named = content->get_object().if_contains("topics");
    if (named != nullptr && named->is_array()) {
      for (const json::value& topic : named->get_array()) {
        if (topic.is_string() && topics.size() < kTopicsMax) topics.emplace_back(topic);
      }
    }
  }
  const bool good = std::ranges::any_of(topics, [](const json::value& topic) { return topic == "aws/chat"; });
  json::object content{{"status", good ? "success" : "failure"}, {"topics", std::move(topics)}};
  return frame("aws/subscribe", {{"content", std::move(content)}});
}

bool asks_for_chat(const std::string& answer) { return answer.find("\"success\"") != std::string::npos; }

}  // namespace

std::optional<http::Response> Sessions::accept(const http::Request& request, std::shared_ptr<http::Socket> socket,
                                               http::SocketHandler& out) {
  const auto payload = host_.verify_token(kSocketToken, token_of(request));
  const auto ticket = payload ? Ticket::parse(*payload) : std::nullopt;
  if (!ticket) return refused(403, "Forbidden");
  auto client = std::make_shared<Client>();
  client->socket = std::move(socket);
  {
    const std::lock_guard lock(mutex_);
    const auto at = sessions_.find({ticket->contact, ticket->participant});
    if (at != sessions_.end() && at->second->clients.size() >= kSocketsPerParticipantMax) {
      return refused(429, "Too many connections of this participant are open.");
    }
  }
  const auto self = shared_from_this();
  out.on_text = [self, ticket = *ticket, client](const std::string& frame) { self->text(ticket, client, frame); };
  out.on_closed = [self, ticket = *ticket, client] { self->left(ticket, client); };
  open(*ticket, client);
  return std::nullopt;
}

// The host is told under the lock, so that it hears of openings and closings in their order; it calls no sink from
// within these calls.
void Sessions::open(const Ticket& ticket, const std::shared_ptr<Client>& client) {
  const std::lock_guard lock(mutex_);
  auto& session = sessions_[{ticket.contact, ticket.participant}];
  if (session == nullptr) {
    session = std::make_shared<Session>();
    session->ticket = ticket;
    const std::weak_ptr<Sessions> self = weak_from_this();
    session->number = host_.session_opened(ticket.contact, {[self, ticket](const ShowSession& shown) {
                                             if (const auto here = self.lock()) here->show(ticket, shown);
                                           }});
  }
  session->clients.push_back(client);
  if (!session->end) return;
  client->waiting.push_back(*session->end);
  client->over = true;
}

void Sessions::left(const Ticket& ticket, const std::shared_ptr<Client>& client) {
  const std::lock_guard lock(mutex_);
  const auto at = sessions_.find({ticket.contact, ticket.participant});
  if (at == sessions_.end()) return;
  Session& session = *at->second;
  std::erase(session.clients, client);
  if (!session.clients.empty()) return;
  host_.session_closed(session.number);
  sessions_.erase(at);
}

void Sessions::text(const Ticket&, const std::shared_ptr<Client>& client, std::string_view received) {
  const auto asked = parse_object(received);
  const json::value* topic = asked ? asked->if_contains("topic") : nullptr;
  if (topic == nullptr || !topic->is_string()) {
    client->socket->close(websocket::kPolicy, "not a frame of this service");
    return;
  }
  if (topic->get_string() == "aws/ping") {
    client->socket->send(frame("aws/ping", {{"statusCode", 200}, {"statusContent", "OK"}}));
  } else if (topic->get_string() == "aws/heartbeat") {
    client->socket->send(frame("aws/heartbeat", {}));
  } else if (topic->get_string() == "aws/subscribe") {
    const std::string answer = subscribed_frame(*asked);
    const std::lock_guard lock(mutex_);
    client->socket->send(answer);
    if (!asks_for_chat(answer)) return;
    client->subscribed = true;
    for (std::string& each : client->waiting) client->socket->send(std::move(each));
    client->waiting.clear();
    if (client->over) client->socket->close(websocket::kNormal, kEnded);
  }
}

void Sessions::show(const Ticket& ticket, const ShowSession& shown) {
  std::vector<std::string> frames;
  std::optional<std::string> end;
  for (const contact::Item& item : shown.items) {
    frames.push_back(item_frame(host_, item, shown.contact, ticket.initial));
    if (event_name(item.content_type) == "chat.ended") end = frames.back();
  }
  const std::lock_guard lock(mutex_);
  const auto at = sessions_.find({ticket.contact, ticket.participant});
  if (at == sessions_.end()) return;
  Session& session = *at->second;
  // A client that came to a chat which was over already is told so by the entry that the transcript ends with.
  if (shown.ended && !end && !session.end) {
    contact::Item item;
    item.id = derive_uuid(shown.contact.value(), "chat.ended", 0);
    item.content_type = event_type("chat.ended");
    item.at = Hlc::at(host_.utc_ms());
    end = item_frame(host_, item, shown.contact, ticket.initial);
    frames.push_back(*end);
  }
  if (end) session.end = std::move(end);
  for (const auto& client : session.clients) {
    for (const std::string& each : frames) {
      if (client->subscribed) {
        client->socket->send(each);
      } else if (client->waiting.size() < kWaitingMax) {
        client->waiting.push_back(each);
      } else {
        client->socket->close(websocket::kPolicy, "nothing was subscribed");
      }
    }
    client->over = client->over || shown.ended;
    if (client->over && client->subscribed) client->socket->close(websocket::kNormal, kEnded);
  }
}

std::size_t Sessions::sockets() const {
  const std::lock_guard lock(mutex_);
  std::size_t out = 0;
  for (const auto& [key, session] : sessions_) out += session->clients.size();
  return out;
}

std::size_t Sessions::sessions() const {
  const std::lock_guard lock(mutex_);
  return sessions_.size();
}

}  // namespace tandem::api::participant
