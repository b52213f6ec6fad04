#include "io/log_sqlite/writer.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <utility>

#include "base/check.h"

namespace tandem::log_sqlite {
namespace {

constexpr std::uint64_t kTruncateRows = 4000;  // deleted per transaction, some milliseconds
constexpr std::int64_t kDropChunks = 16;
constexpr std::size_t kRecordOverhead = 32;  // of a row in the B-tree and its share of the pages above

std::uint64_t free_bytes(const Shared& shared) {
  if (shared.options.before_commit) {
    if (const auto told = shared.options.before_commit()) return *told;
  }
  if (shared.options.testing.free_bytes) return shared.options.testing.free_bytes();
  struct statvfs info{};
  const std::string dir = std::filesystem::path(shared.path).parent_path().string();
  // A file system that does not say counts as roomy: SQLite's own answer still refuses.
  if (::statvfs(dir.c_str(), &info) != 0) return std::numeric_limits<std::uint64_t>::max() / 2;
  return std::uint64_t{info.f_bavail} * info.f_frsize;
}

std::size_t bytes_of(const Batch& batch) {
  std::size_t bytes = 0;
  for (const Record& record : batch.records) bytes += record.bytes.size() + kRecordOverhead;
  for (const KeyRow& key : batch.keys) bytes += (key.wrapped ? key.wrapped->size() : 0) + kRecordOverhead;
  return bytes;
}

// Ends the transaction of a step that failed, or commits it.
template <class T>
Result<T> end(Store& store, Result<T> outcome) {
  if (outcome) {
    const auto committed = store.commit();
    if (committed) return outcome;
    outcome = std::unexpected(committed.error());
  }
  store.rollback();
  return outcome;
}

bool is_fatal(const Error& error) { return error.code == Errc::internal || error.code == Errc::corrupt; }

}  // namespace

Writer::Writer(Shared& shared, std::unique_ptr<Store> store, Logs logs, Checkpointer& checkpointer)
    : shared_(shared), store_(std::move(store)), checkpointer_(checkpointer), logs_(std::move(logs)), thread_([this] {
        run();
      }) {}

void Writer::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  thread_.join();
  if (shared_.failed) store_->abandon();
}

// ---- what callers do

void Writer::append(Batch batch, Ticket ticket) {
  Append append{std::move(batch), ticket};
  append.bytes = bytes_of(append.batch);
  {
    const std::lock_guard lock(shared_.mutex);
    ++shared_.stats.queued_batches;
    shared_.stats.queued_bytes += append.bytes;
  }
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = arrived_.empty();
    append.number = ++appends_;
    arrived_.push_back(std::move(append));
  }
  // A writer that has not come for the earlier ones yet is awake or about to be.
  if (first) wake_.notify_one();
}

void Writer::enqueue(Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (!stopped_) {
      job.appends_before = appends_;
      jobs_arrived_.push_back(std::move(job));
      wake_.notify_one();
      return;
    }
  }
  job.done(fail(Errc::shutting_down, "the log is closing"));
}

void Writer::save_snapshot(Snapshot snapshot, bool adopt, Log::Done done) {
  enqueue({Save{std::move(snapshot), adopt}, std::move(done)});
}
void Writer::repair(Record record, Log::Done done) { enqueue({Repair{std::move(record)}, std::move(done)}); }
void Writer::truncate(Vector up_to, Log::Done done) { enqueue({Truncate{std::move(up_to)}, std::move(done)}); }

// ---- the thread

bool Writer::barred(const Append& append) const {
  return std::any_of(jobs_.begin(), jobs_.end(), [&append](const Job& job) {
    const auto* save = std::get_if<Save>(&job.work);
    return save != nullptr && save->adopt && append.number > job.appends_before;
  });
}

bool Writer::wanted() const {
  if (stop_ || !arrived_.empty() || !jobs_arrived_.empty() || !jobs_.empty()) return true;
  if (!queue_.empty() && !parked_ && !barred(queue_.front())) return true;
  const auto now = Clock::now();
  return (parked_ && now >= retry_at_) || (scrub_ && now >= scrub_at_);
}

