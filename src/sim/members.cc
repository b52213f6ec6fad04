// Members that come and go while a centre serves: what their operators do, and who lets whom connect.
#include <algorithm>

#include "sim/people.h"
#include "sim/simulation.h"

namespace tandem::sim {
namespace {

constexpr Time kAgain = 1s;  // an operator who was refused, or heard nothing

}  // namespace

bool Simulation::usable(std::size_t node) const {
  const Host& host = *hosts_[node];
  if (!host.expected || host.leaving) return false;
  if (!host.joins) return true;
  return host.node != nullptr && host.node->world().members().find(host.id) != nullptr &&
         !host.node->world().distribution().node(host.id).joining();
}

bool Simulation::member(std::size_t node) const {
  return std::ranges::any_of(hosts_, [&](const auto& other) {
    return other->index != node && other->node != nullptr &&
           other->node->world().members().find(hosts_[node]->id) != nullptr;
  });
}

void Simulation::plan_members(Time faults_end) {
  if (hosts_.back()->joins) events_.at(draw(30s, faults_end / 2), [this] { join(*hosts_.back()); });
  if (leaves_) events_.at(draw(faults_end / 3, faults_end * 2 / 3), [this] { leave(); });
}

// It runs before it is proposed, with the first list; until then nobody lets it in.
void Simulation::join(Host& host) {
  host.expected = true;
  host.clock.set_right(draw(-20ms, 20ms));
  boot(host);
  propose(host);
}

void Simulation::propose(Host& host) {
  if (member(host.index)) {
    coverage_.count("member: joined");
    say({}, "node {} is a member", host.id.value());
    return;
  }
  distribution::Join order;
  order.member = {host.id, host.region, false, "127.0.0.1:1", "http://127.0.0.1:1", "newcomer"};
  order.steps = {100, 500};
  order.every = 3s;
  order.by = "ops";
  ask(any_other(host), Command{new_id(), std::move(order), false, {}}, 4s,
      [this, &host](std::optional<Result<Answer>>) { events_.in(kAgain, [this, &host] { propose(host); }); });
}

void Simulation::leave() {
  std::vector<Host*> able;
  for (const auto& host : hosts_) {
    if (!host->hub && host->index != 0 && usable(host->index)) able.push_back(host.get());
  }
  if (able.size() < 2) return;  // two regions stay
  Host& host = *able[rng_.below(able.size())];
  host.leaving = true;
  distribution::Ordered order;
  order.region = distribution::place_of(host.id);
  order.duty = distribution::Duty::draining;
  order.over = {"n-minus-1-capacity", "one-in-maintenance"};
  say({}, "node {} is to leave", host.id.value());
  ask_until_yes(Command{new_id(), distribution::Order{std::move(order)}, false, {}});
  events_.in(kAgain, [this, &host] { dismiss(host); });
}

// As soon as it is empty: until then the rules object.
void Simulation::dismiss(Host& host) {
  if (!host.expected || people_still_) return;
  if (!member(host.index)) {
    // Its own process ends when it hears of it; if nobody tells it any more, somebody ends it.
    events_.in(draw(1s, 5s), [this, &host] { gone(host); });
    return;
  }
  distribution::Dismiss order;
  order.node = host.id;
  order.by = "ops";
  ask(any_other(host), Command{new_id(), std::move(order), false, {}}, 4s,
      [this, &host](std::optional<Result<Answer>>) { events_.in(kAgain, [this, &host] { dismiss(host); }); });
}

std::size_t Simulation::any_other(const Host& host) {
  for (;;) {
    const std::size_t node = rng_.below(hosts_.size());
    if (node != host.index && usable(node)) return node;
  }
}

void Simulation::gone(Host& host) {
  if (!host.expected) return;
  host.expected = false;
  coverage_.count("member: left");
  say({}, "node {} is gone for good", host.id.value());
  if (host.node != nullptr) kill(host, FaultKind::crash, 0s, false);
}

// Who may connect: those of whom its world knows, and until it is one of them itself those of its settings.
void Simulation::admit(Host& host, const std::vector<membership::Member>& members) {
  std::set<NodeId> admits;
  for (const membership::Member& each : members) admits.insert(each.node);
  const bool in = admits.contains(host.id);
  if (host.in && !in) {
    events_.in(1ms, [this, &host] { gone(host); });
    return;
  }
  host.in = in;
  if (!in) {
    for (const membership::Member& each : members_) admits.insert(each.node);
  }
  for (const auto& other : hosts_) {
    if (other->index == host.index || admits.contains(other->id) == host.admits.contains(other->id)) continue;
    if (admits.contains(other->id)) {
      dial(host.index, other->index);
    } else {
      drop(host.index, other->index, true, true);
    }
  }
  host.admits = std::move(admits);
}

}  // namespace tandem::sim
