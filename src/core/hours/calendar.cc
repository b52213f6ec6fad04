#include "core/hours/calendar.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace tandem::hours {
namespace {

using std::chrono::days;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::weekday;
using std::chrono::year_month_day;

constexpr minutes kDay{24 * 60};
constexpr const char* kDays[] = {"MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"};
constexpr std::string_view kEveryDay = "EVERY_DAY";

std::optional<minutes> parse_time(std::string_view text) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  for (const std::size_t at : {0, 1, 3, 4}) {
    if (!digit(text[at])) return std::nullopt;
  }
  const int hour = (text[0] - '0') * 10 + (text[1] - '0');
  const int minute = (text[3] - '0') * 10 + (text[4] - '0');
  if (minute > 59 || hour * 60 + minute > 24 * 60) return std::nullopt;
  return minutes{hour * 60 + minute};
}

// Monday is 0.
std::size_t day_index(Date date) { return weekday{date}.iso_encoding() - 1; }

// A field that holds a number between the two, or is empty: 0. Anything else is nothing.
std::optional<int> number(const std::string& text, int least, int most) {
  if (text.empty()) return 0;
  int out = 0;
  const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (bad != std::errc{} || end != text.data() + text.size() || out < least || out > most) return std::nullopt;
  return out;
}

Result<std::optional<Recurrence>> read_recurrence(const config::Document& document) {
  const std::string& frequency = document.get("repeat.frequency");
  if (frequency.empty()) return std::nullopt;
  Recurrence out;
  if (frequency == "MONTHLY") {
    out.frequency = Recurrence::Frequency::monthly;
  } else if (frequency == "YEARLY") {
    out.frequency = Recurrence::Frequency::yearly;
  } else if (frequency != "WEEKLY") {
    return fail(Errc::invalid, "repeat.frequency is " + frequency);
  }
  struct Part {
    const char* field;
    int least, most;
    int& to;
  };
  for (const Part& part :
       {Part{"repeat.interval", 1, 6, out.interval}, Part{"repeat.month", 1, 12, out.month},
        Part{"repeat.month_day", -1, 31, out.month_day}, Part{"repeat.occurrence", -1, 4, out.occurrence}}) {
    const auto value = number(document.get(part.field), part.least, part.most);
    if (!value) return fail(Errc::invalid, std::string(part.field) + " is " + document.get(part.field));
    part.to = *value;
  }
  out.interval = std::max(1, out.interval);
  return out;
}

// Whether `date` is the day within its month that an event of months or years is on.
bool on_its_day(const Override& event, const year_month_day& date) {
  const Recurrence& how = *event.recurrence;
  const unsigned day = static_cast<unsigned>(date.day());
  const unsigned last = static_cast<unsigned>((date.year() / date.month() / std::chrono::last).day());
  if (how.occurrence == -1) return day + 7 > last;
  if (how.occurrence > 0) return (day - 1) / 7 + 1 == static_cast<unsigned>(how.occurrence);
  if (how.month_day == -1) return day == last;
  if (how.month_day > 0) return day == static_cast<unsigned>(how.month_day);
  return date.day() == year_month_day{event.from}.day();
}

// Whether the override counts on a date, days of the week aside.
bool covers(const Override& each, Date date) {
  if (date < each.from || date > each.till) return false;
  if (!each.recurrence) return true;
  const Recurrence& how = *each.recurrence;
  const year_month_day first{each.from};
  const year_month_day now{date};
  switch (how.frequency) {
    case Recurrence::Frequency::weekly: {
      const auto monday = [](Date of) { return of - days{day_index(of)}; };
      return (monday(date) - monday(each.from)).count() / 7 % how.interval == 0;
    }
    case Recurrence::Frequency::monthly: {
      const auto months = (now.year() / now.month()) - (first.year() / first.month());
      return months.count() % how.interval == 0 && on_its_day(each, now);
    }
    case Recurrence::Frequency::yearly: {
      const unsigned month = how.month > 0 ? static_cast<unsigned>(how.month) : static_cast<unsigned>(first.month());
      return (now.year() - first.year()).count() % how.interval == 0 && static_cast<unsigned>(now.month()) == month &&
             on_its_day(each, now);
    }
  }
  return false;
}

// The temporary hours that hold on a date: those of the shortest range; among equals, the last.
const Override* standard_on(const Schedule& schedule, Date date) {
  const Override* out = nullptr;
  for (const Override& each : schedule.overrides) {
    if (each.type != Override::Type::standard || !covers(each, date)) continue;
    if (out == nullptr || each.till - each.from <= out->till - out->from) out = &each;
  }
  return out;
}

// What begins on a date.
struct Day {
  const Override* standard = nullptr;
  std::vector<Opening> openings;
  std::vector<Opening> closures;
};

Day day_of(const Schedule& schedule, Date date) {
  Day out;
  const std::size_t index = day_index(date);
  out.standard = standard_on(schedule, date);
  if (out.standard != nullptr) {
    out.openings = out.standard->week[index];
    return out;
  }
  out.openings = schedule.week[index];
  for (const Override& each : schedule.overrides) {
    if (each.type == Override::Type::standard || !covers(each, date)) continue;
    std::vector<Opening>& to = each.type == Override::Type::open ? out.openings : out.closures;
    to.insert(to.end(), each.week[index].begin(), each.week[index].end());
  }
  return out;
}

bool within(const std::vector<Opening>& openings, milliseconds since) {
  return std::ranges::any_of(openings, [&](const Opening& o) { return since >= o.from && since < o.to; });
}

