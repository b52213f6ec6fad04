// Goal: whatever becomes of a contact that was handed on, of a consultation and of an agent who was sent away is
// counted once, by the node that writes it. Method: a conversation in the states of one node; each record is counted,
// then applied, as the node does.
#include "core/transfer/tally.h"

#include <gtest/gtest.h>

#include "core/config/decide.h"
#include "core/presence/view.h"
#include "core/states_testing.h"
#include "core/transfer/consult.h"
#include "core/transfer/decide.h"

namespace tandem::transfer {
namespace {

using contact::Phase;

constexpr NodeId kHub{1};
constexpr NodeId kSelf{2};
constexpr NodeId kWest{3};
Uuid numbered(std::uint8_t n) {
  Uuid out = *parse_uuid("0190f0f0-0000-7000-8000-000000000000");
  out.bytes.back() = n;
  return out;
}
const ContactId kTalk{numbered(1)};
const ContactId kLeg{numbered(2)};
const ContactId kAsked{numbered(3)};
const AgentId kAna{numbered(4)};
const AgentId kBen{numbered(5)};
const QueueId kSales{numbered(6)};
const QueueId kBensOwn{kBen.value()};
const FlowId kFlow{numbered(7)};

class Tallies : public testing::Test, protected States {
 protected:
  Tallies() : States(kSelf) {
    local.region = "us-east-1";
    const auto document = [&](config::Kind kind, const Uuid& id, std::map<std::string, std::string> set) {
      config::Rec record = *config::decide(config, config::Create{kind, id, std::move(set)});
      std::visit([&](const auto& r) { config.apply(r, meta()); }, record);
    };
    document(config::Kind::queue, kSales.value(), {{"name", "sales"}});
    document(config::Kind::flow, kFlow.value(), {{"name", "transfer"}, {"type", "QUEUE_TRANSFER"}});
    document(config::Kind::user, kAna.value(), {{"username", "ana"}});
    document(config::Kind::user, kBen.value(), {{"username", "ben"}});
    contact::Contact talk;
    talk.id = talk.initial = kTalk;
    talk.phase = Phase::with_agent;
    talk.attached = true;
    talk.agent = kAna;
    talk.connected = now.hlc;
    talk.place.queue = kSales;
    talk.place.enqueued = now.hlc;
    write(contact::Rec{contact::Claimed{.contact = kTalk, .term = Term{1}, .whole = talk}});
    open(kAna, {kTalk});
  }
  void write(const Body& body, NodeId by = kSelf) {
    const Meta at = meta(by);
    count(tally, sees(), body, at.log);
    if (const auto* rec = std::get_if<contact::Rec>(&body)) {
      std::visit([&](const auto& r) { contacts.apply(r, at); }, *rec);
    } else {
      std::visit([&](const auto& r) { agents.apply(r, at); }, std::get<presence::Rec>(body));
    }
  }
  void write(const Decision& decision) {
    for (const Body& body : decision.records) write(body);
  }
  void open(AgentId agent, std::vector<ContactId> with, NodeId at = kSelf) {
    presence::Presence p;
    p.agent = agent;
    p.desktop = numbered(30);
    p.type = presence::StatusType::routable;
    for (const ContactId id : with) p.slots[id].state = presence::SlotState::busy;
    write(presence::Rec{presence::Claimed{agent, Term{++terms_}, p}}, at);
  }
  template <class Order>
  void ask(const Order& order) {
    const auto decision = decide(sees(), order, now);
    if (decision) return write(*decision);
    count(tally, config, std::variant<Order, contact::End>(order), decision.error());
  }
  void becomes(ContactId id, Phase phase, const char* reason = "") {
    contact::Contact next = contacts.find(id)->contact;
    next.phase = phase;
    next.ended_by = reason;
    if (phase == Phase::with_agent) {
      next.agent = kBen;
      next.connected = now.hlc;
    }
    write(contact::update(*contacts.find(id), next));
  }
  void hand_on(QueueId to) { ask(Transfer{kTalk, kLeg, kAna, to, kFlow}); }
  void consult() {
    ask(transfer::Consult{kTalk, kAsked, kAna, kSales, kFlow});
    open(kBen, {kAsked});
  }
  // answered, ended, abandoned, refused
  static std::vector<std::uint64_t> of(const Tally::Handed& h) { return {h.answered, h.ended, h.abandoned, h.refused}; }
  // taken over, answered, unanswered, refused
  [[nodiscard]] std::vector<std::uint64_t> asked() const {
    return {tally.asked.taken_over, tally.asked.answered, tally.asked.unanswered, tally.asked.refused};
  }

