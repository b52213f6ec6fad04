#include "core/distribution/group.h"

#include <gtest/gtest.h>

#include "core/states_testing.h"

namespace tandem::distribution {
namespace {

constexpr Hlc at(std::uint64_t seconds) { return Hlc::at(seconds * 1000); }

TEST(Shares, APercentHasOneDecimal) {
  EXPECT_EQ(parse_percent("50"), 500U);
  EXPECT_EQ(parse_percent("33.4"), 334U);
  EXPECT_EQ(parse_percent("100.0"), 1000U);
  EXPECT_EQ(parse_percent("0"), 0U);
  for (const char* bad : {"", "-1", "101", "33.33", "a", "1e1", "nan", "3 3", "."}) {
    EXPECT_FALSE(parse_percent(bad)) << bad;
  }
  EXPECT_NE(parse_percent("33.33").error().detail.find("the nearest is 33.3"), std::string::npos);
  EXPECT_EQ(percent_text(334), "33.4");
  EXPECT_EQ(percent_text(500), "50");
}

TEST(Shares, WhatIsWrongIsNamedWithTheNearestThatIsRight) {
  const std::vector<std::string> regions{"us-east-1", "us-west-2"};
  EXPECT_TRUE(check_shares({{"us-east-1", 700}, {"us-west-2", 300}}, regions));
  EXPECT_TRUE(check_shares({{"us-east-1", 1000}}, regions));
  const auto sum = check_shares({{"us-east-1", 700}, {"us-west-2", 200}}, regions);
  ASSERT_FALSE(sum);
  EXPECT_EQ(sum.error().detail,
            "the shares are 90 % together, not 100 %; the nearest that are: us-east-1 77.8 %, us-west-2 22.2 %");
  EXPECT_NE(check_shares({{"mars", 1000}}, regions).error().detail.find("us-east-1, us-west-2"), std::string::npos);
  EXPECT_FALSE(check_shares({{"us-east-1", 0}}, regions));
}

TEST(Shares, AreScaledToTheWhole) {
  EXPECT_EQ(scaled({{"a", 1}, {"b", 1}, {"c", 1}}), (Shares{{"a", 334}, {"b", 333}, {"c", 333}}));
  EXPECT_EQ(scaled({{"a", 600}, {"b", 600}}), (Shares{{"a", 500}, {"b", 500}}));
}

TEST(Windows, ReadBackAsWritten) {
  for (const char* text : {"once 2026-12-24T08:00 2026-12-24T20:00 Europe/Berlin us-east-1=700,us-west-2=300",
                           "weekly MONDAY,FRIDAY 22:00-06:00 America/New_York us-east-1=1000"}) {
    const auto window = parse_window("w", text);
    ASSERT_TRUE(window) << window.error().detail;
    EXPECT_EQ(window_text(*window), text);
  }
  for (const char* bad :
       {"", "once", "once 2026-12-24T08:00 2026-12-24T08:00 Europe/Berlin a=1000", "daily MONDAY 08:00-09:00 UTC a=1",
        "once 2026-13-24T08:00 2026-12-24T20:00 UTC a=1000", "weekly FUNDAY 08:00-09:00 Europe/Berlin a=1000",
        "weekly MONDAY 08:00 Europe/Berlin a=1000", "weekly MONDAY 08:00-09:00 Mars/Base a=1000",
        "weekly MONDAY 08:00-09:00 Europe/Berlin a=1000,a=0", "weekly MONDAY 08:00-09:00 Europe/Berlin a"}) {
    EXPECT_FALSE(parse_window("w", bad)) << bad;
  }
}

TEST(Windows, CountFromTheirBeginToTheirEndInTheirZone) {
  Group group;
  group.shares = {{"us-east-1", 500}, {"us-west-2", 500}};
  // 08:00 in Berlin in winter is 07:00 UTC: 1798009200 is 2026-12-23T07:00:00Z.
  constexpr std::uint64_t kBegin = 1'798'009'200;
  group.windows["once"] = *parse_window("once", "once 2026-12-23T08:00 2026-12-23T10:00 Europe/Berlin us-east-1=1000");
  EXPECT_EQ(shares_at(group, at(kBegin - 1)), group.shares);
  EXPECT_EQ(shares_at(group, at(kBegin)), (Shares{{"us-east-1", 1000}}));
  EXPECT_EQ(shares_at(group, at(kBegin + 7199)), (Shares{{"us-east-1", 1000}}));
  EXPECT_EQ(shares_at(group, at(kBegin + 7200)), group.shares);
  EXPECT_EQ(next_window_change(group, at(kBegin - 100)), at(kBegin));
  EXPECT_EQ(next_window_change(group, at(kBegin)), at(kBegin + 7200));
  EXPECT_FALSE(next_window_change(group, at(kBegin + 7200)));
}

TEST(Windows, OneOffWinsOverWeeklyAndTheLaterBegunOverTheEarlier) {
  Group group;
  group.shares = {{"a", 1000}};
  // 2026-12-23 is a Wednesday.
  constexpr std::uint64_t kNoon = 1'798'027'200;  // 12:00 UTC
  group.windows["all day"] = *parse_window("all day", "weekly WEDNESDAY 00:00-00:00 UTC b=1000");
  group.windows["noon"] = *parse_window("noon", "weekly WEDNESDAY 11:30-13:00 UTC c=1000");
  EXPECT_EQ(window_at(group, at(kNoon - 3600))->name, "all day");
  EXPECT_EQ(window_at(group, at(kNoon))->name, "noon");
  EXPECT_EQ(window_at(group, at(kNoon + 3600))->name, "all day");
  group.windows["once"] = *parse_window("once", "once 2026-12-22T00:00 2026-12-24T00:00 UTC d=1000");
  EXPECT_EQ(window_at(group, at(kNoon))->name, "once");
  group.windows["twice"] = *parse_window("twice", "once 2026-12-23T11:59 2026-12-23T12:01 UTC e=1000");
  EXPECT_EQ(window_at(group, at(kNoon))->name, "twice");
}

TEST(Groups, TheDefaultIsThereByItself) {
  States states(NodeId{2});
  const auto all = groups(states.config, states.members);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_TRUE(all.front().by_default);
  EXPECT_EQ(all.front().shares, (Shares{{"us-east-1", 500}, {"us-west-2", 500}}));
}

TEST(Groups, FieldsAreJudged) {
  const std::vector<std::string> regions{"us-east-1", "us-west-2"};
  const std::map<std::string, std::string> good{{"name", "g"}, {"share.us-east-1", "1000"}, {"entry.CHAT", "1"}};
  EXPECT_TRUE(check_group(nullptr, good, regions));
  for (const auto& [field, value] :
       std::map<std::string, std::string>{{"policy", "random"},
                                          {"bound", "0"},
                                          {"step_max", "1001"},
                                          {"share.us-west-2", "x"},
                                          {"share.us-west-2 ", "1"},
                                          {"entry.FAX", "1"},
                                          {"entry.phone/0800", "1"},
                                          {"window.w", "never"},
                                          {"window.v", "weekly MONDAY 08:00-09:00 UTC mars=1000"},
                                          {"near.49.us-east-1", "20"}}) {
    auto set = good;
    set[field] = value;
    EXPECT_FALSE(check_group(nullptr, set, regions)) << field;
  }
}

}  // namespace
}  // namespace tandem::distribution
