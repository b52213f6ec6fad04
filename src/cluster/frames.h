// What nodes say to each other, one frame at a time, over one ordered stream per pair. A frame is a protobuf message
// whose one field is the alternative (wire.h); the stream's own length prefix belongs to io. Everything here may be
// lost or repeated by a reconnect: no frame is a fact, only records are.
#pragma once

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/ids.h"

namespace tandem::cluster {

inline constexpr std::uint32_t kProtocolVersion = 1;
// Nothing larger is read from a peer. A batch stays near 256 KiB; the rest is room for one very large record.
inline constexpr std::size_t kFrameBytesMax = 8U << 20;
// Elements (records, rows, entries) of one frame: bounds what a small hostile frame can make us allocate.
inline constexpr std::size_t kFrameElementsMax = 1U << 16;

// A customer's sealing key as the key store holds it. An erased row carries no bytes and wins over any other.
struct KeyRow {
  KeyId key;
  std::string wrapped;
  bool erased = false;
  friend bool operator==(const KeyRow&, const KeyRow&) = default;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "key", s.key);
    f(2, "wrapped", s.wrapped);
    f(3, "erased", s.erased);
  }
};

// A record as its origin wrote it, and the keys that were made with it. Its bytes are never encoded again.
struct LoggedRecord {
  std::string bytes;
  std::vector<KeyRow> keys;
  friend bool operator==(const LoggedRecord&, const LoggedRecord&) = default;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "bytes", s.bytes);
    f(2, "keys", s.keys);
  }
};

// The first frame of a link, repeated every second: both vectors whole, so that whatever was lost is made good.
struct Hello {
  NodeId node;
  std::uint32_t protocol = 0;
  std::uint32_t schema = 0;  // newest record schema this build understands
  std::string build;
  Incarnation incarnation;
  std::uint64_t members = 0;  // number of the membership list in force
  Vector have;                // applied
  Vector durable;             // on disk, keys included
  bool amnesiac = false;      // lost its disk, or found it shorter than what others hold
  friend bool operator==(const Hello&, const Hello&) = default;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "node", s.node);
    f(2, "protocol", s.protocol);
    f(3, "schema", s.schema);
    f(4, "build", s.build);
    f(5, "incarnation", s.incarnation);
    f(6, "members", s.members);
    f(7, "have", s.have);
    f(8, "durable", s.durable);
    f(9, "amnesiac", s.amnesiac);
  }
};

// Asks for everything of one log after a sequence; sent again, it starts the stream over from there.
struct Subscribe {
  LogId log;
  Sequence after;
  friend bool operator==(const Subscribe&, const Subscribe&) = default;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "log", s.log);
    f(2, "after", s.after);
  }
};

struct Unsubscribe {
  LogId log;
  friend bool operator==(const Unsubscribe&, const Unsubscribe&) = default;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "log", s.log);
  }
};

// Consecutive records of one log. `hash_before` is record_hash of the record before the first; 0: not known here.
struct Batch {
  LogId log;
  Sequence first;
  std::uint64_t hash_before = 0;
  std::vector<LoggedRecord> records;
  friend bool operator==(const Batch&, const Batch&) = default;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "log", s.log);
    f(2, "first", s.first);
    f(3, "hash_before", s.hash_before);
    f(4, "records", s.records);
  }
};

// A batch whose records stand where they are kept.
struct BatchView {
  LogId log;
  Sequence first;
  std::uint64_t hash_before = 0;
  std::vector<const LoggedRecord*> records;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    Batch::fields(s, f);
  }
};

// Entries that changed since the last one. The incarnation is the sender's: a vector of an earlier life counts nothing.
struct Progress {
  Incarnation incarnation;
  Vector seen;
  Vector durable;
  friend bool operator==(const Progress&, const Progress&) = default;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "incarnation", s.incarnation);
    f(2, "seen", s.seen);
    f(3, "durable", s.durable);
  }
};

// The answer to a peer's latest probe: a lease that is valid from `sent` on the prober's clock, once the prober has
// applied the granter's own log up to `position`.
struct Grant {
  Incarnation prober;  // none: there was no probe to answer
  std::chrono::nanoseconds sent{};
  LogId log;
  Sequence position;
  friend bool operator==(const Grant&, const Grant&) = default;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "prober", s.prober);
    f(2, "sent", s.sent);
    f(3, "log", s.log);
    f(4, "position", s.position);
  }
};

