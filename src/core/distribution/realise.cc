#include "core/distribution/realise.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <set>
#include <tuple>
#include <unordered_map>

#include "base/check.h"

namespace tandem::distribution::realise {
namespace {

constexpr std::uint32_t kTenths = 10;
constexpr std::uint32_t kStepLeast = 100;  // the provider's own, parts of 1,000
constexpr std::size_t kFirstWidth = 2'000;
constexpr double kMsMax = 10'000;

Percents all_to(const Problem& problem, std::size_t region) {
  Percents out(problem.regions.size());
  out[region] = 100;
  return out;
}

bool has(const Link& link, std::size_t region) { return link.source == region || link.other == region; }

bool any_ready(const Problem& problem, const Percents& percents) {
  for (std::size_t r = 0; r < percents.size(); ++r) {
    if (percents[r] > 0 && problem.regions[r].ready) return true;
  }
  return false;
}

// Within the step limit, for the shares of all contacts and for those of the set.
bool step_allowed(const Problem& problem, const NumberSet& set, const Percents& before, const Percents& after) {
  for (std::size_t r = 0; r < before.size(); ++r) {
    const std::uint32_t points = before[r] > after[r] ? before[r] - after[r] : after[r] - before[r];
    if (points * 10 > std::max(problem.step_max, kStepLeast) || points * set.weight > problem.step_max * 100) {
      return false;
    }
  }
  return true;
}

// The steps of a group on a link to its new percentages; one that the limit forbids where none is allowed.
std::vector<Percents> steps(const Problem& problem, const NumberSet& set, Percents at, const Choice& to) {
  std::vector<Percents> out;
  const Percents end = percents(problem, to);
  std::uint32_t left = kTenths + 1;  // tenths to the end; more: not on the link's ladder yet
  while (at != end) {
    Percents next = end;
    for (std::uint32_t tenths = 0; tenths <= kTenths; ++tenths) {
      const std::uint32_t distance = tenths > to.tenths ? tenths - to.tenths : to.tenths - tenths;
      const Percents through = percents(problem, {to.link, tenths});
      if (through == at || distance >= left || !step_allowed(problem, set, at, through)) continue;
      left = distance;
      next = through;
    }
    if (next == end) left = 0;
    out.push_back(next);
    at = std::move(next);
  }
  return out;
}

std::optional<Entry> enters(const NumberSet& set) {
  if (!set.numbers.empty()) return set.numbers.front();
  if (set.groups.size() == 1) return Entry{set.groups.begin()->first, 0};
  return std::nullopt;
}

Percents leads_to(const Problem& problem, const std::map<std::size_t, Percents>& groups, const Entry& entry) {
  if (!entry.link) return all_to(problem, entry.region);
  const auto group = groups.find(*entry.link);
  return group == groups.end() ? all_to(problem, problem.links[*entry.link].source) : group->second;
}

// The calls of one set while they are put together.
struct Making {
  const Problem& problem;
  std::size_t index;
  const Choice& choice;
  const NumberSet& set = problem.sets[index];
  std::vector<Call> calls = {};

