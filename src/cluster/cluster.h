// Everything a node needs of the others, behind one door: links and relay, replication, the detector and the lease.
// The node gives it what io reports and the time; it answers through Outputs. It reads no clock and holds no thread.
//
// In every step the node calls `tick` first (leases are judged with fresh time before any input), then the input's
// method, then hands `Outputs` on. Frames in `Outputs::frames` go to the named peer's connection in order.
#pragma once

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/detector.h"
#include "cluster/frames.h"
#include "cluster/lease.h"
#include "cluster/links.h"
#include "cluster/outputs.h"
#include "cluster/replication.h"

namespace tandem::cluster {

struct ClusterOptions {
  ReplicationOptions replication;
  DetectorOptions detector;
  std::chrono::nanoseconds heartbeat_every = 50ms;
  std::chrono::nanoseconds link_silent_max = 500ms;  // then traffic goes round the link
  std::chrono::nanoseconds reconnect_after = 2s;     // then io is asked to dial again
  std::chrono::nanoseconds lease = 1s;
  std::chrono::nanoseconds log_keep = 72h;  // records are kept this long for a member that is away
};

// How this node is, as its heartbeats tell.
struct SelfReport {
  bool disk_failing = false;
  bool clock_doubted = false;
  std::chrono::microseconds loop_delay{};
  Synthetic synthetic = {};
};

class Cluster {
 public:
  // `now`: birth. `on_disk`: see Replication.
  Cluster(ClusterOptions options, const std::map<LogId, OnDisk>& on_disk, Now now);

  // The numbered membership list in force. Frames of others are taken too: who may connect is decided by io and node.
  void set_members(std::uint64_t number, const std::vector<Detector::Member>& members, Now now);
  void set_self_report(SelfReport report) { report_ = report; }

  // -- io
  void link_up(NodeId peer, Now now, Outputs& out);
  void link_down(NodeId peer, Now now, Outputs& out);
  void frame(NodeId from, std::string_view bytes, Now now, Outputs& out);
  void tick(Now now, Outputs& out);
  [[nodiscard]] Mono next_wake() const;

  // Opaque bytes to the node `to`, direct or by relay. At most once; false (nothing sent) when no way is known.
  bool send(NodeId to, std::string bytes, Outputs& out);

  // -- log; see Replication. Use these, not replication(), for what the lease must hear of too.
  void own_appended(Sequence sequence, LoggedRecord record);
  void own_durable(Sequence up_to, Now now, Outputs& out) { replication_.own_durable(up_to, now, out); }
  void foreign_durable(const Vector& up_to, Now now, Outputs& out) { replication_.foreign_durable(up_to, now, out); }
  void log_read(const ReadLog& read, Sequence first, std::uint64_t hash_before, std::vector<LoggedRecord> records,
                Now now, Outputs& out) {
    replication_.log_read(read, first, hash_before, std::move(records), now, out);
  }
  void snapshot_made(NodeId peer, Vector vector, std::string bytes, Now now, Outputs& out) {
    replication_.snapshot_made(peer, std::move(vector), std::move(bytes), now, out);
  }
  void snapshot_loaded(const Vector& vector, Now now, Outputs& out);
  void fetch(LogId log, Sequence sequence, Now now, Outputs& out) { replication_.fetch(log, sequence, now, out); }

  // -- evidence
  void api_probe(NodeId subject, bool answered, Now now) { detector_.api_probe(subject, answered, now); }
  void clients(NodeId subject, std::uint32_t served, std::uint32_t failed, Now now) {
    detector_.clients(subject, served, failed, now);
  }

  // -- questions
  [[nodiscard]] bool reachable(NodeId node) const { return links_.reachable(node); }
  [[nodiscard]] bool linked(NodeId node) const { return links_.linked(node); }
  // The records that no member needs from this disk any more, once a snapshot covers them: every member has them on
  // its own, or was not heard of for `log_keep`. One that this life has not heard counts from its start.
  [[nodiscard]] Vector deletable(Now now) const;
  [[nodiscard]] const Links& links() const { return links_; }
  [[nodiscard]] const Replication& replication() const { return replication_; }
  [[nodiscard]] Replication& replication() { return replication_; }
  [[nodiscard]] const Detector& detector() const { return detector_; }
  [[nodiscard]] const Lease& lease() const { return lease_; }
  // What the peer last said of itself; null when it was never heard in this life.
  [[nodiscard]] const SelfReport* report(NodeId peer) const {
    const auto at = reports_.find(peer);
    return at == reports_.end() ? nullptr : &at->second;
  }

 private:
  void dispatch(NodeId from, Frame& frame, bool relayed, Now now, Outputs& out);
  // Tells replication which links carry frames both ways now, and the lease what was received since `mark`.
  void settle_links(Now now, Outputs& out);
  void settle_lease(std::size_t mark, Now now, const Outputs& out);
  [[nodiscard]] LogId own() const { return {options_.replication.self, options_.replication.incarnation}; }

  ClusterOptions options_;
  std::set<NodeId> members_;
  Links links_;
  Replication replication_;
  Detector detector_;
  Lease lease_;
  SelfReport report_;
  std::map<NodeId, SelfReport> reports_;  // of the peers
  std::set<NodeId> connected_;            // by io
  std::set<NodeId> working_;              // of those, what replication was told is up
  std::uint64_t settled_ = 0;             // the generation of links that it was told of
  std::map<NodeId, Mono> dialled_;        // when io was last asked to dial again
  std::map<NodeId, Grant> probes_;        // the latest of each peer that was not answered yet, with the answer to be
  Mono heartbeat_sent_;
  Mono detected_;
  Mono relayed_hello_;
  Sequence position_;  // of the own log, appended
  Mono born_;
};

}  // namespace tandem::cluster
