// tandem-sim: runs seeds of the simulation, replays one, judges coverage, plants bugs.
#include <CLI/CLI.hpp>
#include <chrono>
#include <fstream>
#include <sstream>

#include "base/bug.h"
#include "fmt/format.h"
#include "sim/simulation.h"

namespace {

using namespace tandem;

// The lines that concern what was violated, and those that concern everything.
void print_trace(const sim::Outcome& outcome) {
  std::set<Uuid> about;
  for (const sim::Violation& violation : outcome.violations) {
    if (!violation.about.nil()) about.insert(violation.about);
  }
  for (const sim::TraceLine& line : outcome.trace) {
    const bool shown =
        line.about.empty() || std::ranges::any_of(line.about, [&](const Uuid& id) { return about.contains(id); });
    if (shown) fmt::print("{:>10.4f} {}\n", std::chrono::duration<double>(line.at).count(), line.text);
  }
}

int replay(sim::Options options) {
  options.trace = true;
  const sim::Outcome outcome = sim::Simulation(options).run();
  if (!options.verbose) print_trace(outcome);
  for (const sim::Violation& violation : outcome.violations) {
    fmt::print("VIOLATION {}: {}\n", violation.checker, violation.text);
  }
  fmt::print("seed {}: {} records, {} contacts, {} events, trace hash {:016x}, {}\n", options.seed, outcome.records,
             outcome.contacts, outcome.events, outcome.hash, outcome.violations.empty() ? "passed" : "failed");
  return outcome.violations.empty() ? 0 : 1;
}

bool judge(const sim::Coverage& coverage) {
  if (coverage.has_drills()) {
    fmt::print("{}", coverage.drill_table());
    const auto missing = coverage.missing_drills();
    for (const std::string& cell : missing) fmt::print("never happened: {}\n", cell);
    return missing.empty();
  }
  fmt::print("{}", coverage.table());
  if (coverage.seeds() < sim::kSeedsToJudge) return true;
  const auto missing = coverage.missing();
  for (const std::string& row : missing) fmt::print("never met in {} seeds: {}\n", coverage.seeds(), row);
  return missing.empty();
}

int many(sim::Options options, std::uint64_t first, std::uint64_t count, const std::string& coverage_out) {
  sim::Coverage coverage;
  std::uint64_t failed = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    options.seed = seed;
    const sim::Outcome outcome = sim::Simulation(options).run();
    coverage.merge(outcome.coverage);
    if (outcome.violations.empty()) continue;
    ++failed;
    fmt::print("seed {} failed: {}: {}\n", seed, outcome.violations[0].checker, outcome.violations[0].text);
    std::fflush(stdout);
  }
  bool covered = true;
  if (coverage_out.empty()) {
    covered = judge(coverage);
  } else {
    std::ofstream(coverage_out) << coverage.text();
  }
  fmt::print("{} passed, {} failed\n", count - failed, failed);
  return failed == 0 && covered ? 0 : 1;
}

// Each fault of a drill alone and every two at once, each in `count` seeds.
int pairs(sim::Options options, std::uint64_t first, std::uint64_t count, const std::string& coverage_out) {
  sim::Coverage coverage;
  std::uint64_t failed = 0;
  for (const sim::Drills& drills : sim::all_cells()) {
    options.drills = drills;
    for (options.seed = first; options.seed < first + count; ++options.seed) {
      const sim::Outcome outcome = sim::Simulation(options).run();
      coverage.merge(outcome.coverage);
      if (outcome.violations.empty()) continue;
      ++failed;
      fmt::print("--faults {} --seed {} failed: {}: {}\n", sim::text_of(drills), options.seed,
                 outcome.violations[0].checker, outcome.violations[0].text);
      std::fflush(stdout);
    }
  }
  bool covered = true;
  if (coverage_out.empty()) {
    covered = judge(coverage);
  } else {
    std::ofstream(coverage_out) << coverage.text();
  }
  fmt::print("{} passed, {} failed\n", sim::all_cells().size() * count - failed, failed);
  return failed == 0 && covered ? 0 : 1;
}

