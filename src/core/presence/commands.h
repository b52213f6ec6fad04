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
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "agent", s.agent);
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

}  // namespace tandem::presence
