// Drawn numbers (SplitMix64). Written out because the draws of std::uniform_int_distribution differ between libraries,
// and a seed must replay anywhere.
#pragma once

#include <cstdint>

namespace tandem {

struct Rng {
  std::uint64_t state = 0;  // starts as the seed
  [[nodiscard]] std::uint64_t next();
  // Uniform in [0, bound); requires bound > 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound);
  [[nodiscard]] bool chance(std::uint64_t in, std::uint64_t of) { return below(of) < in; }
};

}  // namespace tandem
