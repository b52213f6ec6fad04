#include "sim/disk.h"

#include "base/check.h"

namespace tandem::sim {

void Disk::append(std::uint64_t ticket, std::vector<LogEntry> entries, std::optional<SaveSnapshot> snapshot,
                  std::optional<Vector> truncate) {
  queue_.push_back({ticket, std::move(entries), std::move(snapshot), std::move(truncate), false});
}

bool Disk::begin_sync() {
  if (full_ || syncing_ > 0 || queue_.empty()) return false;
  syncing_ = queue_.size();
  return true;
}

Disk::Synced Disk::end_sync() {
  Synced out;
  for (; syncing_ > 0; --syncing_) {
    Batch& batch = queue_.front();
    out.ticket = std::max(out.ticket, batch.ticket);
    if (batch.snapshot && batch.snapshot->from_peer) {
      // A peer's snapshot comes before the records that follow it.
      store(*batch.snapshot);
      out.adopted = batch.snapshot->vector;
      batch.snapshot.reset();
    }
    for (LogEntry& entry : batch.entries) {
      if (store(entry)) out.entries.push_back(std::move(entry));
    }
    if (batch.snapshot) {
      store(*batch.snapshot);
      out.from_peer = out.from_peer || batch.snapshot->from_peer;
      out.snapshot = std::move(batch.snapshot->vector);
    }
    if (batch.truncate) out.truncated += truncate(*batch.truncate);
    queue_.pop_front();
  }
  return out;
}

std::vector<std::uint64_t> Disk::refused() {
  std::vector<std::uint64_t> out;
  if (!full_) return out;
  for (std::size_t n = syncing_; n < queue_.size(); ++n) {
    if (queue_[n].refused || queue_[n].ticket == 0) continue;
    queue_[n].refused = true;
    out.push_back(queue_[n].ticket);
  }
  return out;
}

bool Disk::store(const LogEntry& entry) {
  Log& log = logs_[entry.log];
  if (entry.sequence <= log.last()) {
    if (entry.sequence > log.base) {
      Stored& stored = log.records[entry.sequence.value() - log.base.value() - 1];
      if (stored.damaged) stored = {entry.record, false};
    }
    return false;  // a repeat
  }
  if (entry.sequence.value() != log.last().value() + 1) {
    // Only a snapshot makes a log go on further on.
    const Sequence before{entry.sequence.value() - 1};
    TANDEM_CHECK(covered(entry.log) >= before);
    log = Log{before, 0, {}};
  }
  log.records.push_back({entry.record, false});
  order_.emplace_back(entry.log, entry.sequence);
  return true;
}

void Disk::store(const SaveSnapshot& snapshot) {
  snapshot_ = snapshot;
  for (const auto& [id, sequence] : snapshot.vector) {
    Log& log = logs_[id];
    if (log.last() < sequence) log = Log{sequence, 0, {}};
  }
  std::erase_if(order_, [&](const auto& at) { return covered(at.first) >= at.second; });
}

Sequence Disk::covered(LogId log) const {
  if (!snapshot_) return {};
  const auto at = snapshot_->vector.find(log);
  return at == snapshot_->vector.end() ? Sequence{} : at->second;
}

Disk::Found Disk::read(const cluster::ReadLog& ask) const {
  Found out;
  out.answer.read = ask;
  const auto at = logs_.find(ask.log);
  if (at == logs_.end()) return out;
  const Log& log = at->second;
  if (ask.after < log.base) {
    out.answer.first = Sequence{log.base.value() + 1};
    return out;
  }
  out.answer.first = Sequence{ask.after.value() + 1};
  if (ask.after == log.base) {
    out.answer.hash_before = log.base_hash;
  } else if (ask.after <= log.last()) {
    const Stored& before = log.records[ask.after.value() - log.base.value() - 1];
    out.answer.hash_before = before.damaged ? 0 : cluster::record_hash(before.record.bytes);
  }
  std::size_t bytes = 0;
  for (std::uint64_t s = ask.after.value() + 1; s <= log.last().value(); ++s) {
    const Stored& stored = log.records[s - log.base.value() - 1];
    if (stored.damaged) {
      out.damaged = Sequence{s};
      break;
    }
    out.answer.records.push_back(stored.record);
    bytes += stored.record.bytes.size();
    if (bytes >= ask.bytes_max || ask.repair) break;
  }
  return out;
}

void Disk::repair(const cluster::Repaired& repaired) {
  const auto at = logs_.find(repaired.log);
  if (at == logs_.end()) return;
  Log& log = at->second;
  if (repaired.sequence <= log.base || repaired.sequence > log.last()) return;
  Stored& stored = log.records[repaired.sequence.value() - log.base.value() - 1];
  if (stored.damaged) stored = {repaired.record, false};
}

bool Disk::crash(Rng& rng, std::vector<LogEntry>& kept) {
  std::size_t waiting = 0;
  for (const Batch& batch : queue_) waiting += batch.entries.size();
  // Only what the sync had begun with may have reached the platter, some of it.
  std::size_t reached = 0;
  for (std::size_t n = 0; n < syncing_; ++n) reached += queue_[n].entries.size();
  std::size_t keep = reached == 0 ? 0 : rng.below(reached + 1);
  for (std::size_t n = 0; n < syncing_ && keep > 0; ++n) {
    for (LogEntry& entry : queue_[n].entries) {
      if (keep == 0) break;
      --keep;
      if (store(entry)) kept.push_back(std::move(entry));
    }
    if (keep > 0 && queue_[n].snapshot) store(*queue_[n].snapshot);
  }
  queue_.clear();
  syncing_ = 0;
  return waiting > 0;
}

void Disk::wipe() {
  logs_.clear();
  order_.clear();
  snapshot_.reset();
  incarnation_ = 0;
  queue_.clear();
  syncing_ = 0;
  full_ = false;
}

bool Disk::damage(LogId log, Sequence sequence) {
  const auto at = logs_.find(log);
  if (at == logs_.end() || sequence <= at->second.base || sequence > at->second.last()) return false;
  at->second.records[sequence.value() - at->second.base.value() - 1].damaged = true;
  return true;
}

bool Disk::damaged(LogId log, Sequence sequence) const {
  const auto at = logs_.find(log);
  if (at == logs_.end() || sequence <= at->second.base || sequence > at->second.last()) return false;
  return at->second.records[sequence.value() - at->second.base.value() - 1].damaged;
}

void Disk::cut_at_damage() {
  for (auto& [id, log] : logs_) {
    for (std::size_t n = 0; n < log.records.size(); ++n) {
      if (!log.records[n].damaged) continue;
      // What the snapshot covers is in the world already: only the copy for others is gone with it.
      if (covered(id).value() > log.base.value() + n) {
        const Sequence upto = std::max(covered(id), Sequence{log.base.value() + n + 1});
        if (upto >= log.last()) {
          log = Log{log.last(), 0, {}};
        } else {
          const auto drop = static_cast<std::ptrdiff_t>(upto.value() - log.base.value());
          log.base_hash = 0;
          log.records.erase(log.records.begin(), log.records.begin() + drop);
          log.base = upto;
        }
        n = static_cast<std::size_t>(-1);
        continue;
      }
      log.records.resize(n);
      break;
    }
  }
  std::erase_if(order_, [&](const auto& at) { return at.second > logs_.at(at.first).last(); });
}

std::map<LogId, cluster::OnDisk> Disk::on_disk() const {
  std::map<LogId, cluster::OnDisk> out;
  for (const auto& [id, log] : logs_) {
    const std::uint64_t hash =
        log.records.empty() ? log.base_hash : cluster::record_hash(log.records.back().record.bytes);
    out[id] = {log.last(), hash};
  }
  return out;
}

Sequence Disk::last(LogId log) const {
  const auto at = logs_.find(log);
  return at == logs_.end() ? Sequence{} : at->second.last();
}

std::size_t Disk::truncate(const Vector& up_to) {
  std::size_t deleted = 0;
  for (auto& [id, log] : logs_) {
    const auto at = up_to.find(id);
    if (at == up_to.end()) continue;
    const Sequence upto = std::min({at->second, covered(id), log.last()});
    if (upto <= log.base) continue;
    const std::size_t count = upto.value() - log.base.value();
    log.base_hash = cluster::record_hash(log.records[count - 1].record.bytes);
    log.records.erase(log.records.begin(), log.records.begin() + static_cast<std::ptrdiff_t>(count));
    log.base = upto;
    deleted += count;
  }
  return deleted;
}

}  // namespace tandem::sim
