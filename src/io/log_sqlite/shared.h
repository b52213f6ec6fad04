// What the threads of one log share. For the files of this folder only.
#pragma once

#include <atomic>
#include <mutex>
#include <set>
#include <string>

#include "io/log_sqlite/log.h"

namespace tandem::log_sqlite {

struct Shared {
  std::string path;  // of log.db
  Options options;
  Events events;

  std::atomic<bool> failed = false;  // after fatal: nothing is written any more
  std::mutex mutex;
  Stats stats;                // guarded by `mutex`
  std::set<Damaged> damaged;  // told already; guarded by `mutex`

  // Ends the log's work. Damaged pages leave a mark, so that the next open rebuilds the file.
  void fatal(const Error& error);
  void tell_damaged(const Damaged& record);
};

// The mark that the file needs rebuilding before it is used again.
[[nodiscard]] std::string rescue_mark(const std::string& path);

}  // namespace tandem::log_sqlite
