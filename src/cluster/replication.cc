#include "cluster/replication.h"

#include <utility>

#include "base/bug.h"
#include "base/check.h"
#include "record/record.h"

namespace tandem::cluster {

namespace {
constexpr std::size_t kEntryOverhead = 128;       // of a record in memory beside its bytes
constexpr std::size_t kBatchElementsMax = 16384;  // records and key rows of one batch
constexpr std::size_t kRepairsMax = 1024;
constexpr int kRepairReadsMax = 16;  // out for one peer at a time
constexpr std::uint32_t kChunksPerAsk = 4;
constexpr auto kGapAskEvery = 100ms;    // a burst that follows a lost batch asks once
constexpr auto kScanEvery = 100ms;      // for stalled and lagging sources
constexpr auto kRelayedHelloGood = 3s;  // how long what came by relay counts as reachable
constexpr auto kRepairAskEvery = 500ms;
constexpr auto kSnapshotAskEvery = 300ms;
constexpr auto kSnapshotLoadMax = 5s;   // for the node to take what it was handed
constexpr auto kSnapshotIdleMax = 30s;  // given or taken, then it is dropped
constexpr std::uint64_t kSequenceMax = std::uint64_t{1} << 62;

Sequence plus(Sequence s, std::uint64_t n) { return Sequence{s.value() + n}; }

Sequence value_at(const Vector& vector, LogId id) {
  const auto at = vector.find(id);
  return at == vector.end() ? Sequence{} : at->second;
}

// Raises one entry; false when it says nothing new.
bool raise(Vector& vector, LogId id, Sequence to) {
  Sequence& entry = vector[id];
  if (to <= entry) return false;
  entry = to;
  return true;
}
}  // namespace

Replication::Replication(ReplicationOptions options, const std::map<LogId, OnDisk>& on_disk)
    : options_(std::move(options)) {
  TANDEM_CHECK(!on_disk.contains(own()));  // every start writes a log of its own
  for (const auto& [id, end] : on_disk) {
    Log& log = logs_[id];
    log.held = log.durable = end.last;
    log.hash = log.hash_before_tail = end.hash;
  }
  logs_[own()];
}

std::size_t Replication::size_of(const LoggedRecord& record) {
  std::size_t size = record.bytes.size() + kEntryOverhead;
  for (const KeyRow& row : record.keys) size += row.wrapped.size() + sizeof(KeyRow);
  return size;
}

Sequence Replication::sendable(LogId id, const Log& log) const {
  if (id != own() || bug::on(bug::Name::visible_before_durable)) return log.held;
  return log.durable;
}

bool Replication::newest_of_origin(LogId id) const {
  const auto next = logs_.upper_bound(id);
  return next == logs_.end() || next->first.origin != id.origin;
}

const Replication::Entry* Replication::entry(const Log& log, Sequence sequence) const {
  if (sequence > log.held) return nullptr;
  const std::uint64_t back = log.held.value() - sequence.value();
  return back < log.tail.size() ? &log.tail[log.tail.size() - 1 - back] : nullptr;
}

std::uint64_t Replication::hash_at(const Log& log, Sequence sequence) const {
  if (const Entry* found = entry(log, sequence)) return found->hash;
  const bool before_tail = sequence.value() + log.tail.size() == log.held.value();
  return before_tail ? log.hash_before_tail : 0;
}

Replication::Log* Replication::find_or_add(LogId id) {
  const auto at = logs_.find(id);
  if (at != logs_.end()) return &at->second;
  if (id.origin == NodeId{} || logs_.size() >= options_.logs_max) return nullptr;
  return &logs_[id];
}

// ---------------------------------------------------------------------------------------------------------- links

Hello Replication::greeting() const {
  Hello hello;
  hello.node = options_.self;
  hello.protocol = kProtocolVersion;
  hello.schema = options_.schema;
  hello.build = options_.build;
  hello.incarnation = options_.incarnation;
  hello.members = members_number_;
  hello.amnesiac = options_.amnesiac;
  for (const auto& [id, log] : logs_) {
    if (const Sequence have = sendable(id, log); have > Sequence{}) hello.have.emplace(id, have);
    if (log.durable > Sequence{}) hello.durable.emplace(id, log.durable);
  }
  return hello;
}

void Replication::greet(NodeId peer, Outputs& out) const { out.send(peer, greeting()); }

void Replication::link_up(NodeId peer, Now now, Outputs& out) {
  link_down(peer, now, out);
  Peer& p = peers_[peer];
  p.linked = true;
  greet(peer, out);
}

void Replication::link_down(NodeId peer, Now now, Outputs& out) {
  latest_ = std::max(latest_, now.mono);
  const auto at = peers_.find(peer);
  if (at == peers_.end() || !at->second.linked) return;
  // Whoever takes over what the lost node owned first asks what the others hold: they hear it before they are asked.
  send_progress(now, out);
  Peer& p = at->second;
  drop_cursors(p);
  p.linked = false;
  p.greeted = false;
  p.truncated.clear();
  p.snapshot.reset();
  p.snapshot_asked = 0;
  p.repair_reads = 0;
  if (loading_ && loading_->from == peer && !loading_->complete) loading_.reset();
  choose_sources(now, out);
}

bool Replication::frame(NodeId from, Frame&& frame, bool relayed, Now now, Outputs& out) {
  latest_ = std::max(latest_, now.mono);
  return std::visit(
      [&]<class T>(T& body) {
        if constexpr (std::is_same_v<T, Hello>) {
          on(from, body, relayed, now, out);
          return true;
        } else if constexpr (requires { on(from, body, now, out); }) {
          const auto at = peers_.find(from);
          if (!relayed && at != peers_.end() && at->second.linked) on(from, body, now, out);
          return true;
        } else {
          return false;
        }
      },
      frame);
}

void Replication::on(NodeId from, const Hello& hello, bool relayed, Now now, Outputs& out) {
  if (hello.node != from || from == options_.self) return;
  Peer& p = peers_[from];
  if (!p.linked) relayed = true;  // a Hello that outlived its link tells as much as one that came round
  if (p.hello && hello.incarnation < p.hello->incarnation) return;  // of an earlier life
  const bool new_life = !p.hello || hello.incarnation > p.hello->incarnation;
  const bool fresh = !relayed && (new_life || !p.greeted);
  if (new_life) {
    drop_cursors(p);
    p.refused.clear();
    p.truncated.clear();
    p.hello = hello;
    p.hello->have.clear();
    p.hello->durable.clear();
  } else {
    // Within one life vectors only grow, and an old Hello may come late.
    p.hello->members = std::max(p.hello->members, hello.members);
    p.hello->amnesiac = hello.amnesiac;
  }
  p.hello_at = now.mono;
  if (!relayed) p.greeted = true;
  find_or_add({from, hello.incarnation});  // followed from its first record on
  const std::vector<LogId> news = learn(p, hello.have, hello.durable);
  if (fresh) {
    for (auto& [id, log] : logs_) {
      if (log.source == from) log.source.reset();  // an earlier life of it was asked
    }
    out.hellos.push_back(*p.hello);
    choose_sources(now, out);
  }
  weigh(from, p, news, now, out);
}

void Replication::on(NodeId from, const Progress& progress, Now now, Outputs& out) {
  Peer& p = peers_.at(from);
  if (!p.greeted || p.hello->incarnation != progress.incarnation) return;
  weigh(from, p, learn(p, progress.seen, progress.durable), now, out);
}

std::vector<LogId> Replication::learn(Peer& peer, const Vector& have, const Vector& durable) {
  std::vector<LogId> news;
  for (const auto& [id, sequence] : have) {
    if (find_or_add(id) != nullptr && raise(peer.hello->have, id, sequence)) news.push_back(id);
  }
  for (const auto& [id, sequence] : durable) {
    if (find_or_add(id) != nullptr) raise(peer.hello->durable, id, sequence);
  }
  return news;
}

// What follows from a peer having more than was known.
void Replication::weigh(NodeId from, Peer& peer, const std::vector<LogId>& logs, Now now, Outputs& out) {
  for (const LogId id : logs) {
    Log& log = logs_.at(id);
    const Sequence has = value_at(peer.hello->have, id);
    if (id == own()) {
      if (has > log.held) report_fork(id, has, from, out);
    } else {
      choose_source(id, log, now, out);
    }
    confirm(peer, id);
  }
  pump(from, peer, out);
}

// -------------------------------------------------------------------------------------------------------- sources

// The origin itself while its link works; else whoever has more, the hub first. A source that works is kept: peers
// overtake each other by a record all the time, and every switch costs a repeat.
void Replication::choose_source(LogId id, Log& log, Now now, Outputs& out) {
  if (id == own() || log.ahead) return;
  const auto candidate = [&](NodeId node) -> const Peer* {
    const auto at = peers_.find(node);
    if (at == peers_.end() || !usable(at->second)) return nullptr;
    return at->second.refused.contains(id) || at->second.truncated.contains(id) ? nullptr : &at->second;
  };
  const auto has_more = [&](const Peer& peer) { return value_at(peer.hello->have, id) > log.held; };

  std::optional<NodeId> ahead;
  std::optional<NodeId> any;
  const auto prefer = [&](std::optional<NodeId>& best, NodeId node) {
    if (!best || (hubs_.contains(node) && !hubs_.contains(*best))) best = node;
  };
  for (const auto& [node, peer] : peers_) {
    if (candidate(node) == nullptr) continue;
    prefer(any, node);
    if (has_more(peer)) prefer(ahead, node);
  }

  std::optional<NodeId> choice;
  const Peer* origin = candidate(id.origin);
  const Peer* current = log.source ? candidate(*log.source) : nullptr;
  if (origin != nullptr && (origin->hello->incarnation == id.incarnation || has_more(*origin))) {
    choice = id.origin;
  } else if (!ahead) {
    // Nobody has more. A log that may still grow keeps a source, so that its next record comes without asking.
    if (newest_of_origin(id)) choice = current != nullptr ? log.source : any;
  } else if (current == nullptr) {
    choice = ahead;
  } else if (has_more(*current)) {
    choice = log.source;
  } else {
    if (!log.behind) log.behind = now.mono;
    choice = now.mono - *log.behind >= kScanEvery ? ahead : log.source;
  }
  if (!ahead || (current != nullptr && has_more(*current))) log.behind.reset();
  if (choice == log.source) return;
  if (log.source && peers_.at(*log.source).linked) out.send(*log.source, Unsubscribe{id});
  log.source = choice;
  log.behind.reset();
  if (choice) ask_source(id, log, now, out);
}

void Replication::choose_sources(Now now, Outputs& out) {
  for (auto& [id, log] : logs_) choose_source(id, log, now, out);
}

void Replication::ask_source(LogId id, Log& log, Now now, Outputs& out) {
  log.asked = now.mono;
  out.send(*log.source, Subscribe{id, log.held});
}

// -------------------------------------------------------------------------------------------------------- sending

void Replication::on(NodeId from, const Subscribe& ask, Now now, Outputs& out) {
  Peer& p = peers_.at(from);
  Log* log = find_or_add(ask.log);
  if (log == nullptr || ask.after.value() >= kSequenceMax) return;
  drop_cursor(p, ask.log);
  p.cursors[ask.log].sent = ask.after;
  if (p.hello) {
    raise(p.hello->have, ask.log, ask.after);
    if (ask.log == own() && ask.after > log->held) report_fork(ask.log, ask.after, from, out);
  }
  static_cast<void>(now);
  pump(from, p, out);
}

void Replication::on(NodeId from, const Unsubscribe& ask, Now, Outputs& out) {
  Peer& p = peers_.at(from);
  drop_cursor(p, ask.log);
  pump(from, p, out);
}

void Replication::drop_cursor(Peer& peer, LogId id) {
  const auto at = peer.cursors.find(id);
  if (at == peer.cursors.end()) return;
  if (at->second.reading) --peer.reads;
  for (const Unconfirmed& part : at->second.unconfirmed) {
    peer.in_flight -= part.bytes;
    usage_.in_flight_bytes -= part.bytes;
  }
  peer.cursors.erase(at);
}

void Replication::drop_cursors(Peer& peer) {
  while (!peer.cursors.empty()) drop_cursor(peer, peer.cursors.begin()->first);
}

void Replication::confirm(Peer& peer, LogId id) {
  const auto at = peer.cursors.find(id);
  if (at == peer.cursors.end()) return;
  const Sequence has = value_at(peer.hello->have, id);
  auto& unconfirmed = at->second.unconfirmed;
  while (!unconfirmed.empty() && unconfirmed.front().last <= has) {
    peer.in_flight -= unconfirmed.front().bytes;
    usage_.in_flight_bytes -= unconfirmed.front().bytes;
    unconfirmed.pop_front();
  }
}

// One batch per log and round, from the log after the one that went last.
void Replication::pump(NodeId id, Peer& peer, Outputs& out) {
  if (!peer.linked) return;
  bool sent = true;
  while (sent && peer.in_flight < options_.window_bytes) {
    sent = false;
    std::vector<LogId> turns;
    for (auto at = peer.cursors.upper_bound(peer.turn); at != peer.cursors.end(); ++at) turns.push_back(at->first);
    for (auto at = peer.cursors.begin(); at != peer.cursors.upper_bound(peer.turn); ++at) turns.push_back(at->first);
    for (const LogId log : turns) {
      if (peer.in_flight >= options_.window_bytes) break;
      if (!pump_one(id, peer, log, peer.cursors.at(log), out)) continue;
      peer.turn = log;
      sent = true;
    }
  }
}

// The next batch of one log, or the order to read it; true when something was sent.
bool Replication::pump_one(NodeId id, Peer& peer, LogId log_id, Cursor& cursor, Outputs& out) {
  const Log& log = logs_.at(log_id);
  const Sequence limit = sendable(log_id, log);
  if (cursor.reading || cursor.sent >= limit) return false;
  Sequence next = plus(cursor.sent, 1);
  const Entry* found = entry(log, next);
  if (found == nullptr) {
    // What is being read is as good as sent.
    const std::size_t reading = static_cast<std::size_t>(peer.reads) * options_.batch_bytes;
    if (peer.reads > 0 && peer.in_flight + reading >= options_.window_bytes) return false;
    cursor.reading = true;
    ++peer.reads;
    out.reads.push_back({id, log_id, cursor.sent, options_.batch_bytes, false});
    return false;
  }
  BatchView batch{log_id, next, hash_at(log, cursor.sent), {}};
  batch.records.reserve(std::min<std::size_t>(limit.value() - cursor.sent.value(), options_.batch_records_max));
  std::size_t bytes = 0;
  std::size_t elements = 0;
  for (; next <= limit; next = plus(next, 1), found = entry(log, next)) {
    bytes += size_of(found->record);
    elements += 1 + found->record.keys.size();
    const bool full = bytes > options_.batch_bytes || elements > kBatchElementsMax ||
                      batch.records.size() >= options_.batch_records_max;
    if (full && !batch.records.empty()) break;
    batch.records.push_back(&found->record);
  }
  send_batch(id, peer, log_id, cursor, batch, out);
  return true;
}

void Replication::send_batch(NodeId id, Peer& peer, LogId log, Cursor& cursor, const BatchView& batch, Outputs& out) {
  std::size_t bytes = 0;
  for (const LoggedRecord* record : batch.records) bytes += size_of(*record);
  cursor.sent = plus(batch.first, batch.records.size() - 1);
  cursor.unconfirmed.push_back({cursor.sent, bytes});
  peer.in_flight += bytes;
  usage_.in_flight_bytes += bytes;
  out.send(id, batch);
  if (peer.hello) confirm(peer, log);  // a subscriber that asks for what it has already confirmed
}

void Replication::pump_log(LogId id, Outputs& out) {
  for (auto& [node, peer] : peers_) {
    if (!peer.linked || peer.in_flight >= options_.window_bytes) continue;
    const auto at = peer.cursors.find(id);
    if (at == peer.cursors.end()) continue;
    while (peer.in_flight < options_.window_bytes && pump_one(node, peer, id, at->second, out)) {
    }
  }
}

void Replication::log_read(const ReadLog& read, Sequence first, std::uint64_t hash_before,
                           std::vector<LoggedRecord> records, Now now, Outputs& out) {
  latest_ = std::max(latest_, now.mono);
  const auto peer_at = peers_.find(read.peer);
  if (peer_at == peers_.end() || !peer_at->second.linked) return;
  Peer& peer = peer_at->second;
  const bool continues = first == plus(read.after, 1) && !records.empty();
  if (read.repair) {
    peer.repair_reads = std::max(0, peer.repair_reads - 1);
    if (continues) out.send(read.peer, Fetched{read.log, first, std::move(records.front())});
    return;
  }
  const auto at = peer.cursors.find(read.log);
  if (at == peer.cursors.end() || !at->second.reading) return;
  Cursor& cursor = at->second;
  if (read.after != cursor.sent) return;  // an answer to an earlier subscription; the one for this is still to come
  cursor.reading = false;
  --peer.reads;
  if (!continues) {
    // A hole: deleted records are what a snapshot is for; damaged ones are asked for again when the subscriber stalls.
    if (first > plus(read.after, 1)) out.send(read.peer, Truncated{read.log, first});
    drop_cursor(peer, read.log);
    pump(read.peer, peer, out);
    return;
  }
  const Sequence limit = sendable(read.log, logs_.at(read.log));
  BatchView batch{read.log, first, hash_before, {}};
  std::size_t bytes = 0;
  std::size_t elements = 0;
  for (const LoggedRecord& record : records) {
    const Sequence sequence = plus(batch.first, batch.records.size());
    if (sequence > limit) break;
    const std::size_t size = size_of(record);
    const std::size_t rows = 1 + record.keys.size();
    if (!batch.records.empty() && (bytes + size > 2 * options_.batch_bytes || elements + rows > kBatchElementsMax)) {
      const std::uint64_t hash = record_hash(batch.records.back()->bytes);
      send_batch(read.peer, peer, read.log, cursor, std::exchange(batch, {read.log, sequence, hash, {}}), out);
      bytes = elements = 0;
    }
    bytes += size;
    elements += rows;
    batch.records.push_back(&record);
  }
  if (!batch.records.empty()) send_batch(read.peer, peer, read.log, cursor, batch, out);
  pump(read.peer, peer, out);
}

// ------------------------------------------------------------------------------------------------------ receiving

void Replication::on(NodeId from, Batch& batch, Now now, Outputs& out) {
  Peer& p = peers_.at(from);
  if (batch.log == own() || batch.records.empty() || batch.first == Sequence{} || batch.first.value() >= kSequenceMax ||
      p.refused.contains(batch.log)) {
    return;
  }
  Log* found = find_or_add(batch.log);
  if (found == nullptr) return;
  Log& log = *found;
  const Sequence last = plus(batch.first, batch.records.size() - 1);
  if (p.greeted) {
    raise(p.hello->have, batch.log, last);
    if (batch.log.origin == from) raise(p.hello->durable, batch.log, last);
  }
  if (log.ahead) return;  // sent before it was paused; it stays with the sender
  if (batch.first > plus(log.held, 1)) {
    ++usage_.gaps;
    if (log.source == from && now.mono - log.asked > kGapAskEvery) ask_source(batch.log, log, now, out);
    return;
  }
  const std::uint64_t known = hash_at(log, Sequence{batch.first.value() - 1});
  if (known != 0 && batch.hash_before != 0 && known != batch.hash_before) {
    refuse(batch.log, log, Sequence{batch.first.value() - 1}, from, now, out);
    return;
  }
  if (last > log.held && usage_.unstored_bytes > options_.unstored_bytes) {
    ++usage_.refused_full;  // the stall scan asks again, when the disk has caught up
    return;
  }
  bool grew = false;
  Sequence sequence = batch.first;
  out.received.reserve(out.received.size() + batch.records.size());
  for (LoggedRecord& record : batch.records) {
    const Sequence at = std::exchange(sequence, plus(sequence, 1));
    const std::uint64_t hash = record_hash(record.bytes);
    if (at <= log.held) {
      const std::uint64_t ours = hash_at(log, at);
      if (ours != 0 && ours != hash) {
        refuse(batch.log, log, at, from, now, out);
        break;
      }
      ++usage_.repeats_skipped;
      if (bug::on(bug::Name::repeat_not_skipped)) out.received.push_back({batch.log, at, from, record});
      continue;
    }
    if (const auto stamp = record::stamp_of(record.bytes); stamp && too_far_ahead(*stamp, now)) {
      pause(batch.log, log, *stamp, out);
      break;
    }
    push(batch.log, log, record, hash);
    out.received.push_back({batch.log, at, from, std::move(record)});
    grew = true;
  }
  if (!grew) return;
  log.advanced = now.mono;
  log.behind.reset();
  seen_changed_.insert(batch.log);
  pump_log(batch.log, out);
  trim();
}

bool Replication::too_far_ahead(Hlc stamp, Now now) const {
  return stamp.milliseconds() > now.hlc.milliseconds() + static_cast<std::uint64_t>(options_.ahead_max.count());
}

// The record is in nobody's way where it is: its holder sends it when it is asked for again.
void Replication::pause(LogId id, Log& log, Hlc stamp, Outputs& out) {
  ++usage_.pauses;
  log.ahead = stamp;
  log.behind.reset();
  if (log.source && peers_.at(*log.source).linked) out.send(*log.source, Unsubscribe{id});
  log.source.reset();
}

void Replication::push(LogId id, Log& log, LoggedRecord record, std::uint64_t hash) {
  const std::size_t size = size_of(record);
  log.tail.push_back({std::move(record), hash});
  log.held = plus(log.held, 1);
  log.hash = hash;
  log.tail_bytes += size;
  usage_.tail_bytes += size;
  ++usage_.records;
  if (id != own()) usage_.unstored_bytes += size;
}

// Records up to `up_to` are on disk.
void Replication::store(LogId id, Log& log, Sequence up_to) {
  if (id != own()) usage_.unstored_bytes -= unstored(log, up_to);
  log.durable = up_to;
}

// Bytes in the tail that are not on disk, up to a sequence.
std::size_t Replication::unstored(const Log& log, Sequence up_to) const {
  std::size_t bytes = 0;
  const Sequence before_tail{log.held.value() - log.tail.size()};
  for (Sequence s = plus(std::max(log.durable, before_tail), 1); s <= up_to; s = plus(s, 1)) {
    bytes += size_of(entry(log, s)->record);
  }
  return bytes;
}

// Forgets the oldest records, of the largest tails first, that can be read from disk instead.
void Replication::trim() {
  if (usage_.tail_bytes <= options_.tail_bytes) return;
  const std::size_t target = options_.tail_bytes / 10 * 9;
  const auto first = [](const Log& log) { return Sequence{log.held.value() - log.tail.size() + 1}; };
  while (usage_.tail_bytes > target) {
    Log* largest = nullptr;
    for (auto& [id, log] : logs_) {
      const bool can = !log.tail.empty() && first(log) <= log.durable;
      if (can && (largest == nullptr || log.tail_bytes > largest->tail_bytes)) largest = &log;
    }
    if (largest == nullptr) return;
    const std::size_t half = largest->tail_bytes / 2;
    while (!largest->tail.empty() && first(*largest) <= largest->durable && usage_.tail_bytes > target &&
           largest->tail_bytes > half) {
      const Entry& oldest = largest->tail.front();
      const std::size_t size = size_of(oldest.record);
      largest->hash_before_tail = oldest.hash;
      largest->tail_bytes -= size;
      usage_.tail_bytes -= size;
      --usage_.records;
      largest->tail.pop_front();
    }
  }
}

void Replication::report_fork(LogId id, Sequence sequence, NodeId peer, Outputs& out) {
  if (forks_told_.insert({id, peer}).second) out.forks.push_back({id, sequence, peer});
}

// R2: from here on nothing of this log is taken from this peer, until it begins a new life.
void Replication::refuse(LogId id, Log& log, Sequence sequence, NodeId from, Now now, Outputs& out) {
  report_fork(id, sequence, from, out);
  peers_.at(from).refused.insert(id);
  choose_source(id, log, now, out);
}

// --------------------------------------------------------------------------------------------------- own and disk

void Replication::own_appended(Sequence sequence, LoggedRecord record) {
  Log& log = logs_.at(own());
  TANDEM_CHECK(sequence == plus(log.held, 1));
  const std::uint64_t hash = record_hash(record.bytes);
  push(own(), log, std::move(record), hash);
}

void Replication::own_durable(Sequence up_to, Now now, Outputs& out) {
  latest_ = std::max(latest_, now.mono);
  Log& log = logs_.at(own());
  TANDEM_CHECK(up_to <= log.held);
  if (up_to <= log.durable) return;
  store(own(), log, up_to);
  seen_changed_.insert(own());
  durable_changed_.insert(own());
  pump_log(own(), out);
  trim();
}

void Replication::foreign_durable(const Vector& up_to, Now now, Outputs& out) {
  latest_ = std::max(latest_, now.mono);
  std::map<NodeId, Progress> waited_for;
  for (const auto& [id, sequence] : up_to) {
    if (id == own()) continue;
    const auto at = logs_.find(id);
    TANDEM_CHECK(at != logs_.end() && sequence <= at->second.held);
    if (sequence <= at->second.durable) continue;
    store(id, at->second, sequence);
    durable_changed_.insert(id);
    Progress& progress = waited_for[id.origin];
    progress.seen[id] = at->second.held;
    progress.durable[id] = sequence;
  }
  if (waited_for.empty()) return;
  // At once: at the origin somebody waits for this acknowledgement. The others hear it with the rest.
  bool all_told = true;
  for (auto& [origin, progress] : waited_for) {
    const auto peer = peers_.find(origin);
    const bool linked = peer != peers_.end() && peer->second.linked;
    all_told = all_told && linked;
    if (!linked) continue;
    progress.incarnation = options_.incarnation;
    out.send(origin, progress);
  }
  if (!all_told) send_progress(now, out);  // an origin that is reached through others
  trim();
}

void Replication::send_progress(Now now, Outputs& out) {
  progress_sent_ = now.mono;
  const std::set<LogId> seen = std::exchange(seen_changed_, {});
  const std::set<LogId> durable = std::exchange(durable_changed_, {});
  for (const auto& [node, peer] : peers_) {
    if (!peer.linked) continue;
    Progress progress;
    progress.incarnation = options_.incarnation;
    // What a subscriber was sent of this node's own log tells as much: nothing leaves before it is durable here.
    const auto cursor = peer.cursors.find(own());
    const Sequence sent = cursor == peer.cursors.end() ? Sequence{} : cursor->second.sent;
    const auto known = [&](LogId id) { return id == own() && sent >= logs_.at(id).durable; };
    for (const LogId id : seen) {
      if (!known(id)) progress.seen.emplace(id, sendable(id, logs_.at(id)));
    }
    for (const LogId id : durable) {
      if (!known(id)) progress.durable.emplace(id, logs_.at(id).durable);
    }
    if (!progress.seen.empty() || !progress.durable.empty()) out.send(node, progress);
  }
}

// ---------------------------------------------------------------------------------------------- damage, snapshots

void Replication::fetch(LogId log, Sequence sequence, Now now, Outputs& out) {
  if (repairs_.size() >= kRepairsMax) return;
  const auto [at, fresh] = repairs_.try_emplace({log, sequence});
  if (fresh) ask_repair(log, sequence, at->second, now, out);
}

// The next peer, in turn, that said it has the record.
void Replication::ask_repair(LogId id, Sequence sequence, Repair& repair, Now now, Outputs& out) {
  repair.asked = now.mono;
  std::optional<NodeId> next;
  for (const auto& [node, peer] : peers_) {
    if (!usable(peer) || peer.refused.contains(id) || value_at(peer.hello->have, id) < sequence) continue;
    if (!next) next = node;
    if (node > repair.last_peer) {
      next = node;
      break;
    }
  }
  if (!next) return;
  repair.last_peer = *next;
  out.send(*next, Fetch{id, sequence});
}

void Replication::on(NodeId from, const Fetch& fetch, Now, Outputs& out) {
  const auto at = logs_.find(fetch.log);
  if (at == logs_.end() || fetch.sequence == Sequence{} || fetch.sequence > sendable(fetch.log, at->second)) return;
  if (const Entry* found = entry(at->second, fetch.sequence)) {
    out.send(from, Fetched{fetch.log, fetch.sequence, found->record});
    return;
  }
  Peer& p = peers_.at(from);
  if (p.repair_reads >= kRepairReadsMax) return;  // it asks again
  ++p.repair_reads;
  out.reads.push_back({from, fetch.log, Sequence{fetch.sequence.value() - 1}, 1, true});
}

void Replication::on(NodeId, const Fetched& fetched, Now, Outputs& out) {
  if (repairs_.erase({fetched.log, fetched.sequence}) == 0) return;
  out.repaired.push_back({fetched.log, fetched.sequence, fetched.record});
}

void Replication::on(NodeId from, const Truncated& truncated, Now now, Outputs& out) {
  const auto at = logs_.find(truncated.log);
  if (at == logs_.end() || truncated.first <= plus(at->second.held, 1)) return;
  peers_.at(from).truncated.insert(truncated.log);
  choose_source(truncated.log, at->second, now, out);
  ask_snapshot(now, out);
}

// Asked of a peer that has a log further than this node and no longer from where this node stands, when no peer has the
// records between.
void Replication::ask_snapshot(Now now, Outputs& out) {
  if (loading_) return;
  std::optional<NodeId> best;
  for (const auto& [node, peer] : peers_) {
    if (!usable(peer)) continue;
    const bool needed = std::ranges::any_of(peer.truncated, [&](LogId id) {
      const Log& log = logs_.at(id);
      if (log.ahead || value_at(peer.hello->have, id) <= log.held) return false;
      return !log.source || value_at(peers_.at(*log.source).hello->have, id) <= log.held;
    });
    if (needed && (!best || (hubs_.contains(node) && !hubs_.contains(*best)))) best = node;
  }
  if (!best) return;
  // Our start and a count: no two asks of one node to one peer's life have the same name.
  loading_ = Loading{.from = *best, .id = options_.incarnation.value() + ++snapshots_asked_};
  loading_->heard = loading_->asked = now.mono;
  out.send(*best, SnapshotAsk{loading_->id, 0});
}

void Replication::on(NodeId from, const SnapshotAsk& ask, Now now, Outputs& out) {
  Peer& p = peers_.at(from);
  if (p.snapshot && p.snapshot->id == ask.snapshot) {
    p.snapshot->used = now.mono;
    send_chunks(from, *p.snapshot, ask.index, out);
  } else if (ask.index == 0 && ask.snapshot != 0) {
    p.snapshot.reset();
    if (p.snapshot_asked == 0) out.snapshots_wanted.push_back(from);
    p.snapshot_asked = ask.snapshot;
  }
}

void Replication::snapshot_made(NodeId peer, Vector vector, std::string bytes, Now now, Outputs& out) {
  latest_ = std::max(latest_, now.mono);
  const auto at = peers_.find(peer);
  if (at == peers_.end() || !at->second.linked) return;
  const std::uint64_t name = std::exchange(at->second.snapshot_asked, 0);
  if (name == 0) return;
  at->second.snapshot = Snapshot{name, std::move(vector), std::move(bytes), now.mono};
  send_chunks(peer, *at->second.snapshot, 0, out);
}

void Replication::send_chunks(NodeId to, const Snapshot& snapshot, std::uint32_t index, Outputs& out) const {
  const std::size_t total =
      std::max<std::size_t>(1, (snapshot.bytes.size() + options_.chunk_bytes - 1) / options_.chunk_bytes);
  for (std::uint32_t i = index; i < total && i - index < kChunksPerAsk; ++i) {
    SnapshotChunk chunk{snapshot.id, {}, i, static_cast<std::uint32_t>(total), {}};
    if (i == 0) chunk.vector = snapshot.vector;
    chunk.bytes = snapshot.bytes.substr(i * options_.chunk_bytes, options_.chunk_bytes);
    out.send(to, std::move(chunk));
  }
}

void Replication::on(NodeId from, const SnapshotChunk& chunk, Now now, Outputs& out) {
  if (!loading_ || loading_->complete || loading_->from != from) return;
  Loading& loading = *loading_;
  if (chunk.snapshot == loading.id && chunk.index == 0 && loading.next == 0) {
    loading.vector = chunk.vector;
    loading.total = chunk.total;
  }
  if (chunk.snapshot != loading.id || chunk.index != loading.next || chunk.index >= loading.total) return;
  if (loading.bytes.size() + chunk.bytes.size() > options_.snapshot_bytes_max) {
    loading_.reset();
    return;
  }
  loading.bytes += chunk.bytes;
  ++loading.next;
  loading.heard = loading.asked = now.mono;
  if (loading.next == loading.total) {
    loading.complete = true;
    out.snapshots.push_back({from, std::move(loading.vector), std::move(loading.bytes)});
    loading.vector.clear();
    loading.bytes.clear();
  } else if (loading.next % kChunksPerAsk == 0) {
    out.send(from, SnapshotAsk{loading.id, loading.next});
  }
}

void Replication::snapshot_loaded(const Vector& vector, Now now, Outputs& out) {
  latest_ = std::max(latest_, now.mono);
  for (const auto& [id, sequence] : vector) {
    Log* log = find_or_add(id);
    if (log == nullptr || id == own() || sequence <= log->held) continue;
    // What was received and is not on disk yet is in the snapshot too; it is not waited for apart from it.
    usage_.unstored_bytes -= unstored(*log, log->held);
    usage_.tail_bytes -= log->tail_bytes;
    usage_.records -= log->tail.size();
    log->tail.clear();
    log->tail_bytes = 0;
    log->held = sequence;
    log->ahead.reset();
    log->hash = log->hash_before_tail = 0;
    seen_changed_.insert(id);
  }
  loading_.reset();
  for (auto& [node, peer] : peers_) peer.truncated.clear();
  for (auto& [id, log] : logs_) {
    choose_source(id, log, now, out);
    if (log.source && vector.contains(id)) ask_source(id, log, now, out);
  }
  send_progress(now, out);
}

// ----------------------------------------------------------------------------------------------------------- time

void Replication::tick(Now now, Outputs& out) {
  latest_ = std::max(latest_, now.mono);
  if (bug::on(bug::Name::visible_before_durable)) pump_log(own(), out);
  if (now.mono - hello_sent_ >= options_.hello_every) {
    hello_sent_ = now.mono;
    for (const auto& [id, peer] : peers_) {
      if (peer.linked) greet(id, out);
    }
  }
  const bool told = seen_changed_.empty() && durable_changed_.empty();
  if (!told && now.mono - progress_sent_ >= options_.progress_every) send_progress(now, out);
  if (now.mono - scanned_ >= kScanEvery) {
    scanned_ = now.mono;
    for (auto& [id, log] : logs_) {
      if (log.ahead && !too_far_ahead(*log.ahead, now)) log.ahead.reset();
      choose_source(id, log, now, out);
      if (!log.source || value_at(peers_.at(*log.source).hello->have, id) <= log.held) continue;
      if (now.mono - std::max(log.advanced, log.asked) > options_.stall_after) ask_source(id, log, now, out);
    }
    for (auto& [key, repair] : repairs_) {
      if (now.mono - repair.asked >= kRepairAskEvery) ask_repair(key.first, key.second, repair, now, out);
    }
    for (auto& [id, peer] : peers_) {
      if (peer.snapshot && now.mono - peer.snapshot->used > kSnapshotIdleMax) peer.snapshot.reset();
    }
    if (loading_ && loading_->complete) {
      if (now.mono - loading_->heard > kSnapshotLoadMax) loading_.reset();
    } else if (loading_) {
      if (now.mono - loading_->heard > kSnapshotIdleMax) {
        loading_.reset();
      } else if (now.mono - loading_->asked > kSnapshotAskEvery) {
        loading_->asked = now.mono;
        out.send(loading_->from, SnapshotAsk{loading_->id, loading_->next});
      }
    }
    ask_snapshot(now, out);
  }
}

// ------------------------------------------------------------------------------------------------------ questions

Vector Replication::seen() const {
  Vector out;
  for (const auto& [id, log] : logs_) {
    if (log.held > Sequence{}) out.emplace(id, log.held);
  }
  return out;
}

Vector Replication::durable() const {
  Vector out;
  for (const auto& [id, log] : logs_) {
    if (log.durable > Sequence{}) out.emplace(id, log.durable);
  }
  return out;
}

Sequence Replication::held(LogId log) const {
  const auto at = logs_.find(log);
  return at == logs_.end() ? Sequence{} : at->second.held;
}

Sequence Replication::peer_seen(NodeId peer, LogId log) const {
  const auto at = peers_.find(peer);
  return at == peers_.end() || !at->second.hello ? Sequence{} : value_at(at->second.hello->have, log);
}

Sequence Replication::peer_durable(NodeId peer, LogId log) const {
  const auto at = peers_.find(peer);
  return at == peers_.end() || !at->second.hello ? Sequence{} : value_at(at->second.hello->durable, log);
}

Sequence Replication::durable_elsewhere(LogId log) const {
  Sequence best;
  for (const auto& [node, peer] : peers_) best = std::max(best, peer_durable(node, log));
  return best;
}

std::set<NodeId> Replication::reachable() const {
  std::set<NodeId> out;
  for (const auto& [node, peer] : peers_) {
    if (usable(peer) || (peer.hello && latest_ - peer.hello_at <= kRelayedHelloGood)) out.insert(node);
  }
  return out;
}

Vector Replication::durable_everywhere(const std::set<NodeId>& members) const {
  Vector out;
  for (const auto& [id, log] : logs_) {
    Sequence least = log.durable;
    for (const NodeId member : members) {
      if (member != options_.self) least = std::min(least, peer_durable(member, id));
    }
    if (least > Sequence{}) out.emplace(id, least);
  }
  return out;
}

Vector Replication::held_by_reachable(NodeId origin) const {
  Vector out;
  for (const NodeId node : reachable()) {
    const Vector& have = peers_.at(node).hello->have;
    for (auto at = have.lower_bound({origin, Incarnation{}}); at != have.end() && at->first.origin == origin; ++at) {
      raise(out, at->first, at->second);
    }
  }
  return out;
}

bool Replication::caught_up_with(NodeId peer) const {
  return reachable().contains(peer) && std::ranges::all_of(peers_.at(peer).hello->have, [&](const auto& entry) {
           return held(entry.first) >= entry.second;
         });
}

bool Replication::caught_up(NodeId origin) const {
  return std::ranges::all_of(held_by_reachable(origin),
                             [&](const auto& entry) { return held(entry.first) >= entry.second; });
}

std::optional<NodeId> Replication::source(LogId log) const {
  const auto at = logs_.find(log);
  return at == logs_.end() ? std::nullopt : at->second.source;
}

std::map<LogId, Hlc> Replication::paused() const {
  std::map<LogId, Hlc> out;
  for (const auto& [id, log] : logs_) {
    if (log.ahead) out.emplace(id, *log.ahead);
  }
  return out;
}

std::optional<Mono> Replication::greeted_at(NodeId peer) const {
  const auto at = peers_.find(peer);
  return at == peers_.end() || !at->second.hello ? std::nullopt : std::optional(at->second.hello_at);
}

std::optional<Hello> Replication::hello(NodeId peer) const {
  const auto at = peers_.find(peer);
  return at == peers_.end() ? std::nullopt : at->second.hello;
}

}  // namespace tandem::cluster
