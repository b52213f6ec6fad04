// Runs contact flows. One call goes from where the flow waits to where it waits again, so a whole run is one record; it
// changes nothing itself and asks no clock.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/now.h"
#include "base/rng.h"
#include "core/config/view.h"
#include "core/contact/view.h"
#include "core/decision.h"
#include "core/effects.h"
#include "core/flow/events.h"
#include "core/routing/view.h"

namespace tandem::flow {

inline constexpr int kBlocksPerRunMax = 1000;                    // then the flow fails: a loop without a wait in it
inline constexpr std::size_t kShownBytesPerRunMax = 256 * 1024;  // likewise
inline constexpr std::size_t kTextBytesMax = 32 * 1024;  // a text with its references put in; else the block fails
inline constexpr std::chrono::milliseconds kFunctionLimitMax = 8s;
inline constexpr std::chrono::milliseconds kFunctionLimitDefault = 3s;
inline constexpr std::chrono::milliseconds kFunctionGrace = 1s;  // beyond the limit, for the answer's way back
inline constexpr std::chrono::milliseconds kResolveLimit = 10s;

struct Sees {
  const config::State& config;
  NodeId self;
  std::string region;        // $.AwsRegion
  std::string instance_arn;  // $.InstanceARN; ARNs of queues, flows and users begin with it
  // Contacts that wait in a queue, whoever owns them; for a queue's max_contacts. Unset: no queue is ever full.
  std::function<std::size_t(QueueId)> waiting;
  // Real-time metrics of a queue over all regions, on one channel or on all of them; the contact whose flow asks counts
  // as it stands in that run. Unset: there are none.
  routing::AskMetrics metrics;
};

using Effect = std::variant<InvokeFunction, Resolve>;

struct Outcome {
  contact::Contact next;             // equal to what was given when the event concerns no flow
  std::vector<contact::Item> items;  // shown, in order
  std::vector<Effect> effects;       // `fence.term` is the caller's to fill in
  // Contacts that begin in the same step, each in its whole; the id follows from contact, block and visit, so one that
  // is known already was made by the same visit before.
  std::vector<contact::Contact> started;
  std::vector<std::string> path;  // identifiers of the blocks that ran, for people
};

// Runs the flow of `contact` as far as it goes after `event`. While it is queued or offered to an agent, its customer
// queue flow runs; in any other phase a flow that is still there is stopped. What `next` may hold that was not there:
// phase `queued` with `place.queue`, and `place.enqueued` unless it was set; phase `ended` with `ended_by`.
// An event that is late (another visit, an early timer, nobody waits for it) changes nothing.
[[nodiscard]] Outcome advance(const Sees& sees, const contact::Contact& contact, const Event& event, const Now& now,
                              Rng& rng);

// What the contact's owner records of a run: how the contact stands now, what was said `before` and shown in it, and
// the contacts that begin, unless they are known already.
[[nodiscard]] Decision record(const contact::State& contacts, const contact::Held& held, Outcome& outcome,
                              std::vector<contact::Item> before, const Now& now, Rng& rng);

// May a message of the customer move the flow? Where it may not, `advance` would change nothing.
[[nodiscard]] bool hears(const config::State& config, const contact::Contact& contact);

// For the node that just claimed the contact, and for a process that starts again: asks anew for the effect the flow
// waits for, under the same visit, hence the same key at the receiver; begins a flow that had not begun. Waits for
// time or input stand as they are. Nothing that was shown is shown again.
[[nodiscard]] Outcome resume(const Sees& sees, const contact::Contact& contact, const Now& now, Rng& rng);

// The flow ends where it stands: an agent has joined, or the contact is over. Attributes and hooks stay.
void stop(contact::Contact& contact);

// Puts values in the place of the references in `text`; a reference that is not in `values` reads as empty. This is how
// io renders `Resolve::texts`: keys are the references as `references` spells them.
[[nodiscard]] std::string render(std::string_view text, const std::map<std::string, std::string>& values);
// The references in `text`, in the one spelling used as key: $.Attributes.tier, $.Attributes['my key'].
[[nodiscard]] std::vector<std::string> references(std::string_view text);

// Id of what a block visit shows; the same wherever and however often the visit is repeated. The block is part of it: a
// repeat elsewhere may take another branch (the hours changed, another number was drawn) and then shows something else.
[[nodiscard]] Uuid item_id(ContactId contact, std::string_view block, std::uint64_t visit);

}  // namespace tandem::flow
