// Goal: expressions of routing criteria mean what the service's guide says, steps end when they should, and no bytes
// from elsewhere make an expression that is satisfied by accident. Method: tables of examples.
#include "core/contact/criteria.h"

#include <gtest/gtest.h>

namespace tandem::contact {
namespace {

Requirement group(RequirementKind kind, std::uint32_t parts) {
  Requirement out;
  out.kind = kind;
  out.parts = parts;
  return out;
}
Requirement level(const char* attribute, const char* value, std::uint32_t min, std::uint32_t max = 0) {
  Requirement out;
  out.kind = RequirementKind::proficiency;
  out.attribute = attribute;
  out.value = value;
  out.level_min = min;
  out.level_max = max;
  return out;
}
Requirement one_of(std::vector<AgentId> agents) {
  Requirement out;
  out.kind = RequirementKind::agents;
  out.agents = std::move(agents);
  return out;
}

TEST(Criteria, ExpressionsMeanWhatTheGuideSays) {
  const AgentId alice{Uuid{{1}}};
  const AgentId bob{Uuid{{2}}};
  const Proficiencies skills{{{"Language", "French"}, 40}, {{"Technology", "DynamoDB"}, 50}};
  struct Case {
    const char* name;
    Expression expression;
    bool holds;
  };
  const Case cases[] = {
      {"nothing is asked", {}, true},
      {"at the level", {level("Language", "French", 40)}, true},
      {"above the agent's level", {level("Language", "French", 50)}, false},
      {"another value", {level("Language", "German", 10)}, false},
      {"inside a range", {level("Language", "French", 30, 40)}, true},
      {"above a range", {level("Technology", "DynamoDB", 30, 40)}, false},
      {"both",
       {group(RequirementKind::all_of, 2), level("Language", "French", 40), level("Technology", "DynamoDB", 50)},
       true},
      {"both, one missing",
       {group(RequirementKind::all_of, 2), level("Language", "French", 40), level("Technology", "Kinesis", 10)},
       false},
      {"either",
       {group(RequirementKind::any_of, 2), level("Language", "German", 10), level("Language", "French", 10)},
       true},
      {"not", {group(RequirementKind::none_of, 1), level("Language", "French", 10)}, false},
      {"not what the agent lacks", {group(RequirementKind::none_of, 1), level("Language", "German", 10)}, true},
      {"nested",
       {group(RequirementKind::any_of, 2), group(RequirementKind::all_of, 2), level("Language", "French", 40),
        level("Language", "German", 10), level("Technology", "DynamoDB", 50)},
       true},
      {"this agent", {one_of({bob, alice})}, true},
      {"another agent", {one_of({bob})}, false},
      {"parts missing", {group(RequirementKind::all_of, 2), level("Language", "French", 40)}, false},
      {"parts left over", {level("Language", "French", 40), level("Language", "French", 40)}, false},
      {"negated, parts missing", {group(RequirementKind::none_of, 2), level("Language", "German", 40)}, false},
  };
  for (const Case& c : cases) EXPECT_EQ(satisfies(c.expression, alice, skills), c.holds) << c.name;
  EXPECT_FALSE(satisfies(Expression(100, group(RequirementKind::all_of, 1)), alice, skills)) << "endless nesting";
}

TEST(Criteria, StepsEndOneAfterTheOther) {
  Criteria criteria;
  criteria.activated = Hlc::at(1'000'000);
  criteria.steps = {{{level("Language", "French", 50)}, 30s}, {{level("Language", "French", 30)}, 20s}};
  const auto index_at = [&](std::chrono::milliseconds later) {
    const auto standing = criteria.at(criteria.activated + later);
    return standing.step == nullptr ? -1 : static_cast<int>(standing.index);
  };
  EXPECT_EQ(index_at(0s), 0);
  EXPECT_EQ(index_at(29'999ms), 0);
  EXPECT_EQ(index_at(30s), 1);
  EXPECT_EQ(index_at(49'999ms), 1);
  EXPECT_EQ(index_at(50s), -1) << "after the last step the queue is open to all its agents";
  EXPECT_EQ(criteria.at(criteria.activated).until, criteria.activated + 30s);
  criteria.steps[1].expiry = 0s;
  EXPECT_EQ(index_at(std::chrono::hours{24}), 1) << "a step without expiry stays";
  EXPECT_EQ(criteria.at(criteria.activated + 40s).until, Hlc{});
}

}  // namespace
}  // namespace tandem::contact
