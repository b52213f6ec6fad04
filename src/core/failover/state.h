// State of each member: the highest (epoch, then lower declaring node) stands.
#pragma once

#include <map>
#include <optional>

#include "core/failover/records.h"

namespace tandem::failover {

inline constexpr std::size_t kHistoryMax = 500;  // entries; the oldest go first

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
  // What was declared, and who came back.
  struct Entry {
    NodeId subject;
    std::optional<Evacuated> out;
    std::optional<Returned> back;
    template <class S, class F>
    static void fields(S& s, F&& f) {
      f(1, "subject", s.subject);
      f(2, "out", s.out);
      f(3, "back", s.back);
    }
  };
  struct Moment {
    Hlc at;
    NodeId by;
    friend auto operator<=>(const Moment&, const Moment&) = default;
    template <class S, class F>
    static void fields(S& s, F&& f) {
      f(1, "at", s.at);
      f(2, "by", s.by);
    }
  };
  using History = std::map<Moment, Entry>;

  void apply(const Vote& record, const Meta& meta) {
    Cast& cast = votes_[record.subject][meta.log.origin];
    if (std::pair{meta.log.incarnation, meta.sequence} > std::pair{cast.incarnation, cast.sequence}) {
      cast = Cast{record, meta.log.incarnation, meta.sequence, meta.at};
    }
  }
  void apply(const Evacuated& record, const Meta& meta) {
    remember(meta, Entry{record.subject, record, {}});
    put(record.subject, Health{record.epoch, meta.log.origin, MemberState::evacuated, record.survivors, meta.at});
  }
  void apply(const Returned& record, const Meta& meta) {
    if (record.state == MemberState::recovering) back_[meta.log.origin] = std::max(back_[meta.log.origin], meta.at);
    if (record.state == MemberState::active) remember(meta, Entry{meta.log.origin, std::nullopt, record});
    put(meta.log.origin, Health{record.epoch, meta.log.origin, record.state, {}, meta.at});
  }

  [[nodiscard]] const History& history() const { return history_; }
  [[nodiscard]] Evidence evidence(NodeId voter, NodeId subject) const {
    const Cast& cast = votes_.at(subject).at(voter);
    const Vote& v = cast.vote;
    return {voter, v.peer_link, v.api_probe, v.clients, v.self_report, cast.at};
  }

  // A member nobody spoke of is active.
  [[nodiscard]] const Health& health(NodeId node) const {
    static const Health fine;
    const auto at = health_.find(node);
    return at == health_.end() ? fine : at->second;
  }
  [[nodiscard]] MemberState state(NodeId node) const { return health(node).state; }
  // Voters whose standing word on the subject is "down" with two kinds of evidence, given since it last came back: an
  // earlier one is about the loss that is over, and its withdrawal may still be on its way.
  [[nodiscard]] std::vector<NodeId> against(NodeId subject) const {
    std::vector<NodeId> out;
    const auto at = votes_.find(subject);
    if (at == votes_.end()) return out;
    for (const auto& [voter, cast] : at->second) {
      if (cast.vote.down && cast.vote.kinds() >= 2 && !stale(cast, subject)) out.push_back(voter);
    }
    return out;
  }
  // A standing word against the subject that is older than its return: whoever still means it says so again.
  [[nodiscard]] bool to_renew(NodeId voter, NodeId subject) const {
    const auto at = votes_.find(subject);
    if (at == votes_.end()) return false;
    const auto cast = at->second.find(voter);
    return cast != at->second.end() && cast->second.vote.down && stale(cast->second, subject);
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
    Hlc at;
    template <class S, class F>
    static void fields(S& s, F&& f) {
      f(1, "vote", s.vote);
      f(2, "incarnation", s.incarnation);
      f(3, "sequence", s.sequence);
      f(4, "at", s.at);
    }
  };
  [[nodiscard]] bool stale(const Cast& cast, NodeId subject) const {
    const auto back = back_.find(subject);
    return back != back_.end() && cast.at < back->second;
  }
  void remember(const Meta& meta, Entry entry) {
    history_[Moment{meta.at, meta.log.origin}] = std::move(entry);
    while (history_.size() > kHistoryMax) history_.erase(history_.begin());
  }
  void put(NodeId subject, Health next) {
    Health& health = health_[subject];
    const bool higher =
        next.epoch > health.epoch || (next.epoch == health.epoch && next.declared_by < health.declared_by);
    if (higher) health = std::move(next);
  }
  std::map<NodeId, std::map<NodeId, Cast>> votes_;
  std::map<NodeId, Health> health_;
  History history_;
  std::map<NodeId, Hlc> back_;  // when each last came back, by its own word

 public:
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "votes", s.votes_);
    f(2, "health", s.health_);
    f(3, "history", s.history_);
    f(4, "back", s.back_);
  }
};

}  // namespace tandem::failover
