#include "io/log_sqlite/fault_vfs.h"

#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/rng.h"

namespace tandem::log_sqlite {
namespace {

constexpr std::size_t kSector = 512;

// A change that the disk may or may not have taken.
struct Pending {
  std::uint64_t offset = 0;
  std::string bytes;
  bool truncate = false;  // to `offset`
};

struct Image {
  std::string synced;
  bool created = false;    // the name itself survives
  bool deleted = false;    // the process has deleted it, the disk perhaps not
  std::uint64_t size = 0;  // as the process sees it
  std::vector<Pending> pending;
};

void lay(std::string& image, std::uint64_t offset, std::string_view bytes) {
  if (image.size() < offset + bytes.size()) image.resize(offset + bytes.size(), '\0');
  image.replace(offset, bytes.size(), bytes);
}

void lay(std::string& image, const Pending& change) {
  if (change.truncate) {
    image.resize(std::min<std::size_t>(image.size(), change.offset));
  } else {
    lay(image, change.offset, change.bytes);
  }
}

// Of a change, only the sectors that chance keeps.
void lay_in_part(std::string& image, const Pending& change, Rng& rng) {
  if (change.truncate) {
    if (rng.chance(1, 2)) lay(image, change);
    return;
  }
  std::uint64_t at = change.offset;
  const std::uint64_t end = change.offset + change.bytes.size();
  while (at < end) {
    const std::uint64_t next = std::min(end, (at / kSector + 1) * kSector);
    if (rng.chance(1, 2)) lay(image, at, std::string_view(change.bytes).substr(at - change.offset, next - at));
    at = next;
  }
}

// What the disk holds of the unsynced changes when the power fails.
void settle(Image& file, Rng& rng) {
  const std::vector<Pending> changes = std::exchange(file.pending, {});
  switch (rng.below(4)) {
    case 0:
      return;
    case 1:
      for (const Pending& change : changes) lay(file.synced, change);
      return;
    case 2: {  // in order, and the last one torn
      const std::uint64_t whole = rng.below(changes.size() + 1);
      for (std::uint64_t i = 0; i < whole; ++i) lay(file.synced, changes[i]);
      if (whole < changes.size()) lay_in_part(file.synced, changes[whole], rng);
      return;
    }
    default:
      for (const Pending& change : changes) lay_in_part(file.synced, change, rng);
  }
}

}  // namespace

struct FaultVfs::State {
  std::string name;
  sqlite3_vfs vfs{};
  sqlite3_vfs* inner = nullptr;

  std::mutex mutex;  // guards everything below
  Rng rng;
  std::map<std::string, Image> files;
  std::optional<Fault> fault;
  std::uint64_t at = 0;
  std::uint64_t count = 0;
  bool has_struck = false;
  bool dead = false;
  std::optional<std::uint64_t> capacity;

  // What happens to the next changing operation. Under the mutex.
  std::optional<Fault> strike(bool write, bool sync) {
    const std::uint64_t index = count++;
    if (!fault || has_struck || index < at) return std::nullopt;
    const bool fits = *fault == Fault::kill || (*fault == Fault::sync_error ? sync : write);
    if (!fits) return std::nullopt;
    has_struck = true;
    if (*fault == Fault::kill) dead = true;
    return fault;
  }

