// The thread that moves the write-ahead log into the database, beside the writer: the sync of the database file is the
// slowest thing a log does, and no append waits for it. For the files of this folder only.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>

#include "io/log_sqlite/shared.h"
#include "io/log_sqlite/store.h"

namespace tandem::log_sqlite {

class Checkpointer {
 public:
  Checkpointer(Shared& shared, std::unique_ptr<Store> store);
  ~Checkpointer();

  // From the writer, after each commit: how long the write-ahead log is now.
  void grown_to(std::uint32_t pages);
  // From the writer: moves the rest with the writer's own connection. Only then, with nobody writing, is the end of the
  // write-ahead log reached for sure, so that it starts anew instead of growing.
  Result<void> finish(Store& writer);
  // From the writer: also empties the file. Says whether nobody was in the way.
  Result<bool> empty(Store& writer);

 private:
  void run();

  Shared& shared_;
  std::unique_ptr<Store> store_;
  std::mutex moving_;  // held during a checkpoint: a second one at the same time would find the first in its way
  std::mutex mutex_;
  std::condition_variable wake_;
  bool wanted_ = false;
  bool stop_ = false;
  std::uint32_t asked_at_ = 0;  // length at the last wake-up; the writer's own
  std::thread thread_;
};

}  // namespace tandem::log_sqlite
