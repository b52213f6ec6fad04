// `tandem distribution realise`: reads what stands at the instances of others, says what would be best and which calls
// lead there, and makes them.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <set>
#include <thread>

#include "app/client/answers.h"
#include "app/tandem/commands.h"
#include "app/tandem/exit_codes.h"
#include "app/tandem/foreign.h"
#include "app/tandem/ops_client.h"
#include "app/tandem/table.h"
#include "codec/uri.h"
#include "core/distribution/choose.h"
#include "core/distribution/geography.h"

namespace tandem::cli {
namespace {

using realise::Call;
using realise::Percents;
using Kind = realise::Call::Kind;

// What ends the command: told to people or programs, with the status that goes with it.
struct Trouble {
  Error error;
  int status = kFailed;
};
template <class T>
using Got = std::expected<T, Trouble>;

std::unexpected<Trouble> trouble(Errc code, std::string detail) {
  return std::unexpected(Trouble{{code, std::move(detail)}, exit_code(code)});
}

std::unexpected<Trouble> trouble(const ForeignFailure& failure, const std::string& standing) {
  const Errc code = failure.failure.code;
  const bool away = code == Errc::unreachable || code == Errc::timed_out;
  return std::unexpected(Trouble{{code, failure.text() + "; " + standing + ". What to do: " + failure.advice() +
                                            "; then give the same command again"},
                                 away ? kNotRunning : kRefused});
}
std::unexpected<Trouble> untouched(const ForeignFailure& failure) { return trouble(failure, "nothing was changed"); }

// One group of our centre: what it wants.
struct Wanted {
  std::string name;
  std::map<std::string, std::uint32_t> targets;  // parts of 1,000, by the window that counts
  std::map<std::string, std::string> standings;  // of our regions
  distribution::Group geography;                 // `near`
  std::uint32_t step_max = 0;
};

Result<Wanted> wanted(const Invocation& call, const std::string& name) {
  const auto centre = existing_centre(call.dir);
  if (!centre) return std::unexpected(centre.error());
  const auto ops = OpsClient::open(*centre);
  if (!ops) return std::unexpected(ops.error());
  const auto got = ops->get_from_any("distribution/" + uri::encode(name));
  if (!got) return std::unexpected(got.error());
  const json::object& group = list(*got, "groups").at(0).get_object();
  Wanted out;
  out.name = text(group, "name");
  const auto parts = [](const json::value& percent) {
    return static_cast<std::uint32_t>(std::llround(percent.to_number<double>() * 10));
  };
  out.step_max = parts(group.at("step_max"));
  distribution::Shares shares;
  for (const json::value& value : list(group, "regions")) {
    const json::object& each = value.get_object();
    shares[text(each, "region")] = parts(each.at("target"));
    out.standings[text(each, "region")] = text(each, "standing");
  }
  out.targets = distribution::scaled(shares);
  for (const auto& [prefix, regions] : group.at("near").get_object()) {
    for (const auto& [region, ms] : regions.get_object()) out.geography.near[prefix][region] = ms.to_number<double>();
  }
  return out;
}

// Everything that is known before it is decided what to do. Indexes are those of `problem`.
struct Known {
  Wanted want;
  ForeignPlan plan;
  realise::Problem problem;
  std::vector<std::unique_ptr<Foreign>> foreign;            // by region; null: the file has none there
  std::vector<std::string> why_unready;                     // by region; empty: ready
  std::vector<bool> answers;                                // by region
  std::vector<std::map<std::size_t, ForeignGroup>> groups;  // of each set, by link

