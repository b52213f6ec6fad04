// The desktop of an agent: opened by majority, given up by release, and the promises its slots hold (R22 to R26).
#pragma once

#include <array>

#include "core/config/view.h"
#include "core/contact/view.h"
#include "core/membership/view.h"
#include "core/presence/commands.h"
#include "core/presence/state.h"

namespace tandem::presence {

struct Sees {
  const State& own;
  const config::State& config;
  const membership::State& members;
  const contact::State& contacts;
  const Local& local;
  [[nodiscard]] bool mine(const Held& held) const {
    return held.line.node == local.self && held.line.incarnation == local.incarnation;
  }
};

// Asks all nodes; the desktop opens when `opened` says so. Errors: refused (on a hub; no such user).
[[nodiscard]] Result<Decision> decide(const Sees& sees, const SignIn& command, const Now& now);
[[nodiscard]] Result<Decision> decide(const Sees& sees, const SignOut& command, const Now& now);
// Errors besides: refused (a status that is disabled).
[[nodiscard]] Result<Decision> decide(const Sees& sees, const SetStatus& command, const Now& now);
[[nodiscard]] Result<Decision> decide(const Sees& sees, const Accept& command, const Now& now, Rng& rng);
[[nodiscard]] Result<Decision> decide(const Sees& sees, const Reject& command, const Now& now);
[[nodiscard]] Result<Decision> decide(const Sees& sees, const Complete& command, const Now& now);

// Errors: refused (not signed in; a region that is not of the centre, or out of it now); not_owner as all.
[[nodiscard]] Result<Decision> decide(const Sees& sees, const Move& command, const Now& now);
// The agent has handed the contact on: its slot turns into after-contact work for what he served, kept as `leg`.
[[nodiscard]] Decision handed_on(const config::State& config, const Held& held, ContactId contact, ContactId leg,
                                 const Now& now);

enum class Opening : std::uint8_t { none, waiting, open, refused };
// How this node's latest asking for the agent's desktop `desktop` stands. Another desktop that is open here answers
// nothing: it is the one that the asking is to replace.
struct Stand {
  Opening opening = Opening::none;
  std::size_t acknowledged = 0;
  std::string reason;
};
[[nodiscard]] Stand stand(const Sees& sees, AgentId agent, const Uuid& desktop);

// What this node must do about the agent because of what it knows now: acknowledge, release, open, free, close.
[[nodiscard]] Decision react(const Sees& sees, AgentId agent, const Now& now);
// Slots whose time is over.
[[nodiscard]] Decision due(const Sees& sees, AgentId agent, const Now& now);

// How many contacts of each channel an agent may hold at once, and on which of them contacts of others come as well.
struct Capacity {
  std::array<std::size_t, contact::kChannels> at_once{};
  std::array<bool, contact::kChannels> any_channel{};
};
[[nodiscard]] Capacity capacity(const config::RoutingProfile& profile);
using PerChannel = std::array<std::size_t, contact::kChannels>;
// How many more contacts of the channel fit beside those that are `taken`. Source: Amazon Connect Administrator Guide,
// "Channels and concurrency".
[[nodiscard]] std::size_t room(const Capacity& capacity, const PerChannel& taken, contact::Channel channel);
// Could the agent take one more? Reservations and after-contact work count; offers under way are the asker's to count.
[[nodiscard]] bool has_room(const Capacity& capacity, const Presence& presence, contact::Channel channel,
                            const PerChannel& promised = {});
[[nodiscard]] bool has_room(const config::State& config, const Presence& presence, contact::Channel channel,
                            const PerChannel& promised = {});
// A slot is kept for the contact: its own, which the desktop carried over, or that of the consultation about it.
[[nodiscard]] bool keeps_seat(const Presence& presence, const contact::Contact& contact);
// Why a consultation is over whose colleague has taken the conversation.
inline constexpr char kJoined[] = "JOINED";
// The contact gets a slot of the desktop, which is of this node: it rings, or goes on at once when it waits for this
// very agent. `contact` becomes what its owner then has; the records of the desktop, and of a consultation that ends
// with that, are given.
[[nodiscard]] Decision seat(const contact::State& contacts, const Held& desk, contact::Contact& contact,
                            const Local& local, const Now& now, Rng& rng);
[[nodiscard]] const char* channel_name(contact::Channel channel);

[[nodiscard]] Decision update(const Held& held, const Presence& next);

}  // namespace tandem::presence
