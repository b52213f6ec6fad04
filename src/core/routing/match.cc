#include "core/routing/match.h"

#include <algorithm>

#include "base/bug.h"
#include "core/routing/index.h"
#include "core/routing/work.h"

namespace tandem::routing {
namespace {

using contact::Contact;
using contact::MoveState;
using contact::Phase;

const config::RoutingProfile::Queue* entry_of(const config::State& config, AgentId agent, const Contact& contact) {
  const config::RoutingProfile* profile = config.routing_profile(agent);
  if (profile == nullptr) return nullptr;
  const auto at = profile->queues.find({contact.place.queue.value(), presence::channel_name(contact.channel)});
  return at == profile->queues.end() ? nullptr : &at->second;
}

// Offers that are under way to the agent and hold no slot yet.
presence::PerChannel promised(const Sees& sees, AgentId agent, ContactId but) {
  presence::PerChannel out{};
  for (const ContactId id : sees.contacts.of_agent(agent)) {
    if (id == but) continue;
    const contact::Held* held = sees.contacts.find(id);
    const bool open = held->contact.move.state == MoveState::offered && held->contact.move.agent == agent;
    if (open) ++out[static_cast<std::size_t>(held->contact.channel)];
  }
  return out;
}

bool satisfies(const Sees& sees, AgentId agent, const Contact& contact, const Now& now) {
  const auto standing = contact.place.criteria.at(now.hlc);
  return standing.step == nullptr ||
         contact::satisfies(standing.step->expression, agent, sees.config.proficiencies(agent));
}

// An agent at the contact's own node serves it, with room or not.
bool served_at_home(const Sees& sees, NodeId home, const Contact& contact, const Now& now) {
  return std::ranges::any_of(sees.agents.routable(), [&](AgentId agent) {
    const presence::Held& held = *sees.agents.find(agent);
    return held.line.node == home && sees.serving(held.line) && entry_of(sees.config, agent, contact) != nullptr &&
           satisfies(sees, agent, contact, now);
  });
}

// Why there is no room: it makes a difference to whoever looks for a reason whether a slot is missing.
std::string_view full(const config::State& config, const presence::Presence& presence, contact::Channel channel) {
  const config::RoutingProfile* profile = config.routing_profile(presence.agent);
  if (profile == nullptr) return "no free slot";
  const presence::Capacity capacity = presence::capacity(*profile);
  const bool other = std::ranges::any_of(presence.slots, [&](const auto& entry) {
    const contact::Channel busy = entry.second.channel;
    return busy != channel && !capacity.any_channel[static_cast<std::size_t>(busy)];
  });
  return other ? "serves a channel beside which it is given no other" : "no free slot";
}

// Why the agent cannot take the contact now; empty when it can.
std::string_view obstacle(const Sees& sees, const presence::Held& held, const Contact& contact, const Now& now) {
  const presence::Presence& p = held.presence;
  if (p.desktop.nil()) return "signed out";
  if (!sees.serving(held.line)) return "its node does not answer";
  const bool preferred = contact.place.preferred == p.agent;
  if (preferred && presence::keeps_seat(p, contact)) return {};
  if (!preferred && !presence::routable(p))
    return p.missed             ? "missed a contact"
           : p.has_next         ? "has chosen another status"
           : !p.move_to.empty() ? "is moving to another region"
                                : "status is not routable";
  if (!preferred && !contact.place.preferred.value().nil()) return "the contact waits for the agent it had";
  const bool agents_own = sees.config.is_agents_own(contact.place.queue);
  const bool his_own = agents_own && contact.place.queue.value() == p.agent.value();
  if (agents_own && !his_own && !preferred) return "the contact waits in another agent's queue";
  if (!his_own) {
    const config::RoutingProfile::Queue* entry = entry_of(sees.config, p.agent, contact);
    if (entry == nullptr) return "the queue is not in its routing profile";
    const std::chrono::milliseconds waited = now.hlc - contact.place.enqueued;
    if (!preferred && !satisfies(sees, p.agent, contact, now)) return "does not meet the routing criteria";
    if (!preferred && waited < entry->delay) return "the contact has not waited for the delay of its routing profile";
    const contact::Held* own = sees.contacts.find(contact.id);
    if (!preferred && own != nullptr && own->line.node != held.line.node &&
        waited < sees.config.local_preference(contact.place.queue) &&
        served_at_home(sees, own->line.node, contact, now)) {
      return "the contact waits for agents of its own node first";
    }
  }
  if (!presence::has_room(sees.config, p, contact.channel, promised(sees, p.agent, contact.id))) {
    return full(sees.config, p, contact.channel);
  }
  return {};
}

Decision reserve_here(const Sees& sees, const contact::Held& held, AgentId agent, const Now& now, Rng& rng) {
  Contact next = held.contact;
  Decision out = presence::seat(sees.contacts, *sees.agents.find(agent), next, sees.local, now, rng);
  append(out, contact::update(held, next));
  return out;
}

}  // namespace

bool may_offer(const Sees& sees, const contact::Held& held) {
  const Contact& c = held.contact;
  if (!sees.mine(held.line) || c.phase != Phase::queued || c.move.open()) return false;
  return c.kind == contact::Kind::work || c.attached;
}

std::vector<Candidate> candidates(const Sees& sees, const Contact& contact, const Now& now) {
  std::vector<Candidate> out;
  for (const auto& [agent, held] : sees.agents.all()) {
    if (held.presence.agent != agent) continue;
    out.push_back(
        {agent, held.line.node, held.presence.available_since, std::string(obstacle(sees, held, contact, now))});
  }
  std::ranges::sort(out, {},
                    [](const Candidate& c) { return std::tuple{!c.why_not.empty(), c.available_since, c.agent}; });
  return out;
}

Decision match(const Sees& sees, const Vector& saw, const Now& now, Rng& rng) {
  while (const auto choice = sees.matching.next(sees, now)) {
    const contact::Held& held = *sees.contacts.find(choice->contact);
    const bool here = choice->at == sees.local.self;
    if (held.contact.kind == contact::Kind::work) {
      // The node of the agent starts it; here it is given only once it ran.
      if (Decision step = here ? start(sees, held) : hand_on(sees, held); !step.empty()) return step;
      if (here && !may_run(sees, held)) {
        sees.matching.set_aside(choice->contact);
        continue;
      }
    }
    Decision out = here ? reserve_here(sees, held, choice->agent, now, rng)
                        : contact::offer(held, choice->at, choice->agent, sees.local, now, rng);
    out.records.push_back(Rec{Matched{choice->contact, choice->agent, choice->at, name_of(choice->rule),
                                      choice->candidates, saw, now.hlc, choice->step}});
    return out;
  }
  return {};
}

}  // namespace tandem::routing
