#include "io/log_sqlite/checkpointer.h"

#include <utility>

namespace tandem::log_sqlite {
namespace {
// While one pass runs, the writer adds a little, which the next pass moves. A writer that never rests outruns this and
// takes the last step itself.
constexpr int kPassesMax = 4;
}  // namespace

Checkpointer::Checkpointer(Shared& shared, std::unique_ptr<Store> store)
    : shared_(shared), store_(std::move(store)), thread_([this] { run(); }) {}

Checkpointer::~Checkpointer() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  thread_.join();
  if (shared_.failed) store_->abandon();
}

void Checkpointer::grown_to(std::uint32_t pages) {
  if (pages < asked_at_) asked_at_ = 0;  // started anew
  if (pages < asked_at_ + shared_.options.checkpoint_pages) return;
  asked_at_ = pages;
  {
    const std::lock_guard lock(mutex_);
    wanted_ = true;
  }
  wake_.notify_one();
}

Result<void> Checkpointer::finish(Store& writer) {
  const std::lock_guard moving(moving_);
  const auto moved = writer.checkpoint();
  TANDEM_LOG_TRY(moved);
  const std::lock_guard lock(shared_.mutex);
  ++shared_.stats.checkpoints;
  return {};
}

Result<bool> Checkpointer::empty(Store& writer) {
  const std::lock_guard moving(moving_);
  return writer.checkpoint_and_empty(false);
}

void Checkpointer::run() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return wanted_ || stop_; });
      if (stop_) return;
      wanted_ = false;
    }
    for (int pass = 0; pass < kPassesMax && !shared_.failed; ++pass) {
      const std::lock_guard moving(moving_);
      const auto moved = store_->checkpoint();
      // No space to move to: the write-ahead log keeps what it has, and the writer meets the same wall.
      if (!moved && moved.error().code == Errc::log_full) break;
      if (!moved) {
        shared_.fatal(moved.error());
        return;
      }
      if (*moved) break;
    }
    const std::lock_guard lock(shared_.mutex);
    ++shared_.stats.checkpoints;
  }
}

}  // namespace tandem::log_sqlite
