#include "core/routing/index.h"

#include <algorithm>
#include <array>
#include <map>
#include <queue>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/bug.h"
#include "base/overloaded.h"
#include "core/presence/view.h"
#include "core/routing/order.h"
#include "core/sees.h"

namespace tandem::routing {
namespace {

using contact::Channel;
using contact::Contact;
using contact::kChannels;
using contact::MoveState;
using contact::Phase;

constexpr std::size_t kTouchedMax = 100'000;  // beyond, reading everything again costs less than remembering
constexpr std::size_t kClassesMax = 20'000;   // of expressions ever seen since everything was read

using Line = std::set<Key>;

struct Idle {
  Hlc since;
  AgentId agent;
  friend constexpr auto operator<=>(const Idle&, const Idle&) = default;
};

// One process of one node.
struct Place {
  NodeId node;
  Incarnation incarnation;
  friend constexpr auto operator<=>(const Place&, const Place&) = default;
};
struct Site {
  bool mine = false;
  bool serving = false;
};

// What contacts may ask of agents.
struct Class {
  std::uint32_t id = 0;  // 0: nothing
  contact::Expression expression;
  bool names_agents = false;
  std::vector<AgentId> only;  // not empty: it is asked for these agents and nothing else
};
// Of the names and levels it compares, which tell most expressions apart.
struct HashOf {
  std::size_t operator()(const contact::Expression& expression) const {
    std::size_t out = expression.size();
    for (const contact::Requirement& r : expression) {
      out = out * 31 + std::hash<std::string_view>{}(r.value) + r.level_min;
      if (!r.agents.empty()) out = out * 31 + std::hash<AgentId>{}(r.agents.front());
    }
    return out;
  }
};
struct Skills {
  config::Proficiencies levels;
  std::vector<std::uint8_t> verdicts;  // by class; 0: not judged yet, 1: no, 2: yes
};

struct Lane;
struct Profile;
struct Team;

enum class PoolKind : std::uint8_t { open, named, agent_queue, returning };
struct PoolId {
  PoolKind kind = PoolKind::open;
  AgentId of;
  std::uint32_t wants = 0;
  Place owner;
  friend constexpr auto operator<=>(const PoolId&, const PoolId&) = default;
};
struct Pool {
  PoolId id;
  Lane* lane = nullptr;
  const Class* wants = nullptr;
  const Site* owner = nullptr;
  std::vector<Line> ripe;  // for each delay of the lane: contacts that have waited so long
  bool listed = false;     // in the lane's heads
  bool hot = false;        // nobody has looked for its first agent yet
  AgentId first;           // the agent found for it; he is hot
  [[nodiscard]] bool empty() const { return ripe.front().empty(); }
};
struct Entry {
  Lane* lane = nullptr;
  Profile* profile = nullptr;
  Channel channel = Channel::chat;
  std::uint32_t priority = 1;
  std::size_t near = 0;  // which delay counts for agents of the contact's node
  std::size_t far = 0;   // and for the others
};
struct Head {
  Key key;
  std::uint32_t class_id = 0;
  Pool* pool = nullptr;
};
struct Lane {
  QueueId queue;
  Channel channel = Channel::chat;
  AgentId agent;                     // of an agent queue
  std::chrono::milliseconds prefer;  // agents of the contact's own node so long
  std::vector<std::int64_t> delays{0};
  std::vector<const Entry*> served_by;
  std::map<PoolId, std::unique_ptr<Pool>> pools;
  // The open pools that are not empty, by their first contacts: who can serve it looks at few of them.
  std::vector<Head> heads;
  void list(Pool& pool);
  std::size_t delay(std::int64_t milliseconds) {
    const auto at = std::ranges::find(delays, milliseconds);
    if (at != delays.end()) return static_cast<std::size_t>(at - delays.begin());
    delays.push_back(milliseconds);
    return delays.size() - 1;
  }
};

// After the pool's first contact changed.
void Lane::list(Pool& pool) {
  if (pool.id.kind != PoolKind::open) return;
  auto at = pool.listed ? std::ranges::find(heads, &pool, &Head::pool) : heads.end();
  pool.listed = !pool.empty();
  if (!pool.listed) {
    if (at != heads.end()) heads.erase(at);
    return;
  }
  const Head head{*pool.ripe.front().begin(), pool.wants->id, &pool};
  if (at != heads.end() && at->key == head.key) return;
  const auto to = std::ranges::lower_bound(heads, head.key, {}, &Head::key);
  if (at == heads.end()) {
    heads.insert(to, head);
  } else if (to > at) {
    *std::move(at + 1, to, at) = head;
  } else {
    std::move_backward(to, at, at + 1);
    *to = head;
  }
}

struct Front {
  Idle idle;
  Team* team = nullptr;
  friend bool operator<(const Front& a, const Front& b) { return a.idle < b.idle; }
};
struct Profile {
  presence::Capacity capacity;
  std::vector<Entry> entries;  // by priority
  std::array<std::set<Front>, kChannels> fronts;
  [[nodiscard]] const Entry* serves(const Lane* lane) const {
    const auto at = std::ranges::find(entries, lane, &Entry::lane);
    return at == entries.end() ? nullptr : &*at;
  }
};
struct Team {
  Profile* profile = nullptr;
  Skills* skills = nullptr;
  Place place;
  const Site* site = nullptr;
  std::array<std::set<Idle>, kChannels> idle;  // routable, with room for the channel
  std::set<AgentId> staffed;                   // routable, with room or not
};
struct Agent {
  Profile* profile = nullptr;
  Skills* skills = nullptr;
  Team* team = nullptr;
  Idle idle;
  bool open = false;  // has a desktop
  bool routable = false;
  bool hot = false;
  std::array<bool, kChannels> room{};
  std::vector<Pool*> found_for;  // pools whose first agent this is
};
struct Waiting {
  Pool* pool = nullptr;  // null: set aside, or not to be offered now
  Key key;
  std::uint32_t step = 0;
  Channel channel = Channel::chat;
  AgentId offered_to;
  Hlc timer;
};

std::int64_t milliseconds(Hlc at) { return static_cast<std::int64_t>(at.milliseconds()); }

}  // namespace

struct Index::Parts {
  // What changed.
  std::vector<ContactId> touched_contacts;
  std::vector<AgentId> touched_agents;
  std::unordered_set<AgentId> touched_users;
  bool everything = true;

