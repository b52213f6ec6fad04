// What follows from a region's duty: a draining one gives away agents and waiting contacts, a ramping one takes its
// next step when it may.
#pragma once

#include "core/sees.h"

namespace tandem::distribution {

// Some region or node drains, ramps or joins: `react` has to be asked again in a while.
[[nodiscard]] bool on_duty(const Sees& sees);
[[nodiscard]] Decision react(const Sees& sees, const Now& now, Rng& rng);

// How far a drain is: what is still there.
struct Remains {
  std::size_t agents = 0;     // signed in there
  std::size_t in_flow = 0;    // contacts whose flow runs, or waits for its time
  std::size_t waiting = 0;    // in a queue
  std::size_t connected = 0;  // with an agent, or ringing
  [[nodiscard]] bool nothing() const { return agents + in_flow + waiting + connected == 0; }
};
[[nodiscard]] Remains remains(const Sees& sees, const std::string& place);

}  // namespace tandem::distribution
