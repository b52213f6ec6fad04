// Quick connects: where agents can transfer contacts to. Those that are there by themselves, one of each user and
// queue, are listed and described with the others, can be associated with queues, and change with their user or queue
// only.
#include <algorithm>

#include "api/connect/context.h"

namespace tandem::api::connect {
namespace {

constexpr auto kQuickConnect = config::Kind::quick_connect;

// Which member of QuickConnectConfig a type needs, and the ids in it.
struct Part {
  std::string_view type;
  std::string_view member;
  std::string_view id_member;
  std::string_view arn;
  const char* field;
};
constexpr Part kParts[] = {
    {"USER", "UserConfig", "UserId", kUserArn, "user"},
    {"QUEUE", "QueueConfig", "QueueId", kQueueArn, "queue"},
    {"PHONE_NUMBER", "PhoneConfig", {}, {}, nullptr},
    {"FLOW", "FlowConfig", {}, {}, nullptr},
};

// All of what a quick connect leads to.
Result<void> set_config(Fields& out, const Context& context, const json::object& config) {
  const std::string type = text(config, "QuickConnectType");
  for (const char* field : {"user", "queue", "phone_number", "flow"}) out[field] = "";
  out["type"] = type;
  for (const Part& part : kParts) {
    const json::object* given = object(config, part.member);
    if ((given != nullptr) != (part.type == type)) {
      return fail(Errc::invalid, std::string(part.member) + " is given with the type " + std::string(part.type) +
                                     ", and with no other.");
    }
    if (given == nullptr) continue;
    out["phone_number"] = text(*given, "PhoneNumber");
    if (const std::string flow = text(*given, "ContactFlowId"); !flow.empty()) {
      const auto id = context.id(flow, kFlowArn);
      if (!id) return std::unexpected(id.error());
      out["flow"] = id->text();
    }
    if (part.field == nullptr) continue;
    const auto id = context.id(text(*given, part.id_member), part.arn);
    if (!id) return std::unexpected(id.error());
    out[part.field] = id->text();
  }
  return {};
}

json::object config_json(const config::QuickConnect& quick_connect) {
  json::object out{{"QuickConnectType", quick_connect.type}};
  for (const Part& part : kParts) {
    if (part.type != quick_connect.type) continue;
    json::object of;
    if (part.field != nullptr) of[part.id_member] = quick_connect.destination.text();
    // The model wants one of all but phone numbers, so one that has none says so.
    const bool none = quick_connect.flow.value().nil();
    if (part.type != "PHONE_NUMBER") of["ContactFlowId"] = none ? std::string() : quick_connect.flow.value().text();
    put(of, "PhoneNumber", quick_connect.phone_number);
    out[part.member] = std::move(of);
  }
  return out;
}

Error unknown() { return {Errc::not_found, "No quick connect has this id."}; }

Result<config::QuickConnect> find(const Context& context, const model::Call& call, const World& world) {
  const auto id = context.id(text(call.input, "QuickConnectId"), kQuickConnectArn);
  if (!id) return std::unexpected(id.error());
  auto found = world.config().quick_connect(*id);
  if (!found) return std::unexpected(unknown());
  return std::move(*found);
}

// One that somebody made, and that can be changed.
Result<const config::Document*> find_made(const Context& context, const model::Call& call, const World& world) {
  const auto found = find(context, call, world);
  if (!found) return std::unexpected(found.error());
  if (found->by_itself) {
    return fail(Errc::refused, found->type == "USER" ? "This quick connect is there as long as its user is."
                                                     : "This quick connect is there as long as its queue is.");
  }
  return found->document;
}

json::object describe_quick_connect(const Context& context, const World& world,
                                    const config::QuickConnect& quick_connect) {
  json::object out{{"QuickConnectId", quick_connect.id.text()},
                   {"QuickConnectARN", context.arn(kQuickConnectArn, quick_connect.id)},
                   {"Name", quick_connect.name},
                   {"QuickConnectConfig", config_json(quick_connect)}};
  if (!quick_connect.by_itself) {
    put(out, "Description", quick_connect.document->get("description"));
    put_tags(out, *quick_connect.document);
  }
  context.modified(out, world, *quick_connect.document);
  return out;
}

json::object summary(const Context& context, const World& world, const config::QuickConnect& quick_connect) {
  json::object out{{"Id", quick_connect.id.text()},
                   {"Arn", context.arn(kQuickConnectArn, quick_connect.id)},
                   {"Name", quick_connect.name},
                   {"QuickConnectType", quick_connect.type}};
  context.modified(out, world, *quick_connect.document);
  return out;
}

// Those of `types`, or of all types when there are none.
model::Answer list_quick_connects(const Context& context, const model::Call& call, const World& world,
                                  const std::vector<Uuid>& ids, const std::vector<std::string>& types) {
  return Context::page(call, "QuickConnectSummaryList", ids, [&](const Uuid& id) -> std::optional<json::object> {
    const auto found = world.config().quick_connect(id);
    if (!found || (!types.empty() && std::ranges::find(types, found->type) == types.end())) return std::nullopt;
    return summary(context, world, *found);
  });
}

// The field of an association with a queue.
std::string field_of(const Uuid& quick_connect) { return "quick_connect." + quick_connect.text(); }

Result<Fields> associations(const Context& context, const model::Call& call, const char* value) {
  Fields out;
  for (const std::string& named : texts(call.input, "QuickConnectIds")) {
    const auto id = context.id(named, kQuickConnectArn);
    if (!id) return std::unexpected(id.error());
    out[field_of(*id)] = value;
  }
  return out;
}

void add_associations(const Context& context) {
  context.change("AssociateQueueQuickConnects", config::Kind::queue, kQueueArn, "QueueId",
                 [context](const model::Call& call, const World&, const config::Document&) {
                   return associations(context, call, "1");
                 });
  context.change("DisassociateQueueQuickConnects", config::Kind::queue, kQueueArn, "QueueId",
                 [context](const model::Call& call, const World&, const config::Document& queue) {
                   auto out = associations(context, call, "");
                   // A repeat of the call finds nothing left to do.
                   if (out) std::erase_if(*out, [&](const auto& field) { return queue.get(field.first).empty(); });
                   return out;
                 });
  context.read("ListQueueQuickConnects",
               [context](const model::Call& call, const World& world, const Local&) -> model::Answer {
                 const auto queue = context.document(call, world, config::Kind::queue, kQueueArn, "QueueId");
                 if (!queue) return refuse(call, queue.error());
                 std::vector<Uuid> ids;
                 for (const auto& [id, set] : (*queue)->list("quick_connect.")) {
                   if (const auto parsed = parse_uuid(id)) ids.push_back(*parsed);
                 }
                 auto out = list_quick_connects(context, call, world, ids, {});
                 if (out) context.modified(*out, world, **queue);
                 return out;
               });
}

}  // namespace

void add_quick_connect_operations(const Context& context) {
  context.on("CreateQuickConnect", [context](const model::Call& call, model::Reply reply) {
    Fields fields{{"name", text(call.input, "Name")}, {"description", text(call.input, "Description")}};
    const auto good = set_config(fields, context, call.input.at("QuickConnectConfig").as_object());
    if (!good) return reply(refuse(call, good.error()));
    set_tags(fields, call.input);
    context.create(call, {kQuickConnect, kQuickConnectArn, "QuickConnectId", "QuickConnectARN"}, std::move(fields),
                   std::move(reply));
  });
  context.read("DescribeQuickConnect",
               [context](const model::Call& call, const World& world, const Local&) -> model::Answer {
                 const auto found = find(context, call, world);
                 if (!found) return refuse(call, found.error());
                 return json::object{{"QuickConnect", describe_quick_connect(context, world, *found)}};
               });
  context.read("ListQuickConnects", [context](const model::Call& call, const World& world, const Local&) {
    return list_quick_connects(context, call, world, world.config().quick_connects(),
                               texts(call.input, "QuickConnectTypes"));
  });
  const auto made = [context](const model::Call& call, const World& world) { return find_made(context, call, world); };
  context.change("UpdateQuickConnectName", kQuickConnect, made,
                 [](const model::Call& call, const World&, const config::Document&) { return naming(call.input); });
  context.change("UpdateQuickConnectConfig", kQuickConnect, made,
                 [context](const model::Call& call, const World&, const config::Document&) -> Result<Fields> {
                   Fields out;
                   const json::object& given = call.input.at("QuickConnectConfig").as_object();
                   if (auto good = set_config(out, context, given); !good) return std::unexpected(good.error());
                   return out;
                 });
  context.destroy("DeleteQuickConnect", kQuickConnect, made);
  add_associations(context);
}

}  // namespace tandem::api::connect
