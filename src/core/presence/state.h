// Where each agent is signed in, with which status and promises, and who asked for, acknowledged and released what.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>

#include "core/presence/records.h"

namespace tandem::presence {

struct Asking {
  Term term;
  Incarnation incarnation;  // the start of the asker in which it asked; an asking dies with its process
  Uuid desktop;
  bool proved = false;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "term", s.term);
    f(2, "incarnation", s.incarnation);
    f(3, "desktop", s.desktop);
    f(4, "proved", s.proved);
  }
};
struct Ack {
  Term term;  // highest acknowledged to this asker by this acker
  std::map<NodeId, Term> others;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "term", s.term);
    f(2, "others", s.others);
  }
};

struct Held {
  Line line;  // default: never signed in
  Presence presence;
  std::map<NodeId, Asking> asked;                    // by asker, its highest
  std::map<NodeId, std::map<NodeId, Ack>> acked;     // asker -> acker -> its highest
  std::map<NodeId, Term> released;                   // by releaser, its highest
  std::map<NodeId, std::map<NodeId, Term>> refused;  // refuser -> asker -> highest asking it refused
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "line", s.line);
    f(2, "presence", s.presence);
    f(3, "asked", s.asked);
    f(4, "acked", s.acked);
    f(5, "released", s.released);
    f(6, "refused", s.refused);
  }
};

class State {
 public:
  State() = default;
  State(const State&) = delete;  // `found_` points into `held_`
  State& operator=(const State&) = delete;
  State(State&&) = default;
  State& operator=(State&&) = default;
  ~State() = default;

  void apply(const Asked& record, const Meta& meta);
  void apply(const SignInAcked& record, const Meta& meta);
  void apply(const Released& record, const Meta& meta);
  void apply(const ReleaseRefused& record, const Meta& meta);
  void apply(const Claimed& record, const Meta& meta);
  void apply(const Updated& record, const Meta& meta);

  [[nodiscard]] const Held* find(AgentId agent) const;
  [[nodiscard]] const std::map<AgentId, Held>& all() const { return held_; }
  // Agents whose desktop is open and whose status is routable, with no contact missed and no other status chosen;
  // derived. Slots may be full.
  [[nodiscard]] const std::set<AgentId>& routable() const { return routable_; }
  [[nodiscard]] const std::set<std::pair<Hlc, AgentId>>& deadlines(NodeId owner) const;
  [[nodiscard]] const std::set<AgentId>& signed_in_at(NodeId node) const;
  // Grows with every change that routing could care about.
  [[nodiscard]] std::uint64_t version() const { return version_; }

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "held", s.held_);
  }
  void loaded();

 private:
  void unindex(const Held& held);
  void index(const Held& held);
  [[nodiscard]] Held& open(AgentId agent);
  std::map<AgentId, Held> held_;
  std::unordered_map<AgentId, Held*> found_;  // derived, as is what follows
  std::set<AgentId> routable_;
  std::map<NodeId, std::set<std::pair<Hlc, AgentId>>> deadlines_;
  std::map<NodeId, std::set<AgentId>> signed_in_;
  std::uint64_t version_ = 0;
};

// So long a client may take to follow a move; after that its desktop is closed.
inline constexpr std::chrono::milliseconds kMoveFollowed = 20s;
// Earliest end of a reservation or of after-contact work, or next step of a move; 0: none.
[[nodiscard]] Hlc deadline(const Presence& presence);
[[nodiscard]] inline bool routable(const Presence& p) {
  return !p.desktop.nil() && p.type == StatusType::routable && !p.missed && !p.has_next && p.move_to.empty();
}

}  // namespace tandem::presence
