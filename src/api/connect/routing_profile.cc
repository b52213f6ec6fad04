// Routing profiles: which channels an agent serves, how many contacts of each, and from which queues. Which of it means
// what when contacts are given to agents is in docs/routing.md.
#include <cstdlib>
#include <set>

#include "api/connect/context.h"

namespace tandem::api::connect {
namespace {

constexpr std::size_t kReferencesMax = 10;  // API Reference, "DisassociateRoutingProfileQueues"

Result<void> set_concurrency(Fields& out, const json::object& input) {
  const json::array* each = elements(input, "MediaConcurrencies");
  if (each == nullptr || each->empty()) return fail(Errc::invalid, "MediaConcurrencies needs at least one channel.");
  for (const json::value& value : *each) {
    const json::object& entry = value.as_object();
    const std::string channel = text(entry, "Channel");
    const std::int64_t slots = number(entry, "Concurrency").value_or(0);
    if (channel == "VOICE" && slots != 1) return fail(Errc::invalid, "The concurrency of VOICE is 1.");
    const json::object* cross = object(entry, "CrossChannelBehavior");
    out["cross_channel." + channel] = cross != nullptr ? text(*cross, "BehaviorType") : "";
    if (!out.emplace("concurrency." + channel, std::to_string(slots)).second) {
      return fail(Errc::invalid, "MediaConcurrencies names " + channel + " twice.");
    }
  }
  return {};
}

// The field of a queue served on a channel: "queue.<id>.CHAT".
Result<std::string> queue_field(const Context& context, const json::object& reference) {
  const auto queue = context.id(text(reference, "QueueId"), kQueueArn);
  if (!queue) return std::unexpected(queue.error());
  return "queue." + queue->text() + '.' + text(reference, "Channel");
}

Result<void> set_queues(Fields& out, const Context& context, const json::object& input) {
  const json::array* each = elements(input, "QueueConfigs");
  if (each == nullptr) return {};
  for (const json::value& value : *each) {
    const json::object& entry = value.as_object();
    const auto field = queue_field(context, entry.at("QueueReference").as_object());
    if (!field) return std::unexpected(field.error());
    const std::string rank = std::to_string(number(entry, "Priority").value_or(1)) + ',' +
                             std::to_string(number(entry, "Delay").value_or(0));
    if (!out.emplace(*field, rank).second)
      return fail(Errc::invalid, "QueueConfigs names a queue twice for a channel.");
  }
  return {};
}

Result<void> refuse_manual_assignment(const json::object& input) {
  for (const char* member : {"ManualAssignmentQueueConfigs", "ManualAssignmentQueueReferences"}) {
    if (input.contains(member)) {
      return fail(Errc::refused, std::string(member) + ": contacts are assigned by routing only.");
    }
  }
  return {};
}

Result<Fields> profile_fields(const Context& context, const json::object& input) {
  if (const auto good = refuse_manual_assignment(input); !good) return std::unexpected(good.error());
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

model::Answer list_queues(const Context& context, const model::Call& call, const World& world,
                          const config::Document& document) {
  const config::RoutingProfile* profile = world.config().routing_profile(document.id);
  std::map<std::string, json::object> rows;
  if (profile != nullptr) {
    for (const auto& [served, rank] : profile->queues) {
      const auto& [queue, channel] = served;
      const config::Document* found = world.config().find(config::Kind::queue, queue);
      if (found == nullptr) continue;
      rows[queue.text() + '.' + channel] = {{"QueueId", queue.text()},
                                            {"QueueArn", context.arn(kQueueArn, queue)},
                                            {"QueueName", world.config().served_name(*found)},
                                            {"Priority", rank.priority},
                                            {"Delay", rank.delay.count()},
                                            {"Channel", channel}};
    }
  }
  auto out = Context::page(call, "RoutingProfileQueueConfigSummaryList", rows);
  if (out) context.modified(*out, world, document);
  return out;
}

// What a change of the profile's queues sets.
Result<Fields> associated(const Context& context, const model::Call& call) {
  if (const auto good = refuse_manual_assignment(call.input); !good) return std::unexpected(good.error());
  Fields out;
  if (const auto good = set_queues(out, context, call.input); !good) return std::unexpected(good.error());
  if (out.empty()) return fail(Errc::invalid, "QueueConfigs names no queue.");
  return out;
}

Result<Fields> disassociated(const Context& context, const model::Call& call, const config::Document& document) {
  if (const auto good = refuse_manual_assignment(call.input); !good) return std::unexpected(good.error());
  const json::array* each = elements(call.input, "QueueReferences");
  if (each == nullptr || each->empty()) return fail(Errc::invalid, "QueueReferences names no queue.");
  if (each->size() > kReferencesMax) return fail(Errc::invalid, "QueueReferences names more than ten.");
  Fields out;
  for (const json::value& value : *each) {
    const auto field = queue_field(context, value.as_object());
    if (!field) return std::unexpected(field.error());
    // A repeat of the call finds nothing left to do.
    if (!document.get(*field).empty()) out[*field] = "";
  }
  return out;
}

Result<Fields> reranked(const Context& context, const model::Call& call, const config::Document& document) {
  auto out = associated(context, call);
  if (!out) return out;
  for (const auto& [field, rank] : *out) {
    if (document.get(field).empty()) {
      return fail(Errc::not_found, "The routing profile does not have " + field.substr(field.find('.') + 1) +
                                       " among its queues and channels.");
    }
  }
  return out;
}

// The whole list is replaced: a channel that the call leaves out is not served any more.
Result<Fields> concurrency(const model::Call& call, const config::Document& document) {
  Fields out;
  if (const auto good = set_concurrency(out, call.input); !good) return std::unexpected(good.error());
  for (const char* prefix : {"concurrency.", "cross_channel."}) {
    for (const auto& [channel, value] : document.list(prefix)) out.emplace(prefix + channel, "");
  }
  return out;
}

Result<Fields> outbound_queue(const Context& context, const model::Call& call) {
  const auto queue = context.id(text(call.input, "DefaultOutboundQueueId"), kQueueArn);
  if (!queue) return std::unexpected(queue.error());
  return Fields{{"default_outbound_queue", queue->text()}};
}

void add_profile_changes(const Context& context) {
  const auto change = [&](std::string_view operation, Context::Change fields) {
    context.change(operation, config::Kind::routing_profile, kRoutingProfileArn, "RoutingProfileId", std::move(fields));
  };
  change("AssociateRoutingProfileQueues", [context](const model::Call& call, const World&, const config::Document&) {
    return associated(context, call);
  });
  change("DisassociateRoutingProfileQueues",
         [context](const model::Call& call, const World&, const config::Document& document) {
           return disassociated(context, call, document);
         });
  change("UpdateRoutingProfileQueues",
         [context](const model::Call& call, const World&, const config::Document& document) {
           return reranked(context, call, document);
         });
  change("UpdateRoutingProfileConcurrency",
         [](const model::Call& call, const World&, const config::Document& document) {
           return concurrency(call, document);
         });
  change("UpdateRoutingProfileName",
         [](const model::Call& call, const World&, const config::Document&) { return naming(call.input); });
  change("UpdateRoutingProfileDefaultOutboundQueue",
         [context](const model::Call& call, const World&, const config::Document&) {
           return outbound_queue(context, call);
         });
  change("UpdateRoutingProfileAgentAvailabilityTimer",
         [](const model::Call& call, const World&, const config::Document&) -> Result<Fields> {
           return Fields{{"availability_timer", text(call.input, "AgentAvailabilityTimer")}};
         });
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
  context.read("ListRoutingProfileQueues",
               [context](const model::Call& call, const World& world, const Local&) -> model::Answer {
                 const auto found = context.document(call, world, config::Kind::routing_profile, kRoutingProfileArn,
                                                     "RoutingProfileId");
                 if (!found) return refuse(call, found.error());
                 return list_queues(context, call, world, **found);
               });
  add_profile_changes(context);
  context.destroy("DeleteRoutingProfile", config::Kind::routing_profile, kRoutingProfileArn, "RoutingProfileId");
}

}  // namespace tandem::api::connect
