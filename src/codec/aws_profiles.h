// The files that the AWS command line and the SDKs share: names of profiles and what each says.
// Source: AWS SDKs and Tools Reference Guide, "Format of the shared config and credentials files".
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/error.h"

namespace tandem::aws {

// Names of settings are in lower case.
using Profile = std::map<std::string, std::string>;
using Profiles = std::map<std::string, Profile>;

enum class ProfileFile : unsigned char {
  config,       // [default], [profile NAME]; other sections are none of ours
  credentials,  // [NAME]
};

// Nested settings (lines that are indented below one without a value) are left out. A comment has a line of its own.
// Errors: invalid, with the line.
[[nodiscard]] Result<Profiles> parse_profiles(std::string_view text, ProfileFile file);

}  // namespace tandem::aws
