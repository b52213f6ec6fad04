// Goal: who may hand a contact on and when, and what stays behind of it.
// Method: a contact, an agent and the centre's documents in the states of one node; what `decide` answers and writes.
#include "core/transfer/decide.h"

#include <gtest/gtest.h>

#include "core/config/decide.h"
#include "core/states_testing.h"

namespace tandem::transfer {
namespace {

constexpr NodeId kSelf{2};

Uuid id_of(std::uint8_t n) {
  Uuid out = *parse_uuid("0190f0f0-0000-7000-8000-000000000000");
  out.bytes.back() = n;
  return out;
}
const ContactId kContact{id_of(1)};
const ContactId kLeg{id_of(2)};
const AgentId kAna{id_of(3)};
const AgentId kBen{id_of(4)};
const QueueId kSales{id_of(5)};
const QueueId kSupport{id_of(6)};
const FlowId kFlow{id_of(7)};

class Transfers : public testing::Test, protected States {
 protected:
  Transfers() : States(kSelf) {
    const auto document = [&](config::Kind kind, const Uuid& id, std::map<std::string, std::string> set) {
      config::Rec record = *config::decide(config, config::Create{kind, id, std::move(set)});
      std::visit([&](const auto& r) { config.apply(r, meta()); }, record);
    };
    document(config::Kind::queue, kSales.value(), {{"name", "sales"}});
    document(config::Kind::queue, kSupport.value(), {{"name", "support"}});
    document(config::Kind::user, kAna.value(), {{"username", "ana"}, {"after_contact_work_limit", "60"}});
    document(config::Kind::user, kBen.value(), {{"username", "ben"}});
    document(config::Kind::flow, kFlow.value(), {{"name", "transfer"}, {"type", "QUEUE_TRANSFER"}});
    contact_.id = contact_.initial = kContact;
    contact_.phase = contact::Phase::with_agent;
    contact_.attached = true;
    contact_.agent = kAna;
    contact_.agent_participant = id_of(8);
    contact_.connected = now.hlc;
    contact_.place.queue = kSales;
    contact_.place.enqueued = Hlc::at(1'600'000'000'000);
    contact_.place.priority = 2;
    contact_.flow.visit = 9;
    contact_.flow.hooks = {{"CustomerQueue", id_of(9).text()}};
    contact_.attributes["tier"] = Text::plain("gold");
  }
  // The contact as it is, and Ana with a slot for it if it is with her.
  void begin() {
    contacts.apply(contact::Claimed{.contact = kContact, .term = Term{1}, .whole = contact_}, meta());
    presence::Presence ana;
    ana.agent = kAna;
    ana.desktop = id_of(10);
    ana.type = presence::StatusType::routable;
    if (contact_.phase == contact::Phase::with_agent) ana.slots[kContact].state = presence::SlotState::busy;
    agents.apply(presence::Claimed{kAna, Term{1}, ana}, meta());
  }
  [[nodiscard]] Result<Decision> ask(const Transfer& order) const { return decide(sees(), order, now); }
  // Carries it out.
  void done(const Transfer& order) {
    const auto decision = ask(order);
    ASSERT_TRUE(decision) << decision.error().detail;
    apply(*decision);
  }
  [[nodiscard]] Errc refused(const Transfer& order) const {
    const auto decision = ask(order);
    return decision ? Errc::internal : decision.error().code;
  }

