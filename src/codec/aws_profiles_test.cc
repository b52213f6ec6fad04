// Goal: the shared files of the AWS tools are read as those tools read them, and a wrong line is named.
#include "codec/aws_profiles.h"

#include <gtest/gtest.h>

namespace tandem::aws {
namespace {

TEST(ProfilesFile, SaysWhichLineIsWrong) {
  const auto why = [](const char* text) {
    const auto out = parse_profiles(text, ProfileFile::config);
    return out ? std::string("fine") : out.error().detail;
  };
  EXPECT_EQ(why("\n# x\na = b\n"), "line 3: a setting before the first profile");
  EXPECT_EQ(why("[default]\nregion\n"), "line 2: NAME = VALUE is expected");
  EXPECT_EQ(why("[default\n"), "line 1: the name of a profile has no ]");
  EXPECT_EQ(why("[profile  ]\n"), "fine");  // "profile" alone is a section of another kind
  EXPECT_EQ(why("[default]\ns3 =\n  max = 1\n  noise\nregion = x\n"), "fine");
}

TEST(ProfilesFile, NestedSettingsAndOtherSectionsAreNoneOfOurs) {
  const auto out = parse_profiles("[profile p]\ns3 =\n  region = nested\nREGION = r\n[services q]\nregion = other\n",
                                  ProfileFile::config)
                       .value();
  EXPECT_EQ(out, (Profiles{{"p", {{"s3", ""}, {"region", "r"}}}}));
}

}  // namespace
}  // namespace tandem::aws
