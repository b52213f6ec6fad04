// What is wrong, told to people elsewhere: a problem that stands is opened at the webhook, one that went is closed. The
// first of the nodes that answer tells what all of them see; each tells what concerns itself. Told at least once: a
// receiver keeps one alert for each `key`.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "base/now.h"

namespace tandem::app {

struct Alert {
  std::string key;  // the problem without its figures, which change from look to look
  std::string text;
  bool page = false;  // wake somebody; else it can wait for the morning
  bool open = true;
  friend bool operator==(const Alert&, const Alert&) = default;
};

class Alerts {
 public:
  static constexpr std::chrono::seconds kStands{2};  // before it is told
  static constexpr std::chrono::seconds kGone{5};    // before it is said to be over
  static constexpr std::size_t kUntoldMax = 1'000;   // beyond it the oldest go

  // `problems` in the words of `tandem status`; `leads`: this node tells what concerns all.
  void look(const std::vector<std::string>& problems, bool leads, Mono now);
  // What is to be told, oldest first. It stays until `told` says that so many of them arrived.
  [[nodiscard]] std::vector<Alert> untold() const { return {untold_.begin(), untold_.end()}; }
  void told(std::size_t count);

 private:
  struct Problem {
    std::string text;
    Mono since;
    Mono seen;
    bool told = false;
  };
  void tell(Alert alert);
  std::map<std::string, Problem> problems_;
  std::deque<Alert> untold_;
};

}  // namespace tandem::app
