// What can be asked about a contact and done to it from outside.
#include "api/connect/attributes.h"
#include "api/connect/context.h"
#include "api/connect/criteria.h"
#include "core/routing/position.h"
#include "core/routing/wait.h"

namespace tandem::api::connect {
namespace {

using contact::Contact;

Result<ContactId> contact_id(const Context& context, const model::Call& call, std::string_view member) {
  const auto id = context.id(text(call.input, member), kContactArn);
  if (!id) return std::unexpected(id.error());
  return ContactId{*id};
}

Error unknown_contact() { return {Errc::not_found, "The contact with the specified ID does not exist."}; }

// A copy of a contact, and the regions its GlobalResiliencyMetadata names.
struct Seen {
  Contact contact;
  Hlc changed;
  std::string active_region;
  std::string origin_region;
};

std::string region_of(const World& world, NodeId node) {
  const membership::Member* member = world.members().find(node);
  return member != nullptr ? member->region : std::string();
}

Result<Seen> see(const World& world, ContactId id) {
  const contact::Held* held = world.contacts().find(id);
  if (held == nullptr) return std::unexpected(unknown_contact());
  return Seen{held->contact, held->changed, region_of(world, held->line.node), region_of(world, held->contact.origin)};
}

json::object attributes_of(Host& host, const Contact& contact) {
  json::object out;
  for (const auto& [name, value] : contact.attributes) out[name] = words(host, value);
  return out;
}

json::object contact_json(const Context& context, const Seen& seen) {
  Host& host = context.host;
  const Contact& contact = seen.contact;
  json::object out{
      {"Id", contact.id.value().text()},          {"Arn", context.arn(kContactArn, contact.id.value())},
      {"Channel", channel_name(contact.channel)}, {"InitiationMethod", contact.is_callback() ? "CALLBACK" : "API"},
      {"QueuePriority", contact.place.priority},  {"Attributes", attributes_of(host, contact)}};
  if (contact.initial != contact.id) put(out, "InitialContactId", contact.initial.value().text());
  if (!contact.previous.value().nil()) out["PreviousContactId"] = contact.previous.value().text();
  if (contact.is_consultation()) out["RelatedContactId"] = contact.about.contact.value().text();
  put(out, "Name", contact.name);
  put(out, "Description", words(host, contact.description));
  if (const auto at = contact.data.find("CustomerId"); at != contact.data.end()) {
    put(out, "CustomerId", words(host, at->second));
  }
  if (contact.place.enqueued.packed != 0) {
    json::object queue{{"Id", contact.place.queue.value().text()}};
    put_time(queue, "EnqueueTimestamp", contact.place.enqueued);
    out["QueueInfo"] = std::move(queue);
  }
  if (!contact.agent.value().nil() && contact.connected.packed != 0) {
    json::object agent{{"Id", contact.agent.value().text()}};
    put_time(agent, "ConnectedToAgentTimestamp", contact.connected);
    out["AgentInfo"] = std::move(agent);
  }
  const auto adjusted = std::chrono::duration_cast<std::chrono::seconds>(contact.place.age_adjustment).count();
  if (adjusted != 0) out["QueueTimeAdjustmentSeconds"] = adjusted;
  put_time(out, "InitiationTimestamp", contact.initiated);
  put_time(out, "ConnectedToSystemTimestamp", contact.initiated);
  put_time(out, "ScheduledTimestamp", contact.scheduled);
  put_time(out, "DisconnectTimestamp", contact.ended);
  put_time(out, "LastUpdateTimestamp", seen.changed);
  put(out, "DisconnectReason", contact.ended_by);
  if (auto criteria = describe_criteria(contact, Hlc::at(host.utc_ms()))) out["RoutingCriteria"] = std::move(*criteria);
  json::object resiliency;
  put(resiliency, "ActiveRegion", seen.active_region);
  put(resiliency, "OriginRegion", seen.origin_region);
  if (!contact.placed.group.nil()) resiliency["TrafficDistributionGroupId"] = contact.placed.group.text();
  out["GlobalResiliencyMetadata"] = std::move(resiliency);
  return {{"Contact", std::move(out)}};
}

void describe_contact(const Context& context, const model::Call& call, model::Reply reply) {
  const auto id = contact_id(context, call, "ContactId");
  if (!id) return reply(refuse(call, id.error()));
  ask(
      context.host, [id = *id](const World& world, const Local&) { return see(world, id); },
      [context, call, reply = std::move(reply)](Result<Seen> seen) {
        reply(seen ? model::Answer(contact_json(context, *seen)) : refuse(call, seen.error()));
      });
}

void get_attributes(const Context& context, const model::Call& call, model::Reply reply) {
  const auto id = contact_id(context, call, "InitialContactId");
  if (!id) return reply(refuse(call, id.error()));
  ask(
      context.host, [id = *id](const World& world, const Local&) { return see(world, id); },
      [context, call, reply = std::move(reply)](Result<Seen> seen) {
        if (!seen) return reply(refuse(call, seen.error()));
        reply(json::object{{"Attributes", attributes_of(context.host, seen->contact)}});
      });
}

// How many bytes the attributes would take with `set` put in; a sealed value takes some more than its words.
std::size_t attribute_bytes(const Contact& contact, const std::map<std::string, std::string>& set) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : set) bytes += name.size() + value.size();
  for (const auto& [name, value] : contact.attributes) {
    if (!set.contains(name)) bytes += name.size() + value.bytes.size();
  }
  return bytes;
}

