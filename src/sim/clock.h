// The clocks of one machine. Its wall clock is off, drifts and jumps; its monotonic clock drifts too but never goes
// back and counts while the process is frozen. A process reads them as the design says: the wall clock at its start
// plus elapsed monotonic time, slewed by at most 1 %; a jump over 250 ms is not followed.
#pragma once

#include <cstdint>

#include "base/now.h"
#include "sim/events.h"

namespace tandem::sim {

class Clock {
 public:
  void set(Time mono_offset, Time wall_offset, std::int64_t drift_ppm) {
    mono_offset_ = mono_offset;
    wall_offset_ = wall_offset;
    drift_ppm_ = drift_ppm;
  }
  void jump(Time by) { wall_offset_ += by; }
  // The machine starts again: its wall clock was set right by the network, up to `rest`.
  void set_right(Time rest) { wall_offset_ = rest; }

  void process_started(Time t) {
    read_at_ = mono(t).since;
    estimate_ = wall(t);
  }
  [[nodiscard]] Now read(Time t) {
    const Mono m = mono(t);
    const Time elapsed = m.since - read_at_;
    read_at_ = m.since;
    estimate_ += elapsed;
    const Time off = wall(t) - estimate_;
    if (off <= 250ms && off >= -250ms) estimate_ += std::clamp(off, -elapsed / 100, elapsed / 100);
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(estimate_).count();
    return Now{m, Hlc::at(static_cast<std::uint64_t>(ms))};
  }
  // When the monotonic clock will show `m`; never before it does.
  [[nodiscard]] Time when(Mono m) const {
    const Time local = m.since - mono_offset_;
    const Time near = local - local / 1'000'000 * drift_ppm_;
    return near + (m.since - mono(near).since) + 1us;
  }
  [[nodiscard]] Mono mono(Time t) const { return Mono{mono_offset_ + t + t / 1'000'000 * drift_ppm_}; }
  [[nodiscard]] std::uint64_t wall_milliseconds(Time t) const {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(wall(t)).count());
  }

 private:
  static constexpr Time kEpoch = 1'790'000'000s;  // some day in 2026, UTC
  [[nodiscard]] Time wall(Time t) const { return kEpoch + wall_offset_ + t + t / 1'000'000 * drift_ppm_; }

  Time mono_offset_{};
  Time wall_offset_{};
  std::int64_t drift_ppm_ = 0;
  Time read_at_{};
  Time estimate_{};
};

}  // namespace tandem::sim
