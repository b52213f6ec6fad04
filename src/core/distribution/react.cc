#include "core/distribution/react.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bug.h"
#include "core/distribution/effective.h"
#include "core/presence/view.h"
#include "core/transfer/view.h"

namespace tandem::distribution {
namespace {

constexpr std::size_t kOffersAtOnce = 100;  // contacts that are on their way out at one time

std::uint64_t drawn(const Uuid& id, const char* what, std::uint64_t below) {
  const Uuid hash = derive_uuid(id, what);
  std::uint64_t out = 0;
  for (std::size_t n = 0; n < 8; ++n) out = out << 8 | static_cast<std::uint8_t>(hash.bytes[n]);
  return out % below;
}

// Where what leaves goes: to the other nodes of the region while it takes contacts, else by the shares of the others.
class Elsewhere {
 public:
  Elsewhere(const Sees& sees, Hlc at) : sees_(sees) {
    if (!sees.distribution.region(sees.local.region).draining()) {
      siblings_ = taking(sees, sees.local.region);
      std::erase(siblings_, sees.local.self);
    }
    if (!siblings_.empty()) return;
    const Effective now = effective(sees, default_group(sees.config, sees.members), at);
    for (const RegionShare& each : now.regions) {
      if (each.region == sees.local.region || now.frozen || each.weight == 0) continue;
      regions_.emplace_back(each.region, static_cast<std::uint64_t>(each.weight));
      all_ += regions_.back().second;
    }
  }
  [[nodiscard]] bool none() const { return regions_.empty() && siblings_.empty(); }
  // The name of a region, or of a node in this one.
  [[nodiscard]] std::string place(const Uuid& id) const {
    return siblings_.empty() ? region(id) : membership::name_of(*sees_.members.find(node(id)));
  }
  [[nodiscard]] NodeId node(const Uuid& id) const {
    const std::vector<NodeId> nodes = siblings_.empty() ? taking(sees_, region(id)) : siblings_;
    return nodes.empty() ? NodeId{} : nodes[drawn(id, "node", nodes.size())];
  }

