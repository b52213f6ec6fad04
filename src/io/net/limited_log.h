// A log that strangers cannot flood: of each kind of line a few get through per interval, the rest are counted and the
// count is told with the next line of that kind.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "io/net/log.h"

namespace tandem::net {

class LimitedLog {
 public:
  explicit LimitedLog(Log log) : log_(std::move(log)) {}

  // Always gets through; for what happens seldom by its nature.
  void say(std::string_view level, std::string text) const {
    if (log_) log_(level, std::move(text));
  }
  // At most kLinesMax of each `kind` (a literal) in kInterval.
  void limited(const char* kind, std::string_view level, std::string text) {
    {
      const std::lock_guard lock(mutex_);
      const auto now = std::chrono::steady_clock::now();
      Kind& k = kinds_[kind];
      if (now - k.since >= kInterval) {
        k.since = now;
        k.said = 0;
      }
      if (k.said >= kLinesMax) {
        ++k.unsaid;
        return;
      }
      ++k.said;
      if (k.unsaid > 0) text += " (and " + std::to_string(k.unsaid) + " such lines left out before)";
      k.unsaid = 0;
    }
    say(level, std::move(text));
  }

 private:
  static constexpr int kLinesMax = 5;
  static constexpr std::chrono::seconds kInterval{10};
  struct Kind {
    std::chrono::steady_clock::time_point since{};
    int said = 0;
    std::uint64_t unsaid = 0;
  };
  Log log_;
  std::mutex mutex_;
  std::map<std::string_view, Kind> kinds_;
};

}  // namespace tandem::net