  Place self;
  std::map<Place, Site> sites;
  std::unordered_map<contact::Expression, Class, HashOf> classes;
  Class nothing;
  std::map<config::Proficiencies, Skills> skills;
  std::unordered_map<const config::RoutingProfile*, std::unique_ptr<Profile>> profiles;
  std::unordered_map<QueueId, std::array<std::unique_ptr<Lane>, kChannels>> queues;
  std::vector<Lane*> lanes;
  std::map<std::tuple<Profile*, Skills*, Place>, std::unique_ptr<Team>> teams;
  std::unordered_map<AgentId, Agent> agents;
  std::unordered_map<ContactId, Waiting> waiting;
  std::unordered_map<AgentId, std::unordered_set<Pool*>> for_agent;  // pools that name the agent
  std::unordered_map<AgentId, presence::PerChannel> promised;        // open offers to the agent
  // The earliest first; one that its contact does not name any more is passed over.
  using Timer = std::pair<Hlc, ContactId>;
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers;
  std::map<Idle, Agent*> hot_agents;
  std::vector<Pool*> hot_pools;
  Hlc kept_until;  // an agent is kept for another node's contact until then at the latest

  // -- what changed is read again

  void clear() {
    *this = Parts{};
    everything = false;
  }

  void refresh(const Sees& sees, const Now& now) {
    const Place here{sees.local.self, sees.local.incarnation};
    if (everything || here != self || classes.size() > kClassesMax) {
      clear();
      self = here;
      read_profiles(sees);
      for (const auto& [id, held] : sees.contacts.all()) place(sees, id, now);
      for (const auto& [id, held] : sees.agents.all()) read_agent(sees, id);
      touched_agents.clear();
      touched_users = {};
      return;
    }
    look_at_sites(sees);
    for (const AgentId user : touched_users) {
      touched_agents.push_back(user);
      for (std::size_t n = 0; n < kChannels; ++n) requeue(sees, user, static_cast<Channel>(n));
    }
    for (const ContactId id : touched_contacts) place(sees, id, now);
    touched_contacts.clear();
    for (pass_stale_timers(); !timers.empty() && timers.top().first <= now.hlc; pass_stale_timers()) {
      const ContactId id = timers.top().second;
      timers.pop();
      waiting.at(id).timer = {};
      place(sees, id, now);
    }
    for (std::size_t n = 0; n < touched_agents.size(); ++n) {
      if (n == 0 || touched_agents[n] != touched_agents[n - 1]) read_agent(sees, touched_agents[n]);
    }
    touched_agents.clear();
    if (!touched_users.empty()) touched_users = {};  // not cleared: that costs as much as there ever were
  }

