#include "core/distribution/balance.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "base/rng.h"

namespace tandem::distribution {
namespace {

std::vector<std::int64_t> drawn_weights(Rng& rng, std::size_t regions) {
  std::vector<std::int64_t> weights(regions);
  do {
    for (std::int64_t& weight : weights) weight = rng.chance(1, 4) ? 0 : static_cast<std::int64_t>(rng.below(1000)) + 1;
  } while (std::accumulate(weights.begin(), weights.end(), std::int64_t{}) == 0);
  return weights;
}

// Counts for itself: what each region was to have of the contacts since the weights are as they are, and what it got.
struct Ledger {
  std::vector<std::int64_t> weights;
  std::vector<std::int64_t> counts;
  std::int64_t all = 0;
  explicit Ledger(std::vector<std::int64_t> w) : weights(std::move(w)), counts(weights.size()) {}
  void add(std::size_t region) {
    ++counts[region];
    ++all;
  }
  // The furthest that a region is from its target, above 0: ahead.
  [[nodiscard]] std::pair<double, double> extremes() const {
    const double total = static_cast<double>(std::accumulate(weights.begin(), weights.end(), std::int64_t{}));
    double low = 0;
    double high = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const double off =
          static_cast<double>(counts[i]) - static_cast<double>(weights[i]) * static_cast<double>(all) / total;
      low = std::min(low, off);
      high = std::max(high, off);
    }
    return {low, high};
  }
};

TEST(Balance, FixedIsWithinOneAfterEveryContact) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Rng rng{seed};
    const std::size_t regions = 1 + rng.below(12);
    Balance balance;
    for (int change = 0; change < 6; ++change) {  // regions come and go, shares change
      Ledger ledger(drawn_weights(rng, regions));
      balance.weigh(ledger.weights);
      const std::uint64_t contacts = 1 + rng.below(3000);
      for (std::uint64_t n = 0; n < contacts; ++n) {
        const auto choice = balance.choose({});
        ASSERT_GT(ledger.weights[choice.region], 0) << "seed " << seed;
        ledger.add(choice.region);
        const auto [low, high] = ledger.extremes();
        ASSERT_LT(high, 1) << "seed " << seed << ", contact " << n;
        ASSERT_GT(low, -1) << "seed " << seed << ", contact " << n;
      }
    }
  }
}

TEST(Balance, EveryPolicyKeepsItsBoundWhateverTheCosts) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Rng rng{seed};
    const std::size_t regions = 2 + rng.below(6);
    Balance balance;
    for (int change = 0; change < 4; ++change) {
      Ledger ledger(drawn_weights(rng, regions));
      Balance::Ask ask;
      ask.policy = static_cast<Policy>(rng.below(3));
      ask.bound = static_cast<std::uint32_t>(1 + rng.below(20));
      balance.weigh(ledger.weights);
      std::vector<double> costs(regions);
      for (int n = 0; n < 2000; ++n) {
        for (std::size_t i = 0; i < regions; ++i) costs[i] = static_cast<double>(i * 50 + rng.below(100));
        ask.costs = rng.chance(1, 10) ? std::span<const double>{} : costs;
        ask.returning.reset();
        if (rng.chance(1, 5)) ask.returning = rng.below(regions);
        ledger.add(balance.choose(ask).region);
        ASSERT_LE(ledger.extremes().second, ask.bound) << "seed " << seed << ", contact " << n;
      }
    }
  }
}

TEST(Balance, SeveralDecidersStayWithinTheirNumber) {
  Rng rng{7};
  std::vector<Balance> deciders(5);
  Ledger ledger({334, 333, 333});
  for (Balance& each : deciders) each.weigh(ledger.weights);
  for (int n = 0; n < 20'000; ++n) {
    ledger.add(deciders[rng.below(deciders.size())].choose({}).region);
    const auto [low, high] = ledger.extremes();
    ASSERT_LT(high, 5);
    ASSERT_GT(low, -5);
  }
}

TEST(Balance, ARegionThatComesBackIsNotCaughtUpWith) {
  Balance balance;
  balance.weigh(std::vector<std::int64_t>{1, 1});
  for (int n = 0; n < 10; ++n) (void)balance.choose({});
  balance.weigh(std::vector<std::int64_t>{1, 0});
  for (int n = 0; n < 100; ++n) EXPECT_EQ(balance.choose({}).region, 0U);
  balance.weigh(std::vector<std::int64_t>{1, 1});
  int second = 0;
  for (int n = 0; n < 10; ++n) second += balance.choose({}).region == 1 ? 1 : 0;
  EXPECT_EQ(second, 5);
}

TEST(Balance, WhatDidNotComeToBeIsGivenAgain) {
  Balance balance;
  balance.weigh(std::vector<std::int64_t>{700, 300});
  Ledger ledger({700, 300});
  Rng rng{3};
  for (int n = 0; n < 2000; ++n) {
    const std::size_t region = balance.choose({}).region;
    if (rng.chance(1, 3)) {
      balance.take_back(region, balance.since());
      continue;
    }
    ledger.add(region);
    const auto [low, high] = ledger.extremes();
    ASSERT_LT(high, 1);
    ASSERT_GT(low, -1);
  }
  const std::uint64_t before = balance.since();
  balance.weigh(std::vector<std::int64_t>{300, 700});
  (void)balance.choose({});
  balance.take_back(0, before);  // of the former count: nothing to give back
  EXPECT_EQ(balance.count(), 1U);
}

TEST(Balance, TheReasonIsGiven) {
  Balance balance;
  balance.weigh(std::vector<std::int64_t>{1, 1});
  const std::vector<double> costs{10, 90};
  Balance::Ask ask{Policy::nearest_balanced, 2, costs, {}};
  EXPECT_EQ(balance.choose(ask).rule, Rule::nearest);
  Rule last = Rule::nearest;
  for (int n = 0; n < 50 && last == Rule::nearest; ++n) last = balance.choose(ask).rule;
  EXPECT_EQ(last, Rule::bound);
  ask.returning = 1;
  EXPECT_EQ(balance.choose(ask).rule, Rule::returning);
  ask.policy = Policy::least_wait;
  ask.returning.reset();
  balance.weigh(std::vector<std::int64_t>{3, 1});
  EXPECT_EQ(balance.choose(ask).rule, Rule::nearest);
  balance.weigh(std::vector<std::int64_t>{0, 1});
  EXPECT_EQ(balance.choose(ask).rule, Rule::only);
}

}  // namespace
}  // namespace tandem::distribution
