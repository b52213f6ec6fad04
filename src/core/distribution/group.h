// Distribution groups, read from configuration: which contacts enter by one, and what each region is to have of them.
//
// A document of kind `distribution_group` has the fields name, description, policy ("fixed", "nearest-balanced",
// "least-wait"), bound (contacts), returning = "1" (customers go to the region of their last contact), step_max (parts
// of 1,000), and
//   share.<region>   = parts of 1,000; together 1,000
//   entry.<ENTRY>    = "1": CHAT, TASK, CALLBACK, VOICE, flow/<id of a flow>, phone/<E.164 number>
//   window.<name>    = other shares for a time, see `Window`
//   near.<prefix>.<region> = milliseconds from callers whose number begins so ("+49", "+1212")
//   default = "1"    the group of whatever enters by no other
// Shares, windows and entries merge element by element, as all lists do; two people who change shares at the same time
// may leave a sum other than 1,000, which then means parts of that sum.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/view.h"
#include "core/distribution/balance.h"
#include "core/hours/view.h"
#include "core/membership/view.h"

namespace tandem::distribution {

using Shares = std::map<std::string, std::uint32_t>;  // region -> parts of 1,000

// "once FROM TILL ZONE SHARES" or "weekly DAYS FROM-TILL ZONE SHARES", the parts apart by one space:
//   once 2026-12-24T08:00 2026-12-24T20:00 Europe/Berlin us-east-1=700,us-west-2=300
//   weekly MONDAY,FRIDAY 22:00-06:00 America/New_York us-east-1=1000
// An end at or before the start of a weekly window lies on the next day.
struct Window {
  std::string name;
  bool weekly = false;
  std::string zone;
  std::string from;  // as written
  std::string till;
  std::string days;  // of a weekly one
  Shares shares;
  hours::Schedule schedule;  // when a weekly one is open
  std::pair<Hlc, Hlc> span;  // when the other is
  friend bool operator==(const Window&, const Window&) = default;
};

struct Group {
  Uuid id;
  std::string name;
  Policy policy = Policy::fixed;
  std::uint32_t bound = kBound;
  bool returning = false;
  std::uint32_t step_max = 500;  // how far a share may change at once, unless a person says so; parts of 1,000
  Shares shares;
  std::map<std::string, Window> windows;
  std::map<std::string, std::map<std::string, double>> near;  // prefix -> region -> milliseconds
  std::set<std::string> entries;
  bool by_default = false;
};

[[nodiscard]] const char* policy_name(Policy policy);
[[nodiscard]] std::optional<Policy> parse_policy(std::string_view name);

// "50", "33.4": percent with one decimal at most. Errors: invalid, with what would be right.
[[nodiscard]] Result<std::uint32_t> parse_percent(std::string_view text);
[[nodiscard]] std::string percent_text(std::uint32_t parts);

// Errors: invalid, naming what is wrong.
[[nodiscard]] Result<Window> parse_window(const std::string& name, const std::string& text);
[[nodiscard]] std::string window_text(const Window& window);

// Shares that make sense: of these regions, together 1,000, one above 0. Errors: invalid, with the nearest that do.
[[nodiscard]] Result<void> check_shares(const Shares& shares, const std::vector<std::string>& regions);
// In proportion, and together `whole`: largest remainders get what rounding down leaves.
inline constexpr std::uint32_t kWhole = 1000;
[[nodiscard]] Shares scaled(const Shares& shares, std::uint32_t whole = kWhole);

// Reads what is legal and leaves out the rest: a document may be older than the rules.
[[nodiscard]] Group read(const config::Document& document);
// Judges the fields that are set, `document` as it was (null: a new group). Errors: invalid, naming the field.
[[nodiscard]] Result<void> check_group(const config::Document* document, const std::map<std::string, std::string>& set,
                                       const std::vector<std::string>& regions);

[[nodiscard]] std::vector<std::string> region_names(const membership::State& members);
// Without a group that somebody made the default: equal shares.
[[nodiscard]] Group default_group(const config::State& config, const membership::State& members);
// All groups: the default first. One without any share has equal ones.
[[nodiscard]] std::vector<Group> groups(const config::State& config, const membership::State& members);
[[nodiscard]] std::optional<Group> find_group(const config::State& config, const membership::State& members,
                                              const std::string& id_or_name);

// The window that counts at the instant: one-off before weekly, then the one that began later, then by name.
[[nodiscard]] const Window* window_at(const Group& group, Hlc at);
[[nodiscard]] const Shares& shares_at(const Group& group, Hlc at);
// When other shares may count next; nothing: never.
[[nodiscard]] std::optional<Hlc> next_window_change(const Group& group, Hlc at);

}  // namespace tandem::distribution
