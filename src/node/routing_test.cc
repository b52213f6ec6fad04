// Goal: the matcher, which looks only at what changed, decides as the rules do that look at everything.
// Method: random histories of documents, agents, contacts, offers, reachability and time, seen by node 1 of two. After
// every event both are asked until they have nothing more to give, and what they decide becomes part of the history. A
// fault in how either breaks a tie has to be found.
#include "core/routing/match.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/bug.h"
#include "core/contact/decide.h"
#include "core/routing/index.h"
#include "node/routing_model_testing.h"

namespace tandem {
namespace {

using contact::Phase;

constexpr LogId kHere{NodeId{1}, Incarnation{11}};
constexpr LogId kThere{NodeId{2}, Incarnation{22}};
constexpr std::uint64_t kAgents = 9;
constexpr std::uint64_t kQueues = 4;
constexpr std::uint64_t kProfiles = 3;
constexpr std::size_t kWaitingMax = 24;

class History {
 public:
  History(std::uint64_t seed, bool model_fault) : rng_{seed}, fault_(model_fault) {
    local_.self = kHere.origin;
    local_.incarnation = kHere.incarnation;
    local_.settled = true;
    for (const LogId log : {kHere, kThere}) write(membership::Rec{membership::Born{false, "test"}}, log);
    for (std::uint64_t n = 0; n < kQueues; ++n) queue(n);
    for (std::uint64_t n = 0; n < kProfiles; ++n) profile(n);
    for (std::uint64_t n = 0; n < kAgents; ++n) user(n);
    local_.reachable = {kThere.origin};
  }

  // False: the two differ; `why` says how.
  bool run(int events) {
    for (int n = 0; n < events; ++n) {
      event();
      for (int given = 0;; ++given) {
        if (given > 1000) return differs("it never rests");
        const auto want = routing_model::decide(world_, kHere, live(), now_.hlc, fault_);
        const Decision got = routing::match(world_.sees(local_), {}, now_, rng_);
        std::optional<routing_model::Pair> pair;
        const routing::Matched* matched = nullptr;
        for (const Body& body : got.records) {
          const auto* rec = std::get_if<routing::Rec>(&body);
          matched = rec == nullptr ? matched : std::get_if<routing::Matched>(rec);
          if (matched != nullptr) pair = routing_model::Pair{matched->winner, matched->contact};
        }
        if (pair != want) {
          return differs("event " + std::to_string(n) + ": model " + text(want) + ", product " + text(pair));
        }
        if (!pair) break;
        ++decisions;
        ++rules[matched->rule];
        if (!explained(*matched)) return differs("the winner is not the first candidate: " + text(pair));
        for (const Body& body : got.records) write(body, kHere);
      }
      if (!wakes(n)) return false;
    }
    return true;
  }

  std::string why;
  std::uint64_t decisions = 0;
  std::map<std::string, std::uint64_t> rules;

 private:
  bool differs(std::string text) {
    why = std::move(text);
    return false;
  }
  static std::string text(const std::optional<routing_model::Pair>& pair) {
    return pair ? pair->contact.value().text() + " to " + pair->agent.value().text() : "nothing";
  }

  // `explain` lists an agent who can take the contact, and it is this one; nobody who is available longer could, unless
  // something else is first for him.
  bool explained(const routing::Matched& matched) {
    const auto all = routing::candidates(world_.sees(local_), world_.contacts().find(matched.contact)->contact, now_);
    std::uint32_t able = 0;
    bool winner = false;
    for (const routing::Candidate& c : all) {
      able += c.why_not.empty() ? 1U : 0U;
      winner = winner || (c.agent == matched.winner && c.why_not.empty());
    }
    return winner && matched.candidates == std::min(able, routing::kCandidatesMax);
  }

  // Nothing happens but time: a match that becomes possible is announced.
  bool wakes(int n) {
    const Hlc again = world_.matching_again();
    const Now later{now_.mono, again.packed == 0 ? now_.hlc + std::chrono::hours{1} : Hlc{again.packed - 1}};
    if (later.hlc <= now_.hlc) return true;
    if (const auto pair = routing_model::decide(world_, kHere, live(), later.hlc, fault_)) {
      return differs("event " + std::to_string(n) + ": nobody would wake for " + text(pair));
    }
    return true;
  }