  void distribute(std::size_t link, Percents to) {
    calls.push_back({Call::Kind::distribute, index, link, std::move(to), 0});
  }
  // The group on the chosen link, as it is to be before a number leads to it.
  void prepare(const Percents& to) {
    const auto stands = set.groups.find(choice.link);
    Percents at = all_to(problem, problem.links[choice.link].source);
    if (stands != set.groups.end()) {
      at = stands->second;
    } else {
      calls.push_back({Call::Kind::create, index, choice.link, {}, 0});
    }
    if (at != to) distribute(choice.link, to);
  }
  void step(const Percents& from, const Choice& to) {
    for (Percents& next : steps(problem, set, from, to)) distribute(to.link, std::move(next));
  }
  void enter() {
    for (std::size_t n = 0; n < set.numbers.size(); ++n) {
      if (set.numbers[n].link != choice.link) calls.push_back({Call::Kind::enter, index, choice.link, {}, n});
    }
  }
};

// A region by way of which a set may leave where it is for the link.
std::optional<std::size_t> way(const Problem& problem, const Entry& from, const Link& to) {
  for (const std::size_t region : {to.source, to.other}) {
    const bool shared = from.link ? has(problem.links[*from.link], region) : from.region == region;
    if (shared && problem.regions[region].ready) return region;
  }
  return std::nullopt;
}

Choice all_of_link(const Problem& problem, std::size_t link, std::size_t region) {
  return {link, problem.links[link].source == region ? kTenths : 0};
}

std::string percents_text(const Problem& problem, const Percents& percents) {
  std::string out;
  for (std::size_t r = 0; r < percents.size(); ++r) {
    if (percents[r] > 0) out += fmt::format("{}{} {} %", out.empty() ? "" : ", ", problem.regions[r].name, percents[r]);
  }
  return out;
}

void judge(const Problem& problem, std::size_t index, const std::optional<Percents>& before,
           const std::optional<Percents>& after, std::size_t call, std::vector<Objected>& out) {
  if (!after || before == after) return;
  const NumberSet& set = problem.sets[index];
  for (std::size_t r = 0; r < after->size(); ++r) {
    const std::uint32_t was = before ? (*before)[r] : 0;
    if (problem.regions[r].ready || (*after)[r] <= was) continue;
    out.push_back({call,
                   {kUnready, fmt::format("{} is not ready, and would get {} % instead of {} % of the calls of {}",
                                          problem.regions[r].name, (*after)[r], was, set.name)}});
  }
  if (!any_ready(problem, *after) && (!before || any_ready(problem, *before))) {
    out.push_back({call,
                   {kNeverZero,
                    fmt::format("the calls of {} would go to {} alone, which is not ready", set.name,
                                percents_text(problem, *after)),
                    true}});
  }
  if (before && !step_allowed(problem, set, *before, *after)) {
    out.push_back({call,
                   {kStep, fmt::format("the calls of {} would go from {} to {} at once; at most {} points are allowed",
                                       set.name, percents_text(problem, *before), percents_text(problem, *after),
                                       percent_text(problem.step_max))}});
  }
}

// --- the search
// -------------------------------------------------------------------------------------------------------- Sets one
// after the other, the heavy ones first. What the rest can still do depends only on what each region has got so far, so
// of all ways to get there the one with the least latency, then the fewest calls, is kept: exact, as long as no layer
// is wider than allowed.

using Got = std::array<std::uint16_t, kRegionsMax>;
struct GotHash {
  std::size_t operator()(const Got& got) const {
    std::uint64_t hash = 1469598103934665603ULL;  // FNV-1a, by region
    for (const std::uint16_t each : got) hash = (hash ^ each) * 1099511628211ULL;
    return hash ^ (hash >> 29);
  }
};

struct Option {
  Choice choice;
  Percents percents;
  std::int64_t latency = 0;
  std::int64_t calls = 0;
};
struct Reached {
  Got got{};
  std::int64_t latency = 0;
  std::int64_t calls = 0;
  std::uint32_t parent = 0;
  std::uint32_t option = 0;
};
struct Step {
  std::uint32_t parent;
  std::uint32_t option;
};

std::int64_t latency_of(const NumberSet& set, const Percents& percents) {
  std::int64_t out = 0;
  if (set.ms.empty()) return 0;
  for (std::size_t r = 0; r < percents.size(); ++r) {
    out += std::llround(set.ms[r] * 1000) * set.weight * percents[r];
  }
  return out;
}

std::vector<Option> options_of(const Problem& problem, std::size_t index) {
  const NumberSet& set = problem.sets[index];
  std::map<Percents, Option> best;
  for (const std::size_t link : set.links) {
    for (std::uint32_t tenths = 0; tenths <= kTenths; ++tenths) {
      Option option{{link, tenths}, percents(problem, {link, tenths}), 0, 0};
      if (!any_ready(problem, option.percents)) continue;
      option.latency = latency_of(set, option.percents);
      option.calls = static_cast<std::int64_t>(calls_of(problem, index, option.choice).size());
      const auto [at, fresh] = best.try_emplace(option.percents, option);
      if (!fresh && option.calls < at->second.calls) at->second = option;
    }
  }
  std::vector<Option> out;
  for (auto& [percents, option] : best) out.push_back(std::move(option));
  return out;
}

class Search {
 public:
  Search(const Problem& problem, const std::vector<std::vector<Option>>& options)
      : problem_(problem), options_(options) {
    for (std::size_t set = 0; set < options.size(); ++set) order_.push_back(set);
    std::ranges::stable_sort(
        order_, [&](std::size_t a, std::size_t b) { return problem.sets[a].weight > problem.sets[b].weight; });
  }

