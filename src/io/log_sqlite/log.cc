#include "io/log_sqlite/log.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <future>
#include <utility>

#include "base/check.h"
#include "io/log_sqlite/checkpointer.h"
#include "io/log_sqlite/reader.h"
#include "io/log_sqlite/rescue.h"
#include "io/log_sqlite/shared.h"
#include "io/log_sqlite/store.h"
#include "io/log_sqlite/writer.h"

namespace tandem::log_sqlite {

// ---- Latencies

void Latencies::add(std::chrono::nanoseconds took) {
  const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(took.count() / 1000, 4));
  const int log2 = std::bit_width(us) - 1;  // 2 or more
  const std::uint64_t quarter = us >> (log2 - 2) & 3;
  const auto index = static_cast<std::size_t>(log2 - 2) * 4 + static_cast<std::size_t>(quarter);
  ++buckets[std::min(index, buckets.size() - 1)];
}

std::uint64_t Latencies::count() const {
  std::uint64_t all = 0;
  for (const std::uint64_t bucket : buckets) all += bucket;
  return all;
}

std::chrono::microseconds Latencies::percentile(double percent) const {
  const auto rank = static_cast<std::uint64_t>(std::ceil(static_cast<double>(count()) * percent / 100));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    seen += buckets[i];
    if (seen >= rank && seen > 0) return std::chrono::microseconds{(5 + static_cast<std::int64_t>(i % 4)) << i / 4};
  }
  return {};
}

namespace {

std::unexpected<Error> failed(Errc code, const std::string& doing, const std::filesystem::path& path) {
  return fail(code, doing + " " + path.string() + ": " + std::strerror(errno));
}

// A lock on the directory as long as the log is open: two processes that append would fork it.
class DirectoryLock {
 public:
  DirectoryLock() = default;
  explicit DirectoryLock(int file) : file_(file) {}
  DirectoryLock(DirectoryLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  DirectoryLock& operator=(DirectoryLock&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }
  ~DirectoryLock() {
    if (file_ >= 0) ::close(file_);
  }

 private:
  int file_ = -1;
};

Result<void> make_directory(const std::filesystem::path& dir) {
  struct stat info{};
  if (::stat(dir.c_str(), &info) == 0) {
    if (!S_ISDIR(info.st_mode)) return fail(Errc::invalid, dir.string() + " is not a directory");
    if ((info.st_mode & 022) != 0)
      return fail(Errc::denied, "others may write into " + dir.string() + "; chmod 700 it");
    return {};
  }
  const std::filesystem::path parent = dir.parent_path();
  if (!parent.empty() && !std::filesystem::exists(parent)) TANDEM_LOG_TRY(make_directory(parent));
  if (::mkdir(dir.c_str(), 0700) != 0 && errno != EEXIST) return failed(Errc::internal, "create", dir);
  return sync_directory_of(dir.string());
}

Result<DirectoryLock> lock_directory(const std::filesystem::path& dir) {
  const std::string path = (dir / "log.lock").string();
  const int file = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) return failed(errno == ENOSPC ? Errc::log_full : Errc::internal, "open", path);
  if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    ::close(file);
    return fail(Errc::in_use, "another process has the log in " + dir.string() + " open");
  }
  return DirectoryLock(file);
}

// What open() reads from the file.
struct Contents {
  std::unique_ptr<Store> store;
  bool fresh = false;
  std::optional<Identity> identity;
  std::optional<Snapshot> snapshot;
  Logs logs;
};

Result<void> fill(Contents& contents, const std::string& path, const Options::Testing& testing) {
  const auto fresh = contents.store->create();
  TANDEM_LOG_TRY(fresh);
  contents.fresh = *fresh;
  // What a crashed process left in the write-ahead log may be in the kernel's memory only, and after a failed sync not
  // even a new sync brings it to the disk: it must be written again. First to where it is, as a later power failure
  // must not find a shorter write-ahead log beside a database that has all of it; then into the database. On a full
  // disk it stays where it is.
  TANDEM_LOG_TRY(contents.store->rewrite_wal());
  const auto emptied = contents.store->checkpoint_and_empty(true);
  if (!emptied && emptied.error().code != Errc::log_full) return std::unexpected(emptied.error());
  // A page that leads astray may still read well from the front, and then scatter what is written. So the structure is
  // looked at as a whole while nothing has been written yet, and beside what is read here.
  auto looked_at = std::async(std::launch::async, [&]() -> Result<void> {
    const auto store = Store::open(path, Store::Mode::read, testing);
    TANDEM_LOG_TRY(store);
    const auto structure = (*store)->structure(1);
    TANDEM_LOG_TRY(structure);
    if (!structure->empty()) return fail(Errc::corrupt, "log.db: " + structure->front());
    return {};
  });
  const auto identity = contents.store->identity();
  TANDEM_LOG_TRY(identity);
  contents.identity = *identity;
  const auto rows = contents.store->logs();
  TANDEM_LOG_TRY(rows);
  for (const Store::Row& row : *rows) {
    const auto last = contents.store->last(row);
    TANDEM_LOG_TRY(last);
    contents.logs[row.log] = {row, *last};
  }
  auto snapshot = newest_whole_snapshot(*contents.store);
  TANDEM_LOG_TRY(snapshot);
  contents.snapshot = std::move(*snapshot);
  if (contents.snapshot) {
    // A rescue may have lost the end of a log that the snapshot stands for. These records are holes, not unwritten.
    for (const auto& [log, sequence] : contents.snapshot->vector) {
      const auto at = contents.logs.find(log);
      if (at != contents.logs.end()) at->second.last = std::max(at->second.last, sequence);
    }
  }
  return looked_at.get();
}

