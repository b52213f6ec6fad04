// Columns for people.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace tandem::cli {

class Table {
 public:
  explicit Table(std::vector<std::string> header) : rows_{std::move(header)} {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  [[nodiscard]] bool empty() const { return rows_.size() == 1; }
  // Left-aligned, two spaces between columns; columns of numbers stand right.
  [[nodiscard]] std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// "850 ms", "12 s", "3 min 5 s", "2 h 10 min", "4 d 3 h".
[[nodiscard]] std::string duration(std::int64_t milliseconds);
// "90s", "30m", "2h", in seconds. Errors: invalid.
[[nodiscard]] Result<std::int64_t> read_seconds(const std::string& text);
// "1 node", "3 nodes", "zero problems".
[[nodiscard]] std::string count(std::size_t number, const std::string& noun);

}  // namespace tandem::cli
