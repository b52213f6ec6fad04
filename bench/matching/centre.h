// A large centre as one node sees it: everybody busy, many waiting. Built from drawn numbers, by records.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/contact/decide.h"
#include "core/presence/decide.h"
#include "core/routing/index.h"
#include "core/routing/match.h"
#include "node/world.h"
#include "record/record.h"

namespace tandem::bench {

struct Size {
  std::uint64_t agents = 0;
  std::uint64_t queues = 0;
  std::uint64_t waiting = 0;
};

inline constexpr std::uint64_t kQueuesPerProfile = 8;
inline constexpr std::uint64_t kLanguages = 5;
inline constexpr std::uint64_t kProducts = 10;

inline Uuid id_of(const char* what, std::uint64_t n) { return derive_uuid(Uuid{}, what, n); }

class Centre {
 public:
  Centre(Size size, std::uint64_t seed) : size_(size), rng_{seed} {
    local_.self = kHere.origin;
    local_.incarnation = kHere.incarnation;
    local_.settled = true;
    write(membership::Rec{membership::Born{false, "bench"}});
    const std::uint64_t profiles = std::max<std::uint64_t>(size.queues / 2, 1);
    for (std::uint64_t n = 0; n < size.queues; ++n) {
      write(config::Rec{config::Put{config::Kind::queue, id_of("queue", n), true, {{"name", "q"}}}});
    }
    for (std::uint64_t n = 0; n < profiles; ++n) {
      std::map<std::string, std::string> set{{"name", "p"}, {"concurrency.CHAT", "1"}};
      for (std::uint64_t q = 0; q < kQueuesPerProfile; ++q) {
        set["queue." + id_of("queue", (2 * n + q * 7) % size.queues).text() + ".CHAT"] = q < 3   ? "1,0"
                                                                                         : q < 6 ? "2,0"
                                                                                                 : "3,20";
      }
      write(config::Rec{config::Put{config::Kind::routing_profile, id_of("profile", n), true, set}});
    }
    for (std::uint64_t n = 0; n < size.agents; ++n) {
      std::map<std::string, std::string> set{{"username", "u"},
                                             {"routing_profile", id_of("profile", n % profiles).text()}};
      set[config::proficiency_field("Language", std::to_string(rng_.below(kLanguages)))] = level();
      set[config::proficiency_field("Product", std::to_string(rng_.below(kProducts)))] = level();
      set[config::proficiency_field("Product", std::to_string(rng_.below(kProducts)))] = level();
      write(config::Rec{config::Put{config::Kind::user, id_of("agent", n), true, set}});
      presence::Presence p;
      p.agent = AgentId{id_of("agent", n)};
      p.desktop = id_of("desktop", n);
      p.type = presence::StatusType::routable;
      p.available_since = now_.hlc;
      write(presence::Rec{presence::Claimed{p.agent, Term{1}, p}});
    }
  }

  // Everybody has a contact, and `size.waiting` wait.
  void fill() {
    for (std::uint64_t n = 0; n < size_.agents; ++n) {
      contact::Contact c = drawn(n);
      c.phase = contact::Phase::with_agent;
      c.agent = AgentId{id_of("agent", n)};
      write(contact::Rec{contact::Claimed{c.id, Term{1}, contact::Why::started, c, {}}});
      const presence::Held& desk = *world_.agents().find(c.agent);
      presence::Presence p = desk.presence;
      p.slots[c.id].state = presence::SlotState::busy;
      write(presence::update(desk, p));
    }
  }
  void queue_up() {
    for (std::uint64_t n = 0; n < size_.waiting; ++n) {
      const contact::Contact c = drawn(size_.agents + n);
      write(contact::Rec{contact::Claimed{c.id, Term{1}, contact::Why::started, c, {}}});
    }
  }

