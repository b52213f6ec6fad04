// The node's time. Mono counts through suspension. UTC is the wall clock at start plus elapsed monotonic time, slewed
// towards the wall clock at 1 % at most; a jump of the wall clock over 250 ms is reported and not followed.
#pragma once

#include <cstdint>
#include <functional>

#include "base/now.h"

namespace tandem {

class Clock {
 public:
  // Readings in nanoseconds; the defaults are CLOCK_BOOTTIME and CLOCK_REALTIME.
  using Read = std::function<std::int64_t()>;
  Clock();
  explicit Clock(Read wall);
  Clock(Read boot, Read wall);

  [[nodiscard]] Now now();
  // The wall clock stands more than 250 ms away from this one: new work should be refused and a person told.
  [[nodiscard]] bool doubted() const { return doubted_; }
  [[nodiscard]] std::chrono::milliseconds offset() const { return offset_; }  // wall minus this

 private:
  Read boot_;
  Read wall_;
  std::int64_t last_boot_ = 0;
  std::int64_t utc_ = 0;
  bool doubted_ = false;
  std::chrono::milliseconds offset_{};
};

}  // namespace tandem