  void read_profiles(const Sees& sees) {
    for (const config::Document* document : sees.config.all(config::Kind::routing_profile)) {
      const config::RoutingProfile* from = sees.config.routing_profile(document->id);
      auto& profile = profiles[from];
      profile = std::make_unique<Profile>();
      profile->capacity = presence::capacity(*from);
      for (const auto& [where, rank] : from->queues) {
        for (std::size_t n = 0; n < kChannels; ++n) {
          const auto channel = static_cast<Channel>(n);
          if (where.second != presence::channel_name(channel)) continue;
          Lane& lane = lane_of(sees, QueueId{where.first}, channel);
          const std::int64_t delay = std::chrono::milliseconds(rank.delay).count();
          profile->entries.push_back({&lane, profile.get(), channel, rank.priority, lane.delay(delay),
                                      lane.delay(std::max<std::int64_t>(delay, lane.prefer.count()))});
        }
      }
      std::ranges::sort(profile->entries, {}, &Entry::priority);
      for (const Entry& entry : profile->entries) entry.lane->served_by.push_back(&entry);
    }
  }

  Lane& lane_of(const Sees& sees, QueueId queue, Channel channel) {
    auto& lane = queues[queue][static_cast<std::size_t>(channel)];
    if (lane) return *lane;
    lane = std::make_unique<Lane>();
    lanes.push_back(lane.get());
    lane->queue = queue;
    lane->channel = channel;
    lane->prefer = sees.config.local_preference(queue);
    if (sees.config.is_agents_own(queue)) lane->agent = AgentId{queue.value()};
    return *lane;
  }

  // A user came or went: whether the lane under that id is an agent queue has to be asked again.
  void requeue(const Sees& sees, AgentId user, Channel channel) {
    const QueueId own{user.value()};
    const auto at = queues.find(own);
    if (at == queues.end() || !at->second[static_cast<std::size_t>(channel)]) return;
    Lane& lane = *at->second[static_cast<std::size_t>(channel)];
    const bool there = sees.config.is_agents_own(own);
    if (there == !lane.agent.value().nil()) return;
    lane.agent = there ? user : AgentId{};
    for (const auto& [id, pool] : lane.pools) {
      for (const Key& key : pool->ripe.front()) touched_contacts.push_back(key.id);
    }
  }

  const Site& site_of(const Sees& sees, Place place) {
    const auto [at, fresh] = sites.try_emplace(place);
    if (fresh) at->second = look(sees, place);
    return at->second;
  }
  [[nodiscard]] Site look(const Sees& sees, Place place) const {
    return {place == self, sees.serving({Term{}, place.node, place.incarnation})};
  }
  void look_at_sites(const Sees& sees) {
    for (auto& [place, site] : sites) {
      const Site now = look(sees, place);
      if (now.serving == site.serving) continue;
      site = now;
      for (Lane* lane : lanes) {
        if (lane->prefer.count() > 0) heat(*lane);
      }
      if (!now.serving) continue;
      for (Lane* lane : lanes) {
        for (const auto& [id, pool] : lane->pools) {
          if (pool->owner == &site) heat(*pool);
        }
      }
      for (const auto& [key, team] : teams) {
        if (team->site != &site) continue;
        for (const auto& idle : team->idle) {
          for (const Idle& each : idle) heat(agents.at(each.agent));
        }
      }
      // Contacts that wait for an agent who has no room, or is not routable.
      for (const auto& [id, pools] : for_agent) {
        for (Pool* pool : pools) heat(*pool);
      }
    }
  }

  const Class* class_of(const contact::Expression& expression) {
    if (expression.empty()) return &nothing;
    const auto [at, fresh] = classes.try_emplace(expression);
    Class& out = at->second;
    if (!fresh) return &out;
    out.id = static_cast<std::uint32_t>(classes.size());
    out.expression = expression;
    out.names_agents =
        std::ranges::any_of(expression, [](const auto& r) { return r.kind == contact::RequirementKind::agents; });
    if (out.names_agents && expression.size() == 1) out.only = expression.front().agents;
    return &out;
  }

  static bool can(Skills& skills, AgentId agent, const Class& wants) {
    if (wants.id == 0) return true;
    if (wants.names_agents) return contact::satisfies(wants.expression, agent, skills.levels);
    if (skills.verdicts.size() <= wants.id) skills.verdicts.resize(wants.id + 1);
    std::uint8_t& verdict = skills.verdicts[wants.id];
    if (verdict == 0) verdict = contact::satisfies(wants.expression, agent, skills.levels) ? 2 : 1;
    return verdict == 2;
  }

  static bool can(Skills& skills, AgentId agent, const Head& head) {
    if (head.class_id == 0) return true;
    const std::uint8_t verdict = head.class_id < skills.verdicts.size() ? skills.verdicts[head.class_id] : 0;
    return verdict == 0 ? can(skills, agent, *head.pool->wants) : verdict == 2;
  }

  // -- contacts

