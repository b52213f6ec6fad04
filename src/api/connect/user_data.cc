// GetCurrentUserData: what the signed-in agents do at this moment, wherever they are.
#include <algorithm>
#include <cstdlib>
#include <set>

#include "api/connect/context.h"

namespace tandem::api::connect {
namespace {

struct Filter {
  std::set<Uuid> queues;
  std::set<Uuid> profiles;
  std::set<Uuid> agents;
  std::set<std::string> states;  // of contacts
};

Result<Filter> filter_of(const Context& context, const json::object& filters) {
  if (filters.contains("UserHierarchyGroups")) {
    return fail(Errc::refused, "UserHierarchyGroups: this centre has no hierarchy groups.");
  }
  Filter out;
  int given = 0;
  const auto read = [&](std::string_view member, std::string_view kind, std::set<Uuid>& to) -> Result<void> {
    const auto named = texts(filters, member);
    given += named.empty() ? 0 : 1;
    for (const std::string& each : named) {
      const auto id = context.id(each, kind);
      if (!id) return std::unexpected(id.error());
      to.insert(*id);
    }
    return {};
  };
  if (const auto good = read("Queues", kQueueArn, out.queues); !good) return std::unexpected(good.error());
  if (const auto good = read("RoutingProfiles", kRoutingProfileArn, out.profiles); !good) {
    return std::unexpected(good.error());
  }
  if (const auto good = read("Agents", kUserArn, out.agents); !good) return std::unexpected(good.error());
  if (const json::object* contacts = object(filters, "ContactFilter")) {
    for (const std::string& state : texts(*contacts, "ContactStates")) out.states.insert(state);
  }
  if (given == 0 && out.states.empty()) {
    return fail(Errc::invalid, "Filters must name Queues, RoutingProfiles, Agents or ContactFilter.");
  }
  return out;
}

const char* state_name(presence::SlotState state) {
  switch (state) {
    case presence::SlotState::reserved:
      return "CONNECTING";
    case presence::SlotState::busy:
      return "CONNECTED";
    case presence::SlotState::after_contact_work:
      return "ENDED";
  }
  return "ERROR";
}

json::object contact_of(const Context& context, const World& world, ContactId id, const presence::Slot& slot) {
  json::object out{{"ContactId", id.value().text()},
                   {"Channel", channel_name(slot.channel)},
                   {"InitiationMethod", "API"},
                   {"AgentContactState", state_name(slot.state)}};
  const contact::Held* held = world.contacts().find(id);
  if (held == nullptr) return out;
  const contact::Contact& contact = held->contact;
  put_time(out, "ConnectedToAgentTimestamp", contact.connected);
  switch (slot.state) {
    case presence::SlotState::reserved:
      put_time(out, "StateStartTimestamp", held->changed);
      break;
    case presence::SlotState::busy:
      put_time(out, "StateStartTimestamp", contact.connected);
      break;
    case presence::SlotState::after_contact_work:
      put_time(out, "StateStartTimestamp", contact.ended);
      break;
  }
  if (const Uuid& queue = contact.place.queue.value(); !queue.nil()) {
    out["Queue"] = json::object{{"Id", queue.text()}, {"Arn", context.arn(kQueueArn, queue)}};
  }
  return out;
}

void put_slots(json::object& out, const presence::Presence& presence, const config::Document* profile) {
  std::map<std::string, std::int64_t> max;
  std::map<std::string, std::int64_t> active;
  if (profile != nullptr) {
    for (const auto& [channel, count] : profile->list("concurrency.")) max[channel] = std::atoll(count.c_str());
  }
  for (const auto& [id, slot] : presence.slots) ++active[channel_name(slot.channel)];
  const bool routable = presence::routable(presence);
  json::object max_by;
  json::object active_by;
  json::object available_by;
  for (const auto& [channel, slots] : max) {
    const std::int64_t taken = active.contains(channel) ? active.at(channel) : 0;
    // Contacts of one channel at a time.
    const bool other = active.size() > (active.contains(channel) ? 1U : 0U);
    max_by[channel] = slots;
    active_by[channel] = taken;
    available_by[channel] = routable && !other ? std::max<std::int64_t>(0, slots - taken) : 0;
  }
  out["MaxSlotsByChannel"] = std::move(max_by);
  out["ActiveSlotsByChannel"] = std::move(active_by);
  out["AvailableSlotsByChannel"] = std::move(available_by);
}

std::optional<json::object> user_of(const Context& context, const World& world, const Filter& filter,
                                    const presence::Presence& presence) {
  const Uuid& id = presence.agent.value();
  if (presence.desktop.nil() || (!filter.agents.empty() && !filter.agents.contains(id))) return std::nullopt;
  const config::Document* user = world.config().find(config::Kind::user, id);
  if (user == nullptr) return std::nullopt;
  const auto profile_id = parse_uuid(user->get("routing_profile"));
  const config::Document* profile =
      profile_id ? world.config().find(config::Kind::routing_profile, *profile_id) : nullptr;
  if (!filter.profiles.empty() && (profile == nullptr || !filter.profiles.contains(profile->id))) return std::nullopt;
  if (!filter.queues.empty()) {
    bool serves = false;
    for (const Uuid& queue : filter.queues) {
      serves = serves || (profile != nullptr && !profile->list("queue." + queue.text() + '.').empty());
    }
    if (!serves) return std::nullopt;
  }
  json::array contacts;
  for (const auto& [contact, slot] : presence.slots) {
    if (!filter.states.empty() && !filter.states.contains(state_name(slot.state))) continue;
    contacts.emplace_back(contact_of(context, world, contact, slot));
  }
  if (!filter.states.empty() && contacts.empty()) return std::nullopt;
  json::object out{{"User", json::object{{"Id", id.text()}, {"Arn", context.arn(kUserArn, id)}}},
                   {"Contacts", std::move(contacts)}};
  if (profile != nullptr) {
    out["RoutingProfile"] =
        json::object{{"Id", profile->id.text()}, {"Arn", context.arn(kRoutingProfileArn, profile->id)}};
  }
  const config::Document* status = world.config().find(config::Kind::agent_status, presence.status);
  if (status != nullptr) {
    json::object chosen{{"StatusArn", context.arn(kAgentStatusArn, status->id)},
                        {"StatusName", world.config().served_name(*status)}};
    put_time(chosen, "StatusStartTimestamp", presence.since);
    out["Status"] = std::move(chosen);
  }
  if (presence.has_next) {
    const config::Document* next = world.config().find(config::Kind::agent_status, presence.next_status);
    if (next != nullptr) out["NextStatus"] = world.config().served_name(*next);
  }
  put_slots(out, presence, profile);
  return out;
}

model::Answer user_data(const Context& context, const model::Call& call, const World& world, const Filter& filter) {
  const auto max = static_cast<std::size_t>(number(call.input, "MaxResults").value_or(100));
  std::optional<Uuid> after;
  if (const std::string token = text(call.input, "NextToken"); !token.empty()) {
    after = parse_next_token(token);
    if (!after) return refuse(call, Errc::invalid, "NextToken is not one of ours");
  }
  json::array page;
  std::int64_t total = 0;
  Uuid last;
  json::object out;
  for (const auto& [agent, held] : world.agents().all()) {
    auto user = user_of(context, world, filter, held.presence);
    if (!user) continue;
    ++total;
    if (after && agent.value() <= *after) continue;
    if (page.size() == max) {
      out["NextToken"] = next_token(last);
      continue;
    }
    last = agent.value();
    page.emplace_back(std::move(*user));
  }
  out["UserDataList"] = std::move(page);
  out["ApproximateTotalCount"] = total;
  return out;
}

}  // namespace

void add_user_data_operations(const Context& context) {
  context.on("GetCurrentUserData", [context](const model::Call& call, model::Reply reply) {
    auto filter = filter_of(context, call.input.at("Filters").as_object());
    if (!filter) return reply(refuse(call, filter.error()));
    ask(
        context.host,
        [context, call, filter = std::move(*filter)](const World& world, const Local&) {
          return user_data(context, call, world, filter);
        },
        [reply = std::move(reply)](model::Answer found) { reply(std::move(found)); });
  });
}

}  // namespace tandem::api::connect