  std::set<LogId> live() const {
    std::set<LogId> out{kHere};
    if (local_.reachable.contains(kThere.origin)) out.insert(kThere);
    return out;
  }

  void write(Body body, LogId log) {
    now_.hlc.packed += rng_.below(2);
    world_.apply(body, Meta{log, Sequence{++sequences_[log]}, now_.hlc, {}});
  }
  void write(const Decision& decision, LogId log) {
    for (const Body& body : decision.records) write(body, log);
  }
  static Uuid id(const char* what, std::uint64_t n) { return derive_uuid(Uuid{}, what, n); }
  static LogId log_of(const Line& line) { return line.node == kHere.origin ? kHere : kThere; }
  std::string one_of(std::initializer_list<const char*> texts) {
    return *(texts.begin() + static_cast<std::ptrdiff_t>(rng_.below(texts.size())));
  }

  void queue(std::uint64_t n) {
    write(config::Rec{config::Put{config::Kind::queue,
                                  id("queue", n),
                                  true,
                                  {{"name", "q" + std::to_string(n)},
                                   {"local_preference_ms", n == 1 ? one_of({"", "3000", "20000"}) : std::string{}}}}},
          kHere);
  }
  void profile(std::uint64_t n) {
    std::map<std::string, std::string> set{
        {"name", "p" + std::to_string(n)},
        {"concurrency.CHAT", one_of({"1", "2", "3"})},
        {"concurrency.TASK", one_of({"", "2"})},
        {"cross_channel.CHAT", one_of({"", "ROUTE_ANY_CHANNEL"})},
        {"cross_channel.TASK", one_of({"ROUTE_CURRENT_CHANNEL_ONLY", "ROUTE_ANY_CHANNEL"})}};
    for (std::uint64_t q = 0; q < kQueues; ++q) {
      const std::string name = "queue." + id("queue", q).text();
      set[name + ".CHAT"] = one_of({"", "1,0", "1,0", "2,0", "1,4", "3,10"});
      set[name + ".TASK"] = one_of({"", "", "1,0", "2,3"});
    }
    write(config::Rec{config::Put{config::Kind::routing_profile, id("profile", n), true, set}}, kHere);
  }
  void user(std::uint64_t n) {
    const std::map<std::string, std::string> set{
        {"username", "u" + std::to_string(n)},
        {"routing_profile", id("profile", rng_.below(kProfiles)).text()},
        {config::proficiency_field("Language", "French"), one_of({"", "2", "4", "5"})},
        {config::proficiency_field("Product", "Cards"), one_of({"", "1", "3.5"})}};
    write(config::Rec{config::Put{config::Kind::user, id("agent", n), true, set}}, kHere);
  }

  contact::Criteria criteria() {
    using Kind = contact::RequirementKind;
    const auto level = [&](const char* attribute, const char* value) {
      contact::Requirement out;
      out.kind = Kind::proficiency;
      out.attribute = attribute;
      out.value = value;
      out.level_min = static_cast<std::uint32_t>(10 * (1 + rng_.below(5)));
      if (rng_.chance(1, 4)) out.level_max = 40;
      return out;
    };
    const auto agents = [&] {
      contact::Requirement out;
      out.kind = Kind::agents;
      for (std::uint64_t n = 1 + rng_.below(3); n > 0; --n)
        out.agents.push_back(AgentId{id("agent", rng_.below(kAgents))});
      return out;
    };
    const auto group = [&](Kind kind, std::uint32_t parts) {
      contact::Requirement out;
      out.kind = kind;
      out.parts = parts;
      return out;
    };
    contact::Criteria out;
    for (std::uint64_t n = rng_.below(4); n > 0; --n) {
      contact::CriteriaStep& step = out.steps.emplace_back();
      step.expiry = std::chrono::seconds{rng_.below(4) * 5};
      switch (rng_.below(6)) {
        case 0:
          step.expression = {agents()};
          break;
        case 1:
          step.expression = {group(Kind::any_of, 2), agents(), level("Product", "Cards")};
          break;
        case 2:
          step.expression = {group(Kind::all_of, 2), level("Language", "French"), group(Kind::none_of, 1),
                             level("Product", "Cards")};
          break;
        default:
          step.expression = {level("Language", "French")};
      }
    }
    out.activated = now_.hlc;
    return out;
  }