  // Follows nothing that exceeds `largest`, a residual that can be had. Nothing: what leads there was cut off.
  std::optional<Solution> run(std::size_t width, std::int64_t largest) {
    std::vector<Reached> layer(1);
    std::vector<std::vector<Step>> back;
    bool proven = true;
    for (std::size_t depth = 0; depth < order_.size(); ++depth) {
      layer = next(layer, depth, largest);
      if (layer.size() > width) {
        trim(layer, width);
        proven = false;
      }
      std::vector<Step>& steps = back.emplace_back();
      for (const Reached& each : layer) steps.push_back({each.parent, each.option});
    }
    if (layer.empty()) return std::nullopt;
    const auto best = std::ranges::min_element(layer, {}, [&](const Reached& each) { return score_of(each); });
    Solution out{Choices(order_.size()), score_of(*best), proven};
    auto at = static_cast<std::uint32_t>(best - layer.begin());
    for (std::size_t depth = order_.size(); depth-- > 0;) {
      const Step& step = back[depth][at];
      out.choices[order_[depth]] = options_[order_[depth]][step.option].choice;
      at = step.parent;
    }
    return out;
  }

 private:
  [[nodiscard]] std::int64_t target(std::size_t region) const {
    return static_cast<std::int64_t>(problem_.regions[region].target) * 10;
  }

  // What the sets from `depth` on could give to each region.
  [[nodiscard]] std::array<std::int64_t, kRegionsMax> rest(std::size_t depth) const {
    std::array<std::int64_t, kRegionsMax> out{};
    for (; depth < order_.size(); ++depth) {
      std::array<std::int64_t, kRegionsMax> most{};
      for (const Option& option : options_[order_[depth]]) {
        for (std::size_t r = 0; r < option.percents.size(); ++r) {
          most[r] = std::max(most[r], parts(depth, option, r));
        }
      }
      for (std::size_t r = 0; r < kRegionsMax; ++r) out[r] += most[r];
    }
    return out;
  }

  [[nodiscard]] std::int64_t parts(std::size_t depth, const Option& option, std::size_t region) const {
    return static_cast<std::int64_t>(problem_.sets[order_[depth]].weight) * option.percents[region] / kTenths;
  }

