// Percent-encoding and query strings (RFC 3986).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::uri {

// Encodes every byte but letters, digits, `-._~` and those in `also_safe`, in upper-case hexadecimal.
[[nodiscard]] std::string encode(std::string_view bytes, std::string_view also_safe = {});
// Nothing when a '%' is not followed by two hexadecimal digits. A '+' stays a '+'.
[[nodiscard]] std::optional<std::string> decode(std::string_view text);
// `a=1&b` as decoded pairs in the order sent; a key without '=' has an empty value, empty pieces are skipped. Nothing
// when some part is not well encoded.
[[nodiscard]] std::optional<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view query);
// `/a//b/` as {"a", "b"}, each decoded: what routing works on, so that an encoded slash (in an ARN) is no separator.
[[nodiscard]] std::optional<std::vector<std::string>> path_segments(std::string_view path);

}  // namespace tandem::uri