int plant(sim::Options options, const std::string& name, std::uint64_t first, std::uint64_t count) {
  const auto entry = bug::find(name);
  if (!entry) {
    fmt::print(stderr, "no bug is called {}; --list-bugs names them\n", name);
    return 2;
  }
  bug::planted = entry->name;
  options.joins = options.joins || entry->name == bug::Name::shadow_serves;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    options.seed = seed;
    const sim::Outcome outcome = sim::Simulation(options).run();
    if (outcome.violations.empty()) continue;
    const sim::Violation& violation = outcome.violations[0];
    if (violation.checker == entry->also) continue;
    const bool right = violation.checker == entry->breaks;
    fmt::print("{}: {} at seed {} by {}{}: {}\n", name, right ? "caught" : "met", seed, violation.checker,
               right ? "" : fmt::format(", not by {}", entry->breaks), violation.text);
    return right ? 0 : 1;
  }
  fmt::print("{}: not caught in {} seeds; {} should have\n", name, count, entry->breaks);
  return 1;
}

int merge(const std::vector<std::string>& files) {
  sim::Coverage coverage;
  for (const std::string& file : files) {
    std::ifstream in(file);
    std::stringstream text;
    text << in.rdbuf();
    const auto one = sim::Coverage::parse(text.str());
    if (!in || !one) {
      fmt::print(stderr, "{}: {}\n", file, one ? "cannot be read" : one.error().detail);
      return 2;
    }
    coverage.merge(*one);
  }
  return judge(coverage) ? 0 : 1;
}

int speed(sim::Options options) {
  options.faults = false;
  const auto begin = std::chrono::steady_clock::now();
  const sim::Outcome outcome = sim::Simulation(options).run();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  for (const sim::Violation& violation : outcome.violations) {
    fmt::print("VIOLATION {}: {}\n", violation.checker, violation.text);
  }
  fmt::print("{:.0f} simulated seconds per second: {:.0f} in {:.2f} s; {} contacts, {} records, {} events\n",
             outcome.simulated_seconds / took.count(), outcome.simulated_seconds, took.count(), outcome.contacts,
             outcome.records, outcome.events);
  return outcome.violations.empty() ? 0 : 1;
}

