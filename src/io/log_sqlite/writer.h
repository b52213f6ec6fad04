// The one thread that changes the database. Everything that has queued up becomes one transaction with one sync; jobs
// (snapshots, truncation, repairs) go in small transactions between them, so an append waits for a piece of a job at
// most, never for a whole one. For the files of this folder only.
//
//   queued --commit--> durable
//      |                  ^
//      +--no space--> parked (told refused, once) --space--+
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <variant>
#include <vector>

#include "io/log_sqlite/checkpointer.h"
#include "io/log_sqlite/shared.h"
#include "io/log_sqlite/store.h"

namespace tandem::log_sqlite {

// A log as the writer knows it.
struct Held {
  Store::Row row;
  Sequence last;
};
using Logs = std::map<LogId, Held>;

class Writer {
 public:
  Writer(Shared& shared, std::unique_ptr<Store> store, Logs logs, Checkpointer& checkpointer);
  ~Writer() { stop(); }
  // Makes durable what is queued, unless it is parked, and refuses everything from then on.
  void stop();

  void append(Batch batch, Ticket ticket);
  void save_snapshot(Snapshot snapshot, bool adopt, Log::Done done);
  void repair(Record record, Log::Done done);
  void truncate(Vector up_to, Log::Done done);

 private:
  using Clock = std::chrono::steady_clock;

  struct Append {
    Batch batch;
    Ticket ticket;
    std::uint64_t number = 0;  // in the order of all appends
    std::size_t bytes = 0;
    bool told = false;  // that it was refused
  };
  struct Save {
    Snapshot snapshot;
    bool adopt = false;
    std::int64_t number = 0;  // in the database; 0: not begun
    std::size_t written = 0;
    bool complete = false;
    std::optional<Error> refused;  // then what was written of it is dropped again
  };
  struct Repair {
    Record record;
  };
  struct Truncate {
    Vector up_to;
    bool clamped = false;
    Vector::const_iterator at;
  };
  struct Job {
    std::variant<Save, Repair, Truncate> work;
    Log::Done done;
    std::uint64_t appends_before = 0;
  };
  enum class Step { more, finished };

  void run();
  // Whether there is anything to do before `wake_at_`. Under `mutex_`.
  [[nodiscard]] bool wanted() const;
  void take();
  [[nodiscard]] bool barred(const Append& append) const;
  void commit_some();
  Result<void> write(std::size_t count, Logs& changed, std::vector<Damaged>& forks, std::vector<Damaged>& mended);
  Result<void> write_record(const Record& record, Logs& changed, std::vector<Damaged>& forks,
                            std::vector<Damaged>& mended);
  void park(const Error& error);
  void fail_all(const Error& error);
  [[nodiscard]] Result<void> space_for(std::uint64_t bytes);
  void after_commit();
  void scrub();

  void work_on_job();
  Result<Step> step(Save& save);
  Result<Step> step(Repair& repair);
  Result<Step> step(Truncate& truncate);
  Result<Step> drop_old_snapshots();
  Result<void> move_logs_to(const Vector& vector, Logs& moved);
  void enqueue(Job job);

  Shared& shared_;
  std::unique_ptr<Store> store_;
  Checkpointer& checkpointer_;
  Logs logs_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Append> arrived_;  // these five: guarded by `mutex_`
  std::vector<Job> jobs_arrived_;
  std::uint64_t appends_ = 0;
  bool stop_ = false;
  bool stopped_ = false;

  // The thread's own.
  std::deque<Append> queue_;
  std::deque<Job> jobs_;
  bool parked_ = false;
  Clock::time_point retry_at_{};
  bool scrub_ = false;  // erased bytes may still stand in the write-ahead log
  Clock::time_point scrub_at_{};
  std::thread thread_;
};

}  // namespace tandem::log_sqlite
