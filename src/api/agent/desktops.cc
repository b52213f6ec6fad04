#include "api/agent/desktops.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "api/agent/view.h"
#include "codec/uri.h"
#include "codec/websocket.h"

namespace tandem::api::agent {
namespace {

namespace json = boost::json;

constexpr std::size_t kWaitingMax = 1'000;

std::string token_of(const http::Request& request) {
  const auto query = uri::parse_query(request.query());
  if (!query) return {};
  for (const auto& [name, value] : *query) {
    if (name == "token") return value;
  }
  return {};
}

std::string contact_event(Host& host, const DesktopEvent& event) {
  json::object out;
  if (event.contact) out["contact"] = contact_json(host, *event.contact, event.slot ? &*event.slot : nullptr);
  if (event.guest) {
    out["type"] = "contact.guest";
  } else if (!event.slot) {
    out["type"] = "contact.gone";
  } else {
    switch (event.slot->state) {
      case presence::SlotState::reserved:
        out["type"] = "contact.offered";
        break;
      case presence::SlotState::busy:
        out["type"] = "contact.connected";
        break;
      case presence::SlotState::after_contact_work:
        out["type"] = "contact.ended";
        break;
    }
  }
  return json::serialize(out);
}

// One message per item that passes by, one for all that the transcript keeps.
std::vector<std::string> item_events(Host& host, const DesktopEvent& event) {
  std::vector<std::string> out;
  const std::string contact = event.contact ? event.contact->id.value().text() : std::string();
  json::array kept;
  for (const contact::Item& item : event.items) {
    const auto name = event_name(item.content_type);
    if (name == "typing") {
      out.push_back(json::serialize(
          json::object{{"type", "typing"}, {"contact", contact}, {"from", "customer"}, {"at", iso_time(item.at)}}));
    } else if (name == "message.read" || name == "message.delivered") {
      json::object receipt{{"type", "receipt"}, {"contact", contact}, {"at", iso_time(item.at)}};
      receipt["receipt"] = name == "message.read" ? "read" : "delivered";
      const auto content = parse_object(words(host, item.content));
      const json::value* message = content ? content->if_contains("messageId") : nullptr;
      if (message != nullptr && message->is_string()) receipt["message"] = message->get_string();
      out.push_back(json::serialize(receipt));
    } else {
      kept.emplace_back(item_json(host, item));
    }
  }
  if (!kept.empty()) {
    out.push_back(json::serialize(json::object{{"type", "items"}, {"contact", contact}, {"items", std::move(kept)}}));
  }
  return out;
}

}  // namespace

std::optional<http::Response> Desktops::accept(const http::Request& request, std::shared_ptr<http::Socket> socket,
                                               http::SocketHandler& out) {
  const auto payload = host_.verify_token(kAgentToken, token_of(request));
  const auto badge = payload ? Badge::parse(*payload) : std::nullopt;
  if (!badge) {
    return json_response(401, {{"code", "unauthenticated"}, {"message", "The sign-in is not valid. Sign in again."}});
  }
  auto client = std::make_shared<Client>();
  client->socket = std::move(socket);
  client->badge = *badge;
  const auto self = shared_from_this();
  out.on_text = [client](const std::string& frame) {
    const auto asked = parse_object(frame);
    const json::value* type = asked ? asked->if_contains("type") : nullptr;
    if (type != nullptr && *type == "ping") {
      client->socket->send(R"({"type":"pong"})");
    } else {
      client->socket->close(websocket::kPolicy, "only {\"type\":\"ping\"} is understood here");
    }
  };
  out.on_closed = [self, client] {
    const std::lock_guard lock(self->mutex_);
    const auto at = self->listeners_.find(client);
    if (at == self->listeners_.end()) return;
    self->host_.desktop_leave(at->second);
    self->listeners_.erase(at);
  };
  const std::weak_ptr<Desktops> weak = self;
  {
    const std::lock_guard lock(mutex_);
    listeners_[client] = host_.desktop_listen(badge->agent, {[weak, client](const DesktopEvent& event) {
                                                if (const auto here = weak.lock()) here->tell(*client, event);
                                              }});
  }
  greet(client);
  return std::nullopt;
}

void Desktops::greet(const std::shared_ptr<Client>& client) {
  ask(
      host_,
      [badge = client->badge](const World& world, const Local& local) {
        return look(world, local, badge.agent, badge.desktop);
      },
      [self = shared_from_this(), client](const Desk& desk) {
        const std::lock_guard lock(client->mutex);
        if (!desk.open) {
          client->socket->send(json::serialize(json::object{{"type", "closed"}, {"reason", desk.why_not}}));
          client->socket->close(websocket::kPolicy, desk.why_not);
          return;
        }
        client->socket->send(json::serialize(json::object{{"type", "hello"}, {"me", desk_json(self->host_, desk)}}));
        for (std::string& each : client->waiting) client->socket->send(std::move(each));
        client->waiting.clear();
        client->greeted = true;
        if (client->closing) client->socket->close(websocket::kNormal, *client->closing);
      });
}

void Desktops::tell(Client& client, const DesktopEvent& event) {
  std::vector<std::string> frames;
  switch (event.what) {
    case DesktopWhat::contact:
      frames.push_back(contact_event(host_, event));
      break;
    case DesktopWhat::items:
      frames = item_events(host_, event);
      break;
    case DesktopWhat::status:
      if (event.presence) {
        frames.push_back(
            json::serialize(json::object{{"type", "status"}, {"status", status_json(*event.presence, {}, {})}}));
      }
      break;
    case DesktopWhat::closed:
      frames.push_back(json::serialize(json::object{{"type", "closed"}, {"reason", event.reason}}));
      break;
  }
  const std::lock_guard lock(client.mutex);
  for (std::string& each : frames) {
    if (client.greeted) {
      client.socket->send(std::move(each));
    } else if (client.waiting.size() < kWaitingMax) {
      client.waiting.push_back(std::move(each));
    }
  }
  if (event.what != DesktopWhat::closed) return;
  if (client.greeted) {
    client.socket->close(websocket::kNormal, event.reason);
  } else {
    client.closing = event.reason;
  }
}

std::size_t Desktops::sockets() const {
  const std::lock_guard lock(mutex_);
  return listeners_.size();
}

}  // namespace tandem::api::agent
