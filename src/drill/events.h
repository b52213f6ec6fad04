// What customers and agents were shown, as it happened: a line of JSON for each event, written by the program that
// plays them and read by the one that keeps the score. Reading and writing are pure.
//
//   {"at":812,"what":"started","customer":17,"contact":"0199..."}
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace tandem::drill {

enum class What : std::uint8_t {
  asked,
  refused,
  started,
  greeted,
  queued,
  began_in,
  served,
  shown,
  acknowledged,
  ended,
  left,
  checked,
  reattached,
  holds,
  holds_no_more,
  cut_off,
  knows,
  signed_in_again,
  last_ = signed_in_again
};
[[nodiscard]] const char* what_name(What what);

struct Event {
  std::chrono::milliseconds at{};  // since the run began
  What what = What::asked;
  std::uint64_t customer = 0;
  std::string contact;
  std::string agent;
  std::string text;                   // a region, an item, a message
  std::uint64_t socket = 0;           // shown
  std::vector<std::string> contacts;  // knows
  std::uint64_t missing = 0;          // checked: acknowledged messages that are not in the transcript,
  std::uint64_t repeated = 0;         // and those that are in it twice
  friend bool operator==(const Event&, const Event&) = default;
};

[[nodiscard]] std::string to_line(const Event& event);
// Errors: invalid, with what is wrong.
[[nodiscard]] Result<Event> read_line(std::string_view line);

// The first line of a file: when the run began, on the clocks of the machine, and that its people follow.
struct Begun {
  std::int64_t steady_ms = 0;  // CLOCK_MONOTONIC, which all programs of a machine share
  std::int64_t utc_ms = 0;
  friend bool operator==(const Begun&, const Begun&) = default;
};
[[nodiscard]] std::string to_line(const Begun& begun);

struct Recording {
  Begun begun;
  std::vector<Event> events;
};
// A whole file. A last line without an end is one that was being written: it is left out.
// Errors: invalid, with the number of the line.
[[nodiscard]] Result<Recording> read_recording(std::string_view text);

}  // namespace tandem::drill
