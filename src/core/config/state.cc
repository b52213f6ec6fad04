#include "core/config/state.h"

#include <algorithm>
#include <charconv>

#include "core/config/decide.h"

namespace tandem::config {
namespace {

// "2,30": priority and delay. What a document of another build holds instead is taken as if nothing stood there.
RoutingProfile::Queue rank_of(const std::string& value) {
  RoutingProfile::Queue out;
  const char* const end = value.data() + value.size();
  const auto [comma, bad] = std::from_chars(value.data(), end, out.priority);
  if (bad == std::errc{} && comma != end && *comma == ',') {
    std::int64_t delay = 0;
    std::from_chars(comma + 1, end, delay);
    out.delay = std::chrono::seconds{std::clamp<std::int64_t>(delay, 0, 9999)};
  }
  out.priority = std::clamp<std::uint32_t>(out.priority, 1, 99);
  return out;
}

// "4" or "4.5" in tenths; 0: no level.
std::uint32_t tenths_of(const std::string& value) {
  std::uint32_t whole = 0;
  const char* const end = value.data() + value.size();
  const auto [dot, bad] = std::from_chars(value.data(), end, whole);
  if (bad != std::errc{} || whole > 5) return 0;
  const bool tenth = end - dot >= 2 && *dot == '.' && dot[1] >= '0' && dot[1] <= '9';
  return whole * 10 + (tenth ? static_cast<std::uint32_t>(dot[1] - '0') : 0);
}

std::string escaped(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == '/') {
      out += "%2F";
    } else if (c == '%') {
      out += "%25";
    } else {
      out.push_back(c);
    }
  }
  return out;
}
std::string unescaped(std::string_view name) {
  std::string out;
  for (std::size_t n = 0; n < name.size(); ++n) {
    const std::string_view rest = name.substr(n);
    const bool slash = rest.starts_with("%2F");
    if (slash || rest.starts_with("%25")) {
      out.push_back(slash ? '/' : '%');
      n += 2;
    } else {
      out.push_back(name[n]);
    }
  }
  return out;
}

}  // namespace

std::string proficiency_field(std::string_view attribute, std::string_view value) {
  return "proficiency." + escaped(attribute) + '/' + escaped(value);
}

std::pair<std::string, std::string> proficiency_of(std::string_view name) {
  const std::size_t slash = std::min(name.find('/'), name.size());
  return {unescaped(name.substr(0, slash)), unescaped(name.substr(std::min(slash + 1, name.size())))};
}

const char* name_field(Kind kind) {
  if (kind == Kind::hours_override) return "";
  return kind == Kind::user ? "username" : "name";
}

const std::string& Document::get(const std::string& field) const {
  static const std::string none;
  const auto at = set.find(field);
  return at == set.end() ? none : at->second.value;
}

std::map<std::string, std::string> Document::list(std::string_view prefix) const {
  std::map<std::string, std::string> out;
  for (auto at = set.lower_bound(std::string(prefix)); at != set.end() && at->first.starts_with(prefix); ++at) {
    if (!at->second.value.empty()) out.emplace(at->first.substr(prefix.size()), at->second.value);
  }
  return out;
}

void State::merge(Field& field, const std::string& value, const Meta& meta) {
  const bool later = meta.at > field.at;
  const bool tie = meta.at == field.at && meta.log.origin < field.by;
  if (later || tie || field.by == NodeId{}) field = Field{value, meta.at, meta.log.origin};
}

void State::index(const Document& document) {
  const std::string& name = document.get(name_field(document.kind));
  if (!name.empty()) names_[{document.kind, name}].insert(document.id);
}

void State::apply(const Put& record, const Meta& meta) {
  Document& document = documents_[Key{record.kind, record.id}];
  document.kind = record.kind;
  document.id = record.id;
  // Should two nodes ever create the same id, the earlier creation stands, whichever record came first.
  const std::pair born{meta.at, meta.log.origin};
  if (record.create && (document.created.packed == 0 || born < std::pair{document.created, document.creator})) {
    document.created = meta.at;
    document.creator = meta.log.origin;
  }
  for (const auto& [name, value] : record.set) merge(document.set[name], value, meta);
  document.changed = std::max(document.changed, meta.at);
  ++version_;
  index(document);
  derive(document);
}

