// Goal: what an agent, his colleague and the centre may do with a consultation, and what each of its ends leaves
// behind. Method: a conversation and a consultation that was answered, in the states of one node; what orders and time
// make of it.
#include "core/transfer/consult.h"

#include <gtest/gtest.h>

#include "core/config/decide.h"
#include "core/presence/desk.h"
#include "core/states_testing.h"
#include "core/transfer/decide.h"
#include "core/transfer/react.h"

namespace tandem::transfer {
namespace {

using contact::ConsultStage;
using contact::Phase;

Uuid id_of(std::uint8_t n) {
  Uuid out = *parse_uuid("0190f0f0-0000-7000-8000-000000000000");
  out.bytes.back() = n;
  return out;
}
constexpr NodeId kSelf{2};
constexpr NodeId kWest{3};
const ContactId kMain{id_of(1)};
const ContactId kAsked{id_of(2)};
const ContactId kLeg{id_of(3)};
const AgentId kAna{id_of(4)};
const AgentId kBen{id_of(5)};
const AgentId kCleo{id_of(6)};
const QueueId kSales{id_of(7)};
const FlowId kFlow{id_of(8)};
const Uuid kAnaSpeaks = id_of(9);
const Uuid kBenSpeaks = id_of(10);

class Consultation : public testing::Test, protected States {
 protected:
  Consultation() : States(kSelf) {
    const auto document = [&](config::Kind kind, const Uuid& id, std::map<std::string, std::string> set) {
      config::Rec record = *config::decide(config, config::Create{kind, id, std::move(set)});
      std::visit([&](const auto& r) { config.apply(r, meta()); }, record);
    };
    document(config::Kind::queue, kSales.value(), {{"name", "sales"}});
    document(config::Kind::flow, kFlow.value(), {{"name", "transfer"}, {"type", "QUEUE_TRANSFER"}});
    document(config::Kind::routing_profile, id_of(20), {{"name", "one chat"}, {"concurrency.CHAT", "1"}});
    document(config::Kind::user, kBen.value(), {{"username", "ben"}, {"routing_profile", id_of(20).text()}});
    contact::Contact main;
    main.id = main.initial = kMain;
    main.phase = Phase::with_agent;
    main.attached = true;
    main.agent = kAna;
    main.agent_participant = kAnaSpeaks;
    main.place.queue = kSales;
    main.place.enqueued = Hlc::at(1'600'000'000'000);
    main.attributes["tier"] = Text::plain("gold");
    contacts.apply(contact::Claimed{.contact = kMain, .term = Term{1}, .whole = main}, meta());
    open(kAna, kMain);
  }
  // Signed in here, with a slot for the contact.
  void open(AgentId agent, ContactId contact, NodeId at = kSelf) {
    presence::Presence p;
    p.agent = agent;
    p.desktop = id_of(30);
    p.type = presence::StatusType::routable;
    p.slots[contact].state = presence::SlotState::busy;
    agents.apply(presence::Claimed{agent, Term{++terms_}, p}, meta(at));
  }
  template <class Order>
  Errc ask(const Order& order) {
    const auto decision = decide(sees(), order, now);
    if (!decision) return decision.error().code;
    apply(*decision);
    return Errc{};
  }
  Errc consult() { return ask(Consult{kMain, kAsked, kAna, kSales, kFlow}); }
  // Ben answers, here or at another node.
  void answered(NodeId at = kSelf) {
    contact::Contact asked = this->asked();
    asked.phase = Phase::with_agent;
    asked.agent = kBen;
    asked.agent_participant = kBenSpeaks;
    contacts.apply(contact::Claimed{.contact = kAsked, .term = Term{2}, .whole = asked}, meta(at));
    open(kBen, kAsked, at);
  }
  void react() {
    for (const ContactId id : {kMain, kAsked, kMain, kAsked}) {
      apply(transfer::react(sees(), id, now, rng_));
    }
  }
  Errc say(ContactId in, const Uuid& as) {
    contact::Say order;
    order.contact = in;
    order.item.role = contact::Role::agent;
    order.item.participant = as;
    const auto decision = contact::decide({contacts, local}, order, now);
    return decision ? Errc{} : decision.error().code;
  }
  void end(ContactId id) {
    apply(*contact::decide({contacts, local}, contact::End{id, contact::Role::system, "OTHER"}, now));
  }
  [[nodiscard]] const contact::Contact& main() const { return contacts.find(kMain)->contact; }
  [[nodiscard]] const contact::Contact& asked() const { return contacts.find(kAsked)->contact; }
  [[nodiscard]] const presence::Presence& ben() const { return agents.find(kBen)->presence; }

