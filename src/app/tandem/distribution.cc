// `tandem distribution`, `drain`, `undrain`.
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <thread>

#include "app/client/answers.h"
#include "app/tandem/commands.h"
#include "app/tandem/exit_codes.h"
#include "app/tandem/ops_client.h"
#include "app/tandem/table.h"
#include "codec/uri.h"
#include "core/distribution/group.h"

namespace tandem::cli {
namespace {

using What = Distribution::What;
using namespace std::chrono_literals;
constexpr auto kWatchEvery = 2s;

Result<OpsClient> ops_of(const Invocation& call) {
  const auto centre = existing_centre(call.dir);
  if (!centre) return std::unexpected(centre.error());
  return OpsClient::open(*centre);
}

std::string number(const json::object& from, std::string_view name) {
  const json::value* value = from.if_contains(name);
  if (value == nullptr || value->is_null()) return "-";
  if (value->is_double()) return fmt::format("{:g}", value->get_double());
  return json::serialize(*value);
}

std::string shares_text(const json::object& shares) {
  std::string out;
  for (const auto& [region, percent] : shares) {
    out += fmt::format("{}{} {} %", out.empty() ? "" : ", ", std::string_view(region), number(shares, region));
  }
  return out;
}

// "us-east-1=33.4" -> region and parts of 1,000. Errors: invalid.
Result<std::pair<std::string, std::uint32_t>> read_share(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    return fail(Errc::invalid, "\"" + text + "\" is not REGION=PERCENT");
  }
  const auto parts = distribution::parse_percent(std::string_view(text).substr(equals + 1));
  if (!parts) return std::unexpected(parts.error());
  return std::pair{text.substr(0, equals), *parts};
}

// Regions that have a share and are not named lose it: shares are given as a whole. Errors: invalid.
Result<void> set_shares(const std::vector<std::string>& typed, const json::object* before, json::object& set) {
  if (typed.empty()) return {};
  if (before != nullptr) {
    for (const auto& [region, percent] : *before) set["share." + std::string(region)] = "";
  }
  for (const std::string& each : typed) {
    const auto share = read_share(each);
    if (!share) return std::unexpected(share.error());
    set["share." + share->first] = std::to_string(share->second);
  }
  return {};
}

void print_objections(const json::object& preview) {
  const json::array& objections = list(preview, "objections");
  for (const json::value& value : objections) {
    const json::object& each = value.get_object();
    fmt::print("objects: {}: {}{}\n", text(each, "rule"), text(each, "text"),
               each.at("absolute") == true ? " (nobody overrides this)" : "");
  }
  if (objections.empty()) fmt::print("no rule objects\n");
}

void print_regions(const json::object& group) {
  const bool counted = !list(group, "regions").empty() && list(group, "regions")[0].get_object().contains("contacts");
  std::vector<std::string> header{"REGION", "TARGET %", "STANDING", "NOW %"};
  if (counted) header.insert(header.end(), {"LAST HOUR", "CONTACTS %", "WORK %"});
  Table table(header);
  for (const json::value& value : list(group, "regions")) {
    const json::object& each = value.get_object();
    const std::string part = number(each, "part");
    std::vector<std::string> row{
        text(each, "region"), number(each, "target"),
        text(each, "standing") + (text(each, "standing") == "ramping" ? " at " + part + " %" : ""),
        number(each, "effective")};
    if (counted)
      row.insert(row.end(), {number(each, "contacts"), number(each, "contact_share"), number(each, "work_share")});
    table.add(std::move(row));
  }
  fmt::print("{}", table.text());
}

void print_group(const json::object& group) {
  std::string entries;
  for (const json::value& entry : list(group, "entries")) {
    entries += (entries.empty() ? "" : ", ") + std::string(entry.get_string());
  }
  if (entries.empty()) entries = group.at("default") == true ? "whatever enters by no other group" : "nothing";
  fmt::print(
      "{}: {}{}{}, for {}\n", text(group, "name"), text(group, "policy"),
      text(group, "policy") == "fixed" && group.at("returning") == false ? "" : ", bound " + number(group, "bound"),
      group.at("returning") == true ? ", returning customers to their region" : "", entries);
  if (group.at("frozen") == true) fmt::print("FROZEN: no region with a share takes contacts\n");
  if (!text(group, "window").empty()) fmt::print("shares of window {}\n", text(group, "window"));
  print_regions(group);
}

int list_groups(const OpsClient& ops, const Distribution& d, const Invocation& call) {
  const auto got = ops.get_from_any(d.group.empty() ? "distribution" : "distribution/" + uri::encode(d.group));
  if (!got) return complain(got.error(), call.json);
  if (call.json) {
    fmt::print("{}\n", json::serialize(*got));
    return kDone;
  }
  bool first = true;
  for (const json::value& value : list(*got, "groups")) {
    const json::object& group = value.get_object();
    if (!first) fmt::print("\n");
    first = false;
    print_group(group);
    if (d.what != What::show) continue;
    for (const auto& [name, window] : group.at("windows").get_object()) {
      fmt::print("window {}: {}\n", std::string_view(name), std::string_view(window.get_string()));
    }
    if (list(group, "coming_week").size() < 2) continue;
    Table week({"FROM (UTC)", "WINDOW", "SHARES"});
    for (const json::value& at : list(group, "coming_week")) {
      const json::object& each = at.get_object();
      const std::string window = text(each, "window");
      week.add({text(each, "from"), window.empty() ? "-" : window, shares_text(each.at("shares").get_object())});
    }
    fmt::print("\nThe coming week\n{}", week.text());
  }
  return kDone;
}

// The group as it stands; nothing when there is none yet.
Result<std::optional<json::object>> group_now(const OpsClient& ops, const std::string& name) {
  auto got = ops.get_from_any("distribution/" + uri::encode(name));
  if (got) return list(*got, "groups").at(0).get_object();
  if (got.error().code == Errc::not_found) return std::nullopt;
  return std::unexpected(got.error());
}

Result<json::object> fields_of(const OpsClient& ops, const Distribution& d) {
  json::object set;
  const auto before = group_now(ops, d.group);
  if (!before) return std::unexpected(before.error());
  const json::object* shares = *before ? &(*before)->at("shares").get_object() : nullptr;
  if (auto good = set_shares(d.shares, shares, set); !good) return std::unexpected(good.error());
  if (!d.policy.empty()) set["policy"] = d.policy;
  if (!d.bound.empty()) set["bound"] = d.bound;
  if (!d.step_max.empty()) {
    const auto parts = distribution::parse_percent(d.step_max);
    if (!parts) return std::unexpected(parts.error());
    set["step_max"] = std::to_string(*parts);
  }
  if (d.returning == "on" || d.returning == "off") {
    set["returning"] = d.returning == "on" ? "1" : "";
  } else if (!d.returning.empty()) {
    return fail(Errc::invalid, "--returning is on or off");
  }
  for (const std::string& entry : d.entries) set["entry." + entry] = "1";
  for (const std::string& entry : d.no_entries) set["entry." + entry] = "";
  for (const std::string& near : d.near) {
    const auto equals = near.find('=');
    if (equals == std::string::npos) return fail(Errc::invalid, "\"" + near + "\" is not PREFIX.REGION=MS");
    set["near." + near.substr(0, equals)] = near.substr(equals + 1);
  }
  if (set.empty()) return fail(Errc::invalid, "nothing is to change: give shares or an option");
  return set;
}

Result<json::object> window_of(const Distribution& d) {
  json::object set;
  if (d.remove) {
    set["window." + d.window] = "";
    return set;
  }
  if (d.from.empty() || d.till.empty() || d.zone.empty() || d.shares.empty()) {
    return fail(Errc::invalid, "a window needs --from, --till, --zone and shares");
  }
  std::string shares;
  for (const std::string& each : d.shares) {
    const auto share = read_share(each);
    if (!share) return std::unexpected(share.error());
    shares += fmt::format("{}{}={}", shares.empty() ? "" : ",", share->first, share->second);
  }
  std::string days;
  for (const std::string& day : d.days) days += (days.empty() ? "" : ",") + day;
  set["window." + d.window] = days.empty() ? fmt::format("once {} {} {} {}", d.from, d.till, d.zone, shares)
                                           : fmt::format("weekly {} {}-{} {} {}", days, d.from, d.till, d.zone, shares);
  return set;
}

int change(const OpsClient& ops, const Distribution& d, Result<json::object> set, const Invocation& call) {
  if (!set) return complain(set.error(), call.json);
  json::object body{{"set", std::move(*set)}};
  put_said(body, d.why, d.over);
  const std::string path = "distribution/" + uri::encode(d.group);
  if (d.dry_run) {
    body["preview"] = true;
    const auto preview = ops.put_to_any(path, body);
    if (!preview) return complain(preview.error(), call.json);
    if (call.json) {
      fmt::print("{}\n", json::serialize(*preview));
      return kDone;
    }
    if (const json::value& before = preview->at("before"); before.is_object()) {
      fmt::print("As it is\n");
      print_regions(before.get_object());
      fmt::print("\n");
    }
    fmt::print("As it would be\n");
    print_regions(preview->at("after").get_object());
    print_objections(*preview);
    return kDone;
  }
  const auto done = ops.put_to_any(path, body);
  if (!done) return complain(done.error(), call.json);
  Distribution shown;
  shown.what = What::show;
  shown.group = d.group;
  return list_groups(ops, shown, call);
}

int history(const OpsClient& ops, const Invocation& call) {
  const auto got = ops.get_from_any("distribution-history");
  if (!got) return complain(got.error(), call.json);
  if (call.json) {
    fmt::print("{}\n", json::serialize(*got));
    return kDone;
  }
  Table table({"ENTRY", "AT", "BY", "WHAT", "WHY", "OVERRIDDEN"});
  for (const json::value& value : list(*got, "history")) {
    const json::object& each = value.get_object();
    std::string what;
    if (each.contains("region")) {
      what = text(each, "region") + ": " + text(each, "what");
    } else {
      what = text(each, "group") + ":";
      const json::object& before = each.at("before").get_object();
      for (const auto& [field, value_after] : each.at("after").get_object()) {
        const std::string was = text(before, field);
        const std::string is(value_after.get_string());
        const bool share = std::string_view(field).starts_with("share.");
        const auto shown = [share](const std::string& parts) {
          return parts.empty()
                     ? std::string("-")
                     : (share ? distribution::percent_text(static_cast<std::uint32_t>(std::atoi(parts.c_str()))) + " %"
                              : parts);
        };
        if (was != is) what += fmt::format(" {} {} -> {}", std::string_view(field), shown(was), shown(is));
      }
    }
    std::string over;
    for (const json::value& rule : list(each, "overridden"))
      over += (over.empty() ? "" : ", ") + std::string(rule.get_string());
    table.add({text(each, "id"), text(each, "at"), text(each, "by"), what, text(each, "why"), over});
  }
  fmt::print("{}", table.text());
  return kDone;
}

int revert(const OpsClient& ops, const Distribution& d, const Invocation& call) {
  const auto got = ops.get_from_any("distribution-history");
  if (!got) return complain(got.error(), call.json);
  for (const json::value& value : list(*got, "history")) {
    const json::object& each = value.get_object();
    if (text(each, "id") != d.id) continue;
    if (!each.contains("before")) {
      return complain({Errc::refused, "this entry is about a region: `tandem drain` and `undrain` undo each other"},
                      call.json);
    }
    Distribution back = d;
    back.group = text(each, "group");
    if (back.why.empty()) back.why = "back to what was before " + d.id;
    json::object set = each.at("before").get_object();
    set.erase("name");
    set.erase("default");
    return change(ops, back, std::move(set), call);
  }
  return complain({Errc::not_found, "the history has no entry " + d.id}, call.json);
}

int explain(const OpsClient& ops, const Distribution& d, const Invocation& call) {
  const auto got = ops.get_from_any("contacts/" + uri::encode(d.id));
  if (!got) return complain(got.error(), call.json);
  const json::value* placed = got->if_contains("placed");
  if (placed == nullptr || !placed->is_object()) {
    return complain({Errc::refused, "nobody chose a region for this contact: it was made by another one"}, call.json);
  }
  const json::object& p = placed->get_object();
  if (call.json) {
    fmt::print("{}\n", json::serialize(p));
    return kDone;
  }
  static const std::map<std::string, std::string> kWords{
      {"only", "no other region took contacts"},
      {"due", "by the count: it was the first that had to have one"},
      {"nearest", "nearest, or the shortest wait"},
      {"balanced", "another region was nearer, but ahead of its share"},
      {"bound", "another region was nearer, but as far ahead as a region may be"},
      {"returning", "the customer's last contact was there"},
      {"at home", "it was asked for at the region's own address"}};
  const auto words = kWords.find(text(p, "rule"));
  fmt::print("group {}: to {}: {}\n", text(p, "group"), text(p, "region"),
             words == kWords.end() ? text(p, "rule") : words->second);
  if (list(p, "options").empty()) return kDone;
  Table table({"REGION", "TARGET %", "MAY TAKE %", "AHEAD BY", "MS"});
  for (const json::value& value : list(p, "options")) {
    const json::object& each = value.get_object();
    table.add({text(each, "region"), number(each, "target"), number(each, "part"), number(each, "ahead"),
               number(each, "cost_ms")});
  }
  const json::object& by = p.at("by").get_object();
  fmt::print("contact {} that {} counted; with it:\n{}", number(p, "number"), text(by, "region"), table.text());
  return kDone;
}

// A region, or else a node, by name.
const json::object* place_in(const json::object& regions, const std::string& name) {
  const json::object* node = nullptr;
  for (const json::value& value : list(regions, "regions")) {
    if (text(value.get_object(), "region") == name) return &value.get_object();
    for (const json::value& each : list(value.get_object(), "nodes")) {
      const bool named = text(each.get_object(), "name") == name || "node/" + number(each.get_object(), "node") == name;
      if (named) node = &each.get_object();
    }
  }
  return node;
}

std::string left_text(const json::object& region) {
  return fmt::format("{} agents, {} in a flow, {} waiting, {} connected", number(region, "agents"),
                     number(region, "in_flow"), number(region, "waiting"), number(region, "connected"));
}

// Until it is empty, or has its whole share. A pace from what left while it was watched says how long it may take.
int watch(const OpsClient& ops, const std::string& name, bool draining, const Invocation& call) {
  std::optional<std::int64_t> first;
  const auto began = std::chrono::steady_clock::now();
  std::string last;
  for (;;) {
    const auto got = ops.get_from_any("regions");
    const json::object* region = got ? place_in(*got, name) : nullptr;
    if (region == nullptr)
      return complain(got ? Error{Errc::not_found, "no region or node " + name} : got.error(), call.json);
    const bool done = draining ? region->at("empty") == true : text(*region, "standing") == "serving";
    if (call.json) {
      fmt::print("{}\n", json::serialize(*region));
    } else {
      std::string line =
          draining ? left_text(*region) : fmt::format("{} at {} %", text(*region, "standing"), number(*region, "part"));
      std::int64_t left = 0;
      for (const char* each : {"in_flow", "waiting", "connected"}) left += region->at(each).to_number<std::int64_t>();
      if (!first) first = left;
      const auto passed =
          std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
      if (draining && *first > left && left > 0) {
        line += "; at this pace empty in about " + duration(passed.count() * left / (*first - left));
      }
      if (line != last) fmt::print("{}: {}\n", name, line);
      last = line;
    }
    std::fflush(stdout);
    if (done) return kDone;
    if (draining && text(*region, "duty") != "drain") {
      return complain({Errc::refused, "the drain of " + name + " was taken back"}, call.json);
    }
    std::this_thread::sleep_for(kWatchEvery);
  }
}

}  // namespace

