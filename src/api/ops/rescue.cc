// The rescue list: whose customers did not come back after a node was lost, and what became of each.
#include "core/failover/rescue.h"
#include "api/ops/views.h"
#include "core/distribution/view.h"

namespace tandem::api::ops {
namespace {

std::string words_of(const json::object& body, std::string_view name) {
  const json::value* value = body.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

json::object promised(const World& world, const contact::Contact& c, std::uint32_t position, NodeId lost) {
  return {{"position", position},           {"contact", c.id.value().text()},
          {"lost", node_name(world, lost)}, {"queue", named(world, config::Kind::queue, c.place.queue.value())},
          {"priority", c.place.priority},   {"enqueued", time_or_null(c.place.enqueued)}};
}

// Those who are still on the lists of the nodes, in their order; and whether they can be called.
void add_waiting(const Sees& sees, const World& world, const std::vector<NodeId>& nodes, json::array& out) {
  for (const NodeId lost : nodes) {
    if (sees.failover.state(lost) != failover::MemberState::evacuated) continue;
    std::uint32_t position = 0;
    for (const ContactId id : failover::list(sees, lost)) {
      const contact::Contact& c = sees.contacts.find(id)->contact;
      json::object each = promised(world, c, ++position, lost);
      each["number_known"] = failover::number(c, world.number_of()) != nullptr;
      each["outcome"] = failover::name_of(failover::Outcome::waiting);
      out.emplace_back(std::move(each));
    }
  }
}

void add_taken(const Sees& sees, const World& world, json::array& out) {
  std::vector<const failover::State::Listed*> all;
  for (const auto& [id, listed] : sees.failover.rescued()) all.push_back(&listed);
  std::ranges::sort(all, {}, [](const auto* each) {
    return std::tuple{each->what.epoch, each->what.lost, each->at, each->by, each->what.position};
  });
  for (const failover::State::Listed* listed : all) {
    const contact::Held* held = sees.contacts.find(listed->what.contact);
    if (held == nullptr) continue;
    json::object each = promised(world, held->contact, listed->what.position, listed->what.lost);
    const ContactId call = listed->what.call;
    each["number_known"] = !call.value().nil();
    each["call"] = call.value().nil() ? json::value(nullptr) : json::value(call.value().text());
    each["by"] = node_name(world, listed->by);
    each["at"] = iso_time(listed->at);
    each["outcome"] = failover::name_of(failover::outcome(sees, listed->what));
    out.emplace_back(std::move(each));
  }
}

}  // namespace

void list_rescues(const CallPtr& call) {
  ask(
      call->host,
      [](const World& world, const Local& local) {
        const Sees sees = world.sees(local);
        json::array orders;
        json::array entries;
        for (const NodeId node : sees.members.regions()) {
          const failover::State::Rescue* word = sees.failover.rescue(node);
          if (word == nullptr) continue;
          orders.emplace_back(json::object{{"name", node_name(world, node)},
                                           {"by", word->order.by},
                                           {"why", word->order.why},
                                           {"at", iso_time(word->at)}});
        }
        add_taken(sees, world, entries);
        add_waiting(sees, world, sees.members.regions(), entries);
        return json::object{{"orders", std::move(orders)}, {"list", std::move(entries)}};
      },
      [call](const json::object& out) { answer(*call, out); });
}

void order_rescue(const CallPtr& call) {
  const auto body = parse_object(call->request.body);
  if (!body) return refuse(*call, {Errc::invalid, "the body is no JSON object"});
  const json::value* dry = body->if_contains("dry_run");
  const bool only_look = dry != nullptr && dry->is_bool() && dry->get_bool();
  struct Judged {
    std::string place;
    std::optional<Error> error;
    json::array list;
  };
  ask(
      call->host,
      [name = call->id, now = Hlc::at(call->host.utc_ms())](const World& world, const Local& local) {
        const Sees sees = world.sees(local);
        Judged out{place_named(world, name), {}, {}};
        const auto good = failover::decide(sees, failover::Rescue{out.place, {}, {}}, Now{{}, now});
        if (!good) out.error = good.error();
        add_waiting(sees, world, distribution::nodes_of(sees, out.place), out.list);
        return out;
      },
      [call, only_look, why = words_of(*body, "why")](const Judged& judged) {
        if (judged.error) return refuse(*call, *judged.error);
        if (only_look) return answer(*call, {{"place", call->id}, {"dry_run", true}, {"list", judged.list}});
        call->host.log("info", "operator " + call->operator_name + " has the customers of " + call->id +
                                   " called back" + (why.empty() ? "" : ": " + why));
        failover::Rescue order{judged.place, call->operator_name, why};
        call->host.command(Command{.id = call->host.mint(), .verb = std::move(order), .keys = {}},
                           [call, list = judged.list](const Result<Answer>& done) {
                             if (!done) return refuse(*call, done.error());
                             answer(*call, {{"place", call->id}, {"dry_run", false}, {"list", list}});
                           });
      });
}

}  // namespace tandem::api::ops
