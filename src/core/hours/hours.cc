#include <date/tz.h>

#include <algorithm>
#include <stdexcept>

#include "core/hours/calendar.h"

namespace tandem::hours {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using SysMs = date::sys_time<milliseconds>;
using LocalMs = date::local_time<milliseconds>;

// A weekly schedule that changes at all changes within a week and the two days an opening can reach over; one that
// opens only in an hour which the clock skips this week changes in the next.
constexpr date::days kAhead{16};
// An override of every sixth year, the longest interval there is, is met within seven.
constexpr date::days kAheadWithOverrides{7 * 366};

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

// The standard's calendar, which the header uses, and that of the library that knows the zones count the same days.
Date date_of(date::local_days day) { return Date{std::chrono::days{day.time_since_epoch().count()}}; }
date::local_days day_of(Date date) { return date::local_days{date::days{date.time_since_epoch().count()}}; }

SysMs sys_of(Hlc at) { return SysMs{milliseconds{static_cast<std::int64_t>(at.milliseconds())}}; }

bool open_at(const date::time_zone* zone, const Schedule& schedule, SysMs at) {
  const LocalMs local = zone->to_local(at);
  const auto today = date::floor<date::days>(local);
  return open_on(schedule, date_of(today), local - LocalMs{today});
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

// After `from` and up to `to`, in order: between these instants the answer cannot change.
std::vector<SysMs> candidates(const date::time_zone* zone, const Schedule& schedule, SysMs from, SysMs to) {
  std::vector<SysMs> out;
  for (SysMs at = from; at < to;) {
    at = SysMs{zone->get_info(at).end};
    out.push_back(at);
  }
  // An opening reaches over two days at most, and a clock jumps by one.
  const auto first = date::floor<date::days>(zone->to_local(from)) - date::days{3};
  const auto last = date::floor<date::days>(zone->to_local(to)) + date::days{1};
  for (date::local_days day = first; day <= last; day += date::days{1}) {
    for (const minutes boundary : boundaries(schedule, date_of(day))) add_instants(zone, LocalMs{day} + boundary, out);
  }
  std::erase_if(out, [&](SysMs at) { return at <= from || at > to; });
  std::ranges::sort(out);
  return out;
}

// From where on the answer is that of the week alone.
SysMs horizon(const Schedule& schedule, SysMs now) {
  SysMs out = now + kAhead;
  for (const Override& each : schedule.overrides) {
    const SysMs over{LocalMs{day_of(each.till)}.time_since_epoch() + kAhead};
    out = std::max(out, std::min(over, now + kAheadWithOverrides));
  }
  return out;
}

}  // namespace

bool known_zone(std::string_view zone) { return find_zone(zone) != nullptr; }

Result<Hlc> instant(const std::string& zone, Date date, minutes since) {
  const date::time_zone* known = find_zone(zone);
  if (known == nullptr) return no_zone(zone);
  const LocalMs local = LocalMs{day_of(date)} + since;
  const SysMs at{date::floor<milliseconds>(known->to_sys(local, date::choose::earliest))};
  return Hlc::at(static_cast<std::uint64_t>(std::max<std::int64_t>(at.time_since_epoch().count(), 0)));
}

Result<Schedule> read(const config::State& config, const config::Document& document) {
  Schedule out;
  out.zone = document.get("time_zone");
  if (find_zone(out.zone) == nullptr) return no_zone(out.zone);
  auto week = read_week(document, "open.");
  if (!week) return std::unexpected(week.error());
  out.week = std::move(*week);
  for (const config::Document* each : config.overrides(document.id)) {
    auto read_back = read_override(*each);
    if (!read_back) return std::unexpected(read_back.error());
    out.overrides.push_back(std::move(*read_back));
  }
  return out;
}

Result<bool> open(const Schedule& schedule, Hlc at) {
  const date::time_zone* zone = find_zone(schedule.zone);
  if (zone == nullptr) return no_zone(schedule.zone);
  return open_at(zone, schedule, sys_of(at));
}

Result<std::optional<Hlc>> next_change(const Schedule& schedule, Hlc at) {
  const date::time_zone* zone = find_zone(schedule.zone);
  if (zone == nullptr) return no_zone(schedule.zone);
  const SysMs now = sys_of(at);
  const SysMs end = horizon(schedule, now);
  const bool is = open_at(zone, schedule, now);
  for (SysMs from = now; from < end; from += kAhead) {
    for (const SysMs candidate : candidates(zone, schedule, from, std::min(from + kAhead, end))) {
      if (open_at(zone, schedule, candidate) == is) continue;
      return Hlc::at(static_cast<std::uint64_t>(candidate.time_since_epoch().count()));
    }
  }
  return std::optional<Hlc>{};
}

}  // namespace tandem::hours
