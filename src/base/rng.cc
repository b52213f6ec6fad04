#include "base/rng.h"

#include "base/check.h"

namespace tandem {

std::uint64_t Rng::next() {
  state += 0x9e3779b97f4a7c15ULL;
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

std::uint64_t Rng::below(std::uint64_t bound) {
  TANDEM_CHECK(bound > 0);
  // Draws from the uneven tail are thrown away, so that every value is equally likely.
  const std::uint64_t tail = (0 - bound) % bound;
  for (;;) {
    const std::uint64_t draw = next();
    if (draw >= tail) return draw % bound;
  }
}

}  // namespace tandem