void State::derive(const Document& document) {
  const bool destination = document.kind == Kind::user || document.kind == Kind::queue;
  if (destination) by_itself_.emplace(quick_connect_of(document.id), Key{document.kind, document.id});
  if (document.kind == Kind::flow && compile_ != nullptr) {
    programs_[FlowId{document.id}] = compile_(document.get("content"));
  } else if (document.kind == Kind::user) {
    const AgentId agent{document.id};
    profile_of_[agent] = parse_uuid(document.get("routing_profile")).value_or(Uuid{});
    Proficiencies& proficiencies = proficiencies_[agent];
    proficiencies.clear();
    for (const auto& [name, level] : document.list("proficiency.")) {
      if (const std::uint32_t tenths = tenths_of(level); tenths > 0) proficiencies[proficiency_of(name)] = tenths;
    }
    if (proficiencies.empty()) proficiencies_.erase(agent);
  } else if (document.kind == Kind::hours_override) {
    if (const auto hours = parse_uuid(document.get("hours"))) overrides_[*hours].insert(document.id);
  } else if (document.kind == Kind::routing_profile) {
    RoutingProfile profile;
    for (const auto& [name, value] : document.list("queue.")) {
      const std::size_t dot = name.find('.');
      if (const auto queue = parse_uuid(name.substr(0, dot)); queue && dot != std::string::npos) {
        profile.queues[{*queue, name.substr(dot + 1)}] = rank_of(value);
      }
    }
    for (const auto& [channel, value] : document.list("concurrency.")) {
      std::from_chars(value.data(), value.data() + value.size(), profile.concurrency[channel]);
    }
    for (const auto& [channel, behaviour] : document.list("cross_channel.")) {
      if (behaviour == "ROUTE_ANY_CHANNEL") profile.any_channel.insert(channel);
    }
    profiles_[document.id] = std::move(profile);
  }
}

void State::apply(const Deleted& record, const Meta& meta) {
  Document& document = documents_[Key{record.kind, record.id}];
  document.kind = record.kind;
  document.id = record.id;
  merge(document.deleted, "1", meta);
  document.changed = std::max(document.changed, meta.at);
  ++version_;
}

void State::loaded() {
  names_.clear();
  programs_.clear();
  profiles_.clear();
  profile_of_.clear();
  proficiencies_.clear();
  by_itself_.clear();
  overrides_.clear();
  for (const auto& [key, document] : documents_) {
    index(document);
    derive(document);
  }
  ++version_;
}

const Document* State::find(Kind kind, const Uuid& id) const {
  const auto at = documents_.find(Key{kind, id});
  return at == documents_.end() || !at->second.live() ? nullptr : &at->second;
}

const Document* State::queue(QueueId queue) const {
  const Document* standard = find(Kind::queue, queue.value());
  return standard != nullptr ? standard : find(Kind::user, queue.value());
}

bool State::is_agents_own(QueueId queue) const {
  const Document* document = this->queue(queue);
  return document != nullptr && document->kind == Kind::user;
}

std::string State::served_name(const Document& document) const {
  const std::string& name = document.get(name_field(document.kind));
  const auto at = names_.find({document.kind, name});
  if (at == names_.end()) return name;
  for (const Uuid& id : at->second) {
    const Document* other = find(document.kind, id);
    if (other == nullptr || other->id == document.id || other->get(name_field(document.kind)) != name) continue;
    if (std::pair{other->created, other->creator} < std::pair{document.created, document.creator}) {
      return name + "~" + std::to_string(document.creator.value());
    }
  }
  return name;
}

const Document* State::named(Kind kind, std::string_view name) const {
  const auto at = names_.find({kind, std::string(name)});
  if (at != names_.end()) {
    for (const Uuid& id : at->second) {
      const Document* document = find(kind, id);
      if (document != nullptr && served_name(*document) == name) return document;
    }
  }
  const auto tilde = name.rfind('~');
  if (tilde == std::string_view::npos) return nullptr;
  const auto base = names_.find({kind, std::string(name.substr(0, tilde))});
  if (base == names_.end()) return nullptr;
  for (const Uuid& id : base->second) {
    const Document* document = find(kind, id);
    if (document != nullptr && served_name(*document) == name) return document;
  }
  return nullptr;
}

