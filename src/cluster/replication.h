// Brings every origin's log to every node. Each log has one source at a time: its origin while the link to it works,
// else a peer that has more, the hub first. Records leave a node only once they are durable at their origin, arrive in
// order, are handed out once, and are acknowledged twice: seen (applied) and durable (on disk, with their keys).
//
// A log whose records are stamped further ahead than this clock may follow is paused: unsubscribed, and asked for again
// from where it stopped when the clock is near enough. `Now::hlc` is the node's physical time here.
//
// Nothing here trusts a frame to arrive: a gap or a stall asks again from what is held, a repeat is skipped, and Hello
// repeats both vectors. Memory is bounded per peer by the window and in total by the tail.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/now.h"
#include "cluster/frames.h"
#include "cluster/outputs.h"

namespace tandem::cluster {

struct ReplicationOptions {
  NodeId self;
  Incarnation incarnation;
  std::uint32_t schema = 0;
  std::string build;
  bool amnesiac = false;
  std::size_t window_bytes = 4U << 20;   // sent to one peer beyond what it confirmed as seen
  std::size_t batch_bytes = 256U << 10;  // one frame; a single larger record travels alone
  std::size_t batch_records_max = 4096;
  std::size_t tail_bytes = 64U << 20;      // records kept in memory, all logs together; older ones are read from disk
  std::size_t unstored_bytes = 32U << 20;  // received and not yet on this disk; beyond it batches are let fall
  std::size_t chunk_bytes = 256U << 10;    // of a snapshot
  std::size_t snapshot_bytes_max = 1U << 30;
  std::size_t logs_max = 1U << 14;                  // known logs; a peer that names more is not followed there
  std::chrono::nanoseconds progress_every = 200ms;  // what nobody waits for; a lost link has it told at once
  std::chrono::nanoseconds hello_every = 1s;
  std::chrono::nanoseconds stall_after = 400ms;
  std::chrono::milliseconds ahead_max = 500ms;  // of a record's stamp before this clock
};

// The end of a log as it stands on this disk: its last sequence, and record_hash of that record (0: not known).
struct OnDisk {
  Sequence last;
  std::uint64_t hash = 0;
};

class Replication {
 public:
  // `on_disk`: every log this node holds, those of its own earlier lives included. The log of this life starts empty.
  Replication(ReplicationOptions options, const std::map<LogId, OnDisk>& on_disk);

  void set_hubs(std::set<NodeId> hubs) { hubs_ = std::move(hubs); }
  void set_members_number(std::uint64_t number) { members_number_ = number; }
  // What Hello says from now on; a node that found out that its disk went back calls it before any link is up.
  void set_amnesiac(bool amnesiac) { options_.amnesiac = amnesiac; }

  // -- links
  void link_up(NodeId peer, Now now, Outputs& out);
  void link_down(NodeId peer, Now now, Outputs& out);
  // Takes Hello, Subscribe, Unsubscribe, Batch, Progress, Truncated, SnapshotAsk, SnapshotChunk, Fetch and Fetched;
  // false for the others. `relayed`: it came by way of another node (Hello only). A batch gives its records away.
  bool frame(NodeId from, Frame&& frame, bool relayed, Now now, Outputs& out);

  // -- the own log
  // The next own record, as it is handed to the disk. Sent to nobody before `own_durable`.
  void own_appended(Sequence sequence, LoggedRecord record);
  void own_durable(Sequence up_to, Now now, Outputs& out);

  // -- the disk
  // Received records are on disk up to here, keys included.
  void foreign_durable(const Vector& up_to, Now now, Outputs& out);
  // Answers a ReadLog: consecutive records from `first` on, which is after+1 unless older ones were deleted. Nothing
  // there: `records` empty, `first` the oldest sequence that is. `hash_before`: record_hash of the record at `after`.
  void log_read(const ReadLog& read, Sequence first, std::uint64_t hash_before, std::vector<LoggedRecord> records,
                Now now, Outputs& out);
  // A record on this disk is damaged: asks peers for it until one answers (`Outputs::repaired`).
  void fetch(LogId log, Sequence sequence, Now now, Outputs& out);

  // -- snapshots
  void snapshot_made(NodeId peer, Vector vector, std::string bytes, Now now, Outputs& out);
  // The world here is now at least `vector`: logs continue from there. It counts as on disk once `foreign_durable` says
  // so. A snapshot that is not taken within seconds is asked for anew; an empty vector says so at once.
  void snapshot_loaded(const Vector& vector, Now now, Outputs& out);