  void heat(Pool& pool) {
    if (pool.hot || (!pool.owner->mine && !pool.owner->serving)) return;
    pool.hot = true;
    forget_first(pool);
    hot_pools.push_back(&pool);
  }
  void heat(Lane& lane) {
    for (const auto& [id, pool] : lane.pools) heat(*pool);
  }
  void forget_first(Pool& pool) {
    if (pool.first.value().nil()) return;
    std::erase(agents.at(pool.first).found_for, &pool);
    pool.first = {};
  }

  void pass_stale_timers() {
    while (!timers.empty()) {
      const auto at = waiting.find(timers.top().second);
      if (at != waiting.end() && at->second.timer == timers.top().first) return;
      timers.pop();
    }
  }

  void take_out(Waiting& w) {
    w.timer = {};
    if (w.pool == nullptr) return;
    Pool& pool = *w.pool;
    w.pool = nullptr;
    for (Line& line : pool.ripe) line.erase(w.key);
    pool.lane->list(pool);
    if (!pool.empty() || pool.id.kind == PoolKind::open) return;
    // Those of one agent or of a few come and go.
    forget_first(pool);
    if (pool.hot) std::erase(hot_pools, &pool);
    const auto leave = [&](AgentId agent) {
      const auto at = for_agent.find(agent);
      if (at == for_agent.end()) return;
      at->second.erase(&pool);
      if (at->second.empty()) for_agent.erase(at);
    };
    leave(pool.id.of);
    for (const AgentId agent : pool.wants->only) leave(agent);
    pool.lane->pools.erase(PoolId{pool.id});
  }

  void promise(Waiting& w, AgentId to) {
    if (w.offered_to == to) return;
    const auto channel = static_cast<std::size_t>(w.channel);
    if (!w.offered_to.value().nil()) {
      const auto at = promised.find(w.offered_to);
      --at->second[channel];
      if (at->second == presence::PerChannel{}) promised.erase(at);
      touched_agents.push_back(w.offered_to);
    }
    w.offered_to = to;
    if (to.value().nil()) return;
    ++promised[to][channel];
    touched_agents.push_back(to);
  }

  // Work. What another node has begun to start is that node's: no agent is kept for it.
  [[nodiscard]] bool may_be_started(const Sees& sees, const contact::Held& held) const {
    const Contact& c = held.contact;
    if (c.kind != contact::Kind::work) return false;
    return Place{held.line.node, held.line.incarnation} == self || sees.routing.starts(c.id, c.attempt).empty();
  }

  void place(const Sees& sees, ContactId id, const Now& now) {
    const contact::Held* held = sees.contacts.find(id);
    const auto known = waiting.find(id);
    const bool live = held != nullptr && held->contact.live();
    const AgentId offered_to =
        live && held->contact.move.state == MoveState::offered ? held->contact.move.agent : AgentId{};
    const bool waits = live && held->contact.phase == Phase::queued && !held->contact.move.open() &&
                       (held->contact.attached || may_be_started(sees, *held));
    if (known == waiting.end() && !waits && offered_to.value().nil()) return;
    Waiting& w = known == waiting.end() ? waiting[id] : known->second;
    take_out(w);
    if (live) w.channel = held->contact.channel;
    promise(w, offered_to);
    if (waits) {
      put_in(sees, id, w, *held, now);
    } else if (offered_to.value().nil()) {
      waiting.erase(id);
    }
  }

  void put_in(const Sees& sees, ContactId id, Waiting& w, const contact::Held& held, const Now& now) {
    const contact::Place& at = held.contact.place;
    Lane& lane = lane_of(sees, at.queue, w.channel);
    w.key = key_of(held.contact);
    w.step = 0;
    Hlc next;
    const auto sooner = [&](Hlc when) {
      if (when.packed != 0 && (next.packed == 0 || when < next)) next = when;
    };
    PoolId where;
    where.owner = {held.line.node, held.line.incarnation};
    const Class* wants = &nothing;
    if (!at.preferred.value().nil()) {
      where.kind = PoolKind::returning;
      where.of = at.preferred;
    } else if (!lane.agent.value().nil()) {
      where.kind = PoolKind::agent_queue;
      where.of = lane.agent;
    } else if (const auto standing = at.criteria.at(now.hlc); standing.step != nullptr) {
      wants = class_of(standing.step->expression);
      where.kind = wants->only.empty() ? PoolKind::open : PoolKind::named;
      w.step = static_cast<std::uint32_t>(standing.index + 1);
      sooner(standing.until);
    }
    where.wants = wants->id;
    auto& pool = lane.pools[where];
    if (!pool) {
      pool = std::make_unique<Pool>();
      pool->id = where;
      pool->lane = &lane;
      pool->wants = wants;
      pool->owner = &site_of(sees, where.owner);
      pool->ripe.resize(lane.delays.size());
      if (!where.of.value().nil()) for_agent[where.of].insert(pool.get());
      for (const AgentId agent : wants->only) for_agent[agent].insert(pool.get());
    }
    w.pool = pool.get();
    const std::int64_t waited = milliseconds(now.hlc) - milliseconds(at.enqueued);
    for (std::size_t n = 0; n < lane.delays.size(); ++n) {
      if (lane.delays[n] <= waited || n == 0) {
        pool->ripe[n].insert(pool->ripe[n].end(), w.key);  // most come last
      } else {
        sooner(Hlc::at(at.enqueued.milliseconds() + static_cast<std::uint64_t>(lane.delays[n])));
      }
    }
    lane.list(*pool);
    w.timer = next;
    if (next.packed != 0) timers.emplace(next, id);
    heat(*pool);
  }

