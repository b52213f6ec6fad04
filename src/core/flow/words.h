// How the actions of a flow read the words of their parameters.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tandem::flow {

// In place of a hook's flow: nothing runs, not even a default.
inline constexpr const char* kDisabled = "disabled";

inline std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

inline std::optional<std::int64_t> integer(std::string_view text) {
  text = trimmed(text);
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return out;
}
inline std::optional<std::int64_t> integer(std::string_view text, std::int64_t least, std::int64_t most) {
  const auto out = integer(text);
  return out && *out >= least && *out <= most ? out : std::nullopt;
}

inline bool is(std::string_view text, std::string_view word) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(trimmed(text), word, {}, lower, lower);
}

// What people type between the digits of a number.
inline bool phone_number(std::string_view text, bool e164) {
  text = trimmed(text);
  const bool plus = text.starts_with('+');
  if (plus) text.remove_prefix(1);
  std::size_t digits = 0;
  for (const char c : text) {
    if (c >= '0' && c <= '9') {
      ++digits;
    } else if (std::string_view(" -./()").find(c) == std::string_view::npos) {
      return false;
    }
  }
  if (!e164) return !plus && digits >= 3 && digits <= 15;
  return plus && !text.starts_with('0') && digits >= 5 && digits <= 15;
}

}  // namespace tandem::flow
