#include "core/failover/heir.h"

#include <tuple>

namespace tandem::failover {

NodeId heir(const Sees& sees, ContactId contact, NodeId but) {
  if (!sees.local.hub && sees.local.self != but) return sees.local.self;
  const membership::Member* owner = sees.members.find(but);
  const auto rank = [&](NodeId node) {
    const bool serves = !sees.distribution.node(node).joining();
    const bool near = owner != nullptr && sees.members.find(node)->region == owner->region;
    return std::tuple{serves, near, derive_uuid(contact.value(), "arrive", node.value())};
  };
  NodeId best;
  for (const NodeId node : sees.members.regions()) {
    if (node == but || !sees.local.reachable.contains(node)) continue;
    if (best == NodeId{} || rank(node) > rank(best)) best = node;
  }
  return best;
}

}  // namespace tandem::failover
