// The node's log on its own disk: records of all origins, wrapped keys, snapshots, identity. The truth of the node:
// what this log calls durable survives the loss of power, and a restart rebuilds the world from here.
//
//   open() --> replay(), keys() --> start() --> append(), read(), save_snapshot(), ...  --> destructor
//
// Up to start() everything runs on the caller's thread and blocks. From then on no call blocks: a writer thread commits
// whatever has queued up as one transaction with one sync, a reader thread serves reads, a third one moves the
// write-ahead log into the database. Callbacks run on those threads and may call the log again; they must not destroy
// it.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/ids.h"

namespace tandem::log_sqlite {

using Ticket = Strong<struct TicketTag, std::uint64_t>;  // names one append; the caller's own numbering

// The bytes of one record exactly as its origin wrote them.
struct Record {
  LogId log;
  Sequence sequence;
  std::string bytes;
  friend bool operator==(const Record&, const Record&) = default;
};

// A sealing key as it is stored. No value: erased, and an erased key never comes back.
struct KeyRow {
  KeyId id;
  std::optional<std::string> wrapped;
  friend bool operator==(const KeyRow&, const KeyRow&) = default;
};

// Under which name this node writes.
struct Identity {
  NodeId node;
  Incarnation incarnation;
  friend bool operator==(const Identity&, const Identity&) = default;
};

// Durable as a whole or not at all. Records of one log ascend without gap, also across batches; a repeat of a stored
// record is skipped, and puts the record back when the stored one is damaged.
struct Batch {
  std::vector<Record> records;
  std::vector<KeyRow> keys;
  std::optional<Identity> identity;  // given when the node starts a new incarnation
};

// A world and the vector that it stands for.
struct Snapshot {
  Vector vector;
  std::string world;
};

// A record that should be there and is not, or whose bytes do not match their checksum.
struct Damaged {
  LogId log;
  Sequence sequence;
  friend auto operator<=>(const Damaged&, const Damaged&) = default;
};

struct Options {
  // Below this much free space new work is refused, so that SQLite never meets the end of the disk half-way.
  std::uint64_t free_bytes_min = 128u << 20;
  std::chrono::milliseconds retry_after{200};     // how long a batch refused for space stays parked before the next try
  std::size_t commit_bytes_max = 4u << 20;        // payload of one transaction
  std::size_t snapshot_chunk_bytes = 256u << 10;  // how much of a snapshot goes between two commits of records
  std::uint32_t checkpoint_pages = 1000;          // length of the write-ahead log that wakes the checkpointer
  std::uint32_t wal_pages_max = 8192;             // length at which the writer itself waits for a checkpoint
  // Asked on the writer's thread before each transaction: how many bytes count as free; nothing: what the file system
  // says. It may take its time, as a slow disk does. For drills.
  std::function<std::optional<std::uint64_t>()> before_commit;
  // What tests replace.
  struct Testing {
    std::string vfs;                            // name of the SQLite VFS; empty: the default one
    bool never_sync = false;                    // breaks the promise of this log; a test shows that it is missed
    std::function<std::uint64_t()> free_bytes;  // instead of asking the file system
  } testing;
};

// What a reader gets: the records after `after` in order, up to the first damaged one or a limit.
struct Read {
  std::vector<Record> records;
  Sequence base;                    // everything up to here was truncated: who needs it needs a snapshot
  Sequence last;                    // the highest sequence held
  std::optional<Sequence> damaged;  // stopped in front of this one
};

struct Replayed {
  Vector reached;                // per log, the last record before its first hole
  std::vector<Damaged> damaged;  // all holes
  bool rescued = false;          // the file was rebuilt on the way; means what Opened::rescued means
};

// Called from the log's threads. All must be set.
struct Events {
  std::function<void(Ticket)> durable;  // in the order of append
  // At most once per ticket, with log_full: the batch stays parked, is tried again and becomes durable by itself.
  std::function<void(Ticket, const Error&)> refused;
  std::function<void(const Damaged&)> damaged;  // found while reading; once per record until it is repaired
  // A record was appended whose sequence is stored with other bytes: somebody's log is a fork. The stored one stays.
  // Comes before the durable of its batch.
  std::function<void(LogId, Sequence)> forked;
  // The disk failed, at most one call. Nothing becomes durable any more; the process must end and read its log again.
  std::function<void(const Error&)> fatal;
};

// Counts of durations, four buckets per doubling of microseconds.
struct Latencies {
  std::array<std::uint64_t, 96> buckets{};
  void add(std::chrono::nanoseconds took);
  [[nodiscard]] std::uint64_t count() const;
  // The upper end of the bucket that `percent` of all durations do not exceed.
  [[nodiscard]] std::chrono::microseconds percentile(double percent) const;
};

struct Stats {
  std::uint64_t records_appended = 0;
  std::uint64_t bytes_appended = 0;
  std::uint64_t batches_appended = 0;
  std::uint64_t syncs = 0;  // commits, each with one sync
  std::uint64_t batches_refused = 0;
  std::uint64_t records_damaged = 0;
  std::uint64_t records_repaired = 0;
  std::uint64_t records_truncated = 0;
  std::uint64_t records_forked = 0;
  std::uint64_t snapshots_saved = 0;
  std::uint64_t checkpoints = 0;
  std::uint64_t queued_batches = 0;  // now: not durable yet
  std::uint64_t queued_bytes = 0;
  bool full = false;  // now: batches are parked for want of space
  Latencies commit;   // write and sync of one transaction
};

class Log {
 public:
  struct Opened;
  // Opens or creates `dir`/log.db (a directory it creates has mode 0700, its files 0600).
  // Errors: in_use, another process has it open; denied, others may write into the directory; log_full, no space to
  // create it; corrupt, what names the logs is unreadable, so the disk counts as lost; internal, the disk fails.
  [[nodiscard]] static Result<Opened> open(const std::filesystem::path& dir, Options options);
  // Ends cleanly: what is queued becomes durable first, unless it is parked; the rest of the jobs get shutting_down.
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // Before start(): all records after `after`, log by log, each log in order and only up to its first hole. What lies
  // behind a hole is checked too, and read() gives it once the hole is repaired.
  // Errors: corrupt, records that are needed were truncated and no snapshot covers them; internal.
  [[nodiscard]] Result<Replayed> replay(const Vector& after,
                                        const std::function<void(LogId, Sequence, std::string_view)>& each);
  // Before start(): all keys. The result names those whose bytes are damaged; appending such a key puts it back.
  [[nodiscard]] Result<std::vector<KeyId>> keys(const std::function<void(KeyRow)>& each);
  void start(Events events);

