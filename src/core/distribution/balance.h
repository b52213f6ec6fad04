// Holds shares to the contact: given what each of some regions is to have, it says which one takes the next. One per
// distribution group and deciding node; the count is of what this one decided.
//
// `fixed` is the chairman assignment (R. Tijdeman, "The chairman assignment problem", Discrete Mathematics 32, 1980):
// for n regions no count is ever further than 1 - 1/(2n - 2) from its target. `nearest_balanced` adds to the latency
// of each region a price, which grows while the region is ahead of its target: the dual of the transport problem, found
// on the way. `least_wait` takes the shortest wait. The last two may leave the targets, but no region is ever more than
// `bound` contacts ahead.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/contact/view.h"

namespace tandem::distribution {

enum class Policy : std::uint8_t { fixed, nearest_balanced, least_wait, last_ = least_wait };

using Rule = contact::PlacedBy;

inline constexpr std::uint32_t kBound = 16;         // contacts that a region may be ahead of its target
inline constexpr std::uint32_t kBoundMax = 10'000;  // likewise, as configured

class Balance {
 public:
  struct Ask {
    Policy policy = Policy::fixed;
    std::uint32_t bound = kBound;
    // nearest_balanced: milliseconds to each region; least_wait: milliseconds of waiting. Empty: not known.
    std::span<const double> costs;
    std::optional<std::size_t> returning;  // the region of the customer's last contact
  };
  struct Choice {
    std::size_t region = 0;
    Rule rule = Rule::due;
  };

  // Weights of the regions, not all 0; only their ratios count. Other weights than before begin a new count: nobody
  // catches up with what was due under others. At most 64 regions, weights up to 10^9.
  void weigh(std::span<const std::int64_t> weights);
  [[nodiscard]] Choice choose(const Ask& ask);
  // The contact that was given to the region, while `since` was what it is named, did not come to be.
  void take_back(std::size_t region, std::uint64_t since);
  [[nodiscard]] std::uint64_t since() const {
    return since_;
  }  // names the count; another one begins with other weights

  [[nodiscard]] std::uint64_t count() const { return count_; }  // since the weights are as they are
  // How many contacts the region is ahead of its target; below 0: behind.
  [[nodiscard]] double ahead(std::size_t region) const;

 private:
  struct Region {
    std::int64_t weight = 0;
    std::int64_t due = 0;  // (target - count) * total weight
    double price = 0;      // milliseconds
  };
  [[nodiscard]] std::size_t most_due() const;  // Tijdeman's choice
  [[nodiscard]] std::optional<std::size_t> cheapest(const Ask& ask, bool priced, bool bounded) const;
  [[nodiscard]] bool may_have(const Region& region, std::uint32_t bound) const;
  void learn();

  std::vector<Region> regions_;
  std::vector<std::int64_t> weights_;
  std::int64_t total_ = 0;
  std::int64_t serving_ = 0;  // regions with a weight
  std::uint64_t count_ = 0;
  std::uint64_t since_ = 0;
  double spread_ = 0;  // of the costs seen, milliseconds; the scale of the prices
};

}  // namespace tandem::distribution
