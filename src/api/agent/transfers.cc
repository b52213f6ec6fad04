// How agents hand contacts on, and ask their colleagues about them.
#include <utility>

#include "api/agent/agent.h"

namespace tandem::api::agent {
namespace {

namespace json = boost::json;

// A quick connect by its id or its name, which more than one may have.
Result<config::QuickConnect> named_quick_connect(const config::State& config, const std::string& named) {
  std::vector<config::QuickConnect> found;
  if (const auto id = parse_uuid(named)) {
    if (auto one = config.quick_connect(*id)) found.push_back(std::move(*one));
  } else {
    for (const Uuid& each : config.quick_connects()) {
      auto one = config.quick_connect(each);
      if (one && one->name == named) found.push_back(std::move(*one));
    }
  }
  if (found.empty()) return fail(Errc::not_found, "There is no quick connect '" + named + "'.");
  if (found.size() > 1) {
    return fail(Errc::refused, "Several quick connects are called '" + named + "': name its id.");
  }
  return std::move(found.front());
}

}  // namespace

void Agent::quick_connects(const Call& call, http::Respond respond) const {
  struct Found {
    std::string why_not;
    json::array all;
  };
  ask(
      host_,
      [badge = call.badge](const World& world, const Local& local) {
        Found out;
        const Desk desk = look(world, local, badge.agent, badge.desktop);
        if (!desk.open) out.why_not = desk.why_not;
        for (const Uuid& id : desk.open ? world.config().quick_connects() : std::vector<Uuid>{}) {
          const auto to = world.config().quick_connect(id);
          if (!to || to->type == "PHONE_NUMBER" || to->destination == badge.agent.value()) continue;
          json::object each{{"id", id.text()}, {"name", to->name}, {"type", to->type}};
          const presence::Held* held = to->type == "USER" ? world.agents().find(AgentId{to->destination}) : nullptr;
          if (to->type == "USER") {
            const bool in = held != nullptr && !held->presence.desktop.nil();
            const membership::Member* at = in ? world.members().find(held->line.node) : nullptr;
            const bool heard = at != nullptr && (at->node == local.self || local.reachable.contains(at->node));
            each["available"] = heard && presence::routable(held->presence);
            if (at != nullptr) each["region"] = at->region;
          }
          out.all.emplace_back(std::move(each));
        }
        return out;
      },
      [respond = std::move(respond)](Found found) {
        if (!found.why_not.empty()) return respond(error_json(409, "not_signed_in", found.why_not));
        respond(json_response(200, {{"quick_connects", std::move(found.all)}}));
      });
}

void Agent::hand_on(const Call& call, const HandOn& how, http::Respond respond) const {
  const std::string named = text(call.body, "quick_connect");
  const std::string flow = text(call.body, "flow");
  const std::string token = text(call.body, "client_token");
  if (named.empty() == flow.empty()) {
    return respond(error_json(400, "invalid", "Either quick_connect or flow is needed: its id or its name."));
  }
  if (token.size() > kTokenBytesMax) return respond(error_json(400, "invalid", "client_token is too long."));
  const Uuid order_id = command_id(host_, how.operation, call.badge.agent.value().text(), token);
  with_desk(call, std::move(respond), [this, call, how, named, flow, order_id](const Desk&, http::Respond then) {
    ask(
        host_,
        [by = call.badge.agent, named, flow](const World& world, const Local&) -> Result<Destination> {
          const config::State& config = world.config();
          if (!flow.empty()) {
            const auto id = parse_uuid(flow);
            const config::Document* to =
                id ? config.find(config::Kind::flow, *id) : config.named(config::Kind::flow, flow);
            if (to == nullptr) return fail(Errc::not_found, "There is no flow '" + flow + "'.");
            return Destination{{}, FlowId{to->id}};
          }
          const auto to = named_quick_connect(config, named);
          if (!to) return std::unexpected(to.error());
          if (to->type == "PHONE_NUMBER")
            return fail(Errc::refused, "This contact cannot be transferred to a phone number.");
          if (to->destination == by.value()) return fail(Errc::refused, "That is you.");
          if (to->flow.value().nil()) {
            return fail(Errc::refused,
                        std::string("There is no flow to transfer with. An administrator can make one named '") +
                            (to->type == "USER" ? config::kAgentTransferFlow : config::kQueueTransferFlow) + "'.");
          }
          return Destination{QueueId{to->destination}, to->flow};
        },
        [this, call, how, order_id, then = std::move(then)](const Result<Destination>& to) {
          if (!to) return then(error_json(to.error()));
          const ContactId made{derive_uuid(order_id, how.made)};
          Command order{.id = order_id, .verb = how.order(call.contact, made, call.badge.agent, *to), .keys = {}};
          host_.command(std::move(order), [then, made, how](const Result<Answer>& done) {
            if (!done) return then(error_json(done.error()));
            then(json_response(200, {{how.made, made.value().text()}}));
          });
        });
  });
}

void Agent::transfer(const Call& call, http::Respond respond) const {
  hand_on(call,
          {"agent Transfer", "leg",
           [](ContactId contact, ContactId made, AgentId by, const Destination& to) {
             return Verb{transfer::Transfer{contact, made, by, to.queue, to.flow}};
           }},
          std::move(respond));
}

void Agent::consult(const Call& call, http::Respond respond) const {
  hand_on(call,
          {"agent Consult", "consultation",
           [](ContactId contact, ContactId made, AgentId by, const Destination& to) {
             return Verb{transfer::Consult{contact, made, by, to.queue, to.flow}};
           }},
          std::move(respond));
}

void Agent::confer(const Call& call, bool join, http::Respond respond) const {
  const std::string token = text(call.body, "client_token");
  if (token.size() > kTokenBytesMax) return respond(error_json(400, "invalid", "client_token is too long."));
  const Uuid order_id = command_id(host_, join ? "agent Join" : "agent Swap", call.badge.agent.value().text(), token);
  with_desk(call, std::move(respond), [this, call, join, order_id](const Desk&, const http::Respond& then) {
    const transfer::Confer verb{call.contact, call.badge.agent, join};
    host_.command(Command{.id = order_id, .verb = verb, .keys = {}}, [then](const Result<Answer>& done) {
      then(done ? json_response(200, {}) : error_json(done.error()));
    });
  });
}

void Agent::leave(const Call& call, http::Respond respond) const {
  const std::string token = text(call.body, "client_token");
  if (token.size() > kTokenBytesMax) return respond(error_json(400, "invalid", "client_token is too long."));
  const Uuid order_id = command_id(host_, "agent Leave", call.badge.agent.value().text(), token);
  with_desk(call, std::move(respond), [this, call, order_id](const Desk&, const http::Respond& then) {
    const ContactId leg{derive_uuid(order_id, "leg")};
    Command order{.id = order_id, .verb = transfer::Leave{call.contact, leg, call.badge.agent}, .keys = {}};
    host_.command(std::move(order), [then, leg](const Result<Answer>& done) {
      if (!done) return then(error_json(done.error()));
      then(json_response(200, {{"leg", leg.value().text()}}));
    });
  });
}

}  // namespace tandem::api::agent