  [[nodiscard]] std::vector<Reached> next(const std::vector<Reached>& layer, std::size_t depth, std::int64_t largest) {
    const std::array<std::int64_t, kRegionsMax> later = rest(depth + 1);
    std::vector<Reached> out;
    std::unordered_map<Got, std::uint32_t, GotHash> seen;
    const std::vector<Option>& options = options_[order_[depth]];
    for (std::uint32_t parent = 0; parent < layer.size(); ++parent) {
      for (std::uint32_t o = 0; o < options.size(); ++o) {
        Reached each{layer[parent].got, layer[parent].latency + options[o].latency,
                     layer[parent].calls + options[o].calls, parent, o};
        bool hopeless = false;
        for (std::size_t r = 0; r < problem_.regions.size(); ++r) {
          each.got[r] = static_cast<std::uint16_t>(each.got[r] + parts(depth, options[o], r));
          const std::int64_t ahead = each.got[r] - target(r);
          hopeless = hopeless || ahead > largest || -ahead - later[r] > largest;
        }
        if (hopeless) continue;
        const auto [at, fresh] = seen.try_emplace(each.got, static_cast<std::uint32_t>(out.size()));
        if (fresh) {
          out.push_back(each);
        } else if (std::pair(each.latency, each.calls) < std::pair(out[at->second].latency, out[at->second].calls)) {
          out[at->second] = each;
        }
      }
    }
    return out;
  }

  // Those stay that have given nobody too much, the nearest of them first.
  void trim(std::vector<Reached>& layer, std::size_t width) const {
    const auto rank = [&](const Reached& each) {
      std::int64_t over = 0;
      for (std::size_t r = 0; r < problem_.regions.size(); ++r) {
        over += std::max<std::int64_t>(0, each.got[r] - target(r));
      }
      return std::tuple(over, each.latency, each.calls, each.got);
    };
    std::ranges::nth_element(layer, layer.begin() + static_cast<std::ptrdiff_t>(width), {}, rank);
    layer.resize(width);
  }

  [[nodiscard]] Score score_of(const Reached& each) const {
    Score out{0, 0, each.latency, each.calls};
    for (std::size_t r = 0; r < problem_.regions.size(); ++r) {
      const std::int64_t residual = std::abs(each.got[r] - target(r));
      out.largest = std::max(out.largest, residual);
      out.total += residual;
    }
    return out;
  }

