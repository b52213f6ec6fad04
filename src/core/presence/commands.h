// Orders of agents, judged by the node where the desktop is (or is to be).
#pragma once

#include "core/presence/records.h"

namespace tandem::presence {

// Opens a desktop. `desktop` is the client's own id; a client that was signed in elsewhere proves with its token that
// it is that desktop.
struct SignIn {
  AgentId agent;
  Uuid desktop;
  bool proved = false;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "agent", s.agent);
    f(2, "desktop", s.desktop);
    f(3, "proved", s.proved);
  }
};
struct SignOut {
  AgentId agent;
  bool forced = false;  // by a supervisor: also with contacts open, which go back to their queues
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "agent", s.agent);
    f(2, "forced", s.forced);
  }
};
struct SetStatus {
  AgentId agent;
  Uuid status;
  StatusType type = StatusType::offline;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "agent", s.agent);
    f(2, "status", s.status);
    f(3, "type", s.type);
  }
};
struct Accept {
  AgentId agent;
  ContactId contact;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "agent", s.agent);
    f(2, "contact", s.contact);
  }
};
struct Reject {
  AgentId agent;
  ContactId contact;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "agent", s.agent);
    f(2, "contact", s.contact);
  }
};
// Ends after-contact work and frees the slot.
struct Complete {
  AgentId agent;
  ContactId contact;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "agent", s.agent);
    f(2, "contact", s.contact);
  }
};

// A supervisor's order: the agent's desktop goes to another region, at once when no contact is open, else when the last
// one is done, and at `by` whatever is open.
struct Move {
  AgentId agent;
  std::string region;  // empty: the agent stays where he is after all
  Hlc by;              // 0: however long the contacts take
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "agent", s.agent);
    f(2, "region", s.region);
    f(3, "by", s.by);
  }
};

}  // namespace tandem::presence
