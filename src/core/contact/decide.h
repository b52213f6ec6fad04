// Judges orders about contacts this node owns, and says what a claim on another's contact must hold.
#pragma once

#include "core/contact/commands.h"
#include "core/contact/state.h"
#include "core/decision.h"

namespace tandem::contact {

struct Sees {
  const State& own;
  const Local& local;
};

// Errors of all: not_found; not_owner, with the owner's NodeId in `detail`; refused when the contact is over.
// Start, besides: already_exists; invalid, as SetSchedule.
[[nodiscard]] Result<Decision> decide(const Sees& sees, const Start& command, const Now& now);
[[nodiscard]] Result<Decision> decide(const Sees& sees, const SetAttributes& command, const Now& now);
// Errors besides: invalid; move_in_flight while the contact is offered to another node, which may take it as it was.
[[nodiscard]] Result<Decision> decide(const Sees& sees, const SetRouting& command, const Now& now);
// Errors besides: invalid (a time that is past or more than kScheduleMax ahead); refused once the flow has begun.
[[nodiscard]] Result<Decision> decide(const Sees& sees, const SetSchedule& command, const Now& now);
[[nodiscard]] Result<Decision> decide(const Sees& sees, const End& command, const Now& now);
// The customer's or agent's words join the transcript; a flow that waits for input is the caller's to advance.
[[nodiscard]] Result<Decision> decide(const Sees& sees, const Say& command, const Now& now);
[[nodiscard]] Result<Decision> decide(const Sees& sees, const Attach& command, const Now& now);
[[nodiscard]] Result<Decision> decide(const Sees& sees, const Detach& command, const Now& now);

// R6: the claim of a node to which the customer came while the owner did not answer. `agent_here`: this node owns the
// desktop of the contact's agent, so that the conversation goes on.
[[nodiscard]] Decision arrive(const Sees& sees, const Held& held, bool agent_here, bool attached, const Now& now);
// A new incarnation goes on with what the former one owned.
[[nodiscard]] Decision restart(const Sees& sees, const Held& held, const Now& now);

// The owner's contact becomes `next`, and `items` were said or shown with it.
[[nodiscard]] Decision update(const Held& held, const Contact& next, std::vector<Item> items = {});
[[nodiscard]] Decision claim(const Held& held, Term term, Why why, Contact next, std::vector<Item> items = {});
// The owner's contact is offered to another node, for the agent, or as it waits (nil), under the next term.
[[nodiscard]] Decision offer(const Held& held, NodeId to, AgentId agent, const Local& local, const Now& now, Rng& rng);
// A contact that begins here.
[[nodiscard]] Decision open(Contact contact, std::vector<Item> items = {});
// Puts a contact back into its queue at its original place, its agent preferred when `prefer`.
void back_to_queue(Contact& contact, bool prefer, const Local& local, const Now& now);
// An entry of the transcript that tells an event; its id is the same whoever writes it.
[[nodiscard]] Item event_item(const Contact& contact, std::string_view event, std::uint64_t number, const Now& now);
// Over for good; with the entry that says so.
[[nodiscard]] Item finish(Contact& contact, std::string reason, const Now& now);
[[nodiscard]] bool says_it_is_over(const Item& item);

inline constexpr char kEventPrefix[] = "application/vnd.amazonaws.connect.event.";

}  // namespace tandem::contact
