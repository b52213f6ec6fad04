#include "cluster/links.h"

#include <algorithm>
#include <utility>

namespace tandem::cluster {

namespace {
constexpr auto kPauseMin = 200ms;  // between two ticks; ordinary ones are a heartbeat apart
}  // namespace

void Links::up(NodeId peer, Now now) {
  links_.insert_or_assign(peer, Link{now.mono, false, std::nullopt});
  ++generation_;
}

void Links::down(NodeId peer) {
  if (links_.erase(peer) > 0) ++generation_;
}

void Links::heard(NodeId peer, Now now) {
  const auto at = links_.find(peer);
  if (at == links_.end()) return;
  at->second.heard = now.mono;
  if (std::exchange(at->second.silent, false)) ++generation_;
}

void Links::heard_links(NodeId peer, const std::set<NodeId>& links, Now now) {
  heard(peer, now);
  const auto at = links_.find(peer);
  if (at == links_.end() || at->second.hears == links) return;
  at->second.hears = links;
  ++generation_;
}

void Links::tick(Now now) {
  const auto pause = now.mono - ticked_;
  ticked_ = now.mono;
  for (auto& [peer, link] : links_) {
    if (pause > kPauseMin) link.heard = std::min(link.heard + pause, now.mono);
    const bool silent = now.mono - link.heard > silent_max_;
    if (std::exchange(link.silent, silent) != silent) ++generation_;
  }
}

std::vector<NodeId> Links::silent_for(std::chrono::nanoseconds longer, Now now) const {
  std::vector<NodeId> out;
  for (const auto& [peer, link] : links_) {
    if (now.mono - link.heard > longer) out.push_back(peer);
  }
  return out;
}

std::set<NodeId> Links::told_to(NodeId peer) const {
  std::set<NodeId> out;
  for (const auto& [other, link] : links_) {
    if (other == peer ? !link.silent : linked(other)) out.insert(other);
  }
  return out;
}

bool Links::linked(NodeId peer) const {
  const auto at = links_.find(peer);
  if (at == links_.end() || at->second.silent) return false;
  return !at->second.hears || at->second.hears->contains(self_);
}

std::optional<NodeId> Links::next_hop(NodeId to) const {
  if (linked(to)) return to;
  std::optional<NodeId> found;
  for (const auto& [peer, link] : links_) {
    if (!linked(peer) || !link.hears || !link.hears->contains(to)) continue;
    if (hubs_.contains(peer)) return peer;
    if (!found) found = peer;
  }
  return found;
}

}  // namespace tandem::cluster
