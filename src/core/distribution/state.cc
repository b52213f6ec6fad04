#include "core/distribution/state.h"

#include <fmt/format.h>

#include <charconv>

#include "base/bug.h"

namespace tandem::distribution {

std::optional<NodeId> node_of(std::string_view place) {
  constexpr std::string_view kNode = "node/";
  if (!place.starts_with(kNode)) return std::nullopt;
  std::uint16_t number = 0;
  const auto [end, bad] = std::from_chars(place.data() + kNode.size(), place.data() + place.size(), number);
  if (bad != std::errc{} || end != place.data() + place.size()) return std::nullopt;
  return NodeId{number};
}

std::uint32_t State::Region::part() const {
  if ((joining() && !bug::on(bug::Name::shadow_serves)) || (draining() && !bug::on(bug::Name::drain_takes_new)))
    return 0;
  return ramping() ? order.steps[step] : 1000;
}

void State::apply(const Ordered& record, const Meta& meta) {
  ++version_;
  remember(meta, Entry{record.region, record, {}, {}});
  Region& region = regions_[record.region];
  if (std::pair{meta.at, meta.log.origin} <= std::pair{region.at, region.by}) return;
  region = Region{record, meta.at, meta.log.origin};
  take_step(region);
}

void State::apply(const Stepped& record, const Meta& meta) {
  ++version_;
  remember(meta, Entry{record.region, {}, fmt::format("step {}: {}", record.step + 1, record.why), {}});
  const auto region = regions_.find(record.region);
  if (region != regions_.end() && record.order < region->second.at) return;  // of an order that stands no more
  Step& step = steps_[record.region][record.order];
  const auto rank = [](std::uint32_t number, Hlc at, std::uint32_t to) { return std::tuple{number, at, to}; };
  if (rank(record.number, meta.at, record.step) <= rank(step.number, step.at, step.step)) return;
  step = Step{record.step, record.number, meta.at};
  if (region != regions_.end()) take_step(region->second);
}

void State::take_step(Region& region) {
  const auto steps = steps_.find(region.order.region);
  if (steps == steps_.end()) return;
  steps->second.erase(steps->second.begin(), steps->second.lower_bound(region.at));
  const auto own = steps->second.find(region.at);
  if (own != steps->second.end()) {
    region.step = own->second.step;
    region.number = own->second.number;
    region.stepped = own->second.at;
  }
  if (steps->second.empty()) steps_.erase(steps);
}

void State::apply(const Changed& record, const Meta& meta) {
  ++version_;
  remember(meta, Entry{{}, {}, {}, record});
}

void State::remember(const Meta& meta, Entry entry) {
  history_[Moment{meta.at, meta.log.origin}] = std::move(entry);
  while (history_.size() > kHistoryMax) history_.erase(history_.begin());
}

const State::Region& State::region(const std::string& place) const {
  static const Region serving;
  const auto at = regions_.find(place);
  return at == regions_.end() ? serving : at->second;
}

}  // namespace tandem::distribution
