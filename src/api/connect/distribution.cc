// Traffic distribution groups. The service knows two regions and steps of ten per cent; here any number, and any whole
// per cent: `tandem distribution` and /ops/v1 have the tenths. Telephony's distribution is that of all new contacts.
#include <algorithm>

#include "api/connect/context.h"
#include "core/distribution/decide.h"

namespace tandem::api::connect {
namespace {

using distribution::Group;

constexpr char kGroupId[] = "TrafficDistributionGroupId";

// arn:aws:connect:REGION:ACCOUNT:traffic-distribution-group/ID: the instance is no part of it.
std::string group_arn(const Context& context, const Uuid& id) {
  const Host::Identity& identity = context.host.identity();
  return "arn:aws:connect:" + identity.region + ":" + identity.account + ":" + std::string(kDistributionArn) + "/" +
         id.text();
}

// The description holds it to be an id or an ARN of a group.
Uuid group_id(const json::object& input, std::string_view member) {
  const std::string named = text(input, member);
  return parse_uuid(named.substr(named.rfind('/') + 1)).value_or(Uuid{});
}

Error unknown_group() { return {Errc::not_found, "There is no traffic distribution group with this id."}; }

Result<Group> found(const model::Call& call, const World& world, std::string_view member) {
  auto group = distribution::find_group(world.config(), world.members(), group_id(call.input, member).text());
  if (!group) return std::unexpected(unknown_group());
  return std::move(*group);
}

json::object summary(const Context& context, const Group& group) {
  return {{"Id", group.id.text()}, {"Arn", group_arn(context, group.id)},
          {"Name", group.name},    {"InstanceArn", context.instance_arn()},
          {"Status", "ACTIVE"},    {"IsDefault", group.by_default}};
}

// A change, judged by the rules of safety like any other.
void order(const Context& context, const model::Call& call, const Uuid& group, Fields set, model::Reply reply,
           json::object answer = {}) {
  distribution::SetGroup change{group, std::move(set), call.caller.principal, call.operation->name, {}};
  context.command(call, Command{.id = context.host.mint(), .verb = std::move(change), .keys = {}}, std::move(reply),
                  [answer = std::move(answer)](const model::Call&, const Answer&) { return model::Answer(answer); });
}

// Looks the group up, and orders what `fields` makes of the call.
using Translate = std::function<Result<Fields>(const model::Call&, const World&, const Group&)>;
void change(const Context& context, std::string_view operation, std::string_view member, Translate fields) {
  context.on(operation, [context, member = std::string(member), fields = std::move(fields)](const model::Call& call,
                                                                                            model::Reply reply) {
    struct Found {
      Uuid id;
      Result<Fields> set;
    };
    ask(
        context.host,
        [call, member, fields](const World& world, const Local&) -> Found {
          const auto group = found(call, world, member);
          if (!group) return {{}, std::unexpected(group.error())};
          return {group->id, fields(call, world, *group)};
        },
        [context, call, reply = std::move(reply)](const Found& ready) {
          if (!ready.set) return reply(refuse(call, ready.set.error()));
          if (ready.set->empty()) return reply(json::object{});
          order(context, call, ready.id, *ready.set, reply);
        });
  });
}

json::array distributions(const std::map<std::string, std::uint32_t>& percents) {
  json::array out;
  for (const auto& [region, percent] : percents) {
    out.emplace_back(json::object{{"Region", region}, {"Percentage", percent}});
  }
  return out;
}

json::object describe_distribution(const Context& context, const World& world, const Group& group) {
  const std::vector<std::string> regions = distribution::region_names(world.members());
  const config::Document* document = world.config().find(config::Kind::distribution_group, group.id);
  const auto agents = document == nullptr ? std::map<std::string, std::string>{} : document->list("agent.");
  const auto sign_in = document == nullptr ? std::map<std::string, std::string>{} : document->list("sign_in.");
  json::array enabled;
  for (const std::string& region : regions) {
    const auto at = sign_in.find(region);
    enabled.emplace_back(json::object{{"Region", region}, {"Enabled", at == sign_in.end() || at->second != "0"}});
  }
  std::map<std::string, std::uint32_t> of_agents;
  for (const auto& [region, percent] : agents)
    of_agents[region] = static_cast<std::uint32_t>(std::atoi(percent.c_str()));
  distribution::Shares shares = group.shares;
  for (const std::string& region : regions) shares.try_emplace(region, 0);
  json::array telephony = distributions(distribution::scaled(shares, 100));
  return {{"Id", group.id.text()},
          {"Arn", group_arn(context, group.id)},
          {"AgentConfig", {{"Distributions", of_agents.empty() ? telephony : distributions(of_agents)}}},
          {"SignInConfig", {{"Distributions", std::move(enabled)}}},
          {"TelephonyConfig", {{"Distributions", std::move(telephony)}}}};
}

// Fields for a whole list of regions; those that are not named lose theirs. Errors: invalid.
Result<void> set_percents(const json::object& input, const char* member, const std::string& prefix, std::int64_t each,
                          const World& world, Fields& out) {
  const json::object* config = object(input, member);
  if (config == nullptr) return {};
  const std::vector<std::string> regions = distribution::region_names(world.members());
  for (const std::string& region : regions) out[prefix + region] = "";
  std::int64_t all = 0;
  for (const json::value& value : config->at("Distributions").as_array()) {
    const std::string region = text(value.as_object(), "Region");
    if (std::ranges::find(regions, region) == regions.end()) {
      return fail(Errc::invalid, std::string(member) + ": there is no region " + region + ".");
    }
    const std::int64_t percent = number(value.as_object(), "Percentage").value_or(0);
    all += percent;
    out[prefix + region] = std::to_string(percent * each);
  }
  if (all != 100) {
    return fail(Errc::invalid,
                std::string(member) + ": the percentages are " + std::to_string(all) + " together, not 100.");
  }
  return {};
}

Result<Fields> distribution_fields(const model::Call& call, const World& world, const Group&) {
  Fields out;
  if (auto good = set_percents(call.input, "TelephonyConfig", "share.", 10, world, out); !good) {
    return std::unexpected(good.error());
  }
  if (auto good = set_percents(call.input, "AgentConfig", "agent.", 1, world, out); !good) {
    return std::unexpected(good.error());
  }
  if (const json::object* config = object(call.input, "SignInConfig")) {
    for (const json::value& value : config->at("Distributions").as_array()) {
      const json::object& each = value.as_object();
      out["sign_in." + text(each, "Region")] = each.at("Enabled") == true ? "1" : "0";
    }
  }
  return out;
}

Result<Fields> user_field(const Context& context, const model::Call& call, const World& world, const char* value) {
  if (auto ours = context.instance(text(call.input, "InstanceId")); !ours) return std::unexpected(ours.error());
  const auto id = context.id(text(call.input, "UserId"), kUserArn);
  if (!id) return std::unexpected(id.error());
  if (world.config().find(config::Kind::user, *id) == nullptr) return fail(Errc::not_found, "There is no such user.");
  return Fields{{"user." + id->text(), value}};
}

void create_group(const Context& context, const model::Call& call, model::Reply reply) {
  if (auto ours = context.instance(text(call.input, "InstanceId")); !ours) return reply(refuse(call, ours.error()));
  const std::string token = text(call.input, "ClientToken");
  const Uuid command = command_id(context.host, call.operation->name, call.caller.principal, token);
  const Uuid id = derive_uuid(command, "group");
  Fields set;
  set["name"] = text(call.input, "Name");
  set["description"] = text(call.input, "Description");
  set_tags(set, call.input);
  // As the service begins: everything goes to the instance at which it was made, until it is distributed.
  set["share." + context.host.identity().region] = "1000";
  json::object answer{{"Id", id.text()}, {"Arn", group_arn(context, id)}};
  distribution::SetGroup order{id, std::move(set), call.caller.principal, call.operation->name, {}};
  context.host.command(
      Command{.id = command, .verb = std::move(order), .keys = {}},
      [call, answer = std::move(answer), name = text(call.input, "Name"),
       reply = std::move(reply)](const Result<Answer>& done) {
        if (done) return reply(answer);
        if (done.error().code != Errc::already_exists) return reply(refuse(call, done.error()));
        reply(refuse(call, Errc::already_exists, "Another traffic distribution group is named '" + name + "'."));
      });
}

}  // namespace

void add_distribution_operations(const Context& context) {
  context.on("CreateTrafficDistributionGroup",
             [context](const model::Call& call, model::Reply reply) { create_group(context, call, std::move(reply)); });
  context.read("DescribeTrafficDistributionGroup",
               [context](const model::Call& call, const World& world, const Local&) -> model::Answer {
                 const auto group = found(call, world, kGroupId);
                 if (!group) return refuse(call, group.error());
                 json::object out = summary(context, *group);
                 const config::Document* document = world.config().find(config::Kind::distribution_group, group->id);
                 if (document != nullptr) {
                   put(out, "Description", document->get("description"));
                   put_tags(out, *document);
                 }
                 return json::object{{"TrafficDistributionGroup", std::move(out)}};
               });
  context.read("ListTrafficDistributionGroups",
               [context](const model::Call& call, const World& world, const Local&) -> model::Answer {
                 std::map<std::string, json::object> rows;
                 for (const Group& group : distribution::groups(world.config(), world.members())) {
                   rows.emplace(group.id.text(), summary(context, group));
                 }
                 return Context::page(call, "TrafficDistributionGroupSummaryList", rows);
               });
  context.read("GetTrafficDistribution",
               [context](const model::Call& call, const World& world, const Local&) -> model::Answer {
                 const auto group = found(call, world, "Id");
                 if (!group) return refuse(call, group.error());
                 return describe_distribution(context, world, *group);
               });
  change(context, "UpdateTrafficDistribution", "Id", distribution_fields);
  change(context, "AssociateTrafficDistributionGroupUser", kGroupId,
         [context](const model::Call& call, const World& world, const Group&) {
           return user_field(context, call, world, "1");
         });
  change(context, "DisassociateTrafficDistributionGroupUser", kGroupId,
         [context](const model::Call& call, const World& world, const Group&) {
           return user_field(context, call, world, "");
         });
  context.read(
      "ListTrafficDistributionGroupUsers",
      [](const model::Call& call, const World& world, const Local&) -> model::Answer {
        const auto group = found(call, world, kGroupId);
        if (!group) return refuse(call, group.error());
        std::map<std::string, json::object> rows;
        if (const config::Document* document = world.config().find(config::Kind::distribution_group, group->id)) {
          for (const auto& [user, set] : document->list("user.")) rows.emplace(user, json::object{{"UserId", user}});
        }
        return Context::page(call, "TrafficDistributionGroupUserSummaryList", rows);
      });
  context.on("DeleteTrafficDistributionGroup", [context](const model::Call& call, model::Reply reply) {
    ask(
        context.host, [call](const World& world, const Local&) { return found(call, world, kGroupId); },
        [context, call, reply = std::move(reply)](const Result<Group>& group) {
          if (!group) return reply(json::object{});  // gone is what was asked for
          if (group->by_default) return reply(refuse(call, Errc::in_use, "The default group cannot be deleted."));
          if (!group->entries.empty()) {
            return reply(refuse(call, Errc::in_use, "Contacts enter by this group: " + *group->entries.begin() + "."));
          }
          const config::Delete gone{config::Kind::distribution_group, group->id};
          context.command(call, Command{.id = context.host.mint(), .verb = gone, .keys = {}}, reply,
                          [](const model::Call&, const Answer&) { return model::Answer(json::object{}); });
        });
  });
}

}  // namespace tandem::api::connect
