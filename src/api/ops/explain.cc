// Why a contact went to this agent, or why it waits: the decision as it was recorded, and every agent as the decision
// saw them, each with the reason why not.
#include <algorithm>

#include "api/ops/views.h"
#include "core/routing/match.h"

namespace tandem::api::ops {
namespace {

constexpr std::size_t kShown = 20;

struct Found {
  bool known = false;
  json::object contact;
  std::optional<routing::Explained> decision;
  json::object told;  // the decision, for people
  Hlc now;
};

json::array vector_of(const Vector& vector) {
  json::array out;
  for (const auto& [log, sequence] : vector) {
    out.emplace_back(json::object{{"node", log.origin.value()},
                                  {"incarnation", std::to_string(log.incarnation.value())},
                                  {"sequence", sequence.value()}});
  }
  return out;
}

Found look(const World& world, ContactId id, Hlc now) {
  Found out;
  out.now = now;
  const contact::Held* held = world.contacts().find(id);
  if (held == nullptr) return out;
  out.known = true;
  const contact::Contact& c = held->contact;
  out.contact = {{"id", id.value().text()},
                 {"phase", phase_name(c.phase)},
                 {"owner", placed(world, held->line.node)},
                 {"queue", named(world, config::Kind::queue, c.place.queue.value())},
                 {"agent", named(world, config::Kind::user, c.agent.value())},
                 {"attached", c.attached}};
  const auto decision = world.routing().decisions().find(id);
  if (decision == world.routing().decisions().end()) return out;
  out.decision = decision->second;
  const routing::Matched& m = decision->second.matched;
  out.told = {{"rule", m.rule},
              {"winner", named(world, config::Kind::user, m.winner.value())},
              {"winner_at", placed(world, m.at)},
              {"decided_by", placed(world, decision->second.by)},
              {"at", iso_time(m.now)},
              {"could_take_it", m.candidates},
              {"saw", vector_of(m.saw)}};
  return out;
}

// The agents as `world` has them, best first; beyond the first twenty only counts.
json::object agents_of(const World& world, const Local& local, ContactId id, Hlc now) {
  const contact::Held* held = world.contacts().find(id);
  if (held == nullptr) return {{"candidates", json::array{}}, {"more", json::object{}}, {"agents", 0}};
  const auto all = routing::candidates(world.sees(local), held->contact, Now{{}, now});
  json::array shown;
  std::map<std::string, std::uint64_t> more;
  for (const routing::Candidate& c : all) {
    if (shown.size() == kShown) {
      ++more[c.why_not.empty() ? "could take it, but others come first" : c.why_not];
      continue;
    }
    json::object entry{{"agent", named(world, config::Kind::user, c.agent.value())},
                       {"at", placed(world, c.node)},
                       {"could_take_it", c.why_not.empty()}};
    if (c.why_not.empty()) {
      entry["available_ms"] = ms_since(now, c.available_since);
    } else {
      entry["why_not"] = c.why_not;
    }
    shown.emplace_back(std::move(entry));
  }
  json::object counts;
  for (const auto& [reason, count] : more) counts[reason] = count;
  return {{"candidates", std::move(shown)}, {"more", std::move(counts)}, {"agents", all.size()}};
}

void finish(const CallPtr& call, const Found& found, json::object agents, const std::string& basis) {
  json::object out{{"contact", found.contact},
                   {"decision", found.decision ? json::value(found.told) : json::value(nullptr)},
                   {"judged_on", basis}};
  for (auto& entry : agents) out[entry.key()] = std::move(entry.value());
  answer(*call, out);
}

void on_present_world(const CallPtr& call, Found found, std::string basis) {
  const ContactId id{*parse_uuid(call->id)};
  const auto now = found.now;
  ask(
      call->host, [id, now](const World& world, const Local& local) { return agents_of(world, local, id, now); },
      [call, found = std::move(found), basis = std::move(basis)](json::object agents) {
        finish(call, found, std::move(agents), basis);
      });
}

void on_replayed_world(const CallPtr& call, Found found) {
  Vector saw = found.decision->matched.saw;
  call->sources.replay(std::move(saw), [call, found = std::move(found)](Result<std::shared_ptr<const World>> replayed) {
    if (!replayed) {
      return on_present_world(
          call, found,
          "the world as it is now; the log cannot be replayed to what the decision saw: " + replayed.error().detail);
    }
    const World& world = **replayed;
    // Which nodes answered then is in no log: all members are taken to have done so.
    Local local;
    local.self = found.decision->log.origin;
    local.incarnation = found.decision->log.incarnation;
    for (const NodeId node : world.members().nodes()) {
      if (node != local.self) local.reachable.insert(node);
    }
    finish(call, found, agents_of(world, local, ContactId{*parse_uuid(call->id)}, found.decision->matched.now),
           "the log, replayed to what the decision saw; every node is taken to have answered then");
  });
}

}  // namespace

void explain(const CallPtr& call) {
  const auto id = parse_uuid(call->id);
  if (!id) return refuse(*call, {Errc::invalid, "'" + call->id + "' is not a contact id"});
  const Hlc now = Hlc::at(call->host.utc_ms());
  ask(
      call->host, [id = ContactId{*id}, now](const World& world, const Local&) { return look(world, id, now); },
      [call](Found found) {
        if (!found.known) return refuse(*call, {Errc::not_found, "no contact " + call->id + " is known here"});
        if (!found.decision) {
          return on_present_world(call, std::move(found),
                                  "the world as it is now: no decision about this contact is known here");
        }
        if (!call->sources.replay) {
          return on_present_world(call, std::move(found),
                                  "the world as it is now, not as the decision saw it: this node replays no log");
        }
        on_replayed_world(call, std::move(found));
      });
}

}  // namespace tandem::api::ops