// How the synthetic contacts of a node fare: those it starts as a client of its own address.
struct Synthetic {
  bool on = false;
  bool failing = false;             // none was served for three intervals
  bool served = false;              // one was, in this life
  std::chrono::milliseconds ago{};  // since it began
  std::chrono::milliseconds took{};
  friend bool operator==(const Synthetic&, const Synthetic&) = default;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "on", s.on);
    f(2, "failing", s.failing);
    f(3, "served", s.served);
    f(4, "ago", s.ago);
    f(5, "took", s.took);
  }
};

// Probe of a lease, sign of life, and self-report in one. `sent` is on the sender's own clock and comes back as it was.
struct Heartbeat {
  Incarnation incarnation;
  std::chrono::nanoseconds sent{};
  std::set<NodeId> links;  // links of the sender that work; the receiver is among them when it is heard
  bool disk_failing = false;
  bool clock_doubted = false;
  std::chrono::microseconds loop_delay{};
  Grant grant;
  Synthetic synthetic = {};
  friend bool operator==(const Heartbeat&, const Heartbeat&) = default;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "incarnation", s.incarnation);
    f(2, "sent", s.sent);
    f(3, "links", s.links);
    f(4, "disk_failing", s.disk_failing);
    f(5, "clock_doubted", s.clock_doubted);
    f(6, "loop_delay", s.loop_delay);
    f(7, "grant", s.grant);
    f(8, "synthetic", s.synthetic);
  }
};

// A frame (ToNode or Hello) for a node that the sender has no link to, carried by one that has links to both.
struct Relay {
  NodeId from;
  NodeId to;
  std::uint32_t ttl = 0;  // hops left after the one that carries it now
  std::string bytes;
  friend bool operator==(const Relay&, const Relay&) = default;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "from", s.from);
    f(2, "to", s.to);
    f(3, "ttl", s.ttl);
    f(4, "bytes", s.bytes);
  }
};

// What the node says to another node: forwarded commands, answers, session traffic. Opaque here.
struct ToNode {
  std::string bytes;
  friend bool operator==(const ToNode&, const ToNode&) = default;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "bytes", s.bytes);
  }
};

// The answer to a Subscribe that reaches back too far: this node's log begins at `first`.
struct Truncated {
  LogId log;
  Sequence first;
  friend bool operator==(const Truncated&, const Truncated&) = default;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "log", s.log);
    f(2, "first", s.first);
  }
};

// Asks for chunks of a snapshot from `index` on. The asker names the snapshot; a new name asks for a new one.
struct SnapshotAsk {
  std::uint64_t snapshot = 0;
  std::uint32_t index = 0;
  friend bool operator==(const SnapshotAsk&, const SnapshotAsk&) = default;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "snapshot", s.snapshot);
    f(2, "index", s.index);
  }
};

struct SnapshotChunk {
  std::uint64_t snapshot = 0;
  Vector vector;  // with chunk 0 only
  std::uint32_t index = 0;
  std::uint32_t total = 0;
  std::string bytes;
  friend bool operator==(const SnapshotChunk&, const SnapshotChunk&) = default;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "snapshot", s.snapshot);
    f(2, "vector", s.vector);
    f(3, "index", s.index);
    f(4, "total", s.total);
    f(5, "bytes", s.bytes);
  }
};

// One record again, because the asker's disk damaged its own copy.
struct Fetch {
  LogId log;
  Sequence sequence;
  friend bool operator==(const Fetch&, const Fetch&) = default;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "log", s.log);
    f(2, "sequence", s.sequence);
  }
};

struct Fetched {
  LogId log;
  Sequence sequence;
  LoggedRecord record;
  friend bool operator==(const Fetched&, const Fetched&) = default;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "log", s.log);
    f(2, "sequence", s.sequence);
    f(3, "record", s.record);
  }
};

// The order is the wire's: new alternatives go to the end.
using Frame = std::variant<Hello, Subscribe, Unsubscribe, Batch, Progress, Heartbeat, Relay, ToNode, Truncated,
                           SnapshotAsk, SnapshotChunk, Fetch, Fetched>;

[[nodiscard]] std::string encode_frame(const Frame& frame);
[[nodiscard]] std::string encode_frame(const BatchView& batch);  // as of the Batch that it shows
// Errors: corrupt (not a frame this build knows), limit_exceeded (too large).
[[nodiscard]] Result<Frame> decode_frame(std::string_view bytes);

// A fast 64-bit hash of a record's bytes, never 0. It finds forks of honest nodes; it is no proof against forgery.
[[nodiscard]] std::uint64_t record_hash(std::string_view bytes);

}  // namespace tandem::cluster
