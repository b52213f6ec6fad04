// Routing criteria: what an agent must be good at to be offered a contact, in up to five steps. While a step lasts,
// only agents who satisfy it are considered; after the last one, if it ends, every agent of the queue is. Source:
// Amazon Connect Administrator Guide, "Set up routing based on agent proficiencies"; API Reference,
// "RoutingCriteriaInputStep" and "Expression".
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"

namespace tandem::contact {

inline constexpr std::size_t kCriteriaStepsMax = 5;
inline constexpr int kExpressionNestingMax = 8;  // of what is taken from outside
// Levels of proficiencies, in tenths.
inline constexpr std::uint32_t kLevelMin = 10;
inline constexpr std::uint32_t kLevelMax = 50;

enum class RequirementKind : std::uint8_t {
  all_of,       // of the `parts` requirements that follow
  any_of,       // likewise
  none_of,      // likewise
  proficiency,  // `attribute` with `value` at a level between `level_min` and `level_max`
  agents,       // the agent is one of `agents`
  last_ = agents
};

// One node of an expression. An expression is its nodes, each in front of its parts, so that it needs no nesting.
struct Requirement {
  RequirementKind kind = RequirementKind::all_of;
  std::uint32_t parts = 0;
  std::string attribute;
  std::string value;
  std::uint32_t level_min = 0;  // tenths: kLevelMin to kLevelMax
  std::uint32_t level_max = 0;  // tenths; 0: no upper bound
  std::vector<AgentId> agents;
  friend auto operator<=>(const Requirement&, const Requirement&) = default;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "kind", s.kind);
    f(2, "parts", s.parts);
    f(3, "attribute", s.attribute);
    f(4, "value", s.value);
    f(5, "level_min", s.level_min);
    f(6, "level_max", s.level_max);
    f(7, "agents", s.agents);
  }
};
using Expression = std::vector<Requirement>;

struct CriteriaStep {
  Expression expression;
  std::chrono::milliseconds expiry{};  // 0: the step never ends
  friend bool operator==(const CriteriaStep&, const CriteriaStep&) = default;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "expression", s.expression);
    f(2, "expiry", s.expiry);
  }
};

struct Criteria {
  std::vector<CriteriaStep> steps;
  Hlc activated;  // when the contact was queued with them, or was given them while it waited; 0: not yet
  friend bool operator==(const Criteria&, const Criteria&) = default;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "steps", s.steps);
    f(2, "activated", s.activated);
  }
  // The step that counts at `now`, and when it ends (0: never). No step: none is left, or there never was one.
  struct Standing {
    const CriteriaStep* step = nullptr;
    std::size_t index = 0;  // from 0
    Hlc until;
  };
  [[nodiscard]] Standing at(Hlc now) const;
};

// Levels in tenths, by attribute and value.
using Proficiencies = std::map<std::pair<std::string, std::string>, std::uint32_t>;

// True when an agent with these proficiencies satisfies the expression. An empty expression is satisfied by everybody;
// one whose parts do not add up, which no build writes, by nobody.
[[nodiscard]] bool satisfies(const Expression& expression, AgentId agent, const Proficiencies& proficiencies);

}  // namespace tandem::contact
