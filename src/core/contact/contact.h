// A contact, as one plain value: everything about it that a claim must carry to the node that takes over. Its
// transcript is not here: that is a set which no claim carries or replaces (state.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/line.h"
#include "base/patch.h"
#include "base/sealed.h"
#include "core/contact/criteria.h"

namespace tandem::contact {

// Session: bound to a customer's open session (a chat). Work: nobody waits on a wire (a task, a callback).
enum class Kind : std::uint8_t { session, work, last_ = work };
enum class Channel : std::uint8_t { chat, task, voice, last_ = voice };
inline constexpr std::size_t kChannels = static_cast<std::size_t>(Channel::last_) + 1;
enum class Phase : std::uint8_t {
  in_flow,     // the contact flow runs or waits
  queued,      // waits for an agent at `place.queue`
  offering,    // an agent's slot is reserved and the desktop rings
  with_agent,  // served
  abandoned,   // presumed gone: the customer's session stayed away; an arrival revives it
  ended,       // over, whoever said so; final
  last_ = ended
};
enum class Role : std::uint8_t { system, customer, agent, last_ = agent };

// What a flow waits for before it goes on at `block`.
enum class Await : std::uint8_t {
  nothing,   // it is about to run `block`
  input,     // the customer's next message, until `until`
  time,      // `until`, or an event (a customer who returns)
  function,  // an invoked function's answer, until `until`
  resolve,   // sealed values, opened outside the loop
  last_ = resolve
};

// Where a flow stands. Durable: it resumes at the same block after a restart or in another region.
struct Position {
  FlowId flow;
  std::string block;        // identifier of the action that runs or waits; empty: no flow runs
  std::uint64_t visit = 0;  // counts block visits of the contact; ids of shown items derive from it
  Await await = Await::nothing;
  Hlc until;                                    // deadline of the wait; 0: none
  std::map<std::string, std::uint32_t> loops;   // by block: how often Loop continued, or the place in a prompt list
  std::map<std::string, Text> flow_attributes;  // $.FlowAttributes; gone when the flow changes
  std::map<std::string, Text> external;         // $.External: the last function's answer, sealed by io
  Text stored_input;                            // $.StoredCustomerInput, and the last chat input
  std::map<std::string, std::string> hooks;     // event hooks: name -> flow id
  std::map<std::string, Text> metrics;          // $.Metrics: what GetMetricData loaded last; gone when the flow changes
  friend bool operator==(const Position&, const Position&) = default;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "flow", s.flow);
    f(2, "block", s.block);
    f(3, "visit", s.visit);
    f(4, "await", s.await);
    f(5, "until", s.until);
    f(6, "loops", s.loops);
    f(7, "flow_attributes", s.flow_attributes);
    f(8, "external", s.external);
    f(9, "stored_input", s.stored_input);
    f(10, "hooks", s.hooks);
    f(11, "metrics", s.metrics);
  }
};

inline constexpr std::int64_t kPriority = 5;  // of a contact that no flow gave another; the default of the service

// Target queue, and the place in it once enqueued.
struct Place {
  QueueId queue;              // target (working) queue; nil: none set yet
  Hlc enqueued;               // original enqueue time: kept by moves and adoptions; 0: never queued
  std::int64_t priority = 0;  // 1 is served first; a contact starts with kPriority
  std::chrono::milliseconds age_adjustment{};
  AgentId preferred;    // the agent who had it when its node was lost: offered first, and without a ring
  Hlc preferred_until;  // after that, to anybody
  Criteria criteria;
  friend bool operator==(const Place&, const Place&) = default;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "queue", s.queue);
    f(2, "enqueued", s.enqueued);
    f(3, "priority", s.priority);
    f(4, "age_adjustment", s.age_adjustment);
    f(5, "preferred", s.preferred);
    f(6, "preferred_until", s.preferred_until);
    f(7, "criteria", s.criteria);
  }
};

// A callback: work on the voice channel, which an agent does by calling (docs/decisions/0014).
struct Callback {
  std::uint32_t attempts_left = 0;  // after this one, when the customer does not answer
  std::chrono::milliseconds retry_delay{};
  friend bool operator==(const Callback&, const Callback&) = default;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "attempts_left", s.attempts_left);
    f(2, "retry_delay", s.retry_delay);
  }
};
// Of Contact::data: the number to call.
inline constexpr char kCallbackNumber[] = "CustomerCallbackNumber";

