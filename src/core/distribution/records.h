// Past facts about which regions take new contacts: orders of people, the steps of ramps, and what was changed about a
// distribution group, by whom and why. The groups themselves are configuration.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/now.h"

namespace tandem::distribution {

enum class Duty : std::uint8_t {
  serving,   // takes its share
  draining,  // takes nothing new, and gives away what can go
  ramping,   // takes a growing part of its share
  joining,   // a new node: applies everything and serves nothing until it has; then it ramps
  last_ = joining
};
// What becomes of the contacts that are still with agents of a draining region when its time is over.
enum class AtDeadline : std::uint8_t {
  wait,  // they finish
  move,  // their agents sign in elsewhere and go on there
  end,   // they are told so and end
  last_ = end
};

// How an order names a node; regions are named by themselves.
[[nodiscard]] inline std::string place_of(NodeId node) { return "node/" + std::to_string(node.value()); }
[[nodiscard]] std::optional<NodeId> node_of(std::string_view place);

// What a region, or one node, is to do from now on. Of all orders for it the latest stands.
struct Ordered {
  std::string region;  // or a node: `place_of`
  Duty duty = Duty::serving;
  Hlc deadline;  // draining; 0: none
  AtDeadline then = AtDeadline::wait;
  std::vector<std::uint32_t> steps;   // ramping, joining: parts of 1,000 of its share, growing, the last below 1,000
  std::chrono::milliseconds every{};  // ramping, joining: at least so long at each step
  std::string by;
  std::string why;
  std::vector<std::string> over;  // rules that objected and were overridden
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "region", s.region);
    f(2, "duty", s.duty);
    f(3, "deadline", s.deadline);
    f(4, "then", s.then);
    f(5, "steps", s.steps);
    f(6, "every", s.every);
    f(7, "by", s.by);
    f(8, "why", s.why);
    f(9, "over", s.over);
  }
};
// A ramp went on, or back to its first step.
struct Stepped {
  std::string region;
  Hlc order;                 // of the ramp
  std::uint32_t step = 0;    // of `steps`; as many as there are: it is over, and the region serves
  std::uint32_t number = 0;  // counts the steps of this ramp, back and forth; the highest stands
  std::string why;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "region", s.region);
    f(2, "order", s.order);
    f(3, "step", s.step);
    f(4, "number", s.number);
    f(5, "why", s.why);
  }
};
// Fields of a group's document as they were and as they became; a field that was not there, or went, is empty.
struct Changed {
  Uuid group;
  std::map<std::string, std::string> before;
  std::map<std::string, std::string> after;
  std::string by;
  std::string why;
  std::vector<std::string> over;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "group", s.group);
    f(2, "before", s.before);
    f(3, "after", s.after);
    f(4, "by", s.by);
    f(5, "why", s.why);
    f(6, "over", s.over);
  }
};

using Rec = std::variant<Ordered, Stepped, Changed>;

}  // namespace tandem::distribution
