#include "core/contact/criteria.h"

#include <algorithm>

namespace tandem::contact {
namespace {

constexpr int kNestingMax = 16;

struct Judge {
  const Expression& expression;
  AgentId agent;
  const Proficiencies& proficiencies;
  std::size_t next = 0;
  bool broken = false;

  bool leaf(const Requirement& r) const {
    if (r.kind == RequirementKind::agents) return std::ranges::find(r.agents, agent) != r.agents.end();
    const auto level = proficiencies.find(std::pair{r.attribute, r.value});
    if (level == proficiencies.end()) return false;
    return level->second >= r.level_min && (r.level_max == 0 || level->second <= r.level_max);
  }
  bool one(int depth) {
    if (next == expression.size() || depth > kNestingMax) {
      broken = true;
      return false;
    }
    const Requirement& r = expression[next++];
    if (r.kind == RequirementKind::proficiency || r.kind == RequirementKind::agents) return leaf(r);
    bool all = true;
    bool any = false;
    for (std::uint32_t n = 0; n < r.parts && !broken; ++n) {
      const bool holds = one(depth + 1);
      all = all && holds;
      any = any || holds;
    }
    if (r.kind == RequirementKind::all_of) return all;
    return r.kind == RequirementKind::any_of ? any : !any;
  }
};

}  // namespace

bool satisfies(const Expression& expression, AgentId agent, const Proficiencies& proficiencies) {
  if (expression.empty()) return true;
  Judge judge{expression, agent, proficiencies};
  const bool holds = judge.one(0);
  return holds && !judge.broken && judge.next == expression.size();
}

Criteria::Standing Criteria::at(Hlc now) const {
  Hlc until = activated;
  for (std::size_t n = 0; n < steps.size(); ++n) {
    const CriteriaStep& step = steps[n];
    if (activated.packed == 0 || step.expiry.count() <= 0) return {&step, n, {}};
    until = until + step.expiry;
    if (now < until) return {&step, n, until};
  }
  return {};
}

}  // namespace tandem::contact
