// Routing profiles: which channels an agent serves, how many contacts of each, and from which queues.
#include <cstdlib>
#include <set>

#include "api/connect/context.h"

namespace tandem::api::connect {
namespace {

Result<void> set_concurrency(Fields& out, const json::object& input) {
  const json::array* each = elements(input, "MediaConcurrencies");
  if (each == nullptr || each->empty()) return fail(Errc::invalid, "MediaConcurrencies needs at least one channel.");
  for (const json::value& value : *each) {
    const json::object& entry = value.as_object();
    const std::string channel = text(entry, "Channel");
    const std::int64_t slots = number(entry, "Concurrency").value_or(0);
    if (channel == "VOICE" && slots != 1) return fail(Errc::invalid, "The concurrency of VOICE is 1.");
    if (const json::object* cross = object(entry, "CrossChannelBehavior")) {
      out["cross_channel." + channel] = text(*cross, "BehaviorType");
    }
    if (!out.emplace("concurrency." + channel, std::to_string(slots)).second) {
      return fail(Errc::invalid, "MediaConcurrencies names " + channel + " twice.");
    }
  }
  return {};
}

Result<void> set_queues(Fields& out, const Context& context, const json::object& input) {
  const json::array* each = elements(input, "QueueConfigs");
  if (each == nullptr) return {};
  for (const json::value& value : *each) {
    const json::object& entry = value.as_object();
    const json::object& reference = entry.at("QueueReference").as_object();
    const std::string channel = text(reference, "Channel");
    const auto queue = context.id(text(reference, "QueueId"), kQueueArn);
    if (!queue) return std::unexpected(queue.error());
    const std::string rank = std::to_string(number(entry, "Priority").value_or(1)) + ',' +
                             std::to_string(number(entry, "Delay").value_or(0));
    if (!out.emplace("queue." + queue->text() + '.' + channel, rank).second) {
      return fail(Errc::invalid, "QueueConfigs names a queue twice for " + channel + ".");
    }
  }
  return {};
}

Result<Fields> profile_fields(const Context& context, const json::object& input) {
  if (input.contains("ManualAssignmentQueueConfigs")) {
    return fail(Errc::refused, "ManualAssignmentQueueConfigs: contacts are assigned by routing only.");
  }
  Fields out;
  out["name"] = text(input, "Name");
  out["description"] = text(input, "Description");
  out["availability_timer"] = text(input, "AgentAvailabilityTimer");
  const auto outbound = context.id(text(input, "DefaultOutboundQueueId"), kQueueArn);
  if (!outbound) return std::unexpected(outbound.error());
  out["default_outbound_queue"] = outbound->text();
  if (const auto good = set_concurrency(out, input); !good) return std::unexpected(good.error());
  if (const auto good = set_queues(out, context, input); !good) return std::unexpected(good.error());
  set_tags(out, input);
  return out;
}

json::object describe_profile(const Context& context, const World& world, const config::Document& document) {
  std::set<std::string> queues;  // "<id>.<CHANNEL>": a queue counts once however many channels it serves
  for (const auto& [name, rank] : document.list("queue.")) queues.insert(name.substr(0, name.find('.')));
  json::array queue_ids;
  for (const std::string& id : queues) queue_ids.emplace_back(id);
  json::array concurrency;
  for (const auto& [channel, slots] : document.list("concurrency.")) {
    const std::string& cross = document.get("cross_channel." + channel);
    concurrency.emplace_back(
        json::object{{"Channel", channel},
                     {"Concurrency", static_cast<std::int64_t>(std::atoll(slots.c_str()))},
                     {"CrossChannelBehavior",
                      json::object{{"BehaviorType", cross.empty() ? "ROUTE_CURRENT_CHANNEL_ONLY" : cross}}}});
  }
  std::int64_t users = 0;
  for (const config::Document* user : world.config().all(config::Kind::user)) {
    if (user->get("routing_profile") == document.id.text()) ++users;
  }
  const std::string& timer = document.get("availability_timer");
  json::object out{{"InstanceId", context.host.identity().instance.text()},
                   {"RoutingProfileId", document.id.text()},
                   {"RoutingProfileArn", context.arn(kRoutingProfileArn, document.id)},
                   {"Name", world.config().served_name(document)},
                   {"MediaConcurrencies", std::move(concurrency)},
                   {"NumberOfAssociatedQueues", static_cast<std::int64_t>(queues.size())},
                   {"NumberOfAssociatedManualAssignmentQueues", 0},
                   {"NumberOfAssociatedUsers", users},
                   {"AgentAvailabilityTimer", timer.empty() ? "TIME_SINCE_LAST_ACTIVITY" : timer},
                   {"IsDefault", false},
                   {"AssociatedQueueIds", std::move(queue_ids)}};
  put(out, "Description", document.get("description"));
  put(out, "DefaultOutboundQueueId", document.get("default_outbound_queue"));
  put_tags(out, document);
  context.modified(out, world, document);
  return out;
}

}  // namespace

void add_routing_profile_operations(const Context& context) {
  context.on("CreateRoutingProfile", [context](const model::Call& call, model::Reply reply) {
    auto fields = profile_fields(context, call.input);
    if (!fields) return reply(refuse(call, fields.error()));
    context.create(call, {config::Kind::routing_profile, kRoutingProfileArn, "RoutingProfileId", "RoutingProfileArn"},
                   std::move(*fields), std::move(reply));
  });
  context.read(
      "DescribeRoutingProfile", [context](const model::Call& call, const World& world, const Local&) -> model::Answer {
        const auto found =
            context.document(call, world, config::Kind::routing_profile, kRoutingProfileArn, "RoutingProfileId");
        if (!found) return refuse(call, found.error());
        return json::object{{"RoutingProfile", describe_profile(context, world, **found)}};
      });
  context.read("ListRoutingProfiles",
               [context](const model::Call& call, const World& world, const Local&) -> model::Answer {
                 return context.list(call, world, config::Kind::routing_profile, "RoutingProfileSummaryList",
                                     [&](const config::Document& document) -> std::optional<json::object> {
                                       json::object out{{"Id", document.id.text()},
                                                        {"Arn", context.arn(kRoutingProfileArn, document.id)},
                                                        {"Name", world.config().served_name(document)}};
                                       context.modified(out, world, document);
                                       return out;
                                     });
               });
  context.destroy("DeleteRoutingProfile", config::Kind::routing_profile, kRoutingProfileArn, "RoutingProfileId");
}

}  // namespace tandem::api::connect