// The latest move of the contact to another node (PROTOCOL R10 to R14). One field of the winning line, hence the same
// at both ends.
enum class MoveState : std::uint8_t {
  none,
  offered,
  accepted,
  attached,
  timed_out,
  returned,
  abandoned,
  last_ = abandoned
};
struct Move {
  Uuid id;
  NodeId source;
  NodeId destination;
  MoveState state = MoveState::none;
  Hlc deadline;   // of the offer at the source; of the customer's arrival (T_move) at the destination
  AgentId agent;  // whose slot is asked for; nil: the contact goes as it waits
  friend bool operator==(const Move&, const Move&) = default;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "id", s.id);
    f(2, "source", s.source);
    f(3, "destination", s.destination);
    f(4, "state", s.state);
    f(5, "deadline", s.deadline);
    f(6, "agent", s.agent);
  }
  [[nodiscard]] bool open() const { return state == MoveState::offered || state == MoveState::accepted; }
};

// An agent asks a colleague about a conversation. What the two say is a contact of its own, the consultation: work that
// is routed to the colleague as any other (docs/decisions/0015-a-consultation-is-a-contact.md).
enum class ConsultStage : std::uint8_t {
  none,
  apart,    // the agent talks to the colleague; the customer is on hold
  swapped,  // the agent talks to the customer; the colleague is on hold
  joined,   // all three talk, in the conversation
  last_ = joined
};
// Of the conversation.
struct Consult {
  ContactId contact;  // the consultation; nil: there is none
  ConsultStage stage = ConsultStage::none;
  AgentId by;  // who asked; nil: has left, and the colleague goes on
  friend bool operator==(const Consult&, const Consult&) = default;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "contact", s.contact);
    f(2, "stage", s.stage);
    f(3, "by", s.by);
  }
};
// Of the consultation.
struct About {
  ContactId contact;  // the conversation; nil: the contact is no consultation
  AgentId by;         // who asks
  Uuid participant;   // of the one who asks, here as in the conversation
  friend bool operator==(const About&, const About&) = default;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "contact", s.contact);
    f(2, "by", s.by);
    f(3, "participant", s.participant);
  }
};

// Why a new contact went to the region it went to (docs/modules/distribution.md).
enum class PlacedBy : std::uint8_t {
  only,       // no other region takes contacts
  due,        // the count: it is the first that must have one
  nearest,    // the lowest latency, or the shortest wait
  balanced,   // another one is nearer, but ahead of its share
  bound,      // another one is nearer or has the shorter wait, but is as far ahead as a region may be
  returning,  // the customer's last contact was there
  at_home,    // asked for at the region's own address
  last_ = at_home
};
// How it was chosen, and what the node that chose had counted by then, this contact included.
struct Placed {
  struct Option {
    std::string region;
    std::uint32_t target = 0;  // parts of 1,000
    std::uint32_t part = 0;    // of the target that it could take; parts of 1,000
    std::int64_t ahead = 0;    // of its target; thousandths of a contact
    std::uint32_t cost = 0;    // milliseconds to it, or of waiting there; 0: not asked or not known
    friend bool operator==(const Option&, const Option&) = default;

    template <class S, class F>
    static void fields(S& s, F&& f) {
      f(1, "region", s.region);
      f(2, "target", s.target);
      f(3, "part", s.part);
      f(4, "ahead", s.ahead);
      f(5, "cost", s.cost);
    }
  };
  Uuid group;  // nil: nobody chose
  NodeId by;
  PlacedBy rule = PlacedBy::only;
  std::uint64_t number = 0;  // of the contacts that it counted since shares were as they were
  std::vector<Option> options;
  friend bool operator==(const Placed&, const Placed&) = default;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "group", s.group);
    f(2, "by", s.by);
    f(3, "rule", s.rule);
    f(4, "number", s.number);
    f(5, "options", s.options);
  }
};

struct Contact {
  static constexpr unsigned kPhaseField = 6;
  static constexpr unsigned kAttributesField = 16;
  static constexpr unsigned kDataField = 28;

