// What matching keeps between two decisions: waiting contacts by queue, channel and what they ask for, in the order in
// which they are served; agents with room by what they can do, the longest available first. All of it is derived from
// the modules' states, follows them by being told what changed, and may be thrown away at any time.
//
// The rules are in docs/routing.md. They say: the agent who is available longest is given the contact that is
// first for him, then the next agent. A search for that pair looks only at what changed since it last found none: an
// agent or a line of contacts without a counterpart is not looked at again until it, or the other side, changes or
// time makes a contact ripe.
//
//   lane     one queue and channel: which profiles serve it, with which priority and delay
//   pool     contacts of a lane that ask for the same and have the same owner
//   team     agents with one profile and the same proficiencies, signed in at the same node
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/ids.h"
#include "core/body.h"

namespace tandem {
struct Sees;
}

namespace tandem::routing {

enum class Rule : std::uint8_t { longest_available, preferred_agent, agent_queue, proficiency };
[[nodiscard]] const char* name_of(Rule rule);  // as `Matched` says it

// Agents who could have taken the contact are counted up to here.
inline constexpr std::uint32_t kCandidatesMax = 20;
// So long after an agent became available, a contact of another node that is first for him keeps him: that node offers
// it. It covers a slow way there and back; after it, a node that does not act holds up nobody.
inline constexpr std::chrono::milliseconds kKeptForOthers = 1s;

struct Choice {
  ContactId contact;
  AgentId agent;
  NodeId at;
  Rule rule = Rule::longest_available;
  std::uint32_t step = 0;  // of the routing criteria, from 1; 0: none counted
  std::uint32_t candidates = 0;
};

class Index {
 public:
  Index();
  ~Index();
  Index(Index&& other) noexcept;
  Index& operator=(Index&& other) noexcept;

  // Told by whoever applies a record, before or after: what it is about is read again before the next search.
  void touch(const Body& body);
  void touch_all();

  // Reads again what it was told of. A search begins with it; to do it earlier only spreads the work.
  void catch_up(const Sees& sees, const Now& now);
  // The first pair whose contact this node owns; nothing: there is none now.
  [[nodiscard]] std::optional<Choice> next(const Sees& sees, const Now& now);
  // The contact cannot be given before something happens to it.
  void set_aside(ContactId contact);
  // When time alone may bring a pair; 0: never.
  [[nodiscard]] Hlc again() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace tandem::routing
