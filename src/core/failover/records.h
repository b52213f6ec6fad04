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

// A person's word, or a setting's, that the customers of an evacuated member may be called back: nobody is served
// there.
struct RescueOrdered {
  NodeId subject;
  std::uint64_t epoch = 0;  // of the evacuation
  std::string by;
  std::string why;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "subject", s.subject);
    f(2, "epoch", s.epoch);
    f(3, "by", s.by);
    f(4, "why", s.why);
  }
};
// The origin took a contact of the lost member from the rescue list.
struct Rescued {
  ContactId contact;
  NodeId lost;
  std::uint64_t epoch = 0;
  ContactId call;              // nil: no number is known; a word was left in the chat
  std::uint32_t position = 0;  // on the list as the origin saw it, from 1
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "contact", s.contact);
    f(2, "lost", s.lost);
    f(3, "epoch", s.epoch);
    f(4, "call", s.call);
    f(5, "position", s.position);
  }
};

using Rec = std::variant<Vote, Evacuated, Returned, RescueOrdered, Rescued>;

}  // namespace tandem::failover
