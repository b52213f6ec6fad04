// Goal: an agent whom a supervisor moves goes when he is free, or at the deadline, and gets nothing new meanwhile.
// Method: an open desktop in the states of one node; what orders, time and the end of his contacts make of it.
#include <gtest/gtest.h>

#include "core/presence/decide.h"
#include "core/states_testing.h"

namespace tandem::presence {
namespace {

constexpr NodeId kEast{2};
constexpr NodeId kWest{3};
const AgentId kAna{*parse_uuid("0190f0f0-0000-7000-8000-000000000001")};
const ContactId kContact{*parse_uuid("0190f0f0-0000-7000-8000-000000000002")};

class Moves : public testing::Test, protected States {
 protected:
  Moves() : States(kEast) {
    local.region = "us-east-1";
    local.reachable = {NodeId{1}, kWest};
    Presence open;
    open.agent = kAna;
    open.desktop = *parse_uuid("0190f0f0-0000-7000-8000-000000000003");
    open.type = StatusType::routable;
    agents.apply(Claimed{kAna, Term{1}, open}, meta());
  }
  [[nodiscard]] Sees sees() const { return {agents, config, members, contacts, local}; }
  void carry_out(const Decision& decision) {
    apply(decision);
    for (const Effect& effect : decision.effects) closed_ = std::get<CloseDesktop>(effect).reason;
  }
  Errc order(std::string region, Hlc by = {}) {
    const auto decision = decide(sees(), Move{kAna, std::move(region), by}, now);
    if (!decision) return decision.error().code;
    carry_out(*decision);
    carry_out(react(sees(), kAna, now));
    return Errc{};
  }
  void serve(bool busy) {
    Presence next = ana();
    if (busy) {
      next.slots[kContact].state = SlotState::after_contact_work;
    } else {
      next.slots.clear();
    }
    carry_out(update(*agents.find(kAna), next));
    carry_out(react(sees(), kAna, now));
  }
  void pass(std::chrono::milliseconds time) {
    now.hlc = now.hlc + time;
    const auto& due_now = agents.deadlines(kEast);
    if (!due_now.empty() && due_now.begin()->first <= now.hlc) carry_out(due(sees(), kAna, now));
  }
  [[nodiscard]] const Presence& ana() const { return agents.find(kAna)->presence; }
  [[nodiscard]] bool told() const { return ana().move_told.packed != 0; }

  std::string closed_;
};

TEST_F(Moves, AFreeAgentIsToldAtOnceAndGetsNothingMore) {
  EXPECT_EQ(order("us-west-2"), Errc{});
  EXPECT_TRUE(told());
  EXPECT_FALSE(routable(ana()));
  EXPECT_TRUE(agents.routable().empty());
}

TEST_F(Moves, ABusyAgentIsToldWhenHisLastContactIsDone) {
  serve(true);
  EXPECT_EQ(order("us-west-2"), Errc{});
  EXPECT_FALSE(told());
  EXPECT_FALSE(routable(ana()));
  pass(1h);
  EXPECT_FALSE(told());
  serve(false);
  EXPECT_TRUE(told());
}

TEST_F(Moves, AtTheDeadlineHeIsToldWhateverIsOpen) {
  serve(true);
  EXPECT_EQ(order("us-west-2", now.hlc + 60s), Errc{});
  pass(59s);
  EXPECT_FALSE(told());
  pass(1s);
  EXPECT_TRUE(told());
  EXPECT_TRUE(ana().slots.contains(kContact));
}

TEST_F(Moves, AClientThatDoesNotFollowIsClosed) {
  EXPECT_EQ(order("us-west-2"), Errc{});
  pass(kMoveFollowed - 1ms);
  EXPECT_FALSE(ana().desktop.nil());
  pass(1ms);
  EXPECT_TRUE(ana().desktop.nil());
  EXPECT_EQ(closed_, "moved to us-west-2: sign in there");
}

TEST_F(Moves, AnOrderIsTakenBack) {
  serve(true);
  EXPECT_EQ(order("us-west-2", now.hlc + 60s), Errc{});
  EXPECT_EQ(order(""), Errc{});
  EXPECT_TRUE(routable(ana()));
  pass(1h);
  serve(false);
  EXPECT_FALSE(told());
}

TEST_F(Moves, NobodyIsSentWhereNobodyAnswers) {
  EXPECT_EQ(order("eu-central-1"), Errc::refused);
  EXPECT_EQ(order("hub"), Errc::refused);
  local.reachable = {NodeId{1}};
  EXPECT_EQ(order("us-west-2"), Errc::refused);
  EXPECT_EQ(order("us-east-1"), Errc{});
  EXPECT_TRUE(routable(ana()));
}

}  // namespace
}  // namespace tandem::presence
