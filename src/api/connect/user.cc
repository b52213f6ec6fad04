// Users, who are the agents, and the status others give them.
#include <algorithm>
#include <cstdlib>

#include "api/connect/context.h"

namespace tandem::api::connect {
namespace {

constexpr std::int64_t kAfterContactWorkSecondsMax = 2'000'000;  // API Reference, "UserPhoneConfig"

// "1", "0", or empty when it is not given.
std::string flag(const json::object& input, std::string_view member) {
  const json::value* value = input.if_contains(member);
  if (value == nullptr) return {};
  return value->as_bool() ? "1" : "0";
}

// Which numbers and flags of PhoneConfig are kept under which field. What is not given is taken away: a change replaces
// the whole, as at the service.
// Errors: invalid.
Result<void> set_phone(Fields& out, const json::object& phone) {
  const auto limit = number(phone, "AfterContactWorkTimeLimit");
  if (limit && *limit > kAfterContactWorkSecondsMax) {
    return fail(Errc::invalid, "AfterContactWorkTimeLimit is 2,000,000 seconds at most.");
  }
  out["phone_type"] = text(phone, "PhoneType");
  out["auto_accept"] = flag(phone, "AutoAccept");
  out["after_contact_work_limit"] = limit ? std::to_string(*limit) : std::string();
  out["desk_phone"] = text(phone, "DeskPhoneNumber");
  out["persistent_connection"] = flag(phone, "PersistentConnection");
  return {};
}

// Likewise.
void set_identity(Fields& out, const json::object& identity) {
  out["first_name"] = text(identity, "FirstName");
  out["last_name"] = text(identity, "LastName");
  out["email"] = text(identity, "Email");
  out["secondary_email"] = text(identity, "SecondaryEmail");
  out["mobile"] = text(identity, "Mobile");
}

Result<void> set_routing_profile(Fields& out, const Context& context, const json::object& input) {
  const auto profile = context.id(text(input, "RoutingProfileId"), kRoutingProfileArn);
  if (!profile) return std::unexpected(profile.error());
  out["routing_profile"] = profile->text();
  return {};
}

Result<void> set_security_profiles(Fields& out, const Context& context, const json::object& input) {
  for (const std::string& named : texts(input, "SecurityProfileIds")) {
    const auto id = context.id(named, kSecurityProfileArn);
    if (!id) return std::unexpected(id.error());
    out["security." + id->text()] = "1";
  }
  return {};
}

Result<Fields> user_fields(const Context& context, const json::object& input) {
  for (const char* member : {"DirectoryUserId", "HierarchyGroupId", "AutoAcceptConfigs", "AfterContactWorkConfigs",
                             "PhoneNumberConfigs", "PersistentConnectionConfigs", "VoiceEnhancementConfigs"}) {
    if (input.contains(member)) {
      return fail(Errc::refused, std::string(member) +
                                     " is not kept here: users are managed by the instance, without " +
                                     "hierarchy groups and settings per channel.");
    }
  }
  if (!input.contains("Password")) return fail(Errc::invalid, "Password is needed: users are managed by the instance.");
  Fields out;
  out["username"] = text(input, "Username");
  if (const json::object* identity = object(input, "IdentityInfo")) set_identity(out, *identity);
  if (const json::object* phone = object(input, "PhoneConfig")) {
    if (auto good = set_phone(out, *phone); !good) return std::unexpected(good.error());
  }
  if (auto good = set_routing_profile(out, context, input); !good) return std::unexpected(good.error());
  if (auto good = set_security_profiles(out, context, input); !good) return std::unexpected(good.error());
  set_tags(out, input);
  return out;
}

json::object describe_user(const Context& context, const World& world, const config::Document& document) {
  json::object identity;
  put(identity, "FirstName", document.get("first_name"));
  put(identity, "LastName", document.get("last_name"));
  put(identity, "Email", document.get("email"));
  put(identity, "SecondaryEmail", document.get("secondary_email"));
  put(identity, "Mobile", document.get("mobile"));
  json::object phone;
  put(phone, "PhoneType", document.get("phone_type"));
  put(phone, "DeskPhoneNumber", document.get("desk_phone"));
  if (const std::string& value = document.get("auto_accept"); !value.empty()) phone["AutoAccept"] = value == "1";
  if (const std::string& value = document.get("persistent_connection"); !value.empty()) {
    phone["PersistentConnection"] = value == "1";
  }
  if (const std::string& limit = document.get("after_contact_work_limit"); !limit.empty()) {
    phone["AfterContactWorkTimeLimit"] = static_cast<std::int64_t>(std::atoll(limit.c_str()));
  }
  json::array profiles;
  for (const auto& [id, set] : document.list("security.")) profiles.emplace_back(id);
  json::object out{{"Id", document.id.text()},
                   {"Arn", context.arn(kUserArn, document.id)},
                   {"Username", world.config().served_name(document)},
                   {"IdentityInfo", std::move(identity)},
                   {"SecurityProfileIds", std::move(profiles)}};
  if (!phone.empty()) out["PhoneConfig"] = std::move(phone);
  put(out, "RoutingProfileId", document.get("routing_profile"));
  put_tags(out, document);
  context.modified(out, world, document);
  return out;
}

void create_user(const Context& context, const model::Call& call, model::Reply reply) {
  auto fields = user_fields(context, call.input);
  if (!fields) return reply(refuse(call, fields.error()));
  context.passwords.hash(text(call.input, "Password"), [context, call, fields = std::move(*fields),
                                                        reply = std::move(reply)](Result<std::string> encoded) mutable {
    if (!encoded) return reply(refuse(call, encoded.error()));
    fields["password"] = std::move(*encoded);
    model::Call bare = call;
    bare.input.erase("Password");
    context.create(bare, {config::Kind::user, kUserArn, "UserId", "UserArn"}, std::move(fields), std::move(reply));
  });
}

Result<presence::StatusType> status_type(const std::string& name) {
  if (name == "ROUTABLE") return presence::StatusType::routable;
  if (name == "CUSTOM") return presence::StatusType::custom;
  if (name == "OFFLINE") return presence::StatusType::offline;
  return fail(Errc::corrupt, "an agent status of type " + name);
}

void put_status(const Context& context, const model::Call& call, model::Reply reply) {
  ask(
      context.host,
      [context, call](const World& world, const Local&) -> Result<presence::SetStatus> {
        const auto user = context.document(call, world, config::Kind::user, kUserArn, "UserId");
        if (!user) return std::unexpected(user.error());
        const auto status = context.document(call, world, config::Kind::agent_status, kAgentStatusArn, "AgentStatusId");
        if (!status) return std::unexpected(status.error());
        const auto type = status_type((*status)->get("type"));
        if (!type) return std::unexpected(type.error());
        return presence::SetStatus{AgentId{(*user)->id}, (*status)->id, *type};
      },
      [context, call, reply = std::move(reply)](Result<presence::SetStatus> order) {
        if (!order) return reply(refuse(call, order.error()));
        context.command(call, Command{.id = context.host.mint(), .verb = *order, .keys = {}}, reply,
                        [](const model::Call&, const Answer&) -> model::Answer { return json::object{}; });
      });
}

void add_user_changes(const Context& context) {
  const auto change = [&](std::string_view operation, Context::Change fields) {
    context.change(operation, config::Kind::user, kUserArn, "UserId", std::move(fields));
  };
  change("UpdateUserIdentityInfo",
         [](const model::Call& call, const World&, const config::Document&) -> Result<Fields> {
           Fields out;
           set_identity(out, call.input.at("IdentityInfo").as_object());
           return out;
         });
  change("UpdateUserPhoneConfig", [](const model::Call& call, const World&, const config::Document&) -> Result<Fields> {
    Fields out;
    const json::object& phone = call.input.at("PhoneConfig").as_object();
    if (auto good = set_phone(out, phone); !good) return std::unexpected(good.error());
    return out;
  });
  change("UpdateUserRoutingProfile",
         [context](const model::Call& call, const World&, const config::Document&) -> Result<Fields> {
           Fields out;
           if (auto good = set_routing_profile(out, context, call.input); !good) return std::unexpected(good.error());
           return out;
         });
  change("UpdateUserSecurityProfiles",
         [context](const model::Call& call, const World&, const config::Document& user) -> Result<Fields> {
           Fields out;
           if (auto good = set_security_profiles(out, context, call.input); !good) return std::unexpected(good.error());
           for (const auto& [profile, set] : user.list("security.")) out.emplace("security." + profile, "");
           return out;
         });
}

// -- SearchUsers

bool within(const std::string& field, const std::string& value, std::string_view how) {
  if (how == "EXACT") return field == value;
  const auto same = [](char a, char b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return lower(a) == lower(b);
  };
  const auto at = std::ranges::search(field, value, same);
  if (how == "STARTS_WITH") return at.begin() == field.begin() && (!at.empty() || value.empty());
  return !at.empty() || value.empty();
}

// What the fields of a StringCondition are called in the document.
constexpr std::pair<std::string_view, std::string_view> kSearched[] = {
    {"Username", "username"},
    {"FirstName", "first_name"},
    {"LastName", "last_name"},
    {"RoutingProfileId", "routing_profile"},
};

Result<bool> holds(const json::object& condition, const config::Document& user) {
  const std::string name = text(condition, "FieldName");
  const std::string value = text(condition, "Value");
  std::string how = text(condition, "ComparisonType");
  if (how.empty()) how = "EXACT";
  if (name == "ResourceId" || name == "resourceId") return within(user.id.text(), value, how);
  if (name == "SecurityProfileId") {
    return std::ranges::any_of(user.list("security."),
                               [&](const auto& each) { return within(each.first, value, how); });
  }
  for (const auto& [field, kept] : kSearched) {
    if (field == name) return within(user.get(std::string(kept)), value, how);
  }
  return fail(Errc::refused, "Users are not searched by '" + name + "'.");
}

// All members that are given hold.
Result<bool> matches(const json::object& criteria, const config::Document& user) {
  for (const char* member : {"ListCondition", "HierarchyGroupCondition"}) {
    if (criteria.contains(member)) return fail(Errc::refused, std::string(member) + ": users are not searched by it.");
  }
  if (const json::object* condition = object(criteria, "StringCondition")) {
    const auto good = holds(*condition, user);
    if (!good || !*good) return good;
  }
  for (const bool all : {true, false}) {
    const json::array* parts = elements(criteria, all ? "AndConditions" : "OrConditions");
    if (parts == nullptr || parts->empty()) continue;
    bool every = true;
    bool any = false;
    for (const json::value& part : *parts) {
      const auto good = matches(part.as_object(), user);
      if (!good) return good;
      every = every && *good;
      any = any || *good;
    }
    if (all ? !every : !any) return false;
  }
  return true;
}

bool tagged(const json::object& condition, const config::Document& user) {
  const std::string& tag = user.get("tag." + text(condition, "TagKey"));
  if (tag.empty()) return false;
  return !condition.contains("TagValue") || tag.substr(1) == text(condition, "TagValue");
}

bool tagged(const json::array& conditions, const config::Document& user) {
  return std::ranges::all_of(conditions, [&](const json::value& each) { return tagged(each.as_object(), user); });
}

Result<bool> passes(const json::object& filter, const config::Document& user) {
  if (filter.contains("UserAttributeFilter")) {
    return fail(Errc::refused, "UserAttributeFilter: users are filtered by tags only.");
  }
  const json::object* tags = object(filter, "TagFilter");
  if (tags == nullptr) return true;
  const json::object* one = object(*tags, "TagCondition");
  if (one != nullptr && !tagged(*one, user)) return false;
  const json::array* all = elements(*tags, "AndConditions");
  if (all != nullptr && !tagged(*all, user)) return false;
  const json::array* any = elements(*tags, "OrConditions");
  return any == nullptr || any->empty() ||
         std::ranges::any_of(*any, [&](const json::value& each) { return tagged(each.as_array(), user); });
}

json::object found_user(const Context& context, const World& world, const config::Document& user) {
  json::object out = describe_user(context, world, user);
  for (const char* member : {"LastModifiedTime", "LastModifiedRegion"}) out.erase(member);
  // The service answers this in milliseconds here, and in seconds everywhere else.
  if (json::value* phone = out.if_contains("PhoneConfig")) {
    json::value* limit = phone->as_object().if_contains("AfterContactWorkTimeLimit");
    if (limit != nullptr) *limit = limit->as_int64() * 1000;
  }
  json::object& identity = out.at("IdentityInfo").as_object();
  for (const char* member : {"Email", "SecondaryEmail", "Mobile"}) identity.erase(member);
  return out;
}

model::Answer search_users(const Context& context, const model::Call& call, const World& world) {
  const json::object* criteria = object(call.input, "SearchCriteria");
  const json::object* filter = object(call.input, "SearchFilter");
  std::vector<Uuid> found;
  for (const config::Document* user : world.config().all(config::Kind::user)) {
    const auto good = criteria != nullptr ? matches(*criteria, *user) : Result<bool>(true);
    if (!good) return refuse(call, good.error());
    const auto passed = filter != nullptr ? passes(*filter, *user) : Result<bool>(true);
    if (!passed) return refuse(call, passed.error());
    if (*good && *passed) found.push_back(user->id);
  }
  const auto total = static_cast<std::int64_t>(found.size());
  auto out = Context::page(call, "Users", found, [&](const Uuid& id) -> std::optional<json::object> {
    return found_user(context, world, *world.config().find(config::Kind::user, id));
  });
  if (out) (*out)["ApproximateTotalCount"] = total;
  return out;
}

}  // namespace

void add_user_operations(const Context& context) {
  context.on("CreateUser",
             [context](const model::Call& call, model::Reply reply) { create_user(context, call, std::move(reply)); });
  context.read("DescribeUser", [context](const model::Call& call, const World& world, const Local&) -> model::Answer {
    const auto found = context.document(call, world, config::Kind::user, kUserArn, "UserId");
    if (!found) return refuse(call, found.error());
    return json::object{{"User", describe_user(context, world, **found)}};
  });
  context.read("ListUsers", [context](const model::Call& call, const World& world, const Local&) -> model::Answer {
    return context.list(call, world, config::Kind::user, "UserSummaryList",
                        [&](const config::Document& document) -> std::optional<json::object> {
                          json::object out{{"Id", document.id.text()},
                                           {"Arn", context.arn(kUserArn, document.id)},
                                           {"Username", world.config().served_name(document)}};
                          context.modified(out, world, document);
                          return out;
                        });
  });
  add_user_changes(context);
  context.read("SearchUsers", [context](const model::Call& call, const World& world, const Local&) -> model::Answer {
    return search_users(context, call, world);
  });
  context.destroy("DeleteUser", config::Kind::user, kUserArn, "UserId");
  context.on("PutUserStatus",
             [context](const model::Call& call, model::Reply reply) { put_status(context, call, std::move(reply)); });
}

}  // namespace tandem::api::connect
