// Contacts: which there are, and everything about one of them.
#include <algorithm>
#include <charconv>

#include "api/ops/views.h"

namespace tandem::api::ops {
namespace {

constexpr std::size_t kLimitDefault = 100;
constexpr std::size_t kLimitMax = 1000;

json::object summary(const World& world, const contact::Held& held, Hlc now) {
  const contact::Contact& c = held.contact;
  json::object out{{"id", c.id.value().text()},
                   {"channel", presence::channel_name(c.channel)},
                   {"phase", phase_name(c.phase)},
                   {"owner", placed(world, held.line.node)},
                   {"origin", placed(world, c.origin)},
                   {"queue", named(world, config::Kind::queue, c.place.queue.value())},
                   {"agent", named(world, config::Kind::user, c.agent.value())},
                   {"attached", c.attached},
                   {"initiated", iso_time(c.initiated)},
                   {"age_ms", ms_since(c.ended.packed != 0 ? c.ended : now, c.initiated)}};
  if (c.phase == contact::Phase::queued || c.phase == contact::Phase::offering) {
    out["waiting_ms"] = ms_since(now, c.place.enqueued);
  }
  return out;
}

struct Filter {
  std::string phase;
  std::string channel;
  std::string queue;  // name or id
  std::string agent;
  std::string region;
  bool live = true;

