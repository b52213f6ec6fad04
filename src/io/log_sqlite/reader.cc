#include "io/log_sqlite/reader.h"

#include <algorithm>
#include <utility>

namespace tandem::log_sqlite {
namespace {

// The records of one read, of one moment: the surrounding transaction pins base and rows together.
Result<Read> read_now(Store& store, Shared& shared, LogId log, Sequence after, std::size_t records_max,
                      std::size_t bytes_max) {
  const auto rows = store.logs();
  TANDEM_LOG_TRY(rows);
  const auto row = std::find_if(rows->begin(), rows->end(), [log](const Store::Row& r) { return r.log == log; });
  Read read;
  if (row == rows->end()) return read;
  const auto last = store.last(*row);
  TANDEM_LOG_TRY(last);
  read.base = row->base;
  read.last = *last;
  if (after < row->base) return read;
  std::size_t bytes_read = 0;
  const auto good = [&](Sequence sequence, std::string_view bytes) {
    if (read.records.size() >= records_max) return false;
    if (!read.records.empty() && bytes_read + bytes.size() > bytes_max) return false;
    bytes_read += bytes.size();
    read.records.push_back({log, sequence, std::string(bytes)});
    return true;
  };
  const auto bad = [&](Sequence sequence) {
    if (read.records.size() >= records_max) return false;
    read.damaged = sequence;
    return false;
  };
  TANDEM_LOG_TRY(store.scan(*row, after, *last, good, bad));
  if (read.damaged) shared.tell_damaged({log, *read.damaged});
  return read;
}

}  // namespace

Result<std::optional<Snapshot>> newest_whole_snapshot(Store& store) {
  const auto rows = store.snapshots();
  TANDEM_LOG_TRY(rows);
  for (const Store::SnapshotRow& row : *rows) {
    if (!row.complete) continue;
    auto world = store.world(row);
    if (!world && world.error().code == Errc::corrupt) continue;  // damaged pages: the older one may be whole
    TANDEM_LOG_TRY(world);
    if (world->has_value()) return Snapshot{row.vector, std::move(**world)};
  }
  return std::nullopt;
}

Reader::Reader(Shared& shared, std::unique_ptr<Store> store)
    : shared_(shared), store_(std::move(store)), thread_([this] { run(); }) {}

void Reader::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  thread_.join();
  const Error closing{Errc::shutting_down, "the log is closing"};
  for (const Task& task : std::exchange(tasks_, {})) task.refuse(closing);
}

template <class T>
void Reader::queue(std::function<Result<T>(Store&)> look, std::function<void(Result<T>)> done) {
  Task task;
  task.serve = [this, look = std::move(look), done](Store& store) {
    const auto begun = store.begin_read();
    Result<T> found = begun ? look(store) : Result<T>(std::unexpected(begun.error()));
    store.rollback();
    if (!found && (found.error().code == Errc::corrupt || found.error().code == Errc::internal)) {
      shared_.fatal(found.error());
    }
    done(std::move(found));
  };
  task.refuse = [done = std::move(done)](const Error& error) { done(std::unexpected(error)); };
  {
    const std::lock_guard lock(mutex_);
    if (!stop_) {
      tasks_.push_back(std::move(task));
      wake_.notify_one();
      return;
    }
  }
  task.refuse({Errc::shutting_down, "the log is closing"});
}

void Reader::read(LogId log, Sequence after, std::size_t records_max, std::size_t bytes_max,
                  std::function<void(Result<Read>)> done) {
  queue<Read>([=, this](Store& store) { return read_now(store, shared_, log, after, records_max, bytes_max); },
              std::move(done));
}

void Reader::read_keys(std::vector<KeyId> ids, std::function<void(Result<std::vector<KeyRow>>)> done) {
  queue<std::vector<KeyRow>>(
      [ids = std::move(ids)](Store& store) -> Result<std::vector<KeyRow>> {
        std::vector<KeyRow> keys;
        for (const KeyId& id : ids) {
          auto key = store.key(id);
          TANDEM_LOG_TRY(key);
          if (key->has_value()) keys.push_back(std::move(**key));
        }
        return keys;
      },
      std::move(done));
}

void Reader::read_snapshot(std::function<void(Result<Snapshot>)> done) {
  queue<Snapshot>(
      [](Store& store) -> Result<Snapshot> {
        auto snapshot = newest_whole_snapshot(store);
        TANDEM_LOG_TRY(snapshot);
        if (!snapshot->has_value()) return fail(Errc::not_found, "no snapshot is stored");
        return std::move(**snapshot);
      },
      std::move(done));
}

void Reader::run() {
  for (;;) {
    Task task;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stop_ || !tasks_.empty(); });
      if (stop_) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    if (shared_.failed) {
      task.refuse({Errc::internal, "the log has failed"});
    } else {
      task.serve(*store_);
    }
  }
}

}  // namespace tandem::log_sqlite
