#include "sim/people_state.h"

#include <algorithm>

namespace tandem::sim {
namespace {

const char* slot_name(presence::SlotState state) {
  constexpr const char* kNames[] = {"rings", "with the agent", "after-contact work"};
  return kNames[static_cast<std::size_t>(state)];
}

}  // namespace

People::People(Simulation& sim) : sim_(sim) {
  for (const AgentId id : sim_.sample().agents) {
    auto agent = std::make_unique<Agent>();
    agent->index = agents_.size();
    agent->id = id;
    by_id_[id] = agent->index;
    agents_.push_back(std::move(agent));
  }
}

People::~People() = default;

void People::begin() {
  coming_ = true;
  for (const auto& agent : agents_) {
    const std::size_t n = agent->index;
    sim_.events().in(sim_.draw(0s, 4s), [this, n] { sign_in(n, any_region(), sim_.new_id(), false, false); });
  }
  new_customer();
  new_task();
  supervise();
  maintain();
  know();
}

void People::no_more() {
  coming_ = false;
  // Whoever is not there comes back now or never.
}

void People::stop() { still_ = true; }

std::size_t People::any_gateway() {
  for (;;) {
    const std::size_t node = sim_.rng().below(sim_.nodes());
    if (sim_.usable(node)) return node;
  }
}

std::size_t People::any_region() {
  for (;;) {
    const std::size_t node = sim_.rng().below(sim_.nodes());
    if (!sim_.is_hub(node) && sim_.usable(node)) return node;
  }
}

// -- customers

void People::new_customer() {
  if (!coming_) return;
  // Now and then many at once, so that queues grow and places in them matter.
  if (sim_.options().faults && sim_.rng().chance(1, 100)) {
    for (std::uint64_t more = sim_.rng().below(40); more > 0; --more) arrive();
  }
  arrive();
  // Poisson would need a logarithm; a sum of two uniform draws is lumpy enough.
  const double mean = 0.7 / sim_.options().contacts_per_second;
  const auto most = std::chrono::duration_cast<Time>(std::chrono::duration<double>(mean));
  sim_.events().in(sim_.draw(0us, most) + sim_.draw(0us, most), [this] { new_customer(); });
}

void People::arrive() {
  auto customer = std::make_unique<Customer>();
  Customer& c = *customer;
  c.index = customers_.size();
  c.start_id = sim_.new_id();
  c.contact = ContactId{derive_uuid(c.start_id, "contact")};
  c.participant = derive_uuid(c.start_id, "customer");
  c.key = KeyId{derive_uuid(c.start_id, "key")};
  c.gateway = any_gateway();
  c.answers_left = static_cast<int>(1 + sim_.rng().below(5));
  customers_.push_back(std::move(customer));
  start(c.index);
}

void People::start(std::size_t n) {
  Customer& c = *customers_[n];
  if (still_) return;
  if (++c.start_tries > kTriesMax) {
    c.gone = true;
    return;
  }
  if (c.start_tries > 1) sim_.coverage().count("customer: command repeated");
  contact::Start verb;
  verb.person = person(n % kPersons);
  verb.id = c.contact;
  verb.flow = sim_.sample().chat_flow;
  verb.customer = c.participant;
  verb.key = c.key;
  verb.customer_name = seal(c.key, "customer " + std::to_string(n));
  Command command{c.start_id, verb, false, {{c.key, "wrapped", false}}};
  const bool alone = sim_.alone_and_well(c.gateway, 3s) && sim_.may_begin(c.gateway, c.contact);
  sim_.ask(c.gateway, std::move(command), kLimit,
           [this, n, alone, gateway = c.gateway, asked = sim_.events().now()](std::optional<Result<Answer>> reply) {
             Customer& at = *customers_[n];
             if (alone) judge_island(gateway, at.contact, asked, reply, "island: a chat began");
             if (reply && (reply->has_value() || reply->error().code == Errc::already_exists)) {
               at.started = true;
               ++started_;
               sim_.say({at.contact.value()}, "a customer is told yes to contact {}", at.contact.value().text());
               connect(n);
               live(n);
               return;
             }
             at.gateway = any_gateway();
             sim_.events().in(sim_.draw(100ms, 1500ms), [this, n] { start(n); });
           });
}

void People::connect(std::size_t n) {
  Customer& c = *customers_[n];
  if (c.gone || c.session != 0 || still_) return;
  if (!sim_.answers(c.gateway)) {
    c.gateway = any_gateway();
    sim_.events().in(sim_.draw(50ms, 400ms), [this, n] { connect(n); });
    return;
  }
  c.session = ++numbers_;
  c.connected_at = sim_.events().now();
  c.silences = 0;
  sessions_[c.session] = n;
  sim_.say({c.contact.value()}, "the customer of contact {} opens session {} at node {}", c.contact.value().text(),
           c.session, c.gateway + 1);
  sim_.open_session(c.gateway, c.session, c.contact);
}

void People::disconnect(std::size_t n, bool by_choice) {
  Customer& c = *customers_[n];
  if (c.session == 0) return;
  sim_.say({c.contact.value()}, "session {} of contact {} at node {} closes", c.session, c.contact.value().text(),
           c.gateway + 1);
  if (by_choice) sim_.close_session(c.gateway, c.session);
  sessions_.erase(c.session);
  c.session = 0;
}

// What a customer does by himself: loses the socket, loses patience.
void People::live(std::size_t n) {
  sim_.events().in(sim_.draw(2s, 9s), [this, n] {
    Customer& c = *customers_[n];
    if (c.gone || still_) return;
    const std::uint64_t luck = sim_.rng().below(100);
    if (!sim_.options().faults) {
      if (luck < 1) return leave(n);
    } else if (luck < 5 && c.session != 0 && coming_) {
      disconnect(n, true);
      sim_.coverage().count("customer: socket lost");
      c.gateway = any_gateway();
      const std::uint64_t how = sim_.rng().below(10);
      // Mostly back soon; some after they were taken for gone; some never.
      if (how < 7) {
        sim_.events().in(sim_.draw(100ms, 5s), [this, n] {
          sim_.coverage().count("customer: came back");
          connect(n);
        });
      } else if (how < 9) {
        sim_.events().in(sim_.draw(15s, 40s), [this, n] {
          sim_.coverage().count("customer: came back");
          connect(n);
        });
      } else {
        c.gone = true;
        return;
      }
    } else if (luck < 9 && c.session != 0) {
      return leave(n);
    }
    live(n);
  });
}

void People::leave(std::size_t n) {
  Customer& c = *customers_[n];
  sim_.coverage().count("customer: left");
  c.gone = true;
  const Uuid id = sim_.new_id();
  Command command{id, contact::End{c.contact, contact::Role::customer, "CUSTOMER_DISCONNECT"}, true, {}};
  sim_.ask(c.gateway, std::move(command), kLimit, [](std::optional<Result<Answer>>) {});
  sim_.events().in(300ms, [this, n] { disconnect(n, true); });
}

void People::say(std::size_t n, std::string words) {
  Customer& c = *customers_[n];
  if (c.gone || still_) return;
  Customer::Message message;
  message.id = sim_.new_id();
  message.words = std::move(words);
  c.said.push_back(std::move(message));
  try_say(n, c.said.size() - 1);
}

void People::try_say(std::size_t n, std::size_t m, std::optional<std::size_t> by) {
  Customer& c = *customers_[n];
  Customer::Message& message = c.said[m];
  if (c.gone || still_ || message.accepted || message.over) return;
  if (++message.tries > kTriesMax) {
    message.over = true;
    return;
  }
  if (message.tries > 1) sim_.coverage().count("customer: command repeated");
  contact::Say verb;
  verb.contact = c.contact;
  verb.item.content_type = "text/plain";
  verb.item.content = seal(c.key, message.words);
  verb.item.role = contact::Role::customer;
  verb.item.participant = c.participant;
  // An impatient client asks a second gateway while the first has not answered yet.
  const Time limit = sim_.options().faults && sim_.rng().chance(1, 3) ? 300ms : kLimit;
  const std::size_t gateway = by.value_or(c.gateway);
  const bool alone = limit == kLimit && sim_.alone_and_well(gateway, 0s) && sim_.holds(gateway, c.contact);
  sim_.ask(gateway, Command{message.id, verb, true, {}}, limit,
           [this, n, m, limit, alone, gateway, asked = sim_.events().now()](std::optional<Result<Answer>> reply) {
             Customer& at = *customers_[n];
             if (alone) judge_island(gateway, at.contact, asked, reply, "island: a customer was answered");
             Customer::Message& said = at.said[m];
             if (reply && reply->has_value()) {
               at.silences = 0;
               if (!said.accepted) sim_.transcript_once.accepted(at.contact, (**reply).id, said.words, said.id);
               said.accepted = true;
               return;
             }
             if (reply && (reply->error().code == Errc::refused || reply->error().code == Errc::denied)) {
               said.over = true;
               return;
             }
             if (!reply && limit == kLimit && ++at.silences >= 2 && at.session != 0) {
               // The gateway is not there any more, as far as the customer can tell.
               disconnect(n, true);
               at.gateway = any_gateway();
               sim_.events().in(sim_.draw(50ms, 500ms), [this, n] { connect(n); });
             } else if (at.session == 0 || limit != kLimit) {
               // Calls go by any gateway; the socket stays where it is.
               const std::size_t other = any_gateway();
               sim_.events().in(sim_.draw(50ms, 900ms), [this, n, m, other] { try_say(n, m, other); });
               return;
             }
             sim_.events().in(sim_.draw(50ms, 900ms), [this, n, m] { try_say(n, m); });
           });
}

// Somebody asked a region that was alone and well, and stayed so: he has an answer, and it is a yes unless the contact
// ended.
void People::judge_island(std::size_t node, ContactId contact, Time asked, const std::optional<Result<Answer>>& reply,
                          std::string_view row) {
  if (!sim_.alone_and_well(node, sim_.events().now() - asked)) return;
  std::string error;
  if (!reply) {
    error = "nothing";
  } else if (!*reply && reply->error().code != Errc::refused && reply->error().code != Errc::denied) {
    error = reply->error().detail;
  }
  if (error.empty()) sim_.coverage().count(row);
  sim_.islands.answered(contact, NodeId{static_cast<std::uint16_t>(node + 1)}, error);
}

void People::show(std::size_t node, const ShowSession& show) {
  for (const contact::Item& item : show.items) sim_.transcript_once.shown(show.number, item.id, show.contact);
  const auto at = sessions_.find(show.number);
  if (at == sessions_.end()) return;
  const std::size_t n = at->second;
  Customer& c = *customers_[n];
  if (c.gateway != node && c.session == show.number) c.gateway = node;
  for (const contact::Item& item : show.items) {
    if (item.role == contact::Role::customer) continue;
    const std::string words = unseal(item.content);
    if (words == kQuestion && !c.answered) {
      c.answered = true;
      const bool billing = sim_.rng().chance(1, 2);
      if (sim_.rng().chance(1, 12)) continue;  // says nothing; the flow goes on by itself
      sim_.events().in(sim_.draw(500ms, 4s), [this, n, billing] {
        say(n, "says " + std::string(billing ? "billing" : "something") + " " + std::to_string(++words_));
      });
    } else if (words.starts_with("says ") && c.answers_left > 0 && sim_.rng().chance(4, 5)) {
      --c.answers_left;
      sim_.events().in(sim_.draw(500ms, 5s), [this, n] { say(n, "says " + std::to_string(++words_)); });
    }
  }
  if (show.ended) {
    sim_.say({c.contact.value()}, "a customer is told that contact {} is over", c.contact.value().text());
    c.gone = true;
    c.ended = true;
    disconnect(n, true);
  }
}

void People::lose_sockets(std::size_t node) {
  for (const auto& customer : customers_) {
    if (customer->session == 0 || customer->gateway != node || sim_.rng().chance(1, 2)) continue;
    const std::size_t n = customer->index;
    sim_.coverage().count("customer: socket lost");
    disconnect(n, true);
    customer->gateway = any_gateway();
    sim_.events().in(sim_.draw(100ms, 8s), [this, n] {
      sim_.coverage().count("customer: came back");
      connect(n);
    });
  }
}

std::vector<People::Open> People::open_sessions() const {
  std::vector<Open> out;
  for (const auto& [number, n] : sessions_) {
    const Customer& c = *customers_[n];
    if (!c.gone) out.push_back({c.contact, c.gateway, number, c.connected_at, c.start_id});
  }
  return out;
}

// -- tasks: made by a program, which repeats its order until it has an answer

void People::new_task() {
  if (!coming_) return;
  const Uuid id = sim_.new_id();
  contact::Start start;
  start.id = ContactId{derive_uuid(id, "task")};
  start.channel = contact::Channel::task;
  start.flow = sim_.sample().task_flow;
  start.name = "task";
  auto tries = std::make_shared<int>(0);
  auto again = std::make_shared<std::function<void()>>();
  *again = [this, id, start, tries, again] {
    if (still_ || ++*tries > kTriesMax) {
      sim_.events().in(1ms, [again] { *again = nullptr; });
      return;
    }
    sim_.ask(any_gateway(), Command{id, start, false, {}}, kLimit, [this, again](std::optional<Result<Answer>> reply) {
      if (reply && (reply->has_value() || reply->error().code == Errc::already_exists)) {
        sim_.events().in(1ms, [again] { *again = nullptr; });
        return;
      }
      sim_.events().in(sim_.draw(100ms, 1s), [again] { (*again)(); });
    });
  };
  (*again)();
  const double mean = 4.0 / sim_.options().contacts_per_second;
  const auto most = std::chrono::duration_cast<Time>(std::chrono::duration<double>(mean));
  sim_.events().in(sim_.draw(0us, most) + sim_.draw(0us, most), [this] { new_task(); });
}

// -- agents

void People::sign_in(std::size_t n, std::size_t node, Uuid desktop, bool proved, bool is_rival) {
  Agent& a = *agents_[n];
  if (still_ || (a.desk.open && !is_rival) || a.signing_in) return;
  a.signing_in = true;
  a.last_desktop = is_rival ? a.last_desktop : desktop;
  if (proved) sim_.coverage().count("sign-in: with proof");
  const std::uint64_t life = sim_.life(node);
  Command command{sim_.new_id(), presence::SignIn{a.id, desktop, proved}, false, {}};
  sim_.ask(node, std::move(command), 5s, [this, n, node, desktop, life, is_rival](std::optional<Result<Answer>> reply) {
    Agent& at = *agents_[n];
    at.signing_in = false;
    const bool yes = reply && reply->has_value();
    if (reply && !reply->has_value()) {
      sim_.coverage().count(reply->error().code == Errc::no_quorum ? "sign-in: no majority" : "sign-in: refused");
      sim_.say({at.id.value()}, "agent {} is refused at node {}: {}", at.id.value().text(), node + 1,
               reply->error().detail);
    }
    if (yes && sim_.life(node) == life) {
      sim_.coverage().count("sign-in: opened");
      if (is_rival) sim_.coverage().count("sign-in: second desktop");
      sim_.one_desktop.opened(at.id, desktop, NodeId{static_cast<std::uint16_t>(node + 1)});
      sim_.say({at.id.value()}, "agent {} has a desktop open at node {}", at.id.value().text(), node + 1);
      at.desk = {true, node, life, desktop};
      at.last_desktop = desktop;
      ++at.episode;
      at.silences = 0;
      read_desk(n);
      set_status(n, true);
      rival(n);
      return;
    }
    if (is_rival) return;  // somebody tried the password elsewhere, and gives up
    sim_.events().in(sim_.draw(500ms, 3s), [this, n, desktop] {
      Agent& again = *agents_[n];
      if (again.desk.open) return;
      const bool prove = sim_.rng().chance(3, 4);
      sign_in(n, any_region(), prove ? desktop : sim_.new_id(), prove, false);
    });
  });
}

// Gives the desktop that was left.
Uuid People::leave_desk(Agent& agent) {
  const Uuid desktop = agent.desk.desktop;
  sim_.one_desktop.closed(agent.id, desktop);
  agent.desk = {};
  ++agent.episode;
  agent.contacts.clear();
  return desktop;
}

// The desktop at its node is gone, or the person holds it for gone and closes it.
void People::lost_desk(std::size_t n, std::string_view why) {
  Agent& a = *agents_[n];
  if (!a.desk.open) return;
  sim_.say({a.id.value()}, "agent {} has no desktop any more: {}", a.id.value().text(), why);
  const Uuid desktop = leave_desk(a);
  sim_.events().in(sim_.draw(200ms, 4s), [this, n, desktop] {
    if (agents_[n]->desk.open) return;
    // The client's token proves that it is the same desktop; some people open another browser instead.
    const bool prove = sim_.rng().chance(4, 5);
    sign_in(n, any_region(), prove ? desktop : sim_.new_id(), prove, false);
  });
}

void People::call(std::size_t n, Verb verb, std::move_only_function<void(Result<Answer>)> then) {
  struct Call {
    Command command;
    std::move_only_function<void(Result<Answer>)> then;
    int tries = 0;
    std::uint64_t episode = 0;
  };
  auto held = std::make_shared<Call>();
  held->command = Command{sim_.new_id(), std::move(verb), false, {}};
  held->then = std::move(then);
  held->episode = agents_[n]->episode;
  auto go = std::make_shared<std::function<void()>>();
  *go = [this, n, held, go] {
    Agent& a = *agents_[n];
    const auto over = [&] { sim_.events().in(1ms, [go] { *go = nullptr; }); };
    if (still_ || !a.desk.open || a.episode != held->episode) return over();
    sim_.ask(a.desk.node, held->command, kLimit, [this, n, held, go, over](std::optional<Result<Answer>> reply) {
      Agent& at = *agents_[n];
      if (reply) {
        if (at.episode == held->episode) at.silences = 0;
        held->then(std::move(*reply));
        return over();
      }
      if (!at.desk.open || at.episode != held->episode) return over();
      if (++at.silences >= 2) {
        lost_desk(n, "its node is silent");
        return over();
      }
      (*go)();
    });
  };
  (*go)();
}

void People::set_status(std::size_t n, bool available) {
  presence::SetStatus set;
  set.agent = agents_[n]->id;
  set.status = available ? sim_.sample().available : sim_.sample().away;
  set.type = available ? presence::StatusType::routable : presence::StatusType::custom;
  call(n, set, [this, n](Result<Answer> answer) {
    if (answer) return;
    const std::uint64_t episode = agents_[n]->episode;
    sim_.events().in(sim_.draw(500ms, 2s), [this, n, episode] {
      if (agents_[n]->episode == episode) set_status(n, true);
    });
  });
}

void People::rival(std::size_t n) {
  if (!sim_.options().faults) return;
  const std::uint64_t episode = agents_[n]->episode;
  // Who tries at once at a node that hears nobody, and so not of the desktop that was just opened, gets nowhere.
  for (std::size_t node = 0; node < sim_.nodes(); ++node) {
    if (sim_.is_hub(node) || node == agents_[n]->desk.node || !sim_.island(node)) continue;
    sim_.events().in(sim_.draw(20ms, 400ms), [this, n, node, episode] {
      if (agents_[n]->episode == episode && !still_) sign_in(n, node, sim_.new_id(), false, true);
    });
  }
  sim_.events().in(sim_.draw(10s, 400s), [this, n, episode] {
    Agent& a = *agents_[n];
    if (!coming_ || still_ || a.episode != episode || !a.desk.open) return;
    std::size_t other = any_region();
    if (other == a.desk.node) other = any_region();
    if (other != a.desk.node) sign_in(n, other, sim_.new_id(), false, true);
    rival(n);
  });
}

void People::call_away(std::size_t node) {
  if (!coming_ || !sim_.options().faults || !sim_.rng().chance(1, 12)) return;
  for (const auto& agent : agents_) {
    if (!agent->desk.open || agent->desk.node != node || !agent->contacts.empty()) continue;
    const presence::SignOut order{agent->id, true};
    sim_.events().in(sim_.draw(1ms, 30ms), [this, node, order] {
      sim_.ask(node, Command{sim_.new_id(), order, false, {}}, kLimit, [](std::optional<Result<Answer>>) {});
    });
  }
}

// The client signs in where it is told to, with its token, and its conversations come along.
void People::follow(std::size_t n, const std::string& region) {
  Agent& a = *agents_[n];
  std::size_t node = 0;
  while (node < sim_.nodes() && (sim_.is_hub(node) || !sim_.usable(node) || sim_.region(node) != region)) ++node;
  if (node == sim_.nodes() || node == a.desk.node) return;
  sim_.coverage().count(a.contacts.empty() ? "agent: moved" : "agent: moved with contacts");
  sign_in(n, node, leave_desk(a), true, false);
}

void People::desktop(std::size_t node, const DesktopEvent& event) {
  const auto found = by_id_.find(event.agent);
  if (found == by_id_.end()) return;
  const std::size_t n = found->second;
  Agent& a = *agents_[n];
  // Events reach whoever is connected: the desk that is open here.
  if (event.what == DesktopWhat::closed) {
    if (a.desk.open && a.desk.node == node) lost_desk(n, event.reason);
    return;
  }
  if (a.desk.open && a.desk.node == node) take_event(a, event);
}

void People::read_desk(std::size_t n) {
  Agent& a = *agents_[n];
  a.contacts.clear();
  auto events = std::make_shared<std::vector<DesktopEvent>>();
  Query query;
  query.ask = [events, id = a.id](const World& world, const Local&) {
    const presence::Held* held = world.agents().find(id);
    if (held == nullptr) return;
    for (const auto& [contact, slot] : held->presence.slots) {
      const contact::Held* found = world.contacts().find(contact);
      if (found == nullptr) continue;
      DesktopEvent event;
      event.agent = id;
      event.contact = std::make_shared<const contact::Contact>(found->contact);
      event.slot = slot;
      events->push_back(std::move(event));
    }
  };
  query.answer = [this, n, events, episode = a.episode] {
    Agent& at = *agents_[n];
    if (at.episode != episode || !at.desk.open) return;
    at.contacts.clear();
    for (const DesktopEvent& event : *events) take_event(at, event);
  };
  sim_.query(a.desk.node, std::move(query));
}

void People::take_event(Agent& a, const DesktopEvent& event) {
  const std::size_t n = a.index;
  switch (event.what) {
    case DesktopWhat::contact: {
      if (!event.contact) return;
      const ContactId id = event.contact->id;
      sim_.say({a.id.value(), id.value()}, "agent {} is shown contact {}: {}", a.id.value().text(), id.value().text(),
               event.slot ? slot_name(event.slot->state) : (event.guest ? "as a guest" : "gone"));
      if (event.guest) {
        a.contacts.erase(id);
        return be_guest(n, *event.contact);
      }
      if (!event.slot) {
        a.contacts.erase(id);
        return;
      }
      auto& on = a.contacts[id];
      const auto before = on.slot.state;
      const bool fresh = on.since == Time{};
      if (fresh) on.since = sim_.events().now();
      on.slot = *event.slot;
      on.contact = *event.contact;
      if (event.contact->kind == contact::Kind::work && event.slot->state != presence::SlotState::after_contact_work) {
        sim_.coverage().count("work: given");
        sim_.work_once.given(id, event.slot->attempt, a.id);
      }
      if (event.slot->state == presence::SlotState::reserved && (fresh || before != event.slot->state)) {
        on.handled = false;
        rings(n, id);
      } else if (event.slot->state == presence::SlotState::busy && !on.talking) {
        if (event.contact->phase == contact::Phase::with_agent) serve(n, id);
      } else if (event.slot->state == presence::SlotState::after_contact_work &&
                 (fresh || before != event.slot->state)) {
        complete(n, id);
      }
      return;
    }
    case DesktopWhat::items: {
      const auto at = event.contact ? a.contacts.find(event.contact->id) : a.contacts.end();
      if (at != a.contacts.end()) at->second.contact = *event.contact;
      return;
    }
    case DesktopWhat::status: {
      std::map<ContactId, presence::Slot> slots;
      for (const auto& [id, on] : a.contacts) slots[id] = on.slot;
      sim_.one_promise.shows(a.id, slots, kChatsPerAgent, kTasksPerAgent);
      if (event.presence && event.presence->move_told.packed != 0 && a.desk.open) {
        return follow(n, event.presence->move_to);
      }
      if (event.presence && event.presence->missed && a.desk.open) {
        const std::uint64_t episode = a.episode;
        sim_.events().in(sim_.draw(1s, 4s), [this, n, episode] {
          if (agents_[n]->episode == episode) set_status(n, true);
        });
      }
      return;
    }
    case DesktopWhat::closed:
      return;
  }
}

void People::rings(std::size_t n, ContactId id) {
  Agent& a = *agents_[n];
  const std::uint64_t episode = a.episode;
  const std::uint64_t luck = sim_.rng().below(100);
  const bool lazy = sim_.options().faults;
  if (lazy && luck >= 94) {
    sim_.coverage().count("agent: missed");
    return;
  }
  const bool slow = lazy && luck < 5;  // at the last moment, or just after it
  sim_.events().in(slow ? sim_.draw(7s, 8500ms) : sim_.draw(200ms, 2500ms), [this, n, id, episode, luck, lazy] {
    Agent& at = *agents_[n];
    const auto on = at.contacts.find(id);
    if (at.episode != episode) return;
    if (on == at.contacts.end() && luck >= 5) return;
    if (lazy && luck >= 88) {
      sim_.coverage().count("agent: rejected");
      call(n, presence::Reject{at.id, id}, [](Result<Answer>) {});
      return;
    }
    call(n, presence::Accept{at.id, id}, [this](Result<Answer> answer) {
      if (answer) sim_.coverage().count("agent: accepted");
    });
  });
}

void People::serve(std::size_t n, ContactId id) {
  auto& on = agents_[n]->contacts.at(id);
  on.talking = true;
  on.to_say = static_cast<int>(1 + sim_.rng().below(4));
  agent_says(n, id);
}

void People::agent_says(std::size_t n, ContactId id) {
  const std::uint64_t episode = agents_[n]->episode;
  sim_.events().in(sim_.draw(1s, 6s), [this, n, id, episode] {
    Agent& a = *agents_[n];
    const auto on = a.contacts.find(id);
    if (a.episode != episode) return;
    if (on == a.contacts.end() || on->second.slot.state != presence::SlotState::busy) return;
    if (sim_.rng().chance(1, 12)) return transfer(n, id);
    if (sim_.rng().chance(1, 12) && on->second.contact.kind == contact::Kind::session) return consult(n, id);
    if (on->second.to_say-- <= 0 || on->second.slot.channel == contact::Channel::task) {
      end(n, id);
      return;
    }
    say(n, on->second.contact, on->second.contact.agent_participant, [](bool) {});
    agent_says(n, id);
  });
}

void People::say(std::size_t n, const contact::Contact& in, const Uuid& participant,
                 std::move_only_function<void(bool)> then) {
  contact::Say verb;
  verb.contact = in.id;
  verb.item.content_type = "text/plain";
  verb.item.role = contact::Role::agent;
  verb.item.participant = participant;
  const std::string words = "says " + std::to_string(++words_);
  verb.item.content = seal(in.key, words);
  call(n, verb, [this, id = in.id, words, then = std::move(then)](Result<Answer> answer) mutable {
    if (answer) sim_.transcript_once.accepted(id, answer->id, words, answer->id);
    then(answer.has_value());
  });
}

void People::end(std::size_t n, ContactId id) {
  call(n, contact::End{id, contact::Role::agent, "AGENT_DISCONNECT"}, [this, n, id](Result<Answer> answer) {
    if (answer) return;
    // Not here any more, or not now: look again.
    const auto on = agents_[n]->contacts.find(id);
    if (on != agents_[n]->contacts.end()) agent_says(n, id);
  });
}

void People::transfer(std::size_t n, ContactId id) {
  const Sample& sample = sim_.sample();
  transfer::Transfer verb{id, ContactId{sim_.new_id()}, agents_[n]->id, {}, sample.transfer_flow};
  const bool to_agent = coming_ && sim_.rng().chance(1, 3);  // later he might not be there any more
  verb.queue = to_agent ? QueueId{sample.agents[sim_.rng().below(sample.agents.size())].value()}
                        : sample.queues[sim_.rng().below(sample.queues.size())];
  call(n, verb, [this, n, id, to_agent](Result<Answer> answer) {
    if (answer) {
      sim_.coverage().count(to_agent ? "agent: transferred to an agent" : "agent: transferred to a queue");
      return;
    }
    const auto on = agents_[n]->contacts.find(id);
    if (on != agents_[n]->contacts.end()) agent_says(n, id);
  });
}

void People::complete(std::size_t n, ContactId id) {
  const std::uint64_t episode = agents_[n]->episode;
  sim_.events().in(sim_.draw(200ms, 3s), [this, n, id, episode] {
    Agent& a = *agents_[n];
    if (a.episode != episode) return;
    call(n, presence::Complete{a.id, id}, [this, n, id](Result<Answer> answer) {
      if (answer) {
        sim_.coverage().count("agent: after-contact work done");
        return;
      }
      const auto on = agents_[n]->contacts.find(id);
      if (on != agents_[n]->contacts.end() && on->second.slot.state == presence::SlotState::after_contact_work) {
        complete(n, id);
      }
    });
  });
}

void People::died(std::size_t node) {
  for (const auto& agent : agents_) {
    if (agent->desk.open && agent->desk.node == node) lost_desk(agent->index, "its node died");
  }
  for (const auto& customer : customers_) {
    if (customer->session == 0 || customer->gateway != node) continue;
    const std::size_t n = customer->index;
    disconnect(n, false);
    customer->gateway = any_gateway();
    sim_.events().in(sim_.draw(50ms, 4s), [this, n] {
      sim_.coverage().count("customer: came back");
      connect(n);
    });
  }
}

std::vector<People::Serving> People::serving() const {
  std::vector<Serving> out;
  for (const auto& agent : agents_) {
    if (!agent->desk.open) continue;
    for (const auto& [id, on] : agent->contacts) {
      if (on.slot.state == presence::SlotState::busy && on.contact.phase == contact::Phase::with_agent) {
        out.push_back({agent->id, id, agent->desk.node, on.since});
      }
    }
  }
  return out;
}

}  // namespace tandem::sim
