// Agent statuses: what agents choose from. "Available" and "Offline", which mean something to routing, are there from
// birth; those that are made here are custom ones.
#include <algorithm>
#include <cstdlib>

#include "api/connect/context.h"

namespace tandem::api::connect {
namespace {

constexpr auto kStatus = config::Kind::agent_status;

json::object describe_status(const Context& context, const World& world, const config::Document& document) {
  json::object out{{"AgentStatusId", document.id.text()},
                   {"AgentStatusARN", context.arn(kAgentStatusArn, document.id)},
                   {"Name", world.config().served_name(document)},
                   {"State", document.get("state") == "DISABLED" ? "DISABLED" : "ENABLED"}};
  put(out, "Type", document.get("type"));
  put(out, "Description", document.get("description"));
  if (const std::string& order = document.get("order"); !order.empty()) {
    out["DisplayOrder"] = static_cast<std::int64_t>(std::atoll(order.c_str()));
  }
  put_tags(out, document);
  context.modified(out, world, document);
  return out;
}

Result<Fields> changed_status(const json::object& input, const config::Document& status) {
  const std::string state = text(input, "State");
  if (state == "DISABLED" && status.get("type") != "CUSTOM") {
    return fail(Errc::refused, "Only custom agent statuses can be disabled.");
  }
  Fields out;
  if (input.contains("Name")) out["name"] = text(input, "Name");
  if (input.contains("Description")) out["description"] = text(input, "Description");
  if (!state.empty()) out["state"] = state;
  const json::value* reset = input.if_contains("ResetOrderNumber");
  const auto order = number(input, "DisplayOrder");
  if (reset != nullptr && reset->as_bool()) {
    if (order) return fail(Errc::invalid, "DisplayOrder cannot be set and reset at once.");
    out["order"] = "";
  } else if (order) {
    out["order"] = std::to_string(*order);
  }
  return out;
}

}  // namespace

void add_agent_status_operations(const Context& context) {
  context.on("CreateAgentStatus", [context](const model::Call& call, model::Reply reply) {
    Fields fields{{"name", text(call.input, "Name")},
                  {"description", text(call.input, "Description")},
                  {"state", text(call.input, "State")},
                  {"type", "CUSTOM"}};
    if (const auto order = number(call.input, "DisplayOrder")) fields["order"] = std::to_string(*order);
    set_tags(fields, call.input);
    context.create(call, {kStatus, kAgentStatusArn, "AgentStatusId", "AgentStatusARN"}, std::move(fields),
                   std::move(reply));
  });
  context.read("DescribeAgentStatus",
               [context](const model::Call& call, const World& world, const Local&) -> model::Answer {
                 const auto found = context.document(call, world, kStatus, kAgentStatusArn, "AgentStatusId");
                 if (!found) return refuse(call, found.error());
                 return json::object{{"AgentStatus", describe_status(context, world, **found)}};
               });
  context.read(
      "ListAgentStatuses", [context](const model::Call& call, const World& world, const Local&) -> model::Answer {
        const auto types = texts(call.input, "AgentStatusTypes");
        return context.list(call, world, config::Kind::agent_status, "AgentStatusSummaryList",
                            [&](const config::Document& document) -> std::optional<json::object> {
                              const std::string& type = document.get("type");
                              const bool wanted = types.empty() || std::ranges::find(types, type) != types.end();
                              if (!wanted) return std::nullopt;
                              json::object out{{"Id", document.id.text()},
                                               {"Arn", context.arn(kAgentStatusArn, document.id)},
                                               {"Name", world.config().served_name(document)}};
                              put(out, "Type", type);
                              context.modified(out, world, document);
                              return out;
                            });
      });
  context.change("UpdateAgentStatus", kStatus, kAgentStatusArn, "AgentStatusId",
                 [](const model::Call& call, const World&, const config::Document& status) {
                   return changed_status(call.input, status);
                 });
}

}  // namespace tandem::api::connect