  [[nodiscard]] std::size_t region(const std::string& name) const {
    const auto at = std::ranges::find(problem.regions, name, &realise::Region::name);
    return static_cast<std::size_t>(at - problem.regions.begin());
  }
  // Who is asked about groups on a link: where they are made, or the other region while that does not answer. Both know
  // them by ARN.
  [[nodiscard]] Foreign* via(std::size_t link) const {
    const realise::Link& both = problem.links[link];
    for (const std::size_t at : {both.source, both.other}) {
      if (answers[at]) return foreign[at].get();
    }
    return nullptr;
  }
};

std::uint64_t random64() {
  std::random_device device;
  return static_cast<std::uint64_t>(device()) << 32 | device();
}

std::string token() {
  static Rng rng{random64()};
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return mint_uuid(Hlc::at(static_cast<std::uint64_t>(since / std::chrono::milliseconds(1))), rng).text();
}

Got<void> add_regions(Known& known, http::Client& http) {
  for (const ForeignEndpoint& endpoint : known.plan.endpoints) {
    const auto target = known.want.targets.find(endpoint.region);
    known.problem.regions.push_back({endpoint.region, target == known.want.targets.end() ? 0 : target->second, true});
    aws::Options options;
    options.seed = random64();
    known.foreign.push_back(std::make_unique<Foreign>(http, endpoint, options));
    const auto ready = known.foreign.back()->readiness();
    if (!ready) return untouched(ready.error());
    std::string why = ready->why_not;
    const auto standing = known.want.standings.find(endpoint.region);
    const bool given_up =
        standing != known.want.standings.end() && (standing->second == "away" || standing->second == "draining");
    if (why.empty() && given_up) why = standing->second + " here";
    known.answers.push_back(ready->answers);
    known.problem.regions.back().ready = why.empty();
    known.why_unready.push_back(std::move(why));
  }
  for (const auto& [region, target] : known.want.targets) {
    if (target == 0 || known.plan.find(region) != nullptr) continue;
    known.problem.regions.push_back({region, target, true});
    known.foreign.push_back(nullptr);
    known.why_unready.emplace_back();
    known.answers.push_back(false);
  }
  for (const ForeignLink& link : known.plan.links) {
    known.problem.links.push_back({known.region(link.source), known.region(link.replica)});
  }
  return {};
}

Got<std::vector<double>> latencies(const Known& known, const ForeignNumbers& numbers) {
  std::vector<double> out;
  if (numbers.callers.empty()) return out;
  const bool known_place = distribution::parse_place(numbers.callers).has_value() ||
                           distribution::place_of_number(numbers.callers).has_value() ||
                           known.want.geography.near.contains(numbers.callers);
  if (!known_place) {
    return trouble(Errc::invalid, "numbers: " + numbers.name + ": nobody knows where callers \"" + numbers.callers +
                                      "\" are: give the beginning of a number (+49) or a place (52.5,13.4)");
  }
  for (const realise::Region& region : known.problem.regions) {
    const auto ms = distribution::latency(known.want.geography, numbers.callers, region.name);
    if (!ms) return std::vector<double>{};  // a region that is not on the map: none can be compared
    out.push_back(*ms);
  }
  return out;
}

// The percentages of a group that stands. Errors: invalid, for a region of which the file says nothing.
Got<Percents> standing_percents(const Known& known, Foreign& via, const ForeignGroup& group) {
  const auto got = via.distribution(group.arn);
  if (!got) return untouched(got.error());
  Percents out(known.problem.regions.size());
  std::uint32_t all = 0;
  for (const auto& [name, percent] : *got) {
    const std::size_t region = known.region(name);
    if (percent == 0) continue;
    if (region == out.size()) {
      return trouble(Errc::invalid, fmt::format("group {} sends {} % to {}, and the file has no endpoint there",
                                                group.name, percent, name));
    }
    out[region] = percent;
    all += percent;
  }
  if (all != 100) {
    return trouble(Errc::refused,
                   fmt::format("group {} distributes {} % in all: somebody has to look at it", group.name, all));
  }
  return out;
}

using Listed = std::map<const Foreign*, std::vector<ForeignGroup>>;

// Looks for the groups of a set: on each link the one with its name.
Got<void> find_groups(Known& known, std::size_t index, Listed& listed) {
  const ForeignNumbers& numbers = known.plan.numbers[index];
  realise::NumberSet& set = known.problem.sets[index];
  std::set<std::string> seen;
  for (const std::size_t link : set.links) {
    Foreign* via = known.via(link);
    if (via == nullptr) {
      const ForeignLink& both = known.plan.links[link];
      return trouble(Errc::unreachable, both.source + " and " + both.replica +
                                            " do not answer: " + known.why_unready[known.problem.links[link].source] +
                                            "; nothing was changed. What to do: see whether they can be reached from "
                                            "here; then give the same command again");
    }
    if (!listed.contains(via)) {
      auto groups = via->groups();
      if (!groups) return untouched(groups.error());
      listed[via] = std::move(*groups);
    }
    const std::string name = foreign_name(known.want.name, numbers, known.plan.links[link]);
    const auto at = std::ranges::find_if(listed[via], [&](const ForeignGroup& group) {
      return numbers.group == "default" ? group.by_default : group.name == name;
    });
    if (at == listed[via].end() || seen.contains(at->id)) continue;
    const auto percents = standing_percents(known, *via, *at);
    if (!percents) return std::unexpected(percents.error());
    // One name may stand for a group of any link: it is on the first that has its regions.
    bool fits = numbers.group.empty();
    if (!fits) {
      fits = true;
      for (std::size_t r = 0; r < percents->size(); ++r) {
        const realise::Link& both = known.problem.links[link];
        fits = fits && ((*percents)[r] == 0 || r == both.source || r == both.other);
      }
    }
    if (!fits && link != set.links.back()) continue;
    seen.insert(at->id);
    set.groups[link] = *percents;
    known.groups[index][link] = *at;
  }
  if (numbers.group == "default" && set.groups.empty()) {
    return trouble(Errc::not_found, "numbers: " + numbers.name + ": the instance has no default group");
  }
  return {};
}

Got<void> find_numbers(Known& known, std::size_t index) {
  const ForeignNumbers& numbers = known.plan.numbers[index];
  realise::NumberSet& set = known.problem.sets[index];
  const std::size_t home = known.region(numbers.home);
  for (const std::string& id : numbers.ids) {
    const auto arn = known.foreign[home]->target(id);
    if (!arn) return untouched(arn.error());
    realise::Entry entry{std::nullopt, home};
    for (const auto& [link, group] : known.groups[index]) {
      if (arn->ends_with("/" + group.id)) entry.link = link;
    }
    if (!entry.link && arn->find(":instance/") == std::string::npos) {
      return trouble(Errc::invalid, "numbers: " + numbers.name + ": " + id + " leads to " + *arn +
                                        ", which is no group of this set: name it as its 'group'");
    }
    set.numbers.push_back(entry);
  }
  return {};
}

Got<void> add_sets(Known& known) {
  Listed listed;
  for (std::size_t index = 0; index < known.plan.numbers.size(); ++index) {
    const ForeignNumbers& numbers = known.plan.numbers[index];
    realise::NumberSet& set = known.problem.sets.emplace_back();
    known.groups.emplace_back();
    set.name = numbers.name;
    set.weight = numbers.weight;
    auto ms = latencies(known, numbers);
    if (!ms) return std::unexpected(ms.error());
    set.ms = std::move(*ms);
    for (std::size_t link = 0; link < known.plan.links.size(); ++link) {
      if (numbers.home.empty() || numbers.home == known.plan.links[link].source) set.links.push_back(link);
    }
    if (auto done = find_groups(known, index, listed); !done) return done;
    if (auto done = find_numbers(known, index); !done) return done;
    // Only a person could take its numbers elsewhere.
    if (set.numbers.empty() && set.groups.size() == 1) set.links = {set.groups.begin()->first};
  }
  return {};
}

// --- said
// ----------------------------------------------------------------------------------------------------------------

std::string percent(std::int64_t parts) { return fmt::format("{:g}", static_cast<double>(parts) / 100); }

std::string percents_text(const Known& known, const Percents& percents) {
  std::string out;
  for (std::size_t r = 0; r < percents.size(); ++r) {
    if (percents[r] > 0)
      out += fmt::format("{}{} {} %", out.empty() ? "" : ", ", known.problem.regions[r].name, percents[r]);
  }
  return out;
}

std::string name_of(const Known& known, const Call& call) {
  const auto stands = known.groups[call.set].find(call.link);
  return stands != known.groups[call.set].end()
             ? stands->second.name
             : foreign_name(known.want.name, known.plan.numbers[call.set], known.plan.links[call.link]);
}

const char* operation(Kind kind) {
  constexpr const char* kNames[] = {"CreateTrafficDistributionGroup", "UpdateTrafficDistribution", "UpdatePhoneNumber"};
  return kNames[static_cast<std::size_t>(kind)];
}

// Where a call goes: a group is made at its source, a number is moved where it is claimed.
Foreign* where(const Known& known, const Call& call) {
  switch (call.kind) {
    case Kind::create:
      return known.foreign[known.problem.links[call.link].source].get();
    case Kind::distribute:
      return known.via(call.link);
    case Kind::enter:
      return known.foreign[known.region(known.plan.numbers[call.set].home)].get();
  }
  return nullptr;
}

std::string call_text(const Known& known, const Call& call) {
  std::string out = fmt::format("{} at {}: \"{}\"", operation(call.kind), where(known, call)->endpoint().region,
                                name_of(known, call));
  if (call.kind == Kind::distribute) out += " gives " + percents_text(known, call.percents);
  if (call.kind == Kind::enter) out += " takes number " + known.plan.numbers[call.set].ids[call.number];
  return out;
}

json::object percents_json(const Known& known, const Percents& percents) {
  json::object out;
  for (std::size_t r = 0; r < percents.size(); ++r) {
    if (percents[r] > 0) out[known.problem.regions[r].name] = percents[r];
  }
  return out;
}

// Shares of all contacts as things stand, in parts of 10,000.
std::string shares_text(const Known& known, const realise::State& state) {
  std::string out;
  for (std::size_t r = 0; r < known.problem.regions.size(); ++r) {
    std::int64_t parts = 0;
    for (std::size_t set = 0; set < known.problem.sets.size(); ++set) {
      const auto percents = realise::now(known.problem, state, set);
      if (percents) parts += static_cast<std::int64_t>(known.problem.sets[set].weight) * (*percents)[r] / 10;
    }
    out += fmt::format("{}{} {} %", out.empty() ? "" : ", ", known.problem.regions[r].name, percent(parts));
  }
  return out;
}

std::vector<std::string> by_hand(const Known& known, const realise::Plan& plan) {
  std::vector<std::string> out;
  for (const Call& call : plan.calls) {
    if (call.kind != Kind::create || !known.plan.numbers[call.set].ids.empty()) continue;
    out.push_back(fmt::format("point the numbers of {} at the group \"{}\"", known.problem.sets[call.set].name,
                              name_of(known, call)));
  }
  return out;
}

double mean_ms(const realise::NumberSet& set, const Percents& percents) {
  double out = 0;
  for (std::size_t r = 0; r < set.ms.size(); ++r) out += set.ms[r] * percents[r] / 100;
  return out;
}

json::object to_json(const Known& known, const realise::Solution& solution, const realise::Plan& plan) {
  json::array regions;
  const auto residuals = realise::residuals(known.problem, solution.choices);
  for (std::size_t r = 0; r < residuals.size(); ++r) {
    const realise::Region& region = known.problem.regions[r];
    json::object each{{"region", region.name},
                      {"target", static_cast<double>(region.target) / 10},
                      {"gets", static_cast<double>(region.target * 10 + residuals[r]) / 100},
                      {"residual", static_cast<double>(residuals[r]) / 100},
                      {"endpoint", known.foreign[r] != nullptr},
                      {"ready", region.ready}};
    if (!known.why_unready[r].empty()) each["why"] = known.why_unready[r];
    regions.emplace_back(std::move(each));
  }
  json::array numbers;
  for (std::size_t set = 0; set < solution.choices.size(); ++set) {
    const Percents percents = realise::percents(known.problem, solution.choices[set]);
    const realise::NumberSet& of = known.problem.sets[set];
    const Call named{Kind::distribute, set, solution.choices[set].link, percents, 0};
    json::object each{{"name", of.name},
                      {"weight", static_cast<double>(of.weight) / 10},
                      {"group", name_of(known, named)},
                      {"source", known.plan.links[named.link].source},
                      {"replica", known.plan.links[named.link].replica},
                      {"percents", percents_json(known, percents)}};
    if (!of.ms.empty()) each["ms"] = mean_ms(of, percents);
    numbers.emplace_back(std::move(each));
  }
  json::array calls;
  for (const Call& call : plan.calls) {
    json::object each{{"operation", operation(call.kind)},
                      {"region", where(known, call)->endpoint().region},
                      {"group", name_of(known, call)},
                      {"done", false}};
    if (call.kind == Kind::distribute) each["percents"] = percents_json(known, call.percents);
    if (call.kind == Kind::enter) each["number"] = known.plan.numbers[call.set].ids[call.number];
    calls.emplace_back(std::move(each));
  }
  json::array objections;
  for (const realise::Objected& each : plan.objections) {
    objections.emplace_back(json::object{{"call", each.call + 1},
                                         {"rule", each.objection.rule},
                                         {"text", each.objection.text},
                                         {"absolute", each.objection.absolute}});
  }
  return {{"group", known.want.name},
          {"regions", std::move(regions)},
          {"numbers", std::move(numbers)},
          {"largest_residual", static_cast<double>(solution.score.largest) / 100},
          {"total_residual", static_cast<double>(solution.score.total) / 100},
          {"proven", solution.proven},
          {"calls", std::move(calls)},
          {"objections", std::move(objections)},
          {"by_hand", json::value_from(by_hand(known, plan))}};
}

void print_plan(const Known& known, const realise::Solution& solution, const realise::Plan& plan) {
  Table regions({"REGION", "TARGET %", "GETS %", "RESIDUAL", "READY"});
  const auto residuals = realise::residuals(known.problem, solution.choices);
  for (std::size_t r = 0; r < residuals.size(); ++r) {
    const realise::Region& region = known.problem.regions[r];
    std::string ready = region.ready ? "yes" : "no: " + known.why_unready[r];
    if (known.foreign[r] == nullptr) ready = "no endpoint in the file";
    regions.add({region.name, percent(region.target * 10), percent(region.target * 10 + residuals[r]),
                 percent(residuals[r]), std::move(ready)});
  }
  Table sets({"NUMBERS", "WEIGHT %", "MS", "GROUP", "SHARES"});
  for (std::size_t set = 0; set < solution.choices.size(); ++set) {
    const Percents percents = realise::percents(known.problem, solution.choices[set]);
    const realise::NumberSet& of = known.problem.sets[set];
    const Call named{Kind::distribute, set, solution.choices[set].link, percents, 0};
    sets.add({of.name, percent(of.weight * 10), of.ms.empty() ? "-" : fmt::format("{:.0f}", mean_ms(of, percents)),
              name_of(known, named), percents_text(known, percents)});
  }
  fmt::print("{}\n{}\n", regions.text(), sets.text());
  if (solution.score.largest > 0) {
    fmt::print("not realised: {} % at most in a region, {} % in all; {}\n", percent(solution.score.largest),
               percent(solution.score.total / 2),
               solution.proven ? "no legal groups come nearer" : "the search was cut short, there may be nearer ones");
  } else {
    fmt::print("the shares are met exactly{}\n",
               solution.proven ? "" : "; the search was cut short, callers may be nearer in other groups");
  }
  for (std::size_t n = 0; n < plan.calls.size(); ++n)
    fmt::print("call {}: {}\n", n + 1, call_text(known, plan.calls[n]));
  if (plan.calls.empty()) fmt::print("everything stands: nothing to call\n");
  for (const realise::Objected& each : plan.objections) {
    fmt::print("objects to call {}: {}: {}{}\n", each.call + 1, each.objection.rule, each.objection.text,
               each.objection.absolute ? " (nobody overrides this)" : "");
  }
  if (plan.objections.empty() && !plan.calls.empty()) fmt::print("no rule objects\n");
}

// --- done
// ----------------------------------------------------------------------------------------------------------------

Asked<void> make(Known& known, const Call& call) {
  Foreign& at = *where(known, call);
  if (call.kind == Kind::create) {
    auto made = at.create(name_of(known, call), token());
    if (!made) return std::unexpected(made.error());
    known.groups[call.set][call.link] = std::move(*made);
    return {};
  }
  const ForeignGroup& group = known.groups[call.set].at(call.link);
  if (call.kind == Kind::enter) return at.enter(known.plan.numbers[call.set].ids[call.number], group.arn, token());
  std::map<std::string, std::uint32_t> percents;  // the service wants both regions named
  const realise::Link& link = known.problem.links[call.link];
  for (const std::size_t r : {link.source, link.other}) percents[known.problem.regions[r].name] = call.percents[r];
  return at.distribute(group.arn, percents);
}

Got<void> carry_out(Known& known, const realise::Plan& plan, std::int64_t pause_s, json::object& said, bool json) {
  realise::State state = realise::begin(known.problem);
  for (std::size_t n = 0; n < plan.calls.size(); ++n) {
    const Call& call = plan.calls[n];
    const auto before = realise::now(known.problem, state, call.set);
    if (const auto done = make(known, call); !done) {
      return trouble(done.error(),
                     fmt::format("stopped at call {} of {}, {} carried out; the shares are now {}", n + 1,
                                 plan.calls.size(), n == 0 ? "none" : std::to_string(n), shares_text(known, state)));
    }
    realise::apply(known.problem, call, state);
    said["calls"].get_array()[n].get_object()["done"] = true;
    if (!json) fmt::print("done {} of {}\n", n + 1, plan.calls.size());
    std::fflush(stdout);
    const bool moved = before != realise::now(known.problem, state, call.set);
    if (moved && n + 1 < plan.calls.size()) std::this_thread::sleep_for(std::chrono::seconds(pause_s));
  }
  return {};
}

int end(const Trouble& bad, json::object said, bool json) {
  if (!json) {
    complain(bad.error, false);
    return bad.status;
  }
  said["error"] = errc_name(bad.error.code);
  said["detail"] = bad.error.detail;
  fmt::print("{}\n", json::serialize(said));
  return bad.status;
}

}  // namespace

int run(const Realise& wish, const Invocation& call) {
  std::int64_t pause_s = 0;
  if (!wish.every.empty()) {
    const auto seconds = read_seconds(wish.every);
    if (!seconds) return complain(seconds.error(), call.json);
    pause_s = *seconds;
  }
  auto plan_file = read_foreign(wish.plan);
  if (!plan_file) return complain(plan_file.error(), call.json);
  auto want = wanted(call, wish.group);
  if (!want) return complain(want.error(), call.json);

  http::Client http;
  Known known;
  known.want = std::move(*want);
  known.plan = std::move(*plan_file);
  known.problem.step_max = known.want.step_max;
  if (const auto done = add_regions(known, http); !done) return end(done.error(), {}, call.json);
  if (const auto done = add_sets(known); !done) return end(done.error(), {}, call.json);
  const auto solution = realise::solve(known.problem);
  if (!solution) return complain(solution.error(), call.json);
  const realise::Plan plan = realise::order(known.problem, solution->choices);

  json::object said = to_json(known, *solution, plan);
  if (!call.json) print_plan(known, *solution, plan);
  std::fflush(stdout);
  const auto finish = [&] {
    if (call.json) fmt::print("{}\n", json::serialize(said));
    return kDone;
  };
  const std::vector<std::string> hands = by_hand(known, plan);
  if (wish.dry_run) return finish();
  std::vector<distribution::Objection> objections;
  for (const realise::Objected& each : plan.objections) objections.push_back(each.objection);
  if (const auto over = distribution::overridden(objections, wish.over); !over) {
    return end({over.error(), kRefused}, std::move(said), call.json);
  }
  if (const auto done = carry_out(known, plan, pause_s, said, call.json); !done) {
    return end(done.error(), std::move(said), call.json);
  }
  if (!call.json) {
    for (const std::string& hand : hands) fmt::print("by hand: {}\n", hand);
  }
  return finish();
}

}  // namespace tandem::cli
