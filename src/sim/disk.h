// One machine's log as src/io/log_sqlite promises it: appends queue up, one sync makes a batch durable as a whole, a
// crash keeps some order-preserving prefix of what was not acknowledged, a full disk parks what comes, and a record may
// be found damaged. What is in here outlives the process.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/rng.h"
#include "node/node.h"

namespace tandem::sim {

class Disk {
 public:
  struct Stored {
    cluster::LoggedRecord record;
    bool damaged = false;
  };
  struct Log {
    Sequence base;                // everything up to here was deleted; a snapshot covers it
    std::uint64_t base_hash = 0;  // of the record at `base`; 0: not known
    std::deque<Stored> records;   // from base + 1
    [[nodiscard]] Sequence last() const { return Sequence{base.value() + records.size()}; }
  };

  // -- the running process
  void append(std::uint64_t ticket, std::vector<LogEntry> entries, std::optional<SaveSnapshot> snapshot,
              std::optional<Vector> truncate = {});
  // Takes everything that is queued into one sync. False: nothing to do, a sync is under way, or the disk is full.
  [[nodiscard]] bool begin_sync();
  // The sync is over: tells the last ticket, and calls `stored` for each entry that became durable.
  struct Synced {
    std::uint64_t ticket = 0;
    std::vector<LogEntry> entries;
    std::optional<Vector> snapshot;
    bool from_peer = false;
    std::optional<Vector> adopted;  // of a peer's snapshot
    std::size_t truncated = 0;      // records
  };
  [[nodiscard]] Synced end_sync();
  // Tickets that were refused for space and not told yet.
  [[nodiscard]] std::vector<std::uint64_t> refused();

  struct Found {
    LogRead answer;
    std::optional<Sequence> damaged;
  };
  [[nodiscard]] Found read(const cluster::ReadLog& ask) const;
  void repair(const cluster::Repaired& repaired);

  // -- faults
  void set_full(bool full) { full_ = full; }
  [[nodiscard]] bool full() const { return full_; }
  // The process died. What was not acknowledged may be kept in part; returns whether something was torn.
  bool crash(Rng& rng, std::vector<LogEntry>& kept);
  void wipe();
  bool damage(LogId log, Sequence sequence);
  [[nodiscard]] bool damaged(LogId log, Sequence sequence) const;

  // -- start of a process
  [[nodiscard]] bool empty() const { return logs_.empty() && !snapshot_; }
  // A log ends before its first damaged record: what follows comes from the peers again.
  void cut_at_damage();
  [[nodiscard]] std::map<LogId, cluster::OnDisk> on_disk() const;
  [[nodiscard]] const std::optional<SaveSnapshot>& snapshot() const { return snapshot_; }
  // Records that the snapshot does not cover, in the order they were stored.
  template <class F>
  void replay(F&& record) const {
    for (const auto& [log, sequence] : order_) {
      const Log& l = logs_.at(log);
      if (snapshot_ && covered(log) >= sequence) continue;
      if (sequence <= l.base || sequence > l.last()) continue;
      record(l.records[sequence.value() - l.base.value() - 1].record.bytes);
    }
  }
  [[nodiscard]] std::uint64_t next_incarnation_above() const { return incarnation_; }
  void set_incarnation(std::uint64_t incarnation) { incarnation_ = incarnation; }

  [[nodiscard]] const std::map<LogId, Log>& logs() const { return logs_; }
  [[nodiscard]] Sequence last(LogId log) const;
  // Deletes records up to `up_to` as far as the snapshot covers them; returns how many. It needs no room.
  std::size_t truncate(const Vector& up_to);

 private:
  struct Batch {
    std::uint64_t ticket = 0;
    std::vector<LogEntry> entries;
    std::optional<SaveSnapshot> snapshot;
    std::optional<Vector> truncate;
    bool refused = false;
  };
  [[nodiscard]] Sequence covered(LogId log) const;
  bool store(const LogEntry& entry);
  void store(const SaveSnapshot& snapshot);

  std::map<LogId, Log> logs_;
  std::vector<std::pair<LogId, Sequence>> order_;  // of storing, since the snapshot
  std::optional<SaveSnapshot> snapshot_;
  std::uint64_t incarnation_ = 0;
  std::deque<Batch> queue_;
  std::size_t syncing_ = 0;  // batches at the front that the sync under way covers
  bool full_ = false;
};

}  // namespace tandem::sim
