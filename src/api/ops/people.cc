// Agents and queues, of all regions.
#include <set>

#include "api/ops/views.h"

namespace tandem::api::ops {
namespace {

const char* type_name(presence::StatusType type) {
  switch (type) {
    case presence::StatusType::routable:
      return "ROUTABLE";
    case presence::StatusType::custom:
      return "CUSTOM";
    case presence::StatusType::offline:
      return "OFFLINE";
  }
  return "OFFLINE";
}

const char* slot_name(presence::SlotState state) {
  switch (state) {
    case presence::SlotState::reserved:
      return "ringing";
    case presence::SlotState::busy:
      return "busy";
    case presence::SlotState::after_contact_work:
      return "after-contact work";
  }
  return "unknown";
}

constexpr std::int64_t kMoveSecondsMax = 86'400;

struct Agents {
  bool all = false;
  std::string region;
  Hlc now;
  std::optional<AgentId> after;
  json::array found;
};

json::object agent_of(const World& world, const Local& local, const presence::Held& held, Hlc now) {
  const presence::Presence& p = held.presence;
  json::array slots;
  for (const auto& [contact, slot] : p.slots) {
    slots.emplace_back(json::object{{"contact", contact.value().text()},
                                    {"channel", presence::channel_name(slot.channel)},
                                    {"state", slot_name(slot.state)}});
  }
  json::object out{{"id", p.agent.value().text()},
                   {"username", name_of(world, config::Kind::user, p.agent.value())},
                   {"signed_in", !p.desktop.nil()},
                   {"at", placed(world, held.line.node)},
                   {"node_answers", held.line.node == local.self || local.reachable.contains(held.line.node)},
                   {"status", p.status.nil() ? json::value(nullptr)
                                             : json::value(name_of(world, config::Kind::agent_status, p.status))},
                   {"type", type_name(p.type)},
                   {"since", time_or_null(p.since)},
                   {"status_ms", ms_since(now, p.since)},
                   {"missed_contact", p.missed},
                   {"slots", std::move(slots)}};
  if (const config::Document* user = world.config().find(config::Kind::user, p.agent.value())) {
    if (const auto profile = parse_uuid(user->get("routing_profile"))) {
      out["routing_profile"] = name_of(world, config::Kind::routing_profile, *profile);
    }
  }
  if (!p.move_to.empty()) out["move_to"] = p.move_to;
  if (presence::routable(p)) out["available_ms"] = ms_since(now, p.available_since);
  return out;
}

bool agents_piece(const World& world, const Local& local, Agents& a) {
  std::size_t looked = 0;
  const auto& all = world.agents().all();
  for (auto at = a.after ? all.upper_bound(*a.after) : all.begin(); at != all.end(); ++at) {
    const presence::Held& held = at->second;
    a.after = at->first;
    const bool known = held.presence.agent == at->first;  // else it only asked for a desktop so far
    const bool here = a.region.empty() || region_of(world, held.line.node) == a.region;
    if (known && here && (a.all || !held.presence.desktop.nil()))
      a.found.emplace_back(agent_of(world, local, held, a.now));
    if (++looked == kPiece) return false;
  }
  return true;
}

struct Queues {
  Hlc now;
  struct One {
    std::string id;
    std::string name;
    bool enabled = true;
    std::size_t size = 0;
    Hlc oldest;
    std::optional<ContactId> oldest_contact;
    std::map<std::string, std::size_t> owners;  // region -> contacts waiting there
    std::size_t agents = 0;                     // routable, with the queue in their profile
  };
  std::vector<One> queues;
  std::vector<QueueId> ids;
  std::map<std::string, std::set<std::size_t>> of_profile;  // routing profile -> its queues
  bool listed = false;
  std::size_t at = 0;
  std::optional<ContactId> after;
  std::optional<AgentId> agent_after;
};

void list_documents(const World& world, Queues& q) {
  std::map<std::string, std::size_t> index;
  for (const config::Document* queue : world.config().all(config::Kind::queue)) {
    index[queue->id.text()] = q.queues.size();
    q.ids.push_back(QueueId{queue->id});
    Queues::One& one = q.queues.emplace_back();
    one.id = queue->id.text();
    one.name = world.config().served_name(*queue);
    one.enabled = queue->get("status") != "DISABLED";
  }
  for (const config::Document* profile : world.config().all(config::Kind::routing_profile)) {
    for (const auto& [name, rank] : profile->list("queue.")) {
      const auto at = index.find(name.substr(0, name.find('.')));
      if (at != index.end()) q.of_profile[profile->id.text()].insert(at->second);
    }
  }
  q.listed = true;
}

bool queues_piece(const World& world, const Local&, Queues& q) {
  if (!q.listed) {
    list_documents(world, q);
    return false;
  }
  std::size_t looked = 0;
  for (; q.at < q.queues.size(); ++q.at, q.after.reset()) {
    Queues::One& one = q.queues[q.at];
    const auto& waiting = world.contacts().queued_in(q.ids[q.at]);
    for (auto at = q.after ? waiting.upper_bound(*q.after) : waiting.begin(); at != waiting.end(); ++at) {
      const contact::Held& held = *world.contacts().find(*at);
      ++one.size;
      ++one.owners[region_of(world, held.line.node)];
      const Hlc since = held.contact.place.enqueued;
      if (!one.oldest_contact || since < one.oldest) {
        one.oldest = since;
        one.oldest_contact = *at;
      }
      q.after = *at;
      if (++looked == kPiece) return false;
    }
  }
  const auto& routable = world.agents().routable();
  for (auto at = q.agent_after ? routable.upper_bound(*q.agent_after) : routable.begin(); at != routable.end(); ++at) {
    const config::Document* user = world.config().find(config::Kind::user, at->value());
    const auto profile = user == nullptr ? q.of_profile.end() : q.of_profile.find(user->get("routing_profile"));
    if (profile != q.of_profile.end()) {
      for (const std::size_t each : profile->second) ++q.queues[each].agents;
    }
    q.agent_after = *at;
    if (++looked >= kPiece) return false;
  }
  return true;
}

json::object shape(const Queues& q) {
  json::array out;
  for (const Queues::One& one : q.queues) {
    json::object owners;
    for (const auto& [region, count] : one.owners) owners[region] = count;
    out.emplace_back(json::object{
        {"id", one.id},
        {"name", one.name},
        {"enabled", one.enabled},
        {"size", one.size},
        {"oldest_ms", one.oldest_contact ? json::value(ms_since(q.now, one.oldest)) : json::value(nullptr)},
        {"oldest_contact", one.oldest_contact ? json::value(one.oldest_contact->value().text()) : json::value(nullptr)},
        {"owners", std::move(owners)},
        {"agents_available", one.agents}});
  }
  return {{"as_of", iso_time(q.now)}, {"queues", std::move(out)}};
}

}  // namespace

void list_agents(const CallPtr& call) {
  auto agents = std::make_shared<Agents>();
  agents->all = call->flag("all");
  agents->region = call->asked("region");
  agents->now = Hlc::at(call->host.utc_ms());
  ask(
      call->host, [agents](const World& world, const Local&) { return unknown_region(world, agents->region); },
      [call, agents](const std::optional<Error>& wrong) {
        if (wrong) return refuse(*call, *wrong);
        in_pieces<Agents>(call->host, agents, agents_piece, [call](Agents& a) {
          answer(*call, {{"as_of", iso_time(a.now)}, {"agents", std::move(a.found)}});
        });
      });
}

// {"sign_out": true}, at once, whatever is open. Else
// {"move_to": region, "within_s": seconds}; an empty region takes an earlier order back, without seconds the agent's
// contacts may take as long as they do.
void move_agent(const CallPtr& call) {
  const auto body = parse_object(call->request.body);
  const json::value* region = body ? body->if_contains("move_to") : nullptr;
  const json::value* sign_out = body ? body->if_contains("sign_out") : nullptr;
  const bool away = sign_out != nullptr && *sign_out == true;
  if (away == (region != nullptr) || (region != nullptr && !region->is_string())) {
    return refuse(*call, {Errc::invalid, "'move_to' must name a region, or be empty; or 'sign_out' be true"});
  }
  presence::Move order;
  if (!away) order.region = region->get_string();
  if (const json::value* within = body->if_contains("within_s")) {
    if (!within->is_int64() || within->get_int64() < 0 || within->get_int64() > kMoveSecondsMax) {
      return refuse(*call, {Errc::invalid, "'within_s' must be a number of seconds, at most a day"});
    }
    order.by = Hlc::at(call->host.utc_ms() + static_cast<std::uint64_t>(within->get_int64()) * 1'000);
  }
  struct Found {
    std::optional<Error> wrong;
    AgentId agent;
  };
  ask(
      call->host,
      [call, region = order.region](const World& world, const Local&) {
        Found out{unknown_region(world, region), {}};
        const auto id = parse_uuid(call->id);
        const config::Document* user =
            id ? world.config().find(config::Kind::user, *id) : world.config().named(config::Kind::user, call->id);
        if (user == nullptr) {
          out.wrong = Error{Errc::not_found, "no user " + call->id};
        } else {
          out.agent = AgentId{user->id};
        }
        return out;
      },
      [call, order, away](const Found& found) mutable {
        if (found.wrong) return refuse(*call, *found.wrong);
        order.agent = found.agent;
        call->host.log("info", "operator " + call->operator_name +
                                   (away                   ? " signs agent " + call->id + " out"
                                    : order.region.empty() ? " lets agent " + call->id + " stay"
                                                           : " moves agent " + call->id + " to " + order.region));
        const Verb verb = away ? Verb{presence::SignOut{order.agent, true}} : Verb{order};
        call->host.command(Command{.id = call->host.mint(), .verb = verb, .keys = {}},
                           [call](const Result<Answer>& done) {
                             if (!done) return refuse(*call, done.error());
                             answer(*call, {{"agent", call->id}});
                           });
      });
}

void list_queues(const CallPtr& call) {
  auto queues = std::make_shared<Queues>();
  queues->now = Hlc::at(call->host.utc_ms());
  in_pieces<Queues>(call->host, queues, queues_piece, [call](Queues& q) { answer(*call, shape(q)); });
}

}  // namespace tandem::api::ops