  // -- time
  // Often: nothing below a heartbeat's length is measured here, so its caller needs no other wake.
  void tick(Now now, Outputs& out);

  // -- questions
  [[nodiscard]] Vector seen() const;     // applied here, own records included
  [[nodiscard]] Vector durable() const;  // on this disk
  [[nodiscard]] Sequence held(LogId log) const;
  [[nodiscard]] Sequence peer_seen(NodeId peer, LogId log) const;
  [[nodiscard]] Sequence peer_durable(NodeId peer, LogId log) const;
  // The highest sequence that at least one other node is known to hold on disk, reachable now or not.
  [[nodiscard]] Sequence durable_elsewhere(LogId log) const;
  // Of every log, what this node and all of `members` have on disk, by what they said in their present lives.
  [[nodiscard]] Vector durable_everywhere(const std::set<NodeId>& members) const;
  // Of each of `origin`'s logs, the highest that a reachable peer said it holds (R3, R6).
  [[nodiscard]] Vector held_by_reachable(NodeId origin) const;
  // The peer is reachable, and everything it says that it holds is applied here.
  [[nodiscard]] bool caught_up_with(NodeId peer) const;
  // Everything of `origin` that any reachable peer holds is applied here; true when none is reachable.
  [[nodiscard]] bool caught_up(NodeId origin) const;
  [[nodiscard]] std::set<NodeId> reachable() const;  // peers whose Hello stands, direct or relayed
  [[nodiscard]] std::optional<NodeId> source(LogId log) const;
  // Logs whose next record is stamped further ahead than this clock may follow, and that stamp.
  [[nodiscard]] std::map<LogId, Hlc> paused() const;
  [[nodiscard]] std::optional<Hello> hello(NodeId peer) const;      // its vectors as of its latest Progress
  [[nodiscard]] std::optional<Mono> greeted_at(NodeId peer) const;  // its latest Hello in this life, relayed or not
  [[nodiscard]] Hello greeting() const;                             // what this node says of itself

  struct Usage {
    std::size_t tail_bytes = 0;
    std::size_t unstored_bytes = 0;
    std::size_t in_flight_bytes = 0;  // to all peers
    std::size_t records = 0;          // in the tail
    std::uint64_t repeats_skipped = 0;
    std::uint64_t gaps = 0;
    std::uint64_t refused_full = 0;  // batches let fall because the disk is behind
    std::uint64_t pauses = 0;        // of a log, because of stamps ahead of this clock
  };
  [[nodiscard]] const Usage& usage() const { return usage_; }

 private:
  struct Entry {
    LoggedRecord record;
    std::uint64_t hash = 0;
  };
  struct Log {
    Sequence held;           // applied here (own: appended)
    Sequence durable;        // on this disk
    std::uint64_t hash = 0;  // of the record at `held`; 0: not known
    std::deque<Entry> tail;  // ends at `held`
    std::size_t tail_bytes = 0;
    std::uint64_t hash_before_tail = 0;
    std::optional<NodeId> source;
    std::optional<Hlc> ahead;    // stamp of the next record: nothing is taken from anybody before this clock is near it
    Mono advanced;               // when the last record came
    Mono asked;                  // when the source was last asked
    std::optional<Mono> behind;  // since when another peer has more than us while the source has not
  };
  struct Unconfirmed {
    Sequence last;
    std::size_t bytes = 0;
  };
  // A log that a peer subscribed to.
  struct Cursor {
    Sequence sent;
    bool reading = false;  // a ReadLog is out
    std::deque<Unconfirmed> unconfirmed;
  };
  struct Snapshot {  // being given
    std::uint64_t id = 0;
    Vector vector;
    std::string bytes;
    Mono used;
  };
  struct Peer {
    bool linked = false;
    bool greeted = false;        // its Hello came over this link
    std::optional<Hello> hello;  // `have` and `durable` follow Progress
    Mono hello_at;
    std::map<LogId, Cursor> cursors;
    std::size_t in_flight = 0;
    LogId turn;                 // whose batch went last, so that one long log does not keep others waiting
    int reads = 0;              // out for cursors of this peer
    int repair_reads = 0;       // out for this peer
    std::set<LogId> refused;    // forked there
    std::set<LogId> truncated;  // begins too late there
    std::optional<Snapshot> snapshot;
    std::uint64_t snapshot_asked = 0;  // its name; 0: none is being made
  };
  struct Loading {  // a snapshot being received
    NodeId from;
    std::uint64_t id = 0;  // our name for it
    Vector vector;
    std::uint32_t total = 0;
    std::uint32_t next = 0;
    std::string bytes;
    bool complete = false;  // handed out; waits for snapshot_loaded
    Mono heard;
    Mono asked;
  };
  struct Repair {
    Mono asked;
    NodeId last_peer;
  };