bool open_on(const Day& before, const Day& today, milliseconds since) {
  const milliseconds from_before = since + kDay;
  // Temporary hours hold for the whole date: what began the day before under others ends at midnight.
  const bool reaches = today.standard == nullptr || today.standard == before.standard;
  const bool is = within(today.openings, since) || (reaches && within(before.openings, from_before));
  if (!is || today.standard != nullptr) return is;
  return !within(today.closures, since) && !within(before.closures, from_before);
}

std::vector<minutes> boundaries_of(const Day& day) {
  std::vector<minutes> out{minutes{0}};
  for (const auto* list : {&day.openings, &day.closures}) {
    for (const Opening& each : *list) {
      out.push_back(each.from);
      out.push_back(each.to);
    }
  }
  return out;
}

}  // namespace

std::optional<Opening> parse_opening(std::string_view text) {
  if (text.size() != 11 || text[5] != '-') return std::nullopt;
  const auto from = parse_time(text.substr(0, 5));
  auto to = parse_time(text.substr(6));
  if (!from || !to || *from == kDay) return std::nullopt;
  if (*to <= *from) *to += kDay;
  return Opening{*from, *to};
}

std::optional<Date> parse_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto part = [&](std::size_t at, std::size_t size) {
    int out = 0;
    for (const char c : text.substr(at, size)) {
      if (c < '0' || c > '9') return -1;
      out = out * 10 + (c - '0');
    }
    return out;
  };
  const int year = part(0, 4);
  const int month = part(5, 2);
  const int day = part(8, 2);
  if (year < 0 || month < 1 || day < 1) return std::nullopt;
  const year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                            std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;
  return Date{date};
}

std::string date_text(Date date) {
  const year_month_day parts{date};
  char out[16];
  std::snprintf(out, sizeof out, "%04d-%02u-%02u", static_cast<int>(parts.year()) % 10'000,
                static_cast<unsigned>(parts.month()) % 100, static_cast<unsigned>(parts.day()) % 100);
  return out;
}

Result<Week> read_week(const config::Document& document, std::string_view prefix) {
  Week out;
  for (const auto& [name, value] : document.list(prefix)) {
    const std::string_view day = std::string_view(name).substr(0, name.find('.'));
    const auto at = std::ranges::find(kDays, day);
    const bool every = day == kEveryDay;
    if (at == std::end(kDays) && !every) {
      return fail(Errc::invalid, std::string(prefix) + name + " names no day of the week");
    }
    const auto opening = parse_opening(value);
    if (!opening) {
      return fail(Errc::invalid, std::string(prefix) + name + " is \"" + value + "\", not HH:MM-HH:MM");
    }
    for (std::size_t n = 0; n < out.size(); ++n) {
      if (every || n == static_cast<std::size_t>(at - std::begin(kDays))) out[n].push_back(*opening);
    }
  }
  return out;
}

Result<Override> read_override(const config::Document& document) {
  Override out;
  out.name = document.get("name");
  const std::string& type = document.get("type");
  if (type == "OPEN") {
    out.type = Override::Type::open;
  } else if (type == "CLOSED") {
    out.type = Override::Type::closed;
  } else if (type != "STANDARD") {
    return fail(Errc::invalid, "the override's type is " + type);
  }
  const auto from = parse_date(document.get("from"));
  const auto till = parse_date(document.get("till"));
  if (!from || !till) return fail(Errc::invalid, "the override's first or last day is no date");
  if (*till < *from) return fail(Errc::invalid, "the override's last day is before its first");
  out.from = *from;
  out.till = *till;
  auto week = read_week(document, "slot.");
  if (!week) return std::unexpected(week.error());
  out.week = std::move(*week);
  const auto recurrence = read_recurrence(document);
  if (!recurrence) return std::unexpected(recurrence.error());
  out.recurrence = *recurrence;
  if (out.recurrence && out.type == Override::Type::standard) {
    return fail(Errc::invalid, "temporary hours do not recur");
  }
  return out;
}

bool open_on(const Schedule& schedule, Date date, milliseconds since) {
  return open_on(day_of(schedule, date - days{1}), day_of(schedule, date), since);
}

std::vector<minutes> boundaries(const Schedule& schedule, Date date) { return boundaries_of(day_of(schedule, date)); }

std::vector<Opening> effective(const Schedule& schedule, Date date) {
  const Day before = day_of(schedule, date - days{1});
  const Day today = day_of(schedule, date);
  std::vector<minutes> at = boundaries_of(today);
  for (const minutes boundary : boundaries_of(before)) at.push_back(boundary - kDay);
  std::erase_if(at, [](minutes m) { return m < minutes{0} || m >= kDay; });
  std::ranges::sort(at);
  std::vector<Opening> out;
  for (std::size_t n = 0; n < at.size(); ++n) {
    const minutes to = n + 1 < at.size() ? at[n + 1] : kDay;
    if (to == at[n] || !open_on(before, today, at[n])) continue;
    if (!out.empty() && out.back().to == at[n]) {
      out.back().to = to;
    } else {
      out.push_back({at[n], to});
    }
  }
  return out;
}

std::vector<Applied> applied(const Schedule& schedule, Date date) {
  std::vector<Applied> out;
  const std::size_t index = day_index(date);
  if (const Override* standard = standard_on(schedule, date)) {
    out.push_back({standard, standard->week[index]});
    return out;
  }
  for (const Override& each : schedule.overrides) {
    const bool counts = each.type != Override::Type::standard && covers(each, date) && !each.week[index].empty();
    if (counts) out.push_back({&each, each.week[index]});
  }
  return out;
}

}  // namespace tandem::hours
