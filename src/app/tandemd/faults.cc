#include "app/tandemd/faults.h"

#include <thread>

namespace tandem::app {

void Faults::order(const api::FaultOrder& order) {
  const std::lock_guard lock(mutex_);
  order_ = order;
  until_ = Clock::now() + order.lasts;
}

api::FaultOrder Faults::standing() const {
  const std::lock_guard lock(mutex_);
  return Clock::now() < until_ ? order_ : api::FaultOrder{};
}

std::optional<std::uint64_t> Faults::before_commit() const {
  const api::FaultOrder now = standing();
  if (now.commit_delay.count() > 0) std::this_thread::sleep_for(now.commit_delay);
  if (now.disk_full) return 0;
  return std::nullopt;
}

std::int64_t Faults::wall() const {
  const auto real = std::chrono::system_clock::now().time_since_epoch();
  const auto shown = std::chrono::duration_cast<std::chrono::nanoseconds>(real) + standing().clock;
  return std::chrono::nanoseconds(shown).count();
}

}  // namespace tandem::app