  [[nodiscard]] std::uint64_t used() const {
    std::uint64_t bytes = 0;
    for (const auto& [path, file] : files) bytes += file.deleted ? 0 : file.size;
    return bytes;
  }
};

namespace {

struct FaultFile {
  sqlite3_file base;
  FaultVfs::State* disk;
  Image* image;  // null for files that are not part of the log
  sqlite3_file* inner;
};

FaultFile& of(sqlite3_file* file) { return *reinterpret_cast<FaultFile*>(file); }

int close_file(sqlite3_file* file) { return of(file).inner->pMethods->xClose(of(file).inner); }

int read_file(sqlite3_file* file, void* into, int size, sqlite3_int64 offset) {
  FaultFile& f = of(file);
  {
    const std::lock_guard lock(f.disk->mutex);
    if (f.disk->dead) return SQLITE_IOERR_READ;
  }
  return f.inner->pMethods->xRead(f.inner, into, size, offset);
}

int write_file(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
  FaultFile& f = of(file);
  const std::lock_guard lock(f.disk->mutex);
  if (f.disk->dead) return SQLITE_IOERR_WRITE;
  Pending change{static_cast<std::uint64_t>(offset),
                 std::string(static_cast<const char*>(from), static_cast<std::size_t>(size))};
  const std::uint64_t end = change.offset + change.bytes.size();
  if (f.disk->capacity && end > f.image->size && f.disk->used() + (end - f.image->size) > *f.disk->capacity) {
    return SQLITE_FULL;
  }
  switch (f.disk->strike(true, false).value_or(FaultVfs::Fault::sync_error)) {
    case FaultVfs::Fault::full:
      return SQLITE_FULL;
    case FaultVfs::Fault::kill:
      f.image->pending.push_back(std::move(change));
      return SQLITE_IOERR_WRITE;
    case FaultVfs::Fault::write_error: {
      const int half = size / 2;
      change.bytes.resize(static_cast<std::size_t>(half));
      f.inner->pMethods->xWrite(f.inner, from, half, offset);
      f.image->size = std::max(f.image->size, change.offset + change.bytes.size());
      f.image->pending.push_back(std::move(change));
      return SQLITE_IOERR_WRITE;
    }
    case FaultVfs::Fault::sync_error:
      break;  // not this one
  }
  f.image->size = std::max(f.image->size, end);
  f.image->pending.push_back(std::move(change));
  return f.inner->pMethods->xWrite(f.inner, from, size, offset);
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  FaultFile& f = of(file);
  const std::lock_guard lock(f.disk->mutex);
  if (f.disk->dead) return SQLITE_IOERR_TRUNCATE;
  f.image->pending.push_back({static_cast<std::uint64_t>(size), {}, true});
  if (f.disk->strike(false, false)) return SQLITE_IOERR_TRUNCATE;
  f.image->size = std::min(f.image->size, static_cast<std::uint64_t>(size));
  return f.inner->pMethods->xTruncate(f.inner, size);
}

int sync_file(sqlite3_file* file, int) {
  FaultFile& f = of(file);
  const std::lock_guard lock(f.disk->mutex);
  if (f.disk->dead) return SQLITE_IOERR_FSYNC;
  if (const auto fault = f.disk->strike(false, true)) {
    if (*fault == FaultVfs::Fault::kill) return SQLITE_IOERR_FSYNC;
    // The kernel has marked the pages clean: what did not reach the disk by now does not with the next sync either.
    settle(*f.image, f.disk->rng);
    return SQLITE_IOERR_FSYNC;
  }
  for (const Pending& change : f.image->pending) lay(f.image->synced, change);
  f.image->pending.clear();
  f.image->created = true;
  return SQLITE_OK;  // the real disk is not asked: its answer would only cost time
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  FaultFile& f = of(file);
  return f.inner->pMethods->xFileSize(f.inner, size);
}
int lock_file(sqlite3_file* file, int level) { return of(file).inner->pMethods->xLock(of(file).inner, level); }
int unlock_file(sqlite3_file* file, int level) { return of(file).inner->pMethods->xUnlock(of(file).inner, level); }
int check_lock(sqlite3_file* file, int* out) {
  return of(file).inner->pMethods->xCheckReservedLock(of(file).inner, out);
}
int control_file(sqlite3_file* file, int operation, void* argument) {
  // These would change the file behind the image's back.
  if (operation == SQLITE_FCNTL_CHUNK_SIZE || operation == SQLITE_FCNTL_SIZE_HINT) return SQLITE_OK;
  return of(file).inner->pMethods->xFileControl(of(file).inner, operation, argument);
}
int sector_size(sqlite3_file* file) { return of(file).inner->pMethods->xSectorSize(of(file).inner); }
int characteristics(sqlite3_file* file) { return of(file).inner->pMethods->xDeviceCharacteristics(of(file).inner); }
int shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** out) {
  return of(file).inner->pMethods->xShmMap(of(file).inner, page, size, extend, out);
}
int shm_lock(sqlite3_file* file, int offset, int n, int flags) {
  return of(file).inner->pMethods->xShmLock(of(file).inner, offset, n, flags);
}
void shm_barrier(sqlite3_file* file) { of(file).inner->pMethods->xShmBarrier(of(file).inner); }
int shm_unmap(sqlite3_file* file, int remove) { return of(file).inner->pMethods->xShmUnmap(of(file).inner, remove); }

const sqlite3_io_methods kMethods = {
    .iVersion = 2,
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = file_size,
    .xLock = lock_file,
    .xUnlock = unlock_file,
    .xCheckReservedLock = check_lock,
    .xFileControl = control_file,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = characteristics,
    .xShmMap = shm_map,
    .xShmLock = shm_lock,
    .xShmBarrier = shm_barrier,
    .xShmUnmap = shm_unmap,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

FaultVfs::State& disk_of(sqlite3_vfs* vfs) { return *static_cast<FaultVfs::State*>(vfs->pAppData); }

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  FaultVfs::State& disk = disk_of(vfs);
  file->pMethods = nullptr;
  FaultFile& f = of(file);
  f.disk = &disk;
  f.image = nullptr;
  f.inner = reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + sizeof(FaultFile));
  const std::lock_guard lock(disk.mutex);
  if (disk.dead) return SQLITE_IOERR;
  const std::string path = name == nullptr ? "" : name;
  const bool existed = ::access(path.c_str(), F_OK) == 0;
  const int code = disk.inner->xOpen(disk.inner, name, f.inner, flags, out_flags);
  if (code != SQLITE_OK) return code;
  auto [at, fresh] = disk.files.try_emplace(path);
  Image& image = at->second;
  if (fresh && existed) {
    image.synced.resize(static_cast<std::size_t>(std::filesystem::file_size(path)));
    std::ifstream(path, std::ios::binary).read(image.synced.data(), static_cast<std::streamsize>(image.synced.size()));
    image.size = image.synced.size();
    image.created = true;
  } else if (image.deleted || !existed) {
    image = Image{};
  }
  f.image = &image;
  f.base.pMethods = &kMethods;
  return SQLITE_OK;
}

