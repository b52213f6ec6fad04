#include "core/distribution/balance.h"

#include <algorithm>

#include "base/check.h"

namespace tandem::distribution {
namespace {

__extension__ using Wide = __int128;

// Parts of the usual difference in cost by which a price moves per contact ahead: at once, and for good. Measured with
// bench/distribution: higher ones cost latency, lower ones run into the bound, which costs more.
constexpr double kAtOnce = 0.02;
constexpr double kForGood = 0.0004;
constexpr double kForget = 0.002;  // of the usual difference in cost, per contact

}  // namespace

void Balance::weigh(std::span<const std::int64_t> weights) {
  if (std::ranges::equal(weights, weights_)) return;
  weights_.assign(weights.begin(), weights.end());
  regions_.resize(weights.size());
  count_ = 0;
  ++since_;
  total_ = serving_ = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    regions_[i].weight = weights[i];
    regions_[i].due = 0;
    total_ += weights[i];
    serving_ += weights[i] > 0 ? 1 : 0;
  }
  TANDEM_CHECK(total_ > 0);
}

double Balance::ahead(std::size_t region) const {
  return -static_cast<double>(regions_[region].due) / static_cast<double>(total_);
}

// One contact more leaves it at most `bound` ahead. Its part of this contact is in `due` already.
bool Balance::may_have(const Region& region, std::uint32_t bound) const {
  return region.weight > 0 && total_ - region.due <= static_cast<std::int64_t>(bound) * total_;
}

std::size_t Balance::most_due() const {
  // A region may have its next contact once 1/(2n-2) of it is due, and must have it before 1 - 1/(2n-2) more is. Who
  // must first is taken: times are compared as fractions, by cross multiplication.
  const std::int64_t parts = std::max<std::int64_t>(2 * serving_ - 2, 2);
  const Region* best = nullptr;
  Wide best_time = 0;
  for (const Region& region : regions_) {
    if (region.weight == 0 || (serving_ > 1 && region.due * parts < total_)) continue;
    const Wide time = Wide{parts - 1} * total_ - Wide{parts} * region.due;
    if (best == nullptr || time * best->weight < best_time * region.weight) {
      best = &region;
      best_time = time;
    }
  }
  if (best == nullptr) {
    best = &*std::ranges::max_element(regions_, {}, [](const Region& r) { return r.weight > 0 ? r.due : INT64_MIN; });
  }
  return static_cast<std::size_t>(best - regions_.data());
}

std::optional<std::size_t> Balance::cheapest(const Ask& ask, bool priced, bool bounded) const {
  std::optional<std::size_t> best;
  double best_cost = 0;
  for (std::size_t i = 0; i < regions_.size(); ++i) {
    const Region& region = regions_[i];
    if (region.weight == 0 || (bounded && !may_have(region, ask.bound))) continue;
    double cost = ask.costs[i];
    if (priced) cost += region.price + kAtOnce * spread_ * ahead(i);
    const bool less = !best || cost < best_cost || (cost == best_cost && region.due > regions_[*best].due);
    if (!less) continue;
    best = i;
    best_cost = cost;
  }
  return best;
}

// Prices follow what the regions are ahead by.
void Balance::learn() {
  for (std::size_t i = 0; i < regions_.size(); ++i) {
    if (regions_[i].weight > 0) regions_[i].price += kForGood * spread_ * ahead(i);
  }
}

Balance::Choice Balance::choose(const Ask& ask) {
  for (Region& region : regions_) region.due += region.weight;
  ++count_;
  const auto take = [this](std::size_t region, Rule rule) {
    regions_[region].due -= total_;
    return Choice{region, rule};
  };
  if (ask.returning && may_have(regions_[*ask.returning], ask.bound)) return take(*ask.returning, Rule::returning);
  if (serving_ == 1) return take(most_due(), Rule::only);
  if (ask.policy == Policy::fixed || ask.costs.empty()) return take(most_due(), Rule::due);

  const bool priced = ask.policy == Policy::nearest_balanced;
  if (priced) {
    const auto [low, high] = std::ranges::minmax(ask.costs);
    spread_ += std::min(kForget, 1.0 / static_cast<double>(count_)) * (high - low - spread_);
  }
  const std::size_t wanted = *cheapest(ask, false, false);
  const std::size_t fair = priced ? *cheapest(ask, true, false) : wanted;
  // Of all regions together nobody is ahead, so one may always have it.
  const std::size_t taken = *cheapest(ask, priced, true);
  const Choice choice = take(taken, taken == wanted ? Rule::nearest : (taken == fair ? Rule::balanced : Rule::bound));
  if (priced) learn();
  return choice;
}

void Balance::take_back(std::size_t region, std::uint64_t since) {
  if (since != since_) return;
  --count_;
  regions_[region].due += total_;
  for (Region& each : regions_) each.due -= each.weight;
}

}  // namespace tandem::distribution
