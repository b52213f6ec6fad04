// UTF-8 as limits and patterns count it: in code points.
#pragma once

#include <cstddef>
#include <string_view>

namespace tandem::model {

// False for truncated, overlong and surrogate sequences.
[[nodiscard]] bool valid_utf8(std::string_view text);
// Code points in `text`; a byte that starts no valid sequence counts as one.
[[nodiscard]] std::size_t length_in_characters(std::string_view text);
// Takes the first code point off `text`, which must not be empty; U+FFFD for a byte that starts no valid sequence.
[[nodiscard]] char32_t take_character(std::string_view& text);
// Whether `point` is of the general category `major`: 'L' letter, 'N' number, 'Z' separator, 'C' other (control,
// format, unassigned). No other category is known.
[[nodiscard]] bool in_category(char32_t point, char major);

}  // namespace tandem::model
