#include "app/tandemd/alerts.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace tandem::app {
namespace {

// As `tandem status` sorts them: these words concern the node that says them.
bool own(std::string_view problem) { return problem.contains("this node") || problem.contains("the disk"); }

// Somebody has to act now: work is refused, in danger, or decided by nobody.
bool pages(std::string_view problem) {
  constexpr std::array<std::string_view, 8> kPages = {"is evacuated",           "does not answer",  "shares are frozen",
                                                      "the disk is full",       "no word from",     "lost its disk",
                                                      "damaged records of the", "synthetic contact"};
  return std::ranges::any_of(kPages, [&](std::string_view words) { return problem.contains(words); });
}

std::string key_of(const std::string& problem) {
  std::string out;
  for (const char c : problem) {
    if (std::isdigit(static_cast<unsigned char>(c)) == 0) out += c;
  }
  return out;
}

}  // namespace

void Alerts::tell(Alert alert) {
  untold_.push_back(std::move(alert));
  if (untold_.size() > kUntoldMax) untold_.pop_front();
}

void Alerts::look(const std::vector<std::string>& problems, bool leads, Mono now) {
  for (const std::string& text : problems) {
    // A name may hold digits; only for those of one kind does it matter that the key forgets them.
    const auto [at, fresh] = problems_.try_emplace(key_of(text), Problem{text, now, now, false});
    Problem& problem = at->second;
    problem.text = text;
    problem.seen = now;
    if (problem.told || now - problem.since < kStands || !(leads || own(text))) continue;
    problem.told = true;
    tell({at->first, text, pages(text), true});
  }
  for (auto at = problems_.begin(); at != problems_.end();) {
    if (now - at->second.seen < kGone) {
      ++at;
      continue;
    }
    if (at->second.told) tell({at->first, at->second.text, pages(at->second.text), false});
    at = problems_.erase(at);
  }
}

void Alerts::told(std::size_t count) {
  untold_.erase(untold_.begin(), untold_.begin() + static_cast<std::ptrdiff_t>(std::min(count, untold_.size())));
}

}  // namespace tandem::app
