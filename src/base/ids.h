// The names of things. Terms are those of Amazon Connect where it has one.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <map>

#include "base/now.h"
#include "base/strong.h"
#include "base/uuid.h"

namespace tandem {

using NodeId = Strong<struct NodeIdTag, std::uint16_t>;            // given at admission, never reused; 0 is nobody
using Incarnation = Strong<struct IncarnationTag, std::uint64_t>;  // 48 bits of birth milliseconds, 16 drawn
using Sequence = Strong<struct SequenceTag, std::uint64_t>;        // gap-free from 1 within (origin, incarnation)
using Term = Strong<struct TermTag, std::uint64_t>;                // generation of an ownership; only grows; 0 is none
using ContactId = Strong<struct ContactIdTag, Uuid>;
using AgentId = Strong<struct AgentIdTag, Uuid>;  // a user of the instance, as an agent
using QueueId = Strong<struct QueueIdTag, Uuid>;
using FlowId = Strong<struct FlowIdTag, Uuid>;
using KeyId = Strong<struct KeyIdTag, Uuid>;  // of a customer's (or first contact's) sealing key

// One log: what a node wrote between two starts.
struct LogId {
  NodeId origin;
  Incarnation incarnation;
  friend constexpr auto operator<=>(const LogId&, const LogId&) = default;

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "origin", s.origin);
    f(2, "incarnation", s.incarnation);
  }
};

// How far somebody is in every log: the last sequence they have, per log.
using Vector = std::map<LogId, Sequence>;
[[nodiscard]] inline bool covers(const Vector& whole, const Vector& part) {
  return std::ranges::all_of(part, [&](const auto& entry) {
    const auto at = whole.find(entry.first);
    return at != whole.end() && at->second >= entry.second;
  });
}

// Who wrote a record, where it stands, when, and which command caused it (nil: none).
struct Meta {
  LogId log;
  Sequence sequence;
  Hlc at;
  Uuid cause;
  friend constexpr auto operator<=>(const Meta&, const Meta&) = default;
};

}  // namespace tandem
