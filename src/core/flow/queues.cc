// Actions about queues: which one a contact is for, what it looks like, and going there.
#include <algorithm>
#include <limits>

#include "core/flow/run.h"
#include "core/flow/words.h"

namespace tandem::flow {
namespace {

using contact::Phase;

constexpr const char* kDefaultQueueFlow = "Default customer queue";

std::optional<contact::Channel> channel_named(std::string_view name) {
  if (is(name, "voice")) return contact::Channel::voice;
  if (is(name, "chat")) return contact::Channel::chat;
  if (is(name, "task")) return contact::Channel::task;
  return std::nullopt;
}

std::string whole_seconds(std::chrono::milliseconds time) { return std::to_string(time / 1s); }

}  // namespace

std::optional<QueueId> Run::named_queue(const config::Block& block) {
  // An agent's own queue has the agent's id.
  const bool of_agent = find(block, "AgentId") != nullptr;
  const auto id = id_of(words(block, of_agent ? "AgentId" : "QueueId"));
  const config::Kind kind = of_agent ? config::Kind::user : config::Kind::queue;
  if (!id || sees_.config.find(kind, *id) == nullptr) return std::nullopt;
  return QueueId{*id};
}

Step Run::target_queue(const config::Block& block) {
  const auto queue = named_queue(block);
  if (asks()) return wait_for_words();
  if (!queue || queued()) return Step::failed();
  contact_.place.queue = *queue;
  return Step::next();
}

std::optional<QueueId> Run::measured_queue(const config::Block& block) {
  const bool named = find(block, "AgentId") != nullptr || find(block, "QueueId") != nullptr;
  if (named) return named_queue(block);
  const QueueId target = contact_.place.queue;
  return target.value().nil() ? std::nullopt : std::optional(target);
}

// Source: API Reference, "CheckMetricData". The age is compared in milliseconds, whatever its name says: the service's
// own editor writes 300000 for the 300 seconds that were typed.
Step Run::check_metric_data(const config::Block& block) {
  using Metrics = routing::QueueMetrics;
  struct Kind {
    const char* name;
    std::int64_t (*of)(const Metrics&);
  };
  static constexpr Kind kKinds[] = {
      {"NumberOfAgentsAvailable", [](const Metrics& m) { return m.agents.available; }},
      {"NumberOfAgentsStaffed", [](const Metrics& m) { return m.agents.staffed; }},
      {"NumberOfAgentsOnline", [](const Metrics& m) { return m.agents.online; }},
      {"NumberOfContactsInQueue", [](const Metrics& m) { return static_cast<std::int64_t>(m.size); }},
      {"OldestContactInQueueAgeSeconds", [](const Metrics& m) { return std::int64_t{m.oldest.count()}; }},
  };
  const auto queue = measured_queue(block);
  if (asks()) return wait_for_words();
  const std::string* type = find(block, "MetricType");
  if (!queue || type == nullptr || !sees_.metrics) return Step::failed();
  const auto* kind = std::ranges::find_if(kKinds, [&](const Kind& each) { return *type == each.name; });
  if (kind == std::end(kKinds)) return Step::failed();
  return Step::result(std::to_string(kind->of(sees_.metrics(*queue, std::nullopt, contact_))));
}

// Source: API Reference, "GetMetricData"; Administrator Guide, "Flow block: Get metrics": of a queue that no agent who
// is signed in serves, there are no metrics of agents.
Step Run::get_metric_data(const config::Block& block) {
  const auto queue = measured_queue(block);
  const std::string given = words(block, "QueueChannel");
  if (asks()) return wait_for_words();
  const auto channel = channel_named(given);
  if (!queue || !sees_.metrics || (!given.empty() && !channel)) return Step::failed();
  const routing::QueueMetrics metrics = sees_.metrics(*queue, channel, contact_);

  std::map<std::string, Text> out;
  const auto set = [&](const char* name, std::string words) { out[name] = Text::plain(std::move(words)); };
  set("Queue.Name", queue_name(sees_, *queue));
  set("Queue.ARN", queue_arn(sees_, *queue));
  set("Queue.Size", std::to_string(metrics.size));
  set("Queue.OldestContactAge", whole_seconds(metrics.oldest));
  if (const routing::AgentCounts& agents = metrics.agents; agents.signed_in > 0) {
    set("Agents.Online.Count", std::to_string(agents.online));
    set("Agents.Available.Count", std::to_string(agents.available));
    set("Agents.Staffed.Count", std::to_string(agents.staffed));
    set("Agents.AfterContactWork.Count", std::to_string(agents.after_contact_work));
    set("Agents.Busy.Count", std::to_string(agents.on_contact));
    set("Agents.Missed.Count", std::to_string(agents.missed));
    set("Agents.NonProductive.Count", std::to_string(agents.non_productive));
  }
  const auto set_wait = [&](const char* name, std::optional<std::chrono::milliseconds> wait) {
    if (wait) set(name, whole_seconds(*wait));
  };
  set_wait("Queue.EstimatedWaitTime", metrics.expected_wait);
  set_wait("Contact.EstimatedWaitTime", metrics.own_expected_wait);
  if (metrics.own_position) set("Contact.PositionInQueue", std::to_string(*metrics.own_position));
  flow_.metrics = std::move(out);
  return Step::next();
}

Step Run::transfer_to_queue(const config::Block& /*block*/) {
  if (queued()) return Step::failed();
  if (const char* refused = refuses(contact_.place.queue)) return Step::failed(refused);
  contact_.phase = Phase::queued;
  if (contact_.place.enqueued.packed == 0) contact_.place.enqueued = now_.hlc;
  return begin_waiting();
}

// Source: API Reference, "DequeueContactAndTransferToQueue". The service makes a new contact for the new queue; here a
// customer's session has one contact, which begins to wait anew.
Step Run::dequeue_and_transfer(const config::Block& block) {
  const auto queue = named_queue(block);
  if (asks()) return wait_for_words();
  // While an agent is offered it, here or at another node, it is no longer this flow's to move.
  if (!queue || contact_.phase != Phase::queued || contact_.move.open()) return Step::failed();
  if (*queue != contact_.place.queue) {
    if (const char* refused = refuses(*queue)) return Step::failed(refused);
  }
  contact_.place.queue = *queue;
  contact_.place.enqueued = now_.hlc;
  contact_.place.preferred = {};
  contact_.place.preferred_until = {};
  return begin_waiting();
}

const char* Run::refuses(QueueId queue) const {
  const config::Document* document = sees_.config.queue(queue);
  if (document == nullptr || is(document->get("status"), "disabled")) return "NoMatchingError";
  const auto most = integer(document->get("max_contacts"), 0, std::numeric_limits<std::int64_t>::max());
  const bool full = most && sees_.waiting && sees_.waiting(queue) >= static_cast<std::uint64_t>(*most);
  return full ? "QueueAtCapacity" : nullptr;
}

Step Run::begin_waiting() {
  contact_.place.criteria.activated = now_.hlc;
  if (contact_.is_callback()) {
    stop(contact_);  // nobody is on the line who would hear a queue flow
    return Step::over();
  }

  // The customer queue flow, when there is one, goes on in this run.
  const config::Document* flow = nullptr;
  if (const auto hook = flow_.hooks.find("CustomerQueue"); hook == flow_.hooks.end()) {
    flow = sees_.config.named(config::Kind::flow, kDefaultQueueFlow);
    if (flow != nullptr && flow->get("type") != "CUSTOMER_QUEUE") flow = nullptr;
  } else if (const auto id = parse_uuid(hook->second)) {
    flow = sees_.config.find(config::Kind::flow, *id);
  }
  const config::Program* program = flow == nullptr ? nullptr : sees_.config.program(FlowId{flow->id});
  if (program == nullptr) {
    stop(contact_);
  } else {
    enter(FlowId{flow->id}, *program);
  }
  return Step::over();
}

}  // namespace tandem::flow
