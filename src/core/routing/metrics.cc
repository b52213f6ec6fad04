#include "core/routing/metrics.h"

#include <algorithm>

#include "core/routing/position.h"
#include "core/routing/wait.h"

namespace tandem::routing {
namespace {

using contact::Channel;
using presence::SlotState;
using Type = presence::StatusType;

bool in(const std::set<Uuid>& scope, const Uuid& id) { return scope.empty() || scope.contains(id); }
bool in(const std::set<std::string>& scope, const std::string& name) { return scope.empty() || scope.contains(name); }

// Serves a queue of the scope on the channel.
bool serves(const Scope& scope, const AgentNow& agent, const char* channel) {
  if (!in(scope.channels, channel)) return false;
  if (scope.queues.contains(agent.agent.value())) return true;  // his own
  return std::ranges::any_of(agent.queues,
                             [&](const auto& each) { return each.second == channel && in(scope.queues, each.first); });
}
const char* channel_name(std::size_t n) { return presence::channel_name(static_cast<Channel>(n)); }

void count_slots(AgentCounts& counts, const Scope& scope, const AgentNow& agent) {
  presence::PerChannel taken{};
  for (const auto& [channel, state] : agent.slots) ++taken[static_cast<std::size_t>(channel)];
  std::size_t free = 0;
  for (std::size_t n = 0; n < contact::kChannels; ++n) {
    const char* name = channel_name(n);
    if (!(scope.queues.empty() ? in(scope.channels, name) : serves(scope, agent, name))) continue;
    counts.slots_active += static_cast<std::int64_t>(taken[n]);
    if (agent.routable) free += presence::room(agent.capacity, taken, static_cast<Channel>(n));
  }
  counts.slots_available += static_cast<std::int64_t>(free);
  counts.available += free > 0;
}

}  // namespace

AgentNow agent_now(const config::State& config, const presence::Presence& presence) {
  AgentNow out;
  out.agent = presence.agent;
  out.status = presence.status;
  out.type = presence.type;
  out.missed = presence.missed;
  out.routable = presence::routable(presence);
  for (const auto& [id, slot] : presence.slots) out.slots.emplace_back(slot.channel, slot.state);
  const config::Document* user = config.find(config::Kind::user, presence.agent.value());
  const auto profile_id = user == nullptr ? std::nullopt : parse_uuid(user->get("routing_profile"));
  const config::RoutingProfile* profile = profile_id ? config.routing_profile(*profile_id) : nullptr;
  if (profile == nullptr) return out;
  out.profile = *profile_id;
  out.capacity = presence::capacity(*profile);
  for (const auto& [queue, entry] : profile->queues) out.queues.insert(queue);
  return out;
}

bool concerns(const Scope& scope, const AgentNow& agent) {
  if (!in(scope.profiles, agent.profile) || !in(scope.statuses, agent.status)) return false;
  if (scope.queues.empty() && scope.channels.empty()) return true;
  for (std::size_t n = 0; n < contact::kChannels; ++n) {
    if (serves(scope, agent, channel_name(n))) return true;
  }
  return false;
}

void count(AgentCounts& counts, const Scope& scope, const AgentNow& agent) {
  if (!concerns(scope, agent)) return;
  const auto holds = [&](auto in_state) { return std::ranges::any_of(agent.slots, in_state); };
  ++counts.signed_in;
  counts.online += agent.type != Type::offline;
  counts.staffed += agent.type == Type::routable;
  counts.non_productive += agent.type == Type::custom;
  counts.missed += agent.missed;
  counts.on_contact += holds([](const auto& slot) { return slot.second != SlotState::reserved; });
  counts.after_contact_work += holds([](const auto& slot) { return slot.second == SlotState::after_contact_work; });
  count_slots(counts, scope, agent);
}

std::vector<const contact::Contact*> waiting_in(const contact::State& contacts, QueueId queue) {
  std::vector<const contact::Contact*> out;
  for (const ContactId id : contacts.queued_in(queue)) out.push_back(&contacts.find(id)->contact);
  return out;
}

std::vector<const contact::Contact*> ringing_at(const contact::State& contacts, const presence::Presence& presence) {
  std::vector<const contact::Contact*> out;
  for (const auto& [id, slot] : presence.slots) {
    if (slot.state != SlotState::reserved) continue;
    const contact::Held* held = contacts.find(id);
    const bool rings = held != nullptr && held->contact.phase == contact::Phase::offering;
    if (rings && held->contact.agent == presence.agent) out.push_back(&held->contact);
  }
  return out;
}

QueueMetrics queue_metrics(const Centre& centre, QueueId queue, std::optional<Channel> channel,
                           const contact::Contact& asking, Hlc now) {
  QueueMetrics out;
  const auto add = [&](const contact::Contact& c) {
    if (c.place.queue != queue || (channel && c.channel != *channel)) return;
    ++out.size;
    out.oldest = std::max(out.oldest, now - c.place.enqueued);
  };
  const auto add_others = [&](const std::vector<const contact::Contact*>& all) {
    for (const contact::Contact* c : all) {
      if (c->id != asking.id) add(*c);
    }
  };
  add_others(waiting_in(centre.contacts, queue));
  if (asking.phase == contact::Phase::queued || asking.phase == contact::Phase::offering) add(asking);

  Scope scope;
  scope.queues.insert(queue.value());
  if (channel) scope.channels.insert(presence::channel_name(*channel));
  for (const auto& [agent, held] : centre.agents.all()) {
    if (held.presence.desktop.nil()) continue;
    add_others(ringing_at(centre.contacts, held.presence));
    if (agent.value() != queue.value()) {
      const config::RoutingProfile* profile = centre.config.routing_profile(agent);
      if (profile == nullptr) continue;
      const auto entry = profile->queues.lower_bound({queue.value(), ""});
      if (entry == profile->queues.end() || entry->first.first != queue.value()) continue;
    }
    count(out.agents, scope, agent_now(centre.config, held.presence));
  }
  if (channel) {
    const Waits waits = expected_waits(centre, {queue}, {*channel}, now);
    if (const auto at = waits.find({queue, *channel}); at != waits.end()) out.expected_wait = at->second;
  }
  out.own_position = position(centre.contacts, asking, now);
  out.own_expected_wait = expected_wait(centre, asking, now);
  return out;
}

AskMetrics metrics_of(const Centre& centre, Hlc now) {
  return [centre, now](QueueId queue, std::optional<Channel> channel, const contact::Contact& asking) {
    return queue_metrics(centre, queue, channel, asking, now);
  };
}

}  // namespace tandem::routing
