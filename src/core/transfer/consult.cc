#include "core/transfer/consult.h"

#include <utility>

#include "base/bug.h"
#include "core/transfer/decide.h"
#include "core/transfer/handing.h"

namespace tandem::transfer {
namespace {

using contact::Consult;
using contact::ConsultStage;
using contact::Contact;
using contact::Phase;

// The conversation with a consultation that the colleague has answered.
struct Talk {
  const contact::Held* main = nullptr;
  const contact::Held* consultation = nullptr;
};
Result<Talk> talk(const Sees& sees, ContactId contact, AgentId by) {
  const auto main = in_hand(sees, contact, by);
  if (!main) return std::unexpected(main.error());
  const Consult& consult = (*main)->contact.consult;
  const contact::Held* consultation = sees.contacts.find(consult.contact);
  if (consultation == nullptr || consult.by != by) return fail(Errc::refused, "you have asked no colleague");
  if (consultation->contact.phase != Phase::with_agent)
    return fail(Errc::refused, "your colleague has not answered yet");
  return Talk{*main, consultation};
}

Decision without(const contact::Held& held, std::vector<contact::Item> items) {
  Contact next = held.contact;
  next.consult = {};
  return contact::update(held, next, std::move(items));
}

Decision of_conversation(const Sees& sees, const contact::Held& held, const Now& now) {
  const Contact& c = held.contact;
  const contact::Held* other = sees.contacts.find(c.consult.contact);
  const bool joined = c.consult.stage == ConsultStage::joined;
  if (other == nullptr || other->contact.phase == Phase::ended) {
    std::vector<contact::Item> items;
    if (joined && other != nullptr) {
      items.push_back(agent_event(c, "participant.left", other->contact.agent_participant, now));
    }
    return without(held, std::move(items));
  }
  // Another agent has it, who asked nobody.
  if (c.phase == Phase::with_agent && c.agent != c.consult.by) return without(held, {});
  const Contact& consultation = other->contact;
  if (c.phase != Phase::queued || !joined || consultation.phase != Phase::with_agent) return {};
  if (c.place.preferred == consultation.agent) return {};
  // All three talked when the agent was lost: the colleague goes on with it.
  const presence::Held* desk = sees.agents.find(consultation.agent);
  if (desk == nullptr || desk->presence.desktop.nil() || !sees.serving(desk->line)) return {};
  Contact next = c;
  next.place.preferred = consultation.agent;
  next.place.preferred_until = now.hlc + sees.local.timers.preferred;
  return contact::update(held, next);
}

}  // namespace

Decision consulted(const Sees& sees, const contact::Held& held, const Now& now) {
  const Contact& c = held.contact;
  if (!c.consult.contact.value().nil()) return of_conversation(sees, held, now);
  if (!c.is_consultation() || bug::on(bug::Name::consultation_stays)) return {};
  const contact::Held* main = sees.contacts.find(c.about.contact);
  if (main != nullptr && main->contact.live() && main->contact.consult.contact == c.id) return {};
  const contact::End over{c.id, contact::Role::system, "CONSULTATION_OVER"};
  auto out = contact::decide({sees.contacts, sees.local}, over, now);
  return out ? std::move(*out) : Decision{};
}

Result<Decision> decide(const Sees& sees, const transfer::Consult& command, const Now& now) {
  const auto held = in_hand(sees, command.contact, command.by);
  if (!held) return std::unexpected(held.error());
  if (const auto good = is_new(sees, command.consultation); !good) return std::unexpected(good.error());
  if (const auto good = may_go(sees, command.queue, command.flow); !good) return std::unexpected(good.error());
  const Contact& c = (*held)->contact;
  if (c.is_consultation()) return fail(Errc::refused, "this is a consultation already");
  if (!c.consult.contact.value().nil()) return fail(Errc::refused, "you have asked a colleague already");
  if (command.queue.value() == command.by.value()) return fail(Errc::refused, "that is you");

  Contact consultation;
  consultation.id = consultation.initial = command.consultation;
  consultation.kind = contact::Kind::work;
  consultation.channel = c.channel;
  consultation.initiated = now.hlc;
  consultation.origin = sees.local.self;
  consultation.customer_name = c.customer_name;
  consultation.attributes = c.attributes;
  consultation.data = c.data;
  consultation.key = c.key;
  consultation.flow.flow = command.flow;
  consultation.place.queue = command.queue;
  consultation.place.priority = contact::kPriority;
  // Whoever asks is no answer.
  consultation.place.criteria.steps = {{{{.kind = contact::RequirementKind::none_of, .parts = 1},
                                         {.kind = contact::RequirementKind::agents, .agents = {command.by}}},
                                        {}}};
  consultation.about = {c.id, command.by, c.agent_participant};
  Contact next = c;
  next.consult = {command.consultation, ConsultStage::apart, command.by};
  // The conversation names it only where it is known.
  Decision out = contact::open(std::move(consultation));
  append(out, contact::update(**held, next));
  return out;
}

Result<Decision> decide(const Sees& sees, const Confer& command, const Now& now) {
  const auto found = talk(sees, command.contact, command.by);
  if (!found) return std::unexpected(found.error());
  Contact next = found->main->contact;
  ConsultStage& stage = next.consult.stage;
  if (stage == ConsultStage::joined) return fail(Errc::refused, "all three of you talk already");
  std::vector<contact::Item> items;
  if (command.join) {
    stage = ConsultStage::joined;
    items.push_back(agent_event(next, "participant.joined", found->consultation->contact.agent_participant, now));
  } else {
    stage = stage == ConsultStage::apart ? ConsultStage::swapped : ConsultStage::apart;
  }
  return contact::update(*found->main, next, std::move(items));
}

Result<Decision> decide(const Sees& sees, const Leave& command, const Now& now) {
  const auto found = talk(sees, command.contact, command.by);
  if (!found) return std::unexpected(found.error());
  if (const auto good = is_new(sees, command.leg); !good) return std::unexpected(good.error());
  const Contact& c = found->main->contact;
  const Contact& consultation = found->consultation->contact;
  const presence::Held* desk = sees.agents.find(consultation.agent);
  if (desk == nullptr || desk->presence.desktop.nil() || !sees.serving(desk->line)) {
    return fail(Errc::refused,
                "your colleague's region does not answer: stay, or transfer the contact to somebody else");
  }
  Contact next = c;
  std::vector<contact::Item> items;
  if (c.consult.stage != ConsultStage::joined) {
    items.push_back(agent_event(c, "participant.joined", consultation.agent_participant, now));
  }
  Decision out = let_go(sees, c, command.leg, next, items, now);
  next.consult.stage = ConsultStage::joined;
  next.consult.by = {};
  contact::back_to_queue(next, false, sees.local, now);
  next.place.preferred = consultation.agent;
  next.place.preferred_until = now.hlc + sees.local.timers.preferred;
  append(out, contact::update(*found->main, next, std::move(items)));
  return out;
}

}  // namespace tandem::transfer
