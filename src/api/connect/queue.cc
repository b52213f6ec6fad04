// Queues.
#include <algorithm>

#include "api/connect/context.h"

namespace tandem::api::connect {
namespace {

Result<Fields> queue_fields(const Context& context, const json::object& input) {
  for (const char* member : {"QuickConnectIds", "EmailAddressesConfig", "OutboundEmailConfig"}) {
    if (input.contains(member)) {
      return fail(Errc::refused, std::string(member) + ": this centre has no quick connects and no e-mail.");
    }
  }
  Fields out;
  out["name"] = text(input, "Name");
  out["description"] = text(input, "Description");
  out["status"] = "ENABLED";
  const auto hours = context.id(text(input, "HoursOfOperationId"), kHoursArn);
  if (!hours) return std::unexpected(hours.error());
  out["hours"] = hours->text();
  if (const auto max = number(input, "MaxContacts")) out["max_contacts"] = std::to_string(*max);
  if (const json::object* outbound = object(input, "OutboundCallerConfig")) {
    out["outbound_name"] = text(*outbound, "OutboundCallerIdName");
    out["outbound_number"] = text(*outbound, "OutboundCallerIdNumberId");
    if (const std::string flow = text(*outbound, "OutboundFlowId"); !flow.empty()) {
      const auto id = context.id(flow, kFlowArn);
      if (!id) return std::unexpected(id.error());
      out["outbound_flow"] = id->text();
    }
  }
  set_tags(out, input);
  return out;
}

json::object describe_queue(const Context& context, const World& world, const config::Document& document) {
  json::object out{{"QueueId", document.id.text()},
                   {"QueueArn", context.arn(kQueueArn, document.id)},
                   {"Name", world.config().served_name(document)},
                   {"Status", document.get("status") == "DISABLED" ? "DISABLED" : "ENABLED"}};
  put(out, "Description", document.get("description"));
  put(out, "HoursOfOperationId", document.get("hours"));
  if (const std::string& max = document.get("max_contacts"); !max.empty()) {
    out["MaxContacts"] = static_cast<std::int64_t>(std::atoll(max.c_str()));
  }
  json::object outbound;
  put(outbound, "OutboundCallerIdName", document.get("outbound_name"));
  put(outbound, "OutboundCallerIdNumberId", document.get("outbound_number"));
  put(outbound, "OutboundFlowId", document.get("outbound_flow"));
  if (!outbound.empty()) out["OutboundCallerConfig"] = std::move(outbound);
  put_tags(out, document);
  context.modified(out, world, document);
  return out;
}

}  // namespace

void add_queue_operations(const Context& context) {
  context.on("CreateQueue", [context](const model::Call& call, model::Reply reply) {
    auto fields = queue_fields(context, call.input);
    if (!fields) return reply(refuse(call, fields.error()));
    context.create(call, {config::Kind::queue, kQueueArn, "QueueId", "QueueArn"}, std::move(*fields), std::move(reply));
  });
  context.read("DescribeQueue", [context](const model::Call& call, const World& world, const Local&) -> model::Answer {
    const auto found = context.document(call, world, config::Kind::queue, kQueueArn, "QueueId");
    if (!found) return refuse(call, found.error());
    return json::object{{"Queue", describe_queue(context, world, **found)}};
  });
  context.read("ListQueues", [context](const model::Call& call, const World& world, const Local&) -> model::Answer {
    const auto types = texts(call.input, "QueueTypes");
    const bool standard = types.empty() || std::ranges::find(types, "STANDARD") != types.end();
    return context.list(call, world, config::Kind::queue, "QueueSummaryList",
                        [&](const config::Document& document) -> std::optional<json::object> {
                          if (!standard) return std::nullopt;
                          json::object out{{"Id", document.id.text()},
                                           {"Arn", context.arn(kQueueArn, document.id)},
                                           {"Name", world.config().served_name(document)},
                                           {"QueueType", "STANDARD"}};
                          context.modified(out, world, document);
                          return out;
                        });
  });
  context.destroy("DeleteQueue", config::Kind::queue, kQueueArn, "QueueId");
}

}  // namespace tandem::api::connect