  Tally tally;
  Rng rng_{3};
  std::uint64_t terms_ = 0;
};
using Counts = std::vector<std::uint64_t>;

TEST_F(Tallies, WhatWasHandedOnIsAnsweredOnce) {
  becomes(kTalk, Phase::queued);
  becomes(kTalk, Phase::with_agent);
  EXPECT_EQ(of(tally.to_queue), (Counts{0, 0, 0, 0})) << "nobody handed it on";
  contact::Contact next = contacts.find(kTalk)->contact;
  next.agent = kAna;
  write(contact::update(*contacts.find(kTalk), next));
  hand_on(kSales);
  EXPECT_EQ(of(tally.to_queue), (Counts{0, 0, 0, 0})) << "it is on its way";
  becomes(kTalk, Phase::queued);
  becomes(kTalk, Phase::offering);
  becomes(kTalk, Phase::queued);
  becomes(kTalk, Phase::with_agent);
  EXPECT_EQ(of(tally.to_queue), (Counts{1, 0, 0, 0}));
  // Its agent's node is lost, it waits, and he has it again.
  becomes(kTalk, Phase::queued);
  becomes(kTalk, Phase::with_agent);
  becomes(kTalk, Phase::ended, "AGENT_DISCONNECT");
  EXPECT_EQ(of(tally.to_queue), (Counts{1, 0, 0, 0}));
  EXPECT_EQ(of(tally.to_agent), (Counts{0, 0, 0, 0}));
}

TEST_F(Tallies, AnAgentsOwnQueueIsTheAgent) {
  hand_on(kBensOwn);
  becomes(kTalk, Phase::abandoned);
  EXPECT_EQ(of(tally.to_agent), (Counts{0, 0, 1, 0}));
  becomes(kTalk, Phase::queued);
  becomes(kTalk, Phase::ended, "CUSTOMER_DISCONNECT");
  EXPECT_EQ(of(tally.to_agent), (Counts{0, 1, 1, 0}));
  EXPECT_EQ(of(tally.to_queue), (Counts{0, 0, 0, 0}));
}

TEST_F(Tallies, TheNodeThatTakesItOverCountsAndWhoHearsOfItDoesNot) {
  hand_on(kSales);
  contact::Contact next = contacts.find(kTalk)->contact;
  next.phase = Phase::with_agent;
  next.agent = kBen;
  const contact::Rec taken{contact::Claimed{.contact = kTalk, .term = Term{2}, .whole = next}};
  Tally there;
  const States west(kWest);
  const Sees seen{west.local, config, members, contacts, agents, routing, transfer, failover, distribution, matching};
  count(there, seen, Body{taken}, LogId{kWest, Incarnation{1}});
  write(Body{taken}, kWest);
  EXPECT_EQ(of(there.to_queue), (Counts{1, 0, 0, 0}));
  EXPECT_EQ(of(tally.to_queue), (Counts{0, 0, 0, 0}));
}

TEST_F(Tallies, AConversationThatIsLeftToTheColleagueIsHisAndSoIsTheConsultation) {
  consult();
  becomes(kAsked, Phase::with_agent);
  ask(Leave{kTalk, kLeg, kAna});
  EXPECT_EQ(of(tally.to_colleague), (Counts{0, 0, 0, 0})) << "he does not have it yet";
  contact::Contact next = contacts.find(kTalk)->contact;
  const Decision seated = presence::seat(contacts, *agents.find(kBen), next, local, now, rng_);
  write(contact::update(*contacts.find(kTalk), next));
  write(seated);
  EXPECT_EQ(of(tally.to_colleague), (Counts{1, 0, 0, 0}));
  EXPECT_EQ(of(tally.to_queue), (Counts{0, 0, 0, 0}));
  EXPECT_EQ(asked(), (Counts{1, 0, 0, 0}));
}

TEST_F(Tallies, AConsultationWasAnsweredOrNot) {
  consult();
  becomes(kAsked, Phase::ended, "CONSULTATION_OVER");
  EXPECT_EQ(asked(), (Counts{0, 0, 1, 0}));
}

TEST_F(Tallies, AConsultationThatWasAnsweredStaysOne) {
  consult();
  becomes(kAsked, Phase::with_agent);
  becomes(kAsked, Phase::ended, "AGENT_DISCONNECT");
  EXPECT_EQ(asked(), (Counts{0, 1, 0, 0}));
}

TEST_F(Tallies, RefusedIsWhatNoNodeCarriesOut) {
  ask(Transfer{kTalk, kLeg, kBen, kSales, kFlow});
  ask(Transfer{kTalk, kLeg, kBen, kBensOwn, kFlow});
  ask(Leave{kTalk, kLeg, kAna});
  ask(transfer::Consult{kTalk, kAsked, kAna, QueueId{kAna.value()}, kFlow});
  EXPECT_EQ(of(tally.to_queue), (Counts{0, 0, 0, 1}));
  EXPECT_EQ(of(tally.to_agent), (Counts{0, 0, 0, 1}));
  EXPECT_EQ(of(tally.to_colleague), (Counts{0, 0, 0, 1}));
  EXPECT_EQ(asked(), (Counts{0, 0, 0, 1}));
  local.incarnation = Incarnation{2};  // it was of a former life
  hand_on(kSales);
  EXPECT_EQ(of(tally.to_queue), (Counts{0, 0, 0, 1}));
}

class Sent : public Tallies {
 protected:
  void send(bool drained = false) {
    presence::Presence next = agents.find(kAna)->presence;
    next.move_to = "us-west-2";
    next.move_told = now.hlc;
    next.drained = drained;
    write(presence::update(*agents.find(kAna), next));
  }
  void ask_at(NodeId node) { write(presence::Rec{presence::Asked{kAna, Term{++terms_}, numbered(30), true}}, node); }
  void close() {
    presence::Presence next = agents.find(kAna)->presence;
    next.desktop = {};
    next.move_to.clear();
    next.drained = false;
    write(presence::update(*agents.find(kAna), next));
  }
  static Counts of(const Tally::Sent& s) { return {s.followed, s.closed}; }
};

TEST_F(Sent, FollowsWhicheverIsHeardFirst) {
  send();
  ask_at(kWest);
  close();
  EXPECT_EQ(of(tally.by_order), (Counts{1, 0}));
  open(kAna, {}, kWest);
  EXPECT_EQ(of(tally.by_order), (Counts{1, 0})) << "the same agent";
  open(kAna, {});
  send(true);
  open(kAna, {}, kWest);
  EXPECT_EQ(of(tally.by_drain), (Counts{1, 0}));
  EXPECT_EQ(of(tally.by_order), (Counts{1, 0}));
}

TEST_F(Sent, DoesNotFollow) {
  close();
  EXPECT_EQ(of(tally.by_order), (Counts{0, 0})) << "nobody sent her";
  open(kAna, {});
  send();
  close();
  EXPECT_EQ(of(tally.by_order), (Counts{0, 1}));
  open(kAna, {});
  send();
  ask_at(kHub);
  close();
  EXPECT_EQ(of(tally.by_order), (Counts{0, 2})) << "she asked somewhere else";
}

}  // namespace
}  // namespace tandem::transfer