Result<Contents> read_contents(const std::string& path, const Options& options) {
  auto store = Store::open(path, Store::Mode::write, options.testing);
  TANDEM_LOG_TRY(store);
  Contents contents;
  contents.store = std::move(*store);
  const auto filled = fill(contents, path, options.testing);
  if (filled) return contents;
  contents.store->abandon();
  return std::unexpected(filled.error());
}

}  // namespace

// ---- Impl

class Log::Impl {
 public:
  Impl(std::string path, Options options, DirectoryLock lock, Contents contents)
      : lock_(std::move(lock)), store_(std::move(contents.store)), logs_(std::move(contents.logs)) {
    shared_.path = std::move(path);
    shared_.options = std::move(options);
  }

  // Callbacks may call the log until the last thread has ended, so no object goes before that.
  ~Impl() {
    if (writer_) writer_->stop();
    if (reader_) reader_->stop();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  // Reads with the writer's connection. Damaged pages end the attempt, the file is rebuilt, and the second one counts.
  template <class T>
  Result<T> with_rescue(const std::function<Result<T>()>& attempt) {
    TANDEM_CHECK(writer_ == nullptr);  // before start() only
    auto outcome = attempt();
    if (outcome || outcome.error().code != Errc::corrupt || rescued_) return outcome;
    rescued_ = true;
    store_.reset();
    TANDEM_LOG_TRY(rescue(shared_.path, shared_.options.testing));
    auto contents = read_contents(shared_.path, shared_.options);
    TANDEM_LOG_TRY(contents);
    store_ = std::move(contents->store);
    for (auto& [log, held] : contents->logs) held.last = std::max(held.last, logs_[log].last);
    logs_ = std::move(contents->logs);
    return attempt();
  }

  Result<Replayed> replay(const Vector& after, const std::function<void(LogId, Sequence, std::string_view)>& each) {
    Replayed replayed;
    replayed.reached = after;
    auto outcome = with_rescue<Replayed>([&]() -> Result<Replayed> {
      replayed.damaged.clear();
      for (const auto& [log, held] : logs_) {
        Sequence& reached = replayed.reached[log];
        if (reached < held.row.base) {
          return fail(Errc::not_found, "log " + std::to_string(log.origin.value()) + " was truncated up to " +
                                           std::to_string(held.row.base.value()) + ", the snapshot ends at " +
                                           std::to_string(reached.value()));
        }
        bool whole = true;
        const auto good = [&](Sequence sequence, std::string_view bytes) {
          if (whole) {
            each(log, sequence, bytes);
            reached = sequence;
          }
          return true;
        };
        const auto bad = [&](Sequence sequence) {
          whole = false;
          replayed.damaged.push_back({log, sequence});
          return true;
        };
        TANDEM_LOG_TRY(store_->scan(held.row, reached, held.last, good, bad));
      }
      return replayed;
    });
    // Not damaged pages, which a rescue mends: the snapshot that these records led up to is gone.
    if (!outcome && outcome.error().code == Errc::not_found) outcome.error().code = Errc::corrupt;
    if (outcome) {
      outcome->rescued = rescued_;
      const std::lock_guard lock(shared_.mutex);
      shared_.damaged.insert(outcome->damaged.begin(), outcome->damaged.end());
      shared_.stats.records_damaged = shared_.damaged.size();
    }
    return outcome;
  }

  Result<std::vector<KeyId>> keys(const std::function<void(KeyRow)>& each) {
    return with_rescue<std::vector<KeyId>>([&] { return store_->keys(each); });
  }

  void start(Events events) {
    TANDEM_CHECK(writer_ == nullptr);
    shared_.events = std::move(events);
    auto reading = Store::open(shared_.path, Store::Mode::read, shared_.options.testing);
    auto moving = Store::open(shared_.path, Store::Mode::write, shared_.options.testing);
    if (!reading || !moving) {
      shared_.fatal(!reading ? reading.error() : moving.error());
      return;
    }
    checkpointer_ = std::make_unique<Checkpointer>(shared_, std::move(*moving));
    reader_ = std::make_unique<Reader>(shared_, std::move(*reading));
    writer_ = std::make_unique<Writer>(shared_, std::move(store_), std::move(logs_), *checkpointer_);
  }

  // Nothing when start() failed: the process was told to end.
  [[nodiscard]] Writer* writer() const { return writer_.get(); }
  [[nodiscard]] Reader* reader() const { return reader_.get(); }

  [[nodiscard]] Stats stats() {
    const std::lock_guard lock(shared_.mutex);
    return shared_.stats;
  }

 private:
  DirectoryLock lock_;
  Shared shared_;
  std::unique_ptr<Store> store_;  // until start(), then the writer's
  Logs logs_;
  bool rescued_ = false;
  std::unique_ptr<Checkpointer> checkpointer_;
  std::unique_ptr<Writer> writer_;
  std::unique_ptr<Reader> reader_;
};

// ---- Log

Result<Log::Opened> Log::open(const std::filesystem::path& given, Options options) {
  std::error_code ignored;
  const std::filesystem::path dir = std::filesystem::absolute(given, ignored).lexically_normal();
  TANDEM_LOG_TRY(make_directory(dir));
  auto lock = lock_directory(dir);
  TANDEM_LOG_TRY(lock);
  const std::string path = (dir / "log.db").string();
  bool rescued = false;
  if (::access(rescue_mark(path).c_str(), F_OK) == 0) {
    TANDEM_LOG_TRY(rescue(path, options.testing));
    rescued = true;
  }
  // Helper files that outlived their database belong to another one.
  if (::access(path.c_str(), F_OK) != 0) {
    for (const char* suffix : {"-wal", "-shm"}) ::unlink((path + suffix).c_str());
  }
  TANDEM_LOG_TRY(make_private_file(path));
  auto contents = read_contents(path, options);
  if (!contents && contents.error().code == Errc::corrupt && !rescued) {
    TANDEM_LOG_TRY(rescue(path, options.testing));
    rescued = true;
    contents = read_contents(path, options);
  }
  TANDEM_LOG_TRY(contents);
  Opened opened;
  opened.fresh = contents->fresh;
  opened.rescued = rescued;
  opened.identity = contents->identity;
  opened.snapshot = std::move(contents->snapshot);
  for (const auto& [log, held] : contents->logs) opened.durable[log] = held.last;
  opened.log.reset(new Log(std::make_unique<Impl>(path, std::move(options), std::move(*lock), std::move(*contents))));
  return opened;
}

Log::Log(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Log::~Log() = default;

Result<Replayed> Log::replay(const Vector& after, const std::function<void(LogId, Sequence, std::string_view)>& each) {
  return impl_->replay(after, each);
}

Result<std::vector<KeyId>> Log::keys(const std::function<void(KeyRow)>& each) { return impl_->keys(each); }

void Log::start(Events events) { impl_->start(std::move(events)); }

namespace {
const Error kNeverStarted{Errc::internal, "the log has failed"};
}  // namespace

void Log::append(Batch batch, Ticket ticket) {
  if (Writer* writer = impl_->writer()) writer->append(std::move(batch), ticket);
}

void Log::read(LogId log, Sequence after, std::size_t records_max, std::size_t bytes_max,
               std::function<void(Result<Read>)> done) {
  if (Reader* reader = impl_->reader()) return reader->read(log, after, records_max, bytes_max, std::move(done));
  done(std::unexpected(kNeverStarted));
}

void Log::read_keys(std::vector<KeyId> ids, std::function<void(Result<std::vector<KeyRow>>)> done) {
  if (Reader* reader = impl_->reader()) return reader->read_keys(std::move(ids), std::move(done));
  done(std::unexpected(kNeverStarted));
}

void Log::read_snapshot(std::function<void(Result<Snapshot>)> done) {
  if (Reader* reader = impl_->reader()) return reader->read_snapshot(std::move(done));
  done(std::unexpected(kNeverStarted));
}

void Log::save_snapshot(Snapshot snapshot, Done done) {
  if (Writer* writer = impl_->writer()) return writer->save_snapshot(std::move(snapshot), false, std::move(done));
  done(std::unexpected(kNeverStarted));
}

void Log::adopt_snapshot(Snapshot snapshot, Done done) {
  if (Writer* writer = impl_->writer()) return writer->save_snapshot(std::move(snapshot), true, std::move(done));
  done(std::unexpected(kNeverStarted));
}

void Log::repair(Record record, Done done) {
  if (Writer* writer = impl_->writer()) return writer->repair(std::move(record), std::move(done));
  done(std::unexpected(kNeverStarted));
}

void Log::truncate(Vector up_to, Done done) {
  if (Writer* writer = impl_->writer()) return writer->truncate(std::move(up_to), std::move(done));
  done(std::unexpected(kNeverStarted));
}

Stats Log::stats() const { return impl_->stats(); }

// ---- looks at logs that others may be writing

namespace {

Result<void> look_at(const std::filesystem::path& dir,
                     const std::function<Result<void>(Store&, const Store::Row&, Sequence)>& each) {
  const std::string path = (dir / "log.db").string();
  if (::access(path.c_str(), R_OK) != 0) return failed(Errc::not_found, "open", path);
  auto opened = Store::open(path, Store::Mode::read, {});
  TANDEM_LOG_TRY(opened);
  TANDEM_LOG_TRY((*opened)->begin_read());
  const auto rows = (*opened)->logs();
  TANDEM_LOG_TRY(rows);
  for (const Store::Row& row : *rows) {
    const auto last = (*opened)->last(row);
    TANDEM_LOG_TRY(last);
    TANDEM_LOG_TRY(each(**opened, row, *last));
  }
  return {};
}

}  // namespace

Result<Vector> reach(const std::filesystem::path& dir) {
  Vector out;
  const auto looked = look_at(dir, [&out](Store&, const Store::Row& row, Sequence last) -> Result<void> {
    out[row.log] = last;
    return {};
  });
  if (!looked) return std::unexpected(looked.error());
  return out;
}

Result<void> scan(const std::filesystem::path& dir, const Vector& after,
                  const std::function<void(LogId, Sequence, std::string_view)>& each) {
  return look_at(dir, [&](Store& store, const Store::Row& row, Sequence last) {
    const auto known = after.find(row.log);
    const Sequence from = known == after.end() ? row.base : std::max(known->second, row.base);
    return store.scan(
        row, from, last,
        [&](Sequence sequence, std::string_view bytes) {
          each(row.log, sequence, bytes);
          return true;
        },
        [](Sequence) { return true; });
  });
}

Result<Verified> verify(const std::filesystem::path& dir) {
  const std::string path = (dir / "log.db").string();
  if (::access(path.c_str(), R_OK) != 0) return failed(Errc::not_found, "open", path);
  auto opened = Store::open(path, Store::Mode::read, {});
  TANDEM_LOG_TRY(opened);
  Store& store = **opened;
  TANDEM_LOG_TRY(store.begin_read());  // one moment of a log that may be running
  Verified verified;
  const auto identity = store.identity();
  TANDEM_LOG_TRY(identity);
  verified.identity = *identity;
  const auto rows = store.logs();
  TANDEM_LOG_TRY(rows);
  // Damaged pages hide some things but not others: each part is looked at whatever became of the one before.
  const auto note = [&verified](const std::string& where, const Error& error) -> Result<void> {
    if (error.code != Errc::corrupt) return std::unexpected(error);
    verified.structure.push_back(where + ": " + error.detail);
    return {};
  };
  const auto structure = store.structure(100);
  if (structure) {
    verified.structure = *structure;
  } else {
    TANDEM_LOG_TRY(note("pages", structure.error()));
  }
  for (const Store::Row& row : *rows) {
    const std::string name =
        "log " + std::to_string(row.log.origin.value()) + "." + std::to_string(row.log.incarnation.value());
    const auto last = store.last(row);
    if (!last) {
      TANDEM_LOG_TRY(note(name, last.error()));
      continue;
    }
    Verified::One one{row.log, row.base, *last};
    const auto good = [&one](Sequence, std::string_view bytes) {
      ++one.records;
      one.bytes += bytes.size();
      return true;
    };
    const auto bad = [&](Sequence sequence) {
      verified.damaged.push_back({row.log, sequence});
      return true;
    };
    const auto scanned = store.scan(row, row.base, *last, good, bad);
    verified.logs.push_back(one);
    if (!scanned) TANDEM_LOG_TRY(note(name, scanned.error()));
  }
  const auto keys = store.keys([&verified](const KeyRow& key) {
    ++verified.keys;
    if (!key.wrapped) ++verified.keys_erased;
  });
  if (keys) {
    verified.keys_damaged = *keys;
  } else {
    TANDEM_LOG_TRY(note("keys", keys.error()));
  }
  const auto snapshots = store.snapshots();
  if (!snapshots) {
    TANDEM_LOG_TRY(note("snapshots", snapshots.error()));
    return verified;
  }
  for (const Store::SnapshotRow& row : *snapshots) {
    if (!row.complete) continue;  // cut off while it was written, or on its way out
    const auto world = store.world(row);
    if (!world) TANDEM_LOG_TRY(note("snapshot", world.error()));
    ++(world && world->has_value() ? verified.snapshots_whole : verified.snapshots_damaged);
  }
  return verified;
}

}  // namespace tandem::log_sqlite
