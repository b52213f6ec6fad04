// Every contact any node ever claimed, each in its winning line, and the transcripts beside them.
// Merge (PROTOCOL section 3): a higher line replaces, the same line is folded in its writer's order, a lower one adds
// its transcript items and nothing else.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <unordered_map>
#include <vector>

#include "core/contact/records.h"

namespace tandem::contact {

struct Held {
  Line line;
  Contact contact;
  std::uint32_t late = 0;  // records of lower lines that came after: history, not state
  Hlc changed;             // of the record that last changed the state
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "line", s.line);
    f(2, "contact", s.contact);
    f(4, "changed", s.changed);
  }
};

// Where an item stands in its transcript: shown by time, then by the key of the record that brought it.
struct ItemKey {
  Hlc at;
  LogId log;
  Sequence sequence;
  std::uint32_t index = 0;
  friend constexpr auto operator<=>(const ItemKey&, const ItemKey&) = default;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "at", s.at);
    f(2, "origin", s.log.origin);
    f(3, "incarnation", s.log.incarnation);
    f(4, "sequence", s.sequence);
    f(5, "index", s.index);
  }
};
struct Said {
  ItemKey key;
  Item item;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "key", s.key);
    f(2, "value", s.item);
  }
};
// In the order of the keys; most are said after all that was said before.
using Transcript = std::vector<Said>;

// How long before the latest answer of a queue and channel others are still listed.
inline constexpr std::chrono::hours kAnswersKept{2};

class State {
 public:
  State() = default;
  State(const State&) = delete;  // `found_` points into `held_`
  State& operator=(const State&) = delete;
  State(State&&) = default;
  State& operator=(State&&) = default;
  ~State() = default;

  void apply(const Claimed& record, const Meta& meta);
  void apply(const Updated& record, const Meta& meta);

  [[nodiscard]] const Held* find(ContactId contact) const;
  [[nodiscard]] const std::map<ContactId, Held>& all() const { return held_; }
  // Items in the order they are shown, each id once: a step that was repeated elsewhere shows nothing twice.
  [[nodiscard]] std::vector<const Item*> transcript(ContactId contact) const;
  [[nodiscard]] const Transcript* items(ContactId contact) const;
  [[nodiscard]] bool repeated(ContactId contact, const Uuid& item) const;  // stands there more than once

  // Live contacts by phase and owner; derived.
  [[nodiscard]] const std::set<ContactId>& owned_by(NodeId node) const;     // live ones
  [[nodiscard]] const std::set<ContactId>& of_agent(AgentId agent) const;   // live, offered to or with the agent
  [[nodiscard]] const std::set<ContactId>& queued_in(QueueId queue) const;  // phase queued, whoever owns it
  [[nodiscard]] const std::set<ContactId>& queued_at(NodeId owner) const;   // the same, in whatever queue
  [[nodiscard]] const std::set<ContactId>& offered_to(NodeId node) const;   // open offers that name the node
  [[nodiscard]] const std::set<std::pair<Hlc, ContactId>>& deadlines(NodeId owner) const;
  // Contacts that an agent accepted, by when the latest did, in the queue in which they last were; those of at least
  // the last kAnswersKept.
  [[nodiscard]] const std::set<std::pair<Hlc, ContactId>>& answered_in(QueueId queue, Channel channel) const;
  // Of the person, live or not.
  [[nodiscard]] const std::set<ContactId>& of_person(const Uuid& person) const;
  [[nodiscard]] std::size_t size() const { return held_.size(); }

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "held", s.held_);
    f(2, "transcripts", s.transcripts_);
  }
  void loaded();

 private:
  void keep_items(ContactId contact, const std::vector<Item>& items, const Meta& meta);
  // What the indexes say of a contact: most changes leave all of it as it was.
  struct Where {
    bool live = false;
    NodeId owner;
    AgentId agent;
    bool queued = false;
    QueueId queue;
    NodeId destination;  // of an open offer
    AgentId wanted;      // by that offer
    Hlc due;
    Hlc answered;  // also of one that is over
    std::pair<QueueId, Channel> line;
    Uuid person;
    friend bool operator==(const Where&, const Where&) = default;
  };
  [[nodiscard]] static Where where(const Held& held);
  void unindex(ContactId id, const Where& where);
  void index(ContactId id, const Where& where);

  std::map<ContactId, Held> held_;  // ordered, so every node iterates alike
  std::map<ContactId, Transcript> transcripts_;
  // Derived.
  std::unordered_map<ContactId, Held*> found_;
  std::map<NodeId, std::set<ContactId>> owned_;
  std::map<AgentId, std::set<ContactId>> agent_;
  std::map<Uuid, std::set<ContactId>> person_;
  std::map<QueueId, std::set<ContactId>> queued_;
  std::map<NodeId, std::set<ContactId>> queued_at_;
  std::map<NodeId, std::set<ContactId>> offered_;
  std::map<NodeId, std::set<std::pair<Hlc, ContactId>>> deadlines_;
  std::map<std::pair<QueueId, Channel>, std::set<std::pair<Hlc, ContactId>>> answered_;
};

// R5: what a claim by anybody must use.
[[nodiscard]] inline Term next_term(const Held& held) {
  return Term{std::max(held.line.term, held.contact.given).value() + 1};
}

}  // namespace tandem::contact