int rough(sim::Options options, double hours) {
  options.faults = false;
  options.noise = true;
  options.trace = options.verbose;
  options.minutes = hours * 60;
  if (options.nodes == 0) options.nodes = 4;
  options.contacts_per_second = std::min(options.contacts_per_second, 0.02);
  sim::Outcome outcome = sim::Simulation(options).run();
  for (const sim::Violation& violation : outcome.violations) {
    fmt::print("VIOLATION {}: {}\n", violation.checker, violation.text);
  }
  std::ranges::sort(outcome.found_after);
  fmt::print("{:.1f} simulated hours, {} contacts, {} deaths found", outcome.simulated_seconds / 3600, outcome.contacts,
             outcome.found_after.size());
  if (!outcome.found_after.empty()) {
    const auto ms = [&](std::size_t n) {
      return std::chrono::duration_cast<std::chrono::milliseconds>(outcome.found_after[n]).count();
    };
    fmt::print(", after {} ms in the middle, {} at most", ms(outcome.found_after.size() / 2),
               ms(outcome.found_after.size() - 1));
  }
  fmt::print("\n{}\n", outcome.violations.empty() ? "1 passed, 0 failed" : "0 passed, 1 failed");
  return outcome.violations.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Simulates a centre of several regions under every kind of fault, from a seed."};
  sim::Options options;
  std::uint64_t seeds = 0;
  std::uint64_t first = 1;
  std::string coverage_out;
  std::string bug;
  std::vector<std::string> merged;
  bool list = false;
  bool measure = false;
  double rough_hours = 0;
  auto* one = app.add_option("--seed", options.seed, "replay one seed and print its trace");
  app.add_option("--seeds", seeds, "run this many seeds");
  app.add_option("--first", first, "the first of them");
  app.add_option("--coverage-out", coverage_out, "write the coverage here instead of judging it");
  app.add_option("--merge-coverage", merged, "judge the coverage of several runs together");
  app.add_flag("--list-bugs", list, "name the bugs that can be planted, and who must catch each");
  app.add_option("--bug", bug, "plant a bug and run seeds (at most 200 unless --seeds) until it is caught");
  app.add_option("--nodes", options.nodes, "regions and hub together; otherwise drawn by seed");
  std::vector<std::string> topologies;
  for (const sim::Topology& each : sim::all_topologies()) topologies.emplace_back(each.name);
  std::string topology;
  app.add_option("--topology", topology, "which members the centre has; otherwise drawn by seed")
      ->check(CLI::IsMember(topologies))
      ->excludes("--nodes");
  app.add_option("--agents", options.agents, "agents");
  app.add_option("--rate", options.contacts_per_second, "new chats a second");
  auto* minutes = app.add_option("--minutes", options.minutes, "of faults, before everything heals");
  app.add_flag("--join", options.joins, "a node joins under load");
  app.add_flag("--leave", options.leaves, "a member is drained and dismissed");
  std::string faults;
  bool every_pair = false;
  app.add_option("--faults", faults, "instead of drawn faults one of a drill, or two at once: kill, freeze+cut-all")
      ->check([](const std::string& text) {
        const auto parsed = sim::parse_drills(text);
        return parsed ? std::string() : parsed.error().detail;
      });
  app.add_flag("--pairs", every_pair, "each fault of a drill alone and every two at once, each in --seeds seeds (1)");
  app.add_flag("--speed", measure, "no faults: how many simulated seconds pass in one");
  app.add_flag("--no-faults{false}", options.faults, "nothing goes wrong");
  app.add_option("--rough-hours", rough_hours,
                 "so many hours of loss, jitter and pauses, in which nobody may be evacuated");
  app.add_flag("--deaths", options.deaths, "with --rough-hours: and every hour a region dies, which must be found");
  app.add_flag("--verbose", options.verbose, "with --seed: every line as it comes");
  app.footer(
      "Examples:\n  tandem-sim --seeds 500\n  tandem-sim --seed 42\n  tandem-sim --bug no-ack\n  tandem-sim --pairs\n"
      "  tandem-sim --faults kill+slow-disk --seed 3\n"
      "  tandem-sim --speed --nodes 3 --agents 60 --rate 1");
  CLI11_PARSE(app, argc, argv);

  options.topology = sim::find_topology(topology);
  if (!faults.empty()) options.drills = *sim::parse_drills(faults);
  if (options.drills || every_pair) {
    if (minutes->count() == 0) options.minutes = 1;
    if (options.topology == nullptr && options.nodes == 0) options.topology = sim::find_topology("three-and-hub");
  }
  if (list) {
    for (const bug::Entry& entry : bug::all()) fmt::print("{:<28} {}\n", entry.text, entry.breaks);
    return 0;
  }
  if (!merged.empty()) return merge(merged);
  if (measure) return speed(options);
  if (rough_hours > 0) return rough(options, rough_hours);
  if (!bug.empty() && one->count() == 0) return plant(options, bug, first, seeds == 0 ? 200 : seeds);
  if (!bug.empty()) {
    const auto entry = bug::find(bug);
    if (!entry) return 2;
    bug::planted = entry->name;
  }
  if (one->count() > 0) return replay(options);
  if (every_pair) return pairs(options, first, seeds == 0 ? 1 : seeds, coverage_out);
  if (seeds == 0) {
    fmt::print("{}", app.help());
    return 2;
  }
  return many(options, first, seeds, coverage_out);
}
