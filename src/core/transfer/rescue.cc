#include "core/transfer/rescue.h"

#include "core/contact/view.h"
#include "core/routing/view.h"

namespace tandem::transfer {
namespace {

using contact::Contact;
using contact::Phase;

bool rings(const Contact& call) { return call.phase == Phase::offering || call.phase == Phase::with_agent; }

Decision of_rescue_call(const Sees& sees, const contact::Held& held, const Now& now) {
  const Contact& c = held.contact;
  // Once it rings, the agent decides. An offer that is open is answered first.
  if (rings(c) || c.move.open() || routing::still_away(sees, c)) return {};
  Contact next = c;
  contact::Item over = contact::finish(next, kCameBack, now);
  return contact::update(held, next, {std::move(over)});
}

Decision of_lost_customer(const Sees& sees, const contact::Held& held, const Now& now) {
  const Contact& c = held.contact;
  const contact::Held* found = sees.contacts.find(c.rescue.call);
  if (found == nullptr) return {};
  const Contact& call = found->contact;
  if (call.live() && (!c.attached || rings(call) || routing::is_being_called(sees, c))) return {};
  const bool reached = !call.live() && call.connected.packed != 0 && call.ended_by != contact::kUnanswered;
  Contact next = c;
  if (reached && !c.attached && c.move.state != contact::MoveState::offered) {
    contact::Item over = contact::finish(next, kCalledBack, now);
    return contact::update(held, next, {std::move(over)});
  }
  next.rescue.call = {};
  if (!c.attached && c.live()) next.grace_until = now.hlc + sees.local.timers.grace;
  return contact::update(held, next);
}

}  // namespace

Decision rescued(const Sees& sees, const contact::Held& held, const Now& now) {
  const Contact& c = held.contact;
  if (c.is_rescue_call() && c.live()) return of_rescue_call(sees, held, now);
  if (!c.rescue.call.value().nil()) return of_lost_customer(sees, held, now);
  return {};
}

}  // namespace tandem::transfer
