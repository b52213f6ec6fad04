#include "core/config/decide.h"

namespace tandem::config {
namespace {

struct Reference {
  Kind from;
  const char* field;  // a name ending in '.' is a prefix whose list names ids
  Kind to;
  bool holds = true;  // what is referred to cannot be deleted
};
constexpr Reference kReferences[] = {
    {Kind::user, "routing_profile", Kind::routing_profile},
    {Kind::user, "security.", Kind::security_profile},
    {Kind::queue, "hours", Kind::hours},
    {Kind::routing_profile, "default_outbound_queue", Kind::queue},
    {Kind::routing_profile, "queue.", Kind::queue},
    {Kind::hours_override, "hours", Kind::hours, false},  // an override goes with its hours
    {Kind::queue, "quick_connect.", Kind::quick_connect, false},
    // The service lets users and flows go, and says that their quick connects are to be deleted as well.
    {Kind::quick_connect, "user", Kind::user, false},
    {Kind::quick_connect, "queue", Kind::queue},
    {Kind::quick_connect, "flow", Kind::flow, false},
};

std::vector<std::string> referred(const Reference& reference, const std::map<std::string, std::string>& set) {
  std::vector<std::string> out;
  const std::string field = reference.field;
  if (!field.ends_with('.')) {
    const auto at = set.find(field);
    if (at != set.end() && !at->second.empty()) out.push_back(at->second);
    return out;
  }
  for (auto at = set.lower_bound(field); at != set.end() && at->first.starts_with(field); ++at) {
    if (!at->second.empty()) out.push_back(at->first.substr(field.size(), 36));
  }
  return out;
}

Result<void> check_references(const State& state, Kind kind, const std::map<std::string, std::string>& set) {
  for (const Reference& reference : kReferences) {
    if (reference.from != kind) continue;
    for (const std::string& text : referred(reference, set)) {
      const auto id = parse_uuid(text);
      const bool by_itself = id && reference.to == Kind::quick_connect && state.quick_connect(*id);
      if (!by_itself && (!id || state.find(reference.to, *id) == nullptr)) {
        return fail(Errc::not_found, std::string("no ") + in_words(reference.to) + " with id " + text);
      }
    }
  }
  return {};
}

Result<void> check_name(const State& state, Kind kind, const Uuid& id, const std::map<std::string, std::string>& set) {
  const auto name = set.find(name_field(kind));
  if (name == set.end() || name->second.empty()) return {};
  const Document* holder = state.named(kind, name->second);
  if (holder != nullptr && holder->id != id) return fail(Errc::already_exists, holder->id.text());
  return {};
}

// An override's name is its own within its hours, which have so many at most.
Result<void> check_override(const State& state, Kind kind, const Uuid& id,
                            const std::map<std::string, std::string>& set) {
  if (kind != Kind::hours_override) return {};
  const Document* before = state.find(kind, id);
  const auto field = [&](const char* name) {
    const auto at = set.find(name);
    if (at != set.end()) return at->second;
    return before != nullptr ? before->get(name) : std::string();
  };
  const auto others = state.overrides(parse_uuid(field("hours")).value_or(Uuid{}));
  if (before == nullptr && others.size() >= kOverridesMax) {
    return fail(Errc::limit_exceeded, "hours of operation have 50 overrides at most");
  }
  for (const Document* other : others) {
    if (other->id != id && other->get("name") == field("name")) return fail(Errc::already_exists, other->id.text());
  }
  return {};
}

// A quick connect's flow is made for what it does.
Result<void> check_flow(const State& state, Kind kind, const std::map<std::string, std::string>& set) {
  const auto field = [&](const char* name) {
    const auto at = set.find(name);
    return at == set.end() ? std::string() : at->second;
  };
  const std::string type = field("type");
  if (kind != Kind::quick_connect || (type != "USER" && type != "QUEUE")) return {};
  const char* wanted = type == "USER" ? "AGENT_TRANSFER" : "QUEUE_TRANSFER";
  const auto id = parse_uuid(field("flow"));
  const Document* flow = id ? state.find(Kind::flow, *id) : nullptr;
  if (flow != nullptr && flow->get("type") != wanted) {
    return fail(Errc::invalid, "the flow of a quick connect of type " + type + " is of type " + wanted);
  }
  return {};
}

// A proficiency is one of a predefined attribute's values.
Result<void> check_proficiencies(const State& state, const std::map<std::string, std::string>& set) {
  constexpr std::string_view kField = "proficiency.";
  for (auto at = set.lower_bound(std::string(kField)); at != set.end() && at->first.starts_with(kField); ++at) {
    if (at->second.empty()) continue;
    const auto [attribute, value] = proficiency_of(std::string_view(at->first).substr(kField.size()));
    const Document* known = state.named(Kind::predefined_attribute, attribute);
    if (known == nullptr) return fail(Errc::not_found, "no predefined attribute is named " + attribute);
    if (known->get("value." + value).empty()) {
      return fail(Errc::not_found, "the predefined attribute " + attribute + " has no value " + value);
    }
  }
  return {};
}

// The proficiencies that a user has of an attribute hold it and their values. `goes`: the values that go.
template <class Goes>
Result<void> check_proficient(const State& state, const Document& attribute, Goes goes) {
  const std::string name = state.served_name(attribute);
  for (const Document* user : state.all(Kind::user)) {
    for (const auto& [proficiency, level] : user->list("proficiency.")) {
      const auto [of, value] = proficiency_of(proficiency);
      if (of == name && goes(value)) {
        return fail(Errc::in_use, std::string(in_words(Kind::user)) + " " + state.served_name(*user));
      }
    }
  }
  return {};
}

Result<void> check_proficiencies(const State& state, Kind kind, const Uuid& id,
                                 const std::map<std::string, std::string>& set) {
  if (kind == Kind::user) return check_proficiencies(state, set);
  const Document* attribute = kind == Kind::predefined_attribute ? state.find(kind, id) : nullptr;
  if (attribute == nullptr) return {};
  return check_proficient(state, *attribute, [&](const std::string& value) {
    const auto at = set.find("value." + value);
    return at != set.end() && at->second.empty();
  });
}

Result<void> check(const State& state, Kind kind, const Uuid& id, const std::map<std::string, std::string>& set) {
  if (auto good = check_name(state, kind, id, set); !good) return good;
  if (auto good = check_references(state, kind, set); !good) return good;
  if (auto good = check_override(state, kind, id, set); !good) return good;
  if (auto good = check_flow(state, kind, set); !good) return good;
  return check_proficiencies(state, kind, id, set);
}

}  // namespace

const char* in_words(Kind kind) {
  switch (kind) {
    case Kind::instance:
      return "instance";
    case Kind::user:
      return "user";
    case Kind::queue:
      return "queue";
    case Kind::routing_profile:
      return "routing profile";
    case Kind::hours:
      return "hours of operation";
    case Kind::flow:
      return "contact flow";
    case Kind::security_profile:
      return "security profile";
    case Kind::agent_status:
      return "agent status";
    case Kind::predefined_attribute:
      return "predefined attribute";
    case Kind::hours_override:
      return "hours of operation override";
    case Kind::quick_connect:
      return "quick connect";
    case Kind::distribution_group:
      return "traffic distribution group";
  }
  return "document";
}

Result<Put> decide(const State& state, const Create& command) {
  if (auto good = check(state, command.kind, command.id, command.set); !good) return std::unexpected(good.error());
  return Put{command.kind, command.id, true, command.set};
}

Result<Put> decide(const State& state, const Change& command) {
  if (state.find(command.kind, command.id) == nullptr) {
    return fail(Errc::not_found, std::string("no ") + in_words(command.kind) + " with id " + command.id.text());
  }
  if (auto good = check(state, command.kind, command.id, command.set); !good) return std::unexpected(good.error());
  return Put{command.kind, command.id, false, command.set};
}

Result<Deleted> decide(const State& state, const Delete& command) {
  if (state.find(command.kind, command.id) == nullptr) {
    return fail(Errc::not_found, std::string("no ") + in_words(command.kind) + " with id " + command.id.text());
  }
  for (const Reference& reference : kReferences) {
    if (reference.to != command.kind || !reference.holds) continue;
    for (const Document* other : state.all(reference.from)) {
      std::map<std::string, std::string> set;
      for (const auto& [field, value] : other->set) set.emplace(field, value.value);
      for (const std::string& id : referred(reference, set)) {
        if (id == command.id.text()) {
          return fail(Errc::in_use, std::string(in_words(reference.from)) + " " + state.served_name(*other));
        }
      }
    }
  }
  if (command.kind == Kind::predefined_attribute) {
    const Document* attribute = state.find(command.kind, command.id);
    if (auto good = check_proficient(state, *attribute, [](const std::string&) { return true; }); !good) {
      return std::unexpected(good.error());
    }
  }
  return Deleted{command.kind, command.id};
}

}  // namespace tandem::config
