#include "io/password/password.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <thread>
#include <vector>

namespace tandem::password {
namespace {

constexpr Options kCheap{.passes = 1, .memory_kib = 64, .waiting_max = 2};

// Goal: a password is known again and nothing else is, and a hash never stands for two users.
// Method: hash twice with cheap parameters and compare against right, wrong and damaged input.
TEST(Password, KnowsAPasswordAgain) {
  const auto one = hash_now("Sunflower7", kCheap);
  const auto other = hash_now("Sunflower7", kCheap);
  ASSERT_TRUE(one.has_value() && other.has_value());
  EXPECT_TRUE(one->starts_with("$argon2id$"));
  EXPECT_NE(*one, *other);
  EXPECT_TRUE(verify_now(*one, "Sunflower7", kCheap));
  EXPECT_FALSE(verify_now(*one, "sunflower7", kCheap));
  EXPECT_FALSE(verify_now("", "Sunflower7", kCheap));
  EXPECT_FALSE(verify_now("$argon2id$v=19$m=99999999,t=1", "Sunflower7", kCheap));
}

// Goal: the worker answers everybody exactly once, refuses beyond its limit and when it stops.
// Method: many jobs at once, more than the queue holds, then destruction while some still wait.
TEST(Password, AnswersEverybodyOnce) {
  std::atomic<int> answered = 0;
  std::atomic<int> refused = 0;
  {
    Hasher hasher(kCheap);
    std::promise<Result<std::string>> hashed;
    hasher.hash("Sunflower7", [&](Result<std::string> result) { hashed.set_value(std::move(result)); });
    const auto encoded = hashed.get_future().get();
    ASSERT_TRUE(encoded.has_value());
    std::promise<Result<bool>> verified;
    hasher.verify(*encoded, "Sunflower7", [&](Result<bool> result) { verified.set_value(result); });
    EXPECT_EQ(verified.get_future().get(), Result<bool>(true));
    for (int i = 0; i < 50; ++i) {
      hasher.verify(*encoded, "wrong", [&](Result<bool> result) {
        ++answered;
        if (!result) ++refused;
      });
    }
  }
  EXPECT_EQ(answered, 50);
  EXPECT_GT(refused, 0);
}

// Goal: what waited so long that nobody waits for it any more costs no time.
// Method: the worker is held up by the answer to a first job until a second one has waited too long.
TEST(Password, DoesNotCheckWhatWaitedTooLong) {
  Options options = kCheap;
  options.wait_max = std::chrono::milliseconds(1);
  Hasher hasher(options);
  std::promise<void> asked;
  std::promise<Result<bool>> second;
  hasher.verify("", "first", [&, next = asked.get_future().share()](const Result<bool>&) {
    next.wait();
    const auto until = std::chrono::steady_clock::now() + 2 * options.wait_max;
    while (std::chrono::steady_clock::now() < until) std::this_thread::yield();
  });
  hasher.verify("", "second", [&](Result<bool> result) { second.set_value(result); });
  asked.set_value();
  const auto result = second.get_future().get();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::limit_exceeded);
}

}  // namespace
}  // namespace tandem::password
