// Operations on the instance itself, and the security profiles that it has from birth.
#include "api/connect/context.h"

namespace tandem::api::connect {
namespace {

std::string alias(const Context& context, const config::Document* document) {
  const std::string given = document != nullptr ? document->get("alias") : std::string();
  return given.empty() ? context.host.identity().instance_alias : given;
}

std::string access_url(const Context& context) {
  const Host::Identity& identity = context.host.identity();
  return (identity.tls ? "https://" : "http://") + identity.public_host;
}

// What Instance and InstanceSummary have in common.
json::object instance(const Context& context, const World& world) {
  const Host::Identity& identity = context.host.identity();
  const config::Document* document = world.config().find(config::Kind::instance, identity.instance);
  json::object out{{"Id", identity.instance.text()},
                   {"Arn", context.instance_arn()},
                   {"IdentityManagementType", "CONNECT_MANAGED"},
                   {"InstanceStatus", "ACTIVE"},
                   {"InboundCallsEnabled", false},
                   {"OutboundCallsEnabled", false},
                   {"InstanceAccessUrl", access_url(context)}};
  put(out, "InstanceAlias", alias(context, document));
  if (document != nullptr) put_time(out, "CreatedTime", document->created);
  return out;
}

json::object replication(const World& world, const std::vector<std::string>& regions, const std::string& source) {
  json::array each;
  for (const std::string& region : regions) {
    // A region whose node never wrote a record has nothing of the instance yet.
    bool known = false;
    for (const NodeId node : world.members().in_region(region)) {
      known = known || world.members().incarnation(node) != Incarnation{};
    }
    each.emplace_back(json::object{
        {"Region", region},
        {"ReplicationStatus", known ? "INSTANCE_REPLICATION_COMPLETE" : "INSTANCE_REPLICATION_IN_PROGRESS"}});
  }
  return {{"ReplicationStatusSummaryList", std::move(each)}, {"SourceRegion", source}};
}

std::string source_region(const Context& context, const World& world) {
  const Host::Identity& identity = context.host.identity();
  const config::Document* document = world.config().find(config::Kind::instance, identity.instance);
  const membership::Member* creator = document != nullptr ? world.members().find(document->creator) : nullptr;
  return creator != nullptr && !creator->hub ? creator->region : identity.region;
}

}  // namespace

void add_instance_operations(const Context& context) {
  context.read("ListInstances", [context](const model::Call&, const World& world, const Local&) -> model::Answer {
    return json::object{{"InstanceSummaryList", json::array{instance(context, world)}}};
  });
  context.read("DescribeInstance", [context](const model::Call&, const World& world, const Local&) -> model::Answer {
    const auto& regions = context.host.identity().regions;
    return json::object{{"Instance", instance(context, world)},
                        {"ReplicationConfiguration", replication(world, regions, source_region(context, world))}};
  });
  context.read("ListSecurityProfiles",
               [context](const model::Call& call, const World& world, const Local&) -> model::Answer {
                 return context.list(call, world, config::Kind::security_profile, "SecurityProfileSummaryList",
                                     [&](const config::Document& document) -> std::optional<json::object> {
                                       json::object out{{"Id", document.id.text()},
                                                        {"Arn", context.arn(kSecurityProfileArn, document.id)},
                                                        {"Name", world.config().served_name(document)}};
                                       context.modified(out, world, document);
                                       return out;
                                     });
               });
}

}  // namespace tandem::api::connect
