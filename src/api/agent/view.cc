#include "api/agent/view.h"

#include <boost/json/array.hpp>

#include "api/common.h"
#include "api/customers.h"
#include "core/presence/decide.h"
#include "core/presence/desk.h"

namespace tandem::api::agent {
namespace {

namespace json = boost::json;

void put(json::object& out, std::string_view member, const std::string& value) {
  if (!value.empty()) out[member] = value;
}
void put_id(json::object& out, std::string_view member, const Uuid& id) {
  if (!id.nil()) out[member] = id.text();
}
void put_time(json::object& out, std::string_view member, Hlc at) {
  if (at.packed != 0) out[member] = iso_time(at);
}

const char* from_name(contact::Role role) {
  switch (role) {
    case contact::Role::customer:
      return "customer";
    case contact::Role::agent:
      return "agent";
    case contact::Role::system:
      return "system";
  }
  return "system";
}

const char* type_name(presence::StatusType type) {
  switch (type) {
    case presence::StatusType::routable:
      return "ROUTABLE";
    case presence::StatusType::custom:
      return "CUSTOM";
    case presence::StatusType::offline:
      return "OFFLINE";
  }
  return "OFFLINE";
}

const char* stage_name(contact::ConsultStage stage) {
  switch (stage) {
    case contact::ConsultStage::none:
    case contact::ConsultStage::apart:
      return "apart";
    case contact::ConsultStage::swapped:
      return "swapped";
    case contact::ConsultStage::joined:
      return "joined";
  }
  return "apart";
}

const char* phase_name(contact::Phase phase) {
  switch (phase) {
    case contact::Phase::in_flow:
      return "in_flow";
    case contact::Phase::queued:
      return "queued";
    case contact::Phase::offering:
      return "ringing";
    case contact::Phase::with_agent:
      return "connected";
    case contact::Phase::abandoned:
      return "away";
    case contact::Phase::ended:
      return "ended";
  }
  return "ended";
}

// Why the desktop that asks is not the open one, as its agent is told.
std::string closed_because(const World& world, const Local& local, const presence::Held* held, const Uuid& desktop) {
  if (held == nullptr || held->presence.desktop.nil()) return "You are signed out. Sign in again.";
  const membership::Member* member = world.members().find(held->line.node);
  const std::string where = member != nullptr ? member->region : "another region";
  if (held->line.node != local.self) return "You are signed in at " + where + ".";
  if (held->presence.desktop != desktop) return "You are signed in on another desktop.";
  return "This region was restarted. Sign in again.";
}

}  // namespace

Desk look(const World& world, const Local& local, AgentId agent, const Uuid& desktop) {
  Desk out;
  out.user = agent.value();
  out.region = local.region;
  const config::State& config = world.config();
  if (const config::Document* user = config.find(config::Kind::user, agent.value())) {
    out.username = config.served_name(*user);
    out.first_name = user->get("first_name");
    out.last_name = user->get("last_name");
    const auto profile_id = parse_uuid(user->get("routing_profile"));
    const config::Document* profile = profile_id ? config.find(config::Kind::routing_profile, *profile_id) : nullptr;
    if (profile != nullptr) {
      out.routing_profile = profile->id;
      out.routing_profile_name = config.served_name(*profile);
      out.concurrency = profile->list("concurrency.");
      for (const auto& [name, rank] : profile->list("queue.")) {
        const auto id = parse_uuid(std::string_view(name).substr(0, name.find('.')));
        const config::Document* queue = id ? config.find(config::Kind::queue, *id) : nullptr;
        if (queue != nullptr) out.queues.try_emplace(queue->id, config.served_name(*queue));
      }
    }
  }
  const presence::Held* held = world.agents().find(agent);
  const bool here = held != nullptr && held->line.node == local.self && held->line.incarnation == local.incarnation;
  out.open = here && !held->presence.desktop.nil() && held->presence.desktop == desktop;
  if (!out.open) {
    out.why_not = closed_because(world, local, held, desktop);
    return out;
  }
  out.presence = held->presence;
  const auto status_name = [&](const Uuid& id) {
    const config::Document* status = config.find(config::Kind::agent_status, id);
    return status == nullptr ? std::string() : config.served_name(*status);
  };
  out.status_name = status_name(held->presence.status);
  out.next_status_name = status_name(held->presence.next_status);
  for (const auto& [id, seen] : presence::on_desk(world.contacts(), held->presence)) {
    const contact::Contact& contact = world.contacts().find(id)->contact;
    if (seen.slot) out.contacts.emplace_back(contact, held->presence.slots.at(id));
    if (!seen.slot) out.guest_of.push_back(contact);
    const customer::Profile* profile = world.customers().find(contact.person);
    if (profile != nullptr && !profile->empty()) out.profiles.try_emplace(contact.person, *profile);
  }
  return out;
}

const contact::Contact* Desk::find(ContactId id) const {
  for (const auto& [contact, slot] : contacts) {
    if (contact.id == id) return &contact;
  }
  for (const contact::Contact& contact : guest_of) {
    if (contact.id == id) return &contact;
  }
  return nullptr;
}

const char* state_name(presence::SlotState state) {
  switch (state) {
    case presence::SlotState::reserved:
      return "offered";
    case presence::SlotState::busy:
      return "connected";
    case presence::SlotState::after_contact_work:
      return "after_contact_work";
  }
  return "offered";
}

json::object contact_json(Host& host, const contact::Contact& contact, const presence::Slot* slot) {
  json::object out{{"id", contact.id.value().text()},
                   {"initial_id", contact.initial.value().text()},
                   {"channel", presence::channel_name(contact.channel)},
                   {"ended", contact.phase == contact::Phase::ended}};
  if (slot != nullptr) {
    out["state"] = state_name(slot->state);
    put_time(out, slot->state == presence::SlotState::reserved ? "accept_before" : "until", slot->until);
  } else {
    out["state"] = phase_name(contact.phase);
  }
  put_id(out, "queue", contact.place.queue.value());
  json::object customer;
  put(customer, "name", words(host, contact.customer_name));
  put_id(customer, "participant", contact.customer);
  if (const auto at = contact.data.find(contact::kCallbackNumber); contact.is_callback() && at != contact.data.end()) {
    put(customer, "callback_number", words(host, at->second));
    out["attempts_left"] = contact.callback.attempts_left;
  }
  if (!customer.empty()) out["customer"] = std::move(customer);
  json::object attributes;
  for (const auto& [name, value] : contact.attributes) attributes[name] = words(host, value);
  out["attributes"] = std::move(attributes);
  json::object references;
  for (const auto& [name, value] : contact.data) {
    if (name.starts_with("References.") && name.ends_with(".Value")) {
      references[name.substr(11, name.size() - 17)] = words(host, value);
    }
  }
  if (!references.empty()) out["references"] = std::move(references);
  put(out, "name", contact.name);
  put(out, "description", words(host, contact.description));
  put_id(out, "previous_id", contact.previous.value());
  if (!contact.consult.contact.value().nil()) {
    out["consultation"] = {{"id", contact.consult.contact.value().text()},
                           {"stage", stage_name(contact.consult.stage)}};
  }
  put_id(out, "about", contact.about.contact.value());
  put_id(out, "participant", contact.agent_participant);
  put_time(out, "initiated_at", contact.initiated);
  put_time(out, "enqueued_at", contact.place.enqueued);
  put_time(out, "connected_at", contact.connected);
  put_time(out, "ended_at", contact.ended);
  put(out, "ended_by", contact.ended_by);
  return out;
}

json::object status_json(const presence::Presence& presence, const std::string& name, const std::string& next_name) {
  json::object out{{"type", type_name(presence.type)}, {"missed", presence.missed}};
  put_id(out, "id", presence.status);
  put(out, "name", name);
  put_time(out, "since", presence.since);
  if (presence.has_next) {
    json::object next{{"type", type_name(presence.next_type)}};
    put_id(next, "id", presence.next_status);
    put(next, "name", next_name);
    out["next"] = std::move(next);
  }
  if (!presence.move_to.empty()) {
    out["move_to"] = presence.move_to;
    out["move_now"] = presence.move_told.packed != 0;
    put_time(out, "move_by", presence.move_by);
  }
  return out;
}

json::object contact_json(Host& host, const Desk& desk, const contact::Contact& contact) {
  const auto slot = desk.presence.slots.find(contact.id);
  json::object out = contact_json(host, contact, slot == desk.presence.slots.end() ? nullptr : &slot->second);
  const auto profile = desk.profiles.find(contact.person);
  if (profile == desk.profiles.end()) return out;
  json::value& customer = out["customer"];
  if (!customer.is_object()) customer = json::object{};
  customer.get_object()["profile"] = customers::show(host, profile->second);
  return out;
}

json::object item_json(Host& host, const contact::Item& item) {
  json::object out{{"id", item.id.text()},
                   {"type", is_event(item.content_type) ? "event" : "message"},
                   {"content_type", item.content_type},
                   {"at", iso_time(item.at)}};
  out["from"] = from_name(item.role);
  put(out, "content", words(host, item.content));
  put(out, "name", words(host, item.display_name));
  put_id(out, "participant", item.participant);
  return out;
}

json::object desk_json(Host& host, const Desk& desk) {
  json::object agent{{"id", desk.user.text()}, {"username", desk.username}};
  put(agent, "first_name", desk.first_name);
  put(agent, "last_name", desk.last_name);
  json::array queues;
  for (const auto& [id, name] : desk.queues) queues.emplace_back(json::object{{"id", id.text()}, {"name", name}});
  json::object concurrency;
  for (const auto& [channel, count] : desk.concurrency) {
    concurrency[channel] = static_cast<std::int64_t>(std::atoll(count.c_str()));
  }
  json::object profile{{"name", desk.routing_profile_name}, {"concurrency", std::move(concurrency)}};
  put_id(profile, "id", desk.routing_profile);
  profile["queues"] = std::move(queues);
  json::array contacts;
  for (const auto& [contact, slot] : desk.contacts) contacts.emplace_back(contact_json(host, desk, contact));
  json::array guest_of;
  for (const contact::Contact& contact : desk.guest_of) guest_of.emplace_back(contact_json(host, desk, contact));
  return {{"agent", std::move(agent)},
          {"routing_profile", std::move(profile)},
          {"region", desk.region},
          {"desktop", desk.presence.desktop.text()},
          {"status", status_json(desk.presence, desk.status_name, desk.next_status_name)},
          {"contacts", std::move(contacts)},
          {"guest_of", std::move(guest_of)}};
}

}  // namespace tandem::api::agent