  using Done = std::function<void(Result<void>)>;
  void append(Batch batch, Ticket ticket);
  // At least one record if one is there, else at most `bytes_max` of them together.
  void read(LogId log, Sequence after, std::size_t records_max, std::size_t bytes_max,
            std::function<void(Result<Read>)> done);
  void read_keys(std::vector<KeyId> ids, std::function<void(Result<std::vector<KeyRow>>)> done);
  // The newest snapshot that is whole. Errors: not_found.
  void read_snapshot(std::function<void(Result<Snapshot>)> done);
  // The two newest are kept. `snapshot` covers durable records only. Errors: log_full, nothing of it is kept.
  void save_snapshot(Snapshot snapshot, Done done);
  // A snapshot from a peer: also moves this log forward to its vector, so that records after it can be appended.
  // Appends made later wait for it.
  void adopt_snapshot(Snapshot snapshot, Done done);
  // Writes a record that was reported as damaged. Errors: invalid, it was never held; already_exists, another is stored
  // and whole; log_full.
  void repair(Record record, Done done);
  // Deletes records that every kept snapshot covers, up to `up_to` at most. Goes on while batches are parked.
  void truncate(Vector up_to, Done done);

  [[nodiscard]] Stats stats() const;

 private:
  class Impl;
  explicit Log(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

struct Log::Opened {
  std::unique_ptr<Log> log;
  bool fresh = false;  // there was no log here: the node is new, or it has lost its disk
  // Damaged pages were found and the file was rebuilt: the end of a log may be missing, as after a restore of an old
  // disk. The node must not go on under its old incarnation.
  bool rescued = false;
  std::optional<Identity> identity;
  std::optional<Snapshot> snapshot;  // the newest that is whole
  Vector durable;                    // per log, the last sequence held or truncated
};

// What a look at a closed or a running log finds; changes nothing.
struct Verified {
  struct One {
    LogId log;
    Sequence base;
    Sequence last;
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;
  };
  std::optional<Identity> identity;
  std::vector<One> logs;
  std::vector<Damaged> damaged;
  std::uint64_t keys = 0;
  std::uint64_t keys_erased = 0;
  std::vector<KeyId> keys_damaged;
  std::uint64_t snapshots_whole = 0;
  std::uint64_t snapshots_damaged = 0;
  std::vector<std::string> structure;  // what SQLite's own check says about the pages
  [[nodiscard]] bool whole() const {
    return damaged.empty() && keys_damaged.empty() && snapshots_damaged == 0 && structure.empty();
  }
};
// Errors: not_found, there is no log; corrupt, it cannot be read at all; internal.
[[nodiscard]] Result<Verified> verify(const std::filesystem::path& dir);

// Both look at a closed or a running log, as `verify` does, and see one moment of it.
// The last record of each log in it. Errors: not_found; corrupt; internal.
[[nodiscard]] Result<Vector> reach(const std::filesystem::path& dir);
// The whole records after `after`, log by log. Errors: the same.
[[nodiscard]] Result<void> scan(const std::filesystem::path& dir, const Vector& after,
                                const std::function<void(LogId, Sequence, std::string_view)>& each);

}  // namespace tandem::log_sqlite
