#include "node/routing_model_testing.h"

#include <cstdlib>

namespace tandem::routing_model {
namespace {

using contact::RequirementKind;

const char* const kChannelNames[] = {"CHAT", "TASK", "VOICE"};
const char* name_of(contact::Channel channel) { return kChannelNames[static_cast<int>(channel)]; }

struct Scan {
  const World& world;
  LogId self;
  const std::set<LogId>& live;
  std::int64_t now;  // UTC milliseconds
  Hlc now_hlc;

  static std::int64_t ms(Hlc at) { return static_cast<std::int64_t>(at.packed >> 16); }
  static LogId where(const tandem::Line& line) { return {line.node, line.incarnation}; }

  const config::Document* profile_of(AgentId agent) const {
    const auto* user = world.config().find(config::Kind::user, agent.value());
    if (user == nullptr) return nullptr;
    const auto id = parse_uuid(user->get("routing_profile"));
    return id ? world.config().find(config::Kind::routing_profile, *id) : nullptr;
  }

  // Priority and delay in milliseconds of the contact's queue in the agent's profile.
  std::optional<std::pair<long, std::int64_t>> entry(AgentId agent, const contact::Contact& c) const {
    const auto* profile = profile_of(agent);
    if (profile == nullptr) return std::nullopt;
    const std::string& rank = profile->get("queue." + c.place.queue.value().text() + "." + name_of(c.channel));
    if (rank.empty()) return std::nullopt;
    return std::pair{std::atol(rank.c_str()), 1000 * std::atoll(rank.substr(rank.find(',') + 1).c_str())};
  }

  bool holds(const contact::Expression& e, std::size_t& at, AgentId agent) const {
    const contact::Requirement& r = e[at++];
    if (r.kind == RequirementKind::agents) return std::count(r.agents.begin(), r.agents.end(), agent) > 0;
    if (r.kind == RequirementKind::proficiency) {
      const auto* user = world.config().find(config::Kind::user, agent.value());
      const std::string& level = user->get("proficiency." + r.attribute + "/" + r.value);
      const double tenths = level.empty() ? 0 : 10 * std::atof(level.c_str());
      return tenths > 0 && tenths >= r.level_min && (r.level_max == 0 || tenths <= r.level_max);
    }
    std::uint32_t true_ones = 0;
    for (std::uint32_t n = 0; n < r.parts; ++n) true_ones += holds(e, at, agent) ? 1U : 0U;
    if (r.kind == RequirementKind::all_of) return true_ones == r.parts;
    return r.kind == RequirementKind::any_of ? true_ones > 0 : true_ones == 0;
  }

  bool meets_criteria(AgentId agent, const contact::Contact& c) const {
    const contact::Criteria& criteria = c.place.criteria;
    std::uint64_t end = criteria.activated.packed;
    for (const contact::CriteriaStep& step : criteria.steps) {
      end += static_cast<std::uint64_t>(step.expiry.count()) << 16;
      if (step.expiry.count() != 0 && now_hlc.packed >= end) continue;
      std::size_t at = 0;
      return holds(step.expression, at, agent);
    }
    return true;
  }

  bool has_room(const presence::Held& desk, const contact::Contact& c) const {
    const auto* profile = profile_of(desk.presence.agent);
    if (profile == nullptr) return false;
    std::map<std::string, long> taken;
    for (const auto& [id, slot] : desk.presence.slots) ++taken[name_of(slot.channel)];
    for (const auto& [id, other] : world.contacts().all()) {
      const contact::Move& move = other.contact.move;
      const bool over =
          other.contact.phase == contact::Phase::ended || other.contact.phase == contact::Phase::abandoned;
      if (!over && move.state == contact::MoveState::offered && move.agent == desk.presence.agent) {
        ++taken[name_of(other.contact.channel)];
      }
    }
    const std::string wanted = name_of(c.channel);
    for (const auto& [channel, count] : taken) {
      if (channel != wanted && profile->get("cross_channel." + channel) != "ROUTE_ANY_CHANNEL") return false;
    }
    return taken[wanted] < std::atol(profile->get("concurrency." + wanted).c_str());
  }

