// Past facts about agents and their desktops (PROTOCOL R22 to R26).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>

#include "base/ids.h"
#include "base/line.h"
#include "base/patch.h"
#include "core/contact/contact.h"

namespace tandem::presence {

enum class SlotState : std::uint8_t { reserved, busy, after_contact_work, last_ = after_contact_work };
// One promise of an agent's attention. A contact has at most one slot with an agent.
struct Slot {
  contact::Channel channel = contact::Channel::chat;
  SlotState state = SlotState::reserved;
  std::uint32_t attempt = 0;
  Hlc until;  // reserved: the agent must accept before; after-contact work: it ends by itself; 0: no limit
  friend bool operator==(const Slot&, const Slot&) = default;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "channel", s.channel);
    f(2, "state", s.state);
    f(3, "attempt", s.attempt);
    f(4, "until", s.until);
  }
};

enum class StatusType : std::uint8_t { offline, routable, custom, last_ = custom };

struct Presence {
  static constexpr unsigned kDesktopField = 2;

  AgentId agent;
  Uuid desktop;  // of the client that opened it; nil: signed out
  Uuid status;   // agent status document; nil before the first choice
  StatusType type = StatusType::offline;
  Hlc since;            // of the status
  Hlc available_since;  // longest available agent is served first
  bool missed = false;  // a contact rang out: not routed to until the agent chooses a status again
  std::map<ContactId, Slot> slots;
  // Chosen while contacts were held: taken when the last slot is free, and no contact is routed to the agent until
  // then.
  bool has_next = false;
  Uuid next_status;
  StatusType next_type = StatusType::offline;
  // A supervisor wants the desktop in this region; empty: stay. No contact is routed to the agent meanwhile.
  std::string move_to;
  Hlc move_by;           // then also with contacts open; 0: only once they are done
  Hlc move_told;         // the desktop was told to sign in there; 0: not yet
  bool drained = false;  // the move is no person's order: the region gives its agents away
  friend bool operator==(const Presence&, const Presence&) = default;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "agent", s.agent);
    f(kDesktopField, "desktop", s.desktop);
    f(3, "status", s.status);
    f(4, "type", s.type);
    f(5, "since", s.since);
    f(6, "available_since", s.available_since);
    f(7, "missed", s.missed);
    f(8, "slots", s.slots);
    f(9, "has_next", s.has_next);
    f(10, "next_status", s.next_status);
    f(11, "next_type", s.next_type);
    f(12, "move_to", s.move_to);
    f(13, "move_by", s.move_by);
    f(14, "move_told", s.move_told);
    f(15, "drained", s.drained);
  }
};

// A node asks to open a desktop. `proved`: the same desktop's token shows that no other desktop is open or waiting.
struct Asked {
  AgentId agent;
  Term term;
  Uuid desktop;
  bool proved = false;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "agent", s.agent);
    f(2, "term", s.term);
    f(3, "desktop", s.desktop);
    f(4, "proved", s.proved);
  }
};
// The origin has the asking on disk. `others`: per other node, the highest term it acknowledged to that one before.
struct SignInAcked {
  AgentId agent;
  Term term;
  NodeId asker;
  std::map<NodeId, Term> others;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "agent", s.agent);
    f(2, "term", s.term);
    f(3, "asker", s.asker);
    f(4, "others", s.others);
  }
};
// The origin has closed its desktop and gives up every claim of its own up to `term`.
struct Released {
  AgentId agent;
  Term term;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "agent", s.agent);
    f(2, "term", s.term);
  }
};
// The origin keeps its desktop: the agent serves a contact there.
struct ReleaseRefused {
  AgentId agent;
  Term term;  // of the asking it answers
  NodeId asker;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "agent", s.agent);
    f(2, "term", s.term);
    f(3, "asker", s.asker);
  }
};
// The desktop is open at the origin: opens a line.
struct Claimed {
  AgentId agent;
  Term term;
  Presence whole;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "agent", s.agent);
    f(2, "term", s.term);
    f(3, "whole", s.whole);
  }
};
struct Updated {
  AgentId agent;
  Line line;
  Patch<Presence> change;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "agent", s.agent);
    f(2, "line", s.line);
    f(3, "change", s.change);
  }
};

using Rec = std::variant<Asked, SignInAcked, Released, ReleaseRefused, Claimed, Updated>;

}  // namespace tandem::presence
