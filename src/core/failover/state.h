// State of each member: the highest (epoch, then lower declaring node) stands.
#pragma once

#include <map>

#include "core/failover/records.h"

namespace tandem::failover {

class State {
 public:
  struct Health {
    std::uint64_t epoch = 0;
    NodeId declared_by;
    MemberState state = MemberState::active;
    std::vector<NodeId> survivors;
    Hlc since;
    template <class S, class F>
    static void fields(S& s, F&& f) {
      f(1, "epoch", s.epoch);
      f(2, "declared_by", s.declared_by);
      f(3, "state", s.state);
      f(4, "survivors", s.survivors);
      f(5, "since", s.since);
    }
  };
  void apply(const Vote& record, const Meta& meta) {
    Cast& cast = votes_[record.subject][meta.log.origin];
    if (std::pair{meta.log.incarnation, meta.sequence} > std::pair{cast.incarnation, cast.sequence}) {
      cast = Cast{record, meta.log.incarnation, meta.sequence};
    }
  }
  void apply(const Evacuated& record, const Meta& meta) {
    put(record.subject, Health{record.epoch, meta.log.origin, MemberState::evacuated, record.survivors, meta.at});
  }
  void apply(const Returned& record, const Meta& meta) {
    put(meta.log.origin, Health{record.epoch, meta.log.origin, record.state, {}, meta.at});
  }

  // A member nobody spoke of is active.
  [[nodiscard]] const Health& health(NodeId node) const {
    static const Health fine;
    const auto at = health_.find(node);
    return at == health_.end() ? fine : at->second;
  }
  [[nodiscard]] MemberState state(NodeId node) const { return health(node).state; }
  // Voters whose standing word on the subject is "down" with two kinds of evidence.
  [[nodiscard]] std::vector<NodeId> against(NodeId subject) const {
    std::vector<NodeId> out;
    const auto at = votes_.find(subject);
    if (at == votes_.end()) return out;
    for (const auto& [voter, cast] : at->second) {
      if (cast.vote.down && cast.vote.kinds() >= 2) out.push_back(voter);
    }
    return out;
  }
  [[nodiscard]] const Vote* vote(NodeId voter, NodeId subject) const {
    const auto at = votes_.find(subject);
    if (at == votes_.end()) return nullptr;
    const auto cast = at->second.find(voter);
    return cast == at->second.end() ? nullptr : &cast->second.vote;
  }

 private:
  struct Cast {
    Vote vote;
    Incarnation incarnation;
    Sequence sequence;
    template <class S, class F>
    static void fields(S& s, F&& f) {
      f(1, "vote", s.vote);
      f(2, "incarnation", s.incarnation);
      f(3, "sequence", s.sequence);
    }
  };
  void put(NodeId subject, Health next) {
    Health& health = health_[subject];
    const bool higher =
        next.epoch > health.epoch || (next.epoch == health.epoch && next.declared_by < health.declared_by);
    if (higher) health = std::move(next);
  }
  std::map<NodeId, std::map<NodeId, Cast>> votes_;
  std::map<NodeId, Health> health_;

 public:
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "votes", s.votes_);
    f(2, "health", s.health_);
  }
};

}  // namespace tandem::failover
