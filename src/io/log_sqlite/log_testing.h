// What the tests of this folder share: a folder that goes away, a client that keeps what the log said, made-up records.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "io/log_sqlite/log.h"

namespace tandem::log_sqlite {

constexpr std::chrono::seconds kPatience{20};  // for an event that must come; only a failing test waits that long

class TempDir {
 public:
  // `fast`: in memory where there is such a place, for tests that bring their own disk.
  explicit TempDir(bool fast = false) {
    const bool memory = fast && ::access("/dev/shm", W_OK) == 0;
    const std::filesystem::path base = memory ? "/dev/shm" : std::filesystem::temp_directory_path();
    std::string name = (base / "tandem-log.XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::string file() const { return (path_ / "log.db").string(); }

 private:
  std::filesystem::path path_;
};

// Keeps every event; any thread may ask.
class Client {
 public:
  Events events() {
    return {.durable = [this](Ticket t) { keep([&] { durable_.push_back(t.value()); }); },
            .refused = [this](Ticket t, const Error& e) { keep([&] { refused_.emplace_back(t.value(), e); }); },
            .damaged = [this](const Damaged& d) { keep([&] { damaged_.push_back(d); }); },
            .forked = [this](LogId l, Sequence s) { keep([&] { forked_.push_back({l, s}); }); },
            .fatal = [this](const Error& e) { keep([&] { fatal_.push_back(e); }); }};
  }
  // Whether it came true in time.
  template <class F>
  bool wait(F&& condition) {
    std::unique_lock lock(mutex_);
    return wake_.wait_for(lock, kPatience, [&] { return condition(*this); });
  }
  bool wait_durable(std::uint64_t ticket) {
    return wait([&](Client& c) { return (!c.durable_.empty() && c.durable_.back() >= ticket) || !c.fatal_.empty(); }) &&
           fatal().empty();
  }
  std::vector<std::uint64_t> durable() { return copy(durable_); }
  std::vector<std::pair<std::uint64_t, Error>> refused() { return copy(refused_); }
  std::vector<Damaged> damaged() { return copy(damaged_); }
  std::vector<Damaged> forked() { return copy(forked_); }
  std::vector<Error> fatal() { return copy(fatal_); }

  std::vector<std::uint64_t> durable_;
  std::vector<std::pair<std::uint64_t, Error>> refused_;
  std::vector<Damaged> damaged_;
  std::vector<Damaged> forked_;
  std::vector<Error> fatal_;

 private:
  template <class F>
  void keep(F&& f) {
    const std::lock_guard lock(mutex_);
    f();
    wake_.notify_all();
  }
  template <class T>
  T copy(const T& value) {
    const std::lock_guard lock(mutex_);
    return value;
  }
  std::mutex mutex_;
  std::condition_variable wake_;
};

// Calls an operation with a done callback and waits for its answer.
template <class T>
Result<T> answer(const std::function<void(std::function<void(Result<T>)>)>& call) {
  auto promise = std::make_shared<std::promise<Result<T>>>();
  auto future = promise->get_future();
  call([promise](Result<T> result) { promise->set_value(std::move(result)); });
  if (future.wait_for(kPatience) != std::future_status::ready) return fail(Errc::timed_out, "no answer");
  return future.get();
}

inline Result<Read> read(Log& log, LogId id, std::uint64_t after, std::size_t records = 1'000'000,
                         std::size_t bytes = 1u << 30) {
  return answer<Read>([&](auto done) { log.read(id, Sequence{after}, records, bytes, done); });
}
inline Result<void> save(Log& log, Snapshot snapshot) {
  return answer<void>([&](auto done) { log.save_snapshot(std::move(snapshot), done); });
}
inline Result<void> truncate(Log& log, Vector up_to) {
  return answer<void>([&](auto done) { log.truncate(std::move(up_to), done); });
}
inline Result<void> repair(Log& log, Record record) {
  return answer<void>([&](auto done) { log.repair(std::move(record), done); });
}

constexpr LogId log_id(std::uint16_t origin, std::uint64_t incarnation = 1) {
  return {NodeId{origin}, Incarnation{incarnation}};
}

// The record that stands at a place; everyone who asks gets the same bytes. 0 to 600 of them.
inline Record record_at(LogId log, std::uint64_t sequence) {
  Rng rng{log.origin.value() * 0x9E3779B185EBCA87 ^ log.incarnation.value() * 0xC2B2AE3D27D4EB4F ^
          sequence * 0x165667B19E3779F9};
  std::string bytes(rng.below(601), '\0');
  for (char& byte : bytes) byte = static_cast<char>(rng.next());
  return {log, Sequence{sequence}, std::move(bytes)};
}

// The records `first` to `last` of a log as one batch.
inline Batch records(LogId log, std::uint64_t first, std::uint64_t last) {
  Batch batch;
  for (std::uint64_t s = first; s <= last; ++s) batch.records.push_back(record_at(log, s));
  return batch;
}

inline KeyId key_id(std::uint64_t number) {
  Uuid id;
  for (int i = 0; i < 8; ++i) id.bytes[static_cast<std::size_t>(8 + i)] = static_cast<std::uint8_t>(number >> 8 * i);
  id.bytes[0] = 0xEE;
  return KeyId{id};
}

// What a replay of everything gives.
struct Replay {
  std::vector<Record> records;
  Replayed result;
};
inline Result<Replay> replay(Log& log, const Vector& after = {}) {
  Replay replay;
  auto result = log.replay(after, [&](LogId id, Sequence sequence, std::string_view bytes) {
    replay.records.push_back({id, sequence, std::string(bytes)});
  });
  if (!result) return std::unexpected(result.error());
  replay.result = std::move(*result);
  return replay;
}

}  // namespace tandem::log_sqlite
