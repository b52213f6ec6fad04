#include "api/agent/agent.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <chrono>
#include <ranges>
#include <utility>

#include "codec/uri.h"
#include "core/distribution/effective.h"

namespace tandem::api::agent {
namespace {

namespace json = boost::json;

constexpr std::chrono::seconds kTokenLife = std::chrono::hours(12);
constexpr std::size_t kContentBytesMax = 16'384;
constexpr std::size_t kPasswordBytesMax = 512;
constexpr std::size_t kPageMax = 1'000;
constexpr std::size_t kPageDefault = 100;
constexpr std::size_t kHistoryMax = 50;

http::Response signed_out(std::string_view message) { return error_json(401, "unauthenticated", message); }

const presence::Slot* slot_of(const Desk& desk, ContactId contact) {
  const auto at = desk.presence.slots.find(contact);
  return at == desk.presence.slots.end() ? nullptr : &at->second;
}

// As whom the agent speaks in a contact of his desktop; nothing: he may not, for this reason.
Result<Uuid> voice(const Desk& desk, const contact::Contact& contact) {
  if (const presence::Slot* slot = slot_of(desk, contact.id)) {
    if (slot->state == presence::SlotState::busy) return contact.agent_participant;
    return fail(Errc::refused, over(contact) ? "The contact has ended." : "Accept the contact first.");
  }
  if (contact.is_consultation()) return contact.about.participant;
  for (const auto& [consultation, slot] : desk.contacts) {
    if (consultation.about.contact != contact.id) continue;
    if (slot.state == presence::SlotState::busy && contact.consult.stage == contact::ConsultStage::joined) {
      return consultation.agent_participant;
    }
  }
  return fail(Errc::refused, "Your colleague has not joined you to the conversation.");
}

// A contact of the past, of a customer who is on this desktop now.
const contact::Contact* earlier(const World& world, const Desk& desk, ContactId id) {
  const contact::Held* held = world.contacts().find(id);
  if (held == nullptr || held->contact.person.nil() || !desk.open) return nullptr;
  const auto same = [&](const contact::Contact& c) { return c.person == held->contact.person; };
  const bool here = std::ranges::any_of(desk.contacts, [&](const auto& on) { return same(on.first); });
  return here || std::ranges::any_of(desk.guest_of, same) ? &held->contact : nullptr;
}

std::string display_name(const Desk& desk) { return desk.first_name.empty() ? desk.username : desk.first_name; }

}  // namespace

std::string text(const json::object& body, std::string_view member) {
  const json::value* value = body.if_contains(member);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

http::Response error_json(int status, std::string_view code, std::string_view message) {
  http::Response out = json_response(status, {{"code", code}, {"message", message}});
  if (status == 503) out.headers.emplace_back("retry-after", "1");
  return out;
}

http::Response not_yours() { return error_json(404, "not_found", "The contact is not on your desktop."); }

http::Response error_json(const Error& error) {
  const std::string& detail = error.detail;
  switch (error.code) {
    case Errc::invalid:
      return error_json(400, "invalid", detail);
    case Errc::not_found:
      return error_json(404, "not_found", detail);
    case Errc::already_exists:
    case Errc::in_use:
    case Errc::refused:
      return error_json(409, "refused", detail);
    case Errc::not_owner:
    case Errc::move_in_flight:
      return error_json(409, "elsewhere", "Another region has the contact at this moment. Try again.");
    case Errc::limit_exceeded:
      return error_json(429, "too_many", detail);
    case Errc::denied:
      return error_json(403, "denied", detail);
    case Errc::unauthenticated:
      return error_json(401, "unauthenticated", "The sign-in is not valid. Sign in again.");
    case Errc::log_full:
      return error_json(503, "no_room", "This region's disk is full: it takes no new work until there is room.");
    case Errc::no_quorum:
      return error_json(
          503, "no_majority",
          "Too few regions answered to be sure that you are not signed in elsewhere. Try again. (" + detail + ")");
    case Errc::unreachable:
      return error_json(503, "unreachable", "The region that decides does not answer. Try again.");
    case Errc::timed_out:
      return error_json(503, "timed_out", "No answer in time. It may have been done: look before you try again.");
    case Errc::shutting_down:
      return error_json(503, "stopping", "This region is being stopped. Sign in at another one.");
    case Errc::corrupt:
    case Errc::internal:
      break;
  }
  return error_json(500, "internal", "Something went wrong in this region. Try again, or at another one.");
}

Agent::Agent(Host& host, Passwords& passwords) : host_(host), passwords_(passwords) {
  using Respond = http::Respond;
  add("GET", "openapi.json", false, [](const Call&, const Respond& respond) {
    respond({.status = 200, .headers = {{"content-type", "application/json"}}, .body = std::string(openapi())});
  });
  add("POST", "sign-in", false, [this](const Call& call, Respond respond) { sign_in(call, std::move(respond)); });
  add("POST", "sign-out", true, [this](const Call& call, Respond respond) {
    with_desk(call, std::move(respond), [this, agent = call.badge.agent](const Desk&, Respond then) {
      order(presence::SignOut{agent}, std::move(then));
    });
  });
  add("GET", "me", true, [this](const Call& call, Respond respond) {
    me(call, std::move(respond), [this](const Desk& desk) { return desk_json(host_, desk); });
  });
  add("GET", "offers", true, [this](const Call& call, Respond respond) {
    me(call, std::move(respond), [this](const Desk& desk) {
      json::array offers;
      for (const auto& [contact, slot] : desk.contacts) {
        if (slot.state == presence::SlotState::reserved) offers.emplace_back(contact_json(host_, desk, contact));
      }
      return json::object{{"offers", std::move(offers)}};
    });
  });
  add("GET", "statuses", true, [this](const Call& call, Respond respond) { statuses(call, std::move(respond)); });
  add("PUT", "status", true, [this](const Call& call, Respond respond) { set_status(call, std::move(respond)); });
  add("GET", "contacts/{id}", true, [this](const Call& call, Respond respond) {
    with_desk(call, std::move(respond), [this, id = call.contact](const Desk& desk, const Respond& then) {
      const contact::Contact* contact = desk.find(id);
      then(contact == nullptr ? not_yours() : json_response(200, contact_json(host_, desk, *contact)));
    });
  });
  add("POST", "contacts/{id}/accept", true, [this](const Call& call, Respond respond) {
    with_desk(call, std::move(respond), [this, call](const Desk&, Respond then) {
      order(presence::Accept{call.badge.agent, call.contact}, std::move(then));
    });
  });
  add("POST", "contacts/{id}/reject", true, [this](const Call& call, Respond respond) {
    with_desk(call, std::move(respond), [this, call](const Desk&, Respond then) {
      order(presence::Reject{call.badge.agent, call.contact}, std::move(then));
    });
  });
  add("POST", "contacts/{id}/complete", true, [this](const Call& call, Respond respond) {
    with_desk(call, std::move(respond), [this, call](const Desk&, Respond then) {
      order(presence::Complete{call.badge.agent, call.contact}, std::move(then));
    });
  });
  add("POST", "contacts/{id}/end", true, [this](const Call& call, Respond respond) { end(call, std::move(respond)); });
  add("GET", "quick-connects", true,
      [this](const Call& call, Respond respond) { quick_connects(call, std::move(respond)); });
  add("POST", "contacts/{id}/transfer", true,
      [this](const Call& call, Respond respond) { transfer(call, std::move(respond)); });
  add("POST", "contacts/{id}/consult", true,
      [this](const Call& call, Respond respond) { consult(call, std::move(respond)); });
  add("POST", "contacts/{id}/swap", true,
      [this](const Call& call, Respond respond) { confer(call, false, std::move(respond)); });
  add("POST", "contacts/{id}/join", true,
      [this](const Call& call, Respond respond) { confer(call, true, std::move(respond)); });
  add("POST", "contacts/{id}/leave", true,
      [this](const Call& call, Respond respond) { leave(call, std::move(respond)); });
  add("POST", "contacts/{id}/messages", true,
      [this](const Call& call, Respond respond) { message(call, std::move(respond)); });
  add("POST", "contacts/{id}/events", true,
      [this](const Call& call, Respond respond) { event(call, std::move(respond)); });
  add("GET", "contacts/{id}/history", true,
      [this](const Call& call, Respond respond) { history(call, std::move(respond)); });
  add("GET", "contacts/{id}/profile", true,
      [this](const Call& call, Respond respond) { profile(call, std::move(respond)); });
  add("PUT", "contacts/{id}/profile", true,
      [this](const Call& call, Respond respond) { change_profile(call, std::move(respond)); });
  add("GET", "contacts/{id}/transcript", true,
      [this](const Call& call, Respond respond) { transcript(call, std::move(respond)); });
}

void Agent::add(std::string method, std::string path, bool needs_token, std::function<void(Call, http::Respond)> run) {
  std::string whole = std::string(kPrefix) + path;
  auto segments = *uri::path_segments(whole);
  routes_.push_back({std::move(method), std::move(whole), std::move(segments), needs_token, std::move(run)});
}

std::vector<std::string> Agent::routes() const {
  std::vector<std::string> out;
  for (const Route& route : routes_) out.push_back(route.method + ' ' + route.path);
  return out;
}

const Agent::Route* Agent::find(const http::Request& request, Call& call, bool& path_known) const {
  const auto asked = uri::path_segments(request.path());
  if (!asked) return nullptr;
  const Route* found = nullptr;
  for (const Route& route : routes_) {
    const auto& segments = route.segments;
    if (segments.size() != asked->size()) continue;
    bool fits = true;
    std::optional<Uuid> id;
    for (std::size_t i = 0; i < asked->size() && fits; ++i) {
      if (segments[i] == "{id}") {
        id = parse_uuid((*asked)[i]);
        fits = id.has_value();
      } else {
        fits = segments[i] == (*asked)[i];
      }
    }
    if (!fits) continue;
    path_known = true;
    if (route.method != request.method) continue;
    if (id) call.contact = ContactId{*id};
    found = &route;
  }
  return found;
}

void Agent::handle(const http::Request& request, http::Respond respond) const {
  Call call;
  bool path_known = false;
  const Route* route = find(request, call, path_known);
  if (route == nullptr) {
    return respond(path_known ? error_json(405, "method", "This is asked for with another method.")
                              : error_json(404, "not_found", "There is nothing at this address."));
  }
  if (route->signed_in) {
    constexpr std::string_view scheme = "Bearer ";
    const std::string* header = request.header("authorization");
    if (header == nullptr || !header->starts_with(scheme)) return respond(signed_out("Sign in first."));
    const auto payload = host_.verify_token(kAgentToken, std::string_view(*header).substr(scheme.size()));
    const auto badge = payload ? Badge::parse(*payload) : std::nullopt;
    if (!badge) return respond(signed_out("The sign-in is not valid any more. Sign in again."));
    call.badge = *badge;
  }
  if (!request.body.empty()) {
    auto body = parse_object(request.body);
    if (!body) return respond(error_json(400, "invalid", "The body must be a JSON object."));
    call.body = std::move(*body);
  }
  if (auto query = uri::parse_query(request.query())) call.query = std::move(*query);
  route->run(std::move(call), std::move(respond));
}

void Agent::order(Verb verb, http::Respond respond) const {
  host_.command(Command{.id = host_.mint(), .verb = std::move(verb), .keys = {}},
                [respond = std::move(respond)](const Result<Answer>& done) {
                  respond(done ? json_response(200, {}) : error_json(done.error()));
                });
}

void Agent::with_desk(const Call& call, http::Respond respond, std::function<void(Desk, http::Respond)> then) const {
  ask(
      host_,
      [badge = call.badge](const World& world, const Local& local) {
        return look(world, local, badge.agent, badge.desktop);
      },
      [respond = std::move(respond), then = std::move(then)](Desk desk) {
        if (!desk.open) return respond(error_json(409, "not_signed_in", desk.why_not));
        then(std::move(desk), respond);
      });
}

// -- signing in

void Agent::sign_in(const Call& call, http::Respond respond) const {
  if (host_.identity().gateway_only) {
    return respond(error_json(409, "refused", "No agents sign in here. Sign in at a region."));
  }
  const std::string token = text(call.body, "token");
  if (token.empty()) return check_password(call, std::move(respond));
  const auto payload = host_.verify_token(kAgentToken, token);
  const auto badge = payload ? Badge::parse(*payload) : std::nullopt;
  if (!badge) return respond(signed_out("The sign-in is not valid any more. Sign in with your password."));
  open_desktop(*badge, true, std::move(respond));
}

void Agent::check_password(const Call& call, http::Respond respond) const {
  const std::string username = text(call.body, "username");
  std::string password = text(call.body, "password");
  if (username.empty() || password.empty() || password.size() > kPasswordBytesMax) {
    return respond(error_json(400, "invalid", "username and password are needed."));
  }
  Uuid desktop = host_.mint();
  if (const std::string given = text(call.body, "desktop"); !given.empty()) {
    const auto id = parse_uuid(given);
    if (!id || id->nil()) return respond(error_json(400, "invalid", "desktop must be a UUID."));
    desktop = *id;
  }
  struct User {
    AgentId agent;
    std::string encoded;
  };
  ask(
      host_,
      [username](const World& world, const Local&) {
        User out;
        if (const config::Document* user = world.config().named(config::Kind::user, username)) {
          out = {AgentId{user->id}, user->get("password")};
        }
        return out;
      },
      [this, password = std::move(password), desktop, respond = std::move(respond)](User user) mutable {
        // An unknown user takes as long as a wrong password, and is told the same.
        passwords_.verify(
            std::move(user.encoded), std::move(password),
            [this, agent = user.agent, desktop, respond](const Result<bool>& good) {
              if (!good) return respond(error_json(good.error()));
              if (!*good || agent.value().nil()) {
                return respond(error_json(401, "wrong_credentials", "The user name or the password is wrong."));
              }
              open_desktop({agent, desktop}, false, respond);
            });
      });
}

void Agent::open_desktop(Badge badge, bool proved, http::Respond respond) const {
  const auto elsewhere = [agent = badge.agent](const World& world, const Local& local) {
    return distribution::signs_in_elsewhere(world.sees(local), agent);
  };
  ask(host_, elsewhere, [this, badge, proved, respond = std::move(respond)](const std::vector<std::string>& regions) {
    if (regions.empty()) return open_here(badge, proved, respond);
    std::string names;
    for (const std::string& region : regions) names += (names.empty() ? "" : ", ") + region;
    respond(error_json(409, "refused", "Sign-in is turned off for you in this region. Sign in at " + names + "."));
  });
}

void Agent::open_here(Badge badge, bool proved, http::Respond respond) const {
  Command order{.id = host_.mint(), .verb = presence::SignIn{badge.agent, badge.desktop, proved}, .keys = {}};
  host_.command(std::move(order), [this, badge, respond = std::move(respond)](const Result<Answer>& done) {
    if (!done) return respond(error_json(done.error()));
    ask(
        host_,
        [badge](const World& world, const Local& local) { return look(world, local, badge.agent, badge.desktop); },
        [this, badge, respond](const Desk& desk) {
          if (!desk.open) return respond(error_json(409, "not_signed_in", desk.why_not));
          const auto life = static_cast<std::uint64_t>(std::chrono::milliseconds(kTokenLife).count());
          respond(json_response(200, {{"token", host_.sign_token(kAgentToken, badge.text(), kTokenLife)},
                                      {"expires", iso_time(host_.utc_ms() + life)},
                                      {"desktop", badge.desktop.text()},
                                      {"me", desk_json(host_, desk)}}));
        });
  });
}

// -- the agent

void Agent::me(const Call& call, http::Respond respond, std::function<json::object(const Desk&)> shape) const {
  with_desk(call, std::move(respond), [shape = std::move(shape)](const Desk& desk, const http::Respond& then) {
    then(json_response(200, shape(desk)));
  });
}

void Agent::statuses(const Call&, http::Respond respond) const {
  ask(
      host_,
      [](const World& world, const Local&) {
        std::vector<std::pair<std::string, json::object>> found;  // by the order their administrator gave
        for (const config::Document* each : world.config().all(config::Kind::agent_status)) {
          if (each->get("state") == "DISABLED") continue;
          std::string order = each->get("order");
          if (order.empty()) order = "99999999";
          order.insert(0, 8 - std::min<std::size_t>(8, order.size()), '0');
          found.emplace_back(order, json::object{{"id", each->id.text()},
                                                 {"name", world.config().served_name(*each)},
                                                 {"type", each->get("type")}});
        }
        std::ranges::stable_sort(found, {}, [](const auto& each) { return each.first; });
        json::array out;
        for (auto& [order, status] : found) out.emplace_back(std::move(status));
        return out;
      },
      [respond = std::move(respond)](json::array found) {
        respond(json_response(200, {{"statuses", std::move(found)}}));
      });
}

void Agent::set_status(const Call& call, http::Respond respond) const {
  const std::string named = text(call.body, "status");
  if (named.empty()) return respond(error_json(400, "invalid", "status is needed: its id or its name."));
  with_desk(call, std::move(respond), [this, agent = call.badge.agent, named](const Desk&, http::Respond then) {
    ask(
        host_,
        [agent, named](const World& world, const Local&) -> Result<presence::SetStatus> {
          const auto id = parse_uuid(named);
          const config::Document* status = id ? world.config().find(config::Kind::agent_status, *id)
                                              : world.config().named(config::Kind::agent_status, named);
          if (status == nullptr) return fail(Errc::not_found, "There is no status '" + named + "'.");
          const std::string& type = status->get("type");
          using Type = presence::StatusType;
          return presence::SetStatus{
              agent, status->id,
              type == "ROUTABLE" ? Type::routable : (type == "OFFLINE" ? Type::offline : Type::custom)};
        },
        [this, then = std::move(then)](const Result<presence::SetStatus>& verb) {
          if (!verb) return then(error_json(verb.error()));
          order(*verb, then);
        });
  });
}

// -- contacts

void Agent::message(const Call& call, http::Respond respond) const {
  std::string content = text(call.body, "content");
  std::string type = text(call.body, "content_type");
  const std::string token = text(call.body, "client_token");
  if (type.empty()) type = "text/plain";
  if (content.empty() || content.size() > kContentBytesMax) {
    return respond(error_json(400, "invalid", "content is needed, and at most 16 KB of it."));
  }
  if (!is_message_type(type)) return respond(error_json(400, "invalid", "content_type is no type of message."));
  if (token.size() > kTokenBytesMax) return respond(error_json(400, "invalid", "client_token is too long."));
  with_desk(call, std::move(respond),
            [this, call, content = std::move(content), type, token](const Desk& desk, const http::Respond& then) {
              const contact::Contact* contact = desk.find(call.contact);
              if (contact == nullptr) return then(not_yours());
              const auto as = voice(desk, *contact);
              if (!as) return then(error_json(as.error()));
              contact::Item item;
              item.id = command_id(host_, "agent SendMessage", call.badge.agent.value().text(), token);
              item.content_type = type;
              item.content = host_.seal(contact->key, content);
              item.role = contact::Role::agent;
              item.participant = *as;
              item.display_name = Text::plain(display_name(desk));
              Command order{.id = item.id, .verb = contact::Say{call.contact, item}, .keys = {}};
              host_.command(std::move(order), [then](const Result<Answer>& done) {
                if (!done) return then(error_json(done.error()));
                then(json_response(200, {{"id", done->id.text()}, {"at", iso_time(done->at)}}));
              });
            });
}

void Agent::event(const Call& call, http::Respond respond) const {
  const std::string name = text(call.body, "event");
  json::object content;
  if (name == "message.read" || name == "message.delivered") {
    const std::string message = text(call.body, "message");
    if (message.empty()) return respond(error_json(400, "invalid", "message is needed: the id of what was read."));
    content["messageId"] = message;
  } else if (name != "typing") {
    return respond(error_json(400, "invalid", "event must be typing, message.read or message.delivered."));
  }
  with_desk(call, std::move(respond), [this, call, name, content](const Desk& desk, const http::Respond& then) {
    const contact::Contact* contact = desk.find(call.contact);
    if (contact == nullptr) return then(not_yours());
    const auto as = voice(desk, *contact);
    if (!as) return then(error_json(as.error()));
    contact::Item item;
    item.id = host_.mint();
    item.content_type = event_type(name);
    if (!content.empty()) item.content = Text::plain(json_response(200, content).body);
    item.role = contact::Role::agent;
    item.participant = *as;
    item.display_name = Text::plain(display_name(desk));
    item.at = Hlc::at(host_.utc_ms());
    host_.pass_on(call.contact, std::move(item));
    then(json_response(200, {}));
  });
}

void Agent::transcript(const Call& call, http::Respond respond) const {
  std::size_t max = kPageDefault;
  std::optional<Uuid> before;
  for (const auto& [name, value] : call.query) {
    if (name == "max") {
      const bool number =
          !value.empty() && value.size() <= 4 && value.find_first_not_of("0123456789") == std::string::npos;
      if (!number) return respond(error_json(400, "invalid", "max must be a number up to 1000."));
      max = std::clamp<std::size_t>(static_cast<std::size_t>(std::atol(value.c_str())), 1, kPageMax);
    } else if (name == "before") {
      before = parse_uuid(value);
      if (!before) return respond(error_json(400, "invalid", "before must be the id of an entry."));
    }
  }
  struct Page {
    Desk desk;
    bool his = false;
    std::vector<contact::Item> items;  // the newest before `before`, oldest first
    bool more = false;
  };
  ask(
      host_,
      [badge = call.badge, id = call.contact, max, before](const World& world, const Local& local) {
        Page out{look(world, local, badge.agent, badge.desktop), false, {}, false};
        const contact::Contact* contact = out.desk.open ? out.desk.find(id) : nullptr;
        if (contact == nullptr) contact = earlier(world, out.desk, id);
        if (contact == nullptr) return out;
        out.his = true;
        // What was said in a leg stands with the contact that goes on.
        auto all = world.contacts().transcript(contact->initial);
        if (contact->initial != id) std::erase_if(all, [&](const auto* item) { return item->at > contact->ended; });
        std::size_t to = all.size();
        for (std::size_t i = 0; before && i < all.size(); ++i) {
          if (all[i]->id == *before) to = i;
        }
        const std::size_t from = to - std::min(max, to);
        for (std::size_t i = from; i < to; ++i) out.items.push_back(*all[i]);
        out.more = from > 0;
        return out;
      },
      [this, respond = std::move(respond)](const Page& page) {
        if (!page.desk.open) return respond(error_json(409, "not_signed_in", page.desk.why_not));
        if (!page.his) return respond(not_yours());
        json::array items;
        for (const contact::Item& item : page.items) items.emplace_back(item_json(host_, item));
        respond(json_response(200, {{"items", std::move(items)}, {"more", page.more}}));
      });
}

// The customer's contacts before this one, and besides it.
void Agent::history(const Call& call, http::Respond respond) const {
  struct Found {
    Desk desk;
    bool his = false;
    std::vector<std::pair<contact::Contact, std::string>> contacts;  // and who served it; the latest first
  };
  ask(
      host_,
      [badge = call.badge, id = call.contact](const World& world, const Local& local) {
        Found out{look(world, local, badge.agent, badge.desktop), false, {}};
        const contact::Contact* contact = out.desk.open ? out.desk.find(id) : nullptr;
        if (contact == nullptr) return out;
        out.his = true;
        if (contact->person.nil()) return out;
        for (const ContactId each : std::views::reverse(world.contacts().of_person(contact->person))) {
          const contact::Contact& other = world.contacts().find(each)->contact;
          if (each == id || other.id == contact->initial) continue;
          const config::Document* user = world.config().find(config::Kind::user, other.agent.value());
          out.contacts.emplace_back(other, user == nullptr ? "" : world.config().served_name(*user));
          if (out.contacts.size() == kHistoryMax) break;
        }
        return out;
      },
      [this, respond = std::move(respond)](const Found& found) {
        if (!found.desk.open) return respond(error_json(409, "not_signed_in", found.desk.why_not));
        if (!found.his) return respond(not_yours());
        json::array contacts;
        for (const auto& [contact, agent] : found.contacts) {
          json::object each = contact_json(host_, contact, nullptr);
          if (!agent.empty()) each["agent"] = agent;
          contacts.emplace_back(std::move(each));
        }
        respond(json_response(200, {{"contacts", std::move(contacts)}}));
      });
}

void Agent::end(const Call& call, http::Respond respond) const {
  with_desk(call, std::move(respond), [this, call](const Desk& desk, const http::Respond& then) {
    const contact::Contact* contact = desk.find(call.contact);
    const presence::Slot* slot = slot_of(desk, call.contact);
    const bool asked = contact != nullptr && slot == nullptr && contact->is_consultation();
    if (contact == nullptr || (slot == nullptr && !asked)) return then(not_yours());
    if (over(*contact)) return then(json_response(200, {}));
    if (slot != nullptr && slot->state != presence::SlotState::busy) {
      return then(error_json(409, "refused", "Only a contact that you serve can be ended."));
    }
    const json::value* outcome = call.body.if_contains("outcome");
    const bool unanswered = outcome != nullptr && *outcome == "unanswered";
    if (outcome != nullptr && !(unanswered && contact->is_callback())) {
      return then(error_json(400, "invalid", "The outcome may be \"unanswered\", of a callback."));
    }
    order(contact::End{call.contact, contact::Role::agent, unanswered ? contact::kUnanswered : "AGENT_DISCONNECT"},
          then);
  });
}

}  // namespace tandem::api::agent
