// Goal: a seed replays bit for bit, passes, and its coverage can be merged and judged.
// Method: a few short seeds; the long runs are tandem-sim's.
#include "sim/simulation.h"

#include <gtest/gtest.h>

namespace tandem::sim {
namespace {

Outcome run(std::uint64_t seed, double minutes) {
  Options options;
  options.seed = seed;
  options.minutes = minutes;
  return Simulation(options).run();
}

TEST(Simulation, ASeedReplaysBitForBit) {
  const Outcome first = run(3, 1.5);
  const Outcome second = run(3, 1.5);
  EXPECT_EQ(first.hash, second.hash);
  EXPECT_EQ(first.events, second.events);
  EXPECT_NE(first.hash, run(4, 1.5).hash);
}

TEST(Simulation, ShortSeedsPass) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const Outcome outcome = run(seed, 1);
    for (const Violation& violation : outcome.violations) {
      ADD_FAILURE() << "seed " << seed << ": " << violation.checker << ": " << violation.text;
    }
    EXPECT_GT(outcome.contacts, 5U);
  }
}

TEST(Drills, ThePairThatIsAskedForHappensAndReplays) {
  Options options;
  options.drills = *parse_drills("bad-deploy+kill");
  options.topology = find_topology("three-and-hub");
  options.minutes = 1;
  options.trace = true;
  const Outcome first = Simulation(options).run();
  EXPECT_TRUE(first.violations.empty()) << first.violations[0].text;
  const auto line = [&](std::string_view words) {
    return std::ranges::any_of(first.trace, [&](const TraceLine& each) { return each.text.contains(words); });
  };
  EXPECT_TRUE(line("FAULT crash"));
  EXPECT_TRUE(line("FAULT bad deploy"));
  EXPECT_EQ(first.coverage.missing_drills().size(), all_cells().size() - 1);
  EXPECT_EQ(first.hash, Simulation(options).run().hash);
  // Another cell of the same seed is another world.
  options.drills = Drills{Drill::kill, std::nullopt};
  EXPECT_NE(first.hash, Simulation(options).run().hash);
}

TEST(Drills, EachAloneAndEveryTwo) {
  EXPECT_EQ(all_cells().size(), 11U + 55U + 8U);
  for (const Drills& each : all_cells()) EXPECT_EQ(parse_drills(text_of(each)), each);
  EXPECT_EQ(parse_drills("freeze+kill"), parse_drills("kill+freeze"));
  for (const char* none : {"", "kill+", "kill+kill+kill", "hub-loss+hub-loss", "rain"}) {
    EXPECT_FALSE(parse_drills(none).has_value()) << none;
  }
}

TEST(Drills, WhatRanAndDidNotHappenIsMissing) {
  Coverage one;
  one.drilled({Drill::kill, Drill::freeze}, false);
  EXPECT_TRUE(one.has_drills());
  EXPECT_EQ(one.missing_drills().size(), all_cells().size());
  Coverage other;
  other.drilled({Drill::kill, Drill::freeze}, true);
  one.merge(other);
  EXPECT_EQ(one.missing_drills().size(), all_cells().size() - 1);
  EXPECT_TRUE(one.drill_table().contains("kill+freeze: ran 2 times, happened in 1"));
}

TEST(Topologies, OfTwoNobodyIsEvacuatedByItself) {
  for (const Topology& each : all_topologies()) {
    Options options;
    options.topology = &each;
    options.drills = Drills{Drill::kill, std::nullopt};
    options.minutes = 1;
    const Outcome outcome = Simulation(options).run();
    EXPECT_TRUE(outcome.violations.empty()) << each.name << ": " << outcome.violations[0].text;
    EXPECT_EQ(outcome.coverage.at("member: evacuated") > 0, each.name != "two") << each.name;
    EXPECT_EQ(outcome.coverage.at(fmt::format("topology: {}", each.name)), 1U);
  }
}

TEST(Events, EqualMomentsKeepTheOrderOfPlanning) {
  Events events;
  std::string order;
  events.at(2s, [&] { order += "c"; });
  events.at(1s, [&] {
    order += "a";
    events.at(1s, [&] { order += "b"; });
  });
  events.at(2s, [&] { order += "d"; });
  while (events.run_one(5s)) {
  }
  EXPECT_EQ(order, "abcd");
  EXPECT_EQ(events.now(), Time{5s});
}

TEST(Clock, JumpsAreNotFollowedAndDriftIsSlewed) {
  Clock clock;
  clock.set(100s, 0s, 100);
  clock.process_started(0s);
  const Now before = clock.read(1s);
  clock.jump(20s);
  const Now after = clock.read(2s);
  EXPECT_LT(after.hlc - before.hlc, 1100ms);
  EXPECT_GE(clock.mono(clock.when(after.mono + 1s)), after.mono + 1s);
}

TEST(Coverage, IsMergedAndJudged) {
  Coverage one;
  one.count("move: offered", 2);
  one.seed_done();
  const auto read = Coverage::parse(one.text());
  ASSERT_TRUE(read.has_value());
  one.merge(*read);
  EXPECT_EQ(one.at("move: offered"), 4U);
  EXPECT_EQ(one.seeds(), 2U);
  EXPECT_FALSE(one.missing().empty());
  EXPECT_FALSE(Coverage::parse("nonsense").has_value());
}

}  // namespace
}  // namespace tandem::sim
