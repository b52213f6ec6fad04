// Nodes that are nothing but a Cluster and a disk, on links that lose, repeat, reorder and break, all from one seed.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "cluster/cluster.h"

namespace tandem::cluster::testing {

struct Faults {
  std::uint64_t loss_percent = 0;
  std::uint64_t repeat_percent = 0;
  std::uint64_t reorder_percent = 0;
  std::chrono::milliseconds delay_max = 20ms;
  std::uint64_t break_permille = 0;    // chance of a link to break, per link and step
  std::uint64_t one_way_permille = 0;  // chance of one direction to go dead for a while
  std::uint64_t crash_permille = 0;    // chance of a node to stop and start again, per node and step
  std::chrono::milliseconds sync_max = 30ms;
};

struct TestNode {
  NodeId id;
  Incarnation incarnation;
  std::unique_ptr<Cluster> cluster;
  std::map<LogId, std::vector<LoggedRecord>> disk;     // synced
  std::map<LogId, Sequence> truncated;                 // records up to here were deleted from the disk
  std::map<LogId, std::vector<LoggedRecord>> applied;  // what a world was fed with
  bool syncing = false;
  Mono sync_at;
  bool stalled_disk = false;
  std::optional<std::chrono::milliseconds> ahead;  // writes real records, stamped this far ahead of the others' clocks
  std::vector<Payload> payloads;
  std::vector<Fork> forks;
  std::vector<Vote> votes;
  std::vector<Repaired> repaired;
  std::size_t snapshots_loaded = 0;
  std::size_t snapshots_refused = 0;   // still to be refused
  std::size_t order_errors = 0;        // a record handed out twice or out of order
  std::size_t early_errors = 0;        // a record seen before its origin had it on disk
  std::size_t acknowledged_wrong = 0;  // a node believed that others hold what they do not

  [[nodiscard]] LogId log() const { return {id, incarnation}; }
};

class Net {
 public:
  Net(std::size_t nodes, std::uint64_t seed, ReplicationOptions options = {}, bool with_hub = true);

  TestNode& node(std::size_t index) { return *nodes_[index]; }
  [[nodiscard]] std::size_t size() const { return nodes_.size(); }
  Faults faults;
  // Appends to a node's own log; on disk when its next sync is done.
  void write(std::size_t index, std::size_t bytes);
  // The connection between two nodes, as io would report it.
  void connect(std::size_t a, std::size_t b);
  void disconnect(std::size_t a, std::size_t b);
  void connect_all();
  // Frames from a to b vanish while both ends hold the connection for alive.
  void cut_one_way(std::size_t a, std::size_t b) { dead_.insert({a, b}); }
  void heal_one_way() { dead_.clear(); }
  void forbid(std::size_t a, std::size_t b) { forbidden_.insert(std::minmax(a, b)); }
  void allow(std::size_t a, std::size_t b) { forbidden_.erase(std::minmax(a, b)); }
  void fetch(std::size_t index, LogId log, Sequence sequence);
  void crash(std::size_t index, bool lose_disk = false);
  // Deletes records up to `sequence` from a disk; a snapshot stands in for them.
  void truncate(std::size_t index, LogId log, Sequence sequence) { nodes_[index]->truncated[log] = sequence; }
  void run_for(std::chrono::milliseconds time);
  void heal();
  [[nodiscard]] Now now() const { return now_; }
  [[nodiscard]] bool converged() const;
  // Sum over nodes, highest ever seen.
  [[nodiscard]] std::size_t in_flight_most() const { return in_flight_most_; }
  [[nodiscard]] std::size_t tail_most() const { return tail_most_; }
  [[nodiscard]] std::size_t unstored_most() const { return unstored_most_; }
  void send(std::size_t from, std::size_t to, std::string bytes);

 private:
  struct InFlight {
    Mono at;
    std::string bytes;
  };
  using Way = std::pair<std::size_t, std::size_t>;
  void start(TestNode& node);
  void handle(std::size_t index, Outputs out);
  void step();
  void sync(std::size_t index);
  [[nodiscard]] std::size_t index_of(NodeId id) const { return id.value() - 1U; }

  Rng rng_;
  ReplicationOptions options_;
  bool with_hub_;
  std::vector<std::unique_ptr<TestNode>> nodes_;
  std::set<Way> connected_;  // a < b
  std::set<Way> forbidden_;
  std::set<Way> dead_;  // directed
  std::map<Way, std::deque<InFlight>> wires_;
  Now now_{Mono{1s}, Hlc::at(1'000'000)};
  std::uint64_t births_ = 0;
  std::size_t in_flight_most_ = 0;
  std::size_t tail_most_ = 0;
  std::size_t unstored_most_ = 0;
};

}  // namespace tandem::cluster::testing
