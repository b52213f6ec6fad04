// Whether each region could take all traffic now, and what speaks against it, with figures.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/sees.h"

namespace tandem::failover {

// What is known here of a node beside the world: what it says of itself, and how far it is behind.
struct Said {
  bool disk_full = false;
  bool clock_doubted = false;
  std::uint64_t behind = 0;  // records that it has not applied
  struct Synthetic {
    bool failing = false;                          // none was served for three intervals
    std::optional<std::chrono::milliseconds> ago;  // since the one that was last served began; nothing: none was
    std::chrono::milliseconds took{};              // that one
  };
  std::optional<Synthetic> synthetic;  // nothing: it starts none
};

struct Check {
  std::string name;
  bool good = true;
  std::string text;
};

struct Ready {
  std::string region;
  std::vector<Check> checks;
  [[nodiscard]] bool ready() const;
};

inline constexpr std::uint64_t kBehindReady = 1'000;                  // records; what a second of full load writes
inline constexpr std::chrono::milliseconds kSyntheticWithin{60'000};  // one was served so lately

// Of all regions, by name. A node that is not in `said` was not heard.
[[nodiscard]] std::vector<Ready> ready(const Sees& sees, const std::map<NodeId, Said>& said, Hlc now);

// This node may be active again: it had a synthetic contact served that began since it became ready, or starts none.
// `began`: the last that was served; 0: none yet; nothing: it starts none.
[[nodiscard]] bool proven(const Sees& sees, const std::optional<Hlc>& began);

// "850 ms", "12 s", "3 min", "5 h", "2 d".
[[nodiscard]] std::string age_text(std::chrono::milliseconds age);

}  // namespace tandem::failover
