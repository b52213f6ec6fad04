// This node's opinion of every other member, from signals that do not share a wire. It votes; it decides nothing.
//
//   unknown ---- nothing bad for `hold_up` ------------------> up
//   unknown, up - two kinds bad for `hold_down`, not the last -> down
//   down ------- nothing bad for `hold_up` ------------------> up
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/ids.h"
#include "base/now.h"

namespace tandem::cluster {

enum class Signal : std::uint8_t {
  peer_link,    // its heartbeats on the direct link
  api_probe,    // a signed call to the address its clients use
  clients,      // what real clients of the gateways get from it
  self_report,  // what it says of itself
  last_ = self_report,
};

struct Vote {
  NodeId subject;
  bool down = false;
  std::set<Signal> kinds;  // what was bad; empty for up
  friend bool operator==(const Vote&, const Vote&) = default;
};

struct DetectorOptions {
  std::chrono::nanoseconds silence_min = 250ms;  // never suspected sooner, however regular its heartbeats
  std::chrono::nanoseconds silence_max = 3s;     // always suspected then, however irregular
  int deviations = 8;                            // between those: mean interval and this many deviations
  std::chrono::nanoseconds hold_down = 600ms;    // T_hold
  std::chrono::nanoseconds hold_up = 2s;
  std::chrono::nanoseconds first_heard_max = 5s;  // a member never heard since start counts as silent after this
  std::chrono::nanoseconds stale_after = 5s;    // a probe result, client report or self-report says nothing after this
  std::chrono::nanoseconds freeze_min = 200ms;  // a pause of our own loop this long is not held against others
  std::chrono::microseconds loop_delay_max = 500ms;
};

class Detector {
 public:
  Detector(NodeId self, Now start, DetectorOptions options = {});

  struct Member {
    NodeId node;
    bool region = true;  // can own contacts; a hub cannot
  };
  void set_members(const std::vector<Member>& members, Now now);

  void heartbeat(NodeId from, bool disk_failing, bool clock_doubted, std::chrono::microseconds loop_delay, Now now);
  void link_down(NodeId peer, Now now);
  void api_probe(NodeId subject, bool answered, Now now);
  // What the gateways' clients saw since the last report.
  void clients(NodeId subject, std::uint32_t served, std::uint32_t failed, Now now);
  // Returns the votes that changed; the node writes each as a record. Called at least every heartbeat interval.
  [[nodiscard]] std::vector<Vote> tick(Now now);

  // Silent for longer than it ever should be. No vote, no hold time: good for choosing where not to send new things.
  [[nodiscard]] bool suspect(NodeId node) const;
  // The vote that stands; nothing while there is none.
  [[nodiscard]] std::optional<Vote> vote(NodeId subject) const;
  // What is bad now, held long enough or not: for people.
  [[nodiscard]] std::set<Signal> bad(NodeId subject) const;
  [[nodiscard]] std::optional<Mono> last_heard(NodeId node) const;

 private:
  // One kind of evidence about one member.
  struct Evidence {
    bool bad = false;
    Mono since;                // bad since; meaningful while bad
    std::optional<Mono> told;  // last input of this kind
    int run = 0;               // equal results in a row, negative when failures
  };
  struct Subject {
    bool region = true;
    Mono known_since;
    std::optional<Mono> heard;
    double mean = 0;  // of the intervals between heartbeats, nanoseconds, exponentially weighted
    double variance = 0;
    bool linked = false;
    std::map<Signal, Evidence> evidence;
    std::optional<Mono> clear_since;  // nothing bad since
    std::optional<Vote> vote;
  };
  void mark(Subject& subject, Signal kind, bool bad, Now now);
  [[nodiscard]] std::chrono::nanoseconds threshold(const Subject& subject) const;
  [[nodiscard]] bool last_region(NodeId subject) const;

  NodeId self_;
  bool self_region_ = false;
  DetectorOptions options_;
  Mono ticked_;
  std::map<NodeId, Subject> subjects_;
};

}  // namespace tandem::cluster
