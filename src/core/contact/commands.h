// Orders about contacts. Each is judged by the contact's owner and may be refused.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "core/contact/contact.h"
#include "core/decision.h"

namespace tandem::contact {

// Opens a contact here: a chat (session) or a task (work).
struct Start {
  ContactId id;
  Channel channel = Channel::chat;
  FlowId flow;
  Uuid customer;  // participant id
  Text customer_name;
  std::map<std::string, Text> attributes;
  KeyId key;
  std::string name;
  Text description;
  ContactId previous;
  std::optional<Item> first_message;
  std::map<std::string, Text> data;  // Contact::data
  Hlc scheduled;                     // when the flow of a task begins; 0: at once
  Uuid person;
  // Where the customer is, as far as it is known: a number in E.164, or "latitude,longitude". Recorded nowhere.
  std::string caller;
  Placed placed;
  QueueId queue;  // to which its flow is to take it; an agent's own queue for him; nil: the flow knows
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "id", s.id);
    f(2, "channel", s.channel);
    f(3, "flow", s.flow);
    f(4, "customer", s.customer);
    f(5, "customer_name", s.customer_name);
    f(6, "attributes", s.attributes);
    f(7, "key", s.key);
    f(8, "name", s.name);
    f(9, "description", s.description);
    f(10, "previous", s.previous);
    f(11, "first_message", s.first_message);
    f(12, "data", s.data);
    f(13, "scheduled", s.scheduled);
    f(14, "person", s.person);
    f(15, "caller", s.caller);
    f(16, "placed", s.placed);
    f(17, "queue", s.queue);
  }
};

// Something said by a participant. `item.id` and `item.at` are set by the node.
struct Say {
  ContactId contact;
  Item item;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "contact", s.contact);
    f(2, "item", s.item);
  }
};

// As the reason of an agent's End: the customer did not answer. A callback with attempts left waits for the next one.
inline constexpr char kUnanswered[] = "OUTBOUND_ATTEMPT_FAILED";
struct End {
  ContactId contact;
  Role by = Role::system;
  std::string reason;  // DisconnectReason of the contact record
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "contact", s.contact);
    f(2, "by", s.by);
    f(3, "reason", s.reason);
  }
};

struct SetAttributes {
  ContactId contact;
  std::map<std::string, Text> set;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "contact", s.contact);
    f(2, "set", s.set);
  }
};

// Another place in the queue, or other agents to wait for. What is not given stays as it is. Source: API Reference,
// "UpdateContactRoutingData".
struct SetRouting {
  ContactId contact;
  std::optional<std::int64_t> priority;                // from 1, which is served first
  std::optional<std::chrono::seconds> age_adjustment;  // in place of the one before, not on top of it
  std::optional<Criteria> criteria;                    // without steps: nothing is asked of agents any more
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "contact", s.contact);
    f(2, "priority", s.priority);
    f(3, "age_adjustment", s.age_adjustment);
    f(4, "criteria", s.criteria);
  }
};

// Another time for a task whose flow has not begun.
struct SetSchedule {
  ContactId contact;
  Hlc scheduled;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "contact", s.contact);
    f(2, "scheduled", s.scheduled);
  }
};
inline constexpr std::chrono::days kScheduleMax{6};  // ahead; API Reference, "StartTaskContact"

// The customer's session is at this gateway and has no other upstream any more.
struct Attach {
  ContactId contact;
  SessionId session;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "contact", s.contact);
    f(2, "session", s.session);
  }
};
// The customer's session closed, or goes to another owner.
struct Detach {
  ContactId contact;
  SessionId session;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "contact", s.contact);
    f(2, "session", s.session);
  }
};
// Answer to Ping: the customer's socket lives.
struct Alive {
  ContactId contact;
  SessionId session;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "contact", s.contact);
    f(2, "session", s.session);
  }
};

}  // namespace tandem::contact
