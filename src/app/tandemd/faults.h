// Faults that a drill orders of this node, where no hand from outside can make them on a machine that others use too.
// There is an object of this only where the settings say `faults: true`.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>

#include "api/ops/ops.h"

namespace tandem::app {

class Faults {
 public:
  // Replaces what stood.
  void order(const api::FaultOrder& order);
  // What still stands.
  [[nodiscard]] api::FaultOrder standing() const;

  // On the log's writer thread: takes as long as a slow disk would; the bytes that count as free on a full one.
  [[nodiscard]] std::optional<std::uint64_t> before_commit() const;
  // What the wall clock shows, in nanoseconds.
  [[nodiscard]] std::int64_t wall() const;

 private:
  using Clock = std::chrono::steady_clock;
  mutable std::mutex mutex_;
  api::FaultOrder order_;
  Clock::time_point until_;
};

}  // namespace tandem::app