void Writer::take() {
  for (Append& append : arrived_) queue_.push_back(std::move(append));
  arrived_.clear();
  for (Job& job : jobs_arrived_) jobs_.push_back(std::move(job));
  jobs_arrived_.clear();
}

void Writer::run() {
  for (;;) {
    bool stop = false;
    {
      std::unique_lock lock(mutex_);
      auto deadline = Clock::time_point::max();
      if (parked_) deadline = std::min(deadline, retry_at_);
      if (scrub_) deadline = std::min(deadline, scrub_at_);
      if (deadline == Clock::time_point::max()) {
        wake_.wait(lock, [this] { return wanted(); });
      } else {
        wake_.wait_until(lock, deadline, [this] { return wanted(); });
      }
      take();
      stop = stop_;
    }
    if (shared_.failed) {
      fail_all({Errc::internal, "the log has failed"});
      queue_.clear();
      parked_ = scrub_ = false;
    }
    if (stop && (queue_.empty() || parked_)) {
      const std::lock_guard lock(mutex_);
      if (!arrived_.empty() && !parked_) continue;
      stopped_ = true;
      take();
      break;
    }
    if (stop) fail_all({Errc::shutting_down, "the log is closing"});  // the jobs; an append that waits for one too
    const bool try_now = !parked_ || Clock::now() >= retry_at_;
    if (!queue_.empty() && !barred(queue_.front())) {
      if (try_now) {
        commit_some();
      } else {
        park({Errc::log_full, "waiting for space"});
      }
    }
    if (shared_.failed) continue;
    work_on_job();
    if (scrub_ && Clock::now() >= scrub_at_) scrub();
  }
  fail_all({Errc::shutting_down, "the log is closing"});
}

// Everyone who waits for a job hears that it will not be done. Appends hear nothing: they are not durable, and whoever
// asks again after the restart learns so.
void Writer::fail_all(const Error& error) {
  std::deque<Job> jobs = std::move(jobs_);
  jobs_.clear();
  for (Job& job : jobs) job.done(std::unexpected(error));
}

// ---- appends

void Writer::commit_some() {
  // The first one whatever its size, then what fits. After a refusal only the first: it may fit where more does not.
  std::size_t count = 0;
  std::size_t bytes = 0;
  while (count < queue_.size() && !barred(queue_[count])) {
    if (count > 0 && (parked_ || bytes + queue_[count].bytes > shared_.options.commit_bytes_max)) break;
    bytes += queue_[count].bytes;
    ++count;
  }
  const auto space = space_for(bytes);
  if (!space) {
    if (is_fatal(space.error())) {
      shared_.fatal(space.error());
    } else {
      park(space.error());
    }
    return;
  }
  Logs changed;
  std::vector<Damaged> forks;
  std::vector<Damaged> mended;
  auto written = store_->begin();
  if (written) written = write(count, changed, forks, mended);
  const auto committing = Clock::now();
  written = end(*store_, std::move(written));
  if (!written) {
    if (is_fatal(written.error())) {
      shared_.fatal(written.error());
    } else {
      park(written.error());
    }
    return;
  }
  const auto took = Clock::now() - committing;
  parked_ = false;
  for (auto& [log, held] : changed) logs_[log] = held;
  std::vector<Ticket> tickets;
  std::uint64_t records = 0;
  std::uint64_t record_bytes = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const Append& append = queue_[i];
    tickets.push_back(append.ticket);
    records += append.batch.records.size();
    for (const Record& record : append.batch.records) record_bytes += record.bytes.size();
    for (const KeyRow& key : append.batch.keys) scrub_ = scrub_ || !key.wrapped;
  }
  queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count));
  {
    const std::lock_guard lock(shared_.mutex);
    Stats& stats = shared_.stats;
    stats.records_appended += records;
    stats.bytes_appended += record_bytes;
    stats.batches_appended += count;
    ++stats.syncs;
    stats.queued_batches -= count;
    stats.queued_bytes -= bytes;
    stats.full = false;
    stats.commit.add(took);
    stats.records_forked += forks.size();
    stats.records_repaired += mended.size();
    for (const Damaged& record : mended) shared_.damaged.erase(record);
  }
  // Before the answer: nobody may take the batch for what is stored.
  for (const Damaged& fork : forks) shared_.events.forked(fork.log, fork.sequence);
  for (const Ticket ticket : tickets) shared_.events.durable(ticket);
  after_commit();
}

