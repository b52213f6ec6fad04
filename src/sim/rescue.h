// "rescue": a customer of a lost node is called once, in the order of the promise, and not when he is somewhere.
#pragma once

#include "sim/checkers.h"

namespace tandem::sim {

class RescueOnce {
 public:
  explicit RescueOnce(Verdict& verdict) : verdict_(verdict) {}
  // One step took it from the list; `key`: what it was promised, lower first.
  void listed(NodeId by, const failover::Rescued& entry, const routing::Key& key, std::uint64_t step_ms);
  // The call may be given to an agent from now on. `held`: nodes that hold the customer's session, did not say so to
  // the caller, and are not lost as far as the caller knows.
  void ran(NodeId by, ContactId call, ContactId conversation, const std::vector<NodeId>& held);
  // As one node knows it, the one was given to an agent while the other is with one.
  void given_twice(NodeId by, ContactId conversation);

 private:
  struct Last {
    routing::Key key;
    std::uint64_t step_ms = 0;
    std::uint32_t position = 0;
  };
  Verdict& verdict_;
  using Loss = std::tuple<ContactId, NodeId, std::uint64_t>;
  std::map<ContactId, Loss> losses_;  // by call
  std::map<Loss, ContactId> called_;
  std::map<std::tuple<NodeId, NodeId, std::uint64_t>, Last> last_;
};

}  // namespace tandem::sim
