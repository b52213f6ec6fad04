// How a node is, and how it sees the others.
#include "api/ops/views.h"
#include "core/distribution/effective.h"

namespace tandem::api::ops {
namespace {

constexpr std::uint64_t kBehindMax = 10'000;  // records; beyond it a person should know

struct MemberView {
  membership::Member member;
  failover::MemberState state = failover::MemberState::active;
  Hlc since;
  bool self = false;
  bool reachable = false;
  bool heard_of = false;  // wrote at least one record, ever
  std::size_t contacts = 0;
  std::size_t agents = 0;
};

struct View {
  NodeId self;
  Incarnation incarnation;
  bool hub = false;
  bool settled = false;
  bool may_ack = true;
  std::uint64_t list = 0;
  bool list_pending = false;
  std::size_t contacts_known = 0;
  std::vector<std::string> frozen;  // distribution groups
  std::vector<MemberView> members;
};

View look(const World& world, const Local& local, Hlc now) {
  View out;
  for (const auto& group : distribution::groups(world.config(), world.members())) {
    if (distribution::effective(world.sees(local), group, now).frozen) out.frozen.push_back(group.name);
  }
  out.self = local.self;
  out.incarnation = local.incarnation;
  out.hub = local.hub;
  out.settled = local.settled;
  out.may_ack = local.may_ack;
  out.list = world.members().current().number;
  out.list_pending = world.members().pending() != nullptr;
  out.contacts_known = world.contacts().size();
  for (const membership::Member& member : world.members().current().members) {
    MemberView& view = out.members.emplace_back();
    view.member = member;
    view.state = world.failover().state(member.node);
    view.since = world.failover().health(member.node).since;
    view.self = member.node == local.self;
    view.reachable = view.self || local.reachable.contains(member.node);
    view.heard_of = world.members().incarnation(member.node) != Incarnation{};
    view.contacts = world.contacts().owned_by(member.node).size();
    view.agents = world.agents().signed_in_at(member.node).size();
  }
  return out;
}

std::string title(const membership::Member& member) {
  return (member.hub ? "the hub" : membership::name_of(member)) + " (node " + std::to_string(member.node.value()) + ")";
}

void problems_of_member(const MemberView& m, const OpsFacts* facts, std::vector<std::string>& out) {
  const std::string who = title(m.member);
  if (m.state == failover::MemberState::evacuated) {
    out.push_back(who + " is evacuated since " + iso_time(m.since) + ": the others have taken over its work");
  } else if (m.state != failover::MemberState::active) {
    out.push_back(who + " is on its way back (" + member_state_name(m.state) + "): it takes no new contacts yet");
  }
  if (m.self) return;
  if (!m.reachable) {
    out.push_back(who + " does not answer");
    return;
  }
  if (facts == nullptr) return;
  const auto peer = facts->peers.find(m.member.node);
  if (peer == facts->peers.end()) return;
  if (!peer->second.linked)
    out.push_back("the direct link to " + who + " is cut: its records come through another node");
  if (peer->second.behind > kBehindMax) {
    out.push_back(who + " is " + std::to_string(peer->second.behind) + " records behind this node");
  }
}

std::vector<std::string> problems_of(const View& view, const OpsFacts* facts) {
  std::vector<std::string> out;
  for (const MemberView& member : view.members) problems_of_member(member, facts, out);
  if (!view.settled) out.emplace_back("this node is still catching up with the others after its start");
  if (!view.may_ack) {
    out.emplace_back("this node lost its disk and vouches for nobody until it has heard every other member");
  }
  for (const std::string& group : view.frozen) {
    out.push_back("distribution group " + group +
                  ": no region with a share takes contacts; its shares are frozen, and " + "whoever answers is asked");
  }
  if (view.list_pending) out.emplace_back("a change of the membership waits for a majority of the members");
  if (facts == nullptr) return out;
  for (const auto& [node, ahead] : facts->paused) {
    out.push_back("records of node " + std::to_string(node.value()) + " are stamped " + std::to_string(ahead.count()) +
                  " ms ahead of this node's clock: they wait until it gets there; look at both clocks");
  }
  if (facts->log_full) out.emplace_back("the disk is full: new work is refused, what is running can be read");
  if (facts->log.records_damaged > facts->log.records_repaired) {
    out.push_back(std::to_string(facts->log.records_damaged - facts->log.records_repaired) +
                  " damaged records of the log are not repaired yet");
  }
  if (!facts->lease && facts->island_for) {
    out.push_back("this node has had no word from a majority for " + std::to_string(facts->island_for->count()) +
                  " ms: others may take over what it holds");
  }
  if (facts->counters.undecodable > 0) {
    out.push_back(std::to_string(facts->counters.undecodable) + " records cannot be understood by this build");
  }
  for (const std::string& each : facts->problems) out.push_back(each);
  return out;
}

json::object shape(const Host& host, const View& view, const OpsFacts* facts, std::uint64_t utc_ms) {
  const Host::Identity& identity = host.identity();
  json::array members;
  std::string role = view.hub ? "hub" : "region";
  std::string state = "active";
  for (const MemberView& m : view.members) {
    if (m.self) state = member_state_name(m.state);
    json::object entry{{"node", m.member.node.value()},
                       {"name", membership::name_of(m.member)},
                       {"region", m.member.region},
                       {"role", m.member.hub ? "hub" : "region"},
                       {"state", m.heard_of || m.self ? member_state_name(m.state) : "never heard of"},
                       {"reachable", m.reachable},
                       {"self", m.self},
                       {"url", m.member.public_url},
                       {"contacts", m.contacts},
                       {"agents", m.agents}};
    if (facts != nullptr && !m.self) {
      const auto peer = facts->peers.find(m.member.node);
      if (peer != facts->peers.end()) {
        entry["linked"] = peer->second.linked;
        entry["behind_records"] = peer->second.behind;
        entry["heard_ms_ago"] = peer->second.heard ? json::value(peer->second.heard->count()) : json::value(nullptr);
      }
    }
    members.emplace_back(std::move(entry));
  }
  json::array problems;
  for (const std::string& each : problems_of(view, facts)) problems.emplace_back(each);
  json::object out{{"as_of", iso_time(utc_ms)},
                   {"node", view.self.value()},
                   {"incarnation", std::to_string(view.incarnation.value())},
                   {"region", identity.region},
                   {"role", role},
                   {"state", state},
                   {"settled", view.settled},
                   {"instance", identity.instance.text()},
                   {"alias", identity.instance_alias},
                   {"build", identity.build},
                   {"membership", view.list},
                   {"contacts_known", view.contacts_known},
                   {"members", std::move(members)}};
  if (facts != nullptr) {
    out["up_ms"] = facts->up.count();
    out["lease"] = facts->lease;
    out["sessions"] = facts->sessions;
    out["faults"] = facts->faults.has_value();
    out["log"] = json::object{{"full", facts->log_full},
                              {"records_appended", facts->log.records_appended},
                              {"queued_batches", facts->log.queued_batches},
                              {"records_damaged", facts->log.records_damaged},
                              {"records_repaired", facts->log.records_repaired},
                              {"commit_p50_us", facts->log.commit_p50.count()},
                              {"commit_p99_us", facts->log.commit_p99.count()}};
    const NodeCounters& c = facts->counters;
    out["counters"] = json::object{{"commands", c.commands},       {"refused", c.refused},
                                   {"records_own", c.records_own}, {"records_foreign", c.records_foreign},
                                   {"fallbacks", c.fallbacks},     {"claims", c.claims},
                                   {"adoptions", c.adoptions},     {"late", c.late},
                                   {"clock_ahead", c.clock_ahead}, {"snapshots_loaded", c.snapshots_loaded}};
  }
  out["problems"] = std::move(problems);
  return out;
}

}  // namespace

void problems(Host& host, const OpsSources& sources, std::function<void(std::vector<std::string>, bool leads)> done) {
  struct Seen {
    View view;
    bool leads = false;
  };
  const auto look_now = [now = Hlc::at(host.utc_ms())](const World& world, const Local& local) {
    return Seen{look(world, local, now), local.reachable.empty() || local.self < *local.reachable.begin()};
  };
  ask(host, look_now, [&sources, done = std::move(done)](Seen seen) {
    if (!sources.facts) return done(problems_of(seen.view, nullptr), seen.leads);
    sources.facts(
        [done, seen = std::move(seen)](const OpsFacts& facts) { done(problems_of(seen.view, &facts), seen.leads); });
  });
}

void show_status(const CallPtr& call) {
  const Hlc now = Hlc::at(call->host.utc_ms());
  const auto look_now = [now](const World& world, const Local& local) { return look(world, local, now); };
  ask(call->host, look_now, [call](View view) {
    if (!call->sources.facts) return answer(*call, shape(call->host, view, nullptr, call->host.utc_ms()));
    call->sources.facts([call, view = std::move(view)](const OpsFacts& facts) {
      answer(*call, shape(call->host, view, &facts, call->host.utc_ms()));
    });
  });
}

}  // namespace tandem::api::ops