  contact::Contact contact_;
};

TEST_F(Transfers, ItGoesOnWithWhatItHasAndLeavesALeg) {
  begin();
  done({kContact, kLeg, kAna, kSupport, kFlow});
  const contact::Contact& on = contacts.find(kContact)->contact;
  EXPECT_EQ(on.phase, contact::Phase::in_flow);
  EXPECT_EQ(on.flow.flow, kFlow);
  EXPECT_EQ(on.flow.visit, 9U);
  EXPECT_EQ(on.flow.hooks, contact_.flow.hooks);
  EXPECT_EQ(on.place.queue, kSupport);
  EXPECT_EQ(on.place.enqueued, contact_.place.enqueued);
  EXPECT_EQ(on.place.priority, 2);
  EXPECT_EQ(on.attributes, contact_.attributes);
  EXPECT_TRUE(on.attached);
  EXPECT_EQ(on.agent, AgentId{});
  EXPECT_EQ(on.previous, kLeg);

  const contact::Contact& leg = contacts.find(kLeg)->contact;
  EXPECT_EQ(leg.phase, contact::Phase::ended);
  EXPECT_EQ(leg.ended_by, "TRANSFERRED");
  EXPECT_EQ(leg.initial, kContact);
  EXPECT_EQ(leg.agent, kAna);
  EXPECT_EQ(leg.place.queue, kSales);

  const auto& slots = agents.find(kAna)->presence.slots;
  ASSERT_EQ(slots.size(), 1U);
  EXPECT_EQ(slots.begin()->first, kLeg);
  EXPECT_EQ(slots.begin()->second.state, presence::SlotState::after_contact_work);
  EXPECT_EQ(slots.begin()->second.until, now.hlc + 60s);
}

TEST_F(Transfers, TheLegsAreAChain) {
  contact_.previous = ContactId{id_of(20)};
  begin();
  done({kContact, kLeg, kAna, kSupport, kFlow});
  EXPECT_EQ(contacts.find(kLeg)->contact.previous, contact_.previous);
}

TEST_F(Transfers, WaitingWorkIsTakenToAnotherQueueWithoutALeg) {
  contact_.kind = contact::Kind::work;
  contact_.channel = contact::Channel::task;
  contact_.phase = contact::Phase::queued;
  contact_.agent = {};
  contact_.attempt = 3;
  begin();
  done({kContact, kLeg, {}, QueueId{kBen.value()}, kFlow});
  EXPECT_EQ(contacts.find(kContact)->contact.attempt, 4U);
  EXPECT_EQ(contacts.find(kContact)->contact.place.queue, QueueId{kBen.value()});
  EXPECT_EQ(contacts.find(kLeg), nullptr);
}

TEST_F(Transfers, AMoveWhoseCustomerHasNotComeStaysOpen) {
  contact_.attached = false;
  contact_.move.state = contact::MoveState::accepted;
  begin();
  done({kContact, kLeg, kAna, kSupport, kFlow});
  EXPECT_EQ(contacts.find(kContact)->contact.move.state, contact::MoveState::accepted);
}

TEST_F(Transfers, NobodyElseAndNothingThatIsOver) {
  begin();
  const Transfer good{kContact, kLeg, kAna, kSupport, kFlow};
  const auto with = [&](auto change) {
    Transfer order = good;
    change(order);
    return refused(order);
  };
  EXPECT_EQ(with([](Transfer& t) { t.by = kBen; }), Errc::refused);
  EXPECT_EQ(with([](Transfer& t) { t.contact = kLeg; }), Errc::not_found);
  EXPECT_EQ(with([](Transfer& t) { t.queue = QueueId{id_of(99)}; }), Errc::not_found);
  EXPECT_EQ(with([](Transfer& t) { t.flow = {}; }), Errc::not_found);
  EXPECT_EQ(with([](Transfer& t) { t.leg = kContact; }), Errc::invalid);
  local.incarnation = Incarnation{2};
  EXPECT_EQ(refused(good), Errc::not_owner);
}

TEST_F(Transfers, WaitsForAnOpenOfferAndForTheCustomer) {
  contact_.phase = contact::Phase::queued;
  contact_.move.state = contact::MoveState::offered;
  begin();
  EXPECT_EQ(refused({kContact, kLeg, {}, kSupport, kFlow}), Errc::move_in_flight);
  contact_.move = {};
  for (const auto phase : {contact::Phase::abandoned, contact::Phase::ended}) {
    contact_.phase = phase;
    contacts.apply(contact::Claimed{.contact = kContact, .term = Term{2}, .whole = contact_}, meta());
    EXPECT_EQ(refused({kContact, kLeg, {}, kSupport, kFlow}), Errc::refused);
  }
}

}  // namespace
}  // namespace tandem::transfer
