// Goal: traffic finds the direct link or one hop round it, and a link that works in one direction only is not used.
// Method: links and heartbeats by hand, on a clock by hand.
#include "cluster/links.h"

#include <gtest/gtest.h>

namespace tandem::cluster {
namespace {

constexpr NodeId kA{1};
constexpr NodeId kB{2};
constexpr NodeId kC{3};
constexpr NodeId kMiddle{4};

Now at_ms(std::chrono::milliseconds time) { return {Mono{time}, {}}; }

TEST(Links, ADirectLinkIsTakenAndAHubIsPreferredAsRelay) {
  Links links(kA);
  links.set_hubs({kMiddle});
  for (const NodeId peer : {kB, kC, kMiddle}) links.up(peer, at_ms(0ms));
  EXPECT_EQ(links.next_hop(kB), kB);
  links.heard_links(kC, {kA, kB}, at_ms(1ms));
  links.heard_links(kMiddle, {kA, kB}, at_ms(1ms));
  links.down(kB);
  EXPECT_EQ(links.next_hop(kB), kMiddle);
  links.down(kMiddle);
  EXPECT_EQ(links.next_hop(kB), kC);
  links.heard_links(kC, {kA}, at_ms(2ms));
  EXPECT_EQ(links.next_hop(kB), std::nullopt);
  EXPECT_FALSE(links.reachable(kB));
}

TEST(Links, SilenceAndDeafnessBothEndALink) {
  Links links(kA, 500ms);
  links.up(kB, at_ms(0ms));
  links.tick(at_ms(100ms));
  EXPECT_TRUE(links.linked(kB));
  // B hears us no longer, and says so.
  links.heard_links(kB, {kC}, at_ms(150ms));
  EXPECT_FALSE(links.linked(kB));
  EXPECT_TRUE(links.told_to(kB).contains(kB));  // we do hear it
  EXPECT_FALSE(links.told_to(kC).contains(kB));
  links.heard_links(kB, {kA}, at_ms(200ms));
  EXPECT_TRUE(links.linked(kB));
  for (auto time = 200ms; time <= 750ms; time += 50ms) links.tick(at_ms(time));
  EXPECT_FALSE(links.linked(kB));
  EXPECT_FALSE(links.told_to(kB).contains(kB));
  EXPECT_EQ(links.silent_for(500ms, at_ms(750ms)).size(), 1U);
  links.heard(kB, at_ms(760ms));
  EXPECT_TRUE(links.linked(kB));
}

TEST(Links, OurOwnPauseIsNotHeldAgainstThem) {
  Links links(kA, 500ms);
  links.tick(at_ms(0ms));
  links.up(kB, at_ms(0ms));
  links.tick(at_ms(50ms));
  links.tick(at_ms(5000ms));
  EXPECT_TRUE(links.linked(kB));
}

}  // namespace
}  // namespace tandem::cluster
