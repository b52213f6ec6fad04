#include "core/routing/state.h"

#include <algorithm>
#include <limits>

namespace tandem::routing {

void State::apply(const Matched& record, const Meta& meta) {
  Explained& decision = decisions_[record.contact];
  if (record.now >= decision.matched.now) decision = Explained{record, meta.log.origin, meta.sequence, meta.log};
}

void State::apply(const Started& record, const Meta& meta) {
  Start& start = starts_[{record.contact, record.attempt}][meta.log.origin];
  start.number = std::max(start.number, record.number);
}

void State::apply(const StartAcked& record, const Meta& meta) {
  std::uint64_t& acked = starts_[{record.contact, record.attempt}][record.starter].acked[meta.log.origin];
  acked = std::max(acked, record.number);
}

void State::apply(const StartWithdrawn& record, const Meta& meta) {
  Start& start = starts_[{record.contact, record.attempt}][meta.log.origin];
  start.withdrawn = std::max(start.withdrawn, record.number);
}

void State::apply(const Ran& record, const Meta& meta) {
  Start& start = starts_[{record.contact, record.attempt}][meta.log.origin];
  start.ran = std::max(start.ran, record.number);
  start.ran_in = meta.log.incarnation;
}

const Starts& State::starts(ContactId contact, std::uint32_t attempt) const {
  static const Starts none;
  const auto at = starts_.find({contact, attempt});
  return at == starts_.end() ? none : at->second;
}

std::optional<std::uint32_t> State::last_ran(ContactId contact, NodeId node) const {
  constexpr std::uint32_t kLast = std::numeric_limits<std::uint32_t>::max();
  for (auto at = starts_.upper_bound({contact, kLast}); at != starts_.begin();) {
    --at;
    if (at->first.contact != contact) break;
    const auto start = at->second.find(node);
    if (start != at->second.end() && start->second.ran != 0) return at->first.attempt;
  }
  return std::nullopt;
}

}  // namespace tandem::routing
