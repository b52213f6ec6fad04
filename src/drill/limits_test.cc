// Goal: each rule objects to what it is there for, and to nothing else; nobody overrides those that protect the last.
// Method: a centre of three regions that is well, with one thing changed.
#include "drill/limits.h"

#include <gtest/gtest.h>

namespace tandem::drill {
namespace {

using namespace std::chrono_literals;

Scenario kill(std::vector<std::string> regions) {
  Scenario out;
  for (std::string& region : regions)
    out.steps.push_back({.lasts = 5s, .fault = Fault::kill, .target = std::move(region)});
  return out;
}

CentreNow well() { return {.regions = {{"a", "serving", 10, 4}, {"b", "serving", 10, 4}, {"c", "serving", 10, 4}}}; }

std::vector<std::string> rules(const std::vector<Objection>& all) {
  std::vector<std::string> out;
  for (const Objection& each : all) out.push_back(each.rule);
  return out;
}

using Rules = std::vector<std::string>;

TEST(Limits, LetAWellCentreLoseARegion) { EXPECT_TRUE(objections(kill({"a"}), well(), {}).empty()); }

TEST(Limits, NoMoreRegionsThanAllowed) {
  CentreNow now = well();
  for (RegionNow& region : now.regions) region.slots = 100;
  EXPECT_EQ(rules(objections(kill({"a", "b"}), now, {})), Rules{kMaxRegions});
  EXPECT_TRUE(objections(kill({"a", "b"}), now, {.regions_max = 2}).empty());
}

TEST(Limits, NeverTheLastRegion) {
  const auto all = objections(kill({"a", "b", "c"}), well(), {.regions_max = 9, .over = {kLastRegion, kCapacity}});
  ASSERT_EQ(rules(all), (Rules{kLastRegion, kCapacity}));
  EXPECT_TRUE(all[0].absolute);
  EXPECT_FALSE(all[0].overridden);
  EXPECT_EQ(standing(all), &all[0]);
}

TEST(Limits, TheOthersMustHoldWhatIsThere) {
  CentreNow now = well();
  now.regions[0].load = 12;  // 20 in all, and b and c hold 20
  EXPECT_TRUE(objections(kill({"a"}), now, {}).empty());
  now.regions[0].load = 13;
  const auto all = objections(kill({"a"}), now, {});
  ASSERT_EQ(rules(all), Rules{kCapacity});
  EXPECT_EQ(all[0].text, "21 contacts are there, and the agents of the regions that stay can hold 20");
  EXPECT_NE(standing(all), nullptr);
  const auto overridden = objections(kill({"a"}), now, {.over = {kCapacity}});
  EXPECT_EQ(standing(overridden), nullptr);
  EXPECT_TRUE(objections(kill({"hub"}), now, {}).empty());  // nobody has to go elsewhere
}

TEST(Limits, NotWhileAnotherRegionIsAway) {
  CentreNow now = well();
  now.regions[2].standing = "draining";
  EXPECT_EQ(rules(objections(kill({"a"}), now, {})), Rules{kMaintenance});
}

TEST(Limits, NotInACentreThatIsIll) {
  CentreNow now = well();
  now.problems = {"hub: the disk is full"};
  EXPECT_EQ(rules(objections(kill({"a"}), now, {})), Rules{kProblems});
}

TEST(Limits, PeopleAreAskedFor) {
  CentreNow now = well();
  now.strangers = 1;
  EXPECT_EQ(rules(objections(kill({"a"}), now, {})), Rules{kStrangers});
  EXPECT_TRUE(objections(kill({"a"}), now, {.yes = true}).empty());
}

TEST(Limits, FaultsInsideANodeNeedItsSettings) {
  Scenario slow{.steps = {{.lasts = 5s, .fault = Fault::slow_disk, .target = "b", .by = 1s}}};
  CentreNow now = well();
  now.regions[0].faults = true;
  EXPECT_EQ(rules(objections(slow, now, {.over = {kFaultsOff}})), Rules{kFaultsOff});
  now.regions[1].faults = true;
  EXPECT_TRUE(objections(slow, now, {}).empty());
}

TEST(Limits, CutsNeedPermission) {
  Scenario cut{.steps = {{.lasts = 5s, .fault = Fault::cut, .target = "b", .link = "a"}}};
  CentreNow now = well();
  EXPECT_TRUE(objections(cut, now, {}).empty());
  now.may_cut = false;
  EXPECT_EQ(rules(objections(cut, now, {})), Rules{kPermission});
  EXPECT_TRUE(objections(kill({"a"}), now, {}).empty());
}

}  // namespace
}  // namespace tandem::drill
