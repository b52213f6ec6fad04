// What the rules that look across modules may see: all states, by const reference, and the facts of this process.
// Routing and transfer read `failover` through it too, to leave alone what does not serve.
#pragma once

#include "core/access/state.h"
#include "core/config/state.h"
#include "core/contact/state.h"
#include "core/decision.h"
#include "core/distribution/state.h"
#include "core/failover/state.h"
#include "core/membership/state.h"
#include "core/presence/state.h"
#include "core/routing/state.h"
#include "core/transfer/state.h"

namespace tandem {

namespace routing {
class Index;
}

struct Sees {
  const Local& local;
  const config::State& config;
  const membership::State& members;
  const contact::State& contacts;
  const presence::State& agents;
  const routing::State& routing;
  const transfer::State& transfer;
  const failover::State& failover;
  const distribution::State& distribution;
  routing::Index& matching;  // follows the states; what it holds decides nothing that they do not

  [[nodiscard]] std::size_t quorum() const { return members.current().members.size() / 2 + 1; }
  // The line was opened by this very process.
  [[nodiscard]] bool mine(const Line& line) const {
    return line.node == local.self && line.incarnation == local.incarnation;
  }
  // Serves contacts as far as is known here: reached, not evacuated, and in the start that opened the line.
  [[nodiscard]] bool serving(const Line& line) const {
    if (mine(line)) return true;
    return members.incarnation(line.node) == line.incarnation && answers(line.node);
  }
  // Another node that is reached and not evacuated.
  [[nodiscard]] bool answers(NodeId node) const {
    return local.reachable.contains(node) && failover.state(node) != failover::MemberState::evacuated;
  }
};

}  // namespace tandem
