// Orders a node takes, and what nodes say to each other beside replication (opaque to src/cluster).
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "cluster/frames.h"
#include "core/access/state.h"
#include "core/config/decide.h"
#include "core/contact/commands.h"
#include "core/customer/commands.h"
#include "core/distribution/commands.h"
#include "core/flow/events.h"
#include "core/presence/commands.h"
#include "core/transfer/commands.h"
#include "node/world.h"

namespace tandem {

// A function or the key store answered an effect of the contact's flow.
struct FlowEvent {
  ContactId contact;
  std::variant<flow::Returned, flow::Resolved> event;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "contact", s.contact);
    f(2, "event", s.event);
  }
};

// The order is the wire's: new verbs go to the end.
using Verb =
    std::variant<contact::Start, contact::Say, contact::End, contact::SetAttributes, contact::Attach, contact::Detach,
                 contact::Alive, presence::SignIn, presence::SignOut, presence::SetStatus, presence::Accept,
                 presence::Reject, presence::Complete, config::Create, config::Change, config::Delete, access::KeyPut,
                 FlowEvent, contact::SetRouting, contact::SetSchedule, transfer::Transfer, presence::Move,
                 transfer::Consult, transfer::Confer, transfer::Leave, access::SealsErased, distribution::Order,
                 distribution::SetGroup, distribution::Join, distribution::Dismiss, customer::Change, customer::Forget>;

// One order. The id is a hash of operation, caller and the caller's own token: a repeat gets the first answer.
struct Command {
  Uuid id;
  Verb verb;
  bool arrival = false;               // the customer's own doing: a node that is not the owner may claim (R6)
  std::vector<cluster::KeyRow> keys;  // made for this order; logged with its first record
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "id", s.id);
    f(2, "verb", s.verb);
    f(3, "arrival", s.arrival);
    f(4, "keys", s.keys);
  }
};

namespace message {

struct Forward {
  Uuid ticket;  // of this try; the answer names it
  Command command;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "ticket", s.ticket);
    f(2, "command", s.command);
  }
};
struct Answered {
  Uuid ticket;
  std::uint8_t error = 0;  // Errc; 0: done
  std::string detail;
  Answer answer;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "ticket", s.ticket);
    f(2, "error", s.error);
    f(3, "detail", s.detail);
    f(4, "answer", s.answer);
  }
};
// From the owner to the session's gateway.
struct Show {
  SessionId session;
  ContactId contact;
  std::vector<contact::Item> items;
  bool whole = false;  // the transcript so far, after an attach
  bool ended = false;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "session", s.session);
    f(2, "contact", s.contact);
    f(3, "items", s.items);
    f(4, "whole", s.whole);
    f(5, "ended", s.ended);
  }
};
// This node is not the session's upstream any more; `to` is, as far as it knows.
struct Reattach {
  SessionId session;
  NodeId to;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "session", s.session);
    f(2, "to", s.to);
  }
};
struct PingSession {
  SessionId session;
  ContactId contact;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "session", s.session);
    f(2, "contact", s.contact);
  }
};
// A passing event that no transcript keeps: typing, receipts.
struct Pass {
  SessionId session;  // to the customer's gateway; nil number: to the owner, who passes it on
  ContactId contact;
  contact::Item item;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "session", s.session);
    f(2, "contact", s.contact);
    f(3, "item", s.item);
  }
};
// R6: is the owner there, and does it still own?
struct AskOwner {
  ContactId contact;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "contact", s.contact);
  }
};
struct OwnerSays {
  ContactId contact;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "contact", s.contact);
  }
};
// All sessions that a gateway believes to have at the receiver, told every few seconds: whatever a lost message left
// different at the two ends is put right by it.
struct Sessions {
  struct Entry {
    ContactId contact;
    SessionId session;
    bool attached = false;  // else it has asked and was not answered yet
    template <class S, class F>
    static void fields(S& s, F&& f) {
      f(1, "contact", s.contact);
      f(2, "session", s.session);
      f(3, "attached", s.attached);
    }
  };
  std::vector<Entry> entries;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "entries", s.entries);
  }
};

using Any = std::variant<Forward, Answered, Show, Reattach, PingSession, Pass, AskOwner, OwnerSays, Sessions>;

[[nodiscard]] std::string encode(const Any& message);
// Errors: those of wire::decode.
[[nodiscard]] Result<Any> decode(std::string_view bytes);

}  // namespace message
}  // namespace tandem
