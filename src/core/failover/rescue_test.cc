// Goal: customers of a lost node who stay away are called back once, in the order of what they were promised, on a
// person's word, and never while somebody has them.
// Method: a lost node's contacts in the states of a survivor; what `rescue`, the start of the call and its end write.
// The property: drawn contacts, at two survivors whose records come in drawn orders.
#include "core/failover/rescue.h"

#include <gtest/gtest.h>

#include "core/routing/match.h"
#include "core/routing/order.h"
#include "core/routing/view.h"
#include "core/states_testing.h"
#include "core/transfer/react.h"

namespace tandem::failover {
namespace {

constexpr NodeId kHub{1};
constexpr NodeId kEast{2};
constexpr NodeId kWest{3};
const Uuid kPerson = derive_uuid({}, "person");

ContactId chat_id(std::uint64_t n) { return ContactId{derive_uuid({}, "chat", n)}; }

// West, after East was lost.
struct West : States {
  explicit West(NodeId self = kWest) : States(self) {
    local.settled = true;
    local.timers.rescue = 30s;
    failover.apply(Evacuated{kEast, 1, {}, {kWest}, {}, {}}, meta(kHub));
    now.hlc = now.hlc + 31s;
  }
  contact::Contact chat(std::uint64_t n) {
    contact::Contact c;
    c.id = c.initial = chat_id(n);
    c.phase = contact::Phase::queued;
    c.attached = true;
    c.place.queue = QueueId{derive_uuid({}, "queue")};
    c.place.enqueued = now.hlc + -std::chrono::seconds(100 - n);
    c.place.priority = 5;
    c.data[contact::kCallbackNumber] = Text::plain("+12065550100");
    return c;
  }
  void at_east(contact::Contact c, Term term = Term{1}) {
    contacts.apply(contact::Claimed{.contact = c.id, .term = term, .whole = c}, meta(kEast));
  }
  void give_word(std::uint64_t epoch = 1) { failover.apply(RescueOrdered{kEast, epoch, "ops", ""}, meta(kHub)); }
  Decision ask() { return rescue(sees(), number_of, now); }
  void take(const Decision& decision) {
    for (const Body& body : decision.records) take(body, meta());
  }
  void take(const Body& body, const Meta& meta) {
    const auto to = [&](auto& state, const auto& rec) {
      std::visit([&](const auto& r) { state.apply(r, meta); }, rec);
    };
    if (const auto* rec = std::get_if<contact::Rec>(&body)) to(contacts, *rec);
    if (const auto* rec = std::get_if<routing::Rec>(&body)) to(routing, *rec);
    if (const auto* rec = std::get_if<Rec>(&body)) to(failover, *rec);
  }
  // Everything that follows about one contact.
  void settle(ContactId id) {
    for (int n = 0; n < 20; ++n) {
      Decision next = routing::react_work(sees(), id, now);
      if (next.empty()) next = transfer::react(sees(), id, now, rng);
      if (next.records.empty()) return;
      take(next);
    }
    FAIL() << "does not settle";
  }
  contact::Contact of(ContactId id) { return contacts.find(id)->contact; }
  NumberOf number_of;
  Rng rng{1};
};

std::vector<Rescued> taken(const Decision& decision) {
  std::vector<Rescued> out;
  for (const Body& body : decision.records) {
    const auto* rec = std::get_if<Rec>(&body);
    const auto* rescued = rec == nullptr ? nullptr : std::get_if<Rescued>(rec);
    if (rescued != nullptr) out.push_back(*rescued);
  }
  return out;
}

TEST(Rescue, WaitsForAPersonsWordAndForCustomersWhoComeBack) {
  West west;
  west.at_east(west.chat(1));
  EXPECT_TRUE(west.ask().empty());
  west.give_word(2);  // about another loss
  EXPECT_TRUE(west.ask().empty());
  West other;
  other.at_east(other.chat(1));
  other.give_word();
  other.now.hlc = other.now.hlc + -5s;
  EXPECT_TRUE(other.ask().empty());
  other.now.hlc = other.now.hlc + 5s;
  EXPECT_EQ(taken(other.ask()).size(), 1U);
  other.local.leased = false;  // nobody hears it: it does nothing
  EXPECT_TRUE(other.ask().empty());
}

TEST(Rescue, ASettingMayGiveTheWord) {
  West west;
  west.at_east(west.chat(1));
  west.local.timers.rescue_by_itself = 60s;
  EXPECT_TRUE(west.ask().empty());
  west.now.hlc = west.now.hlc + 60s;
  const Decision decision = west.ask();
  ASSERT_EQ(decision.records.size(), 1U);
  EXPECT_EQ(std::get<RescueOrdered>(std::get<Rec>(decision.records.front())).by, "setting");
  west.take(decision);
  EXPECT_EQ(taken(west.ask()).size(), 1U);
}

TEST(Rescue, TheWordIsTakenOnlyAboutAnEvacuatedNode) {
  West west;
  EXPECT_EQ(decide(west.sees(), Rescue{"nowhere", "ops", ""}, west.now).error().code, Errc::not_found);
  EXPECT_EQ(decide(west.sees(), Rescue{"us-west-2", "ops", ""}, west.now).error().code, Errc::refused);
  const auto given = decide(west.sees(), Rescue{"us-east-1", "ops", "burnt"}, west.now);
  ASSERT_TRUE(given);
  const auto& order = std::get<RescueOrdered>(std::get<Rec>(given->records.front()));
  EXPECT_EQ(order.subject, kEast);
  EXPECT_EQ(order.epoch, 1U);
}

TEST(Rescue, CallsInTheOrderOfThePromise) {
  West west;
  west.give_word();
  for (const std::uint64_t n : {4, 1, 3, 2}) west.at_east(west.chat(n));
  contact::Contact first = west.chat(9);
  first.place.priority = 1;
  west.at_east(first);
  contact::Contact in_flow = west.chat(10);
  in_flow.phase = contact::Phase::in_flow;
  west.at_east(in_flow);
  const Decision decision = west.ask();
  std::vector<ContactId> order;
  for (const Rescued& each : taken(decision)) order.push_back(each.contact);
  EXPECT_EQ(order, (std::vector{chat_id(9), chat_id(1), chat_id(2), chat_id(3), chat_id(4)}));
  west.take(decision);
  EXPECT_TRUE(west.ask().empty());  // once
  const ContactId call = west.of(chat_id(1)).rescue.call;
  EXPECT_EQ(west.of(call).place.enqueued, west.of(chat_id(1)).place.enqueued);
  EXPECT_EQ(west.of(call).rescue.of, chat_id(1));
  EXPECT_TRUE(west.of(call).is_callback());
  EXPECT_EQ(outcome(west.sees(), west.failover.rescued().at(chat_id(1)).what), Outcome::to_call);
}

TEST(Rescue, LeavesAWordWhereNoNumberIsKnown) {
  West west;
  west.give_word();
  contact::Contact silent = west.chat(1);
  silent.data.clear();
  west.at_east(silent);
  contact::Contact known = west.chat(2);
  known.data.clear();
  known.person = kPerson;
  west.at_east(known);
  const Text number = Text::plain("+12065550199");
  west.number_of = [&](const Uuid& person) { return person == kPerson ? &number : nullptr; };
  west.take(west.ask());
  EXPECT_TRUE(west.of(chat_id(1)).rescue.call.value().nil());
  EXPECT_EQ(west.contacts.transcript(chat_id(1)).size(), 1U);
  EXPECT_NE(west.of(chat_id(1)).grace_until, Hlc{});
  const ContactId call = west.of(chat_id(2)).rescue.call;
  ASSERT_FALSE(call.value().nil());
  EXPECT_EQ(west.of(call).data.at(contact::kCallbackNumber), number);
  EXPECT_EQ(outcome(west.sees(), west.failover.rescued().at(chat_id(1)).what), Outcome::left_word);
}

// A centre of a hub, East (lost) and West, where the call waits for its start.
struct Called : West {
  Called() {
    give_word();
    at_east(chat(1));
    take(ask());
    call = of(chat_id(1)).rescue.call;
    take(routing::start(sees(), *contacts.find(call)));
  }
  [[nodiscard]] bool ran() {
    settle(call);
    return routing::may_run(sees(), *contacts.find(call));
  }
  void acknowledges(NodeId node) { routing.apply(routing::StartAcked{call, 0, kWest, 1}, meta(node)); }
  ContactId call;
};

TEST(Rescue, RunsWithAMajorityAndTheWordOfAllWhoAreNotLost) {
  Called alone;
  EXPECT_FALSE(alone.ran());  // a majority of three is two
  Called both;
  both.acknowledges(kHub);
  EXPECT_TRUE(both.ran());
  Called cut_off;
  cut_off.acknowledges(kHub);
  cut_off.local.leased = false;
  EXPECT_FALSE(cut_off.ran());
  // East is back, and has not said yet that it has nobody.
  Called back;
  back.acknowledges(kHub);
  back.failover.apply(Returned{2, MemberState::recovering}, back.meta(kEast));
  EXPECT_FALSE(back.ran());
  back.acknowledges(kEast);
  EXPECT_TRUE(back.ran());
}

TEST(Rescue, WhoComesBackIsNotCalled) {
  Called west;
  west.acknowledges(kHub);
  west.local.attachments[chat_id(1)] = SessionId{kWest, 1, 1};
  contact::Contact there = west.of(chat_id(1));
  there.attached = true;
  west.take(contact::update(*west.contacts.find(chat_id(1)), there));
  EXPECT_FALSE(west.ran());
  EXPECT_EQ(west.of(west.call).ended_by, transfer::kCameBack);
  west.settle(chat_id(1));
  EXPECT_TRUE(west.of(chat_id(1)).rescue.call.value().nil());
  EXPECT_EQ(west.of(chat_id(1)).phase, contact::Phase::queued);
  EXPECT_EQ(outcome(west.sees(), west.failover.rescued().at(chat_id(1)).what), Outcome::came_back);
}

TEST(Rescue, WhoComesWhileHeIsCalledIsHeldUntilItIsOver) {
  Called west;
  EXPECT_FALSE(routing::is_being_called(west.sees(), west.of(chat_id(1))));
  west.acknowledges(kHub);
  ASSERT_TRUE(west.ran());
  EXPECT_TRUE(routing::is_being_called(west.sees(), west.of(chat_id(1))));
  contact::Contact ringing = west.of(west.call);
  ringing.phase = contact::Phase::offering;
  west.contacts.apply(contact::Claimed{.contact = west.call, .term = Term{2}, .whole = ringing}, west.meta());
  contact::Contact there = west.of(chat_id(1));
  there.attached = true;
  west.take(contact::update(*west.contacts.find(chat_id(1)), there));
  west.settle(chat_id(1));
  EXPECT_EQ(west.of(chat_id(1)).rescue.call, west.call);
  EXPECT_FALSE(routing::may_offer(west.sees(), *west.contacts.find(chat_id(1))));
  // Nobody answered: the chat goes on at its place.
  contact::Contact over = ringing;
  over.phase = contact::Phase::ended;
  over.ended_by = contact::kUnanswered;
  west.contacts.apply(contact::Claimed{.contact = west.call, .term = Term{3}, .whole = over}, west.meta());
  west.settle(chat_id(1));
  EXPECT_TRUE(routing::may_offer(west.sees(), *west.contacts.find(chat_id(1))));
  EXPECT_EQ(outcome(west.sees(), west.failover.rescued().at(chat_id(1)).what), Outcome::unanswered);
}

TEST(Rescue, TheChatIsOverWhenHeWasReached) {
  Called west;
  contact::Contact over = west.of(west.call);
  over.phase = contact::Phase::ended;
  over.connected = west.now.hlc;
  over.ended_by = "AGENT_DISCONNECT";
  west.contacts.apply(contact::Claimed{.contact = west.call, .term = Term{2}, .whole = over}, west.meta());
  west.settle(chat_id(1));
  EXPECT_EQ(west.of(chat_id(1)).phase, contact::Phase::ended);
  EXPECT_EQ(west.of(chat_id(1)).ended_by, transfer::kCalledBack);
  EXPECT_EQ(outcome(west.sees(), west.failover.rescued().at(chat_id(1)).what), Outcome::called);
}

// Two survivors that take the same list make one call of each, whatever order their records come in.
TEST(Rescue, TwoSurvivorsMakeOneCall) {
  Rng rng{11};
  for (int round = 0; round < 200; ++round) {
    constexpr NodeId kNorth{4};
    std::vector<Body> made[2];
    std::vector<contact::Contact> chats;
    for (std::uint64_t n = 1 + rng.below(8); n > 0; --n) {
      contact::Contact c = West{}.chat(n);
      c.place.priority = static_cast<std::int64_t>(1 + rng.below(2));
      if (rng.chance(1, 3)) c.phase = contact::Phase::with_agent;
      if (rng.chance(1, 3)) c.data.clear();
      chats.push_back(std::move(c));
    }
    const NodeId survivors[] = {kWest, kNorth};
    for (std::size_t i = 0; i < 2; ++i) {
      West node(survivors[i]);
      // Each believes that it alone is left.
      node.failover.apply(Evacuated{kEast, 2, {}, {survivors[i]}, {}, {}}, node.meta(kHub));
      node.give_word(2);
      node.now.hlc = node.now.hlc + 31s;
      for (const auto& c : chats) node.at_east(c);
      Decision decision = node.ask();
      const auto list = taken(decision);
      ASSERT_EQ(list.size(), chats.size());
      for (std::size_t n = 1; n < list.size(); ++n) {
        const auto key = [&](const Rescued& each) { return routing::key_of(node.of(each.contact)); };
        EXPECT_FALSE(key(list[n]) < key(list[n - 1]));
      }
      made[i] = std::move(decision.records);
    }
    West all[2];
    for (West& world : all) {
      for (const auto& c : chats) world.at_east(c);
      std::size_t next[] = {0, 0};
      std::uint64_t sequence[] = {0, 0};
      while (next[0] < made[0].size() || next[1] < made[1].size()) {
        std::size_t i = rng.below(2);
        if (next[i] == made[i].size()) i = 1 - i;
        Meta meta = world.meta(survivors[i]);
        meta.sequence = Sequence{++sequence[i]};
        meta.at = Hlc{world.now.hlc.packed + sequence[i]};
        world.take(made[i][next[i]++], meta);
      }
    }
    std::size_t calls = 0;
    for (const auto& [id, held] : all[0].contacts.all()) {
      EXPECT_EQ(held.line, all[1].contacts.find(id)->line);
      EXPECT_EQ(held.contact, all[1].contacts.find(id)->contact);
      calls += held.contact.is_rescue_call() ? 1 : 0;
    }
    const auto with_number = std::ranges::count_if(chats, [](const auto& c) { return !c.data.empty(); });
    EXPECT_EQ(calls, static_cast<std::size_t>(with_number));
    for (const auto& [id, listed] : all[0].failover.rescued()) {
      EXPECT_EQ(listed.what.call, all[1].failover.rescued().at(id).what.call);
      EXPECT_EQ(listed.by, all[1].failover.rescued().at(id).by);
    }
  }
}

}  // namespace
}  // namespace tandem::failover
