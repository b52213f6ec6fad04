// What operators of a simulated centre do: erase customers, note what is known of them, move agents, drain regions.
#include "sim/people_state.h"
#include "sim/simulation.h"

namespace tandem::sim {

using namespace std::chrono_literals;

// A field of somebody's profile changes, at any node; an agent or an operator, it is one order. Whoever has no answer
// gives the order again, under the same id.
void People::know() {
  sim_.events().in(sim_.draw(100ms, 4s), [this] {
    if (!coming_ || still_) return;
    constexpr const char* kFields[] = {"FirstName", "PhoneNumber", "Address.City", "Attributes.tier"};
    customer::Change order;
    order.person = person(sim_.rng().below(kPersons));
    // A node that knows of no key makes one; others may do so at the same time.
    const KeyId key{derive_uuid(order.person, "key", sim_.rng().below(3))};
    const std::string field = kFields[sim_.rng().below(std::size(kFields))];
    const std::string words = "is " + std::to_string(++words_);
    order.set[field] = {seal(key, words), derive_uuid(order.person, "known", sim_.rng().below(2))};
    order.by = "ops";
    note(Command{sim_.new_id(), std::move(order), false, {{key, "wrapped", false}}}, field, words, 0);
    know();
  });
}

void People::note(const Command& command, const std::string& field, const std::string& words, int tries) {
  sim_.ask(any_region(), command, kLimit, [this, command, field, words, tries](std::optional<Result<Answer>> answer) {
    const auto& order = std::get<customer::Change>(command.verb);
    if (answer && *answer) {
      sim_.coverage().count("customer: profile changed");
      sim_.profiles.written(order.person, field, words, (*answer)->at, command.id);
      return;
    }
    if (still_ || tries >= kTriesMax) return;
    sim_.events().in(sim_.draw(100ms, 1s),
                     [this, command, field, words, tries] { note(command, field, words, tries + 1); });
  });
}

// One whose contact is over; what of it the other rules read stays.
void People::erase_somebody() {
  if (customers_.empty() || !sim_.rng().chance(1, 4)) return;
  const Customer& c = *customers_[sim_.rng().below(customers_.size())];
  if (!c.ended) return;
  sim_.ask(any_region(),
           Command{sim_.new_id(), customer::Forget{person(c.index % kPersons), {c.key}, "ops"}, false, {}}, kLimit,
           [this](std::optional<Result<Answer>> answer) {
             if (answer && *answer) sim_.coverage().count("customer: erased");
           });
}

void People::supervise() {
  sim_.events().in(sim_.draw(15s, 60s), [this] {
    if (!coming_ || still_) return;
    erase_somebody();
    presence::Move order;
    order.agent = agents_[sim_.rng().below(agents_.size())]->id;
    order.region = sim_.region(any_region());
    const bool forced = sim_.rng().chance(1, 2);
    const std::size_t node = any_region();
    if (forced) order.by = Hlc::at(sim_.wall_milliseconds(node) + sim_.rng().below(20'000));
    const bool out = sim_.rng().chance(1, 4);
    Verb verb = out ? Verb{presence::SignOut{order.agent, true}} : Verb{std::move(order)};
    sim_.ask(node, Command{sim_.new_id(), std::move(verb), false, {}}, kLimit,
             [this, out](std::optional<Result<Answer>> answer) {
               if (out && answer && *answer) sim_.coverage().count("agent: sent away");
             });
    supervise();
  });
}

void People::maintain() {
  sim_.events().in(sim_.draw(40s, 240s), [this] {
    if (!coming_ || still_) return;
    distribution::Ordered order;
    order.region = sim_.region(any_region());
    order.duty = distribution::Duty::draining;
    order.over = {"n-minus-1-capacity", "one-in-maintenance"};
    const std::size_t node = any_region();
    if (sim_.rng().chance(1, 3)) {
      order.deadline = Hlc::at(sim_.wall_milliseconds(node) + 5'000 + sim_.rng().below(20'000));
      order.then = sim_.rng().chance(1, 2) ? distribution::AtDeadline::move : distribution::AtDeadline::wait;
    }
    const auto give = [this](std::size_t to, distribution::Ordered what) {
      sim_.ask(to, Command{sim_.new_id(), distribution::Order{std::move(what)}, false, {}}, kLimit,
               [](std::optional<Result<Answer>>) {});
    };
    give(node, order);
    // Back, whatever became of it: at once, or in steps.
    sim_.events().in(sim_.draw(5s, 60s), [this, give, order]() mutable {
      order.duty = sim_.rng().chance(1, 2) ? distribution::Duty::ramping : distribution::Duty::serving;
      order.deadline = {};
      order.then = distribution::AtDeadline::wait;
      if (order.duty == distribution::Duty::ramping) {
        order.steps = {100, 500};
        order.every = 3s;
      }
      order.over = {"unready-region"};
      give(any_region(), order);
    });
    maintain();
  });
}

}  // namespace tandem::sim
