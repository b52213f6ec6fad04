// Who hears whom. A link that is up but silent, or over which the peer says that it does not hear us, carries nothing:
// traffic goes round it, by one hop through a peer that has links to both ends.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/ids.h"
#include "base/now.h"

namespace tandem::cluster {

class Links {
 public:
  explicit Links(NodeId self, std::chrono::nanoseconds silent_max = 500ms) : self_(self), silent_max_(silent_max) {}

  // The hubs among the members; they are preferred as relays.
  void set_hubs(std::set<NodeId> hubs) {
    hubs_ = std::move(hubs);
    ++generation_;
  }

  void up(NodeId peer, Now now);
  void down(NodeId peer);
  // Any frame came straight from `peer`.
  void heard(NodeId peer, Now now);
  // A heartbeat came, which names whom `peer` hears.
  void heard_links(NodeId peer, const std::set<NodeId>& links, Now now);
  // Drops links that fell silent from what the queries below answer. A pause of our own loop is not held against them.
  void tick(Now now);
  // Links that are up and have been silent for `longer`: io closes them and dials again.
  [[nodiscard]] std::vector<NodeId> silent_for(std::chrono::nanoseconds longer, Now now) const;

  // What a heartbeat to `peer` says: the links that work, and `peer` itself as soon as it is heard.
  [[nodiscard]] std::set<NodeId> told_to(NodeId peer) const;
  // Both directions work as far as anyone can tell.
  [[nodiscard]] bool linked(NodeId peer) const;
  [[nodiscard]] bool reachable(NodeId to) const { return next_hop(to).has_value(); }
  // Grows with every change of what the questions here answer.
  [[nodiscard]] std::uint64_t generation() const { return generation_; }
  // `to` itself, or the peer that will carry a Relay there.
  [[nodiscard]] std::optional<NodeId> next_hop(NodeId to) const;

 private:
  struct Link {
    Mono heard;
    bool silent = false;
    std::optional<std::set<NodeId>> hears;  // by its last heartbeat; nothing until one came over this link
  };

  NodeId self_;
  std::chrono::nanoseconds silent_max_;
  std::set<NodeId> hubs_;
  std::map<NodeId, Link> links_;
  Mono ticked_;
  std::uint64_t generation_ = 0;
};

}  // namespace tandem::cluster
