// What no Connect operation writes: access keys, and documents whose ids are given.
#include "api/ops/views.h"

namespace tandem::api::ops {
namespace {

std::string text(const json::object& from, std::string_view name) {
  const json::value* value = from.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

// The document as it would be changed: nothing when every field stands already.
struct Change {
  bool exists = false;
  bool differs = false;
};

Change compare(const World& world, config::Kind kind, const Uuid& id, const std::map<std::string, std::string>& set) {
  Change out;
  const config::Document* document = world.config().find(kind, id);
  out.exists = document != nullptr;
  for (const auto& [field, value] : set) {
    // A hash of a password differs each time it is made; one that stands is not replaced.
    if (document != nullptr && field == "password" && !document->get(field).empty()) continue;
    out.differs = out.differs || document == nullptr || document->get(field) != value;
  }
  return out;
}

}  // namespace

void list_keys(const CallPtr& call) {
  ask(
      call->host,
      [](const World& world, const Local&) {
        json::array out;
        for (const auto& [id, key] : world.access().all()) {
          out.emplace_back(json::object{{"access_key", id},
                                        {"secret", key.put.secret},
                                        {"principal", key.put.principal},
                                        {"disabled", key.put.disabled},
                                        {"changed", iso_time(key.at)}});
        }
        return out;
      },
      [call](json::array keys) { answer(*call, {{"access_keys", std::move(keys)}}); });
}

void put_key(const CallPtr& call) {
  const auto body = parse_object(call->request.body);
  if (!body) return refuse(*call, {Errc::invalid, "the body is no JSON object"});
  access::KeyPut put{call->id, text(*body, "secret"), text(*body, "principal"), false};
  if (const json::value* disabled = body->if_contains("disabled"))
    put.disabled = disabled->is_bool() && disabled->get_bool();
  if (put.principal.empty())
    return refuse(*call, {Errc::invalid, "'principal' is missing: the name in audit and policies"});
  ask(
      call->host,
      [put](const World& world, const Local&) {
        const auto at = world.access().all().find(put.access_key);
        return at != world.access().all().end() && at->second.put.secret == put.secret &&
               at->second.put.principal == put.principal && at->second.put.disabled == put.disabled;
      },
      [call, put](bool stands) {
        if (stands) return answer(*call, {{"access_key", put.access_key}, {"changed", false}});
        call->host.log("info", "operator " + call->operator_name + " writes access key " + put.access_key);
        call->host.command(Command{.id = call->host.mint(), .verb = put, .keys = {}},
                           [call, put](const Result<Answer>& done) {
                             if (!done) return refuse(*call, done.error());
                             answer(*call, {{"access_key", put.access_key}, {"changed", true}});
                           });
      });
}

void show_document(const CallPtr& call) {
  const auto kind = kind_of(call->kind);
  const auto id = parse_uuid(call->id);
  if (!kind || !id) return refuse(*call, {Errc::invalid, "no kind of document, or no id, in " + call->request.target});
  ask(
      call->host,
      [kind = *kind, id = *id](const World& world, const Local&) -> std::optional<json::object> {
        const config::Document* document = world.config().find(kind, id);
        if (document == nullptr) return std::nullopt;
        json::object set;
        for (const auto& [name, field] : document->set) {
          if (name != "password" && !field.value.empty()) set[name] = field.value;
        }
        return json::object{{"kind", kind_name(kind)},
                            {"id", id.text()},
                            {"name", world.config().served_name(*document)},
                            {"created", iso_time(document->created)},
                            {"changed", iso_time(document->changed)},
                            {"creator", placed(world, document->creator)},
                            {"set", std::move(set)}};
      },
      [call](const std::optional<json::object>& found) {
        if (!found) return refuse(*call, {Errc::not_found, "no " + call->kind + " has the id " + call->id});
        answer(*call, *found);
      });
}

void put_document(const CallPtr& call) {
  const auto kind = kind_of(call->kind);
  const auto id = parse_uuid(call->id);
  if (!kind || !id || id->nil()) {
    return refuse(*call, {Errc::invalid, "no kind of document, or no id, in " + call->request.target});
  }
  const auto body = parse_object(call->request.body);
  const json::value* fields = body ? body->if_contains("set") : nullptr;
  if (fields == nullptr || !fields->is_object()) return refuse(*call, {Errc::invalid, "'set' must be an object"});
  std::map<std::string, std::string> set;
  for (const auto& field : fields->get_object()) {
    if (!field.value().is_string()) {
      return refuse(*call, {Errc::invalid, "field '" + std::string(field.key()) + "' must be a string"});
    }
    set[std::string(field.key())] = std::string(field.value().get_string());
  }
  const auto reply = [call](const char* outcome) { answer(*call, {{"id", call->id}, {"outcome", outcome}}); };
  ask(
      call->host,
      [kind = *kind, id = *id, set](const World& world, const Local&) { return compare(world, kind, id, set); },
      [call, kind = *kind, id = *id, set, reply](Change change) {
        if (change.exists && !change.differs) return reply("unchanged");
        auto fresh = set;
        if (change.exists) fresh.erase("password");
        Command order{.id = call->host.mint(), .verb = config::Create{kind, id, std::move(fresh)}, .keys = {}};
        if (change.exists) order.verb = config::Change{kind, id, std::get<config::Create>(order.verb).set};
        call->host.command(std::move(order), [call, change, reply](const Result<Answer>& done) {
          if (!done) return refuse(*call, done.error());
          reply(change.exists ? "changed" : "created");
        });
      });
}

}  // namespace tandem::api::ops