  // An agent ends the conversation and is free; the contact comes again, as a new one at the end of its queue.
  AgentId end_one() {
    now_.hlc = now_.hlc + (++turns_ % 4 == 0 ? 1ms : 0ms);
    const AgentId agent{id_of("agent", rng_.below(size_.agents))};
    const presence::Held& desk = *world_.agents().find(agent);
    presence::Presence p = desk.presence;
    for (const auto& [id, slot] : desk.presence.slots) {
      const contact::Held& held = *world_.contacts().find(id);
      contact::Contact next = held.contact;
      next.phase = contact::Phase::queued;
      next.agent = {};
      next.ring_until = {};
      draw_place(next);
      write(contact::update(held, next));
    }
    p.slots.clear();
    p.available_since = now_.hlc;
    write(presence::update(desk, p));
    return agent;
  }

  void catch_up() { world_.sees(local_).matching.catch_up(world_.sees(local_), now_); }
  // The search alone, and the record that says what it found.
  [[nodiscard]] routing::Matched choose() {
    const auto choice = world_.sees(local_).matching.next(world_.sees(local_), now_);
    if (!choice) return {};
    return {choice->contact,    choice->agent, choice->at, routing::name_of(choice->rule),
            choice->candidates, saw_,          now_.hlc,   choice->step};
  }
  Decision match() { return routing::match(world_.sees(local_), saw_, now_, rng_); }
  void write(const Decision& decision) {
    for (const Body& body : decision.records) write(body);
  }
  void write(const Body& body) { world_.apply(body, meta()); }
  Meta meta() {
    now_.hlc.packed += 1;
    return {kHere, Sequence{++sequence_}, now_.hlc, {}};
  }
  [[nodiscard]] const World& world() const { return world_; }
  [[nodiscard]] const Size& size() const { return size_; }

 private:
  static constexpr LogId kHere{NodeId{1}, Incarnation{0x19caeca1ef40001}};

  std::string level() { return std::to_string(1 + rng_.below(5)); }
  void draw_place(contact::Contact& c) {
    c.place.enqueued = now_.hlc;
    c.place.priority = rng_.chance(1, 5) ? 1 + static_cast<std::int64_t>(rng_.below(4)) : contact::kPriority;
    c.place.criteria.activated = now_.hlc;
  }
  contact::Contact drawn(std::uint64_t n) {
    contact::Contact c;
    c.id = ContactId{id_of("contact", n)};
    c.initial = c.id;
    c.phase = contact::Phase::queued;
    c.attached = true;
    c.initiated = now_.hlc;
    c.origin = kHere.origin;
    c.customer = id_of("customer", n);
    c.place.queue = QueueId{id_of("queue", rng_.below(size_.queues))};
    draw_place(c);
    now_.hlc = now_.hlc + (n % 8 == 0 ? 1ms : 0ms);
    if (rng_.chance(1, 2)) return c;
    // A language, or a language and a product, for two minutes; then anybody.
    contact::Requirement all;
    all.parts = 2;
    contact::Requirement language;
    language.kind = contact::RequirementKind::proficiency;
    language.attribute = "Language";
    language.value = std::to_string(rng_.below(kLanguages));
    language.level_min = 30;
    contact::Requirement product = language;
    product.attribute = "Product";
    product.value = std::to_string(rng_.below(2));
    product.level_min = 20;
    contact::CriteriaStep step;
    step.expiry = 120s;
    step.expression = rng_.chance(1, 2) ? contact::Expression{language} : contact::Expression{all, language, product};
    c.place.criteria.steps.push_back(std::move(step));
    return c;
  }

  Size size_;
  Rng rng_;
  Now now_{Mono{1h}, Hlc::at(1'772'450'000'000)};
  World world_{nullptr};
  Local local_;
  Vector saw_{{kHere, Sequence{1'000'000}}, {{NodeId{2}, Incarnation{0x19caeca1ef40002}}, Sequence{1'000'000}}};
  std::uint64_t sequence_ = 0;
  std::uint64_t turns_ = 0;
};

}  // namespace tandem::bench