  // -- agents

  void heat(Agent& agent) {
    if (agent.hot) return;
    agent.hot = true;
    hot_agents.emplace(agent.idle, &agent);
  }
  void cool(Agent& agent) {
    if (agent.hot) hot_agents.erase(agent.idle);
    agent.hot = false;
  }
  // Its pools have to look for another.
  void let_go(Agent& agent) {
    for (Pool* pool : std::exchange(agent.found_for, {})) {
      pool->first = {};
      heat(*pool);
    }
  }

  static void set_front(Team& team, std::size_t channel, const Idle& idle, bool in) {
    std::set<Idle>& line = team.idle[channel];
    std::set<Front>& fronts = team.profile->fronts[channel];
    if (!line.empty()) fronts.erase(Front{*line.begin(), &team});
    if (in) {
      line.insert(idle);
    } else {
      line.erase(idle);
    }
    if (!line.empty()) fronts.insert(Front{*line.begin(), &team});
  }

  void leave_team(Agent& agent) {
    if (agent.team == nullptr) return;
    for (std::size_t n = 0; n < kChannels; ++n) {
      if (agent.routable && agent.room[n]) set_front(*agent.team, n, agent.idle, false);
    }
  }

  void read_agent(const Sees& sees, AgentId id) {
    const presence::Held* held = sees.agents.find(id);
    const bool known = held != nullptr && held->presence.agent == id;
    auto at = agents.find(id);
    if (at == agents.end()) {
      if (!known) return;
      at = agents.try_emplace(id).first;
      touched_users.insert(id);
    }
    Agent& agent = at->second;
    cool(agent);
    leave_team(agent);
    Team* const was_in = agent.routable ? agent.team : nullptr;
    if (touched_users.contains(id)) {
      const config::RoutingProfile* profile = sees.config.routing_profile(id);
      const auto found = profiles.find(profile);
      agent.profile = profile == nullptr || found == profiles.end() ? nullptr : found->second.get();
      const config::Proficiencies& levels = sees.config.proficiencies(id);
      const auto [skill, fresh] = skills.try_emplace(levels);
      if (fresh) skill->second.levels = levels;
      agent.skills = &skill->second;
    }
    static const presence::Presence nobody;
    const presence::Presence& p = known ? held->presence : nobody;
    agent.open = known && !p.desktop.nil();
    agent.routable = known && presence::routable(p) && agent.profile != nullptr;
    // The planted fault takes agents who became available within one millisecond for equal.
    agent.idle = {bug::on(bug::Name::tie_break) ? Hlc::at(p.available_since.milliseconds()) : p.available_since, id};
    agent.team = agent.open ? team_of(sees, agent, held->line) : nullptr;
    const auto offers = promised.find(id);
    for (std::size_t n = 0; n < kChannels; ++n) {
      agent.room[n] = agent.team != nullptr && agent.profile != nullptr &&
                      presence::has_room(agent.profile->capacity, p, static_cast<Channel>(n),
                                         offers == promised.end() ? presence::PerChannel{} : offers->second);
      if (agent.routable && agent.room[n]) set_front(*agent.team, n, agent.idle, true);
    }
    Team* const is_in = agent.routable ? agent.team : nullptr;
    if (was_in != is_in) {
      for (Team* team : {was_in, is_in}) {
        if (team == nullptr) continue;
        if (team == is_in) team->staffed.insert(id);
        if (team == was_in) team->staffed.erase(id);
        for (const Entry& entry : team->profile->entries) {
          if (entry.lane->prefer.count() > 0) heat(*entry.lane);
        }
      }
    }
    let_go(agent);
    if (agent.open) heat(agent);
  }

  Team* team_of(const Sees& sees, const Agent& agent, const tandem::Line& line) {
    const Place place{line.node, line.incarnation};
    if (agent.team != nullptr && agent.team->profile == agent.profile && agent.team->skills == agent.skills &&
        agent.team->place == place) {
      return agent.team;
    }
    auto& team = teams[{agent.profile, agent.skills, place}];
    if (!team) {
      team = std::make_unique<Team>();
      team->profile = agent.profile;
      team->skills = agent.skills;
      team->place = place;
      team->site = &site_of(sees, place);
    }
    return team.get();
  }

