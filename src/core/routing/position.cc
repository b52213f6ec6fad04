#include "core/routing/position.h"

#include "core/routing/order.h"

namespace tandem::routing {

Asks::Asks(const contact::Contact& contact, Hlc at) : agent(contact.place.preferred) {
  const auto standing = contact.place.criteria.at(at);
  if (standing.step != nullptr) expression = &standing.step->expression;
}

bool operator==(const Asks& a, const Asks& b) {
  if (a.agent != b.agent || (a.expression == nullptr) != (b.expression == nullptr)) return false;
  return a.expression == nullptr || *a.expression == *b.expression;
}

std::optional<std::uint64_t> position(const contact::State& contacts, const contact::Contact& own, Hlc now) {
  // While it rings it is in its queue still.
  if (own.phase != contact::Phase::queued && own.phase != contact::Phase::offering) return std::nullopt;
  const Asks asks(own, now);
  std::uint64_t out = 1;
  for (const ContactId each : contacts.queued_in(own.place.queue)) {
    const contact::Contact& other = contacts.find(each)->contact;
    const bool before = other.id != own.id && other.channel == own.channel && key_of(other) < key_of(own);
    if (before && Asks(other, now) == asks) ++out;
  }
  return out;
}

std::optional<std::uint64_t> position(const contact::State& contacts, ContactId id, Hlc now) {
  const contact::Held* held = contacts.find(id);
  return held == nullptr ? std::nullopt : position(contacts, held->contact, now);
}

}  // namespace tandem::routing
