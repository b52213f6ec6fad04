// What people see here: customers' sessions, of sockets here and of contacts here, and the desktops of agents.
#include "base/bug.h"
#include "node/node.h"

namespace tandem {

std::optional<NodeId> Node::upstream(std::uint64_t session) const {
  const auto at = sessions_.find(session);
  if (at == sessions_.end() || !at->second.attached) return std::nullopt;
  return at->second.upstream;
}

void Node::handle(SessionOpened& opened) {
  sessions_[opened.number].contact = opened.contact;
  try_attach(opened.number);
}

void Node::handle(SessionClosed& closed) {
  const auto at = sessions_.find(closed.number);
  if (at == sessions_.end()) return;
  const Session session = at->second;
  NodeId holder = session.upstream;
  if (const auto forward = forwards_.find(session.attaching); forward != forwards_.end()) {
    holder = forward->second.to;
    tickets_of_.erase(forward->second.ticket);
    forwards_.erase(forward);
  }
  sessions_.erase(at);
  if (holder != NodeId{} && !session.ended) {
    detach_at(holder, session.contact, {local_.self, closed.number, session.tries});
  }
}

void Node::detach_at(NodeId upstream, ContactId contact, SessionId session) {
  Command detach{mint_uuid(now_.hlc, rng_), contact::Detach{contact, session}, false, {}};
  send(upstream, message::Forward{{}, std::move(detach)}, true);
}

void Node::let_go(NodeId node, std::uint64_t number) {
  if (bug::on(bug::Name::attach_before_detach)) return;
  const auto at = sessions_.find(number);
  if (at != sessions_.end()) detach_at(node, at->second.contact, {local_.self, number, at->second.tries});
}

void Node::try_attach(std::uint64_t number) {
  Session& session = sessions_.at(number);
  if (session.attached || session.ended || !session.attaching.nil()) return;
  // The gateway detaches the old upstream before it attaches the new.
  if (session.upstream != NodeId{}) {
    let_go(session.upstream, number);
    session.upstream = {};
  }
  Command command{mint_uuid(now_.hlc, rng_), contact::Attach{session.contact, {local_.self, number}}, true, {}};
  session.attaching = command.id;
  Forwarded& f = forwards_[command.id];
  f.deadline = now_.mono + kForwardMax;
  f.replies = false;
  f.session = number;
  const Uuid command_id = command.id;
  f.command = std::move(command);
  try_forward(command_id);
}

void Node::attach_answered(std::uint64_t number, const Result<Answer>& result, NodeId by) {
  const auto at = sessions_.find(number);
  if (at == sessions_.end()) return;
  Session& session = at->second;
  session.attaching = {};
  if (result) {
    session.attached = true;
    session.upstream = by;
    session.life = world_.members().incarnation(by);
    return;
  }
  session.retry = now_.mono + kRetryAfter;
  sessions_wake_ = std::min(sessions_wake_, session.retry);
}

// Upstreams that are out of reach, or whose process is another one by now, whoever answers there.
void Node::lost_upstreams() {
  for (auto& [number, session] : sessions_) {
    if (!session.attached || session.upstream == local_.self) continue;
    const bool there =
        local_.reachable.contains(session.upstream) && world_.members().incarnation(session.upstream) == session.life;
    if (there) continue;
    session.attached = false;
    sessions_wake_ = {};
  }
}

void Node::sessions_due() {
  if (now_.mono < sessions_wake_) return;
  for (auto& [number, session] : sessions_) {
    if (session.attached || session.ended || !session.attaching.nil()) continue;
    if (now_.mono >= session.retry) try_attach(number);
  }
  sessions_wake_ = Mono::max();
  for (const auto& [number, session] : sessions_) {
    const bool waits = !session.attached && !session.ended && session.attaching.nil();
    if (waits) sessions_wake_ = std::min(sessions_wake_, session.retry);
  }
}

void Node::tell_sessions() {
  if (now_.mono - sessions_told_ < kSessionsToldEvery) return;
  sessions_told_ = now_.mono;
  std::map<NodeId, message::Sessions> told;
  for (const NodeId node : local_.reachable) told[node];  // also that there are none
  told[local_.self];  // as an owner it may have let go of what it holds as a gateway
  for (const auto& [number, session] : sessions_) {
    const auto forward = forwards_.find(session.attaching);
    const NodeId at = forward != forwards_.end() ? forward->second.to : session.upstream;
    const auto to = told.find(at);
    if (to == told.end() || session.ended) continue;
    to->second.entries.push_back({session.contact, {local_.self, number, session.tries}, session.attached});
  }
  for (const auto& [node, sessions] : told) send(node, sessions, true);
}

void Node::on(NodeId from, message::Sessions& m) {
  std::set<ContactId> there;
  for (const message::Sessions::Entry& entry : m.entries) {
    there.insert(entry.contact);
    const auto at = local_.attachments.find(entry.contact);
    const bool held = at != local_.attachments.end() && at->second == entry.session;
    if (entry.attached && !held) send(from, message::Reattach{entry.session, local_.self}, true);
  }
  for (const auto& [contact, session] : std::map(local_.attachments)) {
    if (session.gateway == from && !there.contains(contact)) detach(contact, session);
  }
}

void Node::on(NodeId from, message::Show& m) {
  const auto at = sessions_.find(m.session.number);
  if (at == sessions_.end()) return;
  Session& session = at->second;
  // Its try names the node that was asked, whose answer may still be on another way.
  if (m.session.tries != session.tries || (session.attached && session.upstream != from)) return;
  ShowSession show{m.session.number, m.contact, {}, m.ended};
  for (contact::Item& item : m.items) {
    if (contact::says_it_is_over(item) && !m.ended) continue;  // of a line that has lost: the chat goes on
    if (!session.known.insert(item.id).second) continue;
    // What stood before the session opened is for GetTranscript, as with the service.
    if (m.whole && session.first) continue;
    show.items.push_back(std::move(item));
  }
  if (m.whole) session.first = false;
  session.ended = session.ended || m.ended;
  if (!show.items.empty() || m.ended) outputs_.out.push_back(std::move(show));
}

void Node::on(NodeId from, message::Reattach& m) {
  const auto at = sessions_.find(m.session.number);
  if (at == sessions_.end() || at->second.upstream != from || at->second.tries != m.session.tries) return;
  at->second.attached = false;
  sessions_wake_ = {};
  at->second.upstream = {};  // it has let go by itself
}

void Node::on(NodeId from, message::PingSession& m) {
  const auto at = sessions_.find(m.session.number);
  if (at == sessions_.end() || at->second.upstream != from || at->second.tries != m.session.tries) return;
  Command command{mint_uuid(now_.hlc, rng_), contact::Alive{m.contact, m.session}, false, {}};
  send(from, message::Forward{{}, std::move(command)}, true);
}

void Node::handle(PassOn& pass) {
  const contact::Held* held = world_.contacts().find(pass.contact);
  if (held == nullptr) return;
  pass.item.at = now_.hlc;
  send(held->line.node, message::Pass{{}, pass.contact, pass.item}, true);
}

void Node::on(NodeId, message::Pass& m) {
  if (m.session.number != 0) {
    if (sessions_.contains(m.session.number))
      outputs_.out.push_back(ShowSession{m.session.number, m.contact, {m.item}, false});
    return;
  }
  if (!owns(m.contact)) return;
  const contact::Contact& contact = world_.contacts().find(m.contact)->contact;
  if (m.item.role != contact::Role::customer) {
    const auto at = local_.attachments.find(m.contact);
    if (at != local_.attachments.end()) send(at->second.gateway, message::Pass{at->second, m.contact, m.item}, true);
    return;
  }
  show_items(contact.agent, contact, {m.item});
}

void Node::detach(ContactId contact, SessionId session) {
  const auto at = local_.attachments.find(contact);
  if (at == local_.attachments.end() || at->second != session) return;
  local_.attachments.erase(at);
  // The gateway may not have seen what this node saw; it attaches anew by a way that works.
  send(session.gateway, message::Reattach{session, local_.self}, true);
  if (!owns(contact)) return;
  if (auto decision = contact::decide({world_.contacts(), local_}, contact::Detach{contact, session}, now_)) {
    emit(std::move(*decision));
  }
}

void Node::link_lost(NodeId peer) {
  // Sessions live on the connection: both ends see it go, and the gateway attaches anew, by another way if need be.
  for (const auto& [contact, session] : std::map(local_.attachments)) {
    if (session.gateway == peer) detach(contact, session);
  }
  for (auto& [number, session] : sessions_) {
    if (session.upstream != peer) continue;
    session.attached = false;
    sessions_wake_ = {};
  }
}

// Shows a new record to the customer, the agent's desktop and those who take part from other nodes. What another node
// says of a contact that this node owns is of a line that has lost: words of people who were cut off, or said again
// here.
void Node::show(const contact::Rec& rec, bool own) {
  const ContactId id = contact::contact_of(rec);
  const contact::Held* held = world_.contacts().find(id);
  const bool ended = own && held->contact.phase == contact::Phase::ended;
  if (held == nullptr || (contact::items_of(rec).empty() && !ended)) return;
  const bool mine = own || owns(id);
  const auto guests = presence::guests(world_.contacts(), held->contact);
  if (!mine && guests.empty()) return;
  std::vector<contact::Item> items = contact::items_of(rec);
  if (!own) std::erase_if(items, [&](const auto& item) { return world_.contacts().repeated(id, item.id); });
  if (const auto session = local_.attachments.find(id); mine && session != local_.attachments.end()) {
    send(session->second.gateway, message::Show{session->second, id, items, false, ended});
  }
  const bool serves = mine && held->contact.phase != contact::Phase::offering;
  if (serves) show_items(held->contact.agent, held->contact, items);
  for (const AgentId guest : guests) show_items(guest, held->contact, items);
}

void Node::show_items(AgentId agent, const contact::Contact& in, const std::vector<contact::Item>& items) {
  if (items.empty() || !local_.desktops.contains(agent)) return;
  park(DesktopEvent{agent, DesktopWhat::items, DesktopEvent::as_is(in), {}, items, {}, {}});
}

void Node::desktop_events() {
  for (const AgentId agent : std::exchange(desk_touched_, {})) {
    if (!local_.desktops.contains(agent)) continue;
    const presence::Held* held = world_.agents().find(agent);
    if (held == nullptr || !sees().mine(held->line)) continue;
    auto& shown = on_desktop_[agent];
    auto now_there = presence::on_desk(world_.contacts(), held->presence);
    for (const auto& [id, seen] : now_there) {
      const auto before = shown.find(id);
      if (before != shown.end() && before->second == seen) continue;
      DesktopEvent event{.agent = agent, .contact = DesktopEvent::as_is(world_.contacts().find(id)->contact)};
      if (!(event.guest = !seen.slot)) event.slot = held->presence.slots.at(id);
      park(std::move(event));
    }
    for (const auto& [id, was] : shown) {
      if (now_there.contains(id)) continue;
      const contact::Held* contact = world_.contacts().find(id);
      park(DesktopEvent{.agent = agent,
                        .contact = contact == nullptr ? nullptr : DesktopEvent::as_is(contact->contact)});
    }
    shown = std::move(now_there);
    park(DesktopEvent{.agent = agent, .what = DesktopWhat::status, .presence = held->presence});
  }
}

}  // namespace tandem
