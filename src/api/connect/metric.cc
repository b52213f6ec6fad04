// GetCurrentMetricData: what queues and agents look like at this moment, over all regions.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

#include "api/connect/context.h"
#include "core/routing/wait.h"

namespace tandem::api::connect {
namespace {

using routing::Scope;

// For one queue and one channel: the rest is left out. Source: API reference, GetCurrentMetricData.
constexpr std::string_view kWait = "ESTIMATED_WAIT_TIME";

struct Waiting {
  Uuid queue;
  std::string channel;
  Hlc since;
};
// Copied on the loop, counted elsewhere.
struct Snapshot {
  std::vector<routing::AgentNow> agents;
  std::vector<Waiting> waiting;
  std::map<std::pair<Uuid, std::string>, std::chrono::milliseconds> waits;  // of the next contact, by channel
  Hlc at;
};

// `waits`: queues for which an estimate is asked.
Snapshot take(const World& world, std::uint64_t now_ms, const std::set<QueueId>& waits) {
  Snapshot out;
  out.at = Hlc::at(now_ms);
  if (!waits.empty()) {
    const std::set<contact::Channel> channels{contact::Channel::chat, contact::Channel::task, contact::Channel::voice};
    const auto estimates =
        routing::expected_waits({world.config(), world.contacts(), world.agents()}, waits, channels, out.at);
    for (const auto& [of, wait] : estimates) out.waits[{of.first.value(), channel_name(of.second)}] = wait;
  }
  const auto add = [&](const std::vector<const contact::Contact*>& waiting) {
    for (const contact::Contact* c : waiting) {
      out.waiting.push_back({c->place.queue.value(), channel_name(c->channel), c->place.enqueued});
    }
  };
  for (const config::Document* queue : world.config().all(config::Kind::queue)) {
    add(routing::waiting_in(world.contacts(), QueueId{queue->id}));
  }
  for (const auto& [id, held] : world.agents().all()) {
    if (held.presence.desktop.nil()) continue;
    out.agents.push_back(routing::agent_now(world.config(), held.presence));
    add(routing::ringing_at(world.contacts(), held.presence));
  }
  return out;
}

bool in(const std::set<Uuid>& scope, const Uuid& id) { return scope.empty() || scope.contains(id); }
bool in(const std::set<std::string>& scope, const std::string& name) { return scope.empty() || scope.contains(name); }

std::optional<double> count_agents(const Snapshot& snapshot, const Scope& scope, std::string_view metric) {
  using Counts = routing::AgentCounts;
  static const std::map<std::string_view, std::int64_t Counts::*> kCounts{
      {"AGENTS_ONLINE", &Counts::online},
      {"AGENTS_STAFFED", &Counts::staffed},
      {"AGENTS_NON_PRODUCTIVE", &Counts::non_productive},
      {"AGENTS_AVAILABLE", &Counts::available},
      {"AGENTS_ON_CONTACT", &Counts::on_contact},
      {"AGENTS_ON_CALL", &Counts::on_contact},
      {"AGENTS_AFTER_CONTACT_WORK", &Counts::after_contact_work},
      {"AGENTS_ERROR", &Counts::missed},
      {"SLOTS_ACTIVE", &Counts::slots_active},
      {"SLOTS_AVAILABLE", &Counts::slots_available},
  };
  const auto wanted = kCounts.find(metric);
  if (wanted == kCounts.end()) return std::nullopt;
  Counts counts;
  for (const routing::AgentNow& agent : snapshot.agents) routing::count(counts, scope, agent);
  return static_cast<double>(counts.*(wanted->second));
}

// Nothing for a metric that is not measured here, or cannot be said.
std::optional<double> measure(const Snapshot& snapshot, const Scope& scope, std::string_view metric, bool grouped) {
  if (metric == kWait) {
    if (scope.queues.size() != 1 || scope.channels.size() != 1) return std::nullopt;
    const auto wait = snapshot.waits.find({*scope.queues.begin(), *scope.channels.begin()});
    if (wait == snapshot.waits.end()) return std::nullopt;
    return static_cast<double>(wait->second / 1s);
  }
  if (metric == "CONTACTS_SCHEDULED") return 0.0;  // a contact chooses its queue when its time has come
  if (metric != "CONTACTS_IN_QUEUE" && metric != "OLDEST_CONTACT_AGE") return count_agents(snapshot, scope, metric);
  std::int64_t waiting = 0;
  std::chrono::milliseconds oldest{};
  for (const Waiting& each : snapshot.waiting) {
    if (!in(scope.queues, each.queue) || !in(scope.channels, each.channel) || !scope.statuses.empty()) continue;
    ++waiting;
    oldest = std::max(oldest, snapshot.at - each.since);
  }
  if (metric == "CONTACTS_IN_QUEUE") return static_cast<double>(waiting);
  // Without a grouping the service gives this one in milliseconds, though it says seconds: clients divide.
  // Source: API reference, GetCurrentMetricData, "OLDEST_CONTACT_AGE".
  const auto ms = static_cast<double>(oldest.count());
  return grouped ? static_cast<double>(static_cast<std::int64_t>(ms / 1000)) : ms;
}

struct Row {
  json::object dimensions;
  Scope scope;
};

// Every row so far once for each of `each`.
template <class Each, class Narrow>
std::vector<Row> times(const std::vector<Row>& rows, const Each& each, Narrow narrow) {
  std::vector<Row> out;
  for (const Row& row : rows) {
    for (const auto& value : each) {
      out.push_back(row);
      narrow(out.back(), value);
    }
  }
  return out;
}

std::vector<Row> rows_of(const Context& context, const Snapshot& snapshot, const Scope& whole,
                         const std::vector<std::string>& groupings) {
  std::vector<Row> rows{{{}, whole}};
  for (const std::string& grouping : groupings) {
    if (grouping == "QUEUE") {
      std::set<Uuid> queues = whole.queues;
      if (queues.empty()) {
        for (const routing::AgentNow& agent : snapshot.agents) {
          for (const auto& [queue, channel] : agent.queues) {
            if (in(whole.profiles, agent.profile)) queues.insert(queue);
          }
        }
      }
      rows = times(rows, queues, [&](Row& row, const Uuid& id) {
        row.scope.queues = {id};
        row.dimensions["Queue"] = json::object{{"Id", id.text()}, {"Arn", context.arn(kQueueArn, id)}};
      });
    } else if (grouping == "CHANNEL") {
      std::set<std::string> channels = whole.channels;
      if (channels.empty()) channels = {"CHAT", "TASK", "VOICE"};
      rows = times(rows, channels, [](Row& row, const std::string& channel) {
        row.scope.channels = {channel};
        row.dimensions["Channel"] = channel;
      });
    } else if (grouping == "ROUTING_PROFILE") {
      std::set<Uuid> profiles = whole.profiles;
      if (profiles.empty()) {
        for (const routing::AgentNow& agent : snapshot.agents) {
          if (concerns(whole, agent) && !agent.profile.nil()) profiles.insert(agent.profile);
        }
      }
      rows = times(rows, profiles, [&](Row& row, const Uuid& id) {
        row.scope.profiles = {id};
        row.dimensions["RoutingProfile"] =
            json::object{{"Id", id.text()}, {"Arn", context.arn(kRoutingProfileArn, id)}};
      });
    } else if (grouping == "AGENT_STATUS") {
      std::set<Uuid> statuses = whole.statuses;
      for (const routing::AgentNow& agent : snapshot.agents) {
        if (whole.statuses.empty() && !agent.status.nil() && concerns(whole, agent)) statuses.insert(agent.status);
      }
      rows = times(rows, statuses, [&](Row& row, const Uuid& id) {
        row.scope.statuses = {id};
        row.dimensions["AgentStatus"] = json::object{{"Id", id.text()}, {"Arn", context.arn(kAgentStatusArn, id)}};
      });
    }
  }
  return rows;
}

Result<Scope> scope_of(const Context& context, const json::object& filters) {
  Scope out;
  const auto read = [&](std::string_view member, std::string_view kind, std::set<Uuid>& to) -> Result<void> {
    for (const std::string& named : texts(filters, member)) {
      const auto id = context.id(named, kind);
      if (!id) return std::unexpected(id.error());
      to.insert(*id);
    }
    return {};
  };
  if (const auto good = read("Queues", kQueueArn, out.queues); !good) return std::unexpected(good.error());
  if (const auto good = read("RoutingProfiles", kRoutingProfileArn, out.profiles); !good) {
    return std::unexpected(good.error());
  }
  if (const auto good = read("AgentStatuses", kAgentStatusArn, out.statuses); !good) {
    return std::unexpected(good.error());
  }
  for (const std::string& channel : texts(filters, "Channels")) out.channels.insert(channel);
  if (!out.queues.empty() && !out.profiles.empty()) {
    return fail(Errc::invalid, "Filters may name Queues or RoutingProfiles, not both.");
  }
  if (out.queues.empty() && out.profiles.empty() && out.statuses.empty()) {
    return fail(Errc::invalid, "Filters must name Queues, RoutingProfiles or AgentStatuses.");
  }
  return out;
}

json::object result_of(const Snapshot& snapshot, const Row& row, const json::array& metrics, bool grouped) {
  json::array collections;
  for (const json::value& metric : metrics) {
    const std::string name = text(metric.as_object(), "Name");
    const auto value = measure(snapshot, row.scope, name, grouped);
    if (!value && name != kWait) continue;
    const bool time = name == kWait || name == "OLDEST_CONTACT_AGE";
    json::object collection{{"Metric", json::object{{"Name", name}, {"Unit", time ? "SECONDS" : "COUNT"}}}};
    if (value) collection["Value"] = *value;
    collections.emplace_back(std::move(collection));
  }
  json::object out{{"Collections", std::move(collections)}};
  if (!row.dimensions.empty()) out["Dimensions"] = row.dimensions;
  return out;
}

Result<void> judge_metrics(const json::object& input) {
  const json::object& filters = input.at("Filters").as_object();
  for (const char* member : {"RoutingStepExpressions", "Subtypes", "ValidationTestTypes"}) {
    if (filters.contains(member)) return fail(Errc::refused, std::string(member) + " is no filter here.");
  }
  for (const std::string& grouping : texts(input, "Groupings")) {
    const bool known =
        grouping == "QUEUE" || grouping == "CHANNEL" || grouping == "ROUTING_PROFILE" || grouping == "AGENT_STATUS";
    if (!known) return fail(Errc::refused, grouping + " is no grouping here.");
  }
  for (const json::value& metric : input.at("CurrentMetrics").as_array()) {
    if (!metric.as_object().contains("Name")) return fail(Errc::refused, "CurrentMetrics are named by Name here.");
  }
  return {};
}

// Rows in the order asked for; ties stay in the order of the groupings.
void sort_rows(std::vector<Row>& rows, const Snapshot& snapshot, const json::object& input, bool grouped) {
  const json::array* criteria = elements(input, "SortCriteria");
  if (criteria == nullptr || criteria->empty()) return;
  const json::object& by = criteria->front().as_object();
  const std::string metric = text(by, "SortByMetric");
  const bool descending = text(by, "SortOrder") == "DESCENDING";
  if (metric.empty()) return;
  std::ranges::stable_sort(rows, [&](const Row& a, const Row& b) {
    const double x = measure(snapshot, a.scope, metric, grouped).value_or(0);
    const double y = measure(snapshot, b.scope, metric, grouped).value_or(0);
    return descending ? x > y : x < y;
  });
}

model::Answer metric_data(const Context& context, const model::Call& call, const Snapshot& snapshot,
                          const Scope& whole) {
  const auto groupings = texts(call.input, "Groupings");
  const bool grouped = !groupings.empty();
  auto rows = rows_of(context, snapshot, whole, groupings);
  sort_rows(rows, snapshot, call.input, grouped);
  std::size_t from = 0;
  if (const std::string token = text(call.input, "NextToken"); !token.empty()) {
    if (token.size() > 6 || token.find_first_not_of("0123456789") != std::string::npos) {
      return refuse(call, Errc::invalid, "NextToken is not one of ours");
    }
    from = static_cast<std::size_t>(std::atol(token.c_str()));
  }
  const auto max = static_cast<std::size_t>(number(call.input, "MaxResults").value_or(100));
  json::array results;
  std::size_t at = from;
  for (; at < rows.size() && results.size() < max; ++at) {
    results.emplace_back(result_of(snapshot, rows[at], call.input.at("CurrentMetrics").as_array(), grouped));
  }
  json::object out{{"MetricResults", std::move(results)},
                   {"ApproximateTotalCount", static_cast<std::int64_t>(rows.size())}};
  put_time(out, "DataSnapshotTime", snapshot.at);
  if (at < rows.size()) out["NextToken"] = std::to_string(at);
  return out;
}

}  // namespace

void add_metric_operations(const Context& context) {
  context.on("GetCurrentMetricData", [context](const model::Call& call, model::Reply reply) {
    if (const auto good = judge_metrics(call.input); !good) return reply(refuse(call, good.error()));
    auto scope = scope_of(context, call.input.at("Filters").as_object());
    if (!scope) return reply(refuse(call, scope.error()));
    std::set<QueueId> waits;
    const json::array& metrics = call.input.at("CurrentMetrics").as_array();
    if (std::ranges::any_of(metrics, [](const auto& each) { return text(each.as_object(), "Name") == kWait; })) {
      for (const Uuid& queue : scope->queues) waits.insert(QueueId{queue});
    }
    ask(
        context.host,
        [now = context.host.utc_ms(), waits = std::move(waits)](const World& world, const Local&) {
          return take(world, now, waits);
        },
        [context, call, scope = std::move(*scope), reply = std::move(reply)](const Snapshot& snapshot) {
          reply(metric_data(context, call, snapshot, scope));
        });
  });
}

}  // namespace tandem::api::connect
