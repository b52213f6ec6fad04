// Any bytes as a drill's scenario, and as the recording it is scored by. What is read keeps its bounds; what is not
// says why.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "drill/scenario.h"
#include "drill/score.h"

namespace {

using namespace tandem;

constexpr std::size_t kBytesMax = 16 * 1024;

void scenario(std::string_view text) {
  const auto read = drill::read_scenario(text);
  TANDEM_CHECK(read.has_value() || !read.error().detail.empty());
  if (!read) return;
  TANDEM_CHECK(!read->steps.empty() && read->rate > 0 && read->agents > 0);
  bool from_the_start = false;
  for (const drill::Step& step : read->steps) {
    TANDEM_CHECK(step.at.count() >= 0 && step.lasts.count() >= 100);
    from_the_start = from_the_start || step.at.count() == 0;
    TANDEM_CHECK(!drill::words(step).empty());
  }
  TANDEM_CHECK(from_the_start);
  TANDEM_CHECK(*read == *drill::read_scenario(text));
  const auto meant = drill::resolved(*read, {"a-1", "b-2"}, "a-1");
  if (meant) TANDEM_CHECK(drill::lost_at_once(*meant).size() <= 2);
}

void recording(std::string_view text) {
  const auto read = drill::read_recording(text);
  TANDEM_CHECK(read.has_value() || !read.error().detail.empty());
  if (!read) return;
  for (const drill::Event& event : read->events) TANDEM_CHECK(*drill::read_line(drill::to_line(event)) == event);
  const drill::Incident incident{
      .fault = drill::Ms{10}, .back = drill::Ms{5000}, .lost = {"a"}, .shares = {{"a", 50}, {"b", 50}}};
  const drill::Score scored = drill::score(read->events, incident, {}, true);
  TANDEM_CHECK(scored.people.started <= read->events.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > kBytesMax) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  scenario(text);
  recording(text);
  return 0;
}
