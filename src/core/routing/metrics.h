// What queues and agents look like at a moment, over all regions: the real-time metrics. Source: Amazon Connect
// Administrator Guide, "Metric definitions"; API Reference, "GetCurrentMetricData".
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/config/view.h"
#include "core/contact/view.h"
#include "core/presence/view.h"

namespace tandem::routing {

// The states that metrics are read from.
struct Centre {
  const config::State& config;
  const contact::State& contacts;
  const presence::State& agents;
};

// What metrics look at in an agent whose desktop is open: a copy, so that they can be counted off the loop.
struct AgentNow {
  AgentId agent;
  Uuid profile;  // nil: none
  Uuid status;
  presence::StatusType type = presence::StatusType::offline;
  bool missed = false;
  bool routable = false;  // contacts are routed to the agent, as far as there is room
  std::vector<std::pair<contact::Channel, presence::SlotState>> slots;
  presence::Capacity capacity;
  std::set<std::pair<Uuid, std::string>> queues;  // of the profile, and the channel they are served on
};
[[nodiscard]] AgentNow agent_now(const config::State& config, const presence::Presence& presence);

// The part of the centre that a metric is about. An empty set: everything.
struct Scope {
  std::set<Uuid> queues;  // an agent's own has the agent's id
  std::set<Uuid> profiles;
  std::set<Uuid> statuses;
  std::set<std::string> channels;
};
[[nodiscard]] bool concerns(const Scope& scope, const AgentNow& agent);

struct AgentCounts {
  std::int64_t signed_in = 0;
  std::int64_t online = 0;          // in any status but offline
  std::int64_t staffed = 0;         // in a routable status, whatever they do
  std::int64_t available = 0;       // could take one more contact
  std::int64_t non_productive = 0;  // in a custom status
  std::int64_t on_contact = 0;
  std::int64_t after_contact_work = 0;
  std::int64_t missed = 0;  // a contact, and chose no status since
  std::int64_t slots_active = 0;
  std::int64_t slots_available = 0;
};
// Counts the agent if the scope concerns him.
void count(AgentCounts& counts, const Scope& scope, const AgentNow& agent);

// Contacts that wait in the queue or ring at the desktop of an agent, where they wait until he accepts.
[[nodiscard]] std::vector<const contact::Contact*> waiting_in(const contact::State& contacts, QueueId queue);
[[nodiscard]] std::vector<const contact::Contact*> ringing_at(const contact::State& contacts,
                                                              const presence::Presence& presence);

// One queue, on one channel or on all.
struct QueueMetrics {
  std::uint64_t size = 0;
  std::chrono::milliseconds oldest{};  // 0: nobody waits
  AgentCounts agents;                  // who serve it
  // Of a contact that is queued next, when the metrics are of one channel and it can be said (wait.h).
  std::optional<std::chrono::milliseconds> expected_wait;
  // Of the contact that asks, when it is in a queue, whichever.
  std::optional<std::uint64_t> own_position;
  std::optional<std::chrono::milliseconds> own_expected_wait;
};
// `asking`, whose flow wants to know, counts as it stands there, which may not be on record yet. Takes as long as the
// queue is, and agents are signed in.
[[nodiscard]] QueueMetrics queue_metrics(const Centre& centre, QueueId queue, std::optional<contact::Channel> channel,
                                         const contact::Contact& asking, Hlc now);
// The same, for who sees no states.
using AskMetrics =
    std::function<QueueMetrics(QueueId, std::optional<contact::Channel>, const contact::Contact& asking)>;
[[nodiscard]] AskMetrics metrics_of(const Centre& centre, Hlc now);

}  // namespace tandem::routing
