// Goal: people elsewhere hear of every problem that stands, once, and of its end; nobody of a moment's trouble.
#include "app/tandemd/alerts.h"

#include <gtest/gtest.h>

namespace tandem::app {
namespace {

const std::string kLost = "us-east-1 (node 2) is evacuated since 10:00: the others have taken over its work";
const std::string kBehind = "us-east-1 (node 2) is 12000 records behind this node";

class Watched : public testing::Test {
 protected:
  void look(std::vector<std::string> problems, int seconds, bool leads = true) {
    for (int n = 0; n < seconds; ++n) alerts.look(problems, leads, now = now + 1s);
  }
  std::vector<Alert> told() {
    std::vector<Alert> out = alerts.untold();
    alerts.told(out.size());
    return out;
  }
  Alerts alerts;
  Mono now{1h};
};

TEST_F(Watched, WhatStandsIsToldOnceAndItsEndToo) {
  look({kLost}, 1);
  EXPECT_TRUE(told().empty());
  look({kLost}, 20);
  const auto opened = told();
  ASSERT_EQ(opened.size(), 1U);
  EXPECT_TRUE(opened.front().open && opened.front().page);
  EXPECT_EQ(opened.front().text, kLost);
  look({}, 3);
  look({kLost}, 3);  // it had not gone for long
  EXPECT_TRUE(told().empty());
  look({}, 6);
  const auto closed = told();
  ASSERT_EQ(closed.size(), 1U);
  EXPECT_FALSE(closed.front().open);
  EXPECT_EQ(closed.front().key, opened.front().key);
}

TEST_F(Watched, FiguresThatChangeAreOneProblem) {
  look({kBehind}, 3);
  look({"us-east-1 (node 2) is 9 records behind this node"}, 3);
  EXPECT_EQ(told().size(), 1U);
}

TEST_F(Watched, WhoDoesNotLeadTellsWhatConcernsItselfAndEverythingOnceItLeads) {
  look({kLost, "the disk is full: new work is refused, what is running can be read"}, 5, false);
  const auto own = told();
  ASSERT_EQ(own.size(), 1U);
  EXPECT_TRUE(own.front().text.starts_with("the disk is full"));
  look({kLost}, 1, true);
  EXPECT_EQ(told().size(), 1U);
}

TEST_F(Watched, WhatDidNotArriveStays) {
  look({kLost}, 5);
  EXPECT_EQ(alerts.untold().size(), 1U);
  alerts.told(0);
  EXPECT_EQ(alerts.untold().size(), 1U);
  for (int n = 0; n < 1'200; ++n) {
    look({"problem " + std::string(static_cast<std::size_t>(n), 'x') + " of this node"}, 3);
  }
  EXPECT_LE(alerts.untold().size(), Alerts::kUntoldMax);
}

}  // namespace
}  // namespace tandem::app
