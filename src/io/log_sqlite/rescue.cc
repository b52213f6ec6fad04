#include "io/log_sqlite/rescue.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <functional>
#include <limits>

#include "io/log_sqlite/shared.h"
#include "io/log_sqlite/store.h"

namespace tandem::log_sqlite {
namespace {

constexpr std::int64_t kLookupsMax = 2'000'000;  // single rows asked for between two damaged places
constexpr std::int64_t kRowBytesMin = 20;        // bounds how many rows a file can hold at all
constexpr int kRowsPerCommit = 20'000;

std::unexpected<Error> failed(const std::string& doing, const std::string& path) {
  const int code = errno;
  const bool space = code == ENOSPC || code == EDQUOT;
  return fail(space ? Errc::log_full : Errc::internal, doing + " " + path + ": " + std::strerror(code));
}

// Whatever rows of a table with an integer key can be reached: from the front up to the first damaged page, from the
// back up to the last one, and between the two by their numbers.
class Salvage {
 public:
  // `columns` follow the key; `row` sees a statement whose column 0 is the key.
  Salvage(Store& from, std::int64_t rows_max, std::string table, std::string key, std::string columns,
          std::function<Result<void>(const Statement&)> row)
      : from_(from),
        rows_max_(rows_max),
        table_(std::move(table)),
        key_(std::move(key)),
        columns_(std::move(columns)),
        row_(std::move(row)) {}

  Result<void> run() {
    std::int64_t front = 0;
    const auto forward = walk("> ?1 ORDER BY " + key_, 0, front);
    TANDEM_LOG_TRY(forward);
    if (*forward) return {};
    std::int64_t back = std::numeric_limits<std::int64_t>::max();
    TANDEM_LOG_TRY(walk("> ?1 ORDER BY " + key_ + " DESC", front, back));
    // Damaged keys at the back may be any number.
    back = std::min({back, front + kLookupsMax, front + rows_max_});
    for (std::int64_t number = front + 1; number < back; ++number) {
      std::int64_t ignored = 0;
      TANDEM_LOG_TRY(walk("= ?1", number, ignored));
    }
    return {};
  }

 private:
  // Whether the walk came to its end without meeting a damaged page; `reached` is the last key it saw.
  Result<bool> walk(const std::string& where, std::int64_t bound, std::int64_t& reached) {
    const auto statement =
        from_.prepared("SELECT " + key_ + ", " + columns_ + " FROM " + table_ + " WHERE " + key_ + " " + where);
    if (!statement && statement.error().code == Errc::corrupt) return false;
    TANDEM_LOG_TRY(statement);
    Use use(**statement);
    use->bind(1, bound);
    for (;;) {
      const auto next = use->step();
      if (!next && next.error().code == Errc::corrupt) return false;
      TANDEM_LOG_TRY(next);
      if (!*next) return true;
      // Keys out of order are damage too, and would lead the walk in circles.
      const std::int64_t key = use->number(0);
      if (key <= 0) return false;
      reached = key;
      TANDEM_LOG_TRY(row_(**statement));
    }
  }

  Store& from_;
  std::int64_t rows_max_;
  std::string table_;
  std::string key_;
  std::string columns_;
  std::function<Result<void>(const Statement&)> row_;
};

// Commits every so many rows.
class Paced {
 public:
  explicit Paced(Store& store) : store_(store) {}
  Result<void> row() {
    if (++rows_ % kRowsPerCommit != 0) return {};
    TANDEM_LOG_TRY(store_.commit());
    return store_.begin();
  }

