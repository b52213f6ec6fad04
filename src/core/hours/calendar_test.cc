// Goal: overrides count on exactly the dates of their rule, temporary hours before recurring events before the week,
// also across changes of daylight saving time. Method: tables by hand; then drawn schedules, whose effective hours of a
// date must say what `open` says at each quarter of an hour, and whose next change must be the first.
#include <date/tz.h>
#include <gtest/gtest.h>

#include "core/hours/view.h"

namespace tandem::hours {
namespace {

using Fields = std::map<std::string, std::string>;

class Calendar : public testing::Test {
 protected:
  Calendar() { hours_ = put(config::Kind::hours, week("UTC", "09:00-17:00")); }
  static Fields week(const std::string& zone, const std::string& opening) {
    Fields out{{"time_zone", zone}};
    for (const char* day : {"MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"}) {
      out["open." + std::string(day) + ".0"] = opening;
    }
    return out;
  }
  Uuid put(config::Kind kind, Fields fields) {
    Uuid id;
    ++made_;
    id.bytes[14] = static_cast<std::uint8_t>(made_ >> 8);
    id.bytes[15] = static_cast<std::uint8_t>(made_);
    change(kind, id, std::move(fields), true);
    return id;
  }
  void change(config::Kind kind, const Uuid& id, Fields fields, bool create = false) {
    config_.apply(
        config::Put{kind, id, create, std::move(fields)},
        Meta{.log = {NodeId{1}, Incarnation{1}}, .sequence = Sequence{made_}, .at = Hlc::at(++time_), .cause = {}});
  }
  Uuid override(const char* type, const char* from, const char* till, Fields fields) {
    fields.insert({{"hours", hours_.text()}, {"type", type}, {"from", from}, {"till", till}});
    fields.emplace("name", "override " + std::to_string(made_));
    return put(config::Kind::hours_override, std::move(fields));
  }
  Schedule schedule() const {
    auto out = read(config_, *config_.find(config::Kind::hours, hours_));
    EXPECT_TRUE(out.has_value()) << (out ? "" : out.error().detail);
    return out.value_or(Schedule{});
  }
  // "09:00-12:00 13:00-17:00", or empty.
  std::string on(const char* date) const {
    std::string out;
    for (const Opening& each : effective(schedule(), parse_date(date).value())) {
      char text[32];
      const auto clock = [](std::chrono::minutes m) { return static_cast<int>(m.count()); };
      std::snprintf(text, sizeof text, "%s%02d:%02d-%02d:%02d", out.empty() ? "" : " ", clock(each.from) / 60,
                    clock(each.from) % 60, clock(each.to) / 60, clock(each.to) % 60);
      out += text;
    }
    return out;
  }
  config::State config_;
  Uuid hours_;
  std::uint64_t made_ = 0;
  std::uint64_t time_ = 0;
};

Hlc instant(int year, unsigned month, unsigned day, int hour, int minute = 0) {
  const date::sys_time<std::chrono::milliseconds> at =
      date::sys_days{date::year{year} / date::month{month} / date::day{day}} + std::chrono::hours{hour} +
      std::chrono::minutes{minute};
  return Hlc::at(static_cast<std::uint64_t>(at.time_since_epoch().count()));
}

TEST_F(Calendar, ReadsDates) {
  EXPECT_EQ(date_text(parse_date("2028-02-29").value()), "2028-02-29");
  for (const char* bad :
       {"2027-02-29", "2026-13-01", "2026-00-10", "2026-1-01", "26-01-010", "2026/01/01", "", "2026-01-0x"}) {
    EXPECT_FALSE(parse_date(bad).has_value()) << bad;
  }
}

TEST_F(Calendar, TemporaryHoursHoldOnTheirDatesAlone) {
  // 2026-12-24 is a Thursday.
  override("STANDARD", "2026-12-24", "2026-12-26",
           {{"slot.THURSDAY.0", "10:00-12:00"}, {"slot.SATURDAY.0", "13:00-14:00"}});
  EXPECT_EQ(on("2026-12-23"), "09:00-17:00");
  EXPECT_EQ(on("2026-12-24"), "10:00-12:00");
  EXPECT_EQ(on("2026-12-25"), "") << "no hours on Friday: closed";
  EXPECT_EQ(on("2026-12-26"), "13:00-14:00");
  EXPECT_EQ(on("2026-12-27"), "");
  EXPECT_EQ(on("2026-12-28"), "09:00-17:00");
  // A shorter range is the more particular one.
  override("STANDARD", "2026-12-24", "2026-12-24", {{"slot.EVERY_DAY.0", "08:00-09:00"}});
  EXPECT_EQ(on("2026-12-24"), "08:00-09:00");
  EXPECT_EQ(on("2026-12-26"), "13:00-14:00");
}

TEST_F(Calendar, EventsOpenAndClose) {
  override("OPEN", "2026-01-01", "2026-12-31", {{"slot.FRIDAY.0", "16:00-20:00"}, {"slot.SATURDAY.0", "10:00-12:00"}});
  EXPECT_EQ(on("2026-06-05"), "09:00-20:00");
  EXPECT_EQ(on("2026-06-06"), "10:00-12:00");
  EXPECT_EQ(on("2027-01-01"), "09:00-17:00");
  override("CLOSED", "2026-06-01", "2026-06-30", {{"slot.FRIDAY.0", "12:00-18:00"}});
  EXPECT_EQ(on("2026-06-05"), "09:00-12:00 18:00-20:00") << "closed counts before open";
  EXPECT_EQ(on("2026-07-03"), "09:00-20:00");
  // Temporary hours count before events.
  override("STANDARD", "2026-06-05", "2026-06-05", {{"slot.EVERY_DAY.0", "11:00-13:00"}});
  EXPECT_EQ(on("2026-06-05"), "11:00-13:00");
  EXPECT_EQ(on("2026-06-12"), "09:00-12:00 18:00-20:00");
}

TEST_F(Calendar, EventsRecur) {
  struct Case {
    const char* what;
    Fields how;
    std::vector<const char*> closed, open;
  };
  const Case cases[] = {
      {"every second week on Wednesday",
       {{"repeat.frequency", "WEEKLY"}, {"repeat.interval", "2"}, {"slot.WEDNESDAY.0", "00:00-00:00"}},
       {"2026-01-07", "2026-01-21"},
       {"2026-01-14", "2026-01-06"}},
      {"on the 15th of every third month",
       {{"repeat.frequency", "MONTHLY"},
        {"repeat.interval", "3"},
        {"repeat.month_day", "15"},
        {"slot.EVERY_DAY.0", "00:00-00:00"}},
       {"2026-01-15", "2026-04-15", "2027-01-15"},
       {"2026-02-16", "2026-05-15", "2026-01-16"}},
      {"on the last day of the month",
       {{"repeat.frequency", "MONTHLY"}, {"repeat.month_day", "-1"}, {"slot.EVERY_DAY.0", "00:00-00:00"}},
       {"2026-03-31", "2026-04-30", "2028-02-29"},
       {"2026-03-30", "2028-02-28"}},
      {"the 31st, which not every month has",
       {{"repeat.frequency", "MONTHLY"}, {"repeat.month_day", "31"}, {"slot.EVERY_DAY.0", "00:00-00:00"}},
       {"2026-03-31"},
       {"2026-04-30", "2026-05-01"}},
      {"the last Friday of the month",
       {{"repeat.frequency", "MONTHLY"}, {"repeat.occurrence", "-1"}, {"slot.FRIDAY.0", "00:00-00:00"}},
       {"2026-01-30", "2026-02-27"},
       {"2026-01-23", "2026-02-20", "2026-01-29"}},
      {"the second Thursday of April",
       {{"repeat.frequency", "YEARLY"},
        {"repeat.month", "4"},
        {"repeat.occurrence", "2"},
        {"slot.THURSDAY.0", "00:00-00:00"}},
       {"2026-04-09", "2027-04-08"},
       {"2026-04-02", "2026-04-16", "2026-05-14", "2026-04-08"}},
      {"the first of May in every second year",
       {{"repeat.frequency", "YEARLY"},
        {"repeat.interval", "2"},
        {"repeat.month", "5"},
        {"repeat.month_day", "1"},
        {"slot.EVERY_DAY.0", "00:00-00:00"}},
       {"2026-05-01", "2028-05-01"},
       {"2030-04-30"}},
      {"the day of the year on which it begins",
       {{"repeat.frequency", "YEARLY"}, {"slot.EVERY_DAY.0", "00:00-00:00"}},
       {"2026-01-05", "2027-01-05"},
       {"2026-02-05"}},
  };
  for (const Case& c : cases) {
    const Uuid made = override("CLOSED", "2026-01-05", "2030-12-31", c.how);
    for (const char* date : c.closed) EXPECT_EQ(on(date), "") << c.what << ' ' << date;
    for (const char* date : c.open) EXPECT_NE(on(date), "") << c.what << ' ' << date;
    config_.apply(config::Deleted{config::Kind::hours_override, made},
                  Meta{.log = {NodeId{1}, Incarnation{1}}, .sequence = {}, .at = Hlc::at(++time_), .cause = {}});
    EXPECT_EQ(on(c.closed.front()), "09:00-17:00") << "deleted";
  }
}

TEST_F(Calendar, NightsReachOver) {
  change(config::Kind::hours, hours_, week("UTC", "22:00-06:00"));
  EXPECT_EQ(on("2026-06-03"), "00:00-06:00 22:00-24:00");
  // Closed on the 4th, a Thursday: the night before ends at midnight.
  override("STANDARD", "2026-06-04", "2026-06-04", {});
  EXPECT_EQ(on("2026-06-04"), "");
  EXPECT_EQ(on("2026-06-05"), "22:00-24:00");
  // Temporary nights reach over into their own dates, and out of the last one.
  override("STANDARD", "2026-06-10", "2026-06-11", {{"slot.EVERY_DAY.0", "23:00-02:00"}});
  EXPECT_EQ(on("2026-06-10"), "23:00-24:00");
  EXPECT_EQ(on("2026-06-11"), "00:00-02:00 23:00-24:00");
  EXPECT_EQ(on("2026-06-12"), "00:00-02:00 22:00-24:00");
  override("CLOSED", "2026-06-17", "2026-06-17", {{"slot.EVERY_DAY.0", "23:00-01:00"}});
  EXPECT_EQ(on("2026-06-17"), "00:00-06:00 22:00-23:00");
  EXPECT_EQ(on("2026-06-18"), "01:00-06:00 22:00-24:00");
}

TEST_F(Calendar, DatesAreThoseOfTheZone) {
  change(config::Kind::hours, hours_, week("Pacific/Auckland", "09:00-17:00"));
  override("STANDARD", "2026-12-24", "2026-12-24", {});
  // 2026-12-24 in Auckland is 11:00 on the 23rd to 11:00 on the 24th by UTC.
  EXPECT_EQ(open(schedule(), instant(2026, 12, 22, 20)), true);
  EXPECT_EQ(open(schedule(), instant(2026, 12, 23, 20)), false);
  EXPECT_EQ(open(schedule(), instant(2026, 12, 24, 20)), true);
}

TEST_F(Calendar, OverridesOnDaysOnWhichTheClockJumps) {
  // Berlin, 2026-03-29 (a Sunday): 02:00 becomes 03:00 at 01:00 UTC. 2026-10-25: 03:00 becomes 02:00 at 01:00 UTC.
  change(config::Kind::hours, hours_, week("Europe/Berlin", "09:00-17:00"));
  override("STANDARD", "2026-03-29", "2026-03-29", {{"slot.SUNDAY.0", "02:30-04:00"}});
  EXPECT_EQ(next_change(schedule(), instant(2026, 3, 28, 12)).value(), instant(2026, 3, 29, 1));
  EXPECT_EQ(next_change(schedule(), instant(2026, 3, 29, 1)).value(), instant(2026, 3, 29, 2));
  override("OPEN", "2026-10-25", "2026-10-25", {{"slot.SUNDAY.0", "02:10-02:50"}});
  EXPECT_EQ(next_change(schedule(), instant(2026, 10, 24, 12)).value(), instant(2026, 10, 25, 0, 10));
  EXPECT_EQ(next_change(schedule(), instant(2026, 10, 25, 0, 10)).value(), instant(2026, 10, 25, 0, 50));
  EXPECT_EQ(next_change(schedule(), instant(2026, 10, 25, 0, 50)).value(), instant(2026, 10, 25, 1, 10));
  EXPECT_EQ(next_change(schedule(), instant(2026, 10, 25, 1, 50)).value(), instant(2026, 10, 26, 8));
  // By UTC an override of a summer's date lies an hour before that of a winter's.
  override("CLOSED", "2026-01-01", "2026-12-31", {{"slot.EVERY_DAY.0", "12:00-13:00"}});
  EXPECT_EQ(next_change(schedule(), instant(2026, 7, 1, 9)).value(), instant(2026, 7, 1, 10));
  EXPECT_EQ(next_change(schedule(), instant(2026, 12, 1, 9)).value(), instant(2026, 12, 1, 11));
}

TEST_F(Calendar, ChangesThatAreFarAway) {
  change(config::Kind::hours, hours_, {{"time_zone", "UTC"}});
  for (const char* day : {"MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"}) {
    change(config::Kind::hours, hours_, {{"open." + std::string(day) + ".0", "00:00-00:00"}});
  }
  EXPECT_EQ(next_change(schedule(), instant(2026, 1, 2, 0)).value(), std::nullopt);
  override("CLOSED", "2026-01-01", "2040-01-01",
           {{"repeat.frequency", "YEARLY"}, {"repeat.interval", "6"}, {"slot.EVERY_DAY.0", "12:00-13:00"}});
  EXPECT_EQ(next_change(schedule(), instant(2026, 1, 2, 0)).value(), instant(2032, 1, 1, 12));
}

TEST_F(Calendar, SaysWhatIsWrongWithAnOverride) {
  const Fields good{
      {"type", "CLOSED"}, {"from", "2026-01-01"}, {"till", "2026-01-02"}, {"slot.MONDAY.0", "09:00-10:00"}};
  const Fields bad[] = {
      {{"type", "SHUT"}},
      {{"from", "2026-02-30"}},
      {{"till", "2025-12-31"}},
      {{"slot.SOMEDAY.0", "09:00-10:00"}},
      {{"slot.MONDAY.0", "nine"}},
      {{"repeat.frequency", "DAILY"}},
      {{"repeat.frequency", "WEEKLY"}, {"repeat.interval", "7"}},
      {{"repeat.frequency", "MONTHLY"}, {"repeat.month_day", "-2"}},
      {{"type", "STANDARD"}, {"repeat.frequency", "WEEKLY"}},
  };
  const auto document = [&](const Fields& change) {
    config::Document out;
    for (const auto& [name, value] : good) out.set[name] = config::Field{value, Hlc::at(1), NodeId{1}};
    for (const auto& [name, value] : change) out.set[name] = config::Field{value, Hlc::at(1), NodeId{1}};
    return out;
  };
  EXPECT_TRUE(read_override(document({})).has_value());
  for (const Fields& each : bad) {
    const auto read_back = read_override(document(each));
    ASSERT_FALSE(read_back.has_value()) << each.begin()->first;
    EXPECT_EQ(read_back.error().code, Errc::invalid);
  }
}

TEST_F(Calendar, EffectiveHoursAndChangesAgreeWithTheClock) {
  Rng rng{20261224};
  const char* days[] = {"MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY", "EVERY_DAY"};
  const char* types[] = {"STANDARD", "OPEN", "CLOSED"};
  const auto quarters = [&] {
    const auto clock = [&] {
      const std::uint64_t at = rng.below(96);
      char text[8];
      std::snprintf(text, sizeof text, "%02u:%02u", static_cast<unsigned>(at / 4), static_cast<unsigned>(at % 4 * 15));
      return std::string(text);
    };
    const std::string from = clock();
    return from + "-" + clock();
  };
  const std::uint64_t quarter_ms = 15 * 60 * 1000;
  for (int round = 0; round < 120; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    const bool berlin = rng.below(2) == 0;
    hours_ = put(config::Kind::hours, week(berlin ? "Europe/Berlin" : "UTC", quarters()));
    for (std::uint64_t n = rng.below(5); n > 0; --n) {
      const auto date = [&](std::uint64_t day) {
        return date_text(parse_date("2026-03-20").value() + std::chrono::days{day});
      };
      const std::uint64_t first = rng.below(20);
      const std::uint64_t type = rng.below(3);
      Fields fields;
      for (std::uint64_t slot = rng.below(4); slot > 0; --slot) {
        fields["slot." + std::string(days[rng.below(8)]) + "." + std::to_string(slot)] = quarters();
      }
      if (type != 0 && rng.below(2) == 0) fields["repeat.frequency"] = rng.below(2) == 0 ? "WEEKLY" : "MONTHLY";
      override(types[type], date(first).c_str(), date(first + rng.below(12)).c_str(), fields);
    }
    const Schedule drawn = schedule();
    if (!berlin) {
      const Date today = parse_date("2026-03-25").value();
      const auto parts = effective(drawn, today);
      for (int quarter = 0; quarter < 96; ++quarter) {
        const std::chrono::minutes since{quarter * 15};
        const bool listed =
            std::ranges::any_of(parts, [&](const Opening& o) { return since >= o.from && since < o.to; });
        ASSERT_EQ(open(drawn, instant(2026, 3, 25, quarter / 4, quarter % 4 * 15)).value(), listed) << quarter;
      }
    }
    const Hlc from = instant(2026, 3, 20 + static_cast<unsigned>(rng.below(11)), static_cast<int>(rng.below(24)), 7);
    const bool is = open(drawn, from).value();
    std::optional<Hlc> expected;
    for (std::uint64_t at = from.milliseconds() / quarter_ms + 1;
         !expected && at < from.milliseconds() / quarter_ms + 96 * 30; ++at) {
      if (open(drawn, Hlc::at(at * quarter_ms)).value() != is) expected = Hlc::at(at * quarter_ms);
    }
    ASSERT_EQ(next_change(drawn, from).value(), expected);
  }
}

}  // namespace
}  // namespace tandem::hours
