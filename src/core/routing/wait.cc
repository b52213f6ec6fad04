#include "core/routing/wait.h"

#include <algorithm>

#include "core/routing/order.h"
#include "core/routing/position.h"

namespace tandem::routing {
namespace {

using contact::Channel;
using contact::Contact;
using std::chrono::milliseconds;

// Room of agents to whom contacts are routed, by profile.
using Staff = std::map<const config::RoutingProfile*, presence::PerChannel>;

// What they could take at once, and whether there are any.
struct Room {
  bool staffed = false;
  std::size_t free = 0;
};

void add(Staff& staff, const Centre& centre, const presence::Presence& presence) {
  const config::RoutingProfile* profile = centre.config.routing_profile(presence.agent);
  if (profile == nullptr || !presence::routable(presence)) return;
  presence::PerChannel taken{};
  for (const auto& [id, slot] : presence.slots) ++taken[static_cast<std::size_t>(slot.channel)];
  const presence::Capacity capacity = presence::capacity(*profile);
  presence::PerChannel& free = staff[profile];
  for (std::size_t n = 0; n < contact::kChannels; ++n)
    free[n] += presence::room(capacity, taken, static_cast<Channel>(n));
}

// Of an agent's own queue, `staff` is that agent alone. An agent to whom contacts come after a delay is no room before.
Room room_for(const Centre& centre, const Staff& staff, QueueId queue, Channel channel, milliseconds waited) {
  Room out;
  const bool own = centre.config.is_agents_own(queue);
  for (const auto& [profile, free] : staff) {
    const auto entry = profile->queues.find({queue.value(), presence::channel_name(channel)});
    if (!own && entry == profile->queues.end()) continue;
    out.staffed = true;
    if (own || waited >= entry->second.delay) out.free += free[static_cast<std::size_t>(channel)];
  }
  return out;
}

Staff staff_of(const Centre& centre, QueueId queue, const contact::Expression* asked) {
  Staff out;
  const bool own = centre.config.is_agents_own(queue);
  for (const auto& [agent, held] : centre.agents.all()) {
    if (held.presence.desktop.nil() || (own && agent.value() != queue.value())) continue;
    const bool able = own || asked == nullptr || contact::satisfies(*asked, agent, centre.config.proficiencies(agent));
    if (able) add(out, centre, held.presence);
  }
  return out;
}

// Since when it waits: one that was queued before, and served since, keeps its time of queueing.
Hlc waiting_since(const Contact& contact) { return std::max(contact.place.enqueued, contact.place.criteria.activated); }

// The time between two answers while somebody waited, on the average: of the queue, channel and agents that `like` asks
// for.
std::optional<milliseconds> pace(const Centre& centre, const Contact& like, Hlc now) {
  const Asks asks(like, now);
  const auto& answers = centre.contacts.answered_in(like.place.queue, like.channel);
  const Contact* later = nullptr;
  const Contact* latest = nullptr;
  milliseconds sum{};
  std::size_t intervals = 0;
  std::size_t read = 0;
  for (auto at = answers.rbegin(); at != answers.rend() && intervals < kIntervalsMax && read < kAnswersReadMax;
       ++at, ++read) {
    const Contact& answered = centre.contacts.find(at->second)->contact;
    if (now - answered.connected > kPaceWindow) break;
    if (Asks(answered, answered.connected) != asks) continue;
    // The later one had been waiting when this one was answered, so in between nobody was free for it.
    if (later != nullptr && waiting_since(*later) <= answered.connected) {
      sum += later->connected - answered.connected;
      ++intervals;
    }
    later = &answered;
    if (latest == nullptr) latest = &answered;
  }
  if (intervals < kIntervalsMin) return std::nullopt;
  // An interval that lasts still tells something once it is longer than the others.
  const milliseconds open = now - latest->connected;
  const bool waits =
      like.place.enqueued <= latest->connected ||
      std::ranges::any_of(centre.contacts.queued_in(like.place.queue), [&](ContactId id) {
        const Contact& other = centre.contacts.find(id)->contact;
        return other.channel == like.channel && waiting_since(other) <= latest->connected && Asks(other, now) == asks;
      });
  if (waits && open * intervals > sum) {
    sum += open;
    ++intervals;
  }
  return sum / intervals;
}

std::optional<milliseconds> expected(const Centre& centre, const Contact& contact, const Room& room, Hlc now) {
  if (!room.staffed) return std::nullopt;
  const std::uint64_t before = position(centre.contacts, contact, now).value_or(1);
  if (room.free >= before) return milliseconds{};
  const auto each = pace(centre, contact, now);
  if (!each) return std::nullopt;
  return *each * (before - room.free);
}

}  // namespace

std::optional<milliseconds> expected_wait(const Centre& centre, const Contact& contact, Hlc now) {
  const bool rings = contact.phase == contact::Phase::offering;
  if (rings) return milliseconds{};
  if (contact.phase != contact::Phase::queued) return std::nullopt;
  if (!contact.place.preferred.value().nil()) return std::nullopt;  // it waits for one agent, who has it or not
  const auto standing = contact.place.criteria.at(now);
  const contact::Expression* asked = standing.step == nullptr ? nullptr : &standing.step->expression;
  const Staff staff = staff_of(centre, contact.place.queue, asked);
  const Room room = room_for(centre, staff, contact.place.queue, contact.channel, now - contact.place.enqueued);
  return expected(centre, contact, room, now);
}

Waits expected_waits(const Centre& centre, const std::set<QueueId>& queues, const std::set<Channel>& channels,
                     Hlc now) {
  Uuid last;
  last.bytes.fill(0xff);
  Waits out;
  Staff everybody;
  for (const auto& [agent, held] : centre.agents.all()) {
    if (!held.presence.desktop.nil()) add(everybody, centre, held.presence);
  }
  for (const QueueId queue : queues) {
    const bool own = centre.config.is_agents_own(queue);
    const Staff alone = own ? staff_of(centre, queue, nullptr) : Staff{};
    for (const Channel channel : channels) {
      Contact next;
      next.phase = contact::Phase::queued;
      next.channel = channel;
      next.id = ContactId{last};
      next.place.queue = queue;
      next.place.enqueued = now;
      next.place.priority = contact::kPriority;
      const auto wait = expected(centre, next, room_for(centre, own ? alone : everybody, queue, channel, {}), now);
      if (wait) out[{queue, channel}] = *wait;
    }
  }
  return out;
}

}  // namespace tandem::routing
