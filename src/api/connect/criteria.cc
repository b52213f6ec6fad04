#include "api/connect/criteria.h"

#include <cmath>

#include "api/connect/context.h"

namespace tandem::api::connect {
namespace {

using contact::Expression;
using contact::Requirement;
using contact::RequirementKind;

Result<Requirement> read_agents(const json::object& criteria) {
  Requirement out;
  out.kind = RequirementKind::agents;
  const json::object* agents = object(criteria, "AgentsCriteria");
  for (const std::string& text : agents != nullptr ? texts(*agents, "AgentIds") : std::vector<std::string>{}) {
    const auto id = parse_uuid(text);
    if (!id) return fail(Errc::invalid, "AgentIds holds '" + text + "', which is no id of a user.");
    out.agents.push_back(AgentId{*id});
  }
  if (out.agents.empty()) return fail(Errc::invalid, "MatchCriteria names no agent.");
  return out;
}

// Sets the levels. `op` is the condition's operator.
Result<void> read_levels(Requirement& out, const json::object& condition, const std::string& op) {
  const json::object* range = object(condition, "Range");
  if (range == nullptr) {
    if (op != "NumberGreaterOrEqualTo") {
      return fail(Errc::invalid, "ComparisonOperator of a ProficiencyLevel is NumberGreaterOrEqualTo.");
    }
    const auto level = tenths_of_level(real(condition, "ProficiencyLevel").value_or(0));
    if (!level) return std::unexpected(level.error());
    out.level_min = *level;
    return {};
  }
  if (!op.empty() && op != "Range") return fail(Errc::invalid, "ComparisonOperator of a Range is Range.");
  const auto least = tenths_of_level(real(*range, "MinProficiencyLevel").value_or(0));
  const auto most = tenths_of_level(real(*range, "MaxProficiencyLevel").value_or(0));
  if (!least) return std::unexpected(least.error());
  if (!most) return std::unexpected(most.error());
  if (*most < *least) return fail(Errc::invalid, "MaxProficiencyLevel is below MinProficiencyLevel.");
  out.level_min = *least;
  out.level_max = *most;
  return {};
}

Result<Requirement> read_condition(const json::object& condition) {
  const std::string op = text(condition, "ComparisonOperator");
  if (const json::object* match = object(condition, "MatchCriteria")) {
    if (!op.empty() && op != "Match") return fail(Errc::invalid, "ComparisonOperator of MatchCriteria is Match.");
    return read_agents(*match);
  }
  Requirement out;
  out.kind = RequirementKind::proficiency;
  out.attribute = text(condition, "Name");
  out.value = text(condition, "Value");
  if (out.attribute.empty() || out.value.empty()) {
    return fail(Errc::invalid, "A condition needs Name and Value of a predefined attribute.");
  }
  if (const auto good = read_levels(out, condition, op); !good) return std::unexpected(good.error());
  return out;
}

Result<void> read_expression(Expression& out, const json::object& expression, int depth) {
  if (depth > contact::kExpressionNestingMax) return fail(Errc::invalid, "An Expression is nested too deeply.");
  if (expression.size() != 1) return fail(Errc::invalid, "An Expression is exactly one of its four kinds.");
  const std::string_view member = expression.begin()->key();
  Requirement group;
  if (const json::object* condition = expression.begin()->value().if_object()) {
    if (member == "NotAttributeCondition") {
      group.kind = RequirementKind::none_of;
      group.parts = 1;
      out.push_back(group);
    }
    auto leaf = read_condition(*condition);
    if (!leaf) return std::unexpected(leaf.error());
    out.push_back(std::move(*leaf));
    return {};
  }
  const json::array& parts = expression.begin()->value().as_array();
  if (parts.empty()) return fail(Errc::invalid, std::string(member) + " is empty.");
  group.kind = member == "AndExpression" ? RequirementKind::all_of : RequirementKind::any_of;
  group.parts = static_cast<std::uint32_t>(parts.size());
  out.push_back(group);
  for (const json::value& part : parts) {
    if (auto good = read_expression(out, part.as_object(), depth + 1); !good) return good;
  }
  return {};
}

double level_of(std::uint32_t tenths) { return static_cast<double>(tenths) / 10; }

json::object condition_json(const Requirement& r) {
  if (r.kind == RequirementKind::agents) {
    json::array ids;
    for (const AgentId agent : r.agents) ids.emplace_back(agent.value().text());
    return {{"MatchCriteria", json::object{{"AgentsCriteria", json::object{{"AgentIds", std::move(ids)}}}}},
            {"ComparisonOperator", "Match"}};
  }
  json::object out{{"Name", r.attribute}, {"Value", r.value}};
  if (r.level_max == 0) {
    out["ProficiencyLevel"] = level_of(r.level_min);
    out["ComparisonOperator"] = "NumberGreaterOrEqualTo";
  } else {
    out["Range"] =
        json::object{{"MinProficiencyLevel", level_of(r.level_min)}, {"MaxProficiencyLevel", level_of(r.level_max)}};
    out["ComparisonOperator"] = "Range";
  }
  return out;
}

// The expression that begins at `at`, which moves behind it.
json::object expression_json(const Expression& expression, std::size_t& at) {
  if (at >= expression.size()) return {};
  const Requirement& r = expression[at++];
  if (r.kind == RequirementKind::proficiency || r.kind == RequirementKind::agents) {
    return {{"AttributeCondition", condition_json(r)}};
  }
  if (r.kind == RequirementKind::none_of) {
    // The API can say this about one condition only, and nothing else is ever read.
    if (at >= expression.size()) return {};
    return {{"NotAttributeCondition", condition_json(expression[at++])}};
  }
  json::array parts;
  for (std::uint32_t n = 0; n < r.parts && at < expression.size(); ++n) {
    parts.emplace_back(expression_json(expression, at));
  }
  return {{r.kind == RequirementKind::all_of ? "AndExpression" : "OrExpression", std::move(parts)}};
}

}  // namespace

Result<std::uint32_t> tenths_of_level(double level) {
  const double tenths = level * 10;
  if (!(tenths >= contact::kLevelMin && tenths <= contact::kLevelMax))
    return fail(Errc::invalid, "A proficiency's level is between 1 and 5.");
  const long whole = std::lround(tenths);
  // Clients send single precision: 4.1 arrives as 4.0999999.
  if (std::abs(tenths - static_cast<double>(whole)) > 1e-4) {
    return fail(Errc::invalid, "A proficiency's level has one decimal at most.");
  }
  return static_cast<std::uint32_t>(whole);
}

Result<contact::Criteria> read_criteria(const json::object& input) {
  contact::Criteria out;
  const json::array* steps = elements(input, "Steps");
  if (steps == nullptr) return out;
  if (steps->size() > contact::kCriteriaStepsMax)
    return fail(Errc::invalid, "RoutingCriteria have at most five Steps.");
  for (const json::value& value : *steps) {
    const json::object& step = value.as_object();
    contact::CriteriaStep& to = out.steps.emplace_back();
    const json::object* expression = object(step, "Expression");
    if (expression == nullptr) return fail(Errc::invalid, "A step needs an Expression.");
    if (auto good = read_expression(to.expression, *expression, 0); !good) return std::unexpected(good.error());
    const json::object* expiry = object(step, "Expiry");
    if (expiry == nullptr) continue;
    const std::int64_t seconds = number(*expiry, "DurationInSeconds").value_or(0);
    if (seconds < 1) return fail(Errc::invalid, "DurationInSeconds is 1 or more.");
    to.expiry = std::chrono::seconds{seconds};
  }
  return out;
}

std::optional<json::object> describe_criteria(const contact::Contact& contact, Hlc now) {
  const contact::Criteria& criteria = contact.place.criteria;
  if (criteria.steps.empty()) return std::nullopt;
  const bool over = contact.phase == contact::Phase::ended && contact.connected.packed != 0;
  const bool joined = over || contact.phase == contact::Phase::with_agent;
  const auto standing = criteria.at(joined ? contact.connected : now);
  const std::size_t counts = standing.step != nullptr ? standing.index : criteria.steps.size();
  const bool active = criteria.activated.packed != 0;
  json::array steps;
  Hlc until = criteria.activated;
  for (std::size_t n = 0; n < criteria.steps.size(); ++n) {
    const contact::CriteriaStep& step = criteria.steps[n];
    const char* status = n < counts ? "EXPIRED" : "INACTIVE";
    if (n == counts && active) status = joined ? "JOINED" : "ACTIVE";
    std::size_t at = 0;
    json::object shown{{"Status", status}, {"Expression", expression_json(step.expression, at)}};
    if (step.expiry.count() > 0) {
      json::object expiry{{"DurationInSeconds", std::chrono::duration_cast<std::chrono::seconds>(step.expiry).count()}};
      until = until + step.expiry;
      if (active && n <= counts) put_time(expiry, "ExpiryTimestamp", until);
      shown["Expiry"] = std::move(expiry);
    }
    steps.emplace_back(std::move(shown));
  }
  json::object out{{"Steps", std::move(steps)}};
  put_time(out, "ActivationTimestamp", criteria.activated);
  if (active && standing.step != nullptr) out["Index"] = static_cast<std::int64_t>(standing.index);
  return out;
}

}  // namespace tandem::api::connect