Result<void> Writer::write(std::size_t count, Logs& changed, std::vector<Damaged>& forks,
                           std::vector<Damaged>& mended) {
  for (std::size_t i = 0; i < count; ++i) {
    const Batch& batch = queue_[i].batch;
    if (batch.identity) TANDEM_LOG_TRY(store_->set_identity(*batch.identity));
    for (const KeyRow& key : batch.keys) TANDEM_LOG_TRY(store_->put_key(key));
    for (const Record& record : batch.records) TANDEM_LOG_TRY(write_record(record, changed, forks, mended));
  }
  return {};
}

Result<void> Writer::write_record(const Record& record, Logs& changed, std::vector<Damaged>& forks,
                                  std::vector<Damaged>& mended) {
  auto at = changed.find(record.log);
  if (at == changed.end()) {
    const auto known = logs_.find(record.log);
    if (known != logs_.end()) {
      at = changed.emplace(record.log, known->second).first;
    } else {
      const auto row = store_->add_log(record.log, Sequence{});
      TANDEM_LOG_TRY(row);
      at = changed.emplace(record.log, Held{*row, Sequence{}}).first;
    }
  }
  Held& held = at->second;
  const std::uint64_t sequence = record.sequence.value();
  if (sequence > held.last.value()) {
    TANDEM_CHECK(sequence == held.last.value() + 1);  // the owner asks for gaps again before it appends
    TANDEM_LOG_TRY(store_->put(held.row, record.sequence, record.bytes));
    held.last = record.sequence;
    return {};
  }
  if (record.sequence <= held.row.base) return {};  // truncated: a snapshot has it
  const auto looked = store_->look(held.row, record.sequence);
  TANDEM_LOG_TRY(looked);
  if (looked->found == Store::Found::whole) {
    if (looked->bytes != record.bytes) {
      forks.push_back({record.log, record.sequence});
      return {};
    }
    // This connection may still have the page from before the disk damaged it; another one has met the damage.
    const std::lock_guard lock(shared_.mutex);
    if (!shared_.damaged.contains({record.log, record.sequence})) return {};
  }
  TANDEM_LOG_TRY(store_->put(held.row, record.sequence, record.bytes));
  mended.push_back({record.log, record.sequence});
  return {};
}

void Writer::park(const Error& error) {
  const bool first = !parked_;
  if (first || Clock::now() >= retry_at_) retry_at_ = Clock::now() + shared_.options.retry_after;
  parked_ = true;
  std::vector<Ticket> tickets;
  for (Append& append : queue_) {
    if (!append.told) tickets.push_back(append.ticket);
    append.told = true;
  }
  {
    const std::lock_guard lock(shared_.mutex);
    shared_.stats.batches_refused += tickets.size();
    shared_.stats.full = true;
  }
  // Whatever the reason, to the caller it is one: new work cannot be stored at the moment.
  const Error refused{Errc::log_full, error.detail};
  for (const Ticket ticket : tickets) shared_.events.refused(ticket, refused);
}

Result<void> Writer::space_for(std::uint64_t bytes) {
  const std::uint64_t floor = shared_.options.free_bytes_min;
  const std::uint64_t outside = free_bytes(shared_);
  if (outside >= floor + bytes) return {};
  // Truncation gives pages back to the file, not to the disk. They count while the write-ahead log, which every change
  // goes through, can still grow outside.
  if (outside >= floor / 2 + bytes) {
    const auto inside = store_->free_bytes_inside();
    TANDEM_LOG_TRY(inside);
    if (outside + *inside >= floor + bytes) return {};
  }
  return fail(Errc::log_full,
              std::to_string(outside >> 20) + " MiB are free, " + std::to_string(floor >> 20) + " MiB are the floor");
}