  [[nodiscard]] LogId own() const { return {options_.self, options_.incarnation}; }
  [[nodiscard]] static std::size_t size_of(const LoggedRecord& record);  // in memory
  // Up to where others may have it: what its origin has on disk.
  [[nodiscard]] Sequence sendable(LogId id, const Log& log) const;
  [[nodiscard]] bool usable(const Peer& peer) const { return peer.linked && peer.greeted; }
  [[nodiscard]] bool newest_of_origin(LogId id) const;
  [[nodiscard]] const Entry* entry(const Log& log, Sequence sequence) const;
  [[nodiscard]] std::uint64_t hash_at(const Log& log, Sequence sequence) const;
  Log* find_or_add(LogId id);

  void on(NodeId from, const Hello& hello, bool relayed, Now now, Outputs& out);
  void on(NodeId from, const Subscribe& ask, Now now, Outputs& out);
  void on(NodeId from, const Unsubscribe& ask, Now now, Outputs& out);
  void on(NodeId from, Batch& batch, Now now, Outputs& out);
  void on(NodeId from, const Progress& progress, Now now, Outputs& out);
  void on(NodeId from, const Truncated& truncated, Now now, Outputs& out);
  void on(NodeId from, const SnapshotAsk& ask, Now now, Outputs& out);
  void on(NodeId from, const SnapshotChunk& chunk, Now now, Outputs& out);
  void on(NodeId from, const Fetch& fetch, Now now, Outputs& out);
  void on(NodeId from, const Fetched& fetched, Now now, Outputs& out);

  void greet(NodeId peer, Outputs& out) const;
  // Takes what a peer says it has; returns the logs about which that is news.
  std::vector<LogId> learn(Peer& peer, const Vector& have, const Vector& durable);
  void weigh(NodeId from, Peer& peer, const std::vector<LogId>& logs, Now now, Outputs& out);
  void choose_source(LogId id, Log& log, Now now, Outputs& out);
  void choose_sources(Now now, Outputs& out);
  void ask_source(LogId id, Log& log, Now now, Outputs& out);
  void confirm(Peer& peer, LogId id);
  void pump(NodeId id, Peer& peer, Outputs& out);
  bool pump_one(NodeId id, Peer& peer, LogId log_id, Cursor& cursor, Outputs& out);
  void pump_log(LogId id, Outputs& out);
  void send_batch(NodeId id, Peer& peer, LogId log, Cursor& cursor, const BatchView& batch, Outputs& out);
  void drop_cursor(Peer& peer, LogId id);
  void drop_cursors(Peer& peer);
  void push(LogId id, Log& log, LoggedRecord record, std::uint64_t hash);
  void store(LogId id, Log& log, Sequence up_to);
  [[nodiscard]] std::size_t unstored(const Log& log, Sequence up_to) const;
  void trim();
  [[nodiscard]] bool too_far_ahead(Hlc stamp, Now now) const;
  void pause(LogId id, Log& log, Hlc stamp, Outputs& out);
  void report_fork(LogId id, Sequence sequence, NodeId peer, Outputs& out);
  void refuse(LogId id, Log& log, Sequence sequence, NodeId from, Now now, Outputs& out);
  void send_progress(Now now, Outputs& out);
  void ask_snapshot(Now now, Outputs& out);
  void send_chunks(NodeId to, const Snapshot& snapshot, std::uint32_t index, Outputs& out) const;
  void ask_repair(LogId id, Sequence sequence, Repair& repair, Now now, Outputs& out);

  ReplicationOptions options_;
  std::set<NodeId> hubs_;
  std::uint64_t members_number_ = 0;
  std::map<LogId, Log> logs_;
  std::map<NodeId, Peer> peers_;
  std::set<std::pair<LogId, NodeId>> forks_told_;
  std::optional<Loading> loading_;
  std::map<std::pair<LogId, Sequence>, Repair> repairs_;
  std::uint64_t snapshots_asked_ = 0;
  std::set<LogId> seen_changed_;
  std::set<LogId> durable_changed_;
  Mono progress_sent_;
  Mono hello_sent_;
  Mono scanned_;
  Mono latest_;  // the newest reading of the clock
  Usage usage_;
};

}  // namespace tandem::cluster
