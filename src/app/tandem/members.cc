// Nodes that become members of the centre, and leave it.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <chrono>

#include "app/client/answers.h"
#include "app/tandem/commands.h"
#include "app/tandem/exit_codes.h"
#include "app/tandem/nodes.h"
#include "app/tandem/table.h"
#include "codec/uri.h"
#include "core/distribution/group.h"

namespace tandem::cli {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using What = Member::What;

constexpr std::chrono::seconds kInForceMax{30};

struct Changing {
  Centre centre;
  OpsClient ops;
  Told told;
};

int list_members(const Changing& asked, const Invocation& call) {
  const auto got = asked.ops.get_from_any("members");
  if (!got) return complain(got.error(), call.json);
  if (call.json) {
    fmt::print("{}\n", json::serialize(*got));
    return kDone;
  }
  Table table({"NODE", "NAME", "REGION", "PEERS AT", "CLIENTS AT"});
  for (const json::value& value : list(*got, "members")) {
    const json::object& each = value.as_object();
    table.add({std::to_string(whole(each, "node")), text(each, "name"),
               flag(each, "hub") ? "hub" : text(each, "region"), text(each, "peer"), text(each, "public")});
  }
  fmt::print("{}list {}{}\n", table.text(), whole(*got, "number"),
             got->at("pending").is_null() ? "" : "; a change waits for a majority of the members");
  return kDone;
}

// The member is in force at every node that answers.
Result<void> wait_for_list(const Changing& asked, const std::string& name, bool in) {
  const auto begun = Clock::now();
  for (;;) {
    bool everywhere = true;
    bool any = false;
    for (const CentreNode& node : asked.centre.nodes) {
      const auto got = asked.ops.get(node, "members");
      if (!got) continue;
      any = true;
      bool found = false;
      for (const json::value& each : list(*got, "members")) found = found || text(each.as_object(), "name") == name;
      everywhere = everywhere && found == in;
    }
    if (any && everywhere) return {};
    if (Clock::now() - begun > kInForceMax) {
      return fail(Errc::no_quorum, "the change waits for a majority of the members; `tandem status` says who is away");
    }
    ::usleep(100'000);
  }
}

Result<json::object> order_of(const Member& member, const CentreNode& node) {
  json::object body{{"node", node.node.value()}, {"region", node.region}, {"hub", node.hub}};
  body["peer"] = member.address.empty() ? "127.0.0.1:" + std::to_string(node.peer_port) : member.address;
  body["public"] = member.url.empty() ? node.url() : member.url;
  put_said(body, member.why, member.over);
  if (member.at_once) return body;
  json::array& steps = body["steps"].emplace_array();
  for (const std::string& step : member.steps) {
    const auto parts = distribution::parse_percent(step);
    if (!parts) return std::unexpected(parts.error());
    steps.emplace_back(static_cast<double>(*parts) / 10);
  }
  const auto every = read_seconds(member.every);
  if (!every) return std::unexpected(every.error());
  body["every_s"] = *every;
  return body;
}

int add(Changing& asked, const Member& member, const Invocation& call) {
  const bool here = member.address.empty();
  if (here != member.url.empty()) {
    return complain({Errc::invalid, "a node on another machine needs its address and --url"}, call.json);
  }
  const auto turn = Turn::take(asked.centre.dir / "lock");
  if (!turn) return complain({Errc::in_use, "another `tandem` is at work in " + asked.centre.dir.string()}, call.json);
  const auto known = asked.ops.get_from_any("members");
  if (!known) return complain(known.error(), call.json);
  const auto id = NodeId{static_cast<std::uint16_t>(whole(*known, "next_node"))};
  const Centre before = asked.centre;
  const std::string region = member.region.empty() ? member.name : member.region;
  const auto node = plan_node(before, id, member.name, region, port_free);
  if (!node) return complain(node.error(), call.json);
  const auto body = order_of(member, *node);
  if (!body) return complain(body.error(), call.json);
  const CentreNode& added = *node;
  if (here) asked.centre.nodes.push_back(added);
  if (const auto written = write_centre(asked.centre); !written) return complain(written.error(), call.json);

  std::vector<Started> started;
  const auto take_back = [&](const Error& error) {
    if (here) {
      (void)stop_nodes(asked.centre, {&asked.centre.nodes.back()}, false, asked.told);
      std::error_code ignored;
      fs::remove_all(asked.centre.dir / "nodes" / added.name(), ignored);
    }
    const auto written = write_centre(before);
    return complain(written ? error : written.error(), call.json);
  };
  // It runs before it counts: a member that never came would weigh on every majority.
  if (here) {
    auto nodes = start_nodes(asked.centre, {&asked.centre.nodes.back()});
    if (!nodes) return take_back(nodes.error());
    if (const auto ready = wait_ready(asked.centre, asked.ops, *nodes, asked.told); !ready) {
      return take_back(ready.error());
    }
  }
  const auto done = asked.ops.put_to_any("members/" + uri::encode(member.name), *body);
  if (!done) return take_back(done.error());
  if (const auto in = wait_for_list(asked, member.name, true); !in) return complain(in.error(), call.json);
  asked.told.line(member.name + " is a member; it takes contacts once it has applied what the others have");
  if (member.watch) {
    if (const auto serves = wait_standing(asked.ops, member.name, false, asked.told); !serves) {
      return complain(serves.error(), call.json);
    }
  }
  if (call.json) {
    fmt::print("{}\n", json::serialize(json::object{{"member", member.name}, {"node", id.value()}}));
  } else {
    fmt::print("{} (node {}) {}\n", member.name, id.value(),
               member.watch ? "serves" : "joins; `tandem status` shows it");
  }
  return kDone;
}

int remove(Changing& asked, const Member& member, const Invocation& call) {
  const auto turn = Turn::take(asked.centre.dir / "lock");
  if (!turn) return complain({Errc::in_use, "another `tandem` is at work in " + asked.centre.dir.string()}, call.json);
  const auto regions = asked.ops.get_from_any("regions");
  if (!regions) return complain(regions.error(), call.json);
  const json::object standing = node_in(*regions, member.name);
  if (!standing.empty() && !member.lost) {
    const std::string place = "node/" + std::to_string(whole(standing, "node"));
    if (text(standing, "duty") != "drain") {
      json::object body{{"duty", "drain"}};
      put_said(body, member.why, member.over);
      const auto drained = asked.ops.put_to_any("regions/" + uri::encode(place), body);
      if (!drained) return complain(drained.error(), call.json);
    }
    if (const auto empty = wait_standing(asked.ops, member.name, true, asked.told); !empty)
      return complain(empty.error(), call.json);
  }
  json::object body;
  put_said(body, member.why, member.over);
  // Changing of another than the one that goes.
  Result<json::object> done = fail(Errc::unreachable, "no other node answers");
  for (const CentreNode& node : asked.centre.nodes) {
    if (node.name() == member.name) continue;
    done = asked.ops.remove(node, "members/" + uri::encode(member.name), body);
    if (done || done.error().code != Errc::unreachable) break;
  }
  if (!done) return complain(done.error(), call.json);
  Centre after = asked.centre;
  const auto at = std::ranges::find(after.nodes, member.name, &CentreNode::name);
  if (at != after.nodes.end()) {
    after.gone.push_back(*at);
    after.nodes.erase(at);
  }
  const Changing rest{after, asked.ops, asked.told};
  if (const auto out = wait_for_list(rest, member.name, false); !out) return complain(out.error(), call.json);
  if (const CentreNode* node = asked.centre.find(member.name)) {
    if (const auto stopped = stop_nodes(asked.centre, {node}, false, asked.told); !stopped) {
      return complain(stopped.error(), call.json);
    }
  }
  if (const auto written = write_centre(after); !written) return complain(written.error(), call.json);
  if (call.json) {
    fmt::print("{}\n", json::serialize(json::object{{"removed", member.name}}));
  } else {
    fmt::print("{} is no member any more; its log stays in {}\n", member.name,
               (asked.centre.dir / "nodes" / member.name).string());
  }
  return kDone;
}

}  // namespace

int run(const Member& member, const Invocation& call) {
  auto centre = existing_centre(call.dir);
  if (!centre) return complain(centre.error(), call.json);
  auto ops = OpsClient::open(*centre);
  if (!ops) return complain(ops.error(), call.json);
  Changing asked{std::move(*centre), std::move(*ops), Told(call.json)};
  switch (member.what) {
    case What::add:
      return add(asked, member, call);
    case What::remove:
      return remove(asked, member, call);
    default:
      return list_members(asked, call);
  }
}

}  // namespace tandem::cli
