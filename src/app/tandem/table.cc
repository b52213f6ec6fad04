#include "app/tandem/table.h"

#include <algorithm>
#include <charconv>

namespace tandem::cli {
namespace {

// Characters, not bytes: names may be in any script.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

bool number(const std::string& text) {
  return text == "-" || (!text.empty() && text.find_first_not_of("0123456789.") == std::string::npos);
}

}  // namespace

std::string Table::text() const {
  std::vector<std::size_t> widths(rows_.front().size());
  std::vector<bool> right(rows_.front().size(), rows_.size() > 1);
  for (std::size_t r = 0; r < rows_.size(); ++r) {
    for (std::size_t c = 0; c < widths.size() && c < rows_[r].size(); ++c) {
      widths[c] = std::max(widths[c], width(rows_[r][c]));
      if (r > 0 && !number(rows_[r][c])) right[c] = false;
    }
  }
  std::string out;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t c = 0; c < widths.size(); ++c) {
      const std::string cell = c < row.size() ? row[c] : std::string();
      const std::string space(widths[c] - width(cell), ' ');
      line += (c == 0 ? "" : "  ") + (right[c] ? space + cell : cell + space);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

Result<std::int64_t> read_seconds(const std::string& text) {
  std::int64_t out = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), out);
  const std::string_view unit = wrong == std::errc{} ? std::string_view(text).substr(end - text.data()) : "";
  if (wrong == std::errc{} && out > 0 && out < 1'000'000) {
    if (unit == "s") return out;
    if (unit == "m") return out * 60;
    if (unit == "h") return out * 3600;
  }
  return fail(Errc::invalid, "\"" + text + "\" is no length of time: 90s, 30m, 2h");
}

std::string duration(std::int64_t ms) {
  if (ms < 0) ms = 0;
  const auto two = [](std::int64_t big, const char* unit, std::int64_t small, const char* part) {
    return std::to_string(big) + unit + (small == 0 ? std::string() : " " + std::to_string(small) + part);
  };
  if (ms < 1000) return std::to_string(ms) + " ms";
  const std::int64_t s = ms / 1000;
  if (s < 60) return std::to_string(s) + " s";
  if (s < 3600) return two(s / 60, " min", s % 60, " s");
  if (s < 86'400) return two(s / 3600, " h", s % 3600 / 60, " min");
  return two(s / 86'400, " d", s % 86'400 / 3600, " h");
}

std::string count(std::size_t number, const std::string& noun) {
  return (number == 0 ? "zero" : std::to_string(number)) + " " + noun + (number == 1 ? "" : "s");
}

}  // namespace tandem::cli
