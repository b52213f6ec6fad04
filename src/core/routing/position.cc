#include "core/routing/position.h"

#include "core/routing/order.h"

namespace tandem::routing {
namespace {

// The agents a contact asks for: one that had it before, or those who satisfy the step that counts; null: everybody.
struct Asks {
  AgentId agent;
  const contact::Expression* expression = nullptr;

  Asks(const contact::Contact& contact, Hlc now) : agent(contact.place.preferred) {
    const auto standing = contact.place.criteria.at(now);
    if (standing.step != nullptr) expression = &standing.step->expression;
  }
  friend bool operator==(const Asks& a, const Asks& b) {
    if (a.agent != b.agent || (a.expression == nullptr) != (b.expression == nullptr)) return false;
    return a.expression == nullptr || *a.expression == *b.expression;
  }
};

}  // namespace

std::optional<std::uint64_t> position(const contact::State& contacts, ContactId id, Hlc now) {
  const contact::Held* held = contacts.find(id);
  if (held == nullptr) return std::nullopt;
  const contact::Contact& own = held->contact;
  // While it rings it is in its queue still.
  if (own.phase != contact::Phase::queued && own.phase != contact::Phase::offering) return std::nullopt;
  const Asks asks(own, now);
  std::uint64_t out = 1;
  for (const ContactId each : contacts.queued_in(own.place.queue)) {
    const contact::Contact& other = contacts.find(each)->contact;
    const bool before = other.channel == own.channel && key_of(other) < key_of(own);
    if (before && Asks(other, now) == asks) ++out;
  }
  return out;
}

}  // namespace tandem::routing