void Writer::after_commit() {
  const std::uint32_t pages = store_->wal_pages();
  checkpointer_.grown_to(pages);
  if (pages >= shared_.options.wal_pages_max) {
    const auto finished = checkpointer_.finish(*store_);
    if (!finished && is_fatal(finished.error())) shared_.fatal(finished.error());
  }
  if (scrub_ && !shared_.failed) scrub();
}

// Removes what the write-ahead log still holds of erased keys.
void Writer::scrub() {
  const auto emptied = checkpointer_.empty(*store_);
  if (!emptied && is_fatal(emptied.error())) shared_.fatal(emptied.error());
  scrub_ = !emptied || !*emptied;
  scrub_at_ = Clock::now() + shared_.options.retry_after;
}

// ---- jobs

void Writer::work_on_job() {
  if (jobs_.empty()) return;
  Job& job = jobs_.front();
  // What is adopted goes behind what was appended before it. Appends that are parked have not happened yet.
  const auto* save = std::get_if<Save>(&job.work);
  if (save != nullptr && save->adopt && !queue_.empty() && queue_.front().number <= job.appends_before) {
    if (!parked_) return;
    const Log::Done done = std::move(job.done);
    jobs_.pop_front();
    done(fail(Errc::log_full, "waiting for space"));
    return;
  }
  const Result<Step> stepped = std::visit([this](auto& work) { return step(work); }, job.work);
  if (!stepped && is_fatal(stepped.error())) {
    shared_.fatal(stepped.error());
    return;
  }
  if (stepped && *stepped == Step::more) return;
  const Log::Done done = std::move(job.done);
  jobs_.pop_front();
  if (stepped) {
    done({});
  } else {
    done(std::unexpected(stepped.error()));
  }
}

Result<Writer::Step> Writer::step(Save& save) {
  const std::string& world = save.snapshot.world;
  if (save.refused) {
    TANDEM_LOG_TRY(store_->begin());
    const auto dropped = end(*store_, store_->drop_snapshot(save.number, kDropChunks));
    // Where not even deleting fits, the next snapshot or the next open drops the pieces.
    if (dropped && !*dropped) return Step::more;
    return std::unexpected(*save.refused);
  }
  if (save.complete) return drop_old_snapshots();
  const auto refuse = [&save](const Error& error) -> Result<Step> {
    if (is_fatal(error) || save.number == 0) return std::unexpected(error);
    save.refused = Error{Errc::log_full, error.detail};
    return Step::more;
  };
  if (save.number == 0) {
    // The pages go through the write-ahead log first, and then into the database.
    const auto space = space_for(2 * world.size());
    if (!space) return refuse(space.error());
    const auto begun = store_->begin();
    if (!begun) return refuse(begun.error());
    const auto number = end(*store_, store_->begin_snapshot(save.snapshot));
    if (!number) return refuse(number.error());
    save.number = *number;
    return Step::more;
  }
  const std::size_t chunk_bytes = shared_.options.snapshot_chunk_bytes;
  const auto begun = store_->begin();
  if (!begun) return refuse(begun.error());
  if (save.written < world.size()) {
    const auto index = static_cast<std::int64_t>(save.written / chunk_bytes);
    const std::string_view chunk = std::string_view(world).substr(save.written, chunk_bytes);
    const auto put = end(*store_, store_->put_chunk(save.number, index, chunk));
    if (!put) return refuse(put.error());
    save.written += chunk.size();
    after_commit();
    return Step::more;
  }
  Logs moved;
  auto completed = store_->complete_snapshot(save.number);
  if (completed && save.adopt) completed = move_logs_to(save.snapshot.vector, moved);
  completed = end(*store_, std::move(completed));
  if (!completed) return refuse(completed.error());
  for (const auto& [log, held] : moved) logs_[log] = held;
  save.complete = true;
  const std::lock_guard lock(shared_.mutex);
  ++shared_.stats.snapshots_saved;
  return Step::more;
}

Result<void> Writer::move_logs_to(const Vector& vector, Logs& moved) {
  for (const auto& [log, sequence] : vector) {
    const auto known = logs_.find(log);
    if (known == logs_.end()) {
      const auto row = store_->add_log(log, sequence);
      TANDEM_LOG_TRY(row);
      moved[log] = {*row, sequence};
    } else if (known->second.last < sequence) {
      Held held = known->second;
      TANDEM_LOG_TRY(store_->erase(held.row, held.row.base, held.last));
      TANDEM_LOG_TRY(store_->set_base(held.row, sequence));
      held.last = sequence;
      moved[log] = held;
    }
  }
  return {};
}

