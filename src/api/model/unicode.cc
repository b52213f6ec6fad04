#include "api/model/unicode.h"

#include <algorithm>
#include <cstdint>
#include <span>

#include "base/check.h"

namespace tandem::model {
namespace {

struct CodeRange {
  std::uint32_t first;
  std::uint32_t last;
};

#include "api/model/unicode_ranges.inc"

constexpr char32_t kReplacement = 0xfffd;

// The length of the valid sequence `text` starts with, and its code point; 0 when there is none.
std::size_t utf8_sequence(std::string_view text, char32_t& point) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) {
    point = lead;
    return 1;
  }
  std::size_t size = 0;
  char32_t least = 0;
  if ((lead & 0xe0) == 0xc0) {
    size = 2, least = 0x80, point = lead & 0x1fU;
  } else if ((lead & 0xf0) == 0xe0) {
    size = 3, least = 0x800, point = lead & 0x0fU;
  } else if ((lead & 0xf8) == 0xf0) {
    size = 4, least = 0x10000, point = lead & 0x07U;
  } else {
    return 0;
  }
  if (text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    point = point << 6 | (byte(i) & 0x3fU);
  }
  const bool surrogate = point >= 0xd800 && point <= 0xdfff;
  return point < least || point > 0x10ffff || surrogate ? 0 : size;
}

}  // namespace

bool valid_utf8(std::string_view text) {
  while (!text.empty()) {
    char32_t point = 0;
    const std::size_t size = utf8_sequence(text, point);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

std::size_t length_in_characters(std::string_view text) {
  std::size_t length = 0;
  while (!text.empty()) {
    static_cast<void>(take_character(text));
    ++length;
  }
  return length;
}

char32_t take_character(std::string_view& text) {
  char32_t point = 0;
  const std::size_t size = utf8_sequence(text, point);
  text.remove_prefix(size == 0 ? 1 : size);
  return size == 0 ? kReplacement : point;
}

bool in_category(char32_t point, char major) {
  std::span<const CodeRange> ranges;
  switch (major) {
    case 'L':
      ranges = kLetters;
      break;
    case 'N':
      ranges = kNumbers;
      break;
    case 'Z':
      ranges = kSeparators;
      break;
    case 'C':
      ranges = kOthers;
      break;
    default:
      TANDEM_CHECK(!"a category the tables lack");
  }
  const auto after = std::ranges::upper_bound(ranges, point, {}, &CodeRange::first);
  return after != ranges.begin() && point <= std::prev(after)->last;
}

}  // namespace tandem::model
