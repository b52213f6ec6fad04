// Goal: the count of a run says lost when something is lost, doubled when something is doubled, and nothing else.
// Method: short stories told to a ledger, each with one thing wrong or nothing, and the summary.
#include "drill/ledger.h"

#include <gtest/gtest.h>

namespace tandem::drill {
namespace {

using Ms = Ledger::Ms;

// A conversation as it should be.
void served(Ledger& ledger, const std::string& contact, Ms wait = Ms{100}) {
  ledger.asked(1, Ms{0});
  ledger.started(1, contact, Ms{0});
  ledger.acknowledged(contact, "about support", Ms{0});
  ledger.queued(contact, Ms{1000});
  ledger.holds("agent", contact, Ms{0});
  ledger.shown(contact, "item", 1, Ms{0});
  ledger.served(contact, Ms{1000} + wait);
  ledger.holds_no_more("agent", contact, Ms{0});
  ledger.ended(contact, Ms{5000});
  ledger.transcript(contact, {"hello", "about support"}, Ms{0});
}

TEST(Ledger, CountsAGoodRun) {
  Ledger ledger;
  for (int n = 1; n <= 100; ++n) served(ledger, "c" + std::to_string(n), Ms{n * 10});
  const auto s = ledger.summary(true);
  EXPECT_TRUE(s.good());
  EXPECT_EQ(s.asked, 100U);
  EXPECT_EQ(s.started, 100U);
  EXPECT_EQ(s.served, 100U);
  EXPECT_EQ(s.abandoned, 0U);
  EXPECT_EQ(s.messages, 100U);
  EXPECT_EQ(s.unchecked, 0U);
  EXPECT_EQ(s.wait_p50, Ms{500});
  EXPECT_EQ(s.wait_p99, Ms{990});
  EXPECT_EQ(s.wait_max, Ms{1000});
  EXPECT_EQ(ledger.open(), 0U);
}

TEST(Ledger, HasNoWaitsOfNobody) {
  const auto s = Ledger().summary(true);
  EXPECT_TRUE(s.good());
  EXPECT_FALSE(s.wait_p50.has_value());
}

TEST(Ledger, WhoLeavesTheQueueIsAbandonedAndNotLost) {
  Ledger ledger;
  ledger.asked(1, Ms{0});
  ledger.started(1, "c", Ms{0});
  ledger.queued("c", Ms{10});
  EXPECT_EQ(ledger.open(), 1U);
  ledger.left("c", Ms{60'000});
  ledger.transcript("c", {}, Ms{0});
  const auto s = ledger.summary(true);
  EXPECT_EQ(s.abandoned, 1U);
  EXPECT_TRUE(s.good());
}

TEST(Ledger, WhatWasRefusedWasNeverPromised) {
  Ledger ledger;
  ledger.asked(1, Ms{0});
  ledger.refused(1, Ms{0});
  const auto s = ledger.summary(true);
  EXPECT_EQ(s.refused, 1U);
  EXPECT_EQ(s.started, 0U);
  EXPECT_TRUE(s.good());
}

TEST(Ledger, AContactThatNeverEndsIsLost) {
  Ledger ledger;
  ledger.started(1, "c", Ms{0});
  EXPECT_EQ(ledger.summary(false).lost, 0U);
  const auto s = ledger.summary(true);
  EXPECT_EQ(s.lost_contacts, 1U);
  EXPECT_EQ(s.lost, 1U);
  EXPECT_EQ(s.lost_ids, std::vector<std::string>{"c"});
}

TEST(Ledger, AMessageThatWasAcknowledgedMustBeThereOnce) {
  struct Case {
    std::vector<std::string> transcript;
    std::uint64_t lost;
    std::uint64_t doubled;
  };
  const Case cases[] = {
      {{"a", "b"}, 0, 0}, {{"a"}, 1, 0}, {{}, 2, 0}, {{"a", "b", "a"}, 0, 1}, {{"x", "b", "b"}, 1, 1}};
  for (const Case& c : cases) {
    Ledger ledger;
    ledger.started(1, "c", Ms{0});
    ledger.acknowledged("c", "a", Ms{0});
    ledger.acknowledged("c", "b", Ms{0});
    ledger.ended("c", Ms{1});
    EXPECT_EQ(ledger.summary(true).unchecked, 1U);
    ledger.transcript("c", c.transcript, Ms{0});
    const auto s = ledger.summary(true);
    EXPECT_EQ(s.lost_messages, c.lost);
    EXPECT_EQ(s.doubled_messages, c.doubled);
    EXPECT_EQ(s.unchecked, 0U);
  }
}

TEST(Ledger, AnItemIsShownOncePerSocket) {
  Ledger ledger;
  served(ledger, "c");
  ledger.shown("c", "item", 2, Ms{0});  // after connecting again
  EXPECT_TRUE(ledger.summary(true).good());
  ledger.shown("c", "item", 2, Ms{0});
  EXPECT_EQ(ledger.summary(true).doubled_messages, 1U);
}

TEST(Ledger, TwoAgentsAtOnceAreOneTooMany) {
  Ledger ledger;
  served(ledger, "c");
  ledger.holds("alice", "c", Ms{0});
  ledger.holds("alice", "c", Ms{0});
  EXPECT_TRUE(ledger.summary(true).good());
  ledger.holds("bob", "c", Ms{0});
  ledger.holds_no_more("bob", "c", Ms{0});
  const auto s = ledger.summary(true);
  EXPECT_EQ(s.doubled_contacts, 1U);
  EXPECT_EQ(s.doubled_ids, std::vector<std::string>{"c"});
}

TEST(Ledger, AnAgentWhoseNodeIsLostHoldsNothing) {
  Ledger ledger;
  served(ledger, "c");
  ledger.holds("alice", "c", Ms{0});
  ledger.cut_off("alice", Ms{0});
  ledger.holds("bob", "c", Ms{0});  // it was given to somebody else meanwhile
  ledger.knows("alice", {}, Ms{0});
  EXPECT_TRUE(ledger.summary(true).good());
  // And the same, but both are told that they have it.
  ledger.cut_off("alice", Ms{0});
  ledger.knows("alice", {"c"}, Ms{0});
  EXPECT_EQ(ledger.summary(true).doubled_contacts, 1U);
}

// What was passed on line by line tells another ledger everything that this one knows.
TEST(Ledger, AnotherOneComesToTheSameFromItsEvents) {
  std::vector<std::string> lines;
  Ledger ledger;
  ledger.pass_on([&lines](const Event& event) { lines.push_back(to_line(event)); });
  served(ledger, "good");
  served(ledger, "two agents");
  ledger.holds("bob", "two agents", Ms{5100});
  ledger.holds("carol", "two agents", Ms{5200});
  ledger.asked(7, Ms{20});
  ledger.refused(7, Ms{30'020});
  ledger.started(8, "lost", Ms{40});
  ledger.acknowledged("lost", "word", Ms{50});
  ledger.transcript("lost", {}, Ms{60});
  ledger.cut_off("agent", Ms{70});
  ledger.knows("agent", {"good"}, Ms{80});
  ledger.signed_in_again("agent", Ms{80});
  ledger.reattached("good", Ms{90});
  ledger.began_in("good", "us-east-1", Ms{95});
  ledger.shown("good", "item", 1, Ms{99});
  Ledger other;
  for (const std::string& line : lines) other.replay(*read_line(line));
  const auto mine = ledger.summary(true);
  const auto theirs = other.summary(true);
  EXPECT_EQ(mine.lost, 2U);
  EXPECT_EQ(mine.doubled, 2U);
  EXPECT_EQ(theirs.asked, mine.asked);
  EXPECT_EQ(theirs.refused, mine.refused);
  EXPECT_EQ(theirs.served, mine.served);
  EXPECT_EQ(theirs.lost_contacts, mine.lost_contacts);
  EXPECT_EQ(theirs.lost_messages, mine.lost_messages);
  EXPECT_EQ(theirs.doubled_ids, mine.doubled_ids);
  EXPECT_EQ(theirs.doubled_messages, mine.doubled_messages);
  EXPECT_EQ(theirs.regions, mine.regions);
  EXPECT_EQ(theirs.reattached, 1U);
  EXPECT_EQ(theirs.signed_in_again, 1U);
  EXPECT_EQ(theirs.wait_p50, mine.wait_p50);
}

}  // namespace
}  // namespace tandem::drill