  // -- the search

  // Does somebody at the contact's own node serve it, with room or not?
  bool staffed(const Pool& pool) {
    const auto served = [&](const Team& team) {
      if (team.place != pool.id.owner || !team.site->serving || team.profile == nullptr || team.staffed.empty())
        return false;
      if (team.profile->serves(pool.lane) == nullptr) return false;
      if (!pool.wants->names_agents) return can(*team.skills, {}, *pool.wants);
      return std::ranges::any_of(team.staffed, [&](AgentId agent) { return can(*team.skills, agent, *pool.wants); });
    };
    return std::ranges::any_of(teams, [&](const auto& each) { return served(*each.second); });
  }

  // The contacts of the pool that have waited long enough for the team.
  const Line& ripe(const Pool& pool, const Entry& entry, const Team& team) {
    const bool near = entry.near == entry.far || team.place.node == pool.id.owner.node || !staffed(pool);
    return pool.ripe[near ? entry.near : entry.far];
  }

  // Contacts of other nodes that agents are kept for, in one search.
  struct Kept {
    std::unordered_set<ContactId> contacts;
    std::set<AgentId> agents;
    std::unordered_map<const Line*, Line::const_iterator> from;  // all before are kept
    const Key* first(const Line& line) {
      if (contacts.empty()) return line.empty() ? nullptr : &*line.begin();
      auto& at = from.try_emplace(&line, line.begin()).first->second;
      while (at != line.end() && contacts.contains(at->id)) ++at;
      return at == line.end() ? nullptr : &*at;
    }
  };
  struct Best {
    std::uint32_t rank = 0;
    const Key* key = nullptr;
    Pool* pool = nullptr;
    void consider(std::uint32_t other_rank, const Key* other, Pool* in) {
      if (other == nullptr) return;
      if (pool != nullptr && std::pair{rank, *key} < std::pair{other_rank, *other}) return;
      *this = {other_rank, other, in};
    }
  };
  static constexpr std::uint32_t kRankReturning = 0;
  static constexpr std::uint32_t kRankAgentQueue = 1;
  static constexpr std::uint32_t kRankEntries = 1;  // and the entry's priority, from 1

  // The contact that waits for the agent it had: it may keep the slot that the desktop carried over.
  const Key* returning(const Sees& sees, const Agent& agent, const Pool& pool, Kept& kept) {
    const presence::Held* held = sees.agents.find(agent.idle.agent);
    const bool serves = pool.lane->agent == agent.idle.agent ||
                        (agent.profile != nullptr && agent.profile->serves(pool.lane) != nullptr);
    const bool room = serves && agent.room[static_cast<std::size_t>(pool.lane->channel)];
    for (const Key& key : pool.ripe.front()) {
      if (kept.contacts.contains(key.id)) continue;
      if (room || presence::keeps_seat(held->presence, sees.contacts.find(key.id)->contact)) return &key;
    }
    return nullptr;
  }

  Best best_for(const Sees& sees, const Agent& agent, bool keeps, Kept& kept) {
    Best best;
    if (!agent.open || agent.team == nullptr || !agent.team->site->serving) return best;
    Team& team = *agent.team;
    const auto counts = [&](const Pool& pool) { return pool.owner->mine || (keeps && pool.owner->serving); };
    if (const auto named = for_agent.find(agent.idle.agent); named != for_agent.end()) {
      for (Pool* pool : named->second) {
        if (!counts(*pool)) continue;
        if (pool->id.kind == PoolKind::returning) {
          best.consider(kRankReturning, returning(sees, agent, *pool, kept), pool);
          continue;
        }
        if (!agent.routable || !agent.room[static_cast<std::size_t>(pool->lane->channel)]) continue;
        if (pool->id.kind == PoolKind::agent_queue) {
          best.consider(kRankAgentQueue, kept.first(pool->ripe.front()), pool);
        } else if (const Entry* entry = team.profile->serves(pool->lane)) {
          best.consider(kRankEntries + entry->priority, kept.first(ripe(*pool, *entry, team)), pool);
        }
      }
    }
    if (!agent.routable) return best;
    for (const Entry& entry : team.profile->entries) {
      if (best.pool != nullptr && best.rank < kRankEntries + entry.priority) break;
      if (!agent.room[static_cast<std::size_t>(entry.channel)]) continue;
      const bool in_order = entry.near == 0 && entry.far == 0 && kept.contacts.empty();
      for (const Head& head : entry.lane->heads) {
        if (!can(*team.skills, agent.idle.agent, head) || !counts(*head.pool)) continue;
        if (in_order) {
          best.consider(kRankEntries + entry.priority, &head.key, head.pool);
          break;
        }
        best.consider(kRankEntries + entry.priority, kept.first(ripe(*head.pool, entry, team)), head.pool);
      }
    }
    return best;
  }

