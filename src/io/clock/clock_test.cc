#include "io/clock/clock.h"

#include <gtest/gtest.h>

namespace tandem {
namespace {

constexpr std::int64_t kMs = 1'000'000;

// Goal: small differences are slewed, jumps are reported and not followed. Method: both clocks are the test's own.
TEST(Clock, SlewsSmallDifferencesAndReportsJumps) {
  std::int64_t boot = 0;
  std::int64_t wall = 1'000'000 * kMs;
  Clock clock([&] { return boot; }, [&] { return wall; });
  EXPECT_EQ(clock.now().hlc.milliseconds(), 1'000'000U);
  boot += 1000 * kMs;
  wall += 1100 * kMs;  // the wall clock ran ahead by 100 ms in one second: at most 10 ms of it is taken
  EXPECT_EQ(clock.now().hlc.milliseconds(), 1'001'010U);
  EXPECT_FALSE(clock.doubted());
  wall += 3'600'000 * kMs;
  boot += 10 * kMs;
  EXPECT_EQ(clock.now().hlc.milliseconds(), 1'001'020U);
  EXPECT_TRUE(clock.doubted());
  wall -= 3'600'000 * kMs;
  EXPECT_GT(clock.now().hlc.milliseconds(), 1'001'000U);
  EXPECT_FALSE(clock.doubted());
  boot -= 5 * kMs;  // a clock that goes back is not followed
  const Mono before = clock.now().mono;
  boot -= 5 * kMs;
  EXPECT_GE(clock.now().mono, before);
}

}  // namespace
}  // namespace tandem
