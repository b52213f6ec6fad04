// Any bytes as a shared config or credentials file: they are read or refused with a line, and what is read has no
// blanks around it.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "codec/aws_profiles.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto file = data[0] % 2 == 0 ? tandem::aws::ProfileFile::config : tandem::aws::ProfileFile::credentials;
  const auto out = tandem::aws::parse_profiles(text, file);
  if (!out) {
    TANDEM_CHECK(out.error().detail.starts_with("line "));
    return 0;
  }
  for (const auto& [name, profile] : *out) {
    TANDEM_CHECK(!name.empty());
    for (const auto& [setting, value] : profile) {
      TANDEM_CHECK(!setting.empty() && setting.find('\n') == std::string::npos);
      TANDEM_CHECK(value.find('\n') == std::string::npos && !value.starts_with(' ') && !value.ends_with(' '));
    }
  }
  return 0;
}