int run(const Distribution& d, const Invocation& call) {
  const auto ops = ops_of(call);
  if (!ops) return complain(ops.error(), call.json);
  switch (d.what) {
    case What::set:
      return change(*ops, d, fields_of(*ops, d), call);
    case What::schedule:
      return change(*ops, d, window_of(d), call);
    case What::history:
      return history(*ops, call);
    case What::revert:
      return revert(*ops, d, call);
    case What::explain:
      return explain(*ops, d, call);
    default:
      return list_groups(*ops, d, call);
  }
}

int run(const Drain& drain, const Invocation& call) {
  const auto ops = ops_of(call);
  if (!ops) return complain(ops.error(), call.json);
  json::object body{{"duty", "drain"}, {"then", drain.then}};
  put_said(body, drain.why, drain.over);
  if (!drain.deadline.empty()) {
    const auto seconds = read_seconds(drain.deadline);
    if (!seconds) return complain(seconds.error(), call.json);
    body["deadline_s"] = *seconds;
  }
  if (drain.dry_run) body["preview"] = true;
  const auto done = ops->put_to_any("regions/" + uri::encode(drain.region), body);
  if (!done) return complain(done.error(), call.json);
  if (drain.dry_run) {
    if (call.json) {
      fmt::print("{}\n", json::serialize(*done));
    } else {
      fmt::print("{}: {}\n", drain.region, left_text(done->at("region").get_object()));
      print_objections(*done);
    }
    return kDone;
  }
  if (drain.watch) return watch(*ops, drain.region, true, call);
  fmt::print(
      "{} drains: it takes nothing new; `tandem drain {} --watch` shows what is left, `tandem undrain {}` takes it "
      "back\n",
      drain.region, drain.region, drain.region);
  return kDone;
}

int run(const Undrain& undrain, const Invocation& call) {
  const auto ops = ops_of(call);
  if (!ops) return complain(ops.error(), call.json);
  json::object body{{"duty", undrain.at_once ? "serve" : "ramp"}};
  put_said(body, undrain.why, undrain.over);
  if (!undrain.at_once) {
    json::array& steps = body["steps"].emplace_array();
    for (const std::string& step : undrain.steps) {
      const auto parts = distribution::parse_percent(step);
      if (!parts) return complain(parts.error(), call.json);
      steps.emplace_back(static_cast<double>(*parts) / 10);
    }
    const auto every = read_seconds(undrain.every);
    if (!every) return complain(every.error(), call.json);
    body["every_s"] = *every;
  }
  const auto done = ops->put_to_any("regions/" + uri::encode(undrain.region), body);
  if (!done) return complain(done.error(), call.json);
  if (undrain.watch) return watch(*ops, undrain.region, false, call);
  fmt::print("{} takes contacts again{}\n", undrain.region, undrain.at_once ? "" : ", in steps");
  return kDone;
}

}  // namespace tandem::cli