void update_attributes(const Context& context, const model::Call& call, model::Reply reply) {
  const auto id = contact_id(context, call, "InitialContactId");
  if (!id) return reply(refuse(call, id.error()));
  const auto attributes = read_attributes(call.input);
  if (!attributes) return reply(refuse(call, attributes.error()));
  struct Ground {
    KeyId key;
    Personal personal;
  };
  ask(
      context.host,
      [id = *id, set = *attributes, instance = context.host.identity().instance](const World& world,
                                                                                 const Local&) -> Result<Ground> {
        const contact::Held* held = world.contacts().find(id);
        if (held == nullptr) return std::unexpected(unknown_contact());
        if (attribute_bytes(held->contact, set) > kAttributeBytesMax) {
          return fail(Errc::invalid, "The attributes of the contact would hold more than 32 KB.");
        }
        return Ground{held->contact.key, Personal(world, instance)};
      },
      [context, call, id = *id, set = *attributes, reply = std::move(reply)](Result<Ground> ground) {
        if (!ground) return reply(refuse(call, ground.error()));
        contact::SetAttributes verb{id, ground->personal.seal(context.host, ground->key, set)};
        context.command(call, Command{.id = context.host.mint(), .verb = std::move(verb), .keys = {}}, reply,
                        [](const model::Call&, const Answer&) -> model::Answer { return json::object{}; });
      });
}

// The agents that criteria name are there.
Result<void> check_agents(const World& world, const contact::Criteria& criteria) {
  for (const contact::CriteriaStep& step : criteria.steps) {
    for (const contact::Requirement& part : step.expression) {
      for (const AgentId agent : part.agents) {
        if (world.config().find(config::Kind::user, agent.value()) == nullptr) {
          return fail(Errc::invalid, "AgentIds holds '" + agent.value().text() + "', which is no id of a user.");
        }
      }
    }
  }
  return {};
}

