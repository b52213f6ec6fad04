// Goal: a callback is made with what the flow says, waits its delay and is queued. Method: flows of a few blocks in a
// small centre (centre_testing.h); the callback then stands in for the centre's contact.
#include <gtest/gtest.h>

#include "core/flow/centre_testing.h"

namespace tandem::flow {
namespace {

struct Callbacks : Centre {
  Callbacks() {
    contact.place.queue = sales;
    contact.place.priority = 3;
    contact.attributes["tier"] = Text::plain("gold");
    contact.customer_name = seal("Ada");
  }
  static B number(std::string_view given) {
    return B("number", "UpdateContactCallbackNumber", {{"CallbackNumber", given}});
  }
  static B call(B::Parameters parameters = {}) {
    return B("call", "CreateCallbackContact",
             {{"InitialCallDelaySeconds", "60"}, {"MaximumConnectionAttempts", "3"}, {"RetryDelaySeconds", "600"}})
        .with(parameters);
  }
  std::string run(B first, B second) {
    start(flow(
        "f",
        {std::move(first).next("call").on("InvalidCallbackNumber", "invalid").on("NoMatchingError", "error"),
         std::move(second).next("next").on("NoMatchingError", "error"), say("next", "next", "w"),
         say("invalid", "invalid", "w"), say("error", "error", "w"), B("w", "Wait", {{"TimeLimitSeconds", "600"}})}));
    if (asked) open();
    return last_said();
  }
  // With the number given.
  std::string made(B block) {
    contact.data[contact::kCallbackNumber] = Text::plain("+12025550123");
    return run(B("first", "UpdateFlowLoggingBehavior"), std::move(block));
  }
  QueueId sales{put(config::Kind::queue, "Sales", {})};
  QueueId billing{put(config::Kind::queue, "Billing", {})};
  QueueId off{put(config::Kind::queue, "Off", {{"status", "DISABLED"}})};
  Uuid ana = put(config::Kind::user, "ana", {});
};

TEST(UpdateContactCallbackNumber, KeepsAnInternationalNumberAsItCame) {
  Callbacks c;
  c.contact.attributes["typed"] = seal("+1 202 555-0123");
  EXPECT_EQ(c.run(Callbacks::number("$.Attributes.typed"), B("call", "UpdateFlowLoggingBehavior")), "next");
  EXPECT_EQ(c.contact.data.at(contact::kCallbackNumber), seal("+1 202 555-0123")) << "sealed as it was";
  for (const char* wrong : {"202 555 0123", "", "someone", "+0123456"}) {
    Callbacks other;
    other.contact.attributes["typed"] = Text::plain(wrong);
    EXPECT_EQ(other.run(Callbacks::number("$.Attributes.typed"), Callbacks::call()), "invalid") << wrong;
    EXPECT_TRUE(other.started.empty());
  }
}

TEST(CreateCallbackContact, WaitsAndIsQueued) {
  Callbacks c;
  EXPECT_EQ(c.made(Callbacks::call()), "next");
  ASSERT_EQ(c.started.size(), 1U);
  const contact::Contact made = c.started.front();
  EXPECT_NE(made.id, c.contact.id);
  EXPECT_EQ(made.previous, c.contact.id);
  EXPECT_EQ(made.initial, c.contact.initial);
  EXPECT_TRUE(made.is_callback());
  EXPECT_EQ(made.phase, contact::Phase::in_flow);
  EXPECT_EQ(made.place.queue, c.sales);
  EXPECT_EQ(made.place.priority, 3);
  EXPECT_EQ(made.customer_name, seal("Ada"));
  EXPECT_EQ(made.attributes, c.contact.attributes);
  EXPECT_EQ(made.data, c.contact.data);
  EXPECT_EQ(made.key, c.contact.key);
  EXPECT_EQ(made.callback, (contact::Callback{2, 600s}));
  EXPECT_EQ(made.deadline(), c.now.hlc + 60s);

  c.contact = made;
  c.again();
  EXPECT_EQ(c.contact, made) << "the wait stands";
  c.wait(59s);
  EXPECT_EQ(c.contact, made);
  c.flow("Default customer queue", {say("d", "music")}, "CUSTOMER_QUEUE");
  c.wait(1s);
  EXPECT_EQ(c.contact.phase, contact::Phase::queued);
  EXPECT_EQ(c.contact.place.enqueued, c.now.hlc);
  EXPECT_EQ(c.contact.deadline(), Hlc{});
  EXPECT_EQ(c.said(), "next") << "nobody hears a queue flow";
}

TEST(CreateCallbackContact, IsOneHoweverOftenTheVisitIsRepeated) {
  Callbacks here;
  Callbacks there;
  EXPECT_EQ(here.made(Callbacks::call()), "next");
  there.now.hlc = there.now.hlc + 5s;
  EXPECT_EQ(there.made(Callbacks::call()), "next");
  EXPECT_EQ(here.started.front().id, there.started.front().id);
}

TEST(CreateCallbackContact, BeginsWithTheRecordOfItsVisitAndOnlyOnce) {
  Callbacks c;
  contact::State state;
  const LogId log{NodeId{1}, Incarnation{1}};
  std::uint64_t sequence = 0;
  const auto apply = [&](const Decision& decision) {
    for (const Body& body : decision.records) {
      const Meta meta{.log = log, .sequence = Sequence{++sequence}, .at = c.now.hlc, .cause = {}};
      std::visit([&](const auto& record) { state.apply(record, meta); }, std::get<contact::Rec>(body));
    }
  };
  apply(contact::open(c.contact));
  const contact::Held before = *state.find(c.contact.id);
  c.contact.data[contact::kCallbackNumber] = Text::plain("+12025550123");
  c.contact.flow.flow = c.flow("f", {Callbacks::call().next("w"), B("w", "Wait", {{"TimeLimitSeconds", "600"}})});
  Outcome first = advance(c.sees(), c.contact, Start{}, c.now, c.rng);
  Outcome second = first;
  const Decision recorded = record(state, before, first, {}, c.now, c.rng);
  ASSERT_EQ(recorded.records.size(), 2U);
  apply(recorded);
  ASSERT_EQ(state.size(), 2U);
  EXPECT_EQ(record(state, before, second, {}, c.now, c.rng).records.size(), 1U) << "it is known";
}

TEST(CreateCallbackContact, ForTheQueueThatIsNamed) {
  Callbacks c;
  EXPECT_EQ(c.made(Callbacks::call({{"QueueId", c.billing.value().text()}})), "next");
  EXPECT_EQ(c.started.front().place.queue, c.billing);
  Callbacks agent;
  EXPECT_EQ(agent.made(Callbacks::call({{"AgentId", agent.ana.text()}})), "next");
  EXPECT_EQ(agent.started.front().place.queue, QueueId{agent.ana});
}

TEST(CreateCallbackContact, RunsTheFlowThatIsNamedAtOnce) {
  Callbacks c;
  const FlowId creation =
      c.flow("creation", {B("set", "UpdateContactTargetQueue", {{"QueueId", c.billing.value().text()}}).next("go"),
                          B("go", "TransferContactToQueue")});
  EXPECT_EQ(c.made(Callbacks::call({{"ContactFlowId", creation.value().text()}, {"InitialCallDelaySeconds", ""}})),
            "next");
  c.contact = c.started.front();
  EXPECT_EQ(c.contact.deadline(), Hlc{});
  c.again();
  EXPECT_EQ(c.contact.phase, contact::Phase::queued);
  EXPECT_EQ(c.contact.place.queue, c.billing);
  EXPECT_TRUE(c.contact.flow.block.empty());
}

TEST(CreateCallbackContact, FailsWithoutWhatItNeeds) {
  const B::Parameters wrong[] = {{{"InitialCallDelaySeconds", "0"}},    {{"InitialCallDelaySeconds", "259201"}},
                                 {{"RetryDelaySeconds", "0"}},          {{"RetryDelaySeconds", "soon"}},
                                 {{"MaximumConnectionAttempts", "-1"}}, {{"QueueId", "no queue"}},
                                 {{"ContactFlowId", "no flow"}}};
  for (const B::Parameters& parameters : wrong) {
    Callbacks c;
    EXPECT_EQ(c.made(Callbacks::call(parameters)), "error") << parameters.begin()->first << parameters.begin()->second;
    EXPECT_TRUE(c.started.empty());
  }
  Callbacks off;
  EXPECT_EQ(off.made(Callbacks::call({{"QueueId", off.off.value().text()}})), "error");
  Callbacks nowhere;
  nowhere.contact.place.queue = {};
  EXPECT_EQ(nowhere.made(Callbacks::call()), "error");
  Callbacks nobody;
  EXPECT_EQ(nobody.run(B("first", "UpdateFlowLoggingBehavior"), Callbacks::call()), "error") << "no number";
  Callbacks exported;
  EXPECT_EQ(exported.made(Callbacks::call({{"MaximumConnectionAttempts", "0"}})), "next");
  EXPECT_EQ(exported.started.front().callback.attempts_left, 0U);
}

}  // namespace
}  // namespace tandem::flow
