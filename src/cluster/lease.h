// The lease of this node, R27 to R29 of the protocol: grants that others gave, counted from the moment the probe was
// sent and only once this node has applied the granter's log up to the granter's position then. Without it the node is
// an island: it knows that others may have adopted what is its own.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <set>

#include "base/ids.h"
#include "base/now.h"

namespace tandem::cluster {

class Lease {
 public:
  // `born`: the reading of the clock at start; the node is an island from then until its first lease.
  Lease(NodeId self, Mono born, std::chrono::nanoseconds length = 1s);

  // The members in force, oneself included or not; only their grants count.
  void set_members(const std::set<NodeId>& members, Now now);

  // A grant for a probe of this incarnation arrived. `applied`: how far the granter's log is applied here.
  void granted(NodeId by, Mono sent, LogId log, Sequence position, Sequence applied, Now now);
  // Records of `log` are applied here up to `sequence`: grants that waited for that count from now.
  void applied(LogId log, Sequence sequence, Now now);
  // This node grants `to` a lease: it answers a probe now.
  void granting(NodeId to, Now now);
  // Called first on every wake, with fresh time, before any input is handled.
  void tick(Now now);

  [[nodiscard]] bool holds(Now now) const;
  // The moment the lease is over unless another grant comes; birth if there never was one.
  [[nodiscard]] Mono until() const { return until_; }
  // Since when this node is an island; nothing while it holds the lease.
  [[nodiscard]] std::optional<Mono> island_since(Now now) const;
  [[nodiscard]] Mono until(NodeId granter) const;
  // R21: a probe sent after birth was answered and the answerer's log is applied up to its answer.
  [[nodiscard]] bool heard_since_birth(NodeId member) const;
  // When this node last granted `to` a lease; nothing in this life.
  [[nodiscard]] std::optional<Mono> last_granted(NodeId to) const;

 private:
  struct Grant {
    Mono sent;
    LogId log;
    Sequence position;
  };
  struct Granter {
    std::optional<Mono> sent;   // of the newest grant that counts
    std::deque<Grant> waiting;  // for this node to apply the granter's log; bounded, in order of sending
  };

  NodeId self_;
  Mono born_;
  std::chrono::nanoseconds length_;
  bool members_known_ = false;  // before the first list nothing is held
  std::set<NodeId> others_;
  std::map<NodeId, Granter> granters_;
  std::map<NodeId, Mono> given_;
  void count();

  Mono until_;                  // by the grants that count
  Mono held_until_;             // latest end of a lease that was held
  std::optional<Mono> island_;  // fixed when the lease is found over, until there is one again
};

}  // namespace tandem::cluster
