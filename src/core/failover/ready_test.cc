// Goal: what speaks against a region that should take everything is named, with figures, and nothing else is. Method: a
// hub that knows two regions; records applied to its states, what nodes say given by hand.
#include "core/failover/ready.h"

#include <gtest/gtest.h>

#include "core/distribution/view.h"
#include "core/states_testing.h"

namespace tandem::failover {
namespace {

constexpr NodeId kHub{1};
constexpr NodeId kEast{2};
constexpr NodeId kWest{3};
constexpr Uuid kFlow{{1}};
constexpr Uuid kHours{{2}};
constexpr Uuid kQueue{{3}};
constexpr Uuid kProfile{{4}};

std::shared_ptr<const config::Program> compile(std::string_view content) {
  return content == "good" ? std::make_shared<const config::Program>() : nullptr;
}

class Readiness : public testing::Test, protected States {
 protected:
  Readiness() : States(kHub) {
    config = config::State(&compile);
    local.hub = local.settled = true;
    local.reachable = {kEast, kWest};
    said = {{kEast, {}}, {kWest, {}}};
    put(config::Kind::flow, kFlow, {{"name", "welcome"}, {"content", "good"}, {"status", "PUBLISHED"}});
    put(config::Kind::hours, kHours, {{"name", "always"}, {"time_zone", "UTC"}});
    put(config::Kind::queue, kQueue, {{"name", "sales"}, {"hours", kHours.text()}});
    const std::string served = "queue." + kQueue.text();
    put(config::Kind::routing_profile, kProfile,
        {{"name", "all"}, {"concurrency.CHAT", "2"}, {served + ".CHAT", "1,0"}});
    agent(11, "ana", kEast);
    agent(12, "wes", kWest);
  }
  void put(config::Kind kind, const Uuid& id, std::map<std::string, std::string> set) {
    now.hlc = now.hlc + 1ms;
    const bool create = config.find(kind, id) == nullptr;
    config.apply(config::Put{kind, id, create, std::move(set)}, meta());
  }
  void agent(std::uint8_t number, const std::string& name, NodeId at) {
    const Uuid id{{number}};
    put(config::Kind::user, id, {{"username", name}, {"routing_profile", kProfile.text()}});
    presence::Presence p;
    p.agent = AgentId{id};
    p.desktop = Uuid{{99}};
    p.type = presence::StatusType::routable;
    agents.apply(presence::Claimed{p.agent, Term{1}, p}, meta(at));
  }
  void contact(std::uint8_t number, NodeId at, bool synthetic = false) {
    contact::Contact c;
    c.id = ContactId{Uuid{{number}}};
    c.phase = contact::Phase::queued;
    if (synthetic) c.attributes[distribution::kSynthetic] = {};
    contacts.apply(contact::Claimed{c.id, Term{1}, contact::Why::started, c, {}}, meta(at));
  }
  // What speaks against the region: names of checks.
  std::vector<std::string> against(const std::string& region) {
    std::vector<std::string> out;
    for (const Check& check : of(region).checks) {
      if (!check.good) out.push_back(check.name);
    }
    EXPECT_EQ(out.empty(), of(region).ready());
    return out;
  }
  std::string text(const std::string& region, const std::string& name) {
    for (const Check& check : of(region).checks) {
      if (check.name == name) return check.text;
    }
    return "no check " + name;
  }
  Ready of(const std::string& region) {
    for (Ready& each : ready(sees(), said, now.hlc)) {
      if (each.region == region) return each;
    }
    return {};
  }
  void order(distribution::Duty duty) {
    now.hlc = now.hlc + 1ms;
    distribution::Ordered out;
    out.region = "us-east-1";
    out.duty = duty;
    distribution.apply(out, meta());
  }
  using Names = std::vector<std::string>;
  std::map<NodeId, Said> said;
};

TEST_F(Readiness, NothingSpeaksAgainstWhoCouldTakeEverything) {
  for (const char* region : {"us-east-1", "us-west-2"}) EXPECT_EQ(against(region), Names{}) << region;
  EXPECT_EQ(text("us-east-1", "agents"), "2 staffed slots for the 0 contacts of all regions");
  EXPECT_EQ(text("us-east-1", "share"), "50 % of the new contacts now, 100 % without us-west-2");
  EXPECT_EQ(text("us-east-1", "verbs"), "drained never, brought back never, lost or returned never");
}

TEST_F(Readiness, ContactsOfAllRegionsCountAgainstTheAgentsOfOne) {
  for (const std::uint8_t n : {21, 22}) contact(n, kWest);
  EXPECT_EQ(against("us-east-1"), Names{});
  contact(23, kEast);
  EXPECT_EQ(against("us-east-1"), Names{"agents"});
  EXPECT_EQ(text("us-east-1", "agents"), "2 staffed slots for the 3 contacts of all regions");
}

TEST_F(Readiness, WhatIsSyntheticIsNoLoadAndServesNobody) {
  for (const std::uint8_t n : {21, 22, 23, 24}) contact(n, kWest, true);
  agent(13, "tandem-synthetic-us-east-1", kEast);
  EXPECT_EQ(text("us-east-1", "agents"), "2 staffed slots for the 0 contacts of all regions");
}

TEST_F(Readiness, WhoIsAwayOrDrainsIsNotReady) {
  local.reachable.erase(kWest);
  EXPECT_EQ(text("us-west-2", "nodes"), "0 of 1 active and answering: us-west-2 does not answer");
  EXPECT_EQ(text("us-east-1", "share"), "100 % of the new contacts now");
  failover.apply(Evacuated{kWest, 1, {kHub, kEast}, {kEast}}, meta());
  EXPECT_EQ(text("us-west-2", "nodes"), "0 of 1 active and answering: us-west-2 is evacuated");
  EXPECT_EQ(against("us-west-2"), Names{"nodes"});
  order(distribution::Duty::draining);
  now.hlc = now.hlc + 5min;
  EXPECT_EQ(against("us-east-1"), Names{"nodes"});
  EXPECT_EQ(text("us-east-1", "verbs"), "drained 5 min ago, brought back never, lost or returned never");
}

TEST_F(Readiness, WhatANodeSaysOfItself) {
  said[kEast].disk_full = true;
  said[kWest].clock_doubted = true;
  EXPECT_EQ(against("us-east-1"), Names{"disk"});
  EXPECT_EQ(against("us-west-2"), Names{"clock"});
  said[kEast] = {.behind = kBehindReady + 1};
  said.erase(kWest);
  EXPECT_EQ(against("us-east-1"), Names{"records"});
  EXPECT_EQ(against("us-west-2"), (Names{"records", "disk", "clock"}));
}

TEST_F(Readiness, AFlowThatDoesNotCompileStopsEverybody) {
  put(config::Kind::flow, kFlow, {{"content", "broken"}});
  EXPECT_EQ(against("us-east-1"), Names{"flows"});
  EXPECT_EQ(text("us-west-2", "flows"), "cannot run: welcome");
  put(config::Kind::flow, kFlow, {{"content", "good"}, {"status", "SAVED"}});
  EXPECT_EQ(text("us-west-2", "flows"), "none is published");
}

TEST_F(Readiness, SyntheticContactsHaveToBeServedAndLately) {
  said[kEast].synthetic = Said::Synthetic{.failing = false, .ago = 4s, .took = 87ms};
  EXPECT_EQ(text("us-east-1", "synthetic"), "served 4 s ago in 87 ms");
  EXPECT_EQ(against("us-east-1"), Names{});
  said[kEast].synthetic->failing = true;
  EXPECT_EQ(text("us-east-1", "synthetic"), "us-east-1 had none served for 4 s");
  said[kEast].synthetic = Said::Synthetic{.failing = false, .ago = 61s, .took = 87ms};
  EXPECT_EQ(against("us-east-1"), Names{"synthetic"});
  said[kEast].synthetic = Said::Synthetic{};
  EXPECT_EQ(text("us-east-1", "synthetic"), "us-east-1 had none served since it started");
}

TEST_F(Readiness, AReturnedNodeIsProvenByAContactThatBeganSinceThen) {
  local.self = kWest;
  EXPECT_TRUE(proven(sees(), Hlc{})) << "it never was away";
  failover.apply(Evacuated{kWest, 1, {kHub, kEast}, {kEast}}, meta(kHub));
  failover.apply(Returned{2, MemberState::ready}, meta(kWest));
  EXPECT_TRUE(proven(sees(), std::nullopt)) << "it starts none";
  EXPECT_FALSE(proven(sees(), Hlc{}));
  EXPECT_FALSE(proven(sees(), now.hlc + -1s));
  EXPECT_TRUE(proven(sees(), now.hlc + 1s));
}

}  // namespace
}  // namespace tandem::failover
