// The handlers behind /ops/v1, and what they share.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "api/common.h"
#include "api/ops/ops.h"
#include "core/presence/decide.h"

namespace tandem::api::ops {

namespace json = boost::json;

struct Call {
  Host& host;
  const OpsSources& sources;
  http::Request request;
  std::map<std::string, std::string> query;
  std::string id;    // the last path segment of a path that has one, decoded
  std::string kind;  // the segment before it
  std::string operator_name;
  http::Respond respond;

  [[nodiscard]] std::string asked(const std::string& name) const {
    const auto at = query.find(name);
    return at == query.end() ? std::string() : at->second;
  }
  [[nodiscard]] bool flag(const std::string& name) const { return asked(name) == "1" || asked(name) == "true"; }
};
using CallPtr = std::shared_ptr<const Call>;

// What `status` says is wrong, and whether this node is the first of those that answer.
void problems(Host& host, const OpsSources& sources, std::function<void(std::vector<std::string>, bool leads)> done);
void show_status(const CallPtr& call);
void show_ready(const CallPtr& call);
void list_contacts(const CallPtr& call);
void show_contact(const CallPtr& call);
void list_agents(const CallPtr& call);
void move_agent(const CallPtr& call);
void list_queues(const CallPtr& call);
void list_groups(const CallPtr& call);
void put_group(const CallPtr& call);
void list_regions(const CallPtr& call);
void order_place(const CallPtr& call);
void list_evacuations(const CallPtr& call);
void explain_evacuation(const CallPtr& call);
void list_members(const CallPtr& call);
void put_member(const CallPtr& call);
void remove_member(const CallPtr& call);
void list_distribution_history(const CallPtr& call);
void order_faults(const CallPtr& call);
void show_customer(const CallPtr& call);
void put_customer(const CallPtr& call);
void search_customers(const CallPtr& call);
void explain(const CallPtr& call);
void list_keys(const CallPtr& call);
void put_key(const CallPtr& call);
void show_document(const CallPtr& call);
void put_document(const CallPtr& call);

void answer(const Call& call, const json::object& body);
void refuse(const Call& call, const Error& error);

[[nodiscard]] std::optional<config::Kind> kind_of(std::string_view name);  // "queue", "routing_profile", ...
[[nodiscard]] const char* kind_name(config::Kind kind);
[[nodiscard]] const char* phase_name(contact::Phase phase);
[[nodiscard]] const char* member_state_name(failover::MemberState state);

// What people call a thing; its id when nothing names it.
[[nodiscard]] std::string region_of(const World& world, NodeId node);
[[nodiscard]] std::string node_name(const World& world, NodeId node);
[[nodiscard]] std::string name_of(const World& world, config::Kind kind, const Uuid& id);
// {"id": ..., "name": ...}, or null for nobody.
[[nodiscard]] json::value named(const World& world, config::Kind kind, const Uuid& id);
// Nothing for a region of the centre, or for none.
[[nodiscard]] std::optional<Error> unknown_region(const World& world, const std::string& region);
// {"node": 2, "region": "us-east-1"}.
[[nodiscard]] json::object placed(const World& world, NodeId node);
// How the contact's region was chosen; null when nobody chose.
[[nodiscard]] json::value placed_of(const contact::Contact& contact, const World& world);
[[nodiscard]] json::value time_or_null(Hlc at);
[[nodiscard]] std::int64_t ms_since(Hlc now, Hlc then);

// Asks the world piece by piece, so that a long list never holds the loop: `piece` looks at a bounded number of things,
// keeps what it needs in `state` and is called again, in a later turn, until it answers true.
template <class State>
void in_pieces(Host& host, std::shared_ptr<State> state, bool (*piece)(const World&, const Local&, State&),
               std::function<void(State&)> done) {
  auto finished = std::make_shared<bool>(false);
  host.query(
      [state, piece, finished](const World& world, const Local& local) { *finished = piece(world, local, *state); },
      [&host, state, piece, finished, done = std::move(done)]() mutable {
        if (*finished) return done(*state);
        in_pieces(host, std::move(state), piece, std::move(done));
      });
}
inline constexpr std::size_t kPiece = 200;  // things looked at in one turn of the loop

}  // namespace tandem::api::ops