  static bool routable(const presence::Presence& p) {
    return !p.desktop.nil() && p.type == presence::StatusType::routable && !p.missed && !p.has_next &&
           p.move_to.empty();
  }

  bool served_at_home(const contact::Held& held) const {
    for (const auto& [id, desk] : world.agents().all()) {
      if (where(desk.line) == where(held.line) && live.contains(where(desk.line)) && routable(desk.presence) &&
          entry(id, held.contact) && meets_criteria(id, held.contact)) {
        return true;
      }
    }
    return false;
  }

  // What the contact is to the agent: the smaller the better; nothing: he cannot take it.
  using Rank = std::tuple<long, std::int64_t, std::int64_t, ContactId>;
  std::optional<Rank> rank(const presence::Held& desk, const contact::Held& held) const {
    const presence::Presence& p = desk.presence;
    const contact::Contact& c = held.contact;
    if (c.phase != contact::Phase::queued || c.move.state == contact::MoveState::offered ||
        c.move.state == contact::MoveState::accepted || !c.attached) {
      return std::nullopt;
    }
    if (p.desktop.nil() || !live.contains(where(desk.line)) || !live.contains(where(held.line))) return std::nullopt;
    const auto as = [&](long first) {
      return Rank{first, c.place.priority, ms(c.place.enqueued) - c.place.age_adjustment.count(), c.id};
    };
    const bool queue = world.config().find(config::Kind::queue, c.place.queue.value()) != nullptr;
    const bool agents_own = !queue && world.config().find(config::Kind::user, c.place.queue.value()) != nullptr;
    const bool his_own = agents_own && c.place.queue.value() == p.agent.value();
    if (!c.place.preferred.value().nil()) {
      if (c.place.preferred != p.agent) return std::nullopt;
      if (p.slots.contains(c.id) || p.slots.contains(c.consult.contact)) return as(-1);
      return (his_own || entry(p.agent, c)) && has_room(desk, c) ? std::optional(as(-1)) : std::nullopt;
    }
    if (!routable(p) || !has_room(desk, c)) return std::nullopt;
    if (agents_own) return his_own ? std::optional(as(0)) : std::nullopt;
    const auto in_profile = entry(p.agent, c);
    if (!in_profile || !meets_criteria(p.agent, c)) return std::nullopt;
    const std::int64_t waited = now - ms(c.place.enqueued);
    if (waited < in_profile->second) return std::nullopt;
    if (desk.line.node != held.line.node) {
      const auto* document = world.config().find(config::Kind::queue, c.place.queue.value());
      const std::int64_t prefer = document == nullptr ? 0 : std::atoll(document->get("local_preference_ms").c_str());
      if (waited < prefer && served_at_home(held)) return std::nullopt;
    }
    return as(in_profile->first);
  }
};

}  // namespace

std::optional<Pair> decide(const World& world, LogId self, const std::set<LogId>& live, Hlc now, bool fault) {
  const Scan scan{world, self, live, Scan::ms(now), now};
  std::vector<const presence::Held*> order;
  for (const auto& [id, desk] : world.agents().all()) order.push_back(&desk);
  std::sort(order.begin(), order.end(), [&](const presence::Held* a, const presence::Held* b) {
    const auto since = [](const presence::Held* h) { return h->presence.available_since; };
    if (since(a) != since(b)) return since(a) < since(b);
    return fault ? b->presence.agent < a->presence.agent : a->presence.agent < b->presence.agent;
  });
  std::set<ContactId> kept;
  for (const presence::Held* desk : order) {
    const bool keeps = now.packed < desk->presence.available_since.packed + (std::uint64_t{1000} << 16);
    std::optional<Scan::Rank> best;
    for (const auto& [id, held] : world.contacts().all()) {
      const bool mine = Scan::where(held.line) == self;
      if (kept.contains(id) || (!mine && !keeps)) continue;
      const auto rank = scan.rank(*desk, held);
      if (rank && (!best || *rank < *best)) best = rank;
    }
    if (!best) continue;
    const ContactId contact = std::get<3>(*best);
    if (Scan::where(world.contacts().find(contact)->line) == self) return Pair{desk->presence.agent, contact};
    kept.insert(contact);  // another node offers it to this agent
  }
  return std::nullopt;
}

}  // namespace tandem::routing_model
