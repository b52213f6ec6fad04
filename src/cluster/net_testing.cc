#include "cluster/net_testing.h"

#include <algorithm>

#include "codec/wire.h"
#include "record/record.h"

namespace tandem::cluster::testing {

namespace {
// A snapshot of this test's world: the records themselves.
struct WorldLog {
  LogId log;
  std::vector<LoggedRecord> records;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "log", s.log);
    f(2, "records", s.records);
  }
};
struct WorldBytes {
  std::vector<WorldLog> logs;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "logs", s.logs);
  }
};
}  // namespace

Net::Net(std::size_t nodes, std::uint64_t seed, ReplicationOptions options, bool with_hub)
    : rng_{seed}, options_(std::move(options)), with_hub_(with_hub) {
  for (std::size_t i = 0; i < nodes; ++i) {
    nodes_.push_back(std::make_unique<TestNode>());
    nodes_.back()->id = NodeId{static_cast<std::uint16_t>(i + 1)};
  }
  for (auto& node : nodes_) start(*node);
}

void Net::start(TestNode& node) {
  node.incarnation = Incarnation{++births_};
  ReplicationOptions options = options_;
  options.self = node.id;
  options.incarnation = node.incarnation;
  std::map<LogId, OnDisk> on_disk;
  node.applied = node.disk;
  for (const auto& [log, records] : node.disk) {
    if (records.empty()) continue;
    on_disk[log] = {Sequence{records.size()}, record_hash(records.back().bytes)};
  }
  node.syncing = false;
  node.cluster = std::make_unique<Cluster>(ClusterOptions{.replication = options}, on_disk, now_);
  std::vector<Detector::Member> members;
  members.reserve(nodes_.size());
  for (const auto& other : nodes_) members.push_back({other->id, !(with_hub_ && other == nodes_.back())});
  node.cluster->set_members(1, members, now_);
}

void Net::write(std::size_t index, std::size_t bytes) {
  TestNode& node = *nodes_[index];
  auto& log = node.applied[node.log()];
  LoggedRecord record{"n" + std::to_string(index) + "." + std::to_string(node.incarnation.value()) + "." +
                          std::to_string(log.size() + 1) + std::string(bytes, 'x'),
                      {}};
  if (node.ahead) {
    const Meta meta{node.log(), Sequence{log.size() + 1}, now_.hlc + *node.ahead, {}};
    record.bytes = record::encode(meta, membership::Rec{membership::Born{false, std::string(bytes, 'x')}});
  }
  if (rng_.chance(1, 4)) record.keys.push_back({KeyId{mint_uuid(now_.hlc, rng_)}, "wrapped", false});
  log.push_back(record);
  node.cluster->own_appended(Sequence{log.size()}, std::move(record));
}

void Net::connect(std::size_t a, std::size_t b) {
  const Way way = std::minmax(a, b);
  if (a == b || forbidden_.contains(way) || !connected_.insert(way).second) return;
  for (const auto& [from, to] : {Way{a, b}, Way{b, a}}) {
    Outputs out;
    nodes_[from]->cluster->link_up(nodes_[to]->id, now_, out);
    handle(from, std::move(out));
  }
}

void Net::disconnect(std::size_t a, std::size_t b) {
  if (connected_.erase(std::minmax(a, b)) == 0) return;
  for (const auto& [from, to] : {Way{a, b}, Way{b, a}}) {
    wires_.erase({from, to});
    Outputs out;
    nodes_[from]->cluster->link_down(nodes_[to]->id, now_, out);
    handle(from, std::move(out));
  }
  wires_.erase({a, b});
  wires_.erase({b, a});
}

void Net::connect_all() {
  for (std::size_t a = 0; a < nodes_.size(); ++a) {
    for (std::size_t b = a + 1; b < nodes_.size(); ++b) connect(a, b);
  }
}

void Net::crash(std::size_t index, bool lose_disk) {
  for (std::size_t other = 0; other < nodes_.size(); ++other) disconnect(index, other);
  TestNode& node = *nodes_[index];
  if (lose_disk) node.disk.clear();
  start(node);
}

