#include "core/distribution/group.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <numeric>
#include <set>

namespace tandem::distribution {
namespace {

constexpr const char* kPolicies[] = {"fixed", "nearest-balanced", "least-wait"};

std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> out;
  while (true) {
    const auto end = text.find(at);
    out.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

std::optional<std::uint32_t> whole_number(std::string_view text, std::uint32_t max) {
  std::uint32_t out = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (wrong != std::errc{} || end != text.data() + text.size() || text.empty() || out > max) return std::nullopt;
  return out;
}

std::uint64_t sum_of(const Shares& shares) {
  return std::accumulate(shares.begin(), shares.end(), std::uint64_t{},
                         [](std::uint64_t sum, const auto& share) { return sum + share.second; });
}

std::string in_words(const Shares& shares) {
  std::string out;
  for (const auto& [region, parts] : shares) {
    out += fmt::format("{}{} {} %", out.empty() ? "" : ", ", region, percent_text(parts));
  }
  return out;
}

Result<Shares> parse_shares(const std::string& text) {
  Shares out;
  for (const std::string& each : split(text, ',')) {
    const auto equals = each.find('=');
    const auto parts = equals == std::string::npos ? std::nullopt : whole_number(each.substr(equals + 1), kWhole);
    if (!parts || equals == 0) return fail(Errc::invalid, "\"" + each + "\" is not REGION=PARTS, parts of 1,000");
    if (!out.emplace(each.substr(0, equals), *parts).second) return fail(Errc::invalid, each + ": named twice");
  }
  return out;
}

struct LocalTime {
  hours::Date date;
  std::chrono::minutes since{};
};
std::optional<LocalTime> parse_local(std::string_view text) {
  if (text.size() != 16 || text[10] != 'T') return std::nullopt;
  const auto date = hours::parse_date(text.substr(0, 10));
  // As an opening, which knows a time of day when it sees one.
  const auto time = hours::parse_opening(std::string(text.substr(11)) + "-24:00");
  if (!date || !time) return std::nullopt;
  return LocalTime{*date, time->from};
}

struct Span {
  Hlc from;
  Hlc till;
};
// Of a one-off window.
std::optional<Span> span_of(const Window& window) {
  const auto from = parse_local(window.from);
  const auto till = parse_local(window.till);
  if (!from || !till) return std::nullopt;
  const auto begins = hours::instant(window.zone, from->date, from->since);
  const auto ends = hours::instant(window.zone, till->date, till->since);
  if (!begins || !ends) return std::nullopt;
  return Span{*begins, *ends};
}

// When the window that is open at the instant began; nothing when it is not open.
std::optional<Hlc> open_since(const Window& window, Hlc at) {
  if (!window.weekly) {
    if (window.span.first <= at && at < window.span.second) return window.span.first;
    return std::nullopt;
  }
  if (!hours::open(window.schedule, at).value_or(false)) return std::nullopt;
  // The last change before: an opening reaches over two days at most.
  Hlc since = at + -std::chrono::hours{49};
  for (Hlc next = since;;) {
    const auto change = hours::next_change(window.schedule, next);
    if (!change || !*change || **change > at) return since;
    since = next = **change;
  }
}

}  // namespace

const char* policy_name(Policy policy) { return kPolicies[static_cast<std::size_t>(policy)]; }

std::optional<Policy> parse_policy(std::string_view name) {
  const auto at = std::ranges::find(kPolicies, name);
  if (at == std::end(kPolicies)) return std::nullopt;
  return static_cast<Policy>(at - std::begin(kPolicies));
}

Result<std::uint32_t> parse_percent(std::string_view text) {
  const auto wrong = [&](std::string_view nearest) {
    return fail(Errc::invalid, fmt::format("\"{}\" is no share: percent from 0 to 100, with one decimal at most{}{}",
                                           text, nearest.empty() ? "" : "; the nearest is ", nearest));
  };
  if (text.empty() || text.size() > 12 || text.find_first_not_of("0123456789.-+") != std::string_view::npos) {
    return wrong("");
  }
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return wrong("");
  if (value < 0) return wrong("0");
  if (value > 100) return wrong("100");
  const auto point = text.find('.');
  const auto parts = static_cast<std::uint32_t>(value * 10 + 0.5);
  if (point != std::string_view::npos && text.size() - point > 2) return wrong(percent_text(parts));
  return parts;
}

std::string percent_text(std::uint32_t parts) {
  return parts % 10 == 0 ? fmt::format("{}", parts / 10) : fmt::format("{}.{}", parts / 10, parts % 10);
}

Result<Window> parse_window(const std::string& name, const std::string& text) {
  const std::vector<std::string> parts = split(text, ' ');
  const auto wrong = [&](const std::string& why) { return fail(Errc::invalid, "window " + name + ": " + why); };
  Window out;
  out.name = name;
  if (parts.size() != 5 || (parts[0] != "once" && parts[0] != "weekly")) {
    return wrong("\"" + text +
                 "\" is neither \"once FROM TILL ZONE SHARES\" nor \"weekly DAYS FROM-TILL ZONE SHARES\"");
  }
  out.weekly = parts[0] == "weekly";
  out.zone = parts[3];
  if (!hours::known_zone(out.zone)) return wrong("no time zone is called \"" + out.zone + "\"");
  auto shares = parse_shares(parts[4]);
  if (!shares) return wrong(shares.error().detail);
  out.shares = std::move(*shares);
  if (out.weekly) {
    out.days = parts[1];
    const auto opening = hours::parse_opening(parts[2]);
    if (!opening) return wrong("\"" + parts[2] + "\" is not HH:MM-HH:MM");
    out.from = parts[2].substr(0, 5);
    out.till = parts[2].substr(6);
    out.schedule.zone = out.zone;
    constexpr const char* kDays[] = {"MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"};
    for (const std::string& day : split(out.days, ',')) {
      const auto at = std::ranges::find(kDays, day);
      if (at == std::end(kDays)) return wrong("\"" + day + "\" is no day: MONDAY to SUNDAY");
      out.schedule.week[static_cast<std::size_t>(at - std::begin(kDays))] = {*opening};
    }
    return out;
  }
  out.from = parts[1];
  out.till = parts[2];
  for (const std::string& time : {out.from, out.till}) {
    if (!parse_local(time)) return wrong("\"" + time + "\" is no time: 2026-12-24T08:00");
  }
  const auto span = span_of(out);
  if (!span || span->till <= span->from) return wrong("it ends before it begins");
  out.span = {span->from, span->till};
  return out;
}

std::string window_text(const Window& window) {
  std::string shares;
  for (const auto& [region, parts] : window.shares) {
    shares += fmt::format("{}{}={}", shares.empty() ? "" : ",", region, parts);
  }
  if (window.weekly) {
    return fmt::format("weekly {} {}-{} {} {}", window.days, window.from, window.till, window.zone, shares);
  }
  return fmt::format("once {} {} {} {}", window.from, window.till, window.zone, shares);
}

Shares scaled(const Shares& shares, std::uint32_t whole) {
  const std::uint64_t sum = sum_of(shares);
  if (sum == whole || sum == 0) return shares;
  Shares out;
  std::vector<std::pair<std::uint64_t, std::string>> rest;
  std::uint32_t given = 0;
  for (const auto& [region, parts] : shares) {
    out[region] = static_cast<std::uint32_t>(parts * std::uint64_t{whole} / sum);
    given += out[region];
    rest.emplace_back(parts * std::uint64_t{whole} % sum, region);
  }
  std::ranges::stable_sort(rest, std::ranges::greater{}, [](const auto& each) { return each.first; });
  for (std::size_t n = 0; given < whole; ++n, ++given) ++out[rest[n].second];
  return out;
}

Result<void> check_shares(const Shares& shares, const std::vector<std::string>& regions) {
  for (const auto& [region, parts] : shares) {
    if (parts > kWhole) return fail(Errc::invalid, region + ": a share is at most 100 %");
    if (std::ranges::find(regions, region) != regions.end()) continue;
    std::string known;
    for (const std::string& each : regions) known += (known.empty() ? "" : ", ") + each;
    return fail(Errc::invalid, "there is no region " + region + "; there are " + known);
  }
  const std::uint64_t sum = sum_of(shares);
  if (sum == kWhole) return {};
  if (sum == 0) return fail(Errc::invalid, "no region has a share: some must");
  return fail(Errc::invalid, fmt::format("the shares are {} % together, not 100 %; the nearest that are: {}",
                                         percent_text(static_cast<std::uint32_t>(sum)), in_words(scaled(shares))));
}

Group read(const config::Document& document) {
  Group out;
  out.id = document.id;
  out.name = document.get("name");
  out.policy = parse_policy(document.get("policy")).value_or(Policy::fixed);
  if (const auto bound = whole_number(document.get("bound"), kBoundMax); bound && *bound > 0) out.bound = *bound;
  if (const auto most = whole_number(document.get("step_max"), kWhole); most && *most > 0) out.step_max = *most;
  out.returning = document.get("returning") == "1";
  out.by_default = document.get("default") == "1";
  for (const auto& [region, text] : document.list("share.")) {
    if (const auto parts = whole_number(text, kWhole)) out.shares[region] = *parts;
  }
  out.shares = scaled(out.shares);
  for (const auto& [entry, set] : document.list("entry.")) out.entries.insert(entry);
  for (const auto& [name, text] : document.list("window.")) {
    auto window = parse_window(name, text);
    if (!window) continue;
    window->shares = scaled(window->shares);
    out.windows.emplace(name, std::move(*window));
  }
  for (const auto& [key, text] : document.list("near.")) {
    const auto dot = key.find('.');
    const auto ms = whole_number(text, 10'000);
    if (dot != std::string::npos && ms) out.near[key.substr(0, dot)][key.substr(dot + 1)] = *ms;
  }
  return out;
}

namespace {

Result<void> check_number(const std::string& field, const std::string& value, std::uint32_t max) {
  const auto number = whole_number(value, max);
  if (value.empty() || (number && *number > 0)) return {};
  return fail(Errc::invalid, fmt::format("{}: \"{}\" is no number from 1 to {}", field, value, max));
}

bool is_phone(std::string_view text, bool prefix) {
  const std::size_t digits = text.empty() ? 0 : text.size() - 1;
  return !text.empty() && text[0] == '+' && text.find_first_not_of("0123456789", 1) == std::string_view::npos &&
         digits >= (prefix ? 1 : 7) && digits <= 15 && text[1] != '0';
}

Result<void> check_entry(const std::string& entry) {
  for (const char* known : {"CHAT", "TASK", "CALLBACK", "VOICE"}) {
    if (entry == known) return {};
  }
  if (entry.starts_with("flow/") && parse_uuid(entry.substr(5))) return {};
  if (entry.starts_with("phone/") && is_phone(std::string_view(entry).substr(6), false)) return {};
  return fail(Errc::invalid, "\"" + entry + "\" is no entry: CHAT, TASK, CALLBACK, VOICE, flow/ID, phone/+NUMBER");
}

Result<void> check_field(const std::string& field, const std::string& value, const std::vector<std::string>& regions) {
  if (value.empty()) return {};
  if (field == "policy" && !parse_policy(value)) {
    return fail(Errc::invalid, "there is no policy \"" + value + "\"; there are fixed, nearest-balanced, least-wait");
  }
  if (field == "bound") return check_number(field, value, kBoundMax);
  if (field == "step_max") return check_number(field, value, kWhole);
  if (field.starts_with("share.")) {
    if (!whole_number(value, kWhole)) return fail(Errc::invalid, field + ": \"" + value + "\" is not 0 to 1000 parts");
  } else if (field.starts_with("entry.")) {
    return check_entry(field.substr(6));
  } else if (field.starts_with("window.")) {
    const auto window = parse_window(field.substr(7), value);
    if (!window) return std::unexpected(window.error());
    if (auto good = check_shares(window->shares, regions); !good) {
      return fail(Errc::invalid, "window " + window->name + ": " + good.error().detail);
    }
  } else if (field.starts_with("near.")) {
    const auto dot = field.find('.', 5);
    const bool good =
        dot != std::string::npos && is_phone(field.substr(5, dot - 5), true) && whole_number(value, 10'000);
    if (!good) return fail(Errc::invalid, field + " = \"" + value + "\" is not near.+PREFIX.REGION = milliseconds");
  }
  return {};
}

}  // namespace

Result<void> check_group(const config::Document* document, const std::map<std::string, std::string>& set,
                         const std::vector<std::string>& regions) {
  for (const auto& [field, value] : set) {
    if (auto good = check_field(field, value, regions); !good) return good;
  }
  Shares shares;
  if (document != nullptr) {
    for (const auto& [region, text] : document->list("share.")) shares[region] = whole_number(text, kWhole).value_or(0);
  }
  bool touched = document == nullptr;
  for (const auto& [field, value] : set) {
    if (!field.starts_with("share.")) continue;
    touched = true;
    shares.erase(field.substr(6));
    if (!value.empty()) shares[field.substr(6)] = *whole_number(value, kWhole);
  }
  return touched ? check_shares(shares, regions) : Result<void>{};
}

std::vector<std::string> region_names(const membership::State& members) {
  std::set<std::string> out;
  for (const membership::Member& member : members.current().members) {
    if (!member.hub) out.insert(member.region);
  }
  return {out.begin(), out.end()};
}

namespace {

Shares equal(const membership::State& members) {
  Shares out;
  for (const std::string& region : region_names(members)) out[region] = 1;
  return scaled(out);
}

}  // namespace

Group default_group(const config::State& config, const membership::State& members) {
  for (const config::Document* document : config.all(config::Kind::distribution_group)) {
    if (document->get("default") == "1") return read(*document);
  }
  Group out;
  // The same at every node, as everything that is made for this centre alone.
  const auto instances = config.all(config::Kind::instance);
  out.id = derive_uuid(instances.empty() ? Uuid{} : instances.front()->id, "default distribution group");
  out.name = "default";
  out.by_default = true;
  out.shares = equal(members);
  return out;
}

std::vector<Group> groups(const config::State& config, const membership::State& members) {
  std::vector<Group> out{default_group(config, members)};
  for (const config::Document* document : config.all(config::Kind::distribution_group)) {
    if (document->id != out.front().id) out.push_back(read(*document));
  }
  for (Group& group : out) {
    if (group.shares.empty()) group.shares = equal(members);
  }
  return out;
}

std::optional<Group> find_group(const config::State& config, const membership::State& members,
                                const std::string& id_or_name) {
  for (Group& group : groups(config, members)) {
    if (group.name == id_or_name || group.id.text() == id_or_name) return std::move(group);
  }
  return std::nullopt;
}

const Window* window_at(const Group& group, Hlc at) {
  const Window* best = nullptr;
  Hlc best_since;
  for (const auto& [name, window] : group.windows) {
    const auto since = open_since(window, at);
    if (!since) continue;
    const bool wins =
        best == nullptr || (best->weekly && !window.weekly) || (best->weekly == window.weekly && *since > best_since);
    if (!wins) continue;
    best = &window;
    best_since = *since;
  }
  return best;
}

const Shares& shares_at(const Group& group, Hlc at) {
  const Window* window = window_at(group, at);
  return window == nullptr ? group.shares : window->shares;
}

std::optional<Hlc> next_window_change(const Group& group, Hlc at) {
  std::optional<Hlc> out;
  const auto sooner = [&](Hlc when) {
    if (when > at && (!out || when < *out)) out = when;
  };
  for (const auto& [name, window] : group.windows) {
    if (!window.weekly) {
      sooner(window.span.first);
      sooner(window.span.second);
    } else if (const auto change = hours::next_change(window.schedule, at); change && *change) {
      sooner(**change);
    }
  }
  return out;
}

}  // namespace tandem::distribution
