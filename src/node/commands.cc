// Who executes an order: its owner, here or elsewhere; and R6, a customer's arrival while the owner is silent.
#include <algorithm>
#include <charconv>

#include "base/bug.h"
#include "base/overloaded.h"
#include "core/contact/decide.h"
#include "core/customer/decide.h"
#include "core/distribution/decide.h"
#include "core/failover/heir.h"
#include "core/transfer/decide.h"
#include "core/transfer/react.h"
#include "node/node.h"

namespace tandem {
namespace {

// The agent whose open desktop the order is for; a sign-in is for the node that it comes to.
AgentId agent_of(const Verb& verb) {
  return std::visit(
      [](const auto& v) {
        constexpr bool sign_in = std::is_same_v<decltype(v), const presence::SignIn&>;
        if constexpr (!sign_in && requires { v.agent; }) return v.agent;
        return AgentId{};
      },
      verb);
}

ContactId contact_of(const Verb& verb) {
  if (const auto* start = std::get_if<contact::Start>(&verb)) return start->id;
  return std::visit(
      [](const auto& v) {
        if constexpr (!requires { v.agent; } && requires { v.contact; }) return v.contact;
        return ContactId{};
      },
      verb);
}

// What is walked while its map changes.
template <class Map>
std::vector<typename Map::key_type> keys_of(const Map& map) {
  std::vector<typename Map::key_type> out;
  for (const auto& [key, value] : map) out.push_back(key);
  return out;
}

// Another node, or another moment, may answer differently.
bool worth_another_try(const Error& error, const Command& command) {
  if (error.code == Errc::not_owner || error.code == Errc::unreachable) return true;
  // A signed token names the contact: it exists, and its record is on the way here.
  return command.arrival && error.code == Errc::not_found;
}

template <class Rec, class T>
Result<Decision> written(Result<T> record) {
  if (!record) return std::unexpected(record.error());
  return Decision{{Rec{std::move(*record)}}, {}};
}

NodeId named(const Error& error) {
  std::uint16_t node = 0;
  if (error.code == Errc::not_owner)
    std::from_chars(error.detail.data(), error.detail.data() + error.detail.size(), node);
  return NodeId{node};
}

}  // namespace

void Node::handle(Command& command) {
  ++counters_.commands;
  const Uuid id = command.id;
  const auto [at, fresh] = forwards_.try_emplace(id);
  if (!fresh) return;  // a repeat of what is under way: its one answer serves both
  Forwarded& f = at->second;
  f.command = std::move(command);
  f.deadline = now_.mono + kForwardMax;
  if (target(f) != local_.self || (f.given && f.given->counted())) return try_forward(id);  // counted: see the answer
  command = std::move(f.command);
  forwards_.erase(at);
  execute(command, id, local_.self);
}

NodeId Node::place(contact::Start& start, Forwarded& f) {
  // Whoever has it already answers with what was answered first.
  if (const contact::Held* held = world_.contacts().find(start.id)) return held->line.node;
  f.given = chooser_.choose(sees(), {start.channel, start.flow, start.person, start.caller}, f.given, f.failed, now_);
  start.placed = f.given->placed;
  return f.given->node;
}

NodeId Node::target(Forwarded& f) {
  Command& command = f.command;
  if (auto* start = std::get_if<contact::Start>(&command.verb)) return place(*start, f);
  const ContactId contact = contact_of(command.verb);
  if (!contact.value().nil()) {
    const contact::Held* held = world_.contacts().find(contact);
    if (held == nullptr) return local_.hub && command.arrival ? failover::heir(sees(), contact, {}) : local_.self;
    const NodeId owner = held->line.node;
    if (owner == local_.self || local_.reachable.contains(owner)) return owner;
    if (!command.arrival) return owner;
    const NodeId other = failover::heir(sees(), contact, owner);
    return other == NodeId{} ? owner : other;
  }
  const AgentId agent = agent_of(command.verb);
  if (!agent.value().nil()) {
    const presence::Held* held = world_.agents().find(agent);
    if (held != nullptr && held->line.node != NodeId{}) return held->line.node;
  }
  return local_.self;
}

void Node::try_forward(const Uuid& id) {
  Forwarded& f = forwards_.at(id);
  NodeId to = target(f);
  if (f.failed.contains(to)) {
    const NodeId other = failover::heir(sees(), contact_of(f.command.verb), to);
    if (f.command.arrival && other != NodeId{}) to = other;
  }
  f.to = to;
  f.sent = now_.mono;
  f.ticket = mint_uuid(now_.hlc, rng_);
  tickets_of_[f.ticket] = id;
  if (const auto session = sessions_.find(f.session); session != sessions_.end()) {
    std::get<contact::Attach>(f.command.verb).session.tries = ++session->second.tries;
  }
  send(to, message::Forward{f.ticket, f.command}, true);
}

void Node::on(NodeId from, message::Forward& m) { execute(m.command, m.ticket, from); }

void Node::on(NodeId from, message::Answered& m) {
  const auto ticket = tickets_of_.find(m.ticket);
  if (ticket == tickets_of_.end()) return;  // of a try that was given up
  const Uuid id = ticket->second;
  tickets_of_.erase(ticket);
  Forwarded& f = forwards_.at(id);
  Result<Answer> result = m.answer;
  if (m.error != 0) result = std::unexpected(Error{static_cast<Errc>(m.error), m.detail});
  if (!result && worth_another_try(result.error(), f.command) && now_.mono + kRetryAfter < f.deadline) {
    f.ticket = {};
    f.retry = now_.mono + kRetryAfter;
    if (result.error().code == Errc::not_owner) {
      // Another node was named: at once, if it can be reached; the world here may lag behind its owner.
      f.failed.erase(named(result.error()));
    }
    return;
  }
  const std::uint64_t session = f.session;
  const bool replies = f.replies;
  if (!result && f.given) chooser_.take_back(*f.given);
  forwards_.erase(id);
  if (replies) outputs_.out.push_back(Reply{id, result});
  if (session != 0) attach_answered(session, result, from);
}

void Node::forwards_due() {
  for (const Uuid& id : keys_of(forwards_)) {
    Forwarded& f = forwards_.at(id);
    if (!f.ticket.nil()) {
      const bool lost = f.to != local_.self && !local_.reachable.contains(f.to);
      if (!lost && now_.mono - f.sent < kTryMax) continue;
      tickets_of_.erase(f.ticket);
      f.ticket = {};
      f.failed.insert(f.to);
      // It may have attached all the same, and only its answer be lost: no second upstream while it may hold one.
      if (f.session != 0) let_go(f.to, f.session);
      f.retry = lost ? now_.mono : now_.mono + kRetryAfter;
    }
    if (now_.mono >= f.deadline) {
      const Error error{Errc::unreachable, "the node that must decide does not answer"};
      const std::uint64_t session = f.session;
      if (f.replies) outputs_.out.push_back(Reply{id, std::unexpected(error)});
      const NodeId to = f.to;
      if (f.given) chooser_.take_back(*f.given);
      forwards_.erase(id);
      if (session != 0) attach_answered(session, std::unexpected(error), to);
      continue;
    }
    if (now_.mono >= f.retry) try_forward(id);
  }
}

void Node::answer(const Uuid& ticket, NodeId asker, Result<Answer> result, bool at_once) {
  if (!result) ++counters_.refused;
  if (ticket.nil()) return;
  if (asker == local_.self && !tickets_of_.contains(ticket)) {
    auto& to = at_once ? outputs_.out.emplace_back() : std::get<Out>(step_out_.emplace_back());
    to = Reply{ticket, std::move(result)};
    return;
  }
  message::Answered m;
  m.ticket = ticket;
  if (result) {
    m.answer = *result;
  } else {
    m.error = static_cast<std::uint8_t>(result.error().code);
    m.detail = result.error().detail;
  }
  send(asker, m, at_once);
}

void Node::execute(const Command& command, const Uuid& ticket, NodeId asker) {
  if (const Answer* before = world_.answer(command.id)) {
    if (!std::holds_alternative<contact::Attach>(command.verb)) {
      step_ack_ = Ack::peer;  // the first answer may still be on its way to a second disk
      answer(ticket, asker, *before);
      return;
    }
  }
  if (log_full_) {
    // Nothing was written for it: behind what the full disk holds up, this word would come when it is taken again.
    answer(ticket, asker, fail(Errc::log_full, "this node's disk is full: it takes no new work until there is room"),
           true);
    return;
  }
  const bool new_work =
      std::holds_alternative<contact::Start>(command.verb) || std::holds_alternative<presence::SignIn>(command.verb);
  if (clock_doubted_ && new_work) {
    // As good as silent to whoever asks: a gateway tries another region, and a client tries again.
    answer(ticket, asker,
           fail(Errc::unreachable, "this node's clock cannot be trusted: it takes no new work until it agrees"));
    return;
  }
  const ContactId contact = contact_of(command.verb);
  const contact::Held* held = contact.value().nil() ? nullptr : world_.contacts().find(contact);
  const bool over = held != nullptr && held->contact.phase == contact::Phase::ended;
  if (command.arrival && !owns(contact) && !over) {
    arrive(command, ticket, asker);
    return;
  }
  keys_ = command.keys;
  Result<Decision> decision = decide(command);
  if (!decision) {
    keys_.clear();
    transfer::count(counters_.handed, world_.config(), command.verb, decision.error());
    answer(ticket, asker, std::unexpected(decision.error()));
    return;
  }
  emit(std::move(*decision), command.id);
  keys_.clear();
  if (const auto* sign_in = std::get_if<presence::SignIn>(&command.verb)) {
    const auto former = signing_in_.find(sign_in->agent);
    if (former != signing_in_.end()) {
      answer(former->second.waiting.ticket, former->second.waiting.asker,
             fail(Errc::refused, "another sign-in of the agent began"));
    }
    signing_in_[sign_in->agent] = SigningIn{{command, ticket, asker}, now_.mono + local_.timers.sign_in};
    return;
  }
  Answer done{{}, {}, now_.hlc};
  if (const Answer* made = world_.answer(command.id)) done = *made;
  step_ack_ = Ack::peer;
  answer(ticket, asker, done);
  const auto* attach = std::get_if<contact::Attach>(&command.verb);
  if (attach == nullptr || held == nullptr) return;
  held = world_.contacts().find(contact);
  message::Show show{attach->session, contact, {}, true, held->contact.phase == contact::Phase::ended};
  for (const contact::Item* item : world_.contacts().transcript(contact)) show.items.push_back(*item);
  if (!show.ended) local_.attachments[contact] = attach->session;
  send(attach->session.gateway, show);
}

Result<Decision> Node::decide(const Command& command) {
  const contact::Sees contacts{world_.contacts(), local_};
  const presence::Sees desks = desk_sees();
  return std::visit(
      Overloaded{
          [&](const contact::Start& v) -> Result<Decision> {
            if (world_.config().find(config::Kind::flow, v.flow.value()) == nullptr) {
              return fail(Errc::not_found, "no contact flow " + v.flow.value().text());
            }
            return contact::decide(contacts, v, now_);
          },
          [&](const contact::Say& v) -> Result<Decision> {
            auto decision = contact::decide(contacts, v, now_);
            if (!decision) return decision;
            contact::Item& said =
                std::get<contact::Updated>(std::get<contact::Rec>(decision->records.front())).items.front();
            said.id = command.id;
            const contact::Held& held = *world_.contacts().find(v.contact);
            const bool customer = v.item.role == contact::Role::customer;
            const contact::Await await = held.contact.flow.await;
            const bool heard = await == contact::Await::input || await == contact::Await::time;
            if (!customer || !heard || !flow::hears(world_.config(), held.contact)) return decision;
            // The words and the flow's next step are one record: whoever takes over sees both or neither.
            take(flow::advance(flow_sees(), held.contact, flow::Message{said.content, said.id}, now_, rng_), held,
                 {said}, command.id);
            return Decision{};
          },
          [&](const transfer::Transfer& v) -> Result<Decision> {
            resumed_.erase(v.contact);  // its new flow begins under the same term
            return transfer::decide(sees(), v, now_);
          },
          [&](const contact::Attach& v) -> Result<Decision> {
            const auto at = local_.attachments.find(v.contact);
            if (at != local_.attachments.end() && at->second.gateway == v.session.gateway &&
                at->second.number == v.session.number && at->second.tries > v.session.tries) {
              return fail(Errc::refused, "the session was attached anew since");
            }
            auto decision = contact::decide(contacts, v, now_);
            if (!decision || !owns(v.contact)) return decision;
            const contact::Held& held = *world_.contacts().find(v.contact);
            if (held.contact.flow.await != contact::Await::time || held.contact.attached) return decision;
            emit(std::move(*decision), command.id);
            take(flow::advance(flow_sees(), world_.contacts().find(v.contact)->contact, flow::CustomerReturned{}, now_,
                               rng_),
                 *world_.contacts().find(v.contact), {}, {});
            return Decision{};
          },
          [&](const contact::Detach& v) -> Result<Decision> {
            const auto at = local_.attachments.find(v.contact);
            if (at == local_.attachments.end() || at->second != v.session) return Decision{};
            local_.attachments.erase(at);
            return owns(v.contact) ? contact::decide(contacts, v, now_) : Result<Decision>(Decision{});
          },
          [&](const contact::Alive& v) -> Result<Decision> {
            const auto at = local_.attachments.find(v.contact);
            if (at == local_.attachments.end() || at->second != v.session) return Decision{};
            return transfer::alive(sees(), v.contact, now_);
          },
          [&](const presence::Accept& v) -> Result<Decision> { return presence::decide(desks, v, now_, rng_); },
          [&](const FlowEvent& v) -> Result<Decision> {
            if (!owns(v.contact)) return Decision{};
            const contact::Held& held = *world_.contacts().find(v.contact);
            if (!held.contact.live()) return Decision{};
            flow::Event event = std::visit([](const auto& e) { return flow::Event{e}; }, v.event);
            take(flow::advance(flow_sees(), held.contact, event, now_, rng_), held, {}, command.id);
            return Decision{};
          },
          [&](const auto& v) -> Result<Decision> {
            if constexpr (requires { contact::decide(contacts, v, now_); })
              return contact::decide(contacts, v, now_);
            else if constexpr (requires { transfer::decide(sees(), v, now_); })
              return transfer::decide(sees(), v, now_);
            else if constexpr (requires { config::decide(world_.config(), v); })
              return written<config::Rec>(config::decide(world_.config(), v));
            else if constexpr (requires { access::decide(v); })
              return written<access::Rec>(access::decide(v));
            else if constexpr (requires { distribution::decide(sees(), v, now_); })
              return distribution::decide(sees(), v, now_);
            else if constexpr (requires { customer::decide(world_.customers(), v, now_); })
              return customer::decide(world_.customers(), v, now_);
            else
              return presence::decide(desks, v, now_);
          },
      },
      command.verb);
}

// -- R6

void Node::arrive(const Command& command, const Uuid& ticket, NodeId asker) {
  const ContactId id = contact_of(command.verb);
  const contact::Held* held = world_.contacts().find(id);
  if (held == nullptr) {
    answer(ticket, asker, fail(Errc::not_found, "no contact " + id.value().text()));
    return;
  }
  if (local_.hub) {
    answer(ticket, asker, fail(Errc::not_owner, std::to_string(held->line.node.value())));
    return;
  }
  const auto [at, fresh] = arriving_.try_emplace(id);
  at->second.waiting.push_back({command, ticket, asker});
  if (!fresh) return;
  at->second.since = now_.mono;
  const NodeId owner = held->line.node;
  // Its own contact is one from before it started again.
  if (owner != local_.self && local_.reachable.contains(owner)) {
    at->second.asked = true;
    send(owner, message::AskOwner{id}, true);
  }
}

void Node::on(NodeId from, message::AskOwner& m) {
  // The owner is there. Whether it still owns, the asker sees by the records that this answer follows.
  if (owns(m.contact)) send(from, message::OwnerSays{m.contact}, true);
}

void Node::on(NodeId from, message::OwnerSays& m) {
  const auto at = arriving_.find(m.contact);
  if (at == arriving_.end()) return;
  for (const Waiting& w : at->second.waiting) {
    answer(w.ticket, w.asker, fail(Errc::not_owner, std::to_string(from.value())));
  }
  arriving_.erase(at);
}

void Node::arrivals_due() {
  for (const ContactId id : keys_of(arriving_)) {
    Arriving& a = arriving_.at(id);
    const contact::Held& held = *world_.contacts().find(id);
    const NodeId owner = held.line.node;
    if (a.asked && (now_.mono - a.since >= local_.timers.attach || !local_.reachable.contains(owner))) {
      a.asked = false;
      a.since = now_.mono;
    }
    // Everything that any member still holds of the silent owner's log comes first, within a limit. So does what became
    // of a contact that was this node's own before it started again.
    const bool heard = owner == local_.self ? local_.settled : cluster_.replication().caught_up(owner);
    const bool claim = !a.asked && (heard || now_.mono - a.since >= local_.timers.catch_up);
    if (!claim && held.contact.phase != contact::Phase::ended) continue;
    const std::vector<Waiting> waiting = std::move(a.waiting);
    arriving_.erase(id);
    if (!owns(id) && held.contact.phase != contact::Phase::ended) {
      const presence::Held* desk = world_.agents().find(held.contact.agent);
      const bool agent_here = desk != nullptr && sees().mine(desk->line) && desk->presence.slots.contains(id);
      emit(contact::arrive({world_.contacts(), local_}, held, agent_here, false, now_));
    }
    for (const Waiting& w : waiting) execute(w.command, w.ticket, w.asker);
  }
}

// -- R22

void Node::sign_ins_due() {
  for (const AgentId agent : keys_of(signing_in_)) {
    const SigningIn& s = signing_in_.at(agent);
    const presence::Stand stand =
        presence::stand(desk_sees(), agent, std::get<presence::SignIn>(s.waiting.command.verb).desktop);
    Result<Answer> result = Answer{agent.value(), {}, now_.hlc};
    if (stand.opening == presence::Opening::refused) {
      result = fail(Errc::refused, stand.reason);
    } else if (stand.opening == presence::Opening::none) {
      result = fail(Errc::refused, "another sign-in of the agent came later");
    } else if (stand.opening == presence::Opening::waiting) {
      if (now_.mono < s.deadline) continue;
      result = fail(Errc::no_quorum, stand.reason);
    }
    const Waiting waiting = s.waiting;
    signing_in_.erase(agent);
    if (result) signed_in_[agent] = waiting.ticket;
    step_ack_ = Ack::peer;
    answer(waiting.ticket, waiting.asker, std::move(result));
  }
}

// The desktop is closed before its opening was told: nobody may hear of it as open any more.
void Node::take_back_sign_in(AgentId agent, const std::string& reason) {
  const auto at = signed_in_.find(agent);
  if (at == signed_in_.end()) return;
  const auto refuse = [&](auto& what) {
    Out* out = std::get_if<Out>(&what);
    Reply* reply = out == nullptr ? nullptr : std::get_if<Reply>(out);
    if (reply != nullptr && reply->command == at->second) reply->result = fail(Errc::refused, reason);
  };
  for (Parked& parked : parked_) refuse(parked.what);
  for (auto& what : step_out_) refuse(what);
  signed_in_.erase(at);
}

}  // namespace tandem