  const Problem& problem_;
  const std::vector<std::vector<Option>>& options_;
  std::vector<std::size_t> order_;
};

Result<void> check_set(const Problem& problem, const NumberSet& set) {
  const auto bad = [&](const std::string& what) { return fail(Errc::invalid, "numbers " + set.name + ": " + what); };
  if (set.weight == 0) return bad("a weight is above 0");
  if (!set.ms.empty() && set.ms.size() != problem.regions.size()) return bad("one latency for each region, or none");
  for (const double ms : set.ms) {
    if (!(ms >= 0 && ms <= kMsMax)) return bad("a latency is 0 to 10,000 ms");
  }
  if (set.links.empty()) return bad("no two regions are linked for it");
  for (const std::size_t link : set.links) {
    if (link >= problem.links.size()) return bad("there is no such link");
  }
  for (const auto& [link, percents] : set.groups) {
    if (link >= problem.links.size() || percents.size() != problem.regions.size()) return bad("there is no such link");
  }
  if (set.numbers.empty() && set.groups.size() > 1) {
    return bad(
        "several groups stand for it, and without the ids of its numbers nobody can tell which one they lead to");
  }
  if (set.numbers.empty() && set.groups.size() == 1 && set.links != std::vector{set.groups.begin()->first}) {
    return bad("without the ids of its numbers it stays on the link of its group");
  }
  for (const Entry& entry : set.numbers) {
    if (entry.link ? !set.groups.contains(*entry.link) : entry.region >= problem.regions.size()) {
      return bad("a number leads nowhere");
    }
  }
  return {};
}

std::optional<Percents> percents_at(const Problem& problem, const State::Set& set) {
  if (!set.at) return std::nullopt;
  return leads_to(problem, set.groups, *set.at);
}

// The largest residual of a region as everything stands; sets that nobody calls yet count for nothing.
std::int64_t largest_residual(const Problem& problem, const State& state) {
  std::vector<std::int64_t> got(problem.regions.size());
  for (std::size_t set = 0; set < state.sets.size(); ++set) {
    const auto percents = percents_at(problem, state.sets[set]);
    if (!percents) continue;
    for (std::size_t r = 0; r < got.size(); ++r) {
      got[r] += static_cast<std::int64_t>(problem.sets[set].weight) * (*percents)[r] / kTenths;
    }
  }
  std::int64_t out = 0;
  for (std::size_t r = 0; r < got.size(); ++r) {
    out = std::max(out, std::abs(got[r] - static_cast<std::int64_t>(problem.regions[r].target) * 10));
  }
  return out;
}

}  // namespace

Result<void> check(const Problem& problem) {
  if (problem.regions.size() < 2 || problem.regions.size() > kRegionsMax) {
    return fail(Errc::invalid, fmt::format("{} regions: 2 to {} can be realised", problem.regions.size(), kRegionsMax));
  }
  if (problem.sets.empty() || problem.sets.size() > kSetsMax) {
    return fail(Errc::invalid, fmt::format("{} sets of numbers: 1 to {} are possible", problem.sets.size(), kSetsMax));
  }
  std::uint64_t targets = 0;
  for (const Region& region : problem.regions) targets += region.target;
  if (targets != kWhole) {
    return fail(Errc::invalid, fmt::format("the shares of the regions are {} % together, not 100",
                                           percent_text(static_cast<std::uint32_t>(targets))));
  }
  for (const Link& link : problem.links) {
    if (link.source == link.other || std::max(link.source, link.other) >= problem.regions.size()) {
      return fail(Errc::invalid, "a link is between two different regions");
    }
  }
  std::uint64_t weights = 0;
  std::set<std::string> names;
  for (const NumberSet& set : problem.sets) {
    if (auto good = check_set(problem, set); !good) return good;
    if (!names.insert(set.name).second) return fail(Errc::invalid, "two sets of numbers are named " + set.name);
    weights += set.weight;
  }
  if (weights != kWhole) {
    return fail(Errc::invalid, fmt::format("the weights of the numbers are {} % together, not 100",
                                           percent_text(static_cast<std::uint32_t>(weights))));
  }
  return {};
}

Percents percents(const Problem& problem, const Choice& choice) {
  Percents out(problem.regions.size());
  out[problem.links[choice.link].source] = choice.tenths * 10;
  out[problem.links[choice.link].other] = 100 - choice.tenths * 10;
  return out;
}

std::vector<std::int64_t> residuals(const Problem& problem, const Choices& choices) {
  std::vector<std::int64_t> out;
  for (const Region& region : problem.regions) out.push_back(-static_cast<std::int64_t>(region.target) * 10);
  for (std::size_t set = 0; set < choices.size(); ++set) {
    const Percents each = percents(problem, choices[set]);
    for (std::size_t r = 0; r < out.size(); ++r) {
      out[r] += static_cast<std::int64_t>(problem.sets[set].weight) * each[r] / kTenths;
    }
  }
  return out;
}

Score score(const Problem& problem, const Choices& choices) {
  Score out;
  for (const std::int64_t residual : residuals(problem, choices)) {
    out.largest = std::max(out.largest, std::abs(residual));
    out.total += std::abs(residual);
  }
  for (std::size_t set = 0; set < choices.size(); ++set) {
    out.latency += latency_of(problem.sets[set], percents(problem, choices[set]));
    out.calls += static_cast<std::int64_t>(calls_of(problem, set, choices[set]).size());
  }
  return out;
}

Result<Solution> solve(const Problem& problem, std::size_t work) {
  if (auto good = check(problem); !good) return std::unexpected(good.error());
  std::vector<std::vector<Option>> options;
  std::size_t all = 0;
  for (std::size_t set = 0; set < problem.sets.size(); ++set) {
    options.push_back(options_of(problem, set));
    if (options.back().empty()) {
      return fail(Errc::refused, std::string(kNeverZero) + ": no region that the numbers " + problem.sets[set].name +
                                     " can go to is ready");
    }
  }
  for (const std::vector<Option>& each : options) all += each.size();
  const std::size_t width = std::max<std::size_t>(1, work / all);
  Search search(problem, options);
  std::optional<Solution> first = search.run(std::min(width, kFirstWidth), kParts);
  TANDEM_CHECK(first);  // no residual exceeds everything
  if (first->proven) return std::move(*first);
  std::optional<Solution> second = search.run(width, first->score.largest);
  return std::move(second && second->score <= first->score ? *second : *first);
}

Result<Solution> solve(const Problem& problem) { return solve(problem, kWork); }

State begin(const Problem& problem) {
  State out;
  for (const NumberSet& set : problem.sets) out.sets.push_back({set.groups, enters(set)});
  return out;
}

void apply(const Problem& problem, const Call& call, State& state) {
  State::Set& set = state.sets[call.set];
  switch (call.kind) {
    case Call::Kind::create:
      set.groups[call.link] = all_to(problem, problem.links[call.link].source);
      return;
    case Call::Kind::distribute:
      set.groups[call.link] = call.percents;
      return;
    case Call::Kind::enter:
      if (call.number == 0) set.at = Entry{call.link, 0};
      return;
  }
}

std::optional<Percents> now(const Problem& problem, const State& state, std::size_t set) {
  return percents_at(problem, state.sets[set]);
}

std::vector<Call> calls_of(const Problem& problem, std::size_t set, const Choice& choice) {
  Making making{problem, set, choice};
  const Percents end = percents(problem, choice);
  const auto from = enters(making.set);
  if (!from) {
    making.prepare(end);
    return std::move(making.calls);
  }
  const Percents before = leads_to(problem, making.set.groups, *from);
  if (from->link == choice.link) {
    making.enter();  // those that an interrupted run left behind
    making.step(before, choice);
    return std::move(making.calls);
  }
  const auto by =
      step_allowed(problem, making.set, before, end) ? std::nullopt : way(problem, *from, problem.links[choice.link]);
  if (!by) {
    making.prepare(end);
    making.enter();
    return std::move(making.calls);
  }
  const Percents between = all_to(problem, *by);
  making.prepare(between);
  if (from->link) making.step(before, all_of_link(problem, *from->link, *by));
  making.enter();
  making.step(between, choice);
  return std::move(making.calls);
}

Plan order(const Problem& problem, const Choices& choices) {
  std::vector<std::deque<Call>> waiting;
  for (std::size_t set = 0; set < choices.size(); ++set) {
    const std::vector<Call> calls = calls_of(problem, set, choices[set]);
    waiting.emplace_back(calls.begin(), calls.end());
  }
  Plan out;
  State state = begin(problem);
  for (;;) {
    std::optional<std::size_t> next;
    std::pair<bool, std::int64_t> least;
    for (std::size_t set = 0; set < waiting.size(); ++set) {
      if (waiting[set].empty()) continue;
      State after = state;
      apply(problem, waiting[set].front(), after);
      const bool moves = percents_at(problem, state.sets[set]) != percents_at(problem, after.sets[set]);
      const std::pair<bool, std::int64_t> rank{moves, largest_residual(problem, after)};
      if (next && rank >= least) continue;
      next = set;
      least = rank;
    }
    if (!next) break;
    const auto before = percents_at(problem, state.sets[*next]);
    apply(problem, waiting[*next].front(), state);
    judge(problem, *next, before, percents_at(problem, state.sets[*next]), out.calls.size(), out.objections);
    out.calls.push_back(std::move(waiting[*next].front()));
    waiting[*next].pop_front();
  }
  // A person points numbers at a new group once it stands: what they would find.
  for (std::size_t set = 0; set < choices.size(); ++set) {
    if (state.sets[set].at) continue;
    std::size_t last = out.calls.size();
    while (last-- > 0 && out.calls[last].set != set) continue;
    judge(problem, set, std::nullopt, percents(problem, choices[set]), last, out.objections);
  }
  return out;
}

}  // namespace tandem::distribution::realise
