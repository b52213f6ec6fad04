// Queues.
#include <algorithm>

#include "api/connect/context.h"

namespace tandem::api::connect {
namespace {

// Errors: those of an id.
Result<void> set_outbound(Fields& out, const Context& context, const json::object& outbound) {
  out["outbound_name"] = text(outbound, "OutboundCallerIdName");
  out["outbound_number"] = text(outbound, "OutboundCallerIdNumberId");
  out["outbound_flow"] = "";
  if (const std::string flow = text(outbound, "OutboundFlowId"); !flow.empty()) {
    const auto id = context.id(flow, kFlowArn);
    if (!id) return std::unexpected(id.error());
    out["outbound_flow"] = id->text();
  }
  return {};
}

Result<Fields> queue_fields(const Context& context, const json::object& input) {
  for (const char* member : {"EmailAddressesConfig", "OutboundEmailConfig"}) {
    if (input.contains(member)) return fail(Errc::refused, std::string(member) + ": this centre has no e-mail.");
  }
  Fields out;
  for (const std::string& named : texts(input, "QuickConnectIds")) {
    const auto id = context.id(named, kQuickConnectArn);
    if (!id) return std::unexpected(id.error());
    out["quick_connect." + id->text()] = "1";
  }
  out["name"] = text(input, "Name");
  out["description"] = text(input, "Description");
  out["status"] = "ENABLED";
  const auto hours = context.id(text(input, "HoursOfOperationId"), kHoursArn);
  if (!hours) return std::unexpected(hours.error());
  out["hours"] = hours->text();
  if (const auto max = number(input, "MaxContacts")) out["max_contacts"] = std::to_string(*max);
  if (const json::object* outbound = object(input, "OutboundCallerConfig")) {
    if (auto good = set_outbound(out, context, *outbound); !good) return std::unexpected(good.error());
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

void add_queue_changes(const Context& context) {
  const auto change = [&](std::string_view operation, Context::Change fields) {
    context.change(operation, config::Kind::queue, kQueueArn, "QueueId", std::move(fields));
  };
  change("UpdateQueueName",
         [](const model::Call& call, const World&, const config::Document&) { return naming(call.input); });
  change("UpdateQueueHoursOfOperation",
         [context](const model::Call& call, const World&, const config::Document&) -> Result<Fields> {
           const auto hours = context.id(text(call.input, "HoursOfOperationId"), kHoursArn);
           if (!hours) return std::unexpected(hours.error());
           return Fields{{"hours", hours->text()}};
         });
  // Without a number the limit goes.
  change("UpdateQueueMaxContacts",
         [](const model::Call& call, const World&, const config::Document&) -> Result<Fields> {
           const auto max = number(call.input, "MaxContacts");
           return Fields{{"max_contacts", max ? std::to_string(*max) : std::string()}};
         });
  change("UpdateQueueStatus", [](const model::Call& call, const World&, const config::Document&) -> Result<Fields> {
    return Fields{{"status", text(call.input, "Status")}};
  });
  change("UpdateQueueOutboundCallerConfig",
         [context](const model::Call& call, const World&, const config::Document&) -> Result<Fields> {
           Fields out;
           const json::object& given = call.input.at("OutboundCallerConfig").as_object();
           if (auto good = set_outbound(out, context, given); !good) return std::unexpected(good.error());
           return out;
         });
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
  add_queue_changes(context);
  context.destroy("DeleteQueue", config::Kind::queue, kQueueArn, "QueueId");
}

}  // namespace tandem::api::connect
