// Who the nodes are: a numbered list, changed by one member at a time, in force when a majority of the list before it
// has it on disk. The first list is part of every node's start-up settings and has number 1.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"

namespace tandem::membership {

struct Member {
  NodeId node;
  std::string region;        // AWS region name; for a hub its site
  bool hub = false;          // witnesses and relays, owns nothing
  std::string peer_address;  // host:port of the peer stream
  std::string public_url;    // where clients reach its endpoints
  std::string name;          // of the node; empty: its region, or "hub"
  friend bool operator==(const Member&, const Member&) = default;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "node", s.node);
    f(2, "region", s.region);
    f(3, "hub", s.hub);
    f(4, "peer_address", s.peer_address);
    f(5, "public_url", s.public_url);
    f(6, "name", s.name);
  }
};

[[nodiscard]] inline std::string name_of(const Member& member) {
  if (!member.name.empty()) return member.name;
  return member.hub ? "hub" : member.region;
}

// The name of the node, or of its region.
[[nodiscard]] inline bool called(const Member& member, const std::string& place) {
  return member.region == place || name_of(member) == place;
}

struct Proposed {
  std::uint64_t number = 0;
  std::vector<Member> members;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "number", s.number);
    f(2, "members", s.members);
  }
};
// The origin has the proposed list on disk.
struct Accepted {
  std::uint64_t number = 0;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "number", s.number);
  }
};
// First record of every incarnation. `amnesiac`: the disk was empty, so that acknowledgements may be forgotten; no
// start and no sign-in is acknowledged before every other member was heard (R21).
struct Born {
  bool amnesiac = false;
  std::string build;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "amnesiac", s.amnesiac);
    f(2, "build", s.build);
  }
};

using Rec = std::variant<Proposed, Accepted, Born>;

}  // namespace tandem::membership
