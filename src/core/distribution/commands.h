// Orders about which regions take new contacts. Any node judges them: they merge.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/distribution/records.h"
#include "core/membership/records.h"

namespace tandem::distribution {

// Drain, undrain, ramp.
struct Order {
  Ordered order;  // `over`: the rules that may object in vain
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "order", s.order);
  }
};

// A node becomes a member, and serves nothing until it has everything; then it ramps by these steps.
struct Join {
  membership::Member member;
  std::vector<std::uint32_t> steps;
  std::chrono::milliseconds every{};
  std::string by;
  std::string why;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "member", s.member);
    f(2, "steps", s.steps);
    f(3, "every", s.every);
    f(4, "by", s.by);
    f(5, "why", s.why);
  }
};

// A member goes for good. It has to be empty, or lost and its work with others.
struct Dismiss {
  NodeId node;
  std::string by;
  std::string why;
  std::vector<std::string> over;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "node", s.node);
    f(2, "by", s.by);
    f(3, "why", s.why);
    f(4, "over", s.over);
  }
};

// Makes or changes a group. A field set to the empty string goes.
struct SetGroup {
  Uuid group;
  std::map<std::string, std::string> set;
  std::string by;
  std::string why;
  std::vector<std::string> over;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "group", s.group);
    f(2, "set", s.set);
    f(3, "by", s.by);
    f(4, "why", s.why);
    f(5, "over", s.over);
  }
};

}  // namespace tandem::distribution
