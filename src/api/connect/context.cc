#include "api/connect/context.h"

#include "core/config/decide.h"

#include <algorithm>
#include <utility>

#include "api/model/arn.h"
#include "api/model/shape.h"
#include "codec/crypto.h"
#include "core/presence/decide.h"

namespace tandem::api::connect {
namespace {

constexpr std::int64_t kPageDefault = 100;

// The name that `fields` give a document; empty when they give none.
std::string name_in(config::Kind kind, const Fields& fields) {
  const auto at = fields.find(kind == config::Kind::user ? "username" : "name");
  return at == fields.end() ? std::string() : at->second;
}

// An error of the configuration in a sentence for the client: the core tells what stands in the way, and no more.
Error explained(Error error, config::Kind kind, const std::string& name) {
  const std::string word = config::in_words(kind);
  if (error.code == Errc::already_exists) error.detail = "Another " + word + " is named '" + name + "'.";
  if (error.code == Errc::in_use) error.detail = "The " + word + " is in use by the " + error.detail + ".";
  return error;
}

}  // namespace

model::Answer refuse(const model::Call& call, const Error& error) {
  return std::unexpected(model::service_error(*call.operation, error));
}
model::Answer refuse(const model::Call& call, Errc code, std::string detail) {
  return refuse(call, Error{code, std::move(detail)});
}

std::string text(const json::object& input, std::string_view member) {
  const json::value* value = input.if_contains(member);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::optional<std::int64_t> number(const json::object& input, std::string_view member) {
  const json::value* value = input.if_contains(member);
  if (value == nullptr || !value->is_int64()) return std::nullopt;
  return value->get_int64();
}

std::optional<double> real(const json::object& input, std::string_view member) {
  const json::value* value = input.if_contains(member);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  return value->to_number<double>();
}

const json::array* elements(const json::object& input, std::string_view member) {
  const json::value* value = input.if_contains(member);
  return value != nullptr ? value->if_array() : nullptr;
}

const json::object* object(const json::object& input, std::string_view member) {
  const json::value* value = input.if_contains(member);
  return value != nullptr ? value->if_object() : nullptr;
}

std::vector<std::string> texts(const json::object& input, std::string_view member) {
  std::vector<std::string> out;
  const json::array* list = elements(input, member);
  if (list == nullptr) return out;
  out.reserve(list->size());
  for (const json::value& value : *list) {
    if (value.is_string()) out.emplace_back(value.get_string());
  }
  return out;
}

void put(json::object& out, std::string_view member, const std::string& value) {
  if (!value.empty()) out[member] = value;
}

void put_time(json::object& out, std::string_view member, Hlc at) {
  if (at.packed == 0) return;
  const auto milliseconds = std::chrono::milliseconds(static_cast<std::int64_t>(at.milliseconds()));
  out[member] = model::timestamp(model::Milliseconds(milliseconds));
}

Hlc scheduled_time(const json::object& input) {
  const json::value* value = input.if_contains("ScheduledTime");
  if (value == nullptr) return {};
  const auto since = model::moment(*value).time_since_epoch().count();
  return Hlc::at(static_cast<std::uint64_t>(std::max<std::int64_t>(1, since)));
}

// An empty value is a legal tag, and an empty field is an absent one: hence the sign before it.
void set_tags(Fields& fields, const json::object& input) {
  const json::object* tags = object(input, "Tags");
  if (tags == nullptr) return;
  for (const auto& tag : *tags) fields["tag." + std::string(tag.key())] = '=' + std::string(tag.value().as_string());
}

void put_tags(json::object& out, const config::Document& document) {
  json::object tags;
  for (const auto& [key, value] : document.list("tag.")) tags[key] = value.substr(1);
  if (!tags.empty()) out["Tags"] = std::move(tags);
}

Result<Fields> naming(const json::object& input) {
  Fields out;
  if (input.contains("Name")) out["name"] = text(input, "Name");
  if (input.contains("Description")) out["description"] = text(input, "Description");
  if (out.empty()) return fail(Errc::invalid, "Neither Name nor Description is given.");
  return out;
}

std::string next_token(std::string_view last) { return crypto::base64url(last); }
std::string next_token(const Uuid& last) {
  return next_token(std::string_view(reinterpret_cast<const char*>(last.bytes.data()), last.bytes.size()));
}

std::optional<Uuid> parse_next_token(std::string_view token) {
  const auto bytes = crypto::unbase64url(token);
  if (!bytes || bytes->size() != Uuid{}.bytes.size()) return std::nullopt;
  Uuid out;
  std::copy(bytes->begin(), bytes->end(), out.bytes.begin());
  return out;
}

const char* channel_name(contact::Channel channel) { return presence::channel_name(channel); }

void Context::on(std::string_view operation, std::function<void(const model::Call&, model::Reply)> handler) const {
  service.on(operation, [self = *this, handler = std::move(handler)](const model::Call& call, model::Reply reply) {
    if (const std::string named = text(call.input, "InstanceId"); !named.empty()) {
      if (const auto ours = self.instance(named); !ours) return reply(refuse(call, ours.error()));
    }
    handler(call, std::move(reply));
  });
}

void Context::read(std::string_view operation, Read answer) const {
  on(operation, [&host = host, answer = std::move(answer)](const model::Call& call, model::Reply reply) {
    ask(
        host, [call, answer](const World& world, const Local& local) { return answer(call, world, local); },
        [reply = std::move(reply)](model::Answer found) { reply(std::move(found)); });
  });
}

void Context::command(const model::Call& call, Command command, model::Reply reply,
                      std::function<model::Answer(const model::Call&, const Answer&)> shape) const {
  host.command(std::move(command),
               [call, reply = std::move(reply), shape = std::move(shape)](const Result<Answer>& done) {
                 reply(done ? shape(call, *done) : refuse(call, done.error()));
               });
}

void Context::create(const model::Call& call, const Creation& creation, Fields fields, model::Reply reply,
                     json::object also) const {
  Command order{.id = host.mint(), .verb = config::Create{creation.kind, host.mint(), {}}, .keys = {}};
  const std::string name = name_in(creation.kind, fields);
  std::get<config::Create>(order.verb).set = std::move(fields);
  host.command(std::move(order), [self = *this, call, creation, name, reply = std::move(reply),
                                  also = std::move(also)](const Result<Answer>& done) {
    if (!done) return reply(refuse(call, explained(done.error(), creation.kind, name)));
    json::object out = also;
    if (!creation.id_member.empty()) {
      out[creation.id_member] = done->id.text();
      if (!creation.arn_member.empty()) out[creation.arn_member] = self.arn(creation.arn, done->id);
    }
    reply(std::move(out));
  });
}

void Context::change(std::string_view operation, config::Kind kind, std::string_view arn_kind,
                     std::string_view id_member, Change fields) const {
  change(
      operation, kind,
      [self = *this, kind, arn_kind, member = std::string(id_member)](const model::Call& call, const World& world) {
        return self.document(call, world, kind, arn_kind, member);
      },
      std::move(fields));
}

void Context::change(std::string_view operation, config::Kind kind, Find find, Change fields) const {
  on(operation, [self = *this, kind, find = std::move(find), fields = std::move(fields)](const model::Call& call,
                                                                                         model::Reply reply) {
    ask(
        self.host,
        [call, kind, find, fields](const World& world, const Local&) -> Result<config::Change> {
          const auto found = find(call, world);
          if (!found) return std::unexpected(found.error());
          auto set = fields(call, world, **found);
          if (!set) return std::unexpected(set.error());
          return config::Change{kind, (*found)->id, std::move(*set)};
        },
        [self, call, kind, reply = std::move(reply)](Result<config::Change> change) {
          if (!change) return reply(refuse(call, change.error()));
          if (change->set.empty()) return reply(json::object{});
          const std::string name = name_in(kind, change->set);
          Command order{.id = self.host.mint(), .verb = std::move(*change), .keys = {}};
          self.host.command(std::move(order), [call, kind, name, reply](const Result<Answer>& done) {
            if (!done) return reply(refuse(call, explained(done.error(), kind, name)));
            reply(json::object{});
          });
        });
  });
}

void Context::destroy(std::string_view operation, config::Kind kind, std::string_view arn_kind,
                      std::string_view id_member) const {
  destroy(operation, kind,
          [self = *this, kind, arn_kind, member = std::string(id_member)](const model::Call& call, const World& world) {
            return self.document(call, world, kind, arn_kind, member);
          });
}

void Context::destroy(std::string_view operation, config::Kind kind, Find find) const {
  on(operation, [self = *this, kind, find = std::move(find)](const model::Call& call, model::Reply reply) {
    ask(
        self.host,
        [call, find](const World& world, const Local&) -> Result<Uuid> {
          const auto found = find(call, world);
          if (!found) return std::unexpected(found.error());
          return (*found)->id;
        },
        [self, call, kind, reply = std::move(reply)](const Result<Uuid>& id) {
          if (!id) return reply(refuse(call, id.error()));
          Command order{.id = self.host.mint(), .verb = config::Delete{kind, *id}, .keys = {}};
          self.host.command(std::move(order), [call, kind, reply](const Result<Answer>& done) {
            if (!done) return reply(refuse(call, explained(done.error(), kind, {})));
            reply(json::object{});
          });
        });
  });
}

Result<const config::Document*> Context::document(const model::Call& call, const World& world, config::Kind kind,
                                                  std::string_view arn_kind, std::string_view member) const {
  if (arn_kind == kByName) {
    const std::string name = text(call.input, member);
    const config::Document* found = world.config().named(kind, name);
    if (found == nullptr)
      return fail(Errc::not_found, std::string("No ") + config::in_words(kind) + " is named '" + name + "'.");
    return found;
  }
  const auto named = id(text(call.input, member), arn_kind);
  if (!named) return std::unexpected(named.error());
  const config::Document* found = world.config().find(kind, *named);
  if (found == nullptr) return fail(Errc::not_found, std::string("No ") + config::in_words(kind) + " has this id.");
  return found;
}

model::Answer Context::list(const model::Call& call, const World& world, config::Kind kind, std::string_view member,
                            const Summary& summary) const {
  std::vector<Uuid> ids;
  for (const config::Document* each : world.config().all(kind)) ids.push_back(each->id);
  return page(call, member, ids, [&](const Uuid& id) { return summary(*world.config().find(kind, id)); });
}

model::Answer Context::page(const model::Call& call, std::string_view member, const std::vector<Uuid>& ids,
                            const Entry& entry) {
  const auto max = static_cast<std::size_t>(number(call.input, "MaxResults").value_or(kPageDefault));
  auto at = ids.begin();
  if (const std::string token = text(call.input, "NextToken"); !token.empty()) {
    const auto after = parse_next_token(token);
    if (!after) return refuse(call, Errc::invalid, "NextToken is not one of ours");
    at = std::ranges::upper_bound(ids, *after);
  }
  json::array listed;
  json::object out;
  Uuid last;
  for (; at != ids.end(); ++at) {
    auto shown = entry(*at);
    if (!shown) continue;
    if (listed.size() == max) {
      out["NextToken"] = next_token(last);
      break;
    }
    last = *at;
    listed.emplace_back(std::move(*shown));
  }
  out[member] = std::move(listed);
  return out;
}

model::Answer Context::page(const model::Call& call, std::string_view member,
                            const std::map<std::string, json::object>& rows) {
  const auto max = static_cast<std::size_t>(number(call.input, "MaxResults").value_or(kPageDefault));
  auto at = rows.begin();
  if (const std::string token = text(call.input, "NextToken"); !token.empty()) {
    const auto after = crypto::unbase64url(token);
    if (!after) return refuse(call, Errc::invalid, "NextToken is not one of ours");
    at = rows.upper_bound(*after);
  }
  json::array listed;
  json::object out;
  for (; at != rows.end() && listed.size() < max; ++at) listed.emplace_back(at->second);
  if (at != rows.end()) out["NextToken"] = next_token(std::prev(at)->first);
  out[member] = std::move(listed);
  return out;
}

std::string Context::instance_arn() const {
  const Host::Identity& identity = host.identity();
  return model::arn_text({.region = identity.region,
                          .account = identity.account,
                          .instance = identity.instance.text(),
                          .kind = {},
                          .id = {}});
}

std::string Context::arn(std::string_view kind, const Uuid& id) const {
  return instance_arn() + '/' + std::string(kind) + '/' + id.text();
}

Result<Uuid> Context::id(std::string_view id_or_arn, std::string_view kind) const {
  if (id_or_arn.starts_with("arn:")) {
    const auto arn = model::parse_arn(id_or_arn);
    if (!arn) return std::unexpected(arn.error());
    const Host::Identity& identity = host.identity();
    const bool region =
        arn->region == identity.region || std::ranges::find(identity.regions, arn->region) != identity.regions.end();
    if (!region || arn->account != identity.account || arn->instance != identity.instance.text()) {
      return fail(Errc::not_found, "The ARN names something of another instance.");
    }
  }
  const auto bare = model::id_of(id_or_arn, kind);
  if (!bare) return std::unexpected(bare.error());
  const auto id = parse_uuid(*bare);
  if (!id) return fail(Errc::not_found, "Nothing here has the id '" + *bare + "'.");
  return *id;
}

Result<void> Context::instance(std::string_view id_or_arn) const {
  const auto bare = model::id_of(id_or_arn, "");
  if (!bare) return std::unexpected(bare.error());
  const auto id = parse_uuid(*bare);
  if (!id || *id != host.identity().instance) return fail(Errc::not_found, "No instance has the id '" + *bare + "'.");
  return {};
}

void Context::modified(json::object& out, const World& world, const config::Document& document) const {
  put_time(out, "LastModifiedTime", document.changed);
  Hlc at = document.created;
  NodeId by = document.creator;
  for (const auto& [name, field] : document.set) {
    if (field.at > at) {
      at = field.at;
      by = field.by;
    }
  }
  // A hub's site is not always named like a region.
  const membership::Member* member = world.members().find(by);
  if (member != nullptr && !member->hub) put(out, "LastModifiedRegion", member->region);
}

}  // namespace tandem::api::connect
