// Distribution groups and regions: shares as they are meant, as they are, and as they would be.
#include <algorithm>
#include <cmath>

#include "api/ops/views.h"
#include "core/distribution/choose.h"
#include "core/distribution/decide.h"
#include "core/distribution/react.h"

namespace tandem::api::ops {
namespace {

using distribution::Effective;
using distribution::Group;
using distribution::RegionShare;

constexpr std::uint64_t kLookBackMs = 3'600'000;  // contacts that are counted
constexpr std::uint64_t kWeekMs = 7 * 24 * 3'600'000ULL;
constexpr std::size_t kWindowChangesMax = 200;
constexpr std::size_t kReasonMax = 500;

const char* duty_name(distribution::Duty duty) {
  constexpr const char* kNames[] = {"serve", "drain", "ramp", "join"};
  return kNames[static_cast<std::size_t>(duty)];
}

const char* then_name(distribution::AtDeadline then) {
  constexpr const char* kNames[] = {"wait", "move", "end"};
  return kNames[static_cast<std::size_t>(then)];
}

json::object shares_of(const distribution::Shares& shares) {
  json::object out;
  for (const auto& [region, parts] : shares) out[region] = static_cast<double>(parts) / 10;
  return out;
}

// What came in by each group in the last hour.
struct Counted {
  std::uint64_t contacts = 0;
  std::uint64_t work_ms = 0;  // of agents
};
struct Looked {
  Hlc now;
  std::optional<ContactId> after;
  std::map<std::pair<Uuid, std::string>, Counted> counted;  // group and region
  std::string only;                                         // group by name or id; empty: all
  json::array groups;
  bool found = false;
};

bool count_piece(const World& world, Looked& looked) {
  std::size_t n = 0;
  const auto& all = world.contacts().all();
  for (auto at = looked.after ? all.upper_bound(*looked.after) : all.begin(); at != all.end(); ++at) {
    const contact::Contact& c = at->second.contact;
    looked.after = at->first;
    const bool recent = c.initiated.milliseconds() + kLookBackMs >= looked.now.milliseconds();
    if (recent && !c.placed.group.nil()) {
      Counted& counted = looked.counted[{c.placed.group, region_of(world, c.origin)}];
      ++counted.contacts;
      const Hlc end = c.ended.packed != 0 ? c.ended : looked.now;
      if (c.connected.packed != 0 && end > c.connected) {
        counted.work_ms += end.milliseconds() - c.connected.milliseconds();
      }
    }
    if (++n == kPiece) return false;
  }
  return true;
}

json::array regions_of(const Effective& effective, const Looked* looked, const Uuid& group) {
  Counted all;
  if (looked != nullptr) {
    for (const auto& [of, counted] : looked->counted) {
      if (of.first != group) continue;
      all.contacts += counted.contacts;
      all.work_ms += counted.work_ms;
    }
  }
  const auto percent = [](double part, double whole) {
    return whole == 0 ? json::value(nullptr) : json::value(std::round(part / whole * 1000) / 10);
  };
  json::array out;
  for (const RegionShare& each : effective.regions) {
    json::object region{{"region", each.region},
                        {"target", static_cast<double>(each.target) / 10},
                        {"standing", distribution::standing_name(each.standing)},
                        {"part", static_cast<double>(each.part) / 10},
                        {"effective", std::round(effective.percent(each) * 10) / 10}};
    if (looked != nullptr) {
      const auto at = looked->counted.find({group, each.region});
      const Counted counted = at == looked->counted.end() ? Counted{} : at->second;
      region["contacts"] = counted.contacts;
      region["contact_share"] = percent(static_cast<double>(counted.contacts), static_cast<double>(all.contacts));
      region["work_share"] = percent(static_cast<double>(counted.work_ms), static_cast<double>(all.work_ms));
    }
    out.emplace_back(std::move(region));
  }
  return out;
}

// What counts when, over the coming week.
json::array week_of(const Group& group, Hlc now) {
  json::array out;
  const Hlc end = Hlc::at(now.milliseconds() + kWeekMs);
  for (Hlc at = now; out.size() < kWindowChangesMax;) {
    const distribution::Window* window = distribution::window_at(group, at);
    const std::string name = window == nullptr ? std::string() : window->name;
    if (out.empty() || out.back().get_object()["window"].get_string() != name) {
      out.emplace_back(json::object{
          {"from", iso_time(at)}, {"window", name}, {"shares", shares_of(distribution::shares_at(group, at))}});
    }
    const auto next = distribution::next_window_change(group, at);
    if (!next || *next >= end) break;
    at = *next;
  }
  return out;
}

json::object describe(const Sees& sees, const Group& group, const Looked* looked, Hlc now) {
  const Effective effective = distribution::effective(sees, group, now);
  const distribution::Window* window = distribution::window_at(group, now);
  json::array entries;
  for (const std::string& entry : group.entries) entries.emplace_back(entry);
  json::object windows;
  for (const auto& [name, each] : group.windows) windows[name] = distribution::window_text(each);
  json::object near;
  for (const auto& [prefix, regions] : group.near) {
    json::object& of = near[prefix].emplace_object();
    for (const auto& [region, ms] : regions) of[region] = ms;
  }
  return {{"id", group.id.text()},
          {"name", group.name},
          {"default", group.by_default},
          {"policy", distribution::policy_name(group.policy)},
          {"bound", group.bound},
          {"returning", group.returning},
          {"step_max", static_cast<double>(group.step_max) / 10},
          {"entries", std::move(entries)},
          {"shares", shares_of(group.shares)},
          {"window", window == nullptr ? json::value(nullptr) : json::value(window->name)},
          {"windows", std::move(windows)},
          {"near", std::move(near)},
          {"frozen", effective.frozen},
          {"regions", regions_of(effective, looked, group.id)},
          {"coming_week", week_of(group, now)}};
}

bool groups_piece(const World& world, const Local& local, Looked& looked) {
  if (!count_piece(world, looked)) return false;
  for (const Group& group : distribution::groups(world.config(), world.members())) {
    if (!looked.only.empty() && looked.only != group.name && looked.only != group.id.text()) continue;
    looked.found = true;
    looked.groups.emplace_back(describe(world.sees(local), group, &looked, looked.now));
  }
  return true;
}

json::array objections_of(const std::vector<distribution::Objection>& objections) {
  json::array out;
  for (const distribution::Objection& each : objections) {
    out.emplace_back(json::object{{"rule", each.rule}, {"text", each.text}, {"absolute", each.absolute}});
  }
  return out;
}

// Members that every order has. Errors: invalid.
struct Said {
  std::string why;
  std::vector<std::string> over;
  bool preview = false;
};
Result<Said> read_said(const json::object& body) {
  Said out;
  if (const json::value* why = body.if_contains("why")) {
    if (!why->is_string() || why->get_string().size() > kReasonMax)
      return fail(Errc::invalid, "'why' is no short text");
    out.why = why->get_string();
  }
  if (const json::value* over = body.if_contains("override")) {
    if (!over->is_array()) return fail(Errc::invalid, "'override' is no list of rules");
    for (const json::value& rule : over->get_array()) {
      if (!rule.is_string()) return fail(Errc::invalid, "'override' is no list of rules");
      out.over.emplace_back(rule.get_string());
    }
  }
  const json::value* preview = body.if_contains("preview");
  out.preview = preview != nullptr && *preview == true;
  return out;
}

Result<distribution::SetGroup> read_set(const json::object& body, const Call& call) {
  distribution::SetGroup out;
  const auto said = read_said(body);
  if (!said) return std::unexpected(said.error());
  out.by = call.operator_name;
  out.why = said->why;
  out.over = said->over;
  const json::value* set = body.if_contains("set");
  if (set == nullptr || !set->is_object() || set->get_object().empty()) {
    return fail(Errc::invalid, "'set' names the fields that change, as text");
  }
  for (const auto& [field, value] : set->get_object()) {
    if (!value.is_string()) return fail(Errc::invalid, "'set': " + std::string(field) + " is no text");
    out.set[std::string(field)] = value.get_string();
  }
  return out;
}

Result<std::uint64_t> seconds(const json::object& body, const char* member, std::int64_t max) {
  const json::value* value = body.if_contains(member);
  if (value == nullptr) return 0;
  if (!value->is_int64() || value->get_int64() < 0 || value->get_int64() > max) {
    return fail(Errc::invalid, "'" + std::string(member) + "' is a number of seconds, at most " + std::to_string(max));
  }
  return static_cast<std::uint64_t>(value->get_int64());
}

Result<distribution::Ordered> read_order(const json::object& body, const Call& call) {
  distribution::Ordered out;
  out.region = call.id;
  out.by = call.operator_name;
  const auto said = read_said(body);
  if (!said) return std::unexpected(said.error());
  out.why = said->why;
  out.over = said->over;
  const auto word = [&](const char* member) {
    const json::value* value = body.if_contains(member);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
  };
  const std::string duty = word("duty");
  if (duty == "drain") {
    out.duty = distribution::Duty::draining;
  } else if (duty == "ramp") {
    out.duty = distribution::Duty::ramping;
  } else if (duty != "serve") {
    return fail(Errc::invalid, "'duty' is \"drain\", \"ramp\" or \"serve\"");
  }
  const std::string then = word("then");
  if (then == "move") {
    out.then = distribution::AtDeadline::move;
  } else if (then == "end") {
    out.then = distribution::AtDeadline::end;
  } else if (!then.empty() && then != "wait") {
    return fail(Errc::invalid, "'then' is \"wait\", \"move\" or \"end\"");
  }
  const auto deadline = seconds(body, "deadline_s", 7 * 86'400);
  if (!deadline) return std::unexpected(deadline.error());
  if (*deadline > 0) out.deadline = Hlc::at(call.host.utc_ms() + *deadline * 1000);
  const auto every = seconds(body, "every_s", 86'400);
  if (!every) return std::unexpected(every.error());
  out.every = std::chrono::seconds(*every);
  if (const json::value* steps = body.if_contains("steps")) {
    if (!steps->is_array()) return fail(Errc::invalid, "'steps' is a list of percentages");
    for (const json::value& step : steps->get_array()) {
      const double percent =
          step.is_double() ? step.get_double() : (step.is_int64() ? static_cast<double>(step.get_int64()) : -1);
      if (percent <= 0 || percent >= 100) return fail(Errc::invalid, "a step is above 0 and below 100 percent");
      out.steps.push_back(static_cast<std::uint32_t>(std::lround(percent * 10)));
    }
  }
  return out;
}

// Of a node, whether it takes contacts as far as it is concerned.
distribution::Standing standing_of(const Sees& sees, const std::string& place) {
  const auto node = distribution::node_of(place);
  if (!node) return distribution::standing(sees, place);
  if (!distribution::answering(sees, *node)) return distribution::Standing::away;
  const std::uint32_t part = sees.distribution.node(*node).part();
  if (part == 0) return distribution::Standing::draining;
  return part < 1000 ? distribution::Standing::ramping : distribution::Standing::serving;
}

json::object describe_place(const Sees& sees, const std::string& place) {
  const distribution::State::Region& ordered = sees.distribution.region(place);
  const distribution::Remains left = distribution::remains(sees, place);
  const distribution::Load load = distribution::load_of(sees, place);
  const auto node = distribution::node_of(place);
  json::object out{{"region", node ? sees.members.find(*node)->region : place},
                   {"standing", distribution::standing_name(standing_of(sees, place))},
                   {"duty", duty_name(ordered.order.duty)},
                   {"part", static_cast<double>(node ? ordered.part() : distribution::part_of(sees, place)) / 10},
                   {"agents", left.agents},
                   {"slots", load.slots},
                   {"in_flow", left.in_flow},
                   {"waiting", left.waiting},
                   {"connected", left.connected},
                   {"empty", left.nothing()}};
  if (node) {
    out["node"] = node->value();
    out["name"] = membership::name_of(*sees.members.find(*node));
  } else {
    json::array nodes;
    for (const NodeId each : sees.members.in_region(place)) {
      nodes.emplace_back(describe_place(sees, distribution::place_of(each)));
    }
    out["nodes"] = std::move(nodes);
  }
  if (ordered.at.packed == 0) return out;
  out["since"] = iso_time(ordered.at);
  out["by"] = ordered.order.by;
  out["why"] = ordered.order.why;
  if (ordered.order.deadline.packed != 0) {
    out["deadline"] = iso_time(ordered.order.deadline);
    out["then"] = then_name(ordered.order.then);
  }
  if (!ordered.order.steps.empty()) {
    json::array steps;
    for (const std::uint32_t step : ordered.order.steps) steps.emplace_back(static_cast<double>(step) / 10);
    out["steps"] = std::move(steps);
    out["step"] = ordered.step;
    out["every_s"] = std::chrono::duration_cast<std::chrono::seconds>(ordered.order.every).count();
  }
  return out;
}

// A region, or else a node by its name or as "node/N", as orders name it. Where a region has one node and an order
// stands for that node, it is the node that is meant.
std::string place_named(const World& world, const std::string& name) {
  const std::vector<NodeId> nodes = world.members().in_region(name);
  if (nodes.size() == 1 && world.distribution().node(nodes.front()).order.duty != distribution::Duty::serving) {
    return distribution::place_of(nodes.front());
  }
  if (!nodes.empty() || distribution::node_of(name)) return name;
  const membership::Member* member = world.members().find(std::string_view(name));
  return member == nullptr ? name : distribution::place_of(member->node);
}

json::object entry_of(const World& world, const distribution::State::Moment& at,
                      const distribution::State::Entry& entry) {
  json::object out{{"id", std::to_string(at.at.packed) + "-" + std::to_string(at.by.value())},
                   {"at", iso_time(at.at)},
                   {"node", placed(world, at.by)}};
  const auto rules = [](const std::vector<std::string>& over) {
    json::array named;
    for (const std::string& rule : over) named.emplace_back(rule);
    return named;
  };
  if (!entry.region.empty()) {
    const auto node = distribution::node_of(entry.region);
    out["region"] = node ? node_name(world, *node) : entry.region;
    out["what"] = entry.step.empty() ? json::value(duty_name(entry.order.duty)) : json::value(entry.step);
    out["by"] = entry.step.empty() ? entry.order.by : std::string("tandem");
    out["why"] = entry.order.why;
    out["overridden"] = rules(entry.order.over);
    return out;
  }
  const distribution::Changed& change = entry.change;
  out["group"] = name_of(world, config::Kind::distribution_group, change.group);
  out["by"] = change.by;
  out["why"] = change.why;
  out["overridden"] = rules(change.over);
  const auto fields = [](const std::map<std::string, std::string>& of) {
    json::object all;
    for (const auto& [field, value] : of) all[field] = value;
    return all;
  };
  out["before"] = fields(change.before);
  out["after"] = fields(change.after);
  return out;
}

}  // namespace

json::value placed_of(const contact::Contact& contact, const World& world) {
  const contact::Placed& placed_by = contact.placed;
  if (placed_by.group.nil()) return nullptr;
  json::array options;
  for (const contact::Placed::Option& each : placed_by.options) {
    json::object option{{"region", each.region},
                        {"target", static_cast<double>(each.target) / 10},
                        {"part", static_cast<double>(each.part) / 10},
                        {"ahead", static_cast<double>(each.ahead) / 1000}};
    if (each.cost != 0) option["cost_ms"] = each.cost;
    options.emplace_back(std::move(option));
  }
  std::string name = name_of(world, config::Kind::distribution_group, placed_by.group);
  const Group standing = distribution::default_group(world.config(), world.members());
  if (standing.id == placed_by.group) name = standing.name;
  return json::object{{"group", name},
                      {"region", region_of(world, contact.origin)},
                      {"rule", distribution::rule_name(placed_by.rule)},
                      {"by", placed(world, placed_by.by)},
                      {"number", placed_by.number},
                      {"options", std::move(options)}};
}

void list_groups(const CallPtr& call) {
  auto looked = std::make_shared<Looked>();
  looked->now = Hlc::at(call->host.utc_ms());
  looked->only = call->kind == "distribution" ? call->id : std::string();
  in_pieces<Looked>(call->host, looked, groups_piece, [call](Looked& found) {
    if (!found.only.empty() && !found.found)
      return refuse(*call, {Errc::not_found, "no group is called " + found.only});
    answer(*call, {{"as_of", iso_time(found.now)}, {"groups", std::move(found.groups)}});
  });
}

// A name that nobody has makes a new group.
void put_group(const CallPtr& call) {
  const auto body = parse_object(call->request.body);
  if (!body) return refuse(*call, {Errc::invalid, "the body is no JSON object"});
  const auto order = read_set(*body, *call);
  const auto said = read_said(*body);
  if (!order) return refuse(*call, order.error());
  struct Judged {
    std::optional<Error> wrong;
    json::object preview;
    Uuid id;
    bool fresh = false;
  };
  ask(
      call->host,
      [call, given = *order, preview = said->preview, fresh = call->host.mint(), now = Hlc::at(call->host.utc_ms())](
          const World& world, const Local& local) {
        Judged out;
        distribution::SetGroup command = given;
        const Sees sees = world.sees(local);
        const auto before = distribution::find_group(world.config(), world.members(), call->id);
        out.fresh = !before;
        out.id = command.group = before ? before->id : fresh;
        if (out.fresh && !command.set.contains("name")) command.set["name"] = call->id;
        if (!preview) return out;
        const auto after = distribution::after(sees, command);
        if (!after) {
          out.wrong = after.error();
          return out;
        }
        out.preview = {
            {"before", before ? json::value(describe(sees, *before, nullptr, now)) : json::value(nullptr)},
            {"after", describe(sees, *after, nullptr, now)},
            {"objections", objections_of(distribution::objections(sees, before ? &*before : nullptr, *after, now))}};
        return out;
      },
      [call, asked = *order, preview = said->preview](const Judged& judged) {
        if (judged.wrong) return refuse(*call, *judged.wrong);
        if (preview) return answer(*call, judged.preview);
        distribution::SetGroup set = asked;
        set.group = judged.id;
        if (judged.fresh) set.set.emplace("name", call->id);
        call->host.log("info", "operator " + call->operator_name + " changes distribution group " + call->id);
        call->host.command(Command{.id = call->host.mint(), .verb = std::move(set), .keys = {}},
                           [call, id = judged.id](const Result<Answer>& done) {
                             if (!done) return refuse(*call, done.error());
                             answer(*call, {{"group", call->id}, {"id", id.text()}});
                           });
      });
}

void list_regions(const CallPtr& call) {
  ask(
      call->host,
      [](const World& world, const Local& local) {
        json::array out;
        const Sees sees = world.sees(local);
        for (const std::string& region : distribution::region_names(world.members())) {
          out.emplace_back(describe_place(sees, region));
        }
        return out;
      },
      [call](json::array regions) { answer(*call, {{"regions", std::move(regions)}}); });
}

void order_place(const CallPtr& call) {
  const auto body = parse_object(call->request.body);
  if (!body) return refuse(*call, {Errc::invalid, "the body is no JSON object"});
  const auto read = read_order(*body, *call);
  if (!read) return refuse(*call, read.error());
  struct Judged {
    std::string place;
    json::object preview;
  };
  ask(
      call->host,
      [given = *read, preview = read_said(*body)->preview, now = Hlc::at(call->host.utc_ms())](const World& world,
                                                                                               const Local& local) {
        const Sees sees = world.sees(local);
        distribution::Ordered order = given;
        Judged out;
        order.region = out.place = place_named(world, given.region);
        if (preview && !distribution::nodes_of(sees, out.place).empty()) {
          out.preview = {{"region", describe_place(sees, out.place)},
                         {"objections", objections_of(distribution::objections(sees, order, now))}};
        }
        return out;
      },
      [call, given = *read](const Judged& judged) {
        if (!judged.preview.empty()) return answer(*call, judged.preview);
        distribution::Ordered order = given;
        order.region = judged.place;
        call->host.log("info", "operator " + call->operator_name + " orders " + call->id + " to " +
                                   duty_name(order.duty) + (order.why.empty() ? "" : ": " + order.why));
        call->host.command(Command{.id = call->host.mint(), .verb = distribution::Order{std::move(order)}, .keys = {}},
                           [call](const Result<Answer>& done) {
                             if (!done) return refuse(*call, done.error());
                             answer(*call, {{"region", call->id}});
                           });
      });
}

void list_distribution_history(const CallPtr& call) {
  ask(
      call->host,
      [](const World& world, const Local&) {
        json::array out;
        for (const auto& [at, entry] : world.distribution().history()) out.emplace_back(entry_of(world, at, entry));
        return out;
      },
      [call](json::array history) { answer(*call, {{"history", std::move(history)}}); });
}

}  // namespace tandem::api::ops