  static bool holds(const Pool& pool, const Line& line, const Key* key) {
    return key == nullptr || &line == &pool.ripe.front() || line.contains(*key);
  }

  // Calls `f` with agents who could take a contact of the pool (`key`, if given), and the contacts that are ripe for
  // them. Those of a team come in their order, until `f` says that it needs no later ones of that team; the teams of a
  // profile come in the order of their first agents, until `enough` says so of one. Only those available after `after`.
  template <class Enough, class F>
  void each_able(const Sees& sees, Pool& pool, const Key* key, Hlc after, Enough&& enough, F&& f) {
    const auto channel = static_cast<std::size_t>(pool.lane->channel);
    const auto one = [&](AgentId id) {
      const auto at = agents.find(id);
      if (at == agents.end() || at->second.idle.since <= after) return;
      const Agent& agent = at->second;
      if (!agent.open || agent.team == nullptr || !agent.team->site->serving) return;
      if (pool.id.kind == PoolKind::returning) {
        Kept none;
        if (returning(sees, agent, pool, none) != nullptr) static_cast<void>(f(agent.idle, pool.ripe.front()));
        return;
      }
      if (!agent.routable || !agent.room[channel]) return;
      if (pool.id.kind == PoolKind::agent_queue) {
        static_cast<void>(f(agent.idle, pool.ripe.front()));
      } else if (const Entry* entry = agent.profile->serves(pool.lane)) {
        const Line& line = ripe(pool, *entry, *agent.team);
        if (holds(pool, line, key)) static_cast<void>(f(agent.idle, line));
      }
    };
    if (!pool.id.of.value().nil()) return one(pool.id.of);
    if (!pool.wants->only.empty()) {
      for (const AgentId id : std::set(pool.wants->only.begin(), pool.wants->only.end())) one(id);
      return;
    }
    for (const Entry* entry : pool.lane->served_by) {
      for (const Front& front : entry->profile->fronts[channel]) {
        if (enough(front.idle)) break;
        Team& team = *front.team;
        const std::set<Idle>& line_up = team.idle[channel];
        if (!team.site->serving || line_up.rbegin()->since <= after) continue;
        if (!pool.wants->names_agents && !can(*team.skills, {}, *pool.wants)) continue;
        const Line& line = ripe(pool, *entry, team);
        if (line.empty() || !holds(pool, line, key)) continue;
        for (auto idle = after.packed == 0 ? line_up.begin() : line_up.lower_bound({Hlc{after.packed + 1}, {}});
             idle != line_up.end(); ++idle) {
          if (pool.wants->names_agents && !can(*team.skills, idle->agent, *pool.wants)) continue;
          if (!f(*idle, line)) break;
        }
      }
    }
  }

  // Finds the pool's longest available agent and makes him hot; but for those who are kept for others, if there is one.
  // For another node's contacts, only agents who may be kept count.
  void find_first(const Sees& sees, Pool& pool, Kept& kept, const Now& now) {
    pool.hot = false;
    forget_first(pool);
    if (pool.empty() || (!pool.owner->mine && !pool.owner->serving)) return;
    const Hlc after = pool.owner->mine ? Hlc{} : now.hlc + -kKeptForOthers;
    std::optional<Idle> first;
    std::optional<Idle> first_kept;
    const auto enough = [&](const Idle& idle) { return first && *first < idle; };
    each_able(sees, pool, nullptr, after, enough, [&](const Idle& idle, const Line& line) {
      if (line.empty()) return true;
      if (kept.agents.contains(idle.agent)) {
        if (!first_kept || idle < *first_kept) first_kept = idle;
        return true;
      }
      if (kept.first(line) == nullptr) return false;
      if (!enough(idle)) first = idle;
      return false;
    });
    const std::optional<Idle>& found = first ? first : first_kept;
    if (!found) return;
    Agent& agent = agents.at(found->agent);
    pool.first = found->agent;
    agent.found_for.push_back(&pool);
    heat(agent);
  }
  void find_firsts(const Sees& sees, Kept& kept, const Now& now) {
    while (!hot_pools.empty()) {
      Pool& pool = *hot_pools.back();
      hot_pools.pop_back();
      find_first(sees, pool, kept, now);
    }
  }

