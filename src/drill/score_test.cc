// Goal: the score says what the lines of the recording say, and no more: who was served when, what was lost, what came
// twice, who waited.
// Method: recordings written here, line by line; ten customers a second, two regions with half of them each.
#include "drill/score.h"

#include <gtest/gtest.h>

#include "drill/report.h"

namespace tandem::drill {
namespace {

using namespace std::chrono_literals;
using Ms = Ledger::Ms;

// Customers who come every 100 ms and are treated well, unless a test says otherwise.
class Centre {
 public:
  struct Treated {
    Ms greeting{10};
    Ms wait{50};
    std::string region;
    bool ends = true;
  };
  void customer(Ms at, const Treated& how) {
    const std::uint64_t number = ++customers_;
    const std::string contact = "c" + std::to_string(number);
    const std::string c = R"("contact":")" + contact + "\"";
    line(at, R"("what":"asked","customer":)" + std::to_string(number));
    line(at + 5ms, R"("what":"started","customer":)" + std::to_string(number) + "," + c);
    line(at + how.greeting, R"("what":"greeted",)" + c);
    line(at + how.greeting + 5ms, R"("what":"queued",)" + c);
    line(at + how.greeting + 5ms + how.wait, R"("what":"served",)" + c);
    if (how.ends) line(at + how.greeting + how.wait + 200ms, R"("what":"ended",)" + c);
    line(at + how.greeting + how.wait + 201ms, R"("what":"checked",)" + c);
    line(at + how.greeting + how.wait + 202ms, R"("what":"began_in",)" + c + R"(,"text":")" + how.region + "\"");
  }
  void line(Ms at, const std::string& rest) {
    lines_.emplace(at, "{\"at\":" + std::to_string(at.count()) + "," + rest + "}");
  }

  // Read back from the text, as the drill does it.
  [[nodiscard]] Score score(const Incident& incident) const {
    std::string text = to_line(Begun{1, 2}) + "\n";
    for (const auto& [at, each] : lines_) text += each + "\n";
    const auto recording = read_recording(text);
    EXPECT_TRUE(recording) << recording.error().detail;
    return drill::score(recording->events, incident, {}, true);
  }

 private:
  std::uint64_t customers_ = 0;
  std::multimap<Ms, std::string> lines_;
};

Incident loss() { return {.fault = 10'000ms, .back = 20'000ms, .lost = {"a"}, .shares = {{"a", 50}, {"b", 50}}}; }

// Ten seconds with both regions, ten with b alone. `slow`: customers of the first so many after the loss are greeted
// late.
Centre played(int slow = 0, Ms by = 0ms) {
  Centre out;
  for (int n = 0; n < 200; ++n) {
    const bool lost = n >= 100;
    const bool late = lost && n < 100 + slow;
    out.customer(n * 100ms, {.greeting = late ? by : 10ms, .region = lost || n % 2 == 1 ? "b" : "a"});
  }
  return out;
}

TEST(Score, OfALossThatNobodyFelt) {
  const Score s = played().score(loss());
  EXPECT_TRUE(s.good());
  EXPECT_EQ(s.people.started, 200U);
  EXPECT_EQ(s.asked_after, 100U);
  EXPECT_EQ(s.owed_to_lost, 50U);
  // The first customer after the fault is due to b, the second, 100 ms later, to a.
  EXPECT_EQ(s.first_served, 110ms);
  EXPECT_EQ(s.normal, 0ms);
  EXPECT_EQ(s.delayed, 0U);
  EXPECT_EQ(s.felt, std::nullopt);
  EXPECT_EQ(s.greeting_before_p95, 10ms);
  EXPECT_EQ(s.greeting_after_max, 10ms);
  EXPECT_FALSE(s.detect.has_value());
}

