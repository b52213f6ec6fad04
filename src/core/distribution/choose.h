// Where a new contact goes, decided by the node at which it enters. What has been counted is this process's own: after
// a restart it counts anew.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/contact/view.h"
#include "core/distribution/balance.h"
#include "core/distribution/effective.h"

namespace tandem::distribution {

// A contact that is about to begin, as far as it matters here.
struct Entering {
  contact::Channel channel = contact::Channel::chat;
  FlowId flow;
  Uuid person;
  std::string caller;  // where the customer is: a number in E.164, or "latitude,longitude"; empty: not known
};
struct Given {
  NodeId node;
  contact::Placed placed;
  // Of the count it was part of.
  std::size_t region = 0;
  std::uint64_t since = 0;
  [[nodiscard]] bool counted() const { return !placed.options.empty(); }
};

[[nodiscard]] const char* rule_name(contact::PlacedBy rule);

// By which group a contact enters: the one that names its flow, or else its channel, or else the default. A phone
// number comes first where contacts have one.
[[nodiscard]] const Group& entered_by(const std::vector<Group>& groups, const Entering& entering);

class Chooser {
 public:
  // The node that is to own the contact. A start at a region's own address stays there while the region takes contacts,
  // unless a group names its entry. `before`: what was chosen earlier; it stands unless its node is one of `failed`,
  // which did not answer. When nobody else is left, those are asked again, and `failed` is emptied.
  [[nodiscard]] Given choose(const Sees& sees, const Entering& entering, const std::optional<Given>& before,
                             std::set<NodeId>& failed, const Now& now);
  // The contact did not come to be.
  void take_back(const Given& given);

  // What was given out so far, by region and rule.
  using Tally = std::map<std::pair<std::string, contact::PlacedBy>, std::uint64_t>;
  [[nodiscard]] const Tally& tally() const { return tally_; }

 private:
  [[nodiscard]] std::optional<Given> choose(const Sees& sees, const Entering& entering, const std::set<NodeId>& but,
                                            const Now& now);
  // Of a region's nodes the one that has its turn.
  [[nodiscard]] NodeId next_of(const Sees& sees, const std::string& region, const std::vector<NodeId>& nodes);
  const std::vector<Group>& groups(const Sees& sees);
  [[nodiscard]] std::vector<double> costs(const Sees& sees, const Group& group, const Entering& entering,
                                          const Effective& effective, const Now& now);
  std::map<Uuid, Balance> balances_;
  Tally tally_;
  std::map<std::string, Balance> turns_;  // of a region's nodes
  std::vector<Group> groups_;             // as of these versions
  std::uint64_t config_version_ = ~std::uint64_t{0};
  std::uint64_t members_number_ = 0;
  std::map<std::string, double> waits_;  // by region, of a moment ago
  Mono waits_until_;
};

// How long a contact that is owned by each region's nodes waits, about: contacts that wait there for each agent there
// who could take one; seconds of a usual conversation for each.
[[nodiscard]] std::map<std::string, double> waits_by_region(const Sees& sees);
// Milliseconds from the caller to the region: as the group says, else by the map. Nothing: not known.
[[nodiscard]] std::optional<double> latency(const Group& group, std::string_view caller, const std::string& region);

}  // namespace tandem::distribution