 private:
  [[nodiscard]] const std::string& region(const Uuid& id) const {
    std::uint64_t at = drawn(id, "region", all_);
    for (const auto& [region, weight] : regions_) {
      if (at < weight) return region;
      at -= weight;
    }
    return regions_.back().first;
  }
  const Sees& sees_;
  std::vector<NodeId> siblings_;
  std::vector<std::pair<std::string, std::uint64_t>> regions_;
  std::uint64_t all_ = 0;
};

void give_away_agents(const Sees& sees, const Ordered& order, const Elsewhere& elsewhere, Decision& out) {
  const Hlc by = order.then == AtDeadline::move ? order.deadline : Hlc{};
  for (const AgentId agent : sees.agents.signed_in_at(sees.local.self)) {
    const presence::Held& held = *sees.agents.find(agent);
    if (!sees.mine(held.line) || !held.presence.move_to.empty() || elsewhere.none()) continue;
    presence::Presence next = held.presence;
    next.move_to = elsewhere.place(agent.value());
    next.move_by = by;
    next.move_told = {};
    next.drained = true;
    append(out, presence::update(held, next));
  }
}

void keep_agents(const Sees& sees, const Now& now, Decision& out) {
  for (const AgentId agent : sees.agents.signed_in_at(sees.local.self)) {
    const presence::Held& held = *sees.agents.find(agent);
    if (!sees.mine(held.line) || !held.presence.drained || held.presence.move_told.packed != 0) continue;
    presence::Presence next = held.presence;
    next.move_to.clear();
    next.move_by = {};
    next.drained = false;
    next.available_since = now.hlc;
    append(out, presence::update(held, next));
  }
}

void give_away_contacts(const Sees& sees, const Elsewhere& elsewhere, const Now& now, Rng& rng, Decision& out) {
  std::size_t under_way = 0;
  for (const ContactId id : sees.contacts.owned_by(sees.local.self)) {
    under_way += sees.contacts.find(id)->contact.move.open() ? 1 : 0;
  }
  for (const ContactId id : sees.contacts.owned_by(sees.local.self)) {
    if (under_way >= kOffersAtOnce) return;
    Decision offer = transfer::hand_over(sees, id, elsewhere.node(id.value()), now, rng);
    under_way += offer.empty() ? 0 : 1;
    append(out, std::move(offer));
  }
}

// The time is over, and whoever is still there was to be told so.
void end_contacts(const Sees& sees, const Now& now, Decision& out) {
  for (const ContactId id : sees.contacts.owned_by(sees.local.self)) {
    const contact::Held& held = *sees.contacts.find(id);
    const contact::Contact& c = held.contact;
    if (!sees.mine(held.line) || c.awaits_its_time() || c.move.state == contact::MoveState::offered) continue;
    contact::Contact next = c;
    contact::Item said;
    said.id = derive_uuid(id.value(), "drained");
    said.content_type = "text/plain";
    said.content =
        Text::plain("This conversation has to end now, for maintenance. Please come back: you will be served.");
    said.role = contact::Role::system;
    said.at = now.hlc;
    std::vector<contact::Item> items{std::move(said)};
    items.push_back(contact::finish(next, "DRAINED", now));
    append(out, contact::update(held, next, std::move(items)));
  }
}

void leave(const Sees& sees, const Ordered& order, const Now& now, Rng& rng, Decision& out) {
  const Elsewhere elsewhere(sees, now.hlc);
  const bool over = order.deadline.packed != 0 && order.deadline <= now.hlc;
  if (over && order.then == AtDeadline::end) return end_contacts(sees, now, out);
  if (elsewhere.none()) return;  // nobody could take them
  give_away_agents(sees, order, elsewhere, out);
  give_away_contacts(sees, elsewhere, now, rng, out);
}

// One node moves ramps on: of those that answer the first, so the hub where there is one.
bool leads(const Sees& sees) { return sees.local.reachable.empty() || sees.local.self < *sees.local.reachable.begin(); }

// The gate of a ramp: its nodes answer, and nothing that this node sees speaks against one of them, what they say of
// themselves included.
bool serves(const Sees& sees, const std::string& place) {
  if (bug::on(bug::Name::ramp_without_gate)) return true;
  const std::vector<NodeId> nodes = nodes_of(sees, place);
  if (std::ranges::none_of(nodes, [&](NodeId node) { return answering(sees, node); })) return false;
  return std::ranges::none_of(nodes,
                              [&](NodeId node) { return answering(sees, node) && sees.local.accused.contains(node); });
}

void step(const Sees& sees, const std::string& name, const State::Region& region, const Now& now, Decision& out) {
  Stepped next{name, region.at, region.step, region.number + 1, {}};
  if (!serves(sees, name)) {
    if (region.step == 0) return;
    next.step = 0;
    next.why = "its nodes do not answer, or something speaks against one: back to the first step";
  } else {
    const Hlc since = region.stepped.packed == 0 ? region.at : region.stepped;
    if (now.hlc - since < region.order.every) return;
    next.step = region.step + 1;
    next.why = "it served through the step before";
  }
  out.records.push_back(Rec{std::move(next)});
}

// A new node that has everything the others have begins with a small part.
void joined(const Sees& sees, const Ordered& order, Decision& out) {
  if (!sees.local.settled || !sees.local.may_ack || sees.members.find(sees.local.self) == nullptr) return;
  Ordered next = order;
  next.duty = order.steps.empty() ? Duty::serving : Duty::ramping;
  next.by = "tandem";
  next.why = "it has applied what the others have";
  out.records.push_back(Rec{std::move(next)});
}

bool busy(const State::Region& region) { return region.draining() || region.ramping() || region.joining(); }

}  // namespace

bool on_duty(const Sees& sees) {
  return std::ranges::any_of(sees.distribution.regions(), [](const auto& each) { return busy(each.second); });
}

Decision react(const Sees& sees, const Now& now, Rng& rng) {
  Decision out;
  for (const auto& [name, place] : sees.distribution.regions()) {
    if (place.ramping() && leads(sees)) step(sees, name, place, now, out);
  }
  if (sees.local.hub) return out;
  const State::Region& region = sees.distribution.region(sees.local.region);
  const State::Region& node = sees.distribution.node(sees.local.self);
  if (node.joining()) joined(sees, node.order, out);
  if (region.draining()) {
    leave(sees, region.order, now, rng, out);
  } else if (node.draining()) {
    leave(sees, node.order, now, rng, out);
  } else {
    keep_agents(sees, now, out);
  }
  return out;
}

Remains remains(const Sees& sees, const std::string& place) {
  Remains out;
  for (const NodeId node : nodes_of(sees, place)) {
    out.agents += sees.agents.signed_in_at(node).size();
    for (const ContactId id : sees.contacts.owned_by(node)) {
      switch (sees.contacts.find(id)->contact.phase) {
        case contact::Phase::in_flow:
          ++out.in_flow;
          break;
        case contact::Phase::queued:
          ++out.waiting;
          break;
        default:
          ++out.connected;
      }
    }
  }
  return out;
}

}  // namespace tandem::distribution
