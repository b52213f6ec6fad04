// What is observed of rescue calls, and the person who gives the word for them.
#include "sim/rescue.h"

#include <fmt/format.h>

#include "core/distribution/view.h"
#include "core/transfer/view.h"
#include "sim/people_state.h"
#include "sim/simulation.h"

namespace tandem::sim {

void RescueOnce::listed(NodeId by, const failover::Rescued& entry, const routing::Key& key, std::uint64_t step_ms) {
  const Loss loss{entry.contact, entry.lost, entry.epoch};
  if (!entry.call.value().nil()) losses_.try_emplace(entry.call, loss);
  Last& last = last_[{by, entry.lost, entry.epoch}];
  // What comes later from the lost node's log may well go before.
  if (last.step_ms == step_ms && (key < last.key || entry.position <= last.position)) {
    verdict_.broken("rescue",
                    fmt::format("node {} takes contact {} from the list after one that was promised later", by.value(),
                                entry.contact.value().text()),
                    entry.contact.value());
  }
  last = {key, step_ms, entry.position};
}

void RescueOnce::ran(NodeId by, ContactId call, ContactId conversation, const std::vector<NodeId>& held) {
  for (const NodeId node : held) {
    verdict_.broken("rescue",
                    fmt::format("node {} runs call {} while node {}, which was not asked, has the customer of {}",
                                by.value(), call.value().text(), node.value(), conversation.value().text()),
                    conversation.value());
  }
  const auto loss = losses_.find(call);
  if (loss == losses_.end()) return;
  const auto [at, fresh] = called_.try_emplace(loss->second, call);
  if (fresh || at->second == call) return;
  verdict_.broken("rescue",
                  fmt::format("the customer of {} is called twice about one loss", conversation.value().text()),
                  conversation.value());
}

void RescueOnce::given_twice(NodeId by, ContactId conversation) {
  verdict_.broken("rescue",
                  fmt::format("node {} knows contact {} with an agent, and its customer called by another", by.value(),
                              conversation.value().text()),
                  conversation.value());
}

void Simulation::observe_rescue(const Host& host, const Meta& meta, const Body& body) {
  const World& world = host.node->world();
  if (const auto* rec = std::get_if<failover::Rec>(&body)) {
    if (std::holds_alternative<failover::RescueOrdered>(*rec)) coverage_.count("rescue: ordered");
    const auto* entry = std::get_if<failover::Rescued>(rec);
    if (entry == nullptr) return;
    coverage_.count(entry->call.value().nil() ? "rescue: word left" : "rescue: call made");
    say({entry->contact.value()}, "node {} takes contact {} from the list of node {}, call {}", host.id.value(),
        entry->contact.value().text(), entry->lost.value(), entry->call.value().text());
    if (const contact::Held* held = world.contacts().find(entry->contact)) {
      rescue_once_.listed(host.id, *entry, routing::key_of(held->contact), meta.at.milliseconds());
    }
    return;
  }
  if (const auto* rec = std::get_if<routing::Rec>(&body)) {
    const auto* ran = std::get_if<routing::Ran>(rec);
    const contact::Held* call = ran == nullptr ? nullptr : world.contacts().find(ran->contact);
    if (call == nullptr || !call->contact.is_rescue_call()) return;
    const ContactId conversation = call->contact.rescue.of;
    coverage_.count("rescue: call ran");
    std::vector<NodeId> held;
    for (const auto& other : hosts_) {
      if (other->node == nullptr || other->index == host.index) continue;
      if (world.failover().state(other->id) == failover::MemberState::evacuated) continue;
      if (!other->node->local().attachments.contains(conversation)) continue;
      const auto& starts = other->node->world().routing().starts(ran->contact, ran->attempt);
      const auto start = starts.find(host.id);
      const bool asked = start != starts.end() && start->second.acked.contains(other->id);
      if (!asked) held.push_back(other->id);
    }
    rescue_once_.ran(host.id, ran->contact, conversation, held);
    return;
  }
  const auto* rec = std::get_if<contact::Rec>(&body);
  const contact::Held* changed = rec == nullptr ? nullptr : world.contacts().find(contact::contact_of(*rec));
  if (changed == nullptr) return;
  const contact::Contact& c = changed->contact;
  if (c.ended_by == transfer::kCameBack && c.is_rescue_call()) coverage_.count("rescue: came back");
  if (c.ended_by == transfer::kCalledBack) coverage_.count("rescue: called");
  const contact::Held* other = world.contacts().find(c.is_rescue_call() ? c.rescue.of : c.rescue.call);
  const auto served = [](const contact::Contact& each) { return each.phase == contact::Phase::with_agent; };
  if (other == nullptr || !served(c) || !served(other->contact)) return;
  // Both rang before either was heard of: the line that has lost is not this node's.
  if (changed->line.node == host.id && other->line.node == host.id) {
    rescue_once_.given_twice(host.id, c.is_rescue_call() ? c.rescue.of : c.id);
  }
}

// Somebody looks every few seconds, and gives the word for a node whose process is gone. Whoever is declared lost and
// only cut off is left alone: there customers may be served.
void People::rescue() {
  sim_.events().in(sim_.draw(1s, 3s), [this] {
    if (!coming_ || still_) return;
    for (std::size_t node = 0; node < sim_.nodes(); ++node) {
      if (sim_.is_hub(node) || sim_.answers(node)) continue;
      const NodeId lost{static_cast<std::uint16_t>(node + 1)};
      failover::Rescue order{distribution::place_of(lost), "ops", "its machine is off"};
      sim_.ask(any_region(), Command{sim_.new_id(), std::move(order), false, {}}, kLimit,
               [](std::optional<Result<Answer>>) {});
    }
    rescue();
  });
}

}  // namespace tandem::sim
