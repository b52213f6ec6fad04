#include "app/tandemd/rebuild.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "record/record.h"

namespace tandem::app {
namespace {

constexpr std::size_t kBundle = 256;  // records handed over at once
constexpr std::size_t kBundlesMax = 256;

struct Decoded {
  LogId log;
  Sequence sequence;
  std::uint64_t hash = 0;
  Result<record::Record> record;
};
using Bundle = std::vector<Decoded>;

// From one thread to one other.
class Belt {
 public:
  // False: nobody takes any more.
  bool put(Bundle bundle) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return closed_ || bundles_.size() < kBundlesMax; });
    if (closed_) return false;
    bundles_.push_back(std::move(bundle));
    changed_.notify_all();
    return true;
  }
  // Nothing: the giver is done.
  std::optional<Bundle> take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return closed_ || !bundles_.empty(); });
    if (bundles_.empty()) return std::nullopt;
    Bundle bundle = std::move(bundles_.front());
    bundles_.pop_front();
    changed_.notify_all();
    return bundle;
  }
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Bundle> bundles_;
  bool closed_ = false;
};

// Records after `after`, given to `each` on this thread, once `ready` has returned true there.
Result<log_sqlite::Replayed> read(log_sqlite::Log& log, const Vector& after, const std::function<bool()>& ready,
                                  const std::function<void(const Decoded&)>& each) {
  Belt belt;
  Result<log_sqlite::Replayed> read = fail(Errc::internal, "nothing was read");
  std::thread reader([&] {
    Bundle bundle;
    bool taken = true;
    read = log.replay(after, [&](LogId id, Sequence sequence, std::string_view bytes) {
      if (!taken) return;  // to the end, for the log reads as a whole
      bundle.push_back({id, sequence, cluster::record_hash(bytes), record::decode(bytes)});
      if (bundle.size() == kBundle) taken = belt.put(std::exchange(bundle, {}));
    });
    if (taken) belt.put(std::move(bundle));
    belt.close();
  });
  if (ready()) {
    while (const auto bundle = belt.take()) {
      for (const Decoded& decoded : *bundle) each(decoded);
    }
  }
  belt.close();
  reader.join();
  return read;
}

}  // namespace

Result<Rebuilt> rebuild(log_sqlite::Log& log, const std::optional<log_sqlite::Snapshot>& snapshot,
                        config::State::Compile compile) {
  Rebuilt out{.world = World(compile)};
  const auto apply = [&](const Decoded& decoded) {
    ++out.records;
    out.on_disk[decoded.log] = {decoded.sequence, decoded.hash};
    if (!decoded.record) {
      ++out.undecodable;
      return;
    }
    out.newest = std::max(out.newest, decoded.record->at);
    out.world.apply(decoded.record->body, decoded.record->meta());
  };
  Vector after;
  if (snapshot) after = snapshot->vector;
  for (const auto& [id, sequence] : after) out.on_disk[id] = {sequence, 0};
  auto replayed = read(
      log, after,
      [&] {
        out.snapshot_refused = snapshot && !out.world.load(snapshot->world);
        return !out.snapshot_refused;
      },
      apply);
  if (out.snapshot_refused) {
    out = Rebuilt{.world = World(compile), .snapshot_refused = true};
    replayed = read(log, {}, [] { return true; }, apply);
  }
  if (!replayed) return std::unexpected(replayed.error());
  out.damaged = std::move(replayed->damaged);
  return out;
}

}  // namespace tandem::app
