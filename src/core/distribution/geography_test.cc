#include "core/distribution/geography.h"

#include <gtest/gtest.h>

namespace tandem::distribution {
namespace {

TEST(Geography, TheLongestPrefixCounts) {
  const auto berlin = place_of_number("+493012345678");
  const auto germany = place_of_number("+4922112345");
  ASSERT_TRUE(berlin && germany);
  EXPECT_NEAR(berlin->latitude, 52.5, 0.1);
  EXPECT_NEAR(germany->longitude, 8.7, 0.1);
  EXPECT_NEAR(place_of_number("+12125550100")->longitude, -74.0, 0.1);  // New York
  EXPECT_NEAR(place_of_number("+14155550100")->longitude, -122.4, 0.1);
  EXPECT_TRUE(place_of_number("+15555550100"));  // no area of its own
  for (const char* bad : {"", "+", "4930", "+0", "+999123"}) EXPECT_FALSE(place_of_number(bad)) << bad;
}

TEST(Geography, PlacesAreOnEarth) {
  EXPECT_NEAR(parse_place("52.5,13.4")->longitude, 13.4, 1e-9);
  EXPECT_NEAR(parse_place("-33.9, 151.2")->latitude, -33.9, 1e-9);
  for (const char* bad : {"", "52.5", "91,0", "0,181", "a,b", "1,2,3", "nan,0", "52.5;13.4"}) {
    EXPECT_FALSE(parse_place(bad)) << bad;
  }
}

TEST(Geography, NearIsNear) {
  const auto east = place_of_region("us-east-1");
  const auto west = place_of_region("us-west-2");
  ASSERT_TRUE(east && west);
  EXPECT_FALSE(place_of_region("mars-1"));
  const auto new_york = *place_of_number("+12125550100");
  EXPECT_LT(round_trip_ms(new_york, *east), round_trip_ms(new_york, *west));
  EXPECT_NEAR(round_trip_ms(*east, *west), 10 + 3550 / 77.0, 3);
  EXPECT_DOUBLE_EQ(round_trip_ms(*east, *east), 10);
}

}  // namespace
}  // namespace tandem::distribution