void Net::send(std::size_t from, std::size_t to, std::string bytes) {
  Outputs out;
  nodes_[from]->cluster->send(nodes_[to]->id, std::move(bytes), out);
  handle(from, std::move(out));
}

void Net::fetch(std::size_t index, LogId log, Sequence sequence) {
  Outputs out;
  nodes_[index]->cluster->fetch(log, sequence, now_, out);
  handle(index, std::move(out));
}

void Net::handle(std::size_t index, Outputs out) {
  TestNode& node = *nodes_[index];
  for (auto& [to, bytes] : out.frames) {
    const std::size_t target = index_of(to);
    if (!connected_.contains(std::minmax(index, target)) || dead_.contains({index, target})) continue;
    if (rng_.chance(faults.loss_percent, 100)) continue;
    auto& wire = wires_[{index, target}];
    const int copies = rng_.chance(faults.repeat_percent, 100) ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
      Mono at = now_.mono +
                std::chrono::milliseconds{1 + rng_.below(static_cast<std::uint64_t>(faults.delay_max.count()) + 1)};
      const bool overtake = rng_.chance(faults.reorder_percent, 100);
      if (!overtake && !wire.empty()) at = std::max(at, wire.back().at);
      wire.insert(std::ranges::upper_bound(wire, at, {}, &InFlight::at), {at, bytes});
    }
  }
  for (Received& received : out.received) {
    auto& applied = node.applied[received.log];
    if (received.sequence.value() != applied.size() + 1) {
      ++node.order_errors;
      continue;
    }
    const auto& origin = *nodes_[index_of(received.log.origin)];
    const auto on_disk = origin.disk.find(received.log);
    if (origin.log() == received.log &&
        (on_disk == origin.disk.end() || on_disk->second.size() < received.sequence.value())) {
      ++node.early_errors;
    }
    applied.push_back(std::move(received.record));
  }
  for (Payload& payload : out.payloads) node.payloads.push_back(std::move(payload));
  for (Fork& fork : out.forks) node.forks.push_back(fork);
  for (Vote& vote : out.votes) node.votes.push_back(std::move(vote));
  for (Repaired& repaired : out.repaired) node.repaired.push_back(std::move(repaired));
  for (const ReadLog& read : out.reads) {
    Outputs more;
    const auto& records = node.disk[read.log];
    const std::uint64_t deleted = node.truncated[read.log].value();
    std::uint64_t after = read.after.value();
    if (after < deleted) {
      node.cluster->log_read(read, Sequence{deleted + 1}, 0, {}, now_, more);
    } else {
      std::vector<LoggedRecord> answer;
      std::size_t bytes = 0;
      const std::uint64_t hash = after == 0 ? 0 : record_hash(records.at(after - 1).bytes);
      for (; after < records.size() && (answer.empty() || bytes < read.bytes_max); ++after) {
        bytes += records[after].bytes.size();
        answer.push_back(records[after]);
      }
      node.cluster->log_read(read, Sequence{read.after.value() + 1}, hash, std::move(answer), now_, more);
    }
    handle(index, std::move(more));
  }
  for (const NodeId peer : out.snapshots_wanted) {
    WorldBytes world;
    Vector vector;
    for (const auto& [log, records] : node.disk) {
      world.logs.push_back({log, records});
      vector[log] = Sequence{records.size()};
    }
    Outputs more;
    node.cluster->snapshot_made(peer, vector, wire::encode(world), now_, more);
    handle(index, std::move(more));
  }
  for (const SnapshotReceived& snapshot : out.snapshots) {
    const auto world = wire::decode<WorldBytes>(snapshot.bytes);
    if (node.snapshots_refused > 0) {
      --node.snapshots_refused;  // the node found no use for it and says nothing
      continue;
    }
    Outputs more;
    if (world) {
      ++node.snapshots_loaded;
      for (const WorldLog& log : world->logs) {
        if (log.log == node.log() || node.applied[log.log].size() >= log.records.size()) continue;
        node.applied[log.log] = log.records;
        node.disk[log.log] = log.records;
        node.truncated[log.log] = Sequence{log.records.size()};
      }
    }
    node.cluster->snapshot_loaded(world ? snapshot.vector : Vector{}, now_, more);
    Vector stored = snapshot.vector;
    stored.erase(node.log());
    for (auto& [log, sequence] : stored) sequence = std::min(sequence, Sequence{node.disk[log].size()});
    node.cluster->foreign_durable(stored, now_, more);
    handle(index, std::move(more));
  }
}

