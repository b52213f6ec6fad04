#include "core/presence/desk.h"

namespace tandem::presence {

using contact::Contact;

std::map<ContactId, OnDesk> on_desk(const contact::State& contacts, const Presence& presence) {
  std::map<ContactId, OnDesk> out;
  const auto add = [&](ContactId id, std::optional<SlotState> slot) -> const Contact* {
    const contact::Held* held = contacts.find(id);
    if (held == nullptr) return nullptr;
    out[id] = {slot, held->contact.phase, held->contact.consult.stage};
    return &held->contact;
  };
  for (const auto& [id, slot] : presence.slots) {
    const Contact* c = add(id, slot.state);
    if (c == nullptr || slot.state == SlotState::after_contact_work) continue;
    if (c->consult.by == presence.agent) add(c->consult.contact, {});
    const contact::Held* main = contacts.find(c->about.contact);
    if (main != nullptr && main->contact.consult.contact == id) add(c->about.contact, {});
  }
  return out;
}

std::vector<AgentId> guests(const contact::State& contacts, const Contact& contact) {
  std::vector<AgentId> out;
  if (contact.is_consultation()) out.push_back(contact.about.by);
  if (contact.consult.stage != contact::ConsultStage::joined) return out;
  if (const contact::Held* consultation = contacts.find(contact.consult.contact)) {
    out.push_back(consultation->contact.agent);
  }
  return out;
}

}  // namespace tandem::presence