std::vector<const Document*> State::all(Kind kind) const {
  std::vector<const Document*> out;
  for (auto at = documents_.lower_bound(Key{kind, {}}); at != documents_.end() && at->first.kind == kind; ++at) {
    if (at->second.live()) out.push_back(&at->second);
  }
  return out;
}

const RoutingProfile* State::routing_profile(AgentId agent) const {
  const auto of = profile_of_.find(agent);
  if (of == profile_of_.end() || find(Kind::user, agent.value()) == nullptr) return nullptr;
  return routing_profile(of->second);
}

const RoutingProfile* State::routing_profile(const Uuid& id) const {
  const auto profile = profiles_.find(id);
  if (profile == profiles_.end() || find(Kind::routing_profile, id) == nullptr) return nullptr;
  return &profile->second;
}

const Proficiencies& State::proficiencies(AgentId agent) const {
  static const Proficiencies none;
  const auto at = proficiencies_.find(agent);
  return at == proficiencies_.end() ? none : at->second;
}

Uuid quick_connect_of(const Uuid& user_or_queue) { return derive_uuid(user_or_queue, "quick connect"); }

std::optional<QuickConnect> State::quick_connect(const Uuid& id) const {
  QuickConnect out;
  out.id = id;
  if (const Document* document = find(Kind::quick_connect, id)) {
    out.document = document;
    out.name = served_name(*document);
    out.type = document->get("type");
    out.destination = parse_uuid(document->get(out.type == "USER" ? "user" : "queue")).value_or(Uuid{});
    out.flow = FlowId{parse_uuid(document->get("flow")).value_or(Uuid{})};
    out.phone_number = document->get("phone_number");
    return out;
  }
  const auto at = by_itself_.find(id);
  const Document* document = at == by_itself_.end() ? nullptr : find(at->second.kind, at->second.id);
  if (document == nullptr) return std::nullopt;
  const bool user = document->kind == Kind::user;
  out.document = document;
  out.by_itself = true;
  out.name = served_name(*document);
  out.type = user ? "USER" : "QUEUE";
  out.destination = document->id;
  if (const Document* flow = named(Kind::flow, user ? kAgentTransferFlow : kQueueTransferFlow)) {
    out.flow = FlowId{flow->id};
  }
  return out;
}

std::vector<Uuid> State::quick_connects() const {
  std::vector<Uuid> out;
  for (const Document* made : all(Kind::quick_connect)) out.push_back(made->id);
  const auto middle = static_cast<std::ptrdiff_t>(out.size());
  for (const auto& [id, of] : by_itself_) {
    if (find(of.kind, of.id) != nullptr) out.push_back(id);
  }
  std::ranges::inplace_merge(out, out.begin() + middle);
  return out;
}

std::vector<const Document*> State::overrides(const Uuid& hours) const {
  std::vector<const Document*> out;
  const auto at = overrides_.find(hours);
  if (at == overrides_.end()) return out;
  for (const Uuid& id : at->second) {
    const Document* document = find(Kind::hours_override, id);
    if (document != nullptr && document->get("hours") == hours.text()) out.push_back(document);
  }
  return out;
}

std::chrono::milliseconds State::local_preference(QueueId queue) const {
  const Document* document = find(Kind::queue, queue.value());
  std::int64_t out = 0;
  if (document == nullptr) return {};
  const std::string& value = document->get("local_preference_ms");
  std::from_chars(value.data(), value.data() + value.size(), out);
  return std::chrono::milliseconds{std::clamp<std::int64_t>(out, 0, 9'999'000)};
}

const Program* State::program(FlowId flow) const {
  if (find(Kind::flow, flow.value()) == nullptr) return nullptr;
  const auto at = programs_.find(flow);
  return at == programs_.end() ? nullptr : at->second.get();
}

}  // namespace tandem::config
