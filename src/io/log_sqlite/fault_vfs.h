// A disk that forgets, tears and refuses, for tests: a SQLite VFS over the default one. The real files hold what the
// process sees, as the kernel's memory would; beside each stands an image of what has been synced. crash() lays the
// image, plus whatever of the writes since then a drawn disk would have kept, in the place of the real files.
//
//   FaultVfs disk("log-test", seed);
//   disk.kill_at(17);                    // the 17th write, sync, truncation or deletion from now on: power fails there
//   ... run a log with options.testing.vfs = "log-test" until its fatal event, close it ...
//   disk.crash();                        // power is back, files are as the disk has them
//
// A killed disk answers every access with an I/O error until crash().
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace tandem::log_sqlite {

class FaultVfs {
 public:
  enum class Fault {
    kill,        // the power fails before the operation; of a write, any part may have reached the disk
    full,        // SQLITE_FULL, nothing is written
    sync_error,  // SQLITE_IOERR_FSYNC: what was unsynced reached the disk in part and never will otherwise
    write_error  // SQLITE_IOERR_WRITE, part of it is written
  };

  FaultVfs(std::string name, std::uint64_t seed);
  ~FaultVfs();  // all its files are closed by then
  FaultVfs(const FaultVfs&) = delete;
  FaultVfs& operator=(const FaultVfs&) = delete;

  // Changing operations are counted from 0 since the last plan. A fault that does not fit its operation (sync_error on
  // a write, full on a sync) waits for the first one from `index` on that it fits.
  void plan(Fault fault, std::uint64_t index);
  void plan_nothing();
  [[nodiscard]] std::uint64_t operations() const;
  [[nodiscard]] bool struck() const;  // whether the plan has come true
  // Room for all files together; nothing: enough. Writes that grow a file beyond it get SQLITE_FULL.
  void set_capacity(std::optional<std::uint64_t> bytes);
  [[nodiscard]] std::uint64_t used() const;
  void crash();

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace tandem::log_sqlite
