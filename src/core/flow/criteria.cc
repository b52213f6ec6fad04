// UpdateRoutingCriteria: reads the steps of routing criteria out of a block's parameters.
// Source: API Reference, "UpdateRoutingCriteria" and "Expression".
#include <charconv>

#include "core/flow/run.h"

namespace tandem::flow {
namespace {

using contact::Requirement;
using contact::RequirementKind;

constexpr std::size_t kNameBytesMax = 400;  // 100 characters

// "4", "4.0" or "3.5", from 1 to 5, in tenths; 0: it is none.
std::uint32_t tenths_of(std::string_view text) {
  std::uint32_t whole = 0;
  const char* const end = text.data() + text.size();
  const auto [dot, bad] = std::from_chars(text.data(), end, whole);
  if (bad != std::errc{} || whole > 5) return 0;
  std::uint32_t tenth = 0;
  if (dot != end) {
    if (*dot != '.' || end - dot < 2 || dot[1] < '0' || dot[1] > '9') return 0;
    for (const char* rest = dot + 2; rest != end; ++rest) {
      if (*rest != '0') return 0;
    }
    tenth = static_cast<std::uint32_t>(dot[1] - '0');
  }
  const std::uint32_t out = whole * 10 + tenth;
  return out >= contact::kLevelMin && out <= contact::kLevelMax ? out : 0;
}

bool name(std::string_view text) { return !text.empty() && text.size() <= kNameBytesMax; }

}  // namespace

bool Run::attribute_condition(const config::Block& block, const std::string& at, contact::Expression& out) {
  Requirement r;
  if (has_prefix(block, at + "MatchCriteria.AgentsCriteria.AgentIds.")) {
    r.kind = RequirementKind::agents;
    for (std::size_t n = 0; find(block, at + "MatchCriteria.AgentsCriteria.AgentIds." + std::to_string(n)); ++n) {
      const auto id = id_of(words(block, at + "MatchCriteria.AgentsCriteria.AgentIds." + std::to_string(n)));
      if (!id || sees_.config.find(config::Kind::user, *id) == nullptr) return false;
      r.agents.push_back(AgentId{*id});
    }
    out.push_back(std::move(r));
    return true;
  }
  r.kind = RequirementKind::proficiency;
  r.attribute = words(block, at + "Name");
  r.value = words(block, at + "Value");
  if (has_prefix(block, at + "Range.")) {
    r.level_min = tenths_of(words(block, at + "Range.MinProficiencyLevel"));
    r.level_max = tenths_of(words(block, at + "Range.MaxProficiencyLevel"));
    if (r.level_max < r.level_min) return false;
  } else {
    r.level_min = tenths_of(words(block, at + "ProficiencyLevel"));
    const std::string op = words(block, at + "ComparisonOperator");
    if (op != "NumberGreaterOrEqualTo" && !asks()) return false;
  }
  const bool good = name(r.attribute) && name(r.value) && r.level_min != 0;
  out.push_back(std::move(r));
  return good;
}

bool Run::routing_expression(const config::Block& block, const std::string& at, contact::Expression& out, int depth) {
  if (depth > contact::kExpressionNestingMax) return false;
  if (has_prefix(block, at + "AttributeCondition.")) {
    return attribute_condition(block, at + "AttributeCondition.", out);
  }
  Requirement group;
  if (has_prefix(block, at + "NotAttributeCondition.")) {
    group.kind = RequirementKind::none_of;
    group.parts = 1;
    out.push_back(group);
    return attribute_condition(block, at + "NotAttributeCondition.", out);
  }
  const bool all = has_prefix(block, at + "AndExpression.");
  if (!all && !has_prefix(block, at + "OrExpression.")) return false;
  group.kind = all ? RequirementKind::all_of : RequirementKind::any_of;
  const std::string parts = at + (all ? "AndExpression." : "OrExpression.");
  const std::size_t place = out.size();
  out.push_back(group);
  for (std::uint32_t n = 0; has_prefix(block, parts + std::to_string(n) + "."); ++n) {
    if (!routing_expression(block, parts + std::to_string(n) + ".", out, depth + 1)) return false;
    out[place].parts = n + 1;
  }
  return out[place].parts > 0;
}

Step Run::routing_criteria(const config::Block& block) {
  contact::Criteria criteria;
  bool good = true;
  for (std::size_t n = 0; good; ++n) {
    const std::string at = "RoutingCriteria.Steps." + std::to_string(n) + ".";
    if (!has_prefix(block, at)) break;
    contact::CriteriaStep& step = criteria.steps.emplace_back();
    good = routing_expression(block, at + "Expression.", step.expression, 0);
    if (find(block, at + "Expiry.DurationInSeconds") == nullptr) continue;
    const std::string seconds = words(block, at + "Expiry.DurationInSeconds");
    std::uint32_t count = 0;
    const auto [end, bad] = std::from_chars(seconds.data(), seconds.data() + seconds.size(), count);
    good = good && bad == std::errc{} && end == seconds.data() + seconds.size() && count > 0;
    step.expiry = std::chrono::seconds{count};
  }
  if (asks()) return wait_for_words();
  if (!good || criteria.steps.empty() || criteria.steps.size() > contact::kCriteriaStepsMax) return Step::failed();
  if (contact_.phase == contact::Phase::queued) criteria.activated = now_.hlc;
  contact_.place.criteria = std::move(criteria);
  return Step::next();
}

}  // namespace tandem::flow
