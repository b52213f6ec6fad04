#include "io/log_sqlite/store.h"

#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/check.h"
#include "io/log_sqlite/checksum.h"

namespace tandem::log_sqlite {
namespace {

constexpr std::int64_t kSchema = 1;
constexpr int kBusyMilliseconds = 2000;  // another program (an operator's shell) may hold the file for a moment
constexpr int kChunkBits = 24;           // low bits of a chunk's row number: its index within the snapshot

std::unexpected<Error> failed(sqlite3* db, int code, std::string_view doing) {
  std::string detail = "log.db: " + std::string(doing) + ": ";
  detail += db == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(db);
  detail += " (" + std::to_string(code) + ")";
  const int system = db == nullptr ? 0 : sqlite3_system_errno(db);
  // A full disk can show while the file that connections share is extended, and a quota shows as a plain write error. A
  // failed sync is never a full disk, whatever the kernel says: it may already have dropped the pages.
  const bool sync = code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC;
  const bool out_of_space = (code & 0xff) == SQLITE_IOERR && !sync && (system == ENOSPC || system == EDQUOT);
  switch (code & 0xff) {
    case SQLITE_FULL:
      return fail(Errc::log_full, std::move(detail));
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return fail(Errc::in_use, std::move(detail));
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return fail(Errc::corrupt, std::move(detail));
    // A table or column that the schema promises is not there, or a row has another shape than ours.
    case SQLITE_ERROR:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
      return fail(Errc::corrupt, std::move(detail));
    default:
      return fail(out_of_space ? Errc::log_full : Errc::internal, std::move(detail));
  }
}

std::uint64_t log_row_checksum(std::int64_t number, LogId log, Sequence base) {
  return record_checksum(log, base, std::to_string(number));
}

std::uint64_t key_checksum(std::string_view id, std::string_view wrapped) { return xxh64(wrapped, xxh64(id)); }

std::string_view id_bytes(const KeyId& id) {
  return {reinterpret_cast<const char*>(id.value().bytes.data()), id.value().bytes.size()};
}

std::optional<KeyId> key_id(std::string_view bytes) {
  Uuid id;
  if (bytes.size() != id.bytes.size()) return std::nullopt;
  std::memcpy(id.bytes.data(), bytes.data(), bytes.size());
  return KeyId{id};
}

}  // namespace

// ---- Statement

Statement::~Statement() { sqlite3_finalize(statement_); }

Statement& Statement::bind(int index, std::int64_t value) {
  TANDEM_CHECK(sqlite3_bind_int64(statement_, index, value) == SQLITE_OK);
  return *this;
}

Statement& Statement::bind(int index, std::string_view bytes) {
  // A null pointer would bind NULL instead of an empty blob.
  const char* data = bytes.data() == nullptr ? "" : bytes.data();
  TANDEM_CHECK(sqlite3_bind_blob64(statement_, index, data, bytes.size(), SQLITE_STATIC) == SQLITE_OK);
  return *this;
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  sqlite3* db = sqlite3_db_handle(statement_);
  return failed(db, sqlite3_extended_errcode(db), sqlite3_sql(statement_));
}

Result<void> Statement::done() {
  for (;;) {
    const auto row = step();
    TANDEM_LOG_TRY(row);
    if (!*row) return {};
  }
}

void Statement::reset() { sqlite3_reset(statement_); }

std::int64_t Statement::number(int column) const { return sqlite3_column_int64(statement_, column); }

std::string_view Statement::bytes(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  return {static_cast<const char*>(data), static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

// ---- Store

Result<std::unique_ptr<Store>> Store::open(const std::string& path, Mode mode, const Options::Testing& testing) {
  sqlite3* db = nullptr;
  // The file exists already, made by us with its mode; SQLite gives its helpers the same one.
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;
  const int code = sqlite3_open_v2(path.c_str(), &db, flags, testing.vfs.empty() ? nullptr : testing.vfs.c_str());
  if (code != SQLITE_OK) {
    auto error = failed(db, db == nullptr ? code : sqlite3_extended_errcode(db), "open");
    sqlite3_close_v2(db);
    return error;
  }
  std::unique_ptr<Store> store(new Store(db));
  sqlite3_extended_result_codes(db, 1);
  sqlite3_busy_timeout(db, kBusyMilliseconds);
  // A damaged file must not run anything that is written in it.
  sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  // EXTRA is FULL, and the directory is synced when a rollback journal goes. There is one journal, while a new file
  // becomes one with a write-ahead log; if a power failure brought it back later, it would roll the log back to
  // nothing.
  TANDEM_LOG_TRY(store->run(testing.never_sync ? "PRAGMA synchronous=OFF" : "PRAGMA synchronous=EXTRA"));
  TANDEM_LOG_TRY(store->run("PRAGMA cell_size_check=ON"));
  if (mode == Mode::read) {
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    TANDEM_LOG_TRY(store->run("PRAGMA query_only=ON"));
    TANDEM_LOG_TRY(store->run("PRAGMA cache_size=-4000"));
    return store;
  }
  TANDEM_LOG_TRY(store->run("PRAGMA journal_mode=WAL"));
  TANDEM_LOG_TRY(store->run("PRAGMA secure_delete=FAST"));
  // A transaction stays in the cache until it commits; what spills would be written twice.
  TANDEM_LOG_TRY(store->run("PRAGMA cache_size=-32000"));
  TANDEM_LOG_TRY(store->run("PRAGMA cache_spill=OFF"));
  // Replaces SQLite's own checkpoint after 1000 pages.
  sqlite3_wal_hook(
      db,
      [](void* self, sqlite3*, const char*, int pages) {
        static_cast<Store*>(self)->wal_pages_ = static_cast<std::uint32_t>(pages);
        return SQLITE_OK;
      },
      store.get());
  return store;
}

Store::~Store() {
  tables_.clear();
  prepared_.clear();
  sqlite3_close(db_);
}

Result<bool> Store::create() {
  const auto shape = prepare("SELECT count(*), (SELECT page_count FROM pragma_page_count) FROM sqlite_schema");
  TANDEM_LOG_TRY(shape);
  TANDEM_LOG_TRY((*shape)->step());
  const bool empty = (*shape)->number(0) == 0;
  const std::int64_t pages = (*shape)->number(1);
  (*shape)->reset();
  if (!empty) {
    const auto schema = meta("schema");
    TANDEM_LOG_TRY(schema);
    if (!schema->has_value()) return fail(Errc::corrupt, "log.db: no schema version");
    if (**schema == kSchema) return false;
    return fail(Errc::corrupt,
                "log.db: schema " + std::to_string(**schema) + ", this program writes " + std::to_string(kSchema));
  }
  if (pages > 1) return fail(Errc::corrupt, "log.db: has pages but no tables");
  TANDEM_LOG_TRY(begin());
  for (const char* sql :
       {"CREATE TABLE meta(name BLOB PRIMARY KEY, value INTEGER NOT NULL, checksum INTEGER NOT NULL)",
        "CREATE TABLE log(number INTEGER PRIMARY KEY, origin INTEGER NOT NULL, incarnation INTEGER NOT NULL, "
        "base INTEGER NOT NULL, checksum INTEGER NOT NULL, UNIQUE(origin, incarnation))",
        "CREATE TABLE key_row(number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, wrapped BLOB NOT NULL, "
        "erased INTEGER NOT NULL, checksum INTEGER NOT NULL)",
        "CREATE TABLE snapshot(number INTEGER PRIMARY KEY, vector BLOB NOT NULL, size INTEGER NOT NULL, "
        "checksum INTEGER NOT NULL, complete INTEGER NOT NULL)",
        "CREATE TABLE snapshot_chunk(number INTEGER PRIMARY KEY, bytes BLOB NOT NULL)"}) {
    TANDEM_LOG_TRY(run(sql));
  }
  TANDEM_LOG_TRY(set_meta("schema", kSchema));
  TANDEM_LOG_TRY(commit());
  return true;
}

Result<std::unique_ptr<Statement>> Store::prepare(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(db_, sql.c_str(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                      &statement, nullptr);
  if (code != SQLITE_OK) return failed(db_, sqlite3_extended_errcode(db_), sql);
  return std::make_unique<Statement>(statement);
}

Result<Statement*> Store::prepared(const std::string& sql) {
  const auto at = prepared_.find(sql);
  if (at != prepared_.end()) return at->second.get();
  auto statement = prepare(sql);
  TANDEM_LOG_TRY(statement);
  return prepared_.emplace(sql, std::move(*statement)).first->second.get();
}

Result<void> Store::run(const std::string& sql) {
  auto statement = prepare(sql);
  TANDEM_LOG_TRY(statement);
  return (*statement)->done();
}

Result<void> Store::begin() {
  auto statement = prepared("BEGIN IMMEDIATE");
  TANDEM_LOG_TRY(statement);
  Use use(**statement);
  return use->done();
}

Result<void> Store::begin_read() {
  auto statement = prepared("BEGIN");
  TANDEM_LOG_TRY(statement);
  Use use(**statement);
  return use->done();
}

Result<void> Store::commit() {
  auto statement = prepared("COMMIT");
  TANDEM_LOG_TRY(statement);
  Use use(**statement);
  return use->done();
}

void Store::rollback() {
  // SQLite itself rolls back on some errors; whether this one finds a transaction makes no difference.
  if (sqlite3_get_autocommit(db_) == 0) (void)run("ROLLBACK");
}

// ---- logs

Result<std::vector<Store::Row>> Store::logs() {
  auto statement = prepared("SELECT number, origin, incarnation, base, checksum FROM log ORDER BY origin, incarnation");
  TANDEM_LOG_TRY(statement);
  Use use(**statement);
  std::vector<Row> rows;
  for (;;) {
    const auto row = use->step();
    TANDEM_LOG_TRY(row);
    if (!*row) return rows;
    const Row found{
        use->number(0),
        {NodeId{static_cast<std::uint16_t>(use->number(1))}, Incarnation{static_cast<std::uint64_t>(use->number(2))}},
        Sequence{static_cast<std::uint64_t>(use->number(3))}};
    if (log_row_checksum(found.number, found.log, found.base) != static_cast<std::uint64_t>(use->number(4))) {
      return fail(Errc::corrupt, "log.db: the row of log " + std::to_string(found.number) + " is damaged");
    }
    rows.push_back(found);
  }
}

Result<Store::Row> Store::add_log(LogId log, Sequence base) {
  auto next = prepared("SELECT coalesce(max(number), 0) + 1 FROM log");
  TANDEM_LOG_TRY(next);
  Row row{0, log, base};
  {
    Use use(**next);
    TANDEM_LOG_TRY(use->step());
    row.number = use->number(0);
  }
  auto insert = prepared("INSERT INTO log VALUES(?1, ?2, ?3, ?4, ?5)");
  TANDEM_LOG_TRY(insert);
  Use use(**insert);
  use->bind(1, row.number).bind(2, log.origin.value()).bind(3, static_cast<std::int64_t>(log.incarnation.value()));
  use->bind(4, static_cast<std::int64_t>(base.value()));
  use->bind(5, static_cast<std::int64_t>(log_row_checksum(row.number, log, base)));
  TANDEM_LOG_TRY(use->done());
  TANDEM_LOG_TRY(run("CREATE TABLE record_" + std::to_string(row.number) +
                     "(sequence INTEGER PRIMARY KEY, checksum INTEGER NOT NULL, bytes BLOB NOT NULL)"));
  return row;
}

Result<void> Store::set_base(Row& row, Sequence base) {
  auto update = prepared("UPDATE log SET base = ?2, checksum = ?3 WHERE number = ?1");
  TANDEM_LOG_TRY(update);
  Use use(**update);
  use->bind(1, row.number).bind(2, static_cast<std::int64_t>(base.value()));
  use->bind(3, static_cast<std::int64_t>(log_row_checksum(row.number, row.log, base)));
  TANDEM_LOG_TRY(use->done());
  row.base = base;
  return {};
}

Result<Store::Tables*> Store::tables(const Row& row) {
  const auto at = tables_.find(row.number);
  if (at != tables_.end()) return &at->second;
  const std::string table = "record_" + std::to_string(row.number);
  auto insert = prepare("INSERT OR REPLACE INTO " + table + " VALUES(?1, ?2, ?3)");
  TANDEM_LOG_TRY(insert);
  auto get = prepare("SELECT checksum, bytes FROM " + table + " WHERE sequence = ?1");
  TANDEM_LOG_TRY(get);
  auto range = prepare("SELECT sequence, checksum, bytes FROM " + table + " WHERE sequence > ?1 ORDER BY sequence");
  TANDEM_LOG_TRY(range);
  return &tables_.emplace(row.number, Tables{std::move(*insert), std::move(*get), std::move(*range)}).first->second;
}

Result<Sequence> Store::last(const Row& row) {
  auto statement = prepared("SELECT sequence, checksum, bytes FROM record_" + std::to_string(row.number) +
                            " ORDER BY sequence DESC");
  TANDEM_LOG_TRY(statement);
  Use use(**statement);
  std::uint64_t damaged = 0;
  for (;;) {
    const auto next = use->step();
    TANDEM_LOG_TRY(next);
    if (!*next) return Sequence{row.base.value() + damaged};
    const Sequence sequence{static_cast<std::uint64_t>(use->number(0))};
    const bool whole = sequence > row.base &&
                       record_checksum(row.log, sequence, use->bytes(2)) == static_cast<std::uint64_t>(use->number(1));
    if (whole) return Sequence{sequence.value() + damaged};
    ++damaged;
  }
}

// ---- records

Result<Store::Looked> Store::look(const Row& row, Sequence sequence) {
  auto statements = tables(row);
  TANDEM_LOG_TRY(statements);
  Use get(*(*statements)->get);
  get->bind(1, static_cast<std::int64_t>(sequence.value()));
  const auto found = get->step();
  TANDEM_LOG_TRY(found);
  if (!*found) return Looked{};
  const std::string_view bytes = get->bytes(1);
  const bool whole = record_checksum(row.log, sequence, bytes) == static_cast<std::uint64_t>(get->number(0));
  return Looked{whole ? Found::whole : Found::damaged, std::string(bytes)};
}

Result<void> Store::put(const Row& row, Sequence sequence, std::string_view bytes) {
  auto statements = tables(row);
  TANDEM_LOG_TRY(statements);
  Use insert(*(*statements)->insert);
  insert->bind(1, static_cast<std::int64_t>(sequence.value()));
  insert->bind(2, static_cast<std::int64_t>(record_checksum(row.log, sequence, bytes)));
  insert->bind(3, bytes);
  return insert->done();
}

Result<std::uint64_t> Store::erase(const Row& row, Sequence after, Sequence up_to) {
  auto statement =
      prepared("DELETE FROM record_" + std::to_string(row.number) + " WHERE sequence > ?1 AND sequence <= ?2");
  TANDEM_LOG_TRY(statement);
  Use use(**statement);
  use->bind(1, static_cast<std::int64_t>(after.value())).bind(2, static_cast<std::int64_t>(up_to.value()));
  TANDEM_LOG_TRY(use->done());
  return static_cast<std::uint64_t>(sqlite3_changes64(db_));
}

Result<void> Store::scan(const Row& row, Sequence after, Sequence last,
                         const std::function<bool(Sequence, std::string_view)>& good,
                         const std::function<bool(Sequence)>& bad) {
  auto statements = tables(row);
  TANDEM_LOG_TRY(statements);
  std::uint64_t expected = std::max(after, row.base).value() + 1;
  while (expected <= last.value()) {
    {
      Use range(*(*statements)->range);
      range->bind(1, static_cast<std::int64_t>(expected - 1));
      for (; expected <= last.value(); ++expected) {
        const auto next = range->step();
        TANDEM_LOG_TRY(next);
        if (!*next || static_cast<std::uint64_t>(range->number(0)) != expected) break;
        const std::string_view bytes = range->bytes(2);
        const std::uint64_t checksum = record_checksum(row.log, Sequence{expected}, bytes);
        if (checksum != static_cast<std::uint64_t>(range->number(1))) break;
        if (!good(Sequence{expected}, bytes)) return {};
      }
    }
    if (expected > last.value()) return {};
    // A damaged sequence also leads the walk astray, so this one is asked for by its number, and the walk starts anew
    // behind it.
    const auto looked = look(row, Sequence{expected});
    TANDEM_LOG_TRY(looked);
    const bool whole = looked->found == Found::whole;
    if (whole ? !good(Sequence{expected}, looked->bytes) : !bad(Sequence{expected})) return {};
    ++expected;
  }
  return {};
}

// ---- keys

Result<void> Store::put_key(const KeyRow& key) {
  const std::string_view id = id_bytes(key.id);
  std::int64_t number = 0;
  std::size_t size = 0;
  bool erased = false;
  {
    auto find = prepared("SELECT number, length(wrapped), erased FROM key_row WHERE id = ?1");
    TANDEM_LOG_TRY(find);
    Use use(**find);
    use->bind(1, id);
    const auto found = use->step();
    TANDEM_LOG_TRY(found);
    if (*found) {
      number = use->number(0);
      size = static_cast<std::size_t>(use->number(1));
      erased = use->number(2) != 0;
    }
  }
  if (erased) return {};
  // Zeros of the same length take the place of the erased bytes: the cell stays where it is, and only there they were.
  const std::string zeros(key.wrapped ? 0 : size, '\0');
  const std::string_view wrapped = key.wrapped ? std::string_view(*key.wrapped) : std::string_view(zeros);
  auto put = prepared(number == 0 ? "INSERT INTO key_row(id, wrapped, erased, checksum) VALUES(?1, ?2, ?3, ?4)"
                                  : "UPDATE key_row SET wrapped = ?2, erased = ?3, checksum = ?4 WHERE id = ?1");
  TANDEM_LOG_TRY(put);
  Use use(**put);
  use->bind(1, id).bind(2, wrapped).bind(3, key.wrapped ? 0 : 1);
  use->bind(4, static_cast<std::int64_t>(key_checksum(id, wrapped)));
  return use->done();
}

std::optional<KeyRow> Store::key_row(const Statement& row, int column) {
  const std::string_view bytes = row.bytes(column);
  const std::optional<KeyId> id = key_id(bytes);
  const std::string_view wrapped = row.bytes(column + 1);
  const bool whole = id && key_checksum(bytes, wrapped) == static_cast<std::uint64_t>(row.number(column + 3));
  if (!whole) return std::nullopt;
  if (row.number(column + 2) != 0) return KeyRow{*id, std::nullopt};
  return KeyRow{*id, std::string(wrapped)};
}

Result<std::vector<KeyId>> Store::keys(const std::function<void(KeyRow)>& each) {
  auto statement = prepared("SELECT id, wrapped, erased, checksum FROM key_row ORDER BY number");
  TANDEM_LOG_TRY(statement);
  Use use(**statement);
  std::vector<KeyId> damaged;
  for (;;) {
    const auto row = use->step();
    TANDEM_LOG_TRY(row);
    if (!*row) return damaged;
    std::optional<KeyRow> key = key_row(**statement, 0);
    if (key) {
      each(std::move(*key));
    } else {
      damaged.push_back(key_id(use->bytes(0)).value_or(KeyId{}));
    }
  }
}

Result<std::optional<KeyRow>> Store::key(KeyId id) {
  auto statement = prepared("SELECT id, wrapped, erased, checksum FROM key_row WHERE id = ?1");
  TANDEM_LOG_TRY(statement);
  Use use(**statement);
  use->bind(1, id_bytes(id));
  const auto found = use->step();
  TANDEM_LOG_TRY(found);
  if (!*found) return std::nullopt;
  return key_row(**statement, 0);
}

// ---- snapshots

Result<std::vector<Store::SnapshotRow>> Store::snapshots() {
  auto statement = prepared("SELECT number, vector, size, checksum, complete FROM snapshot ORDER BY number DESC");
  TANDEM_LOG_TRY(statement);
  Use use(**statement);
  std::vector<SnapshotRow> rows;
  for (;;) {
    const auto row = use->step();
    TANDEM_LOG_TRY(row);
    if (!*row) return rows;
    // An unreadable vector covers nothing; the checksum shows the damage when the world is read.
    rows.push_back({use->number(0), decode_vector(use->bytes(1)).value_or(Vector{}),
                    static_cast<std::uint64_t>(use->number(2)), static_cast<std::uint64_t>(use->number(3)),
                    use->number(4) == 1});
  }
}

Result<std::int64_t> Store::begin_snapshot(const Snapshot& snapshot) {
  auto next = prepared("SELECT coalesce(max(number), 0) + 1 FROM snapshot");
  TANDEM_LOG_TRY(next);
  std::int64_t number = 0;
  {
    Use use(**next);
    TANDEM_LOG_TRY(use->step());
    number = use->number(0);
  }
  const std::string vector = encode_vector(snapshot.vector);
  auto insert = prepared("INSERT INTO snapshot VALUES(?1, ?2, ?3, ?4, 0)");
  TANDEM_LOG_TRY(insert);
  Use use(**insert);
  use->bind(1, number).bind(2, vector).bind(3, static_cast<std::int64_t>(snapshot.world.size()));
  use->bind(4, static_cast<std::int64_t>(xxh64(snapshot.world, xxh64(vector))));
  TANDEM_LOG_TRY(use->done());
  return number;
}

Result<void> Store::put_chunk(std::int64_t snapshot, std::int64_t index, std::string_view bytes) {
  TANDEM_CHECK(index < std::int64_t{1} << kChunkBits);
  auto insert = prepared("INSERT INTO snapshot_chunk VALUES(?1, ?2)");
  TANDEM_LOG_TRY(insert);
  Use use(**insert);
  use->bind(1, snapshot << kChunkBits | index).bind(2, bytes);
  return use->done();
}

Result<void> Store::complete_snapshot(std::int64_t snapshot) {
  auto update = prepared("UPDATE snapshot SET complete = 1 WHERE number = ?1");
  TANDEM_LOG_TRY(update);
  Use use(**update);
  use->bind(1, snapshot);
  return use->done();
}

Result<bool> Store::drop_snapshot(std::int64_t snapshot, std::int64_t chunks_max) {
  auto chunks = prepared(
      "DELETE FROM snapshot_chunk WHERE number IN (SELECT number FROM snapshot_chunk "
      "WHERE number >= ?1 AND number < ?2 LIMIT ?3)");
  TANDEM_LOG_TRY(chunks);
  {
    Use use(**chunks);
    use->bind(1, snapshot << kChunkBits).bind(2, (snapshot + 1) << kChunkBits).bind(3, chunks_max);
    TANDEM_LOG_TRY(use->done());
    if (sqlite3_changes64(db_) == chunks_max) return false;
  }
  auto row = prepared("DELETE FROM snapshot WHERE number = ?1");
  TANDEM_LOG_TRY(row);
  Use use(**row);
  use->bind(1, snapshot);
  TANDEM_LOG_TRY(use->done());
  return true;
}

Result<std::optional<std::string>> Store::world(const SnapshotRow& row) {
  const std::int64_t first = row.number << kChunkBits;
  const std::int64_t end = (row.number + 1) << kChunkBits;
  // It may be large, and is read into its place at once. The size that the row says may be damaged.
  auto measure = prepared("SELECT SUM(LENGTH(bytes)) FROM snapshot_chunk WHERE number >= ?1 AND number < ?2");
  TANDEM_LOG_TRY(measure);
  Use size(**measure);
  size->bind(1, first).bind(2, end);
  TANDEM_LOG_TRY(size->step());
  auto statement = prepared("SELECT bytes FROM snapshot_chunk WHERE number >= ?1 AND number < ?2 ORDER BY number");
  TANDEM_LOG_TRY(statement);
  Use use(**statement);
  use->bind(1, first).bind(2, end);
  std::string world;
  world.reserve(static_cast<std::size_t>(size->number(0)));
  for (;;) {
    const auto chunk = use->step();
    TANDEM_LOG_TRY(chunk);
    if (!*chunk) break;
    world += use->bytes(0);
  }
  const bool whole = world.size() == row.size && xxh64(world, xxh64(encode_vector(row.vector))) == row.checksum;
  if (!whole) return std::nullopt;
  return world;
}

// ---- identity

Result<void> Store::set_meta(std::string_view name, std::int64_t value) {
  auto put = prepared("INSERT OR REPLACE INTO meta VALUES(?1, ?2, ?3)");
  TANDEM_LOG_TRY(put);
  Use use(**put);
  const std::uint64_t checksum = xxh64(name, static_cast<std::uint64_t>(value));
  use->bind(1, name).bind(2, value).bind(3, static_cast<std::int64_t>(checksum));
  return use->done();
}

Result<std::optional<std::int64_t>> Store::meta(std::string_view name) {
  auto get = prepared("SELECT value, checksum FROM meta WHERE name = ?1");
  TANDEM_LOG_TRY(get);
  Use use(**get);
  use->bind(1, name);
  const auto found = use->step();
  TANDEM_LOG_TRY(found);
  if (!*found) return std::nullopt;
  const std::int64_t value = use->number(0);
  if (xxh64(name, static_cast<std::uint64_t>(value)) != static_cast<std::uint64_t>(use->number(1))) {
    return fail(Errc::corrupt, "log.db: meta " + std::string(name) + " is damaged");
  }
  return value;
}

Result<std::optional<Identity>> Store::identity() {
  const auto node = meta("node");
  TANDEM_LOG_TRY(node);
  const auto incarnation = meta("incarnation");
  TANDEM_LOG_TRY(incarnation);
  if (node->has_value() != incarnation->has_value()) return fail(Errc::corrupt, "log.db: half an identity");
  if (!node->has_value()) return std::nullopt;
  return Identity{NodeId{static_cast<std::uint16_t>(**node)}, Incarnation{static_cast<std::uint64_t>(**incarnation)}};
}

Result<void> Store::set_identity(Identity identity) {
  TANDEM_LOG_TRY(set_meta("node", identity.node.value()));
  return set_meta("incarnation", static_cast<std::int64_t>(identity.incarnation.value()));
}

// ---- the write-ahead log

Result<bool> Store::checkpoint() {
  int frames = 0;
  int moved = 0;
  const int code = sqlite3_wal_checkpoint_v2(db_, "main", SQLITE_CHECKPOINT_PASSIVE, &frames, &moved);
  if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY) return failed(db_, code, "checkpoint");
  return code == SQLITE_OK && frames == moved;
}

Result<bool> Store::checkpoint_and_empty(bool wait) {
  if (!wait) sqlite3_busy_timeout(db_, 0);
  const int code = sqlite3_wal_checkpoint_v2(db_, "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  sqlite3_busy_timeout(db_, kBusyMilliseconds);
  if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY) return failed(db_, code, "checkpoint");
  return code == SQLITE_OK;
}

Result<void> Store::rewrite_wal() {
  // The transaction makes SQLite open the file, and keeps everyone else from writing to it.
  TANDEM_LOG_TRY(begin());
  sqlite3_file* wal = nullptr;
  int code = sqlite3_file_control(db_, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal);
  sqlite3_int64 size = 0;
  if (code == SQLITE_OK && wal != nullptr && wal->pMethods != nullptr) {
    code = wal->pMethods->xFileSize(wal, &size);
    std::vector<char> bytes(std::size_t{1} << 16);  // SQLite's own files take no more than 128 KiB at once
    for (sqlite3_int64 at = 0; code == SQLITE_OK && at < size;) {
      const int count = static_cast<int>(std::min<sqlite3_int64>(size - at, static_cast<sqlite3_int64>(bytes.size())));
      code = wal->pMethods->xRead(wal, bytes.data(), count, at);
      if (code == SQLITE_OK) code = wal->pMethods->xWrite(wal, bytes.data(), count, at);
      at += count;
    }
    if (code == SQLITE_OK && size > 0) code = wal->pMethods->xSync(wal, SQLITE_SYNC_NORMAL);
  }
  rollback();
  if (code != SQLITE_OK) return failed(nullptr, code, "rewrite the write-ahead log");
  return {};
}

void Store::abandon() { sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr); }

Result<std::uint64_t> Store::free_bytes_inside() {
  auto statement = prepared("SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size");
  TANDEM_LOG_TRY(statement);
  Use use(**statement);
  TANDEM_LOG_TRY(use->step());
  return static_cast<std::uint64_t>(use->number(0));
}

Result<std::vector<std::string>> Store::structure(int lines_max) {
  auto statement = prepared("PRAGMA quick_check(" + std::to_string(lines_max) + ")");
  TANDEM_LOG_TRY(statement);
  Use use(**statement);
  std::vector<std::string> lines;
  for (;;) {
    const auto row = use->step();
    TANDEM_LOG_TRY(row);
    if (!*row) return lines;
    if (use->bytes(0) != "ok") lines.emplace_back(use->bytes(0));
  }
}

// ---- vectors

namespace {
constexpr std::size_t kVectorEntryBytes = 2 + 8 + 8;
}  // namespace

std::string encode_vector(const Vector& vector) {
  std::string bytes;
  bytes.reserve(vector.size() * kVectorEntryBytes);
  const auto add = [&bytes](std::uint64_t value, int count) {
    for (int i = 0; i < count; ++i) bytes.push_back(static_cast<char>(value >> 8 * i));
  };
  for (const auto& [log, sequence] : vector) {
    add(log.origin.value(), 2);
    add(log.incarnation.value(), 8);
    add(sequence.value(), 8);
  }
  return bytes;
}

std::optional<Vector> decode_vector(std::string_view bytes) {
  if (bytes.size() % kVectorEntryBytes != 0) return std::nullopt;
  Vector vector;
  const auto take = [&bytes](int count) {
    std::uint64_t value = 0;
    for (int i = 0; i < count; ++i)
      value |= std::uint64_t{static_cast<std::uint8_t>(bytes[static_cast<std::size_t>(i)])} << 8 * i;
    bytes.remove_prefix(static_cast<std::size_t>(count));
    return value;
  };
  while (!bytes.empty()) {
    const NodeId origin{static_cast<std::uint16_t>(take(2))};
    const Incarnation incarnation{take(8)};
    vector[{origin, incarnation}] = Sequence{take(8)};
  }
  return vector;
}

}  // namespace tandem::log_sqlite
