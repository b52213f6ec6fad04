// What the nodes know, for people and programs.
#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <set>

#include <fmt/format.h>

#include "app/client/answers.h"
#include "app/tandem/commands.h"
#include "app/tandem/exit_codes.h"
#include "app/tandem/ops_client.h"
#include "app/tandem/processes.h"
#include "app/tandem/table.h"
#include "codec/uri.h"

namespace tandem::cli {
namespace {

// Members of answers; empty or 0 when absent or null.
std::optional<std::int64_t> number(const json::object& from, std::string_view name) {
  const json::value* value = from.if_contains(name);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  return value->to_number<std::int64_t>();
}
std::string inner(const json::object& from, std::string_view name, std::string_view member) {
  const json::value* value = from.if_contains(name);
  return value != nullptr && value->is_object() ? text(value->get_object(), member) : std::string();
}
std::string or_dash(std::string text) { return text.empty() ? "-" : text; }
std::string how_long(const json::object& from, std::string_view name) {
  const auto ms = number(from, name);
  return ms ? duration(*ms) : "-";
}
void print_json(const json::value& value) { fmt::print("{}\n", json::serialize(value)); }

struct Asked {
  Centre centre;
  OpsClient ops;
};
Result<Asked> open(const Invocation& call) {
  auto centre = existing_centre(call.dir);
  if (!centre) return std::unexpected(centre.error());
  auto ops = OpsClient::open(*centre);
  if (!ops) return std::unexpected(ops.error());
  return Asked{std::move(*centre), std::move(*ops)};
}

// -- status

struct NodeStatus {
  const CentreNode* node = nullptr;
  std::optional<Process> process;
  std::optional<json::object> said;
  std::optional<Error> refused;  // it answers, but not with its status
};

// How the others see a node, and what it is called there.
struct Seen {
  std::string state;
  std::optional<std::int64_t> behind;  // the most records of anybody that it has not applied
  std::optional<std::int64_t> heard;   // by whoever heard it last
};

Seen seen(const std::vector<NodeStatus>& all, NodeId node) {
  Seen out;
  for (const NodeStatus& by : all) {
    if (!by.said) continue;
    for (const json::value& value : list(*by.said, "members")) {
      const json::object& member = value.get_object();
      if (number(member, "node") != node.value()) continue;
      if (out.state.empty() || text(member, "state") == "evacuated") out.state = text(member, "state");
      const auto behind = number(member, "behind_records");
      if (behind && (!out.behind || *behind > *out.behind)) out.behind = behind;
      const auto heard = number(member, "heard_ms_ago");
      if (heard && (!out.heard || *heard < *out.heard)) out.heard = heard;
    }
  }
  return out;
}

std::vector<std::string> all_problems(const Centre& centre, const std::vector<NodeStatus>& all) {
  std::vector<std::string> out;
  const auto add = [&](std::string problem) {
    if (std::ranges::find(out, problem) == out.end()) out.push_back(std::move(problem));
  };
  for (const NodeStatus& each : all) {
    if (each.said) continue;
    const std::string& name = each.node->name();
    if (!each.process) {
      add(name + " does not run; start it with: tandem up --only " + name);
    } else if (each.refused) {
      // The command's own token is fresh: who finds it too old or from elsewhere has another time or another key.
      const bool token = each.refused->code == Errc::unauthenticated;
      add(name + " answers, but not with its status: " + each.refused->detail +
          (token ? "; look at the clock of its machine and at its centre key" : ""));
    } else {
      add(name + " runs (pid " + std::to_string(each.process->pid) + ") but does not answer; see " +
          centre.log_file(*each.node).string());
    }
  }
  for (const NodeStatus& each : all) {
    if (!each.said) continue;
    for (const json::value& problem : list(*each.said, "problems")) {
      const std::string words(problem.as_string());
      add(words.find("this node") == std::string::npos && words.find("the disk") == std::string::npos
              ? words
              : each.node->name() + ": " + words);
    }
  }
  return out;
}

json::object node_json(const NodeStatus& each, const Seen& others) {
  json::object out{{"node", each.node->node.value()},
                   {"name", each.node->name()},
                   {"role", each.node->hub ? "hub" : "region"},
                   {"url", each.node->url()},
                   {"pid", each.process ? json::value(each.process->pid) : json::value(nullptr)},
                   {"answers", each.said.has_value()},
                   {"state", each.said ? text(*each.said, "state") : others.state},
                   {"lag_records", others.behind ? json::value(*others.behind) : json::value(nullptr)},
                   {"heard_ms_ago", others.heard ? json::value(*others.heard) : json::value(nullptr)}};
  if (each.said) out["report"] = *each.said;
  return out;
}

std::vector<std::string> node_row(const NodeStatus& each, const Seen& others) {
  std::string state = each.said      ? text(*each.said, "state")
                      : each.refused ? "no status"
                      : each.process ? "no answer"
                                     : "down";
  if (!each.said && others.state == "evacuated") state += ", evacuated";
  if (each.said && !flag(*each.said, "settled")) state += ", catching up";
  std::string contacts = "-";
  std::string agents = "-";
  if (each.said) {
    for (const json::value& value : list(*each.said, "members")) {
      const json::object& member = value.get_object();
      if (!flag(member, "self")) continue;
      contacts = std::to_string(number(member, "contacts").value_or(0));
      agents = std::to_string(number(member, "agents").value_or(0));
    }
  }
  std::string lag = others.behind ? count(static_cast<std::size_t>(*others.behind), "record") : "-";
  if (others.heard) lag += ", heard " + duration(*others.heard) + " ago";
  return {std::to_string(each.node->node.value()),
          each.node->name(),
          each.node->hub ? "hub, gateway" : "region, gateway",
          state,
          lag,
          contacts,
          agents,
          each.said ? how_long(*each.said, "up_ms") : "-"};
}

}  // namespace

int run(const Status&, const Invocation& call) {
  const auto asked = open(call);
  if (!asked) return complain(asked.error(), call.json);
  const Centre& centre = asked->centre;
  std::vector<NodeStatus> all;
  bool any = false;
  for (const CentreNode& node : centre.nodes) {
    NodeStatus& each = all.emplace_back();
    each.node = &node;
    each.process = running(centre.pid_file(node));
    if (!each.process && !any && &node == &centre.nodes.back()) continue;
    if (auto said = asked->ops.get(node, "status")) {
      each.said = std::move(*said);
    } else if (said.error().code != Errc::unreachable) {
      each.refused = said.error();
    }
    any = any || each.said.has_value() || each.process.has_value();
  }
  if (!any) {
    return complain(
        {Errc::unreachable, "no node of the centre in " + centre.dir.string() + " runs; `tandem up` starts them"},
        call.json);
  }
  const auto problems = all_problems(centre, all);
  const int code = problems.empty() ? kDone : kProblems;
  if (call.json) {
    json::array nodes;
    for (const NodeStatus& each : all) nodes.emplace_back(node_json(each, seen(all, each.node->node)));
    print_json(json::object{{"dir", centre.dir.string()},
                            {"instance", centre.instance.text()},
                            {"alias", centre.alias},
                            {"nodes", std::move(nodes)},
                            {"problems", json::value_from(problems)}});
    return code;
  }
  Table table({"NODE", "NAME", "ROLE", "STATE", "LAG", "CONTACTS", "AGENTS", "UP"});
  for (const NodeStatus& each : all) table.add(node_row(each, seen(all, each.node->node)));
  fmt::print("{}\n{}, {}{}\n", table.text(), count(all.size(), "node"), count(problems.size(), "problem"),
             problems.empty() ? "" : ":");
  for (const std::string& problem : problems) fmt::print("  - {}\n", problem);
  return code;
}

// -- env

int run(const Env& env, const Invocation& call) {
  const auto centre = existing_centre(call.dir);
  if (!centre) return complain(centre.error(), call.json);
  const CentreNode* node = centre->find(env.region == "gateway" ? "hub" : env.region);
  if (node == nullptr) {
    return complain({Errc::not_found, "the centre in " + centre->dir.string() + " has no region " + env.region},
                    call.json);
  }
  const auto secret = access_secret(*centre);
  if (!secret) return complain(secret.error(), call.json);
  const std::string region = node->hub ? centre->regions().front()->region : node->region;
  const std::vector<std::pair<std::string, std::string>> variables = {
      {"AWS_ACCESS_KEY_ID", centre->access_key},
      {"AWS_SECRET_ACCESS_KEY", *secret},
      {"AWS_DEFAULT_REGION", region},
      {"AWS_REGION", region},
      {"AWS_ENDPOINT_URL", node->url()},
      {"AWS_EC2_METADATA_DISABLED", "true"},
      {"AWS_PAGER", ""},
      {"INSTANCE_ID", centre->instance.text()},
      {"INSTANCE_ARN", centre->instance_arn(region)},
      {"TANDEM_GATEWAY_URL", centre->gateway().url()},
      {"TANDEM_DIR", centre->dir.string()},
  };
  if (call.json) {
    json::object out;
    for (const auto& [name, value] : variables) out[name] = value;
    print_json(out);
    return kDone;
  }
  for (const auto& [name, value] : variables) fmt::print("export {}={}\n", name, shell_word(value));
  fmt::print("unset AWS_PROFILE AWS_SESSION_TOKEN\n");
  // Versions of the AWS command line before 2.13 do not know AWS_ENDPOINT_URL.
  fmt::print("aws() {{ command aws --endpoint-url \"$AWS_ENDPOINT_URL\" \"$@\"; }}\n");
  return kDone;
}

// -- contacts

namespace {

int show_contact(const Contacts& contacts, const Invocation& call, const Asked& asked) {
  const auto got = asked.ops.get_from_any("contacts/" + uri::encode(contacts.contact) +
                                          (contacts.transcript ? "?transcript=1" : ""));
  if (!got) return complain(got.error(), call.json);
  if (call.json) {
    print_json(*got);
    return kDone;
  }
  const json::object& c = *got;
  const auto line = [](const char* name, const std::string& value) {
    if (!value.empty()) fmt::print("{:<14}{}\n", name, value);
  };
  line("contact", text(c, "id"));
  line("channel", text(c, "channel"));
  line("phase", text(c, "phase"));
  line("owner", fmt::format("{} (node {}, term {})", inner(c, "owner", "region"),
                            number(c.at("owner").as_object(), "node").value_or(0), number(c, "term").value_or(0)));
  line("started at", inner(c, "origin", "region"));
  line("queue", inner(c, "queue", "name"));
  line("agent", inner(c, "agent", "name"));
  line("waits for", inner(c, "waits_for_agent", "name"));
  line("customer", flag(c, "attached") ? "here" : "away");
  line("initiated", text(c, "initiated"));
  line("enqueued", text(c, "enqueued"));
  line("connected", text(c, "connected"));
  line("ended", text(c, "ended") + (text(c, "ended_by").empty() ? "" : " (" + text(c, "ended_by") + ")"));
  if (const json::value* flow = c.if_contains("flow"); flow != nullptr && flow->is_object()) {
    line("flow", text(flow->get_object(), "name") + ", at block '" + text(flow->get_object(), "block") + "'");
  }
  if (const json::value* move = c.if_contains("move"); move != nullptr && move->is_object()) {
    const json::object& m = move->get_object();
    line("last move", text(m, "state") + ", " + inner(m, "from", "region") + " to " + inner(m, "to", "region"));
  }
  line("said", count(static_cast<std::size_t>(number(c, "transcript_items").value_or(0)), "item"));
  if (!contacts.transcript) return kDone;
  for (const auto& attribute : c.at("attributes").as_object()) {
    line("attribute", std::string(attribute.key()) + " = " + std::string(attribute.value().as_string()));
  }
  fmt::print("\n");
  for (const json::value& value : list(c, "transcript")) {
    const json::object& item = value.get_object();
    const std::string content = text(item, "content");
    fmt::print("{}  {:<9} {}\n", text(item, "at"), text(item, "role"),
               content.empty() ? "[" + text(item, "type") + "]" : content);
  }
  return kDone;
}

}  // namespace

int run(const Contacts& contacts, const Invocation& call) {
  const auto asked = open(call);
  if (!asked) return complain(asked.error(), call.json);
  if (!contacts.contact.empty()) return show_contact(contacts, call, *asked);
  std::string query = "contacts?live=" + std::string(contacts.all ? "0" : "1");
  for (const auto& [name, value] : {std::pair{"phase", &contacts.phase},
                                    {"queue", &contacts.queue},
                                    {"agent", &contacts.agent},
                                    {"region", &contacts.region}}) {
    if (!value->empty()) query += std::string("&") + name + "=" + uri::encode(*value);
  }
  json::array all;
  std::string as_of;
  std::string after;
  bool more = false;
  do {
    const std::size_t left = contacts.limit - all.size();
    std::string page = query + "&limit=" + std::to_string(std::min<std::size_t>(left, 1000));
    if (!after.empty()) page += "&after=" + uri::encode(after);
    auto got = asked->ops.get_from_any(page);
    if (!got) return complain(got.error(), call.json);
    for (const json::value& each : list(*got, "contacts")) all.push_back(each);
    if (as_of.empty()) as_of = text(*got, "as_of");
    after = text(*got, "next");
    more = !after.empty();
  } while (more && all.size() < contacts.limit);
  if (call.json) {
    print_json(json::object{{"as_of", as_of}, {"contacts", all}, {"more", more}});
    return kDone;
  }
  Table table({"CONTACT", "CHANNEL", "PHASE", "OWNER", "QUEUE", "AGENT", "CUSTOMER", "WAITING", "AGE"});
  for (const json::value& value : all) {
    const json::object& c = value.get_object();
    table.add({text(c, "id"), text(c, "channel"), text(c, "phase"), inner(c, "owner", "region"),
               or_dash(inner(c, "queue", "name")), or_dash(inner(c, "agent", "name")),
               flag(c, "attached") ? "here" : "away", how_long(c, "waiting_ms"), how_long(c, "age_ms")});
  }
  if (!table.empty()) fmt::print("{}\n", table.text());
  fmt::print("{}{}, as of {}\n", count(all.size(), "contact"), more ? " and more (--limit)" : "", as_of);
  return kDone;
}

// -- agents, queues

int run(const Agents& agents, const Invocation& call) {
  const auto asked = open(call);
  if (!asked) return complain(asked.error(), call.json);
  const auto got = asked->ops.get_from_any("agents?all=" + std::string(agents.all ? "1" : "0") +
                                           (agents.region.empty() ? "" : "&region=" + uri::encode(agents.region)));
  if (!got) return complain(got.error(), call.json);
  if (call.json) {
    print_json(*got);
    return kDone;
  }
  Table table({"AGENT", "AT", "STATUS", "FOR", "BUSY WITH"});
  for (const json::value& value : list(*got, "agents")) {
    const json::object& a = value.get_object();
    std::string busy;
    for (const json::value& slot : list(a, "slots")) {
      const json::object& s = slot.get_object();
      busy +=
          (busy.empty() ? "" : "; ") + text(s, "channel") + " " + text(s, "contact") + " (" + text(s, "state") + ")";
    }
    std::string status = flag(a, "signed_in") ? or_dash(text(a, "status")) : "signed out";
    if (flag(a, "missed_contact")) status += ", missed a contact";
    if (const std::string to = text(a, "move_to"); !to.empty()) status += ", moving to " + to;
    std::string at = flag(a, "signed_in") ? inner(a, "at", "region") : "-";
    if (flag(a, "signed_in") && !flag(a, "node_answers")) at += " (does not answer)";
    table.add({text(a, "username"), at, status, how_long(a, "status_ms"), or_dash(busy)});
  }
  if (!table.empty()) fmt::print("{}\n", table.text());
  fmt::print("{}, as of {}\n", count(list(*got, "agents").size(), "agent"), text(*got, "as_of"));
  return kDone;
}

namespace {

// Who is meant, in the order of their ids, so that the same share is the same people.
Result<std::vector<std::string>> those_of(const OpsClient& ops, const Move& move) {
  const auto got = ops.get_from_any("agents?all=0" + (move.from.empty() ? "" : "&region=" + uri::encode(move.from)));
  if (!got) return std::unexpected(got.error());
  std::vector<std::string> out;
  for (const json::value& value : list(*got, "agents")) {
    const json::object& a = value.get_object();
    if (text(a, "routing_profile") == move.profile) out.push_back(text(a, "username"));
  }
  if (out.empty()) return fail(Errc::not_found, "nobody is signed in with the routing profile " + move.profile);
  out.resize((out.size() * move.share + 99) / 100);
  return out;
}

}  // namespace

int run(const Move& move, const Invocation& call) {
  if (move.agents.empty() == move.profile.empty()) {
    return complain({Errc::invalid, "name either agents or a --profile"}, call.json);
  }
  if (int{!move.to.empty()} + int{move.cancel} + int{move.sign_out} != 1) {
    return complain({Errc::invalid, "say one of --to, --cancel and --sign-out"}, call.json);
  }
  const auto asked = open(call);
  if (!asked) return complain(asked.error(), call.json);
  std::vector<std::string> agents = move.agents;
  if (agents.empty()) {
    auto found = those_of(asked->ops, move);
    if (!found) return complain(found.error(), call.json);
    agents = std::move(*found);
  }
  json::object body;
  if (move.sign_out) {
    body["sign_out"] = true;
  } else {
    body["move_to"] = move.to;
  }
  if (move.within) body["within_s"] = std::int64_t{*move.within} * 60;
  json::array moved;
  json::array refused;
  Errc worst{};
  for (const std::string& agent : agents) {
    const auto done = asked->ops.put_to_any("agents/" + uri::encode(agent), body);
    if (done) {
      moved.emplace_back(agent);
    } else {
      worst = done.error().code;
      refused.emplace_back(json::object{{"agent", agent}, {"why", done.error().detail}});
    }
  }
  if (call.json) {
    print_json({{"moved", moved}, {"refused", refused}});
  } else {
    for (const json::value& each : refused) {
      fmt::print(stderr, "{}: {}\n", text(each.get_object(), "agent"), text(each.get_object(), "why"));
    }
    const std::string many = count(moved.size(), "agent");
    fmt::print("{}\n", move.cancel     ? many + (moved.size() == 1 ? " stays" : " stay")
                       : move.sign_out ? many + " signed out"
                                       : many + " told to go to " + move.to);
  }
  return refused.empty() ? kDone : exit_code(worst);
}

int run(const Queues&, const Invocation& call) {
  const auto asked = open(call);
  if (!asked) return complain(asked.error(), call.json);
  const auto got = asked->ops.get_from_any("queues");
  if (!got) return complain(got.error(), call.json);
  if (call.json) {
    print_json(*got);
    return kDone;
  }
  Table table({"QUEUE", "WAITING", "OLDEST", "AGENTS AVAILABLE", "OWNERS"});
  for (const json::value& value : list(*got, "queues")) {
    const json::object& q = value.get_object();
    std::string owners;
    for (const auto& [region, waiting] : q.at("owners").as_object()) {
      owners += (owners.empty() ? "" : ", ") + std::string(region) + ": " + json::serialize(waiting);
    }
    table.add({text(q, "name") + (flag(q, "enabled") ? "" : " (disabled)"),
               std::to_string(number(q, "size").value_or(0)), how_long(q, "oldest_ms"),
               std::to_string(number(q, "agents_available").value_or(0)), or_dash(owners)});
  }
  fmt::print("{}\nas of {}\n", table.text(), text(*got, "as_of"));
  return kDone;
}

// -- explain

int run(const Evacuations& evacuations, const Invocation& call) {
  const auto asked = open(call);
  if (!asked) return complain(asked.error(), call.json);
  const std::string path = "evacuations" + (evacuations.id.empty() ? "" : "/" + uri::encode(evacuations.id));
  // What a decision saw is in every log; the one that replays it first answers.
  const auto got = asked->ops.get_from_any(path);
  if (!got) return complain(got.error(), call.json);
  if (call.json) {
    print_json(*got);
    return kDone;
  }
  Table table({"AT", "NODE", "WHAT", "VOTES", "ID"});
  const json::array one{*got};
  for (const json::value& value : evacuations.id.empty() ? list(*got, "history") : one) {
    const json::object& each = value.as_object();
    std::string votes;
    for (const json::value& vote : list(each, "votes")) {
      std::string kinds;
      for (const json::value& kind : list(vote.as_object(), "evidence")) {
        kinds += (kinds.empty() ? "" : ", ") + std::string(kind.as_string());
      }
      votes += (votes.empty() ? "" : "; ") + text(vote.as_object(), "voter") + " (" + kinds + ")";
    }
    table.add({text(each, "at"), text(each, "name"), text(each, "what"), or_dash(votes), text(each, "id")});
  }
  fmt::print("{}", table.empty() ? "nobody was ever declared lost\n" : table.text());
  if (const std::string replay = text(*got, "replay"); !replay.empty()) fmt::print("a replay of the log {}\n", replay);
  return kDone;
}

int run(const Explain& explain, const Invocation& call) {
  const auto asked = open(call);
  if (!asked) return complain(asked.error(), call.json);
  // A decision is kept longest by the node that made it: the first that has one answers.
  std::optional<json::object> got;
  Error last{Errc::unreachable, "no node of the centre in " + asked->centre.dir.string() + " answers"};
  for (const CentreNode& node : asked->centre.nodes) {
    auto said = asked->ops.get(node, "explain/" + uri::encode(explain.contact), kReplayMax);
    if (!said) {
      if (said.error().code != Errc::unreachable) last = said.error();
      continue;
    }
    const bool decided = said->at("decision").is_object();
    if (decided || !got) got = std::move(*said);
    if (decided) break;
  }
  if (!got) return complain(last, call.json);
  if (call.json) {
    print_json(*got);
    return kDone;
  }
  const json::object& contact = got->at("contact").as_object();
  fmt::print("contact {}: {} at {}, queue {}, {}\n", text(contact, "id"), text(contact, "phase"),
             inner(contact, "owner", "region"), or_dash(inner(contact, "queue", "name")),
             inner(contact, "agent", "name").empty() ? "no agent" : "agent " + inner(contact, "agent", "name"));
  if (const json::value& value = got->at("decision"); value.is_object()) {
    const json::object& d = value.get_object();
    fmt::print("\ndecision  {} gave it to {} at {}, at {}\nrule      {}; {} could have taken it\nsaw       ",
               inner(d, "decided_by", "region"), inner(d, "winner", "name"), inner(d, "winner_at", "region"),
               text(d, "at"), text(d, "rule"),
               count(static_cast<std::size_t>(number(d, "could_take_it").value_or(0)), "agent"));
    std::string saw;
    for (const json::value& each : list(d, "saw")) {
      const json::object& log = each.get_object();
      saw += (saw.empty() ? "" : ", ") +
             fmt::format("node {} to record {}", number(log, "node").value_or(0), number(log, "sequence").value_or(0));
    }
    fmt::print("{}\n", saw);
  } else {
    fmt::print("\nno agent was chosen for it, as far as is known here\n");
  }
  fmt::print("judged on {}\n\n", text(*got, "judged_on"));
  Table table({"AGENT", "AT", "AVAILABLE FOR", "WHY NOT"});
  for (const json::value& value : list(*got, "candidates")) {
    const json::object& c = value.get_object();
    table.add({inner(c, "agent", "name"), inner(c, "at", "region"), how_long(c, "available_ms"),
               flag(c, "could_take_it") ? "could take it" : text(c, "why_not")});
  }
  if (table.empty()) {
    fmt::print("no agent has ever signed in\n");
  } else {
    fmt::print("{}", table.text());
  }
  for (const auto& [reason, many] : got->at("more").as_object()) {
    fmt::print("and {} more: {}\n", json::serialize(many), std::string_view(reason));
  }
  return kDone;
}

}  // namespace tandem::cli