Result<Writer::Step> Writer::drop_old_snapshots() {
  const auto rows = store_->snapshots();
  TANDEM_LOG_TRY(rows);
  int kept = 0;
  for (const Store::SnapshotRow& row : *rows) {
    if (row.complete && ++kept <= 2) continue;
    TANDEM_LOG_TRY(store_->begin());
    const auto dropped = end(*store_, store_->drop_snapshot(row.number, kDropChunks));
    // The new one is stored, whatever becomes of the old ones.
    if (!dropped && !is_fatal(dropped.error())) return Step::finished;
    TANDEM_LOG_TRY(dropped);
    after_commit();
    return Step::more;
  }
  return Step::finished;
}

Result<Writer::Step> Writer::step(Repair& repair) {
  const Record& record = repair.record;
  const auto at = logs_.find(record.log);
  if (at == logs_.end() || record.sequence > at->second.last || record.sequence <= at->second.row.base) {
    return fail(Errc::invalid, "this record is not held here");
  }
  const auto looked = store_->look(at->second.row, record.sequence);
  TANDEM_LOG_TRY(looked);
  // An equal one is written all the same: what looks whole here may be a page in memory that is damaged on the disk.
  if (looked->found == Store::Found::whole && looked->bytes != record.bytes) {
    return fail(Errc::already_exists, "the stored record is whole and differs");
  }
  TANDEM_LOG_TRY(store_->begin());
  auto put = end(*store_, store_->put(at->second.row, record.sequence, record.bytes));
  TANDEM_LOG_TRY(put);
  {
    const std::lock_guard lock(shared_.mutex);
    ++shared_.stats.records_repaired;
    shared_.damaged.erase({record.log, record.sequence});
  }
  after_commit();
  return Step::finished;
}

Result<Writer::Step> Writer::step(Truncate& truncate) {
  if (!truncate.clamped) {
    // Whichever snapshot turns out to be readable, the records behind it are there.
    const auto rows = store_->snapshots();
    TANDEM_LOG_TRY(rows);
    const auto covered = [&rows](LogId log) {
      std::optional<Sequence> least;
      for (const Store::SnapshotRow& row : *rows) {
        if (!row.complete) continue;
        const auto at = row.vector.find(log);
        const Sequence has = at == row.vector.end() ? Sequence{} : at->second;
        least = least ? std::min(*least, has) : has;
      }
      return least.value_or(Sequence{});
    };
    for (auto& [log, sequence] : truncate.up_to) sequence = std::min(sequence, covered(log));
    truncate.at = truncate.up_to.cbegin();
    truncate.clamped = true;
  }
  for (; truncate.at != truncate.up_to.cend(); ++truncate.at) {
    const auto known = logs_.find(truncate.at->first);
    if (known == logs_.end()) continue;
    Held held = known->second;
    const Sequence target = std::min(truncate.at->second, held.last);
    if (target <= held.row.base) continue;
    const Sequence next{std::min(target.value(), held.row.base.value() + kTruncateRows)};
    TANDEM_LOG_TRY(store_->begin());
    auto erased = store_->erase(held.row, held.row.base, next);
    if (erased) {
      const auto moved = store_->set_base(held.row, next);
      if (!moved) erased = std::unexpected(moved.error());
    }
    erased = end(*store_, std::move(erased));
    TANDEM_LOG_TRY(erased);
    known->second = held;
    {
      const std::lock_guard lock(shared_.mutex);
      shared_.stats.records_truncated += *erased;
      std::erase_if(shared_.damaged, [&held](const Damaged& record) {
        return record.log == held.row.log && record.sequence <= held.row.base;
      });
    }
    retry_at_ = Clock::time_point{};  // pages are free again: what is parked may fit
    after_commit();
    return Step::more;
  }
  return Step::finished;
}

}  // namespace tandem::log_sqlite
