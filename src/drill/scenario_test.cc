// Goal: a scenario in YAML is read as it stands there, and what is wrong with one is said with its line.
// Method: texts, good and bad, and the times at which regions are lost.
#include "drill/scenario.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tandem::drill {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const std::vector<std::string> kRegions = {"us-east-1", "us-west-2", "eu-central-1"};

TEST(Scenario, IsReadAsItStands) {
  const auto read = read_scenario(R"(name: two at once
about: a region dies while another one is slow
people: {rate: 2.5, agents: 30, think: 200ms, before: 1s, after: 2m}
steps:
  - {at: 5s, fault: kill, target: region, for: 10s}
  - {at: 7s, fault: slow-disk, target: other, by: 300ms, for: 5s}
  - {at: 7s, fault: cut, target: region, link: hub, way: in, for: 500ms}
  - {at: 9s, fault: clock-jump, target: us-west-2, by: -90s, for: 1s}
  - {at: 9s, fault: bad-deploy, flow: ./broken.json, for: 1s}
)");
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(read->name, "two at once");
  EXPECT_EQ(read->rate, 2.5);
  EXPECT_EQ(read->agents, 30U);
  EXPECT_EQ(read->think, 200ms);
  EXPECT_EQ(read->before, 1s);
  EXPECT_EQ(read->after, 2min);
  // Times count from the first fault.
  const std::vector<Step> steps = {
      {.lasts = 10s, .fault = Fault::kill, .target = "region"},
      {.at = 2s, .lasts = 5s, .fault = Fault::slow_disk, .target = "other", .by = 300ms},
      {.at = 2s, .lasts = 500ms, .fault = Fault::cut, .target = "region", .link = "hub", .way = Way::in},
      {.at = 4s, .lasts = 1s, .fault = Fault::clock_jump, .target = "us-west-2", .by = -90s},
      {.at = 4s, .lasts = 1s, .fault = Fault::bad_deploy, .flow = "./broken.json"}};
  EXPECT_EQ(read->steps, steps);
  EXPECT_EQ(read->length(), 10s);
}

TEST(Scenario, SaysWhatIsWrongAndWhere) {
  struct Case {
    const char* yaml;
    const char* words;
  };
  const Case cases[] = {
      {"", "line 1: a scenario is a mapping"},
      {"name: x\n", "line 1: 'steps'"},
      {"name: x\nsteps: []\n", "line 2: 'steps'"},
      {"name: x\nsteps:\n  - {fault: kill, target: region}\n", "line 3: the step has no 'for'"},
      {"name: x\nsteps:\n  - {fault: kil, target: region, for: 1s}\n", "line 3: 'fault' is one of kill, freeze"},
      {"name: x\nsteps:\n  - {fault: kill, for: 1s}\n", "line 3: the step has no 'target'"},
      {"name: x\nsteps:\n  - fault: kill\n    target: region\n    for: 1 hour\n", "line 5: 'for': \"1 hour\""},
      {"name: x\nsteps:\n  - {fault: kill, target: region, for: 10ms}\n", "line 3: a fault lasts 100ms"},
      {"name: x\nsteps:\n  - fault: kill\n    target: region\n    for: 1s\n    by: 3s\n", "line 6: 'by' is for"},
      {"name: x\nsteps:\n  - {fault: slow-disk, target: region, for: 1s}\n", "line 3: the step has no 'by'"},
      {"name: x\nsteps:\n  - {fault: slow-disk, target: region, for: 1s, by: -1s}\n", "'by' must not be negative"},
      {"name: x\nstep:\n  - {}\n", "line 2: a scenario has no 'step'; it has name, about, people, steps"},
      {"name: x\nname: y\nsteps: []\n", "line 2: 'name' stands there twice"},
      {"name: ../x\nsteps: []\n", "line 1: 'name' has up to"},
      {"name: x\npeople:\n  rate: fast\nsteps: []\n", "line 3: 'rate' is a number"},
      {"name: x\npeople: {rate: nan}\nsteps: []\n", "line 2: 'rate' is a number"},
      {"name: x\nsteps:\n  - {fault: cut, target: hub, link: hub, for: 1s}\n", "line 3: a link has two ends"},
      {"name: x\nsteps:\n  - {fault: bad-deploy, target: hub, for: 1s}\n", "line 3: 'target' is for"},
      {"name: [x\n", "line "},
      {"name: x\nsteps:\n  - {fault: kill, target: hub, for: 9s}\n  - {at: 8s, fault: kill, target: hub, for: 1s}\n",
       "line 4: step 1 is still going on then"},
  };
  for (const Case& c : cases) {
    const auto read = read_scenario(c.yaml);
    ASSERT_FALSE(read) << c.yaml;
    EXPECT_EQ(read.error().code, Errc::invalid);
    EXPECT_THAT(read.error().detail, HasSubstr(c.words)) << c.yaml;
  }
  EXPECT_FALSE(read_scenario(std::string(100, '[')));
}

