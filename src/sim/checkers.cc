#include "sim/checkers.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"

namespace tandem::sim {
namespace {

std::string name(LogId log) { return fmt::format("log {}/{:x}", log.origin.value(), log.incarnation.value()); }
std::string name(NodeId node) { return fmt::format("node {}", node.value()); }
std::string name(ContactId contact) { return "contact " + contact.value().text(); }
std::string name(AgentId agent) { return "agent " + agent.value().text(); }
std::string name(const Line& line) {
  return fmt::format("{}@{}/{:x}", line.term.value(), line.node.value(), line.incarnation.value());
}

Sequence at(const Vector& vector, LogId log) {
  const auto found = vector.find(log);
  return found == vector.end() ? Sequence{} : found->second;
}

const char* state_name(contact::MoveState state) {
  constexpr const char* kNames[] = {"none", "offered", "accepted", "attached", "timed out", "returned", "abandoned"};
  return kNames[static_cast<std::size_t>(state)];
}

// The module whose part of the world holds byte `offset` (World::bytes: one length-delimited field a module), and the
// bytes around it.
std::string module_at(const std::string& bytes, std::size_t offset) {
  constexpr const char* kModules[] = {"?",       "config",   "access",   "membership", "contact",      "presence",
                                      "routing", "transfer", "failover", "answers",    "distribution", "customer"};
  std::size_t at = 0;
  while (at < bytes.size()) {
    const auto field = static_cast<std::uint8_t>(bytes[at++]) >> 3;
    std::size_t length = 0;
    for (unsigned shift = 0; at < bytes.size(); shift += 7) {
      const auto byte = static_cast<std::uint8_t>(bytes[at++]);
      length |= static_cast<std::size_t>(byte & 0x7fU) << shift;
      if ((byte & 0x80) == 0) break;
    }
    if (offset < at + length) return kModules[std::min<std::size_t>(field, std::size(kModules) - 1)];
    at += length;
  }
  return "?";
}

}  // namespace

// -- worlds-equal

void WorldsEqual::compare(const std::vector<Seen>& worlds) {
  for (std::size_t i = 0; i < worlds.size(); ++i) {
    for (std::size_t j = i + 1; j < worlds.size(); ++j) {
      if (worlds[i].vector != worlds[j].vector || worlds[i].bytes == worlds[j].bytes) continue;
      const auto differ = std::ranges::mismatch(worlds[i].bytes, worlds[j].bytes);
      const auto offset = static_cast<std::size_t>(differ.in1 - worlds[i].bytes.begin());
      verdict_.broken("worlds-equal",
                      fmt::format("{} and {} stand for one vector and differ in {}, from byte {} of {} and {}",
                                  name(worlds[i].node), name(worlds[j].node), module_at(worlds[i].bytes, offset),
                                  offset, worlds[i].bytes.size(), worlds[j].bytes.size()));
      return;
    }
  }
}

void WorldsEqual::settled(const std::vector<Seen>& worlds) {
  for (const Seen& world : worlds) {
    for (const auto& [log, sequence] : worlds.front().vector) {
      if (at(world.vector, log) == sequence) continue;
      verdict_.broken("worlds-equal", fmt::format("after healing {} is at {} of {}, {} at {}", name(world.node),
                                                  at(world.vector, log).value(), name(log), name(worlds.front().node),
                                                  sequence.value()));
      return;
    }
    if (world.vector.size() != worlds.front().vector.size()) {
      verdict_.broken("worlds-equal",
                      fmt::format("after healing {} knows {} logs, {} knows {}", name(world.node), world.vector.size(),
                                  name(worlds.front().node), worlds.front().vector.size()));
      return;
    }
  }
  compare(worlds);
}

// -- order

void Order::started(NodeId node, Vector has) { has_[node] = std::move(has); }

void Order::loaded(NodeId node, const Vector& vector) {
  for (const auto& [log, sequence] : vector) {
    Sequence& has = has_[node][log];
    has = std::max(has, sequence);
  }
}

void Order::applied(NodeId node, LogId log, Sequence sequence, std::uint64_t hash) {
  Sequence& has = has_[node][log];
  if (sequence.value() != has.value() + 1) {
    verdict_.broken("order",
                    fmt::format("{} applied {} of {} after {}", name(node), sequence.value(), name(log), has.value()));
  }
  has = sequence;
  std::vector<std::uint64_t>& hashes = hashes_[log];
  if (hashes.size() < sequence.value()) hashes.resize(sequence.value());
  std::uint64_t& known = hashes[sequence.value() - 1];
  // What its origin never had on disk may be written anew after a crash only by another incarnation.
  if (known != 0 && known != hash) {
    verdict_.broken("order",
                    fmt::format("{} applied other bytes as {} of {}", name(node), sequence.value(), name(log)));
  }
  known = hash;
  if (node != log.origin && durable_at_origin_[log] < sequence) {
    verdict_.broken("order", fmt::format("{} applied {} of {}, which its origin has on disk up to {} only", name(node),
                                         sequence.value(), name(log), durable_at_origin_[log].value()));
  }
}

void Order::durable(NodeId node, LogId log, Sequence sequence) {
  if (node != log.origin) return;
  Sequence& durable = durable_at_origin_[log];
  durable = std::max(durable, sequence);
}

// -- told-is-kept

void ToldIsKept::recorded(const Uuid& cause, LogId log, Sequence sequence) {
  if (!cause.nil()) records_[cause].emplace_back(log, sequence);
}

void ToldIsKept::durable(NodeId node, LogId log, Sequence sequence) {
  Sequence& has = on_disk_[log][node];
  has = std::max(has, sequence);
  if (node == log.origin) {
    Sequence& origin = durable_at_origin_[log];
    origin = std::max(origin, sequence);
  }
}

void ToldIsKept::disk_lost(NodeId node) {
  for (auto& [log, disks] : on_disk_) {
    const auto gone = disks.find(node);
    if (gone == disks.end()) continue;
    const Sequence had = gone->second;
    disks.erase(gone);
    Sequence rest;
    for (const auto& [other, has] : disks) rest = std::max(rest, has);
    if (rest < had) lost_[log].emplace_back(Sequence{rest.value() + 1}, had);
  }
}

bool ToldIsKept::lost(LogId log, Sequence sequence) const {
  const auto ranges = lost_.find(log);
  return ranges != lost_.end() && std::ranges::any_of(ranges->second, [&](const auto& range) {
           return range.first <= sequence && sequence <= range.second;
         });
}

bool ToldIsKept::excused(const Uuid& command) const {
  const auto records = records_.find(command);
  return records != records_.end() &&
         std::ranges::all_of(records->second, [&](const auto& record) { return lost(record.first, record.second); });
}

void ToldIsKept::told(const Uuid& command) {
  const auto records = records_.find(command);
  if (records == records_.end()) return;  // a yes that needed no record
  told_.insert(command);
  const bool durable = std::ranges::any_of(records->second, [&](const auto& record) {
    const auto origin = durable_at_origin_.find(record.first);
    return origin != durable_at_origin_.end() && record.second <= origin->second;
  });
  if (!durable) {
    verdict_.broken(
        "told-is-kept",
        fmt::format("command {} was answered yes before its record was on its origin's disk", command.text()), command);
  }
}

void ToldIsKept::settled(const Vector& everywhere) {
  for (const Uuid& command : told_) {
    const auto& records = records_.at(command);
    const bool kept =
        std::ranges::any_of(records, [&](const auto& record) { return record.second <= at(everywhere, record.first); });
    const bool gone =
        std::ranges::all_of(records, [&](const auto& record) { return lost(record.first, record.second); });
    if (kept || gone) continue;
    verdict_.broken("told-is-kept",
                    fmt::format("command {} was answered yes, and its record {} of {} is in no world", command.text(),
                                records.front().second.value(), name(records.front().first)),
                    command);
  }
}

// -- one-owner

void OneOwner::sample_begins() {
  owners_.clear();
  doubled_before_ = std::exchange(doubled_, {});
}

void OneOwner::owns(NodeId node, const Uuid& thing) {
  const auto [at, fresh] = owners_.try_emplace(thing, node);
  if (fresh || at->second == node) return;
  const auto before = doubled_before_.find(thing);
  int& times = doubled_[thing];
  times = before == doubled_before_.end() ? 1 : before->second + 1;
  if (times < kSamples) return;
  verdict_.broken("one-owner", fmt::format("{} and {} both own {}", name(at->second), name(node), thing.text()), thing);
}

void OneOwner::serves(AgentId agent, ContactId contact) {
  const auto [at, fresh] = serving_.try_emplace(contact, agent);
  if (fresh || at->second == agent) return;
  verdict_.broken("one-owner", fmt::format("{} and {} both serve {}", name(at->second), name(agent), name(contact)),
                  contact.value());
}

// -- one-desktop

void OneDesktop::opened(AgentId agent, const Uuid& desktop, NodeId node) {
  auto& open = open_[agent];
  for (const auto& [other, where] : open) {
    if (other == desktop) continue;
    verdict_.broken(
        "one-desktop",
        fmt::format("{} has a desktop open at {} while another opens at {}", name(agent), name(where), name(node)),
        agent.value());
  }
  open[desktop] = node;
}

void OneDesktop::closed(AgentId agent, const Uuid& desktop) { open_[agent].erase(desktop); }

// -- one-promise

void OnePromise::shows(AgentId agent, const std::map<ContactId, presence::Slot>& slots, std::size_t chats_max,
                       std::size_t tasks_max) {
  std::size_t chats = 0;
  std::size_t tasks = 0;
  for (const auto& [contact, slot] : slots) ++(slot.channel == contact::Channel::task ? tasks : chats);
  if (chats <= chats_max && tasks <= tasks_max) return;
  verdict_.broken("one-promise",
                  fmt::format("{} is shown {} chats and {} tasks, and may have {} and {}", name(agent), chats, tasks,
                              chats_max, tasks_max),
                  agent.value());
}

void OnePromise::accepted(AgentId agent, ContactId contact, const std::map<ContactId, presence::Slot>& before) {
  const auto slot = before.find(contact);
  if (slot != before.end()) return;
  verdict_.broken("one-promise",
                  fmt::format("{} accepted {} without a slot reserved for it", name(agent), name(contact)),
                  contact.value());
}

// -- one-outcome

void OneOutcome::written(LogId log, Sequence sequence, ContactId contact, const Line& line, const contact::Move& move) {
  if (!move.id.nil()) written_[{log, sequence}] = {contact, line, move};
}

void OneOutcome::heard(LogId log, Sequence sequence) {
  const auto at = written_.find({log, sequence});
  if (at == written_.end()) return;
  const Written written = at->second;
  written_.erase(at);
  recorded(written.contact, written.line, written.move);
}

void OneOutcome::recorded(ContactId contact, const Line& line, const contact::Move& move) {
  using contact::MoveState;
  if (move.id.nil()) return;
  Seen& seen = moves_[move.id];
  if (move.state == MoveState::accepted || move.state == MoveState::attached) {
    if (!seen.accepted || *seen.accepted < line) seen.accepted = line;
  } else if (move.state != MoveState::none && move.state != MoveState::offered) {
    if (!seen.failed || line < *seen.failed) {
      seen.failed = line;
      seen.how = move.state;
    }
  }
  if (!seen.failed || !seen.accepted || *seen.accepted <= *seen.failed) return;
  verdict_.broken("one-outcome",
                  fmt::format("the move of {} was {} in line {} and then accepted in line {}", name(contact),
                              state_name(seen.how), name(*seen.failed), name(*seen.accepted)),
                  contact.value());
}

void OneOutcome::settled(NodeId node, ContactId contact, const contact::Move& move, bool live) {
  const auto [at, fresh] = ends_.try_emplace(contact, node, move);
  if (!fresh && !(at->second.second == move)) {
    verdict_.broken("one-outcome",
                    fmt::format("{} and {} differ about the move of {}: {} and {}", name(at->second.first), name(node),
                                name(contact), state_name(at->second.second.state), state_name(move.state)),
                    contact.value());
  }
  if (live && move.open()) {
    verdict_.broken("one-outcome",
                    fmt::format("the move of {} is still {} after healing", name(contact), state_name(move.state)),
                    contact.value());
  }
}

// -- fence

void Fences::acted(const Fence& fence, NodeId node, Mono now) {
  if (now < fence.not_after) return;
  verdict_.broken("fence",
                  fmt::format("{} acts for {} {} ms after its time", name(node), name(fence.contact),
                              std::chrono::duration_cast<std::chrono::milliseconds>(now - fence.not_after).count()),
                  fence.contact.value());
}

// -- island

void Islands::acknowledged_start(ContactId contact, std::uint32_t attempt, NodeId starter, std::uint64_t number,
                                 NodeId by) {
  starts_[{contact, attempt, starter, number}].insert(by);
}

void Islands::acknowledged_sign_in(AgentId agent, Term term, NodeId asker, NodeId by) {
  sign_ins_[{agent, term, asker}].insert(by);
}

void Islands::asked(AgentId agent, Term term, NodeId asker) { sign_ins_[{agent, term, asker}].insert(asker); }

void Islands::ran(ContactId contact, std::uint32_t attempt, NodeId starter, std::uint64_t number, std::size_t members) {
  std::set<NodeId>& by = starts_[{contact, attempt, starter, number}];
  by.insert(starter);
  if (by.size() >= members / 2 + 1) return;
  verdict_.broken("island",
                  fmt::format("{} hears nobody and runs attempt {} of {} on the word of {} of {} members",
                              name(starter), attempt, name(contact), by.size(), members),
                  contact.value());
}

void Islands::opened(AgentId agent, Term term, NodeId node, std::size_t members) {
  const auto at = sign_ins_.find({agent, term, node});
  if (at == sign_ins_.end() || at->second.size() >= members / 2 + 1) return;
  verdict_.broken("island",
                  fmt::format("{} hears nobody and opens a desktop of {} on the word of {} of {} members", name(node),
                              name(agent), at->second.size(), members),
                  agent.value());
}

void Islands::answered(ContactId contact, NodeId node, std::string_view error) {
  if (error.empty()) return;
  verdict_.broken(
      "island",
      fmt::format("{} hears nobody and is well, and the customer of {} is told: {}", name(node), name(contact), error),
      contact.value());
}

// -- shadow

void Shadows::took(NodeId node, const Uuid& thing, bool serves) {
  if (serves) return;
  verdict_.broken("shadow", fmt::format("{} takes {} and has not joined yet", name(node), thing.text()), thing);
}

// -- work-once

void WorkOnce::ran(ContactId contact, std::uint32_t attempt, NodeId node) {
  const auto [at, fresh] = ran_.try_emplace({contact, attempt}, node);
  if (fresh || at->second == node) return;
  verdict_.broken(
      "work-once",
      fmt::format("attempt {} of {} ran at {} and at {}", attempt, name(contact), name(at->second), name(node)),
      contact.value());
}

void WorkOnce::given(ContactId contact, std::uint32_t attempt, AgentId agent) {
  const auto [at, fresh] = given_.try_emplace({contact, attempt}, agent);
  if (!fresh && at->second != agent) {
    verdict_.broken("work-once",
                    fmt::format("attempt {} of {} was given to {} and to {}", attempt, name(contact), name(at->second),
                                name(agent)),
                    contact.value());
  }
  if (!ran_.contains({contact, attempt})) {
    verdict_.broken("work-once",
                    fmt::format("attempt {} of {} was given to {} before its run was on record", attempt, name(contact),
                                name(agent)),
                    contact.value());
  }
}

// -- transcript-once

void TranscriptOnce::accepted(ContactId contact, const Uuid& item, std::string words, const Uuid& command) {
  accepted_[contact].push_back({item, std::move(words), command});
}

void TranscriptOnce::shown(std::uint64_t session, const Uuid& item, ContactId contact) {
  if (shown_[session].insert(item).second) return;
  verdict_.broken("transcript-once",
                  fmt::format("session {} of {} was shown item {} twice", session, name(contact), item.text()),
                  contact.value());
}

std::vector<ContactId> TranscriptOnce::contacts() const {
  std::vector<ContactId> out;
  for (const auto& [contact, said] : accepted_) out.push_back(contact);
  return out;
}

void TranscriptOnce::settled(ContactId contact, const std::vector<std::pair<Uuid, std::string>>& transcript,
                             const std::set<std::string>& once, const std::function<bool(const Uuid&)>& excused) {
  std::map<std::string, std::size_t> times;
  std::set<Uuid> ids;
  for (const auto& [item, words] : transcript) {
    if (!ids.insert(item).second) {
      verdict_.broken("transcript-once", fmt::format("item {} stands twice in {}", item.text(), name(contact)),
                      contact.value());
    }
    ++times[words];
  }
  for (const auto& [words, count] : times) {
    const bool flow = once.contains(words);
    const bool said = words.starts_with("says ");
    if (count > 1 && (flow || said)) {
      verdict_.broken("transcript-once", fmt::format("\"{}\" stands {} times in {}", words, count, name(contact)),
                      contact.value());
    }
  }
  const auto said = accepted_.find(contact);
  if (said == accepted_.end()) return;
  for (const Said& s : said->second) {
    if ((ids.contains(s.item) && times.contains(s.words)) || excused(s.command)) continue;
    verdict_.broken("transcript-once",
                    fmt::format("\"{}\" was accepted as {} and is not in {}", s.words, s.item.text(), name(contact)),
                    contact.value());
  }
}

// -- profiles

void Profiles::written(const Uuid& person, const std::string& field, std::string words, Hlc at, const Uuid& command) {
  writes_[{person, field}].push_back({std::move(words), at, command});
}

void Profiles::settled(NodeId node, const customer::State& customers,
                       const std::function<std::string(const Text&)>& unseal,
                       const std::function<bool(const Uuid&)>& excused) {
  if (!first_) first_.emplace(node, customers.all());
  if (first_->second != customers.all()) {
    return verdict_.broken(
        "profiles", fmt::format("{} and {} know different things of the customers", name(first_->first), name(node)));
  }
  for (auto& [what, writes] : writes_) {
    const Uuid& person = what.first;
    const std::string& field = what.second;
    const customer::Profile* profile = customers.find(person);
    std::erase_if(writes, [&](const Write& write) {
      if (excused(write.command) || (profile != nullptr && write.at <= profile->forgotten)) return false;
      const bool known = profile != nullptr && profile->fields_by_name.contains(field);
      const customer::Versions versions = known ? profile->fields_by_name.at(field) : customer::Versions{};
      const auto holds = [&](const auto& version) { return unseal(version.second.value.text) == write.words; };
      if (std::ranges::any_of(versions, holds)) return false;
      // As many as are kept came after it.
      if (versions.size() == customer::kVersionsMax && write.at < versions.begin()->first.at) return false;
      verdict_.broken(
          "profiles",
          fmt::format("{} knows nothing of '{}', written as {} of {}", name(node), write.words, field, person.text()),
          person);
      return true;  // said once
    });
  }
}

// -- settled

void Settled::contact(const Contact& c) {
  if (c.phase == contact::Phase::ended || c.phase == contact::Phase::abandoned) return;
  if (!c.owner_knows) {
    verdict_.broken("settled", fmt::format("{} lives, and its owner {} does not know it", name(c.id), name(c.owner)),
                    c.id.value());
  } else if (c.strays) {
    verdict_.broken("settled", fmt::format("{} and its consultation do not belong together any more", name(c.id)),
                    c.id.value());
  } else if ((c.work || c.attached) && c.phase == contact::Phase::queued && c.agent_idle && c.waits_long) {
    verdict_.broken("settled", fmt::format("{} waits in its queue while an agent has nothing to do", name(c.id)),
                    c.id.value());
  } else if (!c.work && !c.attached && c.waits_long) {
    verdict_.broken("settled", fmt::format("{} lives without its customer beyond every deadline", name(c.id)),
                    c.id.value());
  }
}

void Settled::customer(ContactId id, const std::optional<Contact>& found, std::optional<NodeId> upstream) {
  if (!found || found->phase == contact::Phase::abandoned) {
    verdict_.broken("settled", fmt::format("the customer of {} is there and was put out", name(id)), id.value());
  } else if (found->phase == contact::Phase::ended) {
    verdict_.broken("settled", fmt::format("the customer of {} was not told that it is over", name(id)), id.value());
  } else if (!found->attached || !upstream || *upstream != found->owner) {
    verdict_.broken("settled",
                    fmt::format("the session of {} is at {}, its owner is {}, attached {}", name(id),
                                upstream ? name(*upstream) : "no node", name(found->owner), found->attached),
                    id.value());
  }
}

void Settled::put_out(ContactId id) {
  verdict_.broken("settled", fmt::format("the customer of {} was put out while he was there", name(id)), id.value());
}

// -- global-order

void GlobalOrder::given(const routing::Key& key, AgentId agent, const Waiting& other) {
  if (!(other.key < key) || other.unchanged <= kBound) return;
  verdict_.broken(
      "global-order",
      fmt::format("{} is given to {} while {} of {}, who is before it, waits unchanged for {} ms", name(key.id),
                  agent.value().text(), name(other.key.id), name(other.owner), other.unchanged.count()),
      key.id.value());
}

// -- shares

void SharesHeld::placed(const contact::Contact& contact, NodeId owner, std::chrono::milliseconds drained_for) {
  if (drained_for <= kBound) return;
  std::string options;
  for (const auto& each : contact.placed.options)
    options += fmt::format(" {} {}*{}", each.region, each.target, each.part);
  verdict_.broken("shares",
                  fmt::format("{} begins at {}, whose region is drained since {} ms; {} chose it by rule {} of{}",
                              name(contact.id), name(owner), drained_for.count(), name(contact.placed.by),
                              static_cast<int>(contact.placed.rule), options),
                  contact.id.value());
}

// -- evacuation, ramp-gate, return

void Evacuations::voted(NodeId by, const failover::Vote& vote) {
  if (vote.down && vote.kinds() >= 2) cast_.insert({by, vote.subject});
}

void Evacuations::evacuated(const failover::Evacuated& fact, const std::vector<NodeId>& standing, std::size_t members,
                            std::chrono::nanoseconds now) {
  const std::set<NodeId> voters(fact.voters.begin(), fact.voters.end());
  std::size_t counted = 0;
  for (const NodeId voter : voters) {
    const bool stands = std::ranges::find(standing, voter) != standing.end();
    if (voter != fact.subject && stands && cast_.contains({voter, fact.subject})) ++counted;
  }
  if (counted < std::max<std::size_t>(2, (members - 1) / 2 + 1)) {
    verdict_.broken("evacuation", fmt::format("{} is declared evacuated with {} votes of {} other members",
                                              name(fact.subject), counted, members - 1));
  }
  if (!only_the_dead_) return;
  const auto died = dead_.find(fact.subject);
  if (died != dead_.end()) {
    found_[fact.subject] = now;
    found_after_.push_back(now - died->second);
    dead_.erase(died);
  } else if (const auto found = found_.find(fact.subject); found == found_.end() || now - found->second > 10s) {
    verdict_.broken("evacuation", fmt::format("{} is declared evacuated and lives", name(fact.subject)));
  }
}

void Evacuations::died(NodeId node, std::chrono::nanoseconds now) { dead_[node] = now; }

void Evacuations::over(std::chrono::nanoseconds now) {
  for (const auto& [node, since] : dead_) {
    if (now - since < kFoundMax) continue;
    verdict_.broken("evacuation",
                    fmt::format("{} is dead for {} ms and nobody says so", name(node),
                                std::chrono::duration_cast<std::chrono::milliseconds>(now - since).count()));
  }
}

void Evacuations::stepped(const distribution::Stepped& step, bool answers, NodeId by) {
  std::uint32_t& at = steps_[{step.region, step.order}];
  const bool up = step.step > at;
  at = step.step;
  if (!up || answers) return;
  verdict_.broken("ramp-gate", fmt::format("{} lets {} take step {} though it does not answer", name(by), step.region,
                                           step.step + 1));
}

void Evacuations::started(NodeId node, Vector others) { to_apply_[node] = std::move(others); }

void Evacuations::disk_lost(NodeId node) {
  for (auto& [other, vector] : to_apply_)
    std::erase_if(vector, [&](const auto& each) { return each.first.origin == node; });
}

void Evacuations::returned(NodeId node, failover::MemberState state, const Vector& seen) {
  if (state != failover::MemberState::recovering || covers(seen, to_apply_[node])) return;
  verdict_.broken("return",
                  fmt::format("{} comes back before it has applied what the others had when it started", name(node)));
}

// -- one-upstream

void OneUpstream::lets_go(SessionId session, NodeId node) {
  std::uint64_t& told = told_[{session.gateway, session.number, node}];
  told = std::max(told, session.tries);
}

void OneUpstream::asks(SessionId session, NodeId node, NodeId holder, std::uint64_t held_tries) {
  if (holder == node) return;
  const auto told = told_.find({session.gateway, session.number, holder});
  if (told != told_.end() && told->second >= held_tries) return;  // the detach is on its way
  // A try at the gateway's own node lies between, made when nobody else could be told; nothing of it is seen here.
  if (session.tries > held_tries + 1) return;
  verdict_.broken("one-upstream", fmt::format("session {} of gateway {} goes to {} while it is attached at {}",
                                              session.number, session.gateway.value(), name(node), name(holder)));
}

}  // namespace tandem::sim
