// How long a contact may still have to wait: an estimate, from what is on record alone (docs/routing.md).
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "core/routing/metrics.h"

namespace tandem::routing {

inline constexpr std::chrono::milliseconds kPaceWindow = 1h;  // older answers say nothing about the present
inline constexpr std::size_t kIntervalsMax = 20;              // between answers; the latest count
inline constexpr std::size_t kIntervalsMin = 3;               // with fewer there is no estimate
inline constexpr std::size_t kAnswersReadMax = 500;           // to find them

// Of a contact that is in a queue, whether its place is on record yet or not. Nothing: it cannot be said. Takes as long
// as the queue is, and agents are signed in.
[[nodiscard]] std::optional<std::chrono::milliseconds> expected_wait(const Centre& centre,
                                                                     const contact::Contact& contact, Hlc now);

// Of a contact that would be queued now, behind all others, and asks for no agents in particular: per queue and channel
// for which it can be said.
using Waits = std::map<std::pair<QueueId, contact::Channel>, std::chrono::milliseconds>;
[[nodiscard]] Waits expected_waits(const Centre& centre, const std::set<QueueId>& queues,
                                   const std::set<contact::Channel>& channels, Hlc now);

}  // namespace tandem::routing
