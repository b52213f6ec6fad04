// Orders about contacts that go on with somebody else.
#pragma once

#include "base/ids.h"

namespace tandem::transfer {

// Hands a contact on through a transfer flow; judged by the contact's owner. The contact keeps its id, customer,
// attributes, transcript, priority and time of queueing. What an agent has served so far becomes a contact of its own,
// `leg`, which is over (docs/decisions/0013-a-transfer-leaves-a-leg.md).
struct Transfer {
  ContactId contact;
  ContactId leg;  // a new id, minted by who asks
  AgentId by;     // the agent who serves it and hands it on; nil: asked from outside, wherever the contact is
  QueueId queue;  // the flow's target; of an agent's own queue, the agent's id; nil: the flow sets it
  FlowId flow;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "contact", s.contact);
    f(2, "leg", s.leg);
    f(3, "by", s.by);
    f(4, "queue", s.queue);
    f(5, "flow", s.flow);
  }
};

// The agent who serves a conversation asks for a colleague, who is found as by a transfer.
struct Consult {
  ContactId contact;
  ContactId consultation;  // a new id, minted by who asks
  AgentId by;
  QueueId queue;
  FlowId flow;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "contact", s.contact);
    f(2, "consultation", s.consultation);
    f(3, "by", s.by);
    f(4, "queue", s.queue);
    f(5, "flow", s.flow);
  }
};
// Which of the two the agent talks to changes, or all three talk from now on.
struct Confer {
  ContactId contact;
  AgentId by;
  bool join = false;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "contact", s.contact);
    f(2, "by", s.by);
    f(3, "join", s.join);
  }
};
// The agent leaves the conversation to the colleague: a warm transfer. What he has served becomes `leg`, as by
// Transfer.
struct Leave {
  ContactId contact;
  ContactId leg;
  AgentId by;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "contact", s.contact);
    f(2, "leg", s.leg);
    f(3, "by", s.by);
  }
};

}  // namespace tandem::transfer
