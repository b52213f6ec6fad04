// Who the nodes are: growth and the way out.
#include <cmath>

#include "api/ops/views.h"
#include "core/distribution/decide.h"
#include "core/distribution/react.h"

namespace tandem::api::ops {
namespace {

json::object member_json(const membership::Member& member) {
  return {{"node", member.node.value()}, {"name", membership::name_of(member)}, {"region", member.region},
          {"hub", member.hub},           {"peer", member.peer_address},         {"public", member.public_url}};
}

json::array members_json(const std::vector<membership::Member>& members) {
  json::array out;
  for (const membership::Member& member : members) out.emplace_back(member_json(member));
  return out;
}

// Errors: invalid, with the field's name.
Result<distribution::Join> read_join(const json::object& body, const Call& call) {
  distribution::Join out;
  const auto word = [&](const char* field) {
    const json::value* value = body.if_contains(field);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
  };
  const json::value* node = body.if_contains("node");
  if (node == nullptr || !node->is_int64() || node->get_int64() < 1 || node->get_int64() > 65'535) {
    return fail(Errc::invalid, "'node' is a number from 1 to 65535 that no member ever had");
  }
  out.member.node = NodeId{static_cast<std::uint16_t>(node->get_int64())};
  out.member.region = word("region");
  const json::value* hub = body.if_contains("hub");
  out.member.hub = hub != nullptr && *hub == true;
  out.member.peer_address = word("peer");
  out.member.public_url = word("public");
  if (call.id != membership::name_of(out.member)) out.member.name = call.id;
  out.by = call.operator_name;
  out.why = word("why");
  if (const json::value* steps = body.if_contains("steps")) {
    if (!steps->is_array()) return fail(Errc::invalid, "'steps' is a list of percentages");
    for (const json::value& step : steps->get_array()) {
      if (!step.is_number()) return fail(Errc::invalid, "'steps' is a list of percentages");
      const double percent = step.to_number<double>();
      if (percent <= 0 || percent >= 100) return fail(Errc::invalid, "a step is above 0 and below 100 percent");
      out.steps.push_back(static_cast<std::uint32_t>(std::lround(percent * 10)));
    }
  }
  const json::value* every = body.if_contains("every_s");
  if (every != nullptr) {
    if (!every->is_int64() || every->get_int64() < 1 || every->get_int64() > 86'400) {
      return fail(Errc::invalid, "'every_s' is a number of seconds, at most a day");
    }
    out.every = std::chrono::seconds(every->get_int64());
  }
  return out;
}

}  // namespace

void list_members(const CallPtr& call) {
  ask(
      call->host,
      [](const World& world, const Local&) {
        const membership::State& members = world.members();
        std::uint16_t next = 1;
        while (members.ever(NodeId{next})) ++next;
        json::object out{{"number", members.current().number},
                         {"members", members_json(members.current().members)},
                         {"next_node", next}};
        const membership::List* pending = members.pending();
        out["pending"] = pending == nullptr ? json::value(nullptr) : json::value(members_json(pending->members));
        return out;
      },
      [call](const json::object& list) { answer(*call, list); });
}

void put_member(const CallPtr& call) {
  const auto body = parse_object(call->request.body);
  if (!body) return refuse(*call, {Errc::invalid, "the body is no JSON object"});
  auto join = read_join(*body, *call);
  if (!join) return refuse(*call, join.error());
  call->host.log("info", "operator " + call->operator_name + " adds member " + call->id);
  call->host.command(Command{.id = call->host.mint(), .verb = std::move(*join), .keys = {}},
                     [call](const Result<Answer>& done) {
                       if (!done) return refuse(*call, done.error());
                       answer(*call, {{"member", call->id}});
                     });
}

void remove_member(const CallPtr& call) {
  const auto body = parse_object(call->request.body).value_or(json::object{});
  distribution::Dismiss given;
  given.by = call->operator_name;
  if (const json::value* why = body.if_contains("why"); why != nullptr && why->is_string()) {
    given.why = why->get_string();
  }
  if (const json::value* over = body.if_contains("override"); over != nullptr && over->is_array()) {
    for (const json::value& rule : over->get_array()) {
      if (rule.is_string()) given.over.emplace_back(rule.get_string());
    }
  }
  ask(
      call->host,
      [name = call->id](const World& world, const Local&) {
        const membership::Member* member = world.members().find(std::string_view(name));
        return member == nullptr ? NodeId{} : member->node;
      },
      [call, given](NodeId node) {
        if (node == NodeId{}) return refuse(*call, {Errc::not_found, "no member is called " + call->id});
        distribution::Dismiss dismiss = given;
        dismiss.node = node;
        call->host.log("info", "operator " + call->operator_name + " removes member " + call->id);
        call->host.command(Command{.id = call->host.mint(), .verb = std::move(dismiss), .keys = {}},
                           [call](const Result<Answer>& done) {
                             if (!done) return refuse(*call, done.error());
                             answer(*call, {{"member", call->id}});
                           });
      });
}

}  // namespace tandem::api::ops
