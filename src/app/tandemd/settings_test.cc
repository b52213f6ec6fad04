// Goal: whoever starts a centre that cannot lose a member is told so.
#include "app/tandemd/settings.h"

#include <gtest/gtest.h>

namespace tandem::app {
namespace {

TEST(Settings, TwoMembersAreWarnedAbout) {
  EXPECT_TRUE(warning_about(2).contains("no third"));
  for (const std::size_t members : {1U, 3U, 4U, 5U}) EXPECT_TRUE(warning_about(members).empty()) << members;
}

}  // namespace
}  // namespace tandem::app