TEST(Score, WhoIsGreetedLateIsDelayedAndNotNormal) {
  const Score s = played(20, 1500ms).score(loss());
  EXPECT_EQ(s.first_served, 100ms + 1500ms);
  EXPECT_EQ(s.delayed, 20U);
  EXPECT_EQ(s.felt, 1'900ms);
  // A window that begins when the last of them has asked is the first that is as before.
  EXPECT_EQ(s.normal, 2000ms);
  EXPECT_EQ(played(20, 900ms).score(loss()).delayed, 0U);
}

TEST(Score, ServedByTheLostRegionIsNotServedByASurvivor) {
  Centre centre;
  for (int n = 0; n < 100; ++n) centre.customer(n * 100ms, {.region = n % 2 == 1 ? "b" : "a"});
  // The second after the loss still begins in a; the fourth in b.
  for (int n = 100; n < 104; ++n) centre.customer(n * 100ms, {.region = n == 101 ? "a" : "b"});
  EXPECT_EQ(centre.score(loss()).first_served, 310ms);
}

TEST(Score, SharesMustBeThoseOfTheRegionsThatAreLeft) {
  Incident incident = loss();
  incident.shares = {{"a", 50}, {"b", 25}, {"c", 25}};
  // All go to b, and none to c.
  EXPECT_FALSE(played().score(incident).normal.has_value());
}

TEST(Score, WhatNeverEndsIsLost) {
  Centre centre = played();
  centre.customer(15'050ms, {.region = "b", .ends = false});
  const Score s = centre.score(loss());
  EXPECT_EQ(s.lost, 1U);
  EXPECT_EQ(s.people.lost_ids, std::vector<std::string>{"c201"});
}

TEST(Score, MessagesThatAreGoneOrThereTwiceCount) {
  Centre centre = played();
  centre.line(18'000ms, R"("what":"checked","contact":"c7","missing":2,"repeated":1)");
  centre.line(18'000ms, R"("what":"shown","contact":"c8","text":"item","socket":1)");
  centre.line(18'001ms, R"("what":"shown","contact":"c8","text":"item","socket":1)");
  const Score s = centre.score(loss());
  EXPECT_EQ(s.lost, 2U);
  EXPECT_EQ(s.doubled, 2U);
}

TEST(Score, TwoAgentsAtOnceAreDoubled) {
  Centre centre = played();
  centre.line(18'000ms, R"("what":"holds","contact":"c8","agent":"alice")");
  centre.line(18'001ms, R"("what":"holds","contact":"c8","agent":"bob")");
  EXPECT_EQ(centre.score(loss()).doubled, 1U);
}

TEST(Score, HeldContactsGoOnOrAreDelayed) {
  Centre centre = played();
  Incident incident = loss();
  incident.held = {"h1", "h2", "h3"};
  centre.line(9'999ms, R"("what":"shown","contact":"h1","text":"before","socket":1)");
  centre.line(10'300ms, R"("what":"shown","contact":"h1","text":"after","socket":2)");
  centre.line(12'500ms, R"("what":"acknowledged","contact":"h2","text":"late")");
  const Score s = centre.score(incident);
  EXPECT_EQ(s.held, 3U);
  EXPECT_EQ(s.held_seen_again, 2U);
  EXPECT_EQ(s.held_p50, 300ms);
  EXPECT_EQ(s.held_max, 2500ms);
  EXPECT_EQ(s.delayed, 2U);  // the late one, and the one that was never seen again
}

TEST(Score, WhoWaitsThroughTheFaultSaysNothingAboutBefore) {
  Centre centre = played();
  // Half of those who came in the second before it are served six seconds after it.
  for (int n = 0; n < 200; ++n) centre.customer(9'000ms + n * 5ms, {.wait = 7000ms, .region = "b"});
  Incident incident = loss();
  incident.held = {"h1"};
  centre.line(15'000ms, R"("what":"shown","contact":"h1","text":"late","socket":2)");
  EXPECT_EQ(centre.score(incident).delayed, 1U);
}

TEST(Score, NoticingIsTheFirstSuspicionOrVote) {
  Incident incident = loss();
  incident.voted = 10'600ms;
  incident.decided = 10'650ms;
  EXPECT_EQ(played().score(incident).detect, 600ms);
  EXPECT_EQ(played().score(incident).decide, 650ms);
  incident.suspected = 10'200ms;
  EXPECT_EQ(played().score(incident).detect, 200ms);
}

TEST(Score, ARecordingThatWasCutOffEndsBeforeItsLastLine) {
  const std::string text =
      to_line(Begun{5, 7}) + "\n" + to_line(Event{.at = 3ms, .what = What::asked, .customer = 1}) + "\n{\"at\":9,";
  const auto recording = read_recording(text);
  ASSERT_TRUE(recording);
  EXPECT_EQ(recording->begun, (Begun{5, 7}));
  ASSERT_EQ(recording->events.size(), 1U);
  const auto broken = read_recording(text + "\n");
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().detail, "line 3: no JSON object");
}

TEST(Score, DnsFailoverWaitsForChecksAndKeptAnswers) {
  EXPECT_EQ(dns_failover(1'000'000'004'000, 1).decided, 6'000ms);
  EXPECT_EQ(dns_failover(1'000'000'004'000, 1).last_client, 66'000ms);
  EXPECT_EQ(dns_failover(1'000'000'004'000, 3).decided, 26'000ms);
  EXPECT_EQ(dns_failover(1'000'000'000'000, 1).decided, 10'000ms);
}

TEST(Report, TellsTheSameToPeopleAndPrograms) {
  Report report;
  report.scenario = built_in().front();
  report.verdict = Verdict::failed;
  report.why = "2 lost";
  report.incident = loss();
  report.score = played(20, 1500ms).score(loss());
  report.moments = {{10'250ms, "b | does not reach a"}};
  report.decisions = {{12'000, "b", "node 3, incarnation 4, record 5", "a is evacuated"}};
  const std::string page = to_markdown(report);
  const std::string data = to_json(report);
  for (const char* words : {"1600 ms", "failed", "2 lost", "250 | b \\| does not reach a", "record 5"}) {
    EXPECT_NE(page.find(words), std::string::npos) << words;
  }
  for (const char* words :
       {R"("first_served_ms":1600)", R"("verdict":"failed")", R"("since_fault_ms":250)", "record 5"}) {
    EXPECT_NE(data.find(words), std::string::npos) << words;
  }
  EXPECT_EQ(utc_words(1'795'826'243'117), "2026-11-28T00:37:23.117Z");
}

}  // namespace
}  // namespace tandem::drill
