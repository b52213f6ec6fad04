// Who was declared lost, on whose word and evidence, and whether a replay of the log decides the same.
#include "api/ops/views.h"
#include "core/failover/react.h"

namespace tandem::api::ops {
namespace {

std::string id_of(const failover::State::Moment& at) {
  return std::to_string(at.at.packed) + "-" + std::to_string(at.by.value());
}

json::array kinds_of(const failover::Evidence& evidence) {
  json::array out;
  if (evidence.peer_link) out.emplace_back("peer link silent");
  if (evidence.api_probe) out.emplace_back("API does not answer");
  if (evidence.clients) out.emplace_back("its clients fail");
  if (evidence.self_report) out.emplace_back("it says so itself");
  return out;
}

json::object entry_of(const World& world, const failover::State::Moment& at, const failover::State::Entry& entry) {
  json::object out{{"id", id_of(at)},
                   {"at", iso_time(at.at)},
                   {"node", entry.subject.value()},
                   {"name", node_name(world, entry.subject)},
                   {"what", entry.out ? "evacuated" : "active again"}};
  if (!entry.out) return out;
  out["declared_by"] = node_name(world, at.by);
  json::array votes;
  for (const failover::Evidence& each : entry.out->evidence) {
    votes.emplace_back(json::object{
        {"voter", node_name(world, each.voter)}, {"since", iso_time(each.since)}, {"evidence", kinds_of(each)}});
  }
  out["votes"] = std::move(votes);
  json::array survivors;
  for (const NodeId each : entry.out->survivors) survivors.emplace_back(node_name(world, each));
  out["survivors"] = std::move(survivors);
  return out;
}

struct Found {
  bool known = false;
  NodeId by;
  failover::Evacuated fact;
  json::object told;
};

bool decides_the_same(const World& world, const Found& found) {
  Local local;
  local.self = found.by;
  local.settled = true;
  const Decision again = failover::react(world.sees(local), found.fact.saw);
  for (const Body& body : again.records) {
    const auto* rec = std::get_if<failover::Rec>(&body);
    const auto* fact = rec == nullptr ? nullptr : std::get_if<failover::Evacuated>(rec);
    if (fact == nullptr || fact->subject != found.fact.subject) continue;
    return fact->epoch == found.fact.epoch && fact->voters == found.fact.voters &&
           fact->survivors == found.fact.survivors && fact->evidence == found.fact.evidence;
  }
  return false;
}

}  // namespace

void list_evacuations(const CallPtr& call) {
  ask(
      call->host,
      [](const World& world, const Local&) {
        json::array out;
        for (const auto& [at, entry] : world.failover().history()) out.emplace_back(entry_of(world, at, entry));
        return out;
      },
      [call](json::array history) { answer(*call, {{"history", std::move(history)}}); });
}

void explain_evacuation(const CallPtr& call) {
  ask(
      call->host,
      [id = call->id](const World& world, const Local&) {
        Found out;
        for (const auto& [at, entry] : world.failover().history()) {
          if (!entry.out || id_of(at) != id) continue;
          out = {true, at.by, *entry.out, entry_of(world, at, entry)};
        }
        return out;
      },
      [call](const Found& found) {
        if (!found.known) return refuse(*call, {Errc::not_found, "no evacuation has the id " + call->id});
        if (!call->sources.replay) return answer(*call, found.told);
        call->sources.replay(found.fact.saw, [call, found](Result<std::shared_ptr<const World>> replayed) {
          json::object out = found.told;
          if (replayed) {
            out["replay"] = decides_the_same(**replayed, found) ? "decides the same" : "DECIDES OTHERWISE";
          } else {
            out["replay"] = "not possible: " + replayed.error().detail;
          }
          answer(*call, out);
        });
      });
}

}  // namespace tandem::api::ops