Result<contact::SetRouting> routing_of(const Context& context, const model::Call& call) {
  const auto id = contact_id(context, call, "ContactId");
  if (!id) return std::unexpected(id.error());
  contact::SetRouting out{*id, number(call.input, "QueuePriority"), {}, {}};
  if (const auto seconds = number(call.input, "QueueTimeAdjustmentSeconds")) {
    out.age_adjustment = std::chrono::seconds{*seconds};
  }
  if (const json::object* given = object(call.input, "RoutingCriteria")) {
    auto criteria = read_criteria(*given);
    if (!criteria) return std::unexpected(criteria.error());
    out.criteria = std::move(*criteria);
  }
  // API Reference, "UpdateContactRoutingData".
  if (out.priority && out.age_adjustment) {
    return fail(Errc::invalid, "Either QueuePriority or QueueTimeAdjustmentSeconds is given, not both.");
  }
  if (!out.priority && !out.age_adjustment && !out.criteria) {
    return fail(Errc::invalid, "None of QueuePriority, QueueTimeAdjustmentSeconds and RoutingCriteria is given.");
  }
  return out;
}

void update_routing(const Context& context, const model::Call& call, model::Reply reply) {
  const auto order = routing_of(context, call);
  if (!order) return reply(refuse(call, order.error()));
  ask(
      context.host,
      [order = *order](const World& world, const Local&) -> Result<void> {
        if (world.contacts().find(order.contact) == nullptr) return std::unexpected(unknown_contact());
        return order.criteria ? check_agents(world, *order.criteria) : Result<void>{};
      },
      [context, call, order = *order, reply = std::move(reply)](const Result<void>& good) {
        if (!good) return reply(refuse(call, good.error()));
        context.command(call, Command{.id = context.host.mint(), .verb = order, .keys = {}}, reply,
                        [](const model::Call&, const Answer&) -> model::Answer { return json::object{}; });
      });
}

void update_schedule(const Context& context, const model::Call& call, model::Reply reply) {
  const auto id = contact_id(context, call, "ContactId");
  if (!id) return reply(refuse(call, id.error()));
  const contact::SetSchedule order{*id, scheduled_time(call.input)};
  context.command(call, Command{.id = context.host.mint(), .verb = order, .keys = {}}, std::move(reply),
                  [](const model::Call&, const Answer&) -> model::Answer { return json::object{}; });
}

// A wait that cannot be said is left out: the service's model has no value for it.
model::Answer contact_metrics(const Context& context, const model::Call& call, const World& world) {
  const auto id = contact_id(context, call, "ContactId");
  if (!id) return refuse(call, id.error());
  const contact::Held* held = world.contacts().find(*id);
  if (held == nullptr) return refuse(call, unknown_contact());
  const Hlc now = Hlc::at(context.host.utc_ms());
  const auto position = routing::position(world.contacts(), held->contact, now);
  if (!position) return refuse(call, Errc::refused, "The contact is in no queue.");
  json::array results;
  for (const json::value& metric : call.input.at("Metrics").as_array()) {
    const std::string name = text(metric.as_object(), "Name");
    std::optional<double> value;
    if (name == "POSITION_IN_QUEUE") {
      value = static_cast<double>(*position);
    } else if (const auto wait =
                   routing::expected_wait({world.config(), world.contacts(), world.agents()}, held->contact, now)) {
      value = static_cast<double>(*wait / 1s);
    }
    if (value) results.emplace_back(json::object{{"Name", name}, {"Value", json::object{{"Number", *value}}}});
  }
  return json::object{{"Id", id->value().text()},
                      {"Arn", context.arn(kContactArn, id->value())},
                      {"MetricResults", std::move(results)}};
}

void stop_contact(const Context& context, const model::Call& call, model::Reply reply) {
  const auto gone = [](const model::Call& of) -> model::Answer {
    return std::unexpected(model::declared_error(*of.operation, "ContactNotFoundException",
                                                 "The contact with the specified ID is not active or does not exist."));
  };
  const auto id = contact_id(context, call, "ContactId");
  if (!id && id.error().code == Errc::not_found) return reply(gone(call));
  if (!id) return reply(refuse(call, id.error()));
  std::string reason = "API";
  if (const json::object* given = object(call.input, "DisconnectReason")) {
    if (const std::string code = text(*given, "Code"); !code.empty()) reason = code;
  }
  Command order{.id = context.host.mint(), .verb = contact::End{*id, contact::Role::system, reason}, .keys = {}};
  context.host.command(std::move(order), [call, gone, reply = std::move(reply)](const Result<Answer>& done) {
    if (done) return reply(json::object{});
    const bool over = done.error().code == Errc::not_found || done.error().code == Errc::refused;
    reply(over ? gone(call) : refuse(call, done.error()));
  });
}