 private:
  Store& store_;
  int rows_ = 0;
};

Result<void> copy(Store& from, std::int64_t rows_max, Store& to) {
  TANDEM_LOG_TRY(from.begin_read());  // one for all the single looks
  const auto logs = from.logs();
  TANDEM_LOG_TRY(logs);
  const auto identity = from.identity();
  TANDEM_LOG_TRY(identity);
  Paced paced(to);
  TANDEM_LOG_TRY(to.begin());
  if (identity->has_value()) TANDEM_LOG_TRY(to.set_identity(**identity));
  for (const Store::Row& log : *logs) {
    const auto row = to.add_log(log.log, log.base);
    TANDEM_LOG_TRY(row);
    const auto one = [&](const Statement& found) -> Result<void> {
      const Sequence sequence{static_cast<std::uint64_t>(found.number(0))};
      const auto looked = from.look(log, sequence);
      if (!looked && looked.error().code == Errc::corrupt) return {};
      TANDEM_LOG_TRY(looked);
      if (looked->found != Store::Found::whole) return {};
      TANDEM_LOG_TRY(to.put(*row, sequence, looked->bytes));
      return paced.row();
    };
    TANDEM_LOG_TRY(Salvage(from, rows_max, "record_" + std::to_string(log.number), "sequence", "checksum", one).run());
  }
  const auto key = [&](const Statement& found) -> Result<void> {
    const std::optional<KeyRow> whole = Store::key_row(found, 1);
    if (!whole) return {};
    TANDEM_LOG_TRY(to.put_key(*whole));
    return paced.row();
  };
  TANDEM_LOG_TRY(Salvage(from, rows_max, "key_row", "number", "id, wrapped, erased, checksum", key).run());
  TANDEM_LOG_TRY(to.commit());
  // Snapshots can be made again; those that are not easily read are left behind.
  auto snapshots = from.snapshots();
  if (!snapshots) return {};
  std::erase_if(*snapshots, [](const Store::SnapshotRow& row) { return !row.complete; });
  if (snapshots->size() > 2) snapshots->resize(2);
  for (auto row = snapshots->rbegin(); row != snapshots->rend(); ++row) {
    auto world = from.world(*row);
    if (!world || !world->has_value()) continue;
    TANDEM_LOG_TRY(to.begin());
    const Snapshot snapshot{row->vector, std::move(**world)};
    const auto number = to.begin_snapshot(snapshot);
    TANDEM_LOG_TRY(number);
    constexpr std::size_t kChunk = 1u << 20;
    for (std::size_t at = 0; at < snapshot.world.size(); at += kChunk) {
      const auto chunk = std::string_view(snapshot.world).substr(at, kChunk);
      TANDEM_LOG_TRY(to.put_chunk(*number, static_cast<std::int64_t>(at / kChunk), chunk));
    }
    TANDEM_LOG_TRY(to.complete_snapshot(*number));
    TANDEM_LOG_TRY(to.commit());
  }
  return {};
}

}  // namespace

Result<void> make_private_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) return failed("create", path);
  const bool made = ::fchmod(file, 0600) == 0 && ::fsync(file) == 0;
  const auto error = failed("make private", path);
  ::close(file);
  if (!made) return error;
  return sync_directory_of(path);
}

Result<void> sync_directory_of(const std::string& path) {
  const std::string directory = std::filesystem::path(path).parent_path().string();
  const int file = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return failed("open", directory);
  const bool synced = ::fsync(file) == 0;
  const auto error = failed("sync", directory);
  ::close(file);
  if (!synced) return error;
  return {};
}

Result<void> rescue(const std::string& path, const Options::Testing& testing) {
  const std::string fresh = path + ".rescued";
  for (const char* suffix : {"", "-wal", "-shm"}) ::unlink((fresh + suffix).c_str());
  TANDEM_LOG_TRY(make_private_file(fresh));
  {
    auto from = Store::open(path, Store::Mode::write, testing);
    TANDEM_LOG_TRY(from);
    // Moves pages without looking into them. The write-ahead log must be empty before the files change places: an old
    // one beside the new file would be replayed into it.
    const auto emptied = (*from)->checkpoint_and_empty(true);
    TANDEM_LOG_TRY(emptied);
    if (!*emptied) return fail(Errc::in_use, path + ": another program reads it while it must be rebuilt");
    auto to = Store::open(fresh, Store::Mode::write, testing);
    TANDEM_LOG_TRY(to);
    TANDEM_LOG_TRY((*to)->create());
    TANDEM_LOG_TRY(copy(**from, static_cast<std::int64_t>(std::filesystem::file_size(path)) / kRowBytesMin, **to));
    TANDEM_LOG_TRY((*to)->checkpoint_and_empty(true));
  }
  if (std::rename(fresh.c_str(), path.c_str()) != 0) return failed("rename", fresh);
  TANDEM_LOG_TRY(sync_directory_of(path));
  ::unlink(rescue_mark(path).c_str());
  return sync_directory_of(path);
}

}  // namespace tandem::log_sqlite
