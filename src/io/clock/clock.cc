#include "io/clock/clock.h"

#include <time.h>

#include <algorithm>

namespace tandem {
namespace {

constexpr std::int64_t kJump = 250'000'000;

std::int64_t read_clock(clockid_t id) {
  timespec t{};
  ::clock_gettime(id, &t);
  return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

}  // namespace

Clock::Clock() : Clock([] { return read_clock(CLOCK_REALTIME); }) {}

Clock::Clock(Read wall) : Clock([] { return read_clock(CLOCK_BOOTTIME); }, std::move(wall)) {}

Clock::Clock(Read boot, Read wall)
    : boot_(std::move(boot)), wall_(std::move(wall)), last_boot_(boot_()), utc_(wall_()) {}

Now Clock::now() {
  const std::int64_t boot = boot_();
  const std::int64_t elapsed = std::max<std::int64_t>(0, boot - last_boot_);
  last_boot_ = std::max(boot, last_boot_);
  utc_ += elapsed;
  const std::int64_t ahead = wall_() - utc_;
  offset_ = std::chrono::milliseconds(ahead / 1'000'000);
  doubted_ = ahead > kJump || ahead < -kJump;
  if (!doubted_) utc_ += std::clamp(ahead, -(elapsed / 100), elapsed / 100);
  return Now{Mono{std::chrono::nanoseconds(last_boot_)}, Hlc::at(static_cast<std::uint64_t>(utc_ / 1'000'000))};
}

}  // namespace tandem
