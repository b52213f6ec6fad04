#include "sim/drills.h"

#include <algorithm>

#include "fmt/format.h"
#include "sim/simulation.h"

namespace tandem::sim {
namespace {

constexpr Time kBegins = 20s;  // agents are there, customers talk
constexpr Time kBeginsLatest = 30s;
constexpr Time kLastsLeast = 6s;
constexpr Time kLastsMost = 20s;
constexpr Time kSecondLossMost = 4s;  // after the first of two

// What a drill does, as the fault that the simulation knows.
FaultKind kind_of(Drill drill) {
  switch (drill) {
    case Drill::freeze:
      return FaultKind::freeze;
    case Drill::cut_link:
      return FaultKind::link_cut;
    case Drill::cut_one_way:
      return FaultKind::one_way_cut;
    case Drill::cut_all:
      return FaultKind::partition;
    case Drill::slow_disk:
      return FaultKind::slow_disk;
    case Drill::full_disk:
      return FaultKind::full_disk;
    case Drill::clock_jump:
      return FaultKind::clock_jump;
    default:
      return FaultKind::crash;
  }
}

bool is_cut(Drill drill) { return drill == Drill::cut_link || drill == Drill::cut_one_way || drill == Drill::cut_all; }

}  // namespace

const std::vector<Drill>& all_drills() {
  static const std::vector<Drill> all = [] {
    std::vector<Drill> out;
    for (int n = 0; n <= static_cast<int>(Drill::loss_of_two); ++n) out.push_back(static_cast<Drill>(n));
    return out;
  }();
  return all;
}

std::string_view drill_name(Drill drill) {
  constexpr std::string_view kNames[] = {"kill",       "freeze",    "cut-link",   "cut-one-way",
                                         "cut-all",    "slow-disk", "full-disk",  "clock-jump",
                                         "bad-deploy", "hub-loss",  "loss-of-two"};
  return kNames[static_cast<std::size_t>(drill)];
}

bool twice(Drill drill) {
  return drill != Drill::bad_deploy && drill != Drill::hub_loss && drill != Drill::loss_of_two;
}

std::string text_of(const Drills& drills) {
  if (!drills.second) return std::string(drill_name(drills.first));
  return fmt::format("{}+{}", drill_name(drills.first), drill_name(*drills.second));
}

const std::vector<Drills>& all_cells() {
  static const std::vector<Drills> all = [] {
    std::vector<Drills> out;
    for (const Drill each : all_drills()) out.push_back({each, std::nullopt});
    for (const Drill one : all_drills()) {
      for (const Drill other : all_drills()) {
        if (one < other || (one == other && twice(one))) out.push_back({one, other});
      }
    }
    return out;
  }();
  return all;
}

Result<Drills> parse_drills(std::string_view text) {
  for (const Drills& each : all_cells()) {
    if (text_of(each) == text) return each;
    if (each.second && text == text_of({*each.second, each.first})) return each;
  }
  std::string names;
  for (const Drill each : all_drills()) names += fmt::format(" {}", drill_name(each));
  return fail(Errc::invalid, fmt::format("{}: not one fault, nor two that can be at once, of{}", text, names));
}

// -- the simulation's part

void Simulation::plan_drills() {
  std::vector<Drill> drills{options_.drills->first};
  if (options_.drills->second) drills.push_back(*options_.drills->second);
  if (drills.size() == 2 && rng_.chance(1, 2)) std::swap(drills[0], drills[1]);
  struck_.reserve(drills.size());
  for (const Drill drill : drills) {
    Struck next;
    next.drill = drill;
    next.lasts = draw(kLastsLeast, kLastsMost);
    next.from = struck_.empty() ? draw(kBegins, kBeginsLatest) : struck_[0].from + draw(0s, struck_[0].lasts * 2 / 3);
    struck_.push_back(next);
  }
  for (Struck& each : struck_) events_.at(each.from, [this, &each] { begin_drill(each); });
}

bool Simulation::struck_alike(const Struck& by, std::size_t node) const {
  return std::ranges::any_of(struck_, [&](const Struck& other) {
    return &other != &by && other.drill == by.drill && other.nodes.contains(node);
  });
}

// Whom it strikes is drawn now, of those whom it can hinder: a dead node cannot be frozen.
void Simulation::begin_drill(Struck& drill) {
  if (drill.drill == Drill::bad_deploy) return deploy_badly(drill);
  const bool kills = kind_of(drill.drill) == FaultKind::crash;
  std::vector<std::size_t> able;
  for (const auto& each : hosts_) {
    if (each->node == nullptr || (!kills && frozen(*each)) || struck_alike(drill, each->index)) continue;
    if (kills && each->hub != (drill.drill == Drill::hub_loss)) continue;
    if (is_cut(drill.drill) && island(each->index)) continue;
    able.push_back(each->index);
  }
  const auto take = [&] {
    const std::size_t at = rng_.below(able.size());
    const std::size_t node = able[at];
    able.erase(able.begin() + static_cast<std::ptrdiff_t>(at));
    drill.nodes.insert(node);
    return node;
  };
  const bool two = drill.drill == Drill::cut_link || drill.drill == Drill::cut_one_way;  // ends
  if (able.size() < (two || drill.drill == Drill::loss_of_two ? 2U : 1U)) return;
  Fault fault;
  fault.kind = kind_of(drill.drill);
  fault.lasts = drill.lasts;
  fault.all_links = drill.drill == Drill::cut_all;
  fault.node = take();
  if (two) {
    // A link that is whole yet.
    std::erase_if(able, [&](std::size_t other) {
      const Link& l = link(fault.node, other);
      return l.cut[0] > 0 || l.cut[1] > 0;
    });
    if (able.empty()) return;
  }
  fault.other = two ? take() : (fault.node + 1) % hosts_.size();
  if (drill.drill == Drill::clock_jump) {
    jump_clock(drill, *hosts_[fault.node]);
    return;
  }
  strike(fault);
  drill.began = drill.felt = kills;
  if (!kills) drill.began = true;
  if (drill.drill != Drill::loss_of_two) return;
  drill.began = false;
  fault.node = take();
  events_.in(draw(0s, kSecondLossMost), [this, fault, &drill] {
    const bool first_is_dead = std::ranges::any_of(drill.nodes, [&](std::size_t n) { return !hosts_[n]->node; });
    if (hosts_[fault.node]->node == nullptr) return;
    strike(fault);
    drill.began = first_is_dead;
  });
}

// Off by what a person gets wrong, and set right later; a process that starts meanwhile has its clock set right by
// then.
void Simulation::jump_clock(Struck& drill, Host& host) {
  const Time by = rng_.chance(1, 2) ? draw(300ms, 20s) : -draw(300ms, 20s);
  say({}, "FAULT clock jump at node {} by {:.3f} s for {:.3f} s", host.id.value(),
      std::chrono::duration<double>(by).count(), std::chrono::duration<double>(drill.lasts).count());
  coverage_.count("fault: clock jump");
  host.clock.jump(by);
  feed(host, SelfReport{true, {}});
  trouble(host, drill.lasts);
  drill.began = drill.felt = true;
  last_fault_ = events_.now();
  events_.in(drill.lasts, [this, &host, by, life = host.life] {
    last_fault_ = events_.now();
    if (host.life != life) return;
    host.clock.jump(-by);
    feed(host, SelfReport{false, {}});
  });
}

void Simulation::deploy_badly(Struck& drill) {
  const auto& flows = sample_.broken_flows;
  drill.began = true;
  say({}, "FAULT bad deploy for {:.3f} s", std::chrono::duration<double>(drill.lasts).count());
  deploy(flows[rng_.below(flows.size())]);
  events_.in(drill.lasts, [this] { deploy(sample_.chat_flow_content); });
}

// Whoever publishes a flow does it again, at any node, until it says yes.
void Simulation::deploy(const std::string& content) {
  config::Change change{config::Kind::flow, sample_.chat_flow.value(), {{"content", content}}};
  ask_until_yes(Command{new_id(), std::move(change), false, {}});
}

void Simulation::ask_until_yes(const Command& command) {
  const std::size_t node = rng_.below(hosts_.size());
  ask(node, command, 1s, [this, command](std::optional<Result<Answer>> reply) {
    if (reply && *reply) return;
    events_.in(100ms, [this, command] { ask_until_yes(command); });
  });
}

void Simulation::felt(Drill drill, std::size_t node) {
  for (Struck& each : struck_) {
    const bool now = each.began && events_.now() <= each.from + each.lasts;
    if (each.drill == drill && now && (each.nodes.empty() || each.nodes.contains(node))) each.felt = true;
  }
}

void Simulation::felt_cut(std::size_t from, std::size_t to) {
  for (Struck& each : struck_) {
    if (!is_cut(each.drill) || !each.began || events_.now() > each.from + each.lasts) continue;
    const bool one = each.nodes.contains(from) || each.nodes.contains(to);
    const bool both = each.nodes.contains(from) && each.nodes.contains(to);
    if (each.drill == Drill::cut_all ? one : both) each.felt = true;
  }
}

void Simulation::count_drills() {
  if (!options_.drills) return;
  bool happened = !struck_.empty();
  for (const Struck& each : struck_) {
    const bool together = std::ranges::all_of(struck_, [&](const Struck& other) {
      return other.from < each.from + each.lasts && each.from < other.from + other.lasts;
    });
    happened = happened && each.began && each.felt && together;
    if (!each.began || !each.felt) {
      say({}, "{} {}", drill_name(each.drill), each.began ? "hindered nobody" : "struck nobody");
    }
  }
  coverage_.drilled(*options_.drills, happened);
}

}  // namespace tandem::sim
