#include "core/routing/match.h"

#include <algorithm>

#include "base/bug.h"
#include "core/routing/work.h"

namespace tandem::routing {
namespace {

using contact::Contact;
using contact::MoveState;
using contact::Phase;

bool serves_queue(const config::State& config, AgentId agent, QueueId queue, contact::Channel channel) {
  const config::RoutingProfile* profile = config.routing_profile(agent);
  return profile != nullptr && profile->queues.contains({queue.value(), presence::channel_name(channel)});
}

// Offers that are under way to the agent and hold no slot yet.
std::size_t promised(const Sees& sees, AgentId agent, ContactId but) {
  std::size_t out = 0;
  for (const ContactId id : sees.contacts.of_agent(agent)) {
    if (id == but) continue;
    const contact::Held* held = sees.contacts.find(id);
    out += held->contact.move.state == MoveState::offered && held->contact.move.agent == agent ? 1U : 0U;
  }
  return out;
}

// Why the agent cannot take the contact now; empty when it can.
std::string_view obstacle(const Sees& sees, const presence::Held& held, const Contact& contact) {
  const presence::Presence& p = held.presence;
  if (p.desktop.nil()) return "signed out";
  if (!sees.serving(held.line)) return "its node does not answer";
  const bool preferred = contact.place.preferred == p.agent;
  if (preferred && p.slots.contains(contact.id)) return {};
  if (!preferred && !presence::routable(p)) return p.missed ? "missed a contact" : "status is not routable";
  if (!preferred && !contact.place.preferred.value().nil()) return "the contact waits for the agent it had";
  if (!serves_queue(sees.config, p.agent, contact.place.queue, contact.channel))
    return "the queue is not in its routing profile";
  if (!presence::has_room(sees.config, p, contact.channel, promised(sees, p.agent, contact.id))) return "no free slot";
  return {};
}

std::vector<Candidate> able(const Sees& sees, const Contact& contact) {
  std::vector<Candidate> out;
  const auto add = [&](AgentId agent) {
    const presence::Held* held = sees.agents.find(agent);
    if (held == nullptr || !obstacle(sees, *held, contact).empty()) return;
    out.push_back({agent, held->line.node, held->presence.available_since, {}});
  };
  if (!contact.place.preferred.value().nil()) {
    add(contact.place.preferred);
  } else {
    for (const AgentId agent : sees.agents.routable()) add(agent);
  }
  std::ranges::sort(out, {}, [](const Candidate& c) { return std::pair{c.available_since, c.agent}; });
  return out;
}

Decision reserve_here(const Sees& sees, const contact::Held& held, AgentId agent, const Now& now, Rng& rng) {
  const presence::Held& desk = *sees.agents.find(agent);
  const bool resumes = held.contact.place.preferred == agent;
  presence::Presence after = desk.presence;
  presence::Slot& slot = after.slots[held.contact.id];
  slot.channel = held.contact.channel;
  slot.attempt = held.contact.attempt;
  slot.state = resumes ? presence::SlotState::busy : presence::SlotState::reserved;
  slot.until = resumes ? Hlc{} : now.hlc + sees.local.timers.ring;
  Contact next = held.contact;
  next.agent = agent;
  next.phase = resumes ? Phase::with_agent : Phase::offering;
  next.ring_until = resumes ? Hlc{} : slot.until;
  next.place.preferred = {};
  next.place.preferred_until = {};
  if (resumes && next.agent_participant.nil()) next.agent_participant = mint_uuid(now.hlc, rng);
  Decision out = presence::update(desk, after);
  Decision changed = contact::update(held, next);
  std::ranges::move(changed.records, std::back_inserter(out.records));
  return out;
}

Decision offer_there(const Sees& sees, const contact::Held& held, const Candidate& to, const Now& now, Rng& rng) {
  Contact next = held.contact;
  next.move = contact::Move{mint_uuid(now.hlc, rng),           sees.local.self, to.node, MoveState::offered,
                            now.hlc + sees.local.timers.offer, to.agent};
  next.given = contact::next_term(held);
  return contact::update(held, next);
}

}  // namespace

bool may_offer(const Sees& sees, const contact::Held& held) {
  const Contact& c = held.contact;
  if (!sees.mine(held.line) || c.phase != Phase::queued || c.move.open()) return false;
  return c.kind == contact::Kind::work || c.attached;
}

std::vector<Candidate> candidates(const Sees& sees, const Contact& contact, const Now&) {
  std::vector<Candidate> out;
  for (const auto& [agent, held] : sees.agents.all()) {
    if (held.presence.agent != agent) continue;
    out.push_back({agent, held.line.node, held.presence.available_since, std::string(obstacle(sees, held, contact))});
  }
  std::ranges::sort(out, {},
                    [](const Candidate& c) { return std::tuple{!c.why_not.empty(), c.available_since, c.agent}; });
  return out;
}

Decision match(const Sees& sees, const Vector& saw, const Now& now, Rng& rng) {
  struct Waiting {
    std::int32_t priority;
    std::int64_t age;  // adjusted enqueue time: the smaller, the longer it waits
    ContactId id;
    auto operator<=>(const Waiting&) const = default;
  };
  std::vector<Waiting> waiting;
  for (const ContactId id : sees.contacts.queued_at(sees.local.self)) {
    const contact::Held& held = *sees.contacts.find(id);
    if (!may_offer(sees, held)) continue;
    const contact::Place& place = held.contact.place;
    waiting.push_back(
        {place.priority, static_cast<std::int64_t>(place.enqueued.milliseconds()) - place.age_adjustment.count(), id});
  }
  std::ranges::sort(waiting);
  std::set<std::pair<QueueId, contact::Channel>> nobody;  // queues for which no agent has room now
  for (const Waiting& w : waiting) {
    const contact::Held& held = *sees.contacts.find(w.id);
    const std::pair where{held.contact.place.queue, held.contact.channel};
    const bool anybody = held.contact.place.preferred.value().nil();
    if (anybody && nobody.contains(where)) continue;
    const std::vector<Candidate> found = able(sees, held.contact);
    if (found.empty()) {
      if (anybody) nobody.insert(where);
      continue;
    }
    const Candidate& best = found.front();
    if (held.contact.kind == contact::Kind::work) {
      // The node of the agent starts it; here it is given only once it ran.
      const bool here = best.node == sees.local.self;
      if (Decision step = here ? start(sees, held) : hand_on(sees, held); !step.empty()) return step;
      if (here && !may_run(sees, held)) continue;
    }
    Decision out = best.node == sees.local.self ? reserve_here(sees, held, best.agent, now, rng)
                                                : offer_there(sees, held, best, now, rng);
    out.records.push_back(Rec{Matched{w.id, best.agent, best.node, anybody ? "longest-available" : "preferred-agent",
                                      static_cast<std::uint32_t>(found.size()), saw, now.hlc}});
    return out;
  }
  return {};
}

}  // namespace tandem::routing
