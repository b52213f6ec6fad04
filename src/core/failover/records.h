// Past facts about the health of members (R30, R31).
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/now.h"

namespace tandem::failover {

enum class MemberState : std::uint8_t { active, evacuated, recovering, ready, last_ = ready };

// What the origin has seen of a member. Evacuation needs two kinds that do not share a wire.
struct Vote {
  NodeId subject;
  bool down = false;
  bool peer_link = false;  // kinds of evidence
  bool api_probe = false;
  bool clients = false;
  bool self_report = false;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "subject", s.subject);
    f(2, "down", s.down);
    f(3, "peer_link", s.peer_link);
    f(4, "api_probe", s.api_probe);
    f(5, "clients", s.clients);
    f(6, "self_report", s.self_report);
  }
  [[nodiscard]] int kinds() const { return int{peer_link} + int{api_probe} + int{clients} + int{self_report}; }
};
// A vote as the one who declares found it standing.
struct Evidence {
  NodeId voter;
  bool peer_link = false;
  bool api_probe = false;
  bool clients = false;
  bool self_report = false;
  Hlc since;  // when it was cast
  friend bool operator==(const Evidence&, const Evidence&) = default;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "voter", s.voter);
    f(2, "peer_link", s.peer_link);
    f(3, "api_probe", s.api_probe);
    f(4, "clients", s.clients);
    f(5, "self_report", s.self_report);
    f(6, "since", s.since);
  }
};
// The fact; the quoted votes are its evidence. It only triggers: nothing unsafe follows from a wrong one.
struct Evacuated {
  NodeId subject;
  std::uint64_t epoch = 0;
  std::vector<NodeId> voters;
  std::vector<NodeId> survivors;  // adopt its session-less work
  std::vector<Evidence> evidence;
  Vector saw;  // what had been applied: whoever replays so far decides the same
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "subject", s.subject);
    f(2, "epoch", s.epoch);
    f(3, "voters", s.voters);
    f(4, "survivors", s.survivors);
    f(5, "evidence", s.evidence);
    f(6, "saw", s.saw);
  }
};
// The member's own way back: recovering, ready, active.
struct Returned {
  std::uint64_t epoch = 0;
  MemberState state = MemberState::active;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "epoch", s.epoch);
    f(2, "state", s.state);
  }
};

using Rec = std::variant<Vote, Evacuated, Returned>;

}  // namespace tandem::failover
