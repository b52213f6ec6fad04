// Past facts of routing: which agent a contact was given and why, and the starts of session-less work (R15 to R20).
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "base/ids.h"

namespace tandem::routing {

// A decision explains itself: replaying the logs to `saw` and asking again gives the same winner.
struct Matched {
  ContactId contact;
  AgentId winner;
  NodeId at;                     // where the winner is signed in
  std::string rule;              // "longest-available", "preferred-agent", "agent-queue", "proficiency"
  std::uint32_t candidates = 0;  // counted up to kCandidatesMax (index.h)
  Vector saw;
  Hlc now;
  std::uint32_t step = 0;  // of the routing criteria, from 1; 0: none counted
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "contact", s.contact);
    f(2, "winner", s.winner);
    f(3, "at", s.at);
    f(4, "rule", s.rule);
    f(5, "candidates", s.candidates);
    f(6, "saw", s.saw);
    f(7, "now", s.now);
    f(8, "step", s.step);
  }
};
// The origin means to run this attempt of the work, for the n-th time of asking.
struct Started {
  ContactId contact;
  std::uint32_t attempt = 0;
  std::uint64_t number = 0;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "contact", s.contact);
    f(2, "attempt", s.attempt);
    f(3, "number", s.number);
  }
};
struct StartAcked {
  ContactId contact;
  std::uint32_t attempt = 0;
  NodeId starter;
  std::uint64_t number = 0;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "contact", s.contact);
    f(2, "attempt", s.attempt);
    f(3, "starter", s.starter);
    f(4, "number", s.number);
  }
};
// The origin gives up its n-th start: acknowledgements for it never count again.
struct StartWithdrawn {
  ContactId contact;
  std::uint32_t attempt = 0;
  std::uint64_t number = 0;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "contact", s.contact);
    f(2, "attempt", s.attempt);
    f(3, "number", s.number);
  }
};
// The origin had its quorum: the work may be given to an agent, once.
struct Ran {
  ContactId contact;
  std::uint32_t attempt = 0;
  std::uint64_t number = 0;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "contact", s.contact);
    f(2, "attempt", s.attempt);
    f(3, "number", s.number);
  }
};

using Rec = std::variant<Matched, Started, StartAcked, StartWithdrawn, Ran>;

}  // namespace tandem::routing
