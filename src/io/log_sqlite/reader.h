// The thread that serves reads on a connection of its own, so that a peer that catches up never holds up an append. It
// sees committed records only, and a commit is visible after its sync. For the files of this folder only.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "io/log_sqlite/shared.h"
#include "io/log_sqlite/store.h"

namespace tandem::log_sqlite {

class Reader {
 public:
  Reader(Shared& shared, std::unique_ptr<Store> store);
  ~Reader() { stop(); }
  // Refuses what waits and everything from then on.
  void stop();

  void read(LogId log, Sequence after, std::size_t records_max, std::size_t bytes_max,
            std::function<void(Result<Read>)> done);
  void read_keys(std::vector<KeyId> ids, std::function<void(Result<std::vector<KeyRow>>)> done);
  void read_snapshot(std::function<void(Result<Snapshot>)> done);

 private:
  struct Task {
    std::function<void(Store&)> serve;
    std::function<void(const Error&)> refuse;
  };
  template <class T>
  void queue(std::function<Result<T>(Store&)> look, std::function<void(Result<T>)> done);
  void run();

  Shared& shared_;
  std::unique_ptr<Store> store_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> tasks_;
  bool stop_ = false;
  std::thread thread_;
};

// The newest snapshot that is whole, if there is one.
[[nodiscard]] Result<std::optional<Snapshot>> newest_whole_snapshot(Store& store);

}  // namespace tandem::log_sqlite
