// What a rule decides: records to write, effects to have once they are durable. A rule changes nothing itself.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"
#include "core/body.h"
#include "core/effects.h"

namespace tandem {

// A customer's session as its gateway numbers it, and which of the gateway's tries to attach it this was: what is said
// of an earlier try, and comes late or by another way, touches no later one.
struct SessionId {
  NodeId gateway;
  std::uint64_t number = 0;
  std::uint64_t tries = 0;
  friend constexpr auto operator<=>(const SessionId&, const SessionId&) = default;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "gateway", s.gateway);
    f(2, "number", s.number);
    f(3, "tries", s.tries);
  }
};

// The customer's session is to be attached at the contact's owner, not here.
struct Redirect {
  SessionId session;
  ContactId contact;
  NodeId to;
};
// Does the customer's socket still live? The answer comes back as the command `contact::Alive`.
struct Ping {
  SessionId session;
  ContactId contact;
};
// The agent's desktop here is closed: another one opened, or it was released.
struct CloseDesktop {
  AgentId agent;
  Uuid desktop;
  std::string reason;
};

using Effect = std::variant<InvokeFunction, Resolve, Redirect, Ping, CloseDesktop>;

struct Decision {
  std::vector<Body> records;
  std::vector<Effect> effects;
  [[nodiscard]] bool empty() const { return records.empty() && effects.empty(); }
};

inline void append(Decision& to, Decision from) {
  std::ranges::move(from.records, std::back_inserter(to.records));
  std::ranges::move(from.effects, std::back_inserter(to.effects));
}

// Defaults of PROTOCOL section 5.
struct Timers {
  std::chrono::milliseconds offer = 2s;        // the destination must accept before
  std::chrono::milliseconds ring = 20s;        // an agent must accept before
  std::chrono::milliseconds move = 15s;        // the customer must arrive at the destination before
  std::chrono::milliseconds grace = 60s;       // a customer's session may be away
  std::chrono::milliseconds preferred = 30s;   // a contact waits for the agent it had
  std::chrono::milliseconds sign_in = 3s;      // acknowledgements and releases must have come before
  std::chrono::milliseconds attach = 250ms;    // the owner must answer before another node claims
  std::chrono::milliseconds catch_up = 1s;     // records of a silent owner must have come before
  std::chrono::milliseconds fallback = 250ms;  // peer acknowledgement, when no peer is reachable
  std::chrono::milliseconds hold = 350ms;      // evidence against a member must stand
  std::chrono::milliseconds ready = 1s;        // a returned member is looked at before it is active
};

// Facts of this process that are in no log.
struct Local {
  NodeId self;
  Incarnation incarnation;
  bool hub = false;
  std::string region;
  std::string instance_arn;
  std::set<NodeId> reachable;                  // directly or through a relay; never the node itself
  std::set<NodeId> accused;                    // of those, against whom something speaks here, however long
  std::map<ContactId, SessionId> attachments;  // customers' sessions whose upstream is here
  std::map<ContactId, std::uint64_t> issued;   // flow visit whose effect this process has asked for
  std::map<AgentId, Uuid> desktops;            // open desktops here
  bool settled = false;                        // heard the members that answer; may go on with what it owned before
  bool may_ack = true;                         // R21: false until an amnesiac has heard every other member
  Timers timers;
};

}  // namespace tandem
