// Any bytes as what people write about distribution: percentages, windows, places, callers, names of nodes. What is
// taken is written back as text that means the same, and a window can be asked for any moment.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "core/distribution/geography.h"
#include "core/distribution/group.h"
#include "core/distribution/records.h"

namespace {

using namespace tandem;

void check(const std::string& text) {
  if (const auto parts = distribution::parse_percent(text)) {
    TANDEM_CHECK(*parts <= 1'000'000);
    TANDEM_CHECK(distribution::parse_percent(distribution::percent_text(*parts)) == *parts);
  }
  if (const auto window = distribution::parse_window("w", text)) {
    const std::string again = distribution::window_text(*window);
    const auto same = distribution::parse_window("w", again);
    TANDEM_CHECK(same && distribution::window_text(*same) == again);
    distribution::Group group;
    group.windows.emplace("w", *window);
    for (const std::uint64_t at : {0ULL, 1'700'000'000'000ULL, 1'900'000'000'000ULL}) {
      (void)distribution::shares_at(group, Hlc::at(at));
      const auto next = distribution::next_window_change(group, Hlc::at(at));
      TANDEM_CHECK(!next || *next > Hlc::at(at));
    }
  }
  if (const auto place = distribution::parse_place(text)) {
    TANDEM_CHECK(std::isfinite(distribution::round_trip_ms(*place, *place)));
  }
  if (const auto place = distribution::place_of_number(text)) {
    TANDEM_CHECK(std::isfinite(distribution::round_trip_ms(*place, *place)));
  }
  if (const auto node = distribution::node_of(text)) {
    TANDEM_CHECK(distribution::node_of(distribution::place_of(*node)) == node);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size <= 4096) check({reinterpret_cast<const char*>(data), size});
  return 0;
}
