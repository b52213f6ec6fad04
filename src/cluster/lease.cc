#include "cluster/lease.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <vector>

#include "cluster/quorum.h"

namespace tandem::cluster {

namespace {
// Grants of one granter that wait for its log; at the default rates some twenty are alive at a time.
constexpr std::size_t kWaitingMax = 64;
constexpr Mono kForEver = Mono::max();
}  // namespace

Lease::Lease(NodeId self, Mono born, std::chrono::nanoseconds length)
    : self_(self), born_(born), length_(length), until_(born), held_until_(born), island_(born) {}

void Lease::set_members(const std::set<NodeId>& members, Now now) {
  others_ = members;
  others_.erase(self_);
  members_known_ = true;
  count();
  tick(now);
}

void Lease::granted(NodeId by, Mono sent, LogId log, Sequence position, Sequence applied, Now now) {
  if (!others_.contains(by) || sent > now.mono || sent < born_) return;
  Granter& granter = granters_[by];
  if (position <= applied) {
    granter.sent = std::max(granter.sent.value_or(sent), sent);
    count();
  } else {
    // The oldest stays: it is the one that will count first.
    if (granter.waiting.size() >= kWaitingMax) granter.waiting.erase(granter.waiting.begin() + 1);
    granter.waiting.push_back({sent, log, position});
  }
  tick(now);
}

void Lease::applied(LogId log, Sequence sequence, Now now) {
  const auto at = granters_.find(log.origin);
  if (at == granters_.end() || at->second.waiting.empty()) return;
  Granter& granter = at->second;
  std::erase_if(granter.waiting, [&](const Grant& grant) {
    if (grant.log != log || grant.position > sequence) return false;
    granter.sent = std::max(granter.sent.value_or(grant.sent), grant.sent);
    return true;
  });
  count();
  tick(now);
}

void Lease::granting(NodeId to, Now now) { given_.insert_or_assign(to, now.mono); }

void Lease::tick(Now now) {
  if (holds(now)) {
    held_until_ = std::max(held_until_, until());
    island_.reset();
  } else if (!island_) {
    island_ = std::min(held_until_, now.mono);
  }
}

bool Lease::holds(Now now) const { return until() > now.mono; }

void Lease::count() {
  if (!members_known_) return;
  const std::size_t needed = quorum(others_.size() + 1) - 1;
  if (needed == 0) {
    until_ = kForEver;
    return;
  }
  std::vector<Mono> ends;
  ends.reserve(others_.size());
  for (const NodeId other : others_) ends.push_back(until(other));
  std::ranges::sort(ends, std::greater{});
  until_ = ends[needed - 1];
}

std::optional<Mono> Lease::island_since(Now now) const {
  if (holds(now)) return std::nullopt;
  return island_ ? *island_ : std::min(held_until_, now.mono);
}

Mono Lease::until(NodeId granter) const {
  const auto at = granters_.find(granter);
  if (at == granters_.end() || !at->second.sent) return born_;
  return *at->second.sent + length_;
}

bool Lease::heard_since_birth(NodeId member) const {
  const auto at = granters_.find(member);
  return at != granters_.end() && at->second.sent.has_value();
}

std::optional<Mono> Lease::last_granted(NodeId to) const {
  const auto at = given_.find(to);
  if (at == given_.end()) return std::nullopt;
  return at->second;
}

}  // namespace tandem::cluster
