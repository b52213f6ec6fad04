#include "io/log_sqlite/shared.h"

#include <fcntl.h>
#include <unistd.h>

namespace tandem::log_sqlite {

std::string rescue_mark(const std::string& path) { return path + ".rescue"; }

void Shared::fatal(const Error& error) {
  if (failed.exchange(true)) return;
  if (error.code == Errc::corrupt) {
    // Best effort: without the mark the next replay meets the same pages and rebuilds the file itself.
    const int file = ::open(rescue_mark(path).c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (file >= 0) ::close(file);
  }
  events.fatal(error);
}

void Shared::tell_damaged(const Damaged& record) {
  {
    const std::lock_guard lock(mutex);
    if (!damaged.insert(record).second) return;
    ++stats.records_damaged;
  }
  events.damaged(record);
}

}  // namespace tandem::log_sqlite