  Rng rng_{3};
  std::uint64_t terms_ = 0;
};

TEST_F(Consultation, IsWorkThatKnowsWhatItIsAboutAndIsNotForWhoAsks) {
  EXPECT_EQ(consult(), Errc{});
  EXPECT_EQ(main().consult, (contact::Consult{kAsked, ConsultStage::apart, kAna}));
  EXPECT_EQ(main().phase, Phase::with_agent);
  EXPECT_EQ(asked().about, (contact::About{kMain, kAna, kAnaSpeaks}));
  EXPECT_EQ(asked().kind, contact::Kind::work);
  EXPECT_EQ(asked().attributes.at("tier"), Text::plain("gold"));
  EXPECT_EQ(asked().flow.flow, kFlow);
  const auto& asks = asked().place.criteria.steps.at(0).expression;
  EXPECT_FALSE(contact::satisfies(asks, kAna, {}));
  EXPECT_TRUE(contact::satisfies(asks, kBen, {}));
  react();
  EXPECT_TRUE(asked().live());
}

TEST_F(Consultation, OneAtATimeAndByTheOneWhoServes) {
  EXPECT_EQ(ask(Consult{kMain, kAsked, kBen, kSales, kFlow}), Errc::refused);
  EXPECT_EQ(ask(Consult{kMain, kMain, kAna, kSales, kFlow}), Errc::invalid);
  EXPECT_EQ(ask(Consult{kMain, kAsked, kAna, QueueId{id_of(99)}, kFlow}), Errc::not_found);
  EXPECT_EQ(ask(Consult{kMain, kAsked, kAna, kSales, {}}), Errc::not_found);
  EXPECT_EQ(ask(Consult{kMain, kAsked, kAna, QueueId{kAna.value()}, kFlow}), Errc::not_found);  // no user ana
  EXPECT_EQ(consult(), Errc{});
  EXPECT_EQ(ask(Consult{kMain, kLeg, kAna, kSales, kFlow}), Errc::refused);
  EXPECT_EQ(ask(Transfer{kMain, kLeg, kAna, kSales, kFlow}), Errc::refused);
}

TEST_F(Consultation, NothingGoesOnBeforeTheColleagueAnswers) {
  EXPECT_EQ(ask(Confer{kMain, kAna, true}), Errc::refused);
  consult();
  EXPECT_EQ(ask(Confer{kMain, kAna, false}), Errc::refused);
  EXPECT_EQ(ask(Confer{kMain, kAna, true}), Errc::refused);
  EXPECT_EQ(ask(Leave{kMain, kLeg, kAna}), Errc::refused);
  answered();
  EXPECT_EQ(ask(Confer{kMain, kBen, true}), Errc::refused);
  EXPECT_EQ(ask(Confer{kMain, kAna, true}), Errc{});
  EXPECT_EQ(ask(Confer{kMain, kAna, true}), Errc::refused);
}

TEST_F(Consultation, WhoIsOnHoldHearsNothing) {
  consult();
  answered();
  EXPECT_EQ(say(kMain, kAnaSpeaks), Errc::refused);
  EXPECT_EQ(say(kAsked, kAnaSpeaks), Errc{});
  EXPECT_EQ(say(kAsked, kBenSpeaks), Errc{});
  EXPECT_EQ(say(kMain, kBenSpeaks), Errc::denied);
  ask(Confer{kMain, kAna, false});
  EXPECT_EQ(main().consult.stage, ConsultStage::swapped);
  EXPECT_EQ(say(kMain, kAnaSpeaks), Errc{});
  EXPECT_EQ(say(kAsked, kAnaSpeaks), Errc::refused);
  ask(Confer{kMain, kAna, false});
  EXPECT_EQ(main().consult.stage, ConsultStage::apart);
  ask(Confer{kMain, kAna, true});
  for (const ContactId in : {kMain, kAsked}) {
    for (const Uuid& as : {kAnaSpeaks, kBenSpeaks}) EXPECT_EQ(say(in, as), Errc{});
  }
  EXPECT_EQ(say(kMain, id_of(77)), Errc::denied);
  EXPECT_EQ(contacts.transcript(kMain).back()->participant, kBenSpeaks);  // he has joined
}

TEST_F(Consultation, DesktopsShowWhatTheirAgentsTakePartIn) {
  consult();
  answered(kWest);
  const auto anas = presence::on_desk(contacts, agents.find(kAna)->presence);
  const auto bens = presence::on_desk(contacts, ben());
  ASSERT_TRUE(anas.contains(kAsked) && bens.contains(kMain));
  EXPECT_TRUE(anas.at(kMain).slot && bens.at(kAsked).slot);
  EXPECT_FALSE(anas.at(kAsked).slot || bens.at(kMain).slot);
  EXPECT_EQ(presence::guests(contacts, asked()), std::vector{kAna});
  EXPECT_TRUE(presence::guests(contacts, main()).empty());
  ask(Confer{kMain, kAna, true});
  EXPECT_EQ(presence::guests(contacts, main()), std::vector{kBen});
}

TEST_F(Consultation, EndsWithTheConversation) {
  consult();
  answered();
  end(kMain);
  react();
  EXPECT_EQ(asked().phase, Phase::ended);
}

TEST_F(Consultation, TheConversationGoesOnWithoutIt) {
  consult();
  answered();
  ask(Confer{kMain, kAna, true});
  end(kAsked);
  react();
  EXPECT_EQ(main().consult, contact::Consult{});
  EXPECT_EQ(main().agent, kAna);
  EXPECT_TRUE(contacts.transcript(kMain).back()->content_type.ends_with("participant.left"));
  EXPECT_EQ(ask(Consult{kMain, kLeg, kAna, kSales, kFlow}), Errc{});  // she may ask somebody else
}

TEST_F(Consultation, LeftToTheColleagueItTakesTheSlotThatHeHas) {
  consult();
  answered();
  EXPECT_EQ(ask(Leave{kMain, kLeg, kAna}), Errc{});
  EXPECT_EQ(contacts.find(kLeg)->contact.phase, Phase::ended);
  EXPECT_EQ(agents.find(kAna)->presence.slots.at(kLeg).state, presence::SlotState::after_contact_work);
  EXPECT_EQ(main().place.preferred, kBen);
  EXPECT_EQ(main().phase, Phase::queued);
  react();  // nobody lets go of anything meanwhile
  EXPECT_TRUE(asked().live());

  // His one chat is the consultation, and the conversation comes in its place.
  EXPECT_FALSE(presence::has_room(config, ben(), contact::Channel::chat));
  EXPECT_TRUE(presence::keeps_seat(ben(), main()));
  contact::Contact next = main();
  apply(presence::seat(contacts, *agents.find(kBen), next, local, now, rng_));
  apply(contact::update(*contacts.find(kMain), next));
  EXPECT_EQ(main().agent, kBen);
  EXPECT_EQ(main().phase, Phase::with_agent);
  EXPECT_EQ(main().agent_participant, kBenSpeaks);
  EXPECT_EQ(main().consult, contact::Consult{});
  EXPECT_EQ(asked().phase, Phase::ended);
  EXPECT_EQ(main().connected, now.hlc) << "since when he has it";
  EXPECT_EQ(ben().slots.size(), 1U);
  EXPECT_EQ(ben().slots.at(kMain).state, presence::SlotState::busy);
}

TEST_F(Consultation, NobodyIsLeftToOneWhoDoesNotAnswer) {
  consult();
  answered(kWest);
  EXPECT_EQ(ask(Leave{kMain, kLeg, kAna}), Errc::refused);  // his node is not reached
  EXPECT_EQ(main().agent, kAna);
}

TEST_F(Consultation, TheColleagueGoesOnWhenTheAgentIsLost) {
  consult();
  answered();
  ask(Confer{kMain, kAna, true});
  presence::Presence gone = agents.find(kAna)->presence;
  gone.slots.clear();
  apply(presence::update(*agents.find(kAna), gone));
  react();
  EXPECT_EQ(main().phase, Phase::queued);
  EXPECT_EQ(main().place.preferred, kBen);
}

TEST_F(Consultation, IsOverWhenAnotherAgentHasTheConversation) {
  consult();
  answered();
  contact::Contact next = main();
  next.agent = kCleo;
  apply(contact::update(*contacts.find(kMain), next));
  open(kCleo, kMain);
  react();
  EXPECT_EQ(main().consult, contact::Consult{});
  EXPECT_EQ(asked().phase, Phase::ended);
}

}  // namespace
}  // namespace tandem::transfer