  void new_contact() {
    contact::Contact c;
    c.id = ContactId{id("contact", ++contacts_)};
    c.channel = rng_.chance(1, 4) ? contact::Channel::task : contact::Channel::chat;
    c.phase = Phase::queued;
    c.attached = !rng_.chance(1, 8);
    c.place.queue = QueueId{rng_.chance(1, 8) ? id("agent", rng_.below(kAgents)) : id("queue", rng_.below(kQueues))};
    c.place.enqueued = now_.hlc;
    c.place.priority = rng_.chance(1, 3) ? 1 + static_cast<std::int64_t>(rng_.below(3)) : contact::kPriority;
    if (rng_.chance(1, 5)) c.place.age_adjustment = std::chrono::seconds{rng_.below(9)} - 4s;
    if (rng_.chance(1, 2)) c.place.criteria = criteria();
    if (rng_.chance(1, 10)) c.place.preferred = AgentId{id("agent", rng_.below(kAgents))};
    write(contact::Rec{contact::Claimed{c.id, Term{1}, contact::Why::started, c, {}}},
          rng_.chance(2, 3) ? kHere : kThere);
  }

  const contact::Held* some_contact() {
    std::vector<const contact::Held*> live;
    for (const auto& [key, held] : world_.contacts().all()) {
      if (held.contact.live()) live.push_back(&held);
    }
    return live.empty() ? nullptr : live[rng_.below(live.size())];
  }

  void change_contact() {
    const contact::Held* held = some_contact();
    if (held == nullptr) return;
    contact::Contact next = held->contact;
    if (next.move.state == contact::MoveState::offered) {
      // The other node takes it, or does not.
      next.move.state = contact::MoveState::returned;
      if (rng_.chance(1, 2)) {
        const AgentId agent = next.move.agent;
        next.phase = Phase::offering;
        next.agent = agent;
        write(contact::Rec{contact::Claimed{
                  next.id, Term{held->line.term.value() + 1}, contact::Why::accepted, next, {}}},
              kThere);
        if (const presence::Held* desk = world_.agents().find(agent);
            desk != nullptr && desk->line.node == kThere.origin) {
          presence::Presence p = desk->presence;
          p.slots[next.id].channel = next.channel;
          write(presence::update(*desk, p), kThere);
        }
        return;
      }
    } else if (rng_.chance(1, 3)) {
      next.phase = Phase::ended;
    } else if (rng_.chance(1, 3)) {
      next.attached = !next.attached;
    } else if (rng_.chance(1, 2)) {
      next.place.priority = 1 + static_cast<std::int64_t>(rng_.below(6));
      next.place.criteria = criteria();
    } else if (next.phase == Phase::queued && rng_.chance(1, 3)) {
      next.place.queue =
          QueueId{rng_.chance(1, 4) ? id("agent", rng_.below(kAgents)) : id("queue", rng_.below(kQueues))};
      next.place.enqueued = now_.hlc;
    } else if (next.phase == Phase::offering) {
      next.phase = Phase::queued;  // nobody accepted
      next.agent = {};
    } else {
      next.place.preferred = {};
    }
    write(contact::update(*held, next), log_of(held->line));
  }

