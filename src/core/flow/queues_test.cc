// Goal: what flows ask about queues and do with them, and each branch. Method: flows of a few blocks in a small centre
// (centre_testing.h), with metrics given by the test.
#include <gtest/gtest.h>

#include "core/flow/centre_testing.h"

namespace tandem::flow {
namespace {

using config::Operator;
using contact::Channel;
using contact::Phase;

struct Metrics : Centre {
  Metrics() {
    now_counts.size = 4;
    now_counts.oldest = 90500ms;
    now_counts.agents = {.signed_in = 9,
                         .online = 8,
                         .staffed = 6,
                         .available = 1,
                         .non_productive = 2,
                         .on_contact = 5,
                         .after_contact_work = 3,
                         .missed = 7};
    metrics = [this](QueueId queue, std::optional<Channel> channel, const contact::Contact& asking) {
      EXPECT_EQ(asking.id, contact.id);
      asked_about = queue;
      asked_channel = channel;
      return now_counts;
    };
    contact.place.queue = sales;
  }
  // Where a block leads that is followed by one for each branch.
  std::string way(B block) {
    std::vector<B> blocks{std::move(block).on("NoMatchingError", "error").on("NoMatchingCondition", "no match")};
    for (const char* end : {"next", "yes", "no match", "error"}) blocks.push_back(say(end, end, "idle"));
    blocks.push_back(B("idle", "Wait", {{"TimeLimitSeconds", "60"}}));
    start(flow("f", blocks));
    return last_said();
  }
  std::string after_metrics(B block, std::string_view text) {
    start(flow("f", {std::move(block).next("say").on("NoMatchingError", "error"), say("say", text, "idle"),
                     say("error", "error", "idle"), B("idle", "Wait", {{"TimeLimitSeconds", "60"}})}));
    return last_said();
  }
  QueueId sales{put(config::Kind::queue, "Sales", {})};
  QueueId billing{put(config::Kind::queue, "Billing", {})};
  Uuid ana = put(config::Kind::user, "ana", {});
  routing::QueueMetrics now_counts;
  QueueId asked_about;
  std::optional<Channel> asked_channel;
};

TEST(CheckMetricData, ComparesEachOfItsMetrics) {
  const std::pair<const char*, const char*> kinds[] = {{"NumberOfAgentsAvailable", "1"},
                                                       {"NumberOfAgentsStaffed", "6"},
                                                       {"NumberOfAgentsOnline", "8"},
                                                       {"NumberOfContactsInQueue", "4"},
                                                       {"OldestContactInQueueAgeSeconds", "90500"}};
  for (const auto& [kind, is] : kinds) {
    Metrics c;
    EXPECT_EQ(c.way(B("x", "CheckMetricData", {{"MetricType", kind}}).next("next").when(is, "yes")), "yes") << kind;
    EXPECT_EQ(c.asked_about, c.sales);
    EXPECT_EQ(c.asked_channel, std::nullopt);
    Metrics other;
    EXPECT_EQ(other.way(B("x", "CheckMetricData", {{"MetricType", kind}}).when("77", "yes")), "no match") << kind;
  }
}

TEST(CheckMetricData, BranchesByNumbers) {
  for (const std::int64_t available : {0, 1}) {
    Metrics c;
    c.now_counts.agents.available = available;
    EXPECT_EQ(c.way(B("x", "CheckMetricData", {{"MetricType", "NumberOfAgentsAvailable"}})
                        .when("0", "yes", Operator::number_greater_than)),
              available > 0 ? "yes" : "no match");
  }
  Metrics c;
  EXPECT_EQ(c.way(B("x", "CheckMetricData", {{"MetricType", "OldestContactInQueueAgeSeconds"}})
                      .when("300000", "yes", Operator::number_less_than)),
            "yes");
}

TEST(CheckMetricData, OfTheQueueThatIsNamed) {
  Metrics c;
  EXPECT_EQ(c.way(B("x", "CheckMetricData",
                    {{"MetricType", "NumberOfContactsInQueue"}, {"QueueId", c.billing.value().text()}})
                      .when("4", "yes")),
            "yes");
  EXPECT_EQ(c.asked_about, c.billing);
  Metrics agents;
  agents.contact.attributes["who"] = Text::plain(agents.ana.text());
  EXPECT_EQ(
      agents.way(B("x", "CheckMetricData", {{"MetricType", "NumberOfContactsInQueue"}, {"AgentId", "$.Attributes.who"}})
                     .when("4", "yes")),
      "yes");
  EXPECT_EQ(agents.asked_about, QueueId{agents.ana}) << "an agent's own queue";
}

TEST(CheckMetricData, FailsWithoutAQueueOrAMetric) {
  Metrics none;
  none.contact.place.queue = {};
  EXPECT_EQ(none.way(B("x", "CheckMetricData", {{"MetricType", "NumberOfContactsInQueue"}}).next("next")), "error");
  Metrics unknown;
  EXPECT_EQ(unknown.way(B("x", "CheckMetricData", {{"MetricType", "NumberOfCows"}}).next("next")), "error");
  Metrics absent;
  EXPECT_EQ(absent.way(B("x", "CheckMetricData").next("next")), "error");
  Metrics gone;
  EXPECT_EQ(gone.way(B("x", "CheckMetricData",
                       {{"MetricType", "NumberOfContactsInQueue"}, {"QueueId", "00000000-0000-4000-8000-000000000000"}})
                         .next("next")),
            "error");
}

TEST(GetMetricData, FillsEveryReference) {
  Metrics c;
  EXPECT_EQ(c.after_metrics(B("x", "GetMetricData"),
                            "$.Metrics.Queue.Name,$.Metrics.Queue.Size,$.Metrics.Queue.OldestContactAge,"
                            "$.Metrics.Agents.Online.Count,$.Metrics.Agents.Available.Count,"
                            "$.Metrics.Agents.Staffed.Count,$.Metrics.Agents.AfterContactWork.Count,"
                            "$.Metrics.Agents.Busy.Count,$.Metrics.Agents.Missed.Count,"
                            "$.Metrics.Agents.NonProductive.Count"),
            "Sales,4,90,8,1,6,3,5,7,2");
  EXPECT_EQ(c.asked_channel, std::nullopt);
  Metrics arn;
  EXPECT_EQ(
      arn.after_metrics(B("x", "GetMetricData", {{"QueueId", arn.billing.value().text()}}), "$.Metrics.Queue.ARN"),
      "arn:aws:connect:us-east-1:111122223333:instance/i-1/queue/" + arn.billing.value().text());
}

TEST(GetMetricData, SaysHowLongItTakesWhenThatIsKnown) {
  const std::string_view text =
      "[$.Metrics.Queue.EstimatedWaitTime,$.Metrics.Contact.EstimatedWaitTime,$.Metrics.Contact.PositionInQueue]";
  Metrics unknown;
  EXPECT_EQ(unknown.after_metrics(B("x", "GetMetricData"), text), "[,,]");
  Metrics c;
  c.now_counts.expected_wait = 61900ms;
  c.now_counts.own_expected_wait = 0ms;
  c.now_counts.own_position = 3;
  EXPECT_EQ(c.after_metrics(B("x", "GetMetricData"), text), "[61,0,3]");
}

TEST(GetMetricData, OnOneChannel) {
  const std::pair<const char*, Channel> channels[] = {
      {"Voice", Channel::voice}, {"Chat", Channel::chat}, {"CHAT", Channel::chat}, {"Task", Channel::task}};
  for (const auto& [name, channel] : channels) {
    Metrics c;
    c.contact.attributes["channel"] = Text::plain(name);
    EXPECT_EQ(c.after_metrics(B("x", "GetMetricData", {{"QueueChannel", "$.Attributes.channel"}}), "ok"), "ok");
    EXPECT_EQ(c.asked_channel, channel) << name;
  }
  Metrics c;
  EXPECT_EQ(c.after_metrics(B("x", "GetMetricData", {{"QueueChannel", "Pigeon"}}), "ok"), "error");
}

TEST(GetMetricData, HasNoCountsWhereNobodyIsSignedIn) {
  Metrics c;
  c.now_counts = {};
  EXPECT_EQ(c.after_metrics(B("x", "GetMetricData"), "[$.Metrics.Queue.Size,$.Metrics.Agents.Online.Count]"), "[0,]");
}

TEST(GetMetricData, IsLoadedAnewAndGoneWithTheFlow) {
  Metrics c;
  const FlowId second =
      c.flow("second", {say("a", "[$.Metrics.Queue.Size]", "idle"), B("idle", "Wait", {{"TimeLimitSeconds", "60"}})});
  c.start(c.flow("f", {B("x", "GetMetricData").next("say"), say("say", "$.Metrics.Queue.Size", "wait"),
                       B("wait", "Wait", {{"TimeLimitSeconds", "60"}}).when("WaitCompleted", "again"),
                       B("again", "GetMetricData").next("say again"), say("say again", "$.Metrics.Queue.Size", "leave"),
                       B("leave", "TransferToFlow", {{"ContactFlowId", second.value().text()}})}));
  EXPECT_EQ(c.contact.flow.metrics.at("Queue.Size"), Text::plain("4")) << "kept while the flow waits";
  c.now_counts.size = 6;
  c.wait(60s);
  EXPECT_EQ(c.said(), "4|6|[]");
}

TEST(GetMetricData, FailsWithoutAQueue) {
  Metrics c;
  c.contact.place.queue = {};
  EXPECT_EQ(c.after_metrics(B("x", "GetMetricData"), "ok"), "error");
}

// A contact that waits in "Sales", whose queue flow moves it to a queue after a minute; the flow of the new place says
// so and begins anew.
struct Moves : Centre {
  std::string run(B move, std::chrono::milliseconds after = 60s) {
    const FlowId second =
        flow("second", {say("s", "there", "idle"), B("idle", "Wait", {{"TimeLimitSeconds", "600"}})}, "CUSTOMER_QUEUE");
    contact.phase = Phase::queued;
    contact.place.queue = sales;
    contact.place.enqueued = now.hlc;
    contact.place.preferred = AgentId{ana};
    contact.place.criteria.steps.resize(1);
    contact.place.criteria.activated = now.hlc;
    contact.flow.hooks["CustomerQueue"] = second.value().text();
    contact.flow.flow = flow(
        "first",
        {B("w", "Wait", {{"TimeLimitSeconds", "60"}}).when("WaitCompleted", "move"),
         std::move(move).next("next").on("QueueAtCapacity", "full").on("NoMatchingError", "error"), say("next", "next"),
         say("full", "full", "idle"), say("error", "error", "idle"), B("idle", "Wait", {{"TimeLimitSeconds", "600"}})},
        "CUSTOMER_QUEUE");
    contact.flow.block = "w";
    again();
    wait(after);
    wait(60s);
    return said();
  }
  static B to(const std::string& queue) { return B("move", "DequeueContactAndTransferToQueue", {{"QueueId", queue}}); }
  QueueId sales{put(config::Kind::queue, "Sales", {{"max_contacts", "1"}})};
  QueueId billing{put(config::Kind::queue, "Billing", {{"max_contacts", "2"}})};
  QueueId off{put(config::Kind::queue, "Off", {{"status", "DISABLED"}})};
  Uuid ana = put(config::Kind::user, "ana", {});
};

TEST(DequeueContactAndTransferToQueue, WaitsAnewInTheOtherQueue) {
  Moves c;
  const Hlc begun = c.now.hlc;
  EXPECT_EQ(c.run(Moves::to(c.billing.value().text())), "there");
  EXPECT_EQ(c.contact.phase, Phase::queued);
  EXPECT_EQ(c.contact.place.queue, c.billing);
  EXPECT_EQ(c.contact.place.enqueued, begun + 60s);
  EXPECT_EQ(c.contact.place.criteria.activated, begun + 60s);
  EXPECT_TRUE(c.contact.place.preferred.value().nil());
  EXPECT_EQ(c.contact.flow.block, "idle");
  Moves agent;
  EXPECT_EQ(agent.run(B("move", "DequeueContactAndTransferToQueue", {{"AgentId", agent.ana.text()}})), "there");
  EXPECT_EQ(agent.contact.place.queue, QueueId{agent.ana});
}

TEST(DequeueContactAndTransferToQueue, AtCapacity) {
  for (const std::size_t there : {1U, 2U}) {
    Moves c;
    c.waiting = [&](QueueId queue) { return queue == c.billing ? there : 1; };
    EXPECT_EQ(c.run(Moves::to(c.billing.value().text())), there < 2 ? "there" : "full");
    EXPECT_EQ(c.contact.place.queue, there < 2 ? c.billing : c.sales);
  }
  Moves same;
  same.waiting = [](QueueId) { return std::size_t{1}; };
  EXPECT_EQ(same.run(Moves::to(same.sales.value().text())), "there") << "it takes its own place";
}

TEST(DequeueContactAndTransferToQueue, FailsWithoutAQueueThatTakesIt) {
  for (const char* queue : {"", "no queue", "00000000-0000-4000-8000-000000000000"}) {
    Moves c;
    EXPECT_EQ(c.run(Moves::to(queue)), "error") << queue;
    EXPECT_EQ(c.contact.place.queue, c.sales);
  }
  Moves off;
  EXPECT_EQ(off.run(Moves::to(off.off.value().text())), "error");
  Moves none;
  EXPECT_EQ(none.run(B("move", "DequeueContactAndTransferToQueue")), "error");
}

TEST(DequeueContactAndTransferToQueue, FailsWhenItIsNotQueuedOrAboutToBeServed) {
  Moves offered;
  offered.contact.move.state = contact::MoveState::offered;
  EXPECT_EQ(offered.run(Moves::to(offered.billing.value().text())), "error");
  EXPECT_EQ(offered.contact.place.queue, offered.sales);
  Moves c;
  c.start(c.flow("f", {Moves::to(c.billing.value().text()).on("NoMatchingError", "error"), say("error", "error", "w"),
                       B("w", "Wait", {{"TimeLimitSeconds", "60"}})}));
  EXPECT_EQ(c.said(), "error") << "it is in no queue";
  EXPECT_EQ(c.contact.phase, Phase::in_flow);
}

TEST(DequeueContactAndTransferToQueue, QueuesThatSendToEachOtherComeToAnEnd) {
  Moves c;
  const FlowId ring =
      c.flow("ring", {Moves::to(c.billing.value().text()).on("NoMatchingError", "move")}, "CUSTOMER_QUEUE");
  c.contact.phase = Phase::queued;
  c.contact.place.queue = c.sales;
  c.contact.flow.hooks["CustomerQueue"] = ring.value().text();
  c.contact.flow.flow = ring;
  c.contact.flow.block = "move";
  c.again();
  EXPECT_EQ(c.contact.phase, Phase::queued);
  EXPECT_EQ(c.contact.place.queue, c.billing);
  EXPECT_TRUE(c.contact.flow.block.empty());
}

}  // namespace
}  // namespace tandem::flow
