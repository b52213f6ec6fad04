#include "codec/aws_profiles.h"

#include <algorithm>
#include <optional>

namespace tandem::aws {
namespace {

constexpr std::string_view kBlank = " \t\r";

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

// "profile" and blanks go in front of every name in the config file but "default".
std::optional<std::string> profile_name(std::string_view section, ProfileFile file) {
  if (file == ProfileFile::credentials || section == "default") return std::string(section);
  constexpr std::string_view kWord = "profile";
  if (!section.starts_with(kWord)) return std::nullopt;
  const std::string_view rest = section.substr(kWord.size());
  if (rest.empty() || kBlank.find(rest.front()) == std::string_view::npos) return std::nullopt;
  return std::string(trim(rest));
}

}  // namespace

Result<Profiles> parse_profiles(std::string_view text, ProfileFile file) {
  Profiles out;
  Profile* current = nullptr;
  bool any_section = false;
  bool nested = false;  // what is indented belongs to the setting before
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    const std::string_view words = trim(line);
    if (words.empty() || words.front() == '#' || words.front() == ';') continue;
    const auto bad = [number](const std::string& what) {
      return fail(Errc::invalid, "line " + std::to_string(number) + ": " + what);
    };
    if (line.front() == '[') {
      const auto close = words.find(']');
      if (close == std::string_view::npos) return bad("the name of a profile has no ]");
      const auto name = profile_name(trim(words.substr(1, close - 1)), file);
      if (name && name->empty()) return bad("a profile without a name");
      current = name ? &out[*name] : nullptr;
      any_section = true;
      nested = false;
      continue;
    }
    const bool indented = kBlank.find(line.front()) != std::string_view::npos;
    if (indented && nested) continue;
    if (!any_section) return bad("a setting before the first profile");
    const auto equals = words.find('=');
    if (equals == std::string_view::npos || equals == 0) return bad("NAME = VALUE is expected");
    const std::string_view value = trim(words.substr(equals + 1));
    nested = value.empty();
    if (current != nullptr) (*current)[lower(trim(words.substr(0, equals)))] = std::string(value);
  }
  return out;
}

}  // namespace tandem::aws
