// What a run has met. A row that stays zero over many seeds says that the simulator no longer reaches that part.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "sim/drills.h"

namespace tandem::sim {

class Coverage {
 public:
  void count(std::string_view row, std::uint64_t times = 1);
  void seed_done() { ++seeds_; }
  // A run under these. `happened`: all of them struck somebody and were felt, and at one time.
  void drilled(const Drills& drills, bool happened);
  void merge(const Coverage& other);

  [[nodiscard]] std::uint64_t seeds() const { return seeds_; }
  [[nodiscard]] std::uint64_t at(std::string_view row) const;
  // Rows that must not be zero and are.
  [[nodiscard]] std::vector<std::string> missing() const;
  // For people.
  [[nodiscard]] std::string table() const;

  // -- of drills, alone and in pairs
  [[nodiscard]] bool has_drills() const;
  // One row and one column for each; a cell counts the runs in which they happened.
  [[nodiscard]] std::string drill_table() const;
  // Cells in which nothing ran, or nothing happened in any run.
  [[nodiscard]] std::vector<std::string> missing_drills() const;

  // One row a line, tab between name and count.
  [[nodiscard]] std::string text() const;
  // Errors: corrupt.
  [[nodiscard]] static Result<Coverage> parse(std::string_view text);

 private:
  std::map<std::string, std::uint64_t, std::less<>> rows_;
  std::uint64_t seeds_ = 0;
};

// From this many seeds on, a zero row is a failure.
inline constexpr std::uint64_t kSeedsToJudge = 200;

// Rows in the order of the table. `reachable` false: printed as n/a.
struct Row {
  std::string name;
  bool reachable = true;
};
[[nodiscard]] const std::vector<Row>& rows();

}  // namespace tandem::sim