  std::uint32_t count(const Sees& sees, Pool& pool, const Key& key) {
    std::uint32_t out = 0;
    each_able(
        sees, pool, &key, {}, [&](const Idle&) { return out >= kCandidatesMax; },
        [&](const Idle&, const Line&) { return ++out < kCandidatesMax; });
    return std::min(out, kCandidatesMax);
  }

  std::optional<Choice> search(const Sees& sees, const Now& now) {
    Kept kept;
    kept_until = {};
    find_firsts(sees, kept, now);
    for (auto at = hot_agents.begin(); at != hot_agents.end();) {
      const Idle idle = at->first;
      Agent& agent = *at->second;
      const Hlc until = idle.since + kKeptForOthers;
      const bool keeps = now.hlc < until && !bug::on(bug::Name::serves_own_first);
      const Best best = best_for(sees, agent, keeps, kept);
      if (best.pool == nullptr) {
        cool(agent);
        let_go(agent);
      } else if (best.pool->owner->mine) {
        return choice(sees, agent, best);
      } else {
        kept.contacts.insert(best.key->id);
        kept.agents.insert(idle.agent);
        kept_until = kept_until.packed == 0 ? until : std::min(kept_until, until);
        let_go(agent);
        heat(*best.pool);  // should this agent go, the next one has to be found
      }
      find_firsts(sees, kept, now);
      at = hot_agents.upper_bound(idle);
    }
    return std::nullopt;
  }

  Choice choice(const Sees& sees, const Agent& agent, const Best& best) {
    Choice out;
    out.contact = best.key->id;
    out.agent = agent.idle.agent;
    out.at = agent.team->place.node;
    if (best.pool->wants->id != 0) out.step = waiting.at(out.contact).step;
    out.candidates = count(sees, *best.pool, *best.key);
    switch (best.pool->id.kind) {
      case PoolKind::returning:
        out.rule = Rule::preferred_agent;
        break;
      case PoolKind::agent_queue:
        out.rule = Rule::agent_queue;
        break;
      default:
        out.rule = out.step == 0 ? Rule::longest_available : Rule::proficiency;
    }
    return out;
  }
};

const char* name_of(Rule rule) {
  switch (rule) {
    case Rule::longest_available:
      return "longest-available";
    case Rule::preferred_agent:
      return "preferred-agent";
    case Rule::agent_queue:
      return "agent-queue";
    case Rule::proficiency:
      return "proficiency";
  }
  return "";
}

Index::Index() : parts_(std::make_unique<Parts>()) {}
Index::~Index() = default;
Index::Index(Index&& other) noexcept = default;
Index& Index::operator=(Index&& other) noexcept = default;

void Index::touch(const Body& body) {
  Parts& parts = *parts_;
  if (parts.everything) return;
  std::visit(Overloaded{
                 [&](const config::Rec& rec) {
                   const auto [kind, id] = std::visit([](const auto& r) { return std::pair{r.kind, r.id}; }, rec);
                   if (kind == config::Kind::user) parts.touched_users.insert(AgentId{id});
                   if (kind == config::Kind::routing_profile || kind == config::Kind::queue) touch_all();
                 },
                 [&](const contact::Rec& rec) {
                   const auto* updated = std::get_if<contact::Updated>(&rec);
                   if (updated != nullptr && contact::only_content(*updated)) return;
                   parts.touched_contacts.push_back(std::visit([](const auto& r) { return r.contact; }, rec));
                 },
                 [&](const presence::Rec& rec) {
                   parts.touched_agents.push_back(std::visit([](const auto& r) { return r.agent; }, rec));
                 },
                 [&](const Rec& rec) {
                   if (std::holds_alternative<Matched>(rec)) return;
                   parts.touched_contacts.push_back(std::visit([](const auto& r) { return r.contact; }, rec));
                 },
                 [](const auto&) {},
             },
             body);
  if (parts.touched_contacts.size() + parts.touched_agents.size() + parts.touched_users.size() > kTouchedMax)
    touch_all();
}
void Index::touch_all() {
  parts_->everything = true;
  parts_->touched_contacts.clear();
  parts_->touched_agents.clear();
  parts_->touched_users = {};
}

void Index::catch_up(const Sees& sees, const Now& now) { parts_->refresh(sees, now); }

std::optional<Choice> Index::next(const Sees& sees, const Now& now) {
  parts_->refresh(sees, now);
  return parts_->search(sees, now);
}

void Index::set_aside(ContactId contact) {
  const auto at = parts_->waiting.find(contact);
  if (at != parts_->waiting.end()) parts_->take_out(at->second);
}

Hlc Index::again() const {
  Hlc out = parts_->kept_until;
  parts_->pass_stale_timers();
  if (!parts_->timers.empty() && (out.packed == 0 || parts_->timers.top().first < out))
    out = parts_->timers.top().first;
  return out;
}

}  // namespace tandem::routing
