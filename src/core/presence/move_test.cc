// Goal: an agent whom a supervisor moves goes when he is free, or at the deadline, and gets nothing new meanwhile.
// Method: an open desktop in the states of one node; what orders, time and the end of his contacts make of it.
#include <gtest/gtest.h>

#include "core/presence/decide.h"

namespace tandem::presence {
namespace {

constexpr NodeId kEast{2};
constexpr NodeId kWest{3};
const AgentId kAna{*parse_uuid("0190f0f0-0000-7000-8000-000000000001")};
const ContactId kContact{*parse_uuid("0190f0f0-0000-7000-8000-000000000002")};

class Moves : public testing::Test {
 protected:
  Moves() {
    std::vector<membership::Member> members(3);
    for (std::uint16_t i = 0; i < 3; ++i) members[i].node = NodeId{static_cast<std::uint16_t>(i + 1)};
    members[0].hub = true;
    members[1].region = "us-east-1";
    members[2].region = "us-west-2";
    members_.form(members);
    local_.self = kEast;
    local_.region = "us-east-1";
    local_.incarnation = Incarnation{1};
    local_.reachable = {NodeId{1}, kWest};
    Presence open;
    open.agent = kAna;
    open.desktop = *parse_uuid("0190f0f0-0000-7000-8000-000000000003");
    open.type = StatusType::routable;
    state_.apply(Claimed{kAna, Term{1}, open}, meta());
  }
  Meta meta() {
    Meta out;
    out.log = {kEast, Incarnation{1}};
    out.sequence = Sequence{++sequence_};
    out.at = now_.hlc;
    return out;
  }
  [[nodiscard]] Sees sees() const { return {state_, config_, members_, contacts_, local_}; }
  void carry_out(const Decision& decision) {
    for (const Body& body : decision.records) {
      std::visit([&](const auto& r) { state_.apply(r, meta()); }, std::get<Rec>(body));
    }
    for (const Effect& effect : decision.effects) closed_ = std::get<CloseDesktop>(effect).reason;
  }
  Errc order(std::string region, Hlc by = {}) {
    const auto decision = decide(sees(), Move{kAna, std::move(region), by}, now_);
    if (!decision) return decision.error().code;
    carry_out(*decision);
    carry_out(react(sees(), kAna, now_));
    return Errc{};
  }
  void serve(bool busy) {
    Presence next = ana();
    if (busy) {
      next.slots[kContact].state = SlotState::after_contact_work;
    } else {
      next.slots.clear();
    }
    carry_out(update(*state_.find(kAna), next));
    carry_out(react(sees(), kAna, now_));
  }
  void pass(std::chrono::milliseconds time) {
    now_.hlc = now_.hlc + time;
    const auto& due_now = state_.deadlines(kEast);
    if (!due_now.empty() && due_now.begin()->first <= now_.hlc) carry_out(due(sees(), kAna, now_));
  }
  [[nodiscard]] const Presence& ana() const { return state_.find(kAna)->presence; }
  [[nodiscard]] bool told() const { return ana().move_told.packed != 0; }

  Now now_{Mono{1h}, Hlc::at(1'700'000'000'000)};
  Local local_;
  config::State config_;
  membership::State members_;
  contact::State contacts_;
  State state_;
  std::string closed_;
  std::uint64_t sequence_ = 0;
};

TEST_F(Moves, AFreeAgentIsToldAtOnceAndGetsNothingMore) {
  EXPECT_EQ(order("us-west-2"), Errc{});
  EXPECT_TRUE(told());
  EXPECT_FALSE(routable(ana()));
  EXPECT_TRUE(state_.routable().empty());
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
  EXPECT_EQ(order("us-west-2", now_.hlc + 60s), Errc{});
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
  EXPECT_EQ(order("us-west-2", now_.hlc + 60s), Errc{});
  EXPECT_EQ(order(""), Errc{});
  EXPECT_TRUE(routable(ana()));
  pass(1h);
  serve(false);
  EXPECT_FALSE(told());
}

TEST_F(Moves, NobodyIsSentWhereNobodyAnswers) {
  EXPECT_EQ(order("eu-central-1"), Errc::refused);
  EXPECT_EQ(order("hub"), Errc::refused);
  local_.reachable = {NodeId{1}};
  EXPECT_EQ(order("us-west-2"), Errc::refused);
  EXPECT_EQ(order("us-east-1"), Errc{});
  EXPECT_TRUE(routable(ana()));
}

}  // namespace
}  // namespace tandem::presence