// API Reference, "TransferContact": tasks alone; agents transfer conversations.
void transfer_contact(const Context& context, const model::Call& call, model::Reply reply) {
  const auto id = contact_id(context, call, "ContactId");
  if (!id) return reply(refuse(call, id.error()));
  const std::string queue = text(call.input, "QueueId");
  const std::string user = text(call.input, "UserId");
  if (queue.empty() == user.empty()) {
    return reply(refuse(call, Errc::invalid, "Either QueueId or UserId is given."));
  }
  const auto to = queue.empty() ? context.id(user, kUserArn) : context.id(queue, kQueueArn);
  if (!to) return reply(refuse(call, to.error()));
  const auto flow = context.id(text(call.input, "ContactFlowId"), kFlowArn);
  if (!flow) return reply(refuse(call, flow.error()));
  const Uuid order_id =
      command_id(context.host, "TransferContact", id->value().text(), text(call.input, "ClientToken"));
  const transfer::Transfer order{*id, ContactId{derive_uuid(order_id, "leg")}, {}, QueueId{*to}, FlowId{*flow}};
  ask(
      context.host,
      [id = *id, to = *to, kind = queue.empty() ? config::Kind::user : config::Kind::queue](
          const World& world, const Local&) -> Result<void> {
        const contact::Held* held = world.contacts().find(id);
        if (held == nullptr) return std::unexpected(unknown_contact());
        if (held->contact.kind != contact::Kind::work)
          return fail(Errc::refused, "Only tasks are transferred like this.");
        if (world.config().find(kind, to) == nullptr) return fail(Errc::not_found, "No queue or user has this id.");
        return {};
      },
      [context, call, order, order_id, reply = std::move(reply)](const Result<void>& good) {
        if (!good) return reply(refuse(call, good.error()));
        context.command(call, Command{.id = order_id, .verb = order, .keys = {}}, reply,
                        [context, id = order.contact](const model::Call&, const Answer&) -> model::Answer {
                          return json::object{{"ContactId", id.value().text()},
                                              {"ContactArn", context.arn(kContactArn, id.value())}};
                        });
      });
}

}  // namespace

void add_contact_operations(const Context& context) {
  context.on("DescribeContact", [context](const model::Call& call, model::Reply reply) {
    describe_contact(context, call, std::move(reply));
  });
  context.on("GetContactAttributes", [context](const model::Call& call, model::Reply reply) {
    get_attributes(context, call, std::move(reply));
  });
  context.on("UpdateContactAttributes", [context](const model::Call& call, model::Reply reply) {
    update_attributes(context, call, std::move(reply));
  });
  context.on("UpdateContactRoutingData", [context](const model::Call& call, model::Reply reply) {
    update_routing(context, call, std::move(reply));
  });
  context.on("UpdateContactSchedule", [context](const model::Call& call, model::Reply reply) {
    update_schedule(context, call, std::move(reply));
  });
  context.read("GetContactMetrics", [context](const model::Call& call, const World& world, const Local&) {
    return contact_metrics(context, call, world);
  });
  context.on("TransferContact", [context](const model::Call& call, model::Reply reply) {
    transfer_contact(context, call, std::move(reply));
  });
  context.on("StopContact",
             [context](const model::Call& call, model::Reply reply) { stop_contact(context, call, std::move(reply)); });
}

}  // namespace tandem::api::connect
