// The customer's profile, beside a contact on the desktop.
#include <utility>

#include "api/agent/agent.h"
#include "api/customers.h"

namespace tandem::api::agent {
namespace {

namespace json = boost::json;

struct Known {
  Desk desk;
  Uuid person;
  Text id;  // the CustomerId
  customer::Profile profile;
  customers::Ground ground;
};

Known know(const World& world, const Local& local, const Badge& badge, ContactId id) {
  Known out{look(world, local, badge.agent, badge.desktop), {}, {}, {}, {}};
  const contact::Contact* contact = out.desk.find(id);
  if (contact == nullptr) return out;
  out.person = contact->person;
  if (out.person.nil()) return out;
  if (const auto at = contact->data.find("CustomerId"); at != contact->data.end()) out.id = at->second;
  if (const customer::Profile* found = world.customers().find(out.person)) out.profile = *found;
  out.ground = customers::look(world, out.person);
  return out;
}

}  // namespace

void Agent::with_profile(const Call& call, http::Respond respond,
                         std::function<void(const customer::Profile&, http::Respond)> then) const {
  ask(
      host_, [call](const World& world, const Local& local) { return know(world, local, call.badge, call.contact); },
      [call, respond = std::move(respond), then = std::move(then)](const Known& known) {
        if (!known.desk.open) return respond(error_json(409, "not_signed_in", known.desk.why_not));
        if (known.desk.find(call.contact) == nullptr) return respond(not_yours());
        then(known.profile, respond);
      });
}

void Agent::profile(const Call& call, http::Respond respond) const {
  bool history = false;
  for (const auto& [name, value] : call.query) history = history || (name == "history" && value == "1");
  with_profile(call, std::move(respond), [this, history](const customer::Profile& found, const http::Respond& then) {
    json::object out{{"profile", customers::show(host_, found)}};
    if (history) out["history"] = customers::history(host_, found);
    then(json_response(200, out));
  });
}

void Agent::change_profile(const Call& call, http::Respond respond) const {
  const json::value* set = call.body.if_contains("set");
  if (set == nullptr || !set->is_object()) return respond(error_json(400, "invalid", "set is needed: an object."));
  const auto fields = customers::read(set->get_object());
  if (!fields) return respond(error_json(400, "invalid", fields.error().detail));
  const std::string token = text(call.body, "client_token");
  if (token.size() > kTokenBytesMax) return respond(error_json(400, "invalid", "client_token is too long."));
  const Uuid order_id = command_id(host_, "agent ChangeProfile", call.badge.agent.value().text(), token);
  ask(
      host_, [call](const World& world, const Local& local) { return know(world, local, call.badge, call.contact); },
      [this, call, order_id, fields = *fields, respond = std::move(respond)](const Known& known) {
        if (!known.desk.open) return respond(error_json(409, "not_signed_in", known.desk.why_not));
        if (known.desk.find(call.contact) == nullptr) return respond(not_yours());
        const auto slot = known.desk.presence.slots.find(call.contact);
        if (slot != known.desk.presence.slots.end() && slot->second.state == presence::SlotState::reserved) {
          return respond(error_json(409, "refused", "Accept the contact first."));
        }
        if (known.person.nil()) {
          return respond(error_json(409, "refused", "The customer was not recognised: the contact names nobody."));
        }
        auto order = customers::change(host_, order_id, known.person, words(host_, known.id), known.ground, fields,
                                       "agent " + known.desk.username);
        if (!order) return respond(error_json(order.error()));
        host_.command(std::move(*order), [this, call, respond](const Result<Answer>& done) {
          if (!done) return respond(error_json(done.error()));
          with_profile(call, respond, [this](const customer::Profile& after, const http::Respond& then) {
            then(json_response(200, {{"profile", customers::show(host_, after)}}));
          });
        });
      });
}

}  // namespace tandem::api::agent