TEST(Scenario, NamesBecomeThoseOfTheCentre) {
  Scenario scenario{.steps = {{.target = "region"}, {.target = "other"}, {.target = "hub", .link = "region"}}};
  const auto last = resolved(scenario, kRegions, "eu-central-1");
  ASSERT_TRUE(last);
  EXPECT_EQ(last->steps[0].target, "eu-central-1");
  EXPECT_EQ(last->steps[1].target, "us-east-1");
  EXPECT_EQ(last->steps[2].link, "eu-central-1");
  EXPECT_THAT(resolved(scenario, kRegions, "mars-1").error().detail, HasSubstr("no region mars-1"));
  EXPECT_THAT(resolved(scenario, {"us-east-1"}, "us-east-1").error().detail, HasSubstr("no other region"));
  scenario.steps[0].target = "mars-1";
  EXPECT_THAT(resolved(scenario, kRegions, "us-east-1").error().detail, HasSubstr("no region mars-1"));
}

TEST(Scenario, CountsWhatIsLostAtOneTime) {
  Scenario scenario{.steps = {{.lasts = 5s, .fault = Fault::kill, .target = "a"},
                              {.at = 5s, .lasts = 5s, .fault = Fault::freeze, .target = "b"}}};
  EXPECT_EQ(lost_at_once(scenario), std::set<std::string>{"a"});  // one after the other
  scenario.steps[1].at = 4s;
  EXPECT_EQ(lost_at_once(scenario), (std::set<std::string>{"a", "b"}));
  // A region that is slow, or has lost one link, still serves; the hub serves nobody.
  scenario.steps = {{.lasts = 5s, .fault = Fault::slow_disk, .target = "a"},
                    {.lasts = 5s, .fault = Fault::cut, .target = "a", .link = "b"},
                    {.lasts = 5s, .fault = Fault::kill, .target = "hub"}};
  EXPECT_TRUE(lost_at_once(scenario).empty());
  scenario.steps[1].link = "";
  EXPECT_EQ(lost_at_once(scenario), std::set<std::string>{"a"});
}

TEST(Scenario, ThoseBuiltInCanBePlayed) {
  for (const Scenario& each : built_in()) {
    EXPECT_TRUE(resolved(each, kRegions, "us-west-2")) << each.name;
    EXPECT_FALSE(each.steps.empty());
    for (const Step& step : each.steps) EXPECT_FALSE(words(step).empty());
  }
}

TEST(Scenario, ReadsTimes) {
  EXPECT_EQ(read_time("300ms"), 300ms);
  EXPECT_EQ(read_time("-2m"), -120'000ms);
  for (const char* bad : {"", "s", "5", "1.5s", "5h", "99999m", "5 s", "99999999999999999999s"})
    EXPECT_FALSE(read_time(bad)) << bad;
}

}  // namespace
}  // namespace tandem::drill
