// Goal: the count of a run says lost when something is lost, doubled when something is doubled, and nothing else.
// Method: short stories told to a ledger, each with one thing wrong or nothing, and the summary.
#include "app/tandem/ledger.h"

#include <gtest/gtest.h>

#include "app/tandem/table.h"

namespace tandem::cli {
namespace {

using Ms = Ledger::Ms;

// A conversation as it should be.
void served(Ledger& ledger, const std::string& contact, Ms wait = Ms{100}) {
  ledger.asked();
  ledger.started(contact, Ms{0});
  ledger.acknowledged(contact, "about support");
  ledger.queued(contact, Ms{1000});
  ledger.holds("agent", contact);
  ledger.shown(contact, "item", 1);
  ledger.served(contact, Ms{1000} + wait);
  ledger.holds_no_more("agent", contact);
  ledger.ended(contact, Ms{5000});
  ledger.transcript(contact, {"hello", "about support"});
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
  ledger.asked();
  ledger.started("c", Ms{0});
  ledger.queued("c", Ms{10});
  EXPECT_EQ(ledger.open(), 1U);
  ledger.left("c", Ms{60'000});
  ledger.transcript("c", {});
  const auto s = ledger.summary(true);
  EXPECT_EQ(s.abandoned, 1U);
  EXPECT_TRUE(s.good());
}

TEST(Ledger, WhatWasRefusedWasNeverPromised) {
  Ledger ledger;
  ledger.asked();
  ledger.refused();
  const auto s = ledger.summary(true);
  EXPECT_EQ(s.refused, 1U);
  EXPECT_EQ(s.started, 0U);
  EXPECT_TRUE(s.good());
}

TEST(Ledger, AContactThatNeverEndsIsLost) {
  Ledger ledger;
  ledger.started("c", Ms{0});
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
    ledger.started("c", Ms{0});
    ledger.acknowledged("c", "a");
    ledger.acknowledged("c", "b");
    ledger.ended("c", Ms{1});
    EXPECT_EQ(ledger.summary(true).unchecked, 1U);
    ledger.transcript("c", c.transcript);
    const auto s = ledger.summary(true);
    EXPECT_EQ(s.lost_messages, c.lost);
    EXPECT_EQ(s.doubled_messages, c.doubled);
    EXPECT_EQ(s.unchecked, 0U);
  }
}

TEST(Ledger, AnItemIsShownOncePerSocket) {
  Ledger ledger;
  served(ledger, "c");
  ledger.shown("c", "item", 2);  // after connecting again
  EXPECT_TRUE(ledger.summary(true).good());
  ledger.shown("c", "item", 2);
  EXPECT_EQ(ledger.summary(true).doubled_messages, 1U);
}

TEST(Ledger, TwoAgentsAtOnceAreOneTooMany) {
  Ledger ledger;
  served(ledger, "c");
  ledger.holds("alice", "c");
  ledger.holds("alice", "c");
  EXPECT_TRUE(ledger.summary(true).good());
  ledger.holds("bob", "c");
  ledger.holds_no_more("bob", "c");
  const auto s = ledger.summary(true);
  EXPECT_EQ(s.doubled_contacts, 1U);
  EXPECT_EQ(s.doubled_ids, std::vector<std::string>{"c"});
}

TEST(Ledger, AnAgentWhoseNodeIsLostHoldsNothing) {
  Ledger ledger;
  served(ledger, "c");
  ledger.holds("alice", "c");
  ledger.cut_off("alice");
  ledger.holds("bob", "c");  // it was given to somebody else meanwhile
  ledger.knows("alice", {});
  EXPECT_TRUE(ledger.summary(true).good());
  // And the same, but both are told that they have it.
  ledger.cut_off("alice");
  ledger.knows("alice", {"c"});
  EXPECT_EQ(ledger.summary(true).doubled_contacts, 1U);
}

TEST(Table, AlignsColumns) {
  Table table({"NAME", "N"});
  EXPECT_TRUE(table.empty());
  table.add({"ä", "7"});
  table.add({"long", "12"});
  EXPECT_EQ(table.text(), "NAME   N\nä      7\nlong  12\n");
}

TEST(Table, SaysHowLong) {
  EXPECT_EQ(duration(0), "0 ms");
  EXPECT_EQ(duration(999), "999 ms");
  EXPECT_EQ(duration(59'999), "59 s");
  EXPECT_EQ(duration(60'000), "1 min");
  EXPECT_EQ(duration(3'725'000), "1 h 2 min");
  EXPECT_EQ(duration(90'000'000), "1 d 1 h");
  EXPECT_EQ(count(0, "problem"), "zero problems");
  EXPECT_EQ(count(1, "node"), "1 node");
  EXPECT_EQ(count(3, "node"), "3 nodes");
}

}  // namespace
}  // namespace tandem::cli