int delete_file(sqlite3_vfs* vfs, const char* name, int sync_directory) {
  FaultVfs::State& disk = disk_of(vfs);
  const std::lock_guard lock(disk.mutex);
  if (disk.dead || disk.strike(false, false)) return SQLITE_IOERR_DELETE;
  const auto at = disk.files.find(name);
  if (at != disk.files.end()) {
    at->second.deleted = true;
    if (sync_directory != 0) disk.files.erase(at);
  }
  return disk.inner->xDelete(disk.inner, name, sync_directory);
}

int access_file(sqlite3_vfs* vfs, const char* name, int flags, int* out) {
  return disk_of(vfs).inner->xAccess(disk_of(vfs).inner, name, flags, out);
}
int full_path(sqlite3_vfs* vfs, const char* name, int size, char* out) {
  return disk_of(vfs).inner->xFullPathname(disk_of(vfs).inner, name, size, out);
}
int randomness(sqlite3_vfs* vfs, int size, char* out) {
  return disk_of(vfs).inner->xRandomness(disk_of(vfs).inner, size, out);
}
int sleep_for(sqlite3_vfs* vfs, int microseconds) {
  return disk_of(vfs).inner->xSleep(disk_of(vfs).inner, microseconds);
}
int current_time(sqlite3_vfs* vfs, double* out) { return disk_of(vfs).inner->xCurrentTime(disk_of(vfs).inner, out); }
int last_error(sqlite3_vfs*, int, char*) { return 0; }

}  // namespace

FaultVfs::FaultVfs(std::string name, std::uint64_t seed) : state_(std::make_unique<State>()) {
  state_->name = std::move(name);
  state_->rng.state = seed;
  state_->inner = sqlite3_vfs_find(nullptr);
  TANDEM_CHECK(state_->inner != nullptr);
  sqlite3_vfs& vfs = state_->vfs;
  vfs.iVersion = 1;
  vfs.szOsFile = static_cast<int>(sizeof(FaultFile)) + state_->inner->szOsFile;
  vfs.mxPathname = state_->inner->mxPathname;
  vfs.zName = state_->name.c_str();
  vfs.pAppData = state_.get();
  vfs.xOpen = open_file;
  vfs.xDelete = delete_file;
  vfs.xAccess = access_file;
  vfs.xFullPathname = full_path;
  vfs.xRandomness = randomness;
  vfs.xSleep = sleep_for;
  vfs.xCurrentTime = current_time;
  vfs.xGetLastError = last_error;
  TANDEM_CHECK(sqlite3_vfs_register(&vfs, 0) == SQLITE_OK);
}

FaultVfs::~FaultVfs() { sqlite3_vfs_unregister(&state_->vfs); }

void FaultVfs::plan(Fault fault, std::uint64_t index) {
  const std::lock_guard lock(state_->mutex);
  state_->fault = fault;
  state_->at = index;
  state_->count = 0;
  state_->has_struck = false;
}

void FaultVfs::plan_nothing() {
  const std::lock_guard lock(state_->mutex);
  state_->fault.reset();
  state_->count = 0;
  state_->has_struck = false;
}

std::uint64_t FaultVfs::operations() const {
  const std::lock_guard lock(state_->mutex);
  return state_->count;
}

bool FaultVfs::struck() const {
  const std::lock_guard lock(state_->mutex);
  return state_->has_struck;
}

void FaultVfs::set_capacity(std::optional<std::uint64_t> bytes) {
  const std::lock_guard lock(state_->mutex);
  state_->capacity = bytes;
}

std::uint64_t FaultVfs::used() const {
  const std::lock_guard lock(state_->mutex);
  return state_->used();
}

void FaultVfs::crash() {
  const std::lock_guard lock(state_->mutex);
  for (auto& [path, file] : state_->files) {
    const bool changed = !file.pending.empty();
    settle(file, state_->rng);
    // A name that was never synced may be lost with its file, and one that was deleted may be back.
    bool there = file.created || (changed && state_->rng.chance(1, 2));
    if (file.deleted) there = there && state_->rng.chance(1, 2);
    if (there) {
      std::ofstream out(path, std::ios::binary | std::ios::trunc);
      out.write(file.synced.data(), static_cast<std::streamsize>(file.synced.size()));
    } else {
      ::unlink(path.c_str());
    }
    // The processes' shared index is memory, and gone.
    ::unlink((path + "-shm").c_str());
  }
  state_->files.clear();
  state_->dead = false;
  state_->fault.reset();
  state_->count = 0;
}

}  // namespace tandem::log_sqlite
