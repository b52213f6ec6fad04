// What nodes learn of each other beside their links, and rough weather that must not be taken for a death.
#include "sim/simulation.h"

namespace tandem::sim {
namespace {

constexpr Time kProbeEvery = 200ms;  // the daemon asks every 100 ms
constexpr Time kProbeMax = 500ms;
constexpr Time kJitterMax = 100ms;
constexpr Time kSentAgain = 200ms;  // the least after which TCP sends a lost segment again
constexpr Time kPause = 200ms;
constexpr Time kDeathEvery = 1h;
constexpr Time kDeathLasts = 1min;

}  // namespace

Time Simulation::one_way(const Link& link) {
  Time takes = link.base + std::chrono::microseconds{world_rng_.below(400)};
  if (events_.now() < link.slow_until) takes *= link.slow_factor;
  if (!options_.noise) return takes;
  takes += std::chrono::microseconds{world_rng_.below(static_cast<std::uint64_t>(kJitterMax / 1us))};
  for (Time again = kSentAgain; world_rng_.chance(1, 100); again *= 2) takes += again;
  return takes;
}

// A connection of its own to the address that clients use, there and back.
void Simulation::probe() {
  for (const auto& from : hosts_) {
    if (from->node == nullptr) continue;
    for (const auto& to : hosts_) {
      if (to->index == from->index || !to->expected) continue;
      const Link& l = link(from->index, to->index);
      const bool way = l.cut[0] == 0 && l.cut[1] == 0 && to->node != nullptr && !frozen(*to);
      const Time takes = one_way(l) + one_way(l);
      const bool answered = way && takes < kProbeMax;
      events_.in(answered ? takes : kProbeMax, [this, h = from.get(), node = to->id, answered, life = from->life] {
        if (h->life == life) feed(*h, ApiProbe{node, answered});
      });
    }
  }
  events_.in(kProbeEvery, [this] { probe(); });
}

void Simulation::noise() {
  evacuations_.only_the_dead();
  for (const auto& host : hosts_) pause_later(*host);
}

void Simulation::pause_later(Host& host) {
  events_.in(draw(1s, 20s), [this, &host] {
    if (host.node != nullptr && !frozen(host)) freeze(host, kPause);
    pause_later(host);
  });
}

void Simulation::die() {
  events_.in(kDeathEvery, [this] {
    Host& host = *hosts_[rng_.below(hosts_.size())];
    if (host.node != nullptr && !host.hub) {
      evacuations_.died(host.id, events_.now());
      kill(host, FaultKind::crash, kDeathLasts, rng_.chance(1, 2));
      events_.in(Evacuations::kFoundMax, [this] { evacuations_.over(events_.now()); });
    }
    die();
  });
}

}  // namespace tandem::sim
