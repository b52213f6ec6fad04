#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace tandem {
void check_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "tandem: broken invariant: %s (%s:%d)\n", condition, file, line);
  std::fflush(stderr);
  std::abort();
}
}  // namespace tandem