void Net::sync(std::size_t index) {
  TestNode& node = *nodes_[index];
  Vector foreign;
  Outputs out;
  for (const auto& [log, records] : node.applied) {
    auto& disk = node.disk[log];
    if (disk.size() >= records.size()) continue;
    disk.insert(disk.end(), records.begin() + static_cast<std::ptrdiff_t>(disk.size()), records.end());
    if (log != node.log()) foreign[log] = Sequence{disk.size()};
  }
  node.cluster->own_durable(Sequence{node.disk[node.log()].size()}, now_, out);
  node.cluster->foreign_durable(foreign, now_, out);
  handle(index, std::move(out));
}

void Net::step() {
  now_.mono = now_.mono + 5ms;
  now_.hlc = now_.hlc + 5ms;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (rng_.chance(faults.crash_permille, 1000)) crash(i);
    for (std::size_t j = 0; j < nodes_.size(); ++j) {
      if (i < j && rng_.chance(faults.break_permille, 1000)) disconnect(i, j);
      if (i < j && rng_.chance(1, 20)) connect(i, j);
      if (i != j && rng_.chance(faults.one_way_permille, 1000)) dead_.insert({i, j});
      if (i != j && rng_.chance(1, 100)) dead_.erase({i, j});
    }
  }
  for (auto& [way, wire] : wires_) {
    std::vector<std::string> due;
    while (!wire.empty() && wire.front().at <= now_.mono) {
      due.push_back(std::move(wire.front().bytes));
      wire.pop_front();
    }
    for (const std::string& bytes : due) {
      if (dead_.contains(way)) continue;
      Outputs out;
      nodes_[way.second]->cluster->frame(nodes_[way.first]->id, bytes, now_, out);
      handle(way.second, std::move(out));
    }
  }
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    TestNode& node = *nodes_[i];
    Outputs out;
    node.cluster->tick(now_, out);
    handle(i, std::move(out));
    if (!node.syncing) {
      node.syncing = true;
      node.sync_at =
          now_.mono + std::chrono::milliseconds{1 + rng_.below(static_cast<std::uint64_t>(faults.sync_max.count()))};
    } else if (node.sync_at <= now_.mono && !node.stalled_disk) {
      sync(i);
      node.syncing = false;
    }
    std::size_t truth = 0;
    for (std::size_t j = 0; j < nodes_.size(); ++j) {
      if (j == i) continue;
      const auto at = nodes_[j]->disk.find(node.log());
      if (at != nodes_[j]->disk.end()) truth = std::max(truth, at->second.size());
    }
    if (node.cluster->replication().durable_elsewhere(node.log()).value() > truth) ++node.acknowledged_wrong;
    const auto& usage = node.cluster->replication().usage();
    in_flight_most_ = std::max(in_flight_most_, usage.in_flight_bytes);
    tail_most_ = std::max(tail_most_, usage.tail_bytes);
    unstored_most_ = std::max(unstored_most_, usage.unstored_bytes);
  }
}

void Net::run_for(std::chrono::milliseconds time) {
  const Mono end = now_.mono + time;
  while (now_.mono < end) step();
}

void Net::heal() {
  faults = {};
  dead_.clear();
  connect_all();
}

bool Net::converged() const {
  const auto without_empty = [](const std::map<LogId, std::vector<LoggedRecord>>& logs) {
    auto out = logs;
    std::erase_if(out, [](const auto& entry) { return entry.second.empty(); });
    return out;
  };
  const auto want = without_empty(nodes_.front()->applied);
  return std::ranges::all_of(nodes_, [&](const auto& node) {
    return without_empty(node->applied) == want && without_empty(node->disk) == want;
  });
}

}  // namespace tandem::cluster::testing
