// One connection to the log's database: its tables, its statements, and what each answer of SQLite means for the log.
// A connection belongs to one thread at a time. For the files of this folder only.
//
//   log(number, origin, incarnation, base, checksum)      which logs there are; `base`: truncated up to here
//   record_<number>(sequence, checksum, bytes)            a table per log: each grows at its end only, which keeps the
//                                                         B-tree full and dirties the fewest pages
//   key_row(number, id, wrapped, erased, checksum)        rows never move, so erasing overwrites the only copy
//   snapshot(number, vector, size, checksum, complete), snapshot_chunk(number, bytes)
//   meta(name, value, checksum)
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/ids.h"
#include "io/log_sqlite/log.h"

struct sqlite3;
struct sqlite3_stmt;

#define TANDEM_LOG_TRY(expression) \
  if (auto&& tried = (expression); !tried) return std::unexpected(std::move(tried.error()))

namespace tandem::log_sqlite {

// A prepared statement. Text and bytes that are bound stay with the caller until the next reset.
class Statement {
 public:
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  Statement& bind(int index, std::int64_t value);
  Statement& bind(int index, std::string_view bytes);
  Result<bool> step();  // whether there is a row
  Result<void> done();  // runs to the end
  void reset();
  [[nodiscard]] std::int64_t number(int column) const;
  [[nodiscard]] std::string_view bytes(int column) const;  // valid until the next step

 private:
  sqlite3_stmt* statement_;
};

// Resets the statement when the scope ends: a statement left standing holds its read transaction open.
class Use {
 public:
  explicit Use(Statement& statement) : statement_(statement) {}
  ~Use() { statement_.reset(); }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;
  Statement* operator->() { return &statement_; }

 private:
  Statement& statement_;
};

class Store {
 public:
  enum class Mode { write, read };
  // Errors of this and all other calls: log_full, no space; in_use, another connection is in the way; corrupt, the
  // pages do not hang together; internal, the disk failed.
  [[nodiscard]] static Result<std::unique_ptr<Store>> open(const std::string& path, Mode mode,
                                                           const Options::Testing& testing);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // Creates the tables where there are none; says whether there were none.
  Result<bool> create();

  Result<void> begin();
  Result<void> begin_read();
  Result<void> commit();
  void rollback();

  // Logs. `number` names the table of a log in this file.
  struct Row {
    std::int64_t number = 0;
    LogId log;
    Sequence base;
  };
  Result<std::vector<Row>> logs();
  Result<Row> add_log(LogId log, Sequence base);
  Result<void> set_base(Row& row, Sequence base);
  // The highest sequence held. A damaged row at the end counts, whatever sequence it claims.
  Result<Sequence> last(const Row& row);

  // Records.
  enum class Found { whole, damaged, missing };
  struct Looked {
    Found found = Found::missing;
    std::string bytes;
  };
  Result<Looked> look(const Row& row, Sequence sequence);
  Result<void> put(const Row& row, Sequence sequence, std::string_view bytes);  // replaces
  Result<std::uint64_t> erase(const Row& row, Sequence after, Sequence up_to);
  // Walks (after, last] in order: `good` for whole records, `bad` for each that is missing or damaged. Either ends the
  // walk by returning false.
  Result<void> scan(const Row& row, Sequence after, Sequence last,
                    const std::function<bool(Sequence, std::string_view)>& good,
                    const std::function<bool(Sequence)>& bad);

  // Keys.
  Result<void> put_key(const KeyRow& key);
  Result<std::vector<KeyId>> keys(const std::function<void(KeyRow)>& each);
  Result<std::optional<KeyRow>> key(KeyId id);
  // Reads id, wrapped, erased and checksum from `column` on; nothing when they do not match.
  [[nodiscard]] static std::optional<KeyRow> key_row(const Statement& row, int column);

  // Snapshots.
  struct SnapshotRow {
    std::int64_t number = 0;
    Vector vector;
    std::uint64_t size = 0;
    std::uint64_t checksum = 0;
    bool complete = false;
  };
  Result<std::vector<SnapshotRow>> snapshots();  // newest first
  Result<std::int64_t> begin_snapshot(const Snapshot& snapshot);
  Result<void> put_chunk(std::int64_t snapshot, std::int64_t index, std::string_view bytes);
  Result<void> complete_snapshot(std::int64_t snapshot);
  // Deletes some of its chunks, and with the last ones the row; says whether it is gone.
  Result<bool> drop_snapshot(std::int64_t snapshot, std::int64_t chunks_max);
  // Nothing when its bytes do not match its checksum.
  Result<std::optional<std::string>> world(const SnapshotRow& row);

  // Identity.
  Result<std::optional<Identity>> identity();
  Result<void> set_identity(Identity identity);

  // The write-ahead log. `checkpoint` says whether all of it is in the database now.
  Result<bool> checkpoint();
  Result<bool> checkpoint_and_empty(bool wait);
  // Writes the bytes of the write-ahead log over themselves and syncs.
  Result<void> rewrite_wal();
  // After a failed sync: closing leaves the write-ahead log as it is. What an earlier checkpoint has moved may have got
  // lost in the kernel; only the next open, which starts from the first page of the write-ahead log, moves it again.
  void abandon();
  [[nodiscard]] std::uint32_t wal_pages() const { return wal_pages_; }  // after the last commit of this connection
  Result<std::uint64_t> free_bytes_inside();                            // pages of the file that hold nothing
  Result<std::vector<std::string>> structure(int lines_max);

  Result<Statement*> prepared(const std::string& sql);
  Result<void> run(const std::string& sql);

 private:
  explicit Store(sqlite3* db) : db_(db) {}

  struct Tables {
    std::unique_ptr<Statement> insert;
    std::unique_ptr<Statement> get;
    std::unique_ptr<Statement> range;
  };
  Result<std::unique_ptr<Statement>> prepare(const std::string& sql);
  Result<Tables*> tables(const Row& row);
  Result<void> set_meta(std::string_view name, std::int64_t value);
  Result<std::optional<std::int64_t>> meta(std::string_view name);

  sqlite3* db_;
  std::uint32_t wal_pages_ = 0;
  std::map<std::int64_t, Tables> tables_;
  std::map<std::string, std::unique_ptr<Statement>, std::less<>> prepared_;
};

// Vectors as the snapshot table stores them: per log 2 bytes origin, 8 incarnation, 8 sequence, little-endian.
[[nodiscard]] std::string encode_vector(const Vector& vector);
[[nodiscard]] std::optional<Vector> decode_vector(std::string_view bytes);

}  // namespace tandem::log_sqlite