  [[nodiscard]] bool takes(const World& world, const contact::Held& held) const {
    const contact::Contact& c = held.contact;
    const auto is = [&](const std::string& wanted, config::Kind kind, const Uuid& id) {
      return wanted.empty() || (!id.nil() && (wanted == id.text() || wanted == name_of(world, kind, id)));
    };
    return (!live || c.live()) && (phase.empty() || phase == phase_name(c.phase)) &&
           (channel.empty() || channel == presence::channel_name(c.channel)) &&
           (region.empty() || region == region_of(world, held.line.node)) &&
           is(queue, config::Kind::queue, c.place.queue.value()) && is(agent, config::Kind::user, c.agent.value());
  }
};

// What a filter names must exist: a misspelt name would look like an empty centre.
std::optional<Error> unknown(const World& world, const Filter& filter) {
  constexpr auto last_phase = static_cast<std::uint8_t>(contact::Phase::last_);
  bool phase = filter.phase.empty();
  std::string phases;
  for (std::uint8_t n = 0; n <= last_phase; ++n) {
    const char* name = phase_name(static_cast<contact::Phase>(n));
    phase = phase || filter.phase == name;
    phases += (n == 0 ? "" : n == last_phase ? " and " : ", ") + std::string(name);
  }
  if (!phase) return Error{Errc::invalid, "there is no phase '" + filter.phase + "': there are " + phases};
  const auto there = [&](const std::string& wanted, config::Kind kind) {
    if (wanted.empty() || parse_uuid(wanted)) return true;  // of what was deleted the id is still good
    return std::ranges::any_of(world.config().all(kind), [&](const config::Document* document) {
      return world.config().served_name(*document) == wanted;
    });
  };
  if (!there(filter.queue, config::Kind::queue))
    return Error{Errc::not_found, "there is no queue '" + filter.queue + "'"};
  if (!there(filter.agent, config::Kind::user))
    return Error{Errc::not_found, "there is no agent '" + filter.agent + "'"};
  return unknown_region(world, filter.region);
}

struct Listing {
  Filter filter;
  std::size_t limit = kLimitDefault;
  Hlc now;
  std::optional<ContactId> after;
  // Live contacts are listed owner by owner: those who ended, by far the most, are never looked at.
  std::vector<NodeId> owners;
  bool owners_known = false;
  std::size_t owner = 0;
  json::array found;
  std::optional<ContactId> next;
};

// Looks at one contact; false: the page is full.
bool take(const World& world, ContactId id, Listing& l) {
  const contact::Held* held = world.contacts().find(id);
  if (held != nullptr && l.filter.takes(world, *held)) {
    if (l.found.size() == l.limit) {
      l.next = l.after;
      return false;
    }
    l.found.emplace_back(summary(world, *held, l.now));
  }
  l.after = id;
  return true;
}

bool list_piece(const World& world, const Local&, Listing& l) {
  std::size_t looked = 0;
  if (!l.filter.live) {
    const auto& all = world.contacts().all();
    for (auto at = l.after ? all.upper_bound(*l.after) : all.begin(); at != all.end(); ++at) {
      if (!take(world, at->first, l)) return true;
      if (++looked == kPiece) return false;
    }
    return true;
  }
  if (!l.owners_known) {
    l.owners = world.members().nodes();
    l.owners_known = true;
  }
  for (; l.owner < l.owners.size(); ++l.owner, l.after.reset()) {
    const auto& owned = world.contacts().owned_by(l.owners[l.owner]);
    for (auto at = l.after ? owned.upper_bound(*l.after) : owned.begin(); at != owned.end(); ++at) {
      if (!take(world, *at, l)) return true;
      if (++looked == kPiece) return false;
    }
  }
  return true;
}

// Where the next page starts: a contact, and for a list of live ones the place of its owner.
std::string cursor(const Listing& l) { return std::to_string(l.owner) + "." + l.next->value().text(); }

Result<void> start_after(const std::string& text, Listing& l) {
  if (text.empty()) return {};
  const auto dot = text.find('.');
  const auto id = dot == std::string::npos ? std::nullopt : parse_uuid(std::string_view(text).substr(dot + 1));
  const auto end = text.data() + (dot == std::string::npos ? 0 : dot);
  if (!id || std::from_chars(text.data(), end, l.owner).ptr != end)
    return fail(Errc::invalid, "'after' is not one of ours");
  l.after = ContactId{*id};
  return {};
}

struct Whole {
  bool found = false;
  json::object out;
  std::map<std::string, Text> attributes;
  Text customer_name;
  Text description;
  std::vector<contact::Item> transcript;
};

const char* move_name(contact::MoveState state) {
  switch (state) {
    case contact::MoveState::none:
      return "none";
    case contact::MoveState::offered:
      return "offered";
    case contact::MoveState::accepted:
      return "accepted";
    case contact::MoveState::attached:
      return "attached";
    case contact::MoveState::timed_out:
      return "timed out";
    case contact::MoveState::returned:
      return "returned";
    case contact::MoveState::abandoned:
      return "abandoned";
  }
  return "unknown";
}

json::value move_of(const World& world, const contact::Move& move) {
  if (move.state == contact::MoveState::none) return nullptr;
  return json::object{{"id", move.id.text()},
                      {"state", move_name(move.state)},
                      {"from", placed(world, move.source)},
                      {"to", placed(world, move.destination)},
                      {"deadline", time_or_null(move.deadline)},
                      {"agent", named(world, config::Kind::user, move.agent.value())}};
}

Whole look(const World& world, ContactId id, bool transcript, Hlc now) {
  Whole out;
  const contact::Held* held = world.contacts().find(id);
  if (held == nullptr) return out;
  const contact::Contact& c = held->contact;
  out.found = true;
  out.out = summary(world, *held, now);
  json::object& o = out.out;
  o["term"] = held->line.term.value();
  o["initial"] = c.initial.value().text();
  if (!c.previous.value().nil()) o["previous"] = c.previous.value().text();
  o["placed"] = placed_of(c, world);
  o["priority"] = c.place.priority;
  o["enqueued"] = time_or_null(c.place.enqueued);
  o["connected"] = time_or_null(c.connected);
  o["ended"] = time_or_null(c.ended);
  if (!c.ended_by.empty()) o["ended_by"] = c.ended_by;
  if (!c.place.preferred.value().nil()) {
    o["waits_for_agent"] = named(world, config::Kind::user, c.place.preferred.value());
    o["waits_until"] = time_or_null(c.place.preferred_until);
  }
  o["presumed_gone_at"] = time_or_null(c.grace_until);
  o["flow"] = c.flow.block.empty()
                  ? json::value(nullptr)
                  : json::value(json::object{{"id", c.flow.flow.value().text()},
                                             {"name", name_of(world, config::Kind::flow, c.flow.flow.value())},
                                             {"block", c.flow.block},
                                             {"visit", c.flow.visit},
                                             {"until", time_or_null(c.flow.until)}});
  o["move"] = move_of(world, c.move);
  if (c.channel == contact::Channel::task) o["task"] = c.name;
  const contact::Transcript* items = world.contacts().items(id);
  o["transcript_items"] = items == nullptr ? 0 : items->size();
  json::array names;
  for (const auto& [name, value] : c.attributes) names.emplace_back(name);
  o["attribute_names"] = std::move(names);
  if (!transcript) return out;
  out.attributes = c.attributes;
  out.customer_name = c.customer_name;
  out.description = c.description;
  for (const contact::Item* item : world.contacts().transcript(id)) out.transcript.push_back(*item);
  return out;
}

// Opens what is sealed; runs outside the loop.
void open_up(Host& host, Whole& whole) {
  json::object attributes;
  for (const auto& [name, value] : whole.attributes) attributes[name] = words(host, value);
  whole.out["attributes"] = std::move(attributes);
  whole.out["customer_name"] = words(host, whole.customer_name);
  json::array items;
  for (const contact::Item& item : whole.transcript) {
    items.emplace_back(json::object{{"id", item.id.text()},
                                    {"at", iso_time(item.at)},
                                    {"role", role_name(item.role)},
                                    {"name", words(host, item.display_name)},
                                    {"type", item.content_type},
                                    {"content", words(host, item.content)}});
  }
  whole.out["transcript"] = std::move(items);
}

}  // namespace

void list_contacts(const CallPtr& call) {
  auto listing = std::make_shared<Listing>();
  Filter& filter = listing->filter;
  filter.phase = call->asked("phase");
  filter.channel = call->asked("channel");
  filter.queue = call->asked("queue");
  filter.agent = call->asked("agent");
  filter.region = call->asked("region");
  const bool over = filter.phase == "ended" || filter.phase == "abandoned";
  filter.live = !over && (call->asked("live").empty() || call->flag("live"));
  if (const std::string limit = call->asked("limit"); !limit.empty()) {
    const auto end = limit.data() + limit.size();
    const bool good = std::from_chars(limit.data(), end, listing->limit).ptr == end && listing->limit > 0;
    if (!good) return refuse(*call, {Errc::invalid, "'limit' must be a number from 1 to 1000"});
    listing->limit = std::min(listing->limit, kLimitMax);
  }
  if (const auto good = start_after(call->asked("after"), *listing); !good) return refuse(*call, good.error());
  listing->now = Hlc::at(call->host.utc_ms());
  ask(
      call->host, [listing](const World& world, const Local&) { return unknown(world, listing->filter); },
      [call, listing](const std::optional<Error>& wrong) {
        if (wrong) return refuse(*call, *wrong);
        in_pieces<Listing>(call->host, listing, list_piece, [call](Listing& l) {
          json::object out{{"as_of", iso_time(l.now)}, {"contacts", std::move(l.found)}};
          if (l.next) out["next"] = cursor(l);
          answer(*call, out);
        });
      });
}

void show_contact(const CallPtr& call) {
  const auto id = parse_uuid(call->id);
  if (!id) return refuse(*call, {Errc::invalid, "'" + call->id + "' is not a contact id"});
  const bool transcript = call->flag("transcript");
  const Hlc now = Hlc::at(call->host.utc_ms());
  if (transcript) {
    call->host.log("info", "operator " + call->operator_name + " reads the transcript of contact " + id->text());
  }
  ask(
      call->host,
      [id = ContactId{*id}, transcript, now](const World& world, const Local&) {
        return look(world, id, transcript, now);
      },
      [call, transcript](Whole whole) {
        if (!whole.found) return refuse(*call, {Errc::not_found, "no contact " + call->id + " is known here"});
        if (transcript) open_up(call->host, whole);
        answer(*call, whole.out);
      });
}

}  // namespace tandem::api::ops
