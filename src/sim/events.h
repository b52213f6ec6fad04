// Virtual time: what happens next, and when. Nothing else makes time pass. Equal moments keep the order of planning, so
// that a seed replays bit for bit.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

namespace tandem::sim {

using namespace std::chrono_literals;

using Time = std::chrono::nanoseconds;  // since the simulation began; no node can read it

class Events {
 public:
  using What = std::move_only_function<void()>;

  [[nodiscard]] Time now() const { return now_; }
  [[nodiscard]] bool empty() const { return heap_.empty(); }
  [[nodiscard]] std::uint64_t ran() const { return ran_; }

  void at(Time when, What what) {
    std::uint32_t slot = 0;
    if (free_.empty()) {
      slot = static_cast<std::uint32_t>(slots_.size());
      slots_.push_back(std::move(what));
    } else {
      slot = free_.back();
      free_.pop_back();
      slots_[slot] = std::move(what);
    }
    heap_.push_back({std::max(when, now_), planned_++, slot});
    std::ranges::push_heap(heap_, later);
  }
  void in(Time delay, What what) { at(now_ + delay, std::move(what)); }

  // Runs the next event, unless it lies after `limit`; then time is `limit` and the answer false.
  bool run_one(Time limit) {
    if (heap_.empty() || heap_.front().when > limit) {
      now_ = std::max(now_, limit);
      return false;
    }
    std::ranges::pop_heap(heap_, later);
    const Entry next = heap_.back();
    heap_.pop_back();
    now_ = next.when;
    What what = std::move(slots_[next.slot]);
    slots_[next.slot] = nullptr;
    free_.push_back(next.slot);
    ++ran_;
    what();
    return true;
  }

 private:
  struct Entry {
    Time when;
    std::uint64_t number;
    std::uint32_t slot;
  };
  static bool later(const Entry& a, const Entry& b) { return a.when != b.when ? a.when > b.when : a.number > b.number; }
  std::vector<Entry> heap_;
  std::vector<What> slots_;
  std::vector<std::uint32_t> free_;
  Time now_{};
  std::uint64_t planned_ = 0;
  std::uint64_t ran_ = 0;
};

}  // namespace tandem::sim
