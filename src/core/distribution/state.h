// What each region and node was ordered to do, and the history of orders and changes.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <variant>

#include "core/distribution/records.h"

namespace tandem::distribution {

inline constexpr std::size_t kHistoryMax = 2'000;  // entries; the oldest go first

class State {
 public:
  struct Region {
    Ordered order;
    Hlc at;
    NodeId by;
    std::uint32_t step = 0;    // of a ramp
    std::uint32_t number = 0;  // of its steps so far
    Hlc stepped;               // 0: at its first
    template <class S, class F>
    static void fields(S& s, F&& f) {
      f(1, "order", s.order);
      f(2, "at", s.at);
      f(3, "by", s.by);
      f(4, "step", s.step);
      f(5, "number", s.number);
      f(6, "stepped", s.stepped);
    }
    [[nodiscard]] bool draining() const { return order.duty == Duty::draining; }
    [[nodiscard]] bool joining() const { return order.duty == Duty::joining; }
    [[nodiscard]] bool ramping() const { return order.duty == Duty::ramping && step < order.steps.size(); }
    // Parts of 1,000 of its share that it may take.
    [[nodiscard]] std::uint32_t part() const;
  };
  struct Entry {
    std::string region;  // or node: an order for it, or a step of its ramp; else a change of the group
    Ordered order;
    std::string step;  // in words; empty: the order itself
    Changed change;
    template <class S, class F>
    static void fields(S& s, F&& f) {
      f(1, "region", s.region);
      f(2, "order", s.order);
      f(3, "step", s.step);
      f(4, "change", s.change);
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

  void apply(const Ordered& record, const Meta& meta);
  void apply(const Stepped& record, const Meta& meta);
  void apply(const Changed& record, const Meta& meta);

  // A region, or the place of a node, of which nobody ever spoke serves.
  [[nodiscard]] const Region& region(const std::string& place) const;
  [[nodiscard]] const Region& node(NodeId node) const { return region(place_of(node)); }
  [[nodiscard]] const std::map<std::string, Region>& regions() const { return regions_; }
  [[nodiscard]] const History& history() const { return history_; }
  [[nodiscard]] std::uint64_t version() const { return version_; }  // grows with every record; for caches

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "regions", s.regions_);
    f(2, "history", s.history_);
    f(3, "steps", s.steps_);
  }

 private:
  // A step may come before the order it belongs to.
  struct Step {
    std::uint32_t step = 0;
    std::uint32_t number = 0;
    Hlc at;
    template <class S, class F>
    static void fields(S& s, F&& f) {
      f(1, "step", s.step);
      f(2, "number", s.number);
      f(3, "at", s.at);
    }
  };
  void take_step(Region& region);
  void remember(const Meta& meta, Entry entry);
  std::map<std::string, Region> regions_;
  History history_;
  std::map<std::string, std::map<Hlc, Step>> steps_;  // by region and order: the highest, of orders that stand
  std::uint64_t version_ = 0;
};

}  // namespace tandem::distribution
