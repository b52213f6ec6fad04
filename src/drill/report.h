// What a drill leaves behind: one page for people and the same for programs, with the evidence for each number.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "drill/limits.h"
#include "drill/scenario.h"
#include "drill/score.h"

namespace tandem::drill {

enum class Verdict : std::uint8_t { passed, failed, aborted };
[[nodiscard]] const char* verdict_name(Verdict verdict);

// A record of the log that tells of the decision.
struct Decision {
  std::int64_t utc_ms = 0;
  std::string by;        // region of the node that wrote it, or hub
  std::string position;  // node, incarnation and sequence
  std::string words;
};
// Something that the drill did or saw, with its time since the recording began.
struct Moment {
  Ledger::Ms at{};
  std::string words;
};
struct NodeFacts {
  std::string name;
  std::string build;
  std::string incarnation_before;
  std::string incarnation_after;
};

struct Report {
  Scenario scenario;
  std::string operator_name;
  Begun begun;
  Verdict verdict = Verdict::passed;
  std::string why;  // of a verdict that is not good
  std::vector<Objection> objections;
  Incident incident;
  Score score;
  std::vector<Moment> moments;
  std::vector<Decision> decisions;
  std::vector<NodeFacts> nodes;
  std::map<std::string, std::string> configuration;
  std::map<std::string, std::string> files;  // name to SHA-256
};

[[nodiscard]] std::string to_json(const Report& report);
[[nodiscard]] std::string to_markdown(const Report& report);
// One line for the history of drills.
[[nodiscard]] std::string to_history(const Report& report, const std::string& directory);
// "2026-11-28T00:40:12.123Z"
[[nodiscard]] std::string utc_words(std::int64_t utc_ms);

}  // namespace tandem::drill
