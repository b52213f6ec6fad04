#include "drill/limits.h"

#include <algorithm>

#include <fmt/format.h>

namespace tandem::drill {
namespace {

bool needs_hook(const Step& step) {
  return step.fault == Fault::slow_disk || step.fault == Fault::full_disk || step.fault == Fault::clock_jump;
}

std::string hook_missing(const Scenario& scenario, const CentreNow& now) {
  for (const Step& step : scenario.steps) {
    if (!needs_hook(step)) continue;
    const auto at = std::ranges::find(now.regions, step.target, &RegionNow::name);
    const bool offered = at == now.regions.end() ? now.hub_faults : at->faults;
    if (!offered) return step.target;
  }
  return "";
}

}  // namespace

std::vector<Objection> objections(const Scenario& scenario, const CentreNow& now, const Allowed& allowed) {
  std::vector<Objection> out;
  const auto object = [&](const char* rule, std::string text, bool absolute = false) {
    const bool over = !absolute && std::ranges::find(allowed.over, rule) != allowed.over.end();
    out.push_back({rule, std::move(text), absolute, over});
  };
  const std::set<std::string> lost = lost_at_once(scenario);
  if (lost.size() >= now.regions.size() && !lost.empty()) {
    object(kLastRegion, "no region would be left", true);
  }
  if (lost.size() > allowed.regions_max) {
    object(kMaxRegions, fmt::format("{} regions would be lost at once ({}), and --max-regions is {}", lost.size(),
                                    fmt::join(lost, ", "), allowed.regions_max));
  }
  std::size_t load = 0;
  std::size_t slots = 0;
  for (const RegionNow& region : now.regions) {
    load += region.load;
    if (!lost.contains(region.name)) slots += region.slots;
    if (region.standing != "serving") {
      object(kMaintenance, "region " + region.name + " is " + region.standing + ", not serving");
    }
  }
  if (!lost.empty() && load > slots) {
    object(kCapacity,
           fmt::format("{} contacts are there, and the agents of the regions that stay can hold {}", load, slots));
  }
  if (!now.problems.empty()) {
    object(kProblems, fmt::format("the centre is not well: {}", fmt::join(now.problems, "; ")));
  }
  if (now.strangers > 0 && !allowed.yes) {
    object(kStrangers, fmt::format("{} contacts and agents are there that are not the drill's: --yes means that they "
                                   "may feel it",
                                   now.strangers));
  }
  if (const std::string node = hook_missing(scenario, now); !node.empty()) {
    object(kFaultsOff, node + " was not started with `faults: true`; `tandem up --faults` does", true);
  }
  const bool cuts = std::ranges::any_of(scenario.steps, [](const Step& step) { return step.fault == Fault::cut; });
  if (cuts && !now.may_cut) object(kPermission, now.why_not, true);
  return out;
}

const Objection* standing(const std::vector<Objection>& all) {
  const auto at = std::ranges::find(all, false, &Objection::overridden);
  return at == all.end() ? nullptr : &*at;
}

}  // namespace tandem::drill