  void change_agent() {
    const AgentId agent{id("agent", rng_.below(kAgents))};
    const presence::Held* desk = world_.agents().find(agent);
    const LogId log = rng_.chance(1, 2) ? kHere : kThere;
    if (desk == nullptr || rng_.chance(1, 12)) {
      presence::Presence p;
      p.agent = agent;
      p.desktop = id("desktop", rng_.below(1000));
      p.type = rng_.chance(3, 4) ? presence::StatusType::routable : presence::StatusType::custom;
      p.available_since = now_.hlc;
      const Term term{desk == nullptr ? 1 : desk->line.term.value() + 1};
      write(presence::Rec{presence::Claimed{agent, term, p}}, log);
      return;
    }
    presence::Presence p = desk->presence;
    if (!p.slots.empty() && rng_.chance(2, 3)) {
      p.slots.erase(p.slots.begin());
      p.available_since = now_.hlc;
    } else if (rng_.chance(1, 6)) {
      p.desktop = {};
      p.slots.clear();
    } else {
      p.type = rng_.chance(3, 4) ? presence::StatusType::routable : presence::StatusType::custom;
      p.missed = rng_.chance(1, 8);
      p.has_next = !p.slots.empty() && rng_.chance(1, 4);
      p.available_since = now_.hlc;
    }
    // Several become available in one instant, as after a break.
    if (rng_.chance(1, 3)) p.available_since = Hlc{p.available_since.packed & ~std::uint64_t{0xfffff}};
    write(presence::update(*desk, p), log_of(desk->line));
  }

  void event() {
    now_.hlc = now_.hlc + std::chrono::milliseconds{rng_.chance(1, 3) ? rng_.below(3000) : rng_.below(3)};
    std::size_t waiting = 0;
    for (const auto& [key, held] : world_.contacts().all()) waiting += held.contact.live() ? 1U : 0U;
    switch (rng_.below(24)) {
      case 0:
        return user(rng_.below(kAgents));
      case 1:
        return rng_.chance(1, 4) ? profile(rng_.below(kProfiles)) : queue(1);
      case 2:
        local_.reachable = local_.reachable.empty() ? std::set{kThere.origin} : std::set<NodeId>{};
        return;
      case 3:
        if (rng_.chance(1, 3)) {
          World loaded(nullptr);
          ASSERT_TRUE(loaded.load(world_.snapshot()));
          world_ = std::move(loaded);
        }
        return;
      default:
        if (rng_.chance(2, 5)) return change_agent();
        if (waiting < kWaitingMax && rng_.chance(1, 2)) return new_contact();
        return change_contact();
    }
  }

  Rng rng_;
  bool fault_;
  Now now_{Mono{1h}, Hlc::at(1'772'450'000'000)};
  World world_{nullptr};
  Local local_;
  std::map<LogId, std::uint64_t> sequences_;
  std::uint64_t contacts_ = 0;
};

constexpr std::uint64_t kSeeds = 200;
constexpr int kEvents = 400;

TEST(Routing, DecidesAsTheModelDoes) {
  std::uint64_t decisions = 0;
  std::map<std::string, std::uint64_t> rules;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    History history(seed, false);
    ASSERT_TRUE(history.run(kEvents)) << "seed " << seed << ", " << history.why;
    decisions += history.decisions;
    for (const auto& [rule, count] : history.rules) rules[rule] += count;
  }
  // The histories are worth something.
  EXPECT_GT(decisions, 10 * kSeeds);
  for (const char* rule : {"longest-available", "proficiency", "agent-queue", "preferred-agent"}) {
    EXPECT_GT(rules[rule], kSeeds / 2) << rule;
  }
}

TEST(Routing, AFaultInHowTheModelBreaksTiesIsFound) {
  bool found = false;
  for (std::uint64_t seed = 1; seed <= kSeeds && !found; ++seed) found = !History(seed, true).run(kEvents);
  EXPECT_TRUE(found);
}

TEST(Routing, AFaultInHowTheProductBreaksTiesIsFound) {
  bug::planted = bug::Name::tie_break;
  bool found = false;
  for (std::uint64_t seed = 1; seed <= kSeeds && !found; ++seed) found = !History(seed, false).run(kEvents);
  bug::planted = bug::Name::none;
  EXPECT_TRUE(found);
}

}  // namespace
}  // namespace tandem
