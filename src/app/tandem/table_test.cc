// Goal: columns stand under each other whatever is in them, and lengths of time read as people say them.
// Method: small tables and boundary values.
#include "app/tandem/table.h"

#include <gtest/gtest.h>

namespace tandem::cli {
namespace {

TEST(Table, AlignsColumns) {
  Table table({"NAME", "N"});
  EXPECT_TRUE(table.empty());
  table.add({"ä", "7"});
  table.add({"long", "12"});
  EXPECT_EQ(table.text(), "NAME   N\nä      7\nlong  12\n");
}

TEST(Table, SaysHowLong) {
  EXPECT_EQ(duration(0), "0 ms");
  EXPECT_EQ(duration(999), "999 ms");
  EXPECT_EQ(duration(59'999), "59 s");
  EXPECT_EQ(duration(60'000), "1 min");
  EXPECT_EQ(duration(3'725'000), "1 h 2 min");
  EXPECT_EQ(duration(90'000'000), "1 d 1 h");
  EXPECT_EQ(count(0, "problem"), "zero problems");
  EXPECT_EQ(count(1, "node"), "1 node");
  EXPECT_EQ(count(3, "node"), "3 nodes");
}

}  // namespace
}  // namespace tandem::cli