  ContactId id;
  ContactId initial;   // first of the journey; itself unless transferred
  ContactId previous;  // nil: none
  Kind kind = Kind::session;
  Channel channel = Channel::chat;
  Phase phase = Phase::in_flow;
  bool attached = false;      // the customer's session is held by the owner
  std::uint32_t attempt = 0;  // of session-less work: counts what Start and Run refer to
  Hlc initiated;
  Hlc connected;  // to an agent
  Hlc ended;
  NodeId origin;  // where it was started
  Text customer_name;
  Uuid customer;           // participant id of the customer
  Uuid agent_participant;  // participant id of the agent, minted when one accepts
  std::map<std::string, Text> attributes;
  KeyId key;  // seals what is personal about this contact
  Position flow;
  Place place;
  AgentId agent;  // reserved, ringing or connected; nil: none
  Move move;
  Term given;                        // the highest term given away by an offer
  Hlc ring_until;                    // offering: the agent must accept before
  Hlc grace_until;                   // not attached: presumed gone after; 0: attached, or no session to lose
  std::string name;                  // of a task
  Text description;                  // of a task
  std::string ended_by;              // DisconnectReason of the contact record
  std::map<std::string, Text> data;  // contact data a flow sets: LanguageCode, CustomerId, References.<name>.Value
  Hlc scheduled;                     // of a task: its flow begins then, or began then; 0: at once
  Callback callback;
  Consult consult;
  About about;
  Uuid person;  // a pseudonym of the CustomerId that it was started with; nil: none
  Placed placed;
  friend bool operator==(const Contact&, const Contact&) = default;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "id", s.id);
    f(2, "initial", s.initial);
    f(3, "previous", s.previous);
    f(4, "kind", s.kind);
    f(5, "channel", s.channel);
    f(kPhaseField, "phase", s.phase);
    f(7, "attached", s.attached);
    f(8, "attempt", s.attempt);
    f(9, "initiated", s.initiated);
    f(10, "connected", s.connected);
    f(11, "ended", s.ended);
    f(12, "origin", s.origin);
    f(13, "customer_name", s.customer_name);
    f(14, "customer", s.customer);
    f(15, "agent_participant", s.agent_participant);
    f(kAttributesField, "attributes", s.attributes);
    f(17, "key", s.key);
    f(18, "flow", s.flow);
    f(19, "place", s.place);
    f(20, "agent", s.agent);
    f(21, "move", s.move);
    f(22, "given", s.given);
    f(23, "ring_until", s.ring_until);
    f(24, "grace_until", s.grace_until);
    f(25, "name", s.name);
    f(26, "description", s.description);
    f(27, "ended_by", s.ended_by);
    f(kDataField, "data", s.data);
    f(29, "scheduled", s.scheduled);
    f(30, "callback", s.callback);
    f(31, "consult", s.consult);
    f(32, "about", s.about);
    f(33, "person", s.person);
    f(34, "placed", s.placed);
  }
  [[nodiscard]] bool is_callback() const { return kind == Kind::work && channel == Channel::voice; }
  [[nodiscard]] bool is_consultation() const { return !about.contact.value().nil(); }
  // Waits for the time at which its flow begins.
  [[nodiscard]] bool awaits_its_time() const {
    return phase == Phase::in_flow && flow.await == Await::time && flow.block.empty();
  }
  [[nodiscard]] bool live() const { return phase != Phase::ended && phase != Phase::abandoned; }
  // When the owner must look at it again though nothing happens; 0: never.
  [[nodiscard]] Hlc deadline() const;
};

// One entry of a transcript. `id` is the same however often the step that made it is repeated (the command's id, or
// derived from contact and block visit), so a repeat elsewhere is seen to be the same item.
struct Item {
  Uuid id;
  std::string content_type;
  Text content;
  Role role = Role::system;
  Uuid participant;
  Text display_name;
  Hlc at;
  friend bool operator==(const Item&, const Item&) = default;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "id", s.id);
    f(2, "content_type", s.content_type);
    f(3, "content", s.content);
    f(4, "role", s.role);
    f(5, "participant", s.participant);
    f(6, "display_name", s.display_name);
    f(7, "at", s.at);
  }
};

}  // namespace tandem::contact
