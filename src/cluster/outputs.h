// What the classes of this folder ask their node to do. The node empties it after every call or step; order within a
// vector is the order of doing.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cluster/detector.h"
#include "cluster/frames.h"

namespace tandem::cluster {

// The next record of a log, in order and without gap: to be applied now and appended to the local log, bytes as they
// are.
struct Received {
  LogId log;
  Sequence sequence;
  NodeId from;  // who sent it; seldom its origin when a relay helped
  LoggedRecord record;
};

// Read records of `log` after a sequence from disk, at least one if there is one, about `bytes_max` in all, and answer
// with `log_read`. Own and foreign logs alike.
struct ReadLog {
  NodeId peer;  // for whom
  LogId log;
  Sequence after;
  std::size_t bytes_max = 0;
  bool repair = false;  // one record that `peer` lost; the answer is the record after `after` alone
  friend bool operator==(const ReadLog&, const ReadLog&) = default;
};

// R2: `peer` holds other bytes than we do, at or before `sequence`. The stream is refused; page. When the log is this
// node's own, its disk went back: start a new incarnation.
struct Fork {
  LogId log;
  Sequence sequence;
  NodeId peer;
};

struct Repaired {
  LogId log;
  Sequence sequence;
  LoggedRecord record;
};

struct SnapshotReceived {
  NodeId from;
  Vector vector;
  std::string bytes;
};

struct Payload {
  NodeId from;
  std::string bytes;
};

struct Outputs {
  std::vector<std::pair<NodeId, std::string>> frames;  // encoded, to peers whose link is up; lost if it is not
  std::vector<Received> received;
  std::vector<ReadLog> reads;
  std::vector<Fork> forks;
  std::vector<Repaired> repaired;
  std::vector<NodeId> snapshots_wanted;     // answer with `snapshot_made`
  std::vector<SnapshotReceived> snapshots;  // load it, then `snapshot_loaded`; saved: `foreign_durable`
  std::vector<Payload> payloads;
  std::vector<Hello> hellos;       // of a peer's new link or new life: check protocol, schema, membership number
  std::vector<Vote> votes;         // write each as a record
  std::vector<NodeId> reconnect;   // the connection is up but dead: close it and dial again
  std::vector<NodeId> bad_frames;  // sent bytes that are no frame: close the connection, count it

  void send(NodeId to, const Frame& frame) { frames.emplace_back(to, encode_frame(frame)); }
  void send(NodeId to, const BatchView& batch) { frames.emplace_back(to, encode_frame(batch)); }
};

}  // namespace tandem::cluster
