// Users, who are the agents, and the status others give them.
#include <cstdlib>

#include "api/connect/context.h"

namespace tandem::api::connect {
namespace {

// Which numbers and flags of PhoneConfig are kept under which field.
void set_phone(Fields& out, const json::object& phone) {
  out["phone_type"] = text(phone, "PhoneType");
  if (const json::value* value = phone.if_contains("AutoAccept")) out["auto_accept"] = value->as_bool() ? "1" : "0";
  if (const auto limit = number(phone, "AfterContactWorkTimeLimit")) {
    out["after_contact_work_limit"] = std::to_string(*limit);
  }
  out["desk_phone"] = text(phone, "DeskPhoneNumber");
  if (const json::value* value = phone.if_contains("PersistentConnection")) {
    out["persistent_connection"] = value->as_bool() ? "1" : "0";
  }
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
  if (const json::object* identity = object(input, "IdentityInfo")) {
    out["first_name"] = text(*identity, "FirstName");
    out["last_name"] = text(*identity, "LastName");
    out["email"] = text(*identity, "Email");
    out["secondary_email"] = text(*identity, "SecondaryEmail");
    out["mobile"] = text(*identity, "Mobile");
  }
  if (const json::object* phone = object(input, "PhoneConfig")) set_phone(out, *phone);
  const auto profile = context.id(text(input, "RoutingProfileId"), kRoutingProfileArn);
  if (!profile) return std::unexpected(profile.error());
  out["routing_profile"] = profile->text();
  for (const std::string& named : texts(input, "SecurityProfileIds")) {
    const auto id = context.id(named, kSecurityProfileArn);
    if (!id) return std::unexpected(id.error());
    out["security." + id->text()] = "1";
  }
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
  context.destroy("DeleteUser", config::Kind::user, kUserArn, "UserId");
  context.on("PutUserStatus",
             [context](const model::Call& call, model::Reply reply) { put_status(context, call, std::move(reply)); });
}

}  // namespace tandem::api::connect
