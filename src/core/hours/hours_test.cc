// Goal: the answers agree with a wall clock in the zone, on ordinary days, over midnight and across every kind of jump
// of the clock. Method: known instants by hand; then, for drawn schedules, every quarter of an hour around the jumps is
// compared with `next_change`, which must name exactly the first instant with another answer.
#include <date/tz.h>
#include <gtest/gtest.h>

#include "core/hours/view.h"

namespace tandem::hours {
namespace {

Hlc utc(int year, unsigned month, unsigned day, int hour, int minute = 0) {
  const date::sys_time<std::chrono::milliseconds> at =
      date::sys_days{date::year{year} / date::month{month} / date::day{day}} + std::chrono::hours{hour} +
      std::chrono::minutes{minute};
  return Hlc::at(static_cast<std::uint64_t>(at.time_since_epoch().count()));
}

config::Document document(std::map<std::string, std::string> fields) {
  config::Document out;
  out.kind = config::Kind::hours;
  for (auto& [name, value] : fields) out.set[name] = config::Field{value, Hlc::at(1), NodeId{1}};
  return out;
}

Schedule week(std::map<std::string, std::string> fields) {
  auto read_back = read(config::State{}, document(std::move(fields)));
  EXPECT_TRUE(read_back.has_value()) << (read_back ? "" : read_back.error().detail);
  return read_back.value_or(Schedule{});
}

Schedule every_day(const std::string& zone, const std::string& opening) {
  std::map<std::string, std::string> fields{{"time_zone", zone}};
  for (const char* day : {"MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"}) {
    fields["open." + std::string(day) + ".0"] = opening;
  }
  return week(fields);
}

TEST(Hours, ReadsOpenings) {
  EXPECT_EQ(parse_opening("09:00-17:30"), (Opening{std::chrono::minutes{540}, std::chrono::minutes{1050}}));
  EXPECT_EQ(parse_opening("22:00-06:00"), (Opening{std::chrono::minutes{1320}, std::chrono::minutes{1800}}));
  EXPECT_EQ(parse_opening("00:00-00:00"), (Opening{std::chrono::minutes{0}, std::chrono::minutes{1440}}));
  EXPECT_EQ(parse_opening("00:00-24:00"), (Opening{std::chrono::minutes{0}, std::chrono::minutes{1440}}));
  for (const char* bad : {"", "9:00-17:00", "09:00 17:00", "09:00-17:60", "25:00-26:00", "24:00-24:00", "24:01-25:00",
                          "09-00-17:00", "09:00-17:00x", "ab:cd-ef:gh"}) {
    EXPECT_FALSE(parse_opening(bad).has_value()) << bad;
  }
}

TEST(Hours, SaysWhatIsWrongWithADocument) {
  EXPECT_EQ(read(config::State{}, document({{"time_zone", "Mars/Olympus"}})).error().code, Errc::invalid);
  EXPECT_EQ(read(config::State{}, document({})).error().code, Errc::invalid);
  const auto day = read(config::State{}, document({{"time_zone", "UTC"}, {"open.SOMEDAY.0", "09:00-10:00"}}));
  ASSERT_FALSE(day.has_value());
  EXPECT_NE(day.error().detail.find("SOMEDAY"), std::string::npos);
  const auto time = read(config::State{}, document({{"time_zone", "UTC"}, {"open.MONDAY.0", "nine"}}));
  ASSERT_FALSE(time.has_value());
  EXPECT_NE(time.error().detail.find("nine"), std::string::npos);
  EXPECT_FALSE(open(Schedule{.zone = "No/Where", .week = {}, .overrides = {}}, utc(2026, 1, 1, 0)).has_value());
  EXPECT_FALSE(next_change(Schedule{.zone = "No/Where", .week = {}, .overrides = {}}, utc(2026, 1, 1, 0)).has_value());
  EXPECT_TRUE(known_zone("Asia/Kolkata"));
  EXPECT_FALSE(known_zone(""));
}

TEST(Hours, FollowsTheWallClock) {
  // 2026-03-02 is a Monday; New York is five hours behind UTC then.
  const Schedule office = week({{"time_zone", "America/New_York"},
                                {"open.MONDAY.0", "09:00-12:00"},
                                {"open.MONDAY.1", "13:00-17:00"},
                                {"open.SATURDAY.0", "22:00-02:00"}});
  struct Case {
    Hlc at;
    bool open;
  };
  const Case cases[] = {
      {utc(2026, 3, 2, 13, 59), false}, {utc(2026, 3, 2, 14, 0), true}, {utc(2026, 3, 2, 16, 59), true},
      {utc(2026, 3, 2, 17, 0), false},  {utc(2026, 3, 2, 18, 0), true}, {utc(2026, 3, 2, 22, 0), false},
      {utc(2026, 3, 3, 15, 0), false},                                   // Tuesday
      {utc(2026, 3, 1, 3, 0), true},    {utc(2026, 3, 1, 6, 59), true},  // Saturday 22:00 to Sunday 02:00
      {utc(2026, 3, 1, 7, 0), false},
  };
  for (const Case& c : cases) EXPECT_EQ(open(office, c.at), c.open) << c.at.milliseconds();
  EXPECT_EQ(next_change(office, utc(2026, 3, 2, 13, 59)).value(), utc(2026, 3, 2, 14, 0));
  EXPECT_EQ(next_change(office, utc(2026, 3, 2, 14, 0)).value(), utc(2026, 3, 2, 17, 0));
  EXPECT_EQ(next_change(office, utc(2026, 3, 2, 22, 0)).value(), utc(2026, 3, 8, 3, 0));
}

TEST(Hours, NeverChanges) {
  EXPECT_EQ(next_change(week({{"time_zone", "UTC"}}), utc(2026, 3, 2, 0)).value(), std::nullopt);
  const Schedule always = every_day("Europe/Berlin", "00:00-00:00");
  EXPECT_EQ(open(always, utc(2026, 3, 29, 1)), true);
  EXPECT_EQ(next_change(always, utc(2026, 3, 28, 0)).value(), std::nullopt);
}

TEST(Hours, TheClockJumpsForward) {
  // Berlin, 2026-03-29: 02:00 becomes 03:00 at 01:00 UTC.
  const Schedule early = every_day("Europe/Berlin", "02:30-04:00");
  EXPECT_EQ(open(early, utc(2026, 3, 29, 0, 59)), false);
  EXPECT_EQ(open(early, utc(2026, 3, 29, 1, 0)), true) << "02:30 is skipped: it counts from the jump";
  EXPECT_EQ(next_change(early, utc(2026, 3, 28, 12)).value(), utc(2026, 3, 29, 1, 0));
  EXPECT_EQ(next_change(early, utc(2026, 3, 29, 1, 0)).value(), utc(2026, 3, 29, 2, 0));
  const Schedule skipped = week({{"time_zone", "Europe/Berlin"}, {"open.SUNDAY.0", "02:10-02:50"}});
  EXPECT_EQ(next_change(skipped, utc(2026, 3, 28, 12)).value(), utc(2026, 4, 5, 0, 10)) << "no such time that week";
  // The office opens an hour earlier by UTC afterwards.
  const Schedule office = every_day("Europe/Berlin", "09:00-17:00");
  EXPECT_EQ(next_change(office, utc(2026, 3, 28, 17)).value(), utc(2026, 3, 29, 7, 0));
}

TEST(Hours, TheClockJumpsBack) {
  // Berlin, 2026-10-25: 03:00 becomes 02:00 at 01:00 UTC, so 02:00 to 03:00 comes twice.
  const Schedule night = every_day("Europe/Berlin", "02:10-02:50");
  EXPECT_EQ(open(night, utc(2026, 10, 25, 0, 20)), true);
  EXPECT_EQ(open(night, utc(2026, 10, 25, 0, 55)), false);
  EXPECT_EQ(open(night, utc(2026, 10, 25, 1, 20)), true) << "the second 02:20";
  EXPECT_EQ(next_change(night, utc(2026, 10, 25, 0, 20)).value(), utc(2026, 10, 25, 0, 50));
  EXPECT_EQ(next_change(night, utc(2026, 10, 25, 0, 50)).value(), utc(2026, 10, 25, 1, 10));
  EXPECT_EQ(next_change(night, utc(2026, 10, 25, 1, 10)).value(), utc(2026, 10, 25, 1, 50));
}

TEST(Hours, AnInstantIsTheFirstAtWhichTheClockShowsOrSkipsIt) {
  const auto at = [](const char* date, int hour, int minute) {
    return instant("Europe/Berlin", *parse_date(date), std::chrono::hours(hour) + std::chrono::minutes(minute));
  };
  EXPECT_EQ(at("2026-12-24", 8, 0), utc(2026, 12, 24, 7));
  EXPECT_EQ(at("2026-03-29", 2, 30), utc(2026, 3, 29, 1)) << "skipped: the jump";
  EXPECT_EQ(at("2026-10-25", 2, 30), utc(2026, 10, 25, 0, 30)) << "twice: the first";
  EXPECT_FALSE(instant("Mars/Base", *parse_date("2026-12-24"), 0min));
}

TEST(Hours, AWholeDayIsSkipped) {
  // Samoa left out 2011-12-30, a Friday, altogether.
  const Schedule friday = week({{"time_zone", "Pacific/Apia"}, {"open.FRIDAY.0", "09:00-17:00"}});
  EXPECT_EQ(next_change(friday, utc(2011, 12, 29, 12)).value(), utc(2012, 1, 5, 19, 0));
}

TEST(Hours, NextChangeIsTheFirstOne) {
  Rng rng{20260329};
  const char* zones[] = {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata",
                         "UTC",           "America/Santiago", "Africa/Casablanca"};
  const Hlc starts[] = {utc(2026, 3, 7, 0), utc(2026, 3, 28, 0), utc(2026, 10, 3, 0), utc(2026, 10, 24, 0),
                        utc(2026, 10, 31, 0)};
  const char* days[] = {"MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"};
  for (int round = 0; round < 150; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    std::map<std::string, std::string> fields{{"time_zone", zones[rng.below(std::size(zones))]}};
    for (std::uint64_t n = rng.below(9); n > 0; --n) {
      const auto quarter = [&] {
        const std::uint64_t at = rng.below(96);
        const auto two = [](std::uint64_t v) { return (v < 10 ? "0" : "") + std::to_string(v); };
        return two(at / 4) + ":" + two(at % 4 * 15);
      };
      fields["open." + std::string(days[rng.below(7)]) + "." + std::to_string(n)] = quarter() + "-" + quarter();
    }
    const Schedule drawn = week(fields);
    const Hlc from = starts[rng.below(std::size(starts))] + std::chrono::minutes{rng.below(2 * 24 * 60)};
    const auto next = next_change(drawn, from);
    ASSERT_TRUE(next.has_value());
    const bool is = open(drawn, from).value();
    // Openings and jumps of these zones lie on quarters of an hour, so one probe per quarter misses nothing.
    const std::uint64_t quarter_ms = 15 * 60 * 1000;
    std::optional<Hlc> expected;
    for (std::uint64_t at = from.milliseconds() / quarter_ms + 1; at < from.milliseconds() / quarter_ms + 96 * 15;
         ++at) {
      if (open(drawn, Hlc::at(at * quarter_ms)).value() == is) continue;
      expected = Hlc::at(at * quarter_ms);
      break;
    }
    ASSERT_EQ(*next, expected) << fields["time_zone"] << " from " << from.milliseconds();
  }
}

}  // namespace
}  // namespace tandem::hours
