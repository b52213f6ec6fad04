#include <date/tz.h>

#include <algorithm>
#include <stdexcept>

#include "core/hours/view.h"

namespace tandem::hours {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using SysMs = date::sys_time<milliseconds>;
using LocalMs = date::local_time<milliseconds>;

constexpr const char* kDays[] = {"MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"};
// A weekly schedule that changes at all changes within a week and the two days an opening can reach over; one that
// opens only in an hour which the clock skips this week changes in the next.
constexpr int kDaysAhead = 16;

// Null when there is no such zone. The library throws; nothing else here does.
const date::time_zone* find_zone(std::string_view name) {
  if (name.empty()) return nullptr;
  try {
    return date::locate_zone(std::string(name));
  } catch (const std::runtime_error&) {
    return nullptr;
  }
}

std::unexpected<Error> no_zone(const std::string& name) {
  return fail(Errc::invalid, "no time zone is called \"" + name + "\"");
}

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
int day_index(date::local_days day) { return static_cast<int>(date::weekday{day}.iso_encoding()) - 1; }

bool open_at_local(const Week& week, LocalMs local) {
  const auto today = date::floor<date::days>(local);
  for (int back = 0; back <= 1; ++back) {
    const date::local_days day = today - date::days{back};
    const milliseconds since = local - LocalMs{day};
    for (const Opening& opening : week.days[static_cast<std::size_t>(day_index(day))]) {
      if (since >= opening.from && since < opening.to) return true;
    }
  }
  return false;
}

SysMs sys_of(Hlc at) { return SysMs{milliseconds{static_cast<std::int64_t>(at.milliseconds())}}; }

bool open_at(const date::time_zone* zone, const Week& week, SysMs at) {
  return open_at_local(week, zone->to_local(at));
}

// The instants at which a wall clock may come to show `local`: two when it comes twice, the jump when it is skipped.
void add_instants(const date::time_zone* zone, LocalMs local, std::vector<SysMs>& out) {
  const date::local_info info = zone->get_info(local);
  switch (info.result) {
    case date::local_info::unique:
      out.push_back(SysMs{local.time_since_epoch() - info.first.offset});
      break;
    case date::local_info::ambiguous:
      out.push_back(SysMs{local.time_since_epoch() - info.first.offset});
      out.push_back(SysMs{local.time_since_epoch() - info.second.offset});
      break;
    default:
      break;  // skipped: the jump itself is among the zone's own transitions
  }
}

}  // namespace

std::optional<Opening> parse_opening(std::string_view text) {
  if (text.size() != 11 || text[5] != '-') return std::nullopt;
  const auto from = parse_time(text.substr(0, 5));
  auto to = parse_time(text.substr(6));
  if (!from || !to || *from == minutes{24 * 60}) return std::nullopt;
  if (*to <= *from) *to += minutes{24 * 60};
  return Opening{*from, *to};
}

bool known_zone(std::string_view zone) { return find_zone(zone) != nullptr; }

Result<Week> read(const config::Document& document) {
  Week week;
  week.zone = document.get("time_zone");
  if (find_zone(week.zone) == nullptr) return no_zone(week.zone);
  for (const auto& [name, value] : document.list("open.")) {
    const std::string_view day = std::string_view(name).substr(0, name.find('.'));
    const auto at = std::ranges::find(kDays, day);
    if (at == std::end(kDays)) return fail(Errc::invalid, "open." + name + " names no day of the week");
    const auto opening = parse_opening(value);
    if (!opening) return fail(Errc::invalid, "open." + name + " is \"" + value + "\", not HH:MM-HH:MM");
    week.days[static_cast<std::size_t>(at - std::begin(kDays))].push_back(*opening);
  }
  return week;
}

Result<bool> open(const Week& week, Hlc at) {
  const date::time_zone* zone = find_zone(week.zone);
  if (zone == nullptr) return no_zone(week.zone);
  return open_at(zone, week, sys_of(at));
}

Result<std::optional<Hlc>> next_change(const Week& week, Hlc at) {
  const date::time_zone* zone = find_zone(week.zone);
  if (zone == nullptr) return no_zone(week.zone);
  const SysMs now = sys_of(at);
  const SysMs horizon = now + date::days{kDaysAhead};

  // Between these instants the answer cannot change.
  std::vector<SysMs> candidates;
  for (SysMs from = now; from < horizon;) {
    const date::sys_info info = zone->get_info(from);
    if (info.end >= horizon) break;
    from = SysMs{info.end};
    candidates.push_back(from);
  }
  const auto first = date::floor<date::days>(zone->to_local(now)) - date::days{2};
  for (int n = 0; n <= kDaysAhead + 2; ++n) {
    const date::local_days day = first + date::days{n};
    for (const Opening& opening : week.days[static_cast<std::size_t>(day_index(day))]) {
      add_instants(zone, LocalMs{day} + opening.from, candidates);
      add_instants(zone, LocalMs{day} + opening.to, candidates);
    }
  }
  std::ranges::sort(candidates);

  const bool is = open_at(zone, week, now);
  for (const SysMs candidate : candidates) {
    if (candidate <= now || open_at(zone, week, candidate) == is) continue;
    return Hlc::at(static_cast<std::uint64_t>(candidate.time_since_epoch().count()));
  }
  return std::optional<Hlc>{};
}

}  // namespace tandem::hours
