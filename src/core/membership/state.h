// The lists that were proposed, who accepted them, and the latest incarnation of each node.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "base/error.h"
#include "core/membership/records.h"

namespace tandem::membership {

struct List {
  std::uint64_t number = 0;
  std::vector<Member> members;  // by node
  Hlc at;
  NodeId by;
  std::set<NodeId> accepted;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "number", s.number);
    f(2, "members", s.members);
    f(3, "at", s.at);
    f(4, "by", s.by);
    f(5, "accepted", s.accepted);
  }
};

class State {
 public:
  // The list of the start-up settings; the same at every node.
  void form(std::vector<Member> first);
  void apply(const Proposed& record, const Meta& meta);
  void apply(const Accepted& record, const Meta& meta);
  void apply(const Born& record, const Meta& meta);

  [[nodiscard]] const List& current() const;  // highest in force
  [[nodiscard]] const List* pending() const;  // proposed, next number, not in force yet
  [[nodiscard]] const Member* find(NodeId node) const;
  [[nodiscard]] const Member* find(std::string_view name) const;
  // In some list, in force or not, now or once: ids are never given twice.
  [[nodiscard]] bool ever(NodeId node) const;
  // Those in force, and those that are to be: who may connect.
  [[nodiscard]] std::vector<Member> known() const;
  [[nodiscard]] std::vector<NodeId> nodes() const;    // all members
  [[nodiscard]] std::vector<NodeId> regions() const;  // members that own things
  [[nodiscard]] std::vector<NodeId> in_region(std::string_view region) const;
  // The start that a node is in, as far as this world knows; 0 when it never spoke.
  [[nodiscard]] Incarnation incarnation(NodeId node) const;
  [[nodiscard]] bool amnesiac(LogId log) const;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "lists", s.lists_);
    f(2, "born", s.born_);
    f(3, "amnesiacs", s.amnesiacs_);
  }

 private:
  std::map<std::uint64_t, List> lists_;
  std::map<NodeId, Incarnation> born_;
  std::map<NodeId, std::set<Incarnation>> amnesiacs_;
};

// One member more, or one fewer. Errors: move_in_flight (a list is pending), invalid.
[[nodiscard]] Result<Proposed> decide(const State& state, const Proposed& command);

}  // namespace tandem::membership
