// Goal: every action this build runs, each of its branches, and every way in which a flow waits, goes on elsewhere or
// ends.
// Method: flows of a few blocks in a small centre; what was said tells which way a flow took. Every event is given
// twice with equal inputs and must come out equal (centre_testing.h).
#include <gtest/gtest.h>

#include <algorithm>

#include "core/flow/centre_testing.h"

namespace tandem::flow {
namespace {

using config::Operator;
using contact::Await;
using contact::Phase;
using Path = std::vector<std::string>;

const std::string kNme = "NoMatchingError";
const std::string kNmc = "NoMatchingCondition";

// A flow whose first block is `first`; it says where it came out.
std::vector<B> around(B first) {
  std::vector<B> out;
  out.push_back(std::move(first));
  for (const char* end : {"next", "error", "no match", "time", "full", "yes", "no", "other"}) {
    out.push_back(say(end, end, "idle"));
  }
  out.push_back(B("idle", "Wait", {{"TimeLimitSeconds", "604800"}}));
  return out;
}
// Where a single action leads on a chat without anything.
std::string way(B first) {
  Centre centre;
  centre.start(centre.flow("f", around(std::move(first))));
  return centre.last_said();
}

// --- choosing the next block ---

TEST(Flow, GoesOnByNextActionUntilItEnds) {
  Centre centre;
  const Outcome out = centre.start(centre.flow("f", {say("a", "one", "b"), say("b", "two")}));
  EXPECT_EQ(centre.said(), "one|two");
  EXPECT_EQ(out.path, (Path{"a", "b"}));
  EXPECT_EQ(centre.contact.phase, Phase::ended);
  EXPECT_EQ(centre.contact.ended_by, "CONTACT_FLOW_DISCONNECT");
  EXPECT_EQ(centre.contact.ended, centre.now.hlc);
  EXPECT_EQ(centre.contact.flow.await, Await::nothing);
  EXPECT_TRUE(centre.contact.flow.block.empty());
  EXPECT_EQ(centre.contact.flow.visit, 2U);
  EXPECT_EQ(centre.contact.deadline(), Hlc{});
}

TEST(Flow, FailsByErrorTypeThenNoMatchingErrorThenEnds) {
  EXPECT_EQ(way(B("x", "Wait", {{"Events.0", "BotParticipantDisconnected"}})
                    .on(kNme, "error")
                    .on("ParticipantNotFound", "other")),
            "other");
  EXPECT_EQ(way(B("x", "Wait", {{"Events.0", "BotParticipantDisconnected"}}).on(kNme, "error")), "error");
  Centre centre;
  centre.start(centre.flow("f", around(B("x", "ShowView").next("next"))));
  EXPECT_EQ(centre.said(), "") << "an action that fails does not go on by NextAction";
  EXPECT_EQ(centre.contact.phase, Phase::ended);
}

TEST(Flow, WhatIsNotRunTakesItsErrorBranch) {
  for (const char* type : {"ShowView", "GetCase", "InvokeFlowModule", "ConnectParticipantWithLexBot",
                           "TransferContactToAgent", "UpdateContactMediaStreamingBehavior", "CreateTask",
                           "NoSuchAction", "MessageParticipantIteratively", "EndFlowModuleExecution"}) {
    EXPECT_EQ(way(B("x", type).next("next").on(kNme, "error")), "error") << type;
  }
}

TEST(Flow, HarmlessSettingsAreAccepted) {
  for (const char* type :
       {"UpdateFlowLoggingBehavior", "UpdateContactRecordingBehavior", "UpdateContactTextToSpeechVoice"}) {
    EXPECT_EQ(way(B("x", type).next("next").on(kNme, "error")), "next") << type;
  }
  const char* type = "UpdateContactRecordingAndAnalyticsBehavior";
  EXPECT_EQ(way(B("x", type, {{"ChatBehavior.ChatAnalyticsBehavior.Enabled", "True"}}).next("next")), "next");
  EXPECT_EQ(way(B("x", type, {{"VoiceBehavior.A", "b"}}).next("next").on("ChannelMismatch", "other")), "other");
}

TEST(Flow, ConditionsInOrderThenNoMatchThenNextAction) {
  const auto compare = [](const std::string& value) { return B("x", "Compare", {{"ComparisonValue", value}}); };
  EXPECT_EQ(way(compare("a").when("a", "yes").when("a", "no").next("next").on(kNmc, "no match")), "yes");
  EXPECT_EQ(way(compare("b").when("a", "yes").next("next").on(kNmc, "no match")), "no match");
  EXPECT_EQ(way(compare("b").when("a", "yes").next("next")), "next");
  EXPECT_EQ(way(compare("b").when("a", "yes").on(kNme, "error")), "error");
  EXPECT_EQ(way(compare("b").when("a", "yes")), "");
}

TEST(Flow, Operators) {
  struct Case {
    const char* result;
    Operator op;
    const char* operand;
    bool holds;
  };
  const Case cases[] = {
      {"gold", Operator::equals, "gold", true},
      {"Gold", Operator::equals, "gold", false},
      {"", Operator::equals, "", true},
      {"golden", Operator::text_starts_with, "gold", true},
      {"old", Operator::text_starts_with, "gold", false},
      {"marigold", Operator::text_ends_with, "gold", true},
      {"golden", Operator::text_ends_with, "gold", false},
      {"a golden b", Operator::text_contains, "gold", true},
      {"a b", Operator::text_contains, "gold", false},
      {"10", Operator::number_greater_than, "9", true},
      {"9", Operator::number_greater_than, "9", false},
      {"9.5", Operator::number_greater_than, "9", true},
      {"9", Operator::number_greater_or_equal_to, "9.0", true},
      {"8", Operator::number_greater_or_equal_to, "9", false},
      {"-1", Operator::number_less_than, "0", true},
      {"0", Operator::number_less_than, "0", false},
      {" 9 ", Operator::number_less_or_equal_to, "9", true},
      {"10", Operator::number_less_or_equal_to, "9", false},
      {"nine", Operator::number_less_than, "10", false},
      {"", Operator::number_less_than, "10", false},
      {"1", Operator::number_less_than, "ten", false},
      {"1x", Operator::number_less_than, "10", false},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(way(B("x", "Compare", {{"ComparisonValue", c.result}}).when(c.operand, "yes", c.op).on(kNmc, "no")),
              c.holds ? "yes" : "no")
        << "\"" << c.result << "\" " << static_cast<int>(c.op) << " \"" << c.operand << "\"";
  }
  const auto compound = [](Operator op, const char* value) {
    B b("x", "Compare", {{"ComparisonValue", value}});
    b.block.branches.push_back(
        {config::Condition{op, "", {{Operator::text_starts_with, "a", {}}, {Operator::text_ends_with, "z", {}}}},
         "yes"});
    return way(std::move(b).on(kNmc, "no"));
  };
  EXPECT_EQ(compound(Operator::all_of, "abcz"), "yes");
  EXPECT_EQ(compound(Operator::all_of, "abc"), "no");
  EXPECT_EQ(compound(Operator::any_of, "abc"), "yes");
  EXPECT_EQ(compound(Operator::any_of, "bc"), "no");
  EXPECT_EQ(compound(Operator::none_of, "bc"), "yes");
  EXPECT_EQ(compound(Operator::none_of, "abc"), "no");
}

TEST(Flow, AFlowThatIsNotThereEndsTheContact) {
  Centre centre;
  centre.start(FlowId{derive_uuid(Uuid{}, "nowhere")});
  EXPECT_EQ(centre.contact.phase, Phase::ended);
  Centre broken;
  broken.start(broken.flow("f", std::shared_ptr<const config::Program>{}));
  EXPECT_EQ(broken.contact.phase, Phase::ended);
}

TEST(Flow, ABlockThatWasRemovedWhileTheContactWaitedEndsTheFlow) {
  Centre centre;
  centre.start(centre.flow("f", {B("w", "Wait", {{"TimeLimitSeconds", "5"}})}));
  ASSERT_EQ(centre.contact.flow.await, Await::time);
  centre.flow("f", {say("a", "other flow")});
  centre.wait(5s);
  EXPECT_EQ(centre.contact.phase, Phase::ended);
  EXPECT_EQ(centre.said(), "");
}

TEST(Flow, ALoopWithoutAWaitIsCutOff) {
  Centre centre;
  const Outcome out = centre.start(centre.flow("f", {say("a", "again", "b"), say("b", "and again", "a")}));
  EXPECT_EQ(out.path.size(), static_cast<std::size_t>(kBlocksPerRunMax));
  EXPECT_EQ(centre.contact.phase, Phase::ended);
  Centre loud;
  const Outcome shouted = loud.start(loud.flow("f", {say("a", std::string(10'000, 'x'), "a")}));
  EXPECT_LE(shouted.items.size(), 28U);
  EXPECT_EQ(loud.contact.phase, Phase::ended);
}

TEST(Flow, TextsDoNotGrowWithoutEnd) {
  Centre centre;
  centre.contact.attributes["a"] = Text::plain(std::string(1000, 'x'));
  centre.start(centre.flow(
      "f",
      {B("d", "UpdateContactAttributes", {{"Attributes.a", "$.Attributes.a$.Attributes.a"}}).next("d").on(kNme, "end"),
       say("end", "full")}));
  EXPECT_EQ(centre.said(), "full");
  EXPECT_LE(centre.contact.attributes["a"].bytes.size(), kTextBytesMax);
}

// --- messages ---

TEST(MessageParticipant, ShowsItsTextOnce) {
  Centre centre;
  const FlowId f = centre.flow("f", {say("a", "Hello", "w"), B("w", "Wait", {{"TimeLimitSeconds", "9"}})});
  const contact::Contact before = centre.contact;
  const Outcome out = centre.start(f);
  ASSERT_EQ(out.items.size(), 1U);
  EXPECT_EQ(out.items[0].id, item_id(centre.contact.id, "a", 1));
  EXPECT_EQ(out.items[0].content, Text::plain("Hello"));
  // Another node that never heard of the run does the same: the same item.
  Centre other;
  other.flow("f", {say("a", "Hello", "w"), B("w", "Wait", {{"TimeLimitSeconds", "9"}})});
  other.contact = before;
  EXPECT_EQ(other.start(f).items, out.items);
  EXPECT_TRUE(centre.again().items.empty()) << "nothing is shown again to a flow that waits";
}

TEST(MessageParticipant, TheSameBlockShowsAgainOnItsNextVisit) {
  Centre centre;
  centre.start(
      centre.flow("f", {B("l", "Loop", {{"LoopCount", "2"}}).when("ContinueLooping", "a").when("DoneLooping", "e"),
                        say("a", "Hi", "l"), B("e", "DisconnectParticipant")}));
  EXPECT_EQ(centre.said(), "Hi|Hi");
}

TEST(MessageParticipant, PutsPlainValuesInAtOnce) {
  Centre centre;
  centre.contact.attributes["who"] = Text::plain("Ana");
  centre.start(centre.flow("f", {say("a", "Hello $.Attributes.who from $.AwsRegion$.Attributes.none!")}));
  EXPECT_FALSE(centre.asked.has_value());
  EXPECT_EQ(centre.shown.at(0).content, Text::plain("Hello Ana from us-east-1!"));
}

TEST(MessageParticipant, CopiesASealedValueAsItIs) {
  Centre centre;
  centre.contact.attributes["note"] = seal("secret");
  centre.start(centre.flow("f", {say("a", "$.Attributes.note")}));
  EXPECT_FALSE(centre.asked.has_value());
  EXPECT_EQ(centre.shown.at(0).content, seal("secret"));
}

TEST(MessageParticipant, RendersSealedValuesOutside) {
  Centre centre;
  centre.contact.attributes["who"] = seal("Ana");
  centre.start(centre.flow("f", {say("a", "Hello $.Attributes.who from $.AwsRegion", "b"), say("b", "bye")}));
  ASSERT_TRUE(centre.asked.has_value());
  EXPECT_EQ(centre.contact.flow.await, Await::resolve);
  EXPECT_EQ(centre.contact.flow.visit, 1U);
  EXPECT_EQ(centre.asked->visit, 1U);
  EXPECT_EQ(centre.asked->key, test_key());
  EXPECT_EQ(centre.asked->texts,
            (std::map<std::string, std::string>{{"Text", "Hello $.Attributes.who from $.AwsRegion"}}));
  EXPECT_EQ(centre.asked->values, (std::map<std::string, Text>{{"$.Attributes.who", seal("Ana")},
                                                               {"$.AwsRegion", Text::plain("us-east-1")}}));
  EXPECT_TRUE(centre.shown.empty());
  const Outcome out = centre.open();
  EXPECT_EQ(centre.said(), "Hello Ana from us-east-1|bye");
  EXPECT_TRUE(centre.shown.at(0).content.sealed());
  EXPECT_EQ(out.items.at(0).id, item_id(centre.contact.id, "a", 1));
}

TEST(MessageParticipant, NeedsTextOnAChat) {
  EXPECT_EQ(way(B("x", "MessageParticipant", {{"PromptId", "p"}}).next("next").on(kNme, "error")), "error");
  EXPECT_EQ(way(B("x", "MessageParticipant", {{"SSML", "<speak/>"}}).next("next").on(kNme, "error")), "error");
  Centre centre;
  centre.start(centre.flow("f", around(B("x", "MessageParticipant", {{"Text", ""}}).next("next"))));
  EXPECT_EQ(centre.said(), "next") << "nothing to show is not shown";
}

TEST(MessageParticipant, HasNobodyToTellOnATask) {
  Centre centre;
  centre.contact.channel = contact::Channel::task;
  centre.contact.kind = contact::Kind::work;
  centre.start(centre.flow("f", {say("a", "Hi", "w"), B("w", "Wait", {{"TimeLimitSeconds", "5"}})}));
  EXPECT_EQ(centre.said(), "");
  EXPECT_EQ(centre.contact.flow.block, "w");
}

// --- opening of sealed values ---

TEST(Resolve, IsAskedAgainAfterAClaim) {
  Centre centre;
  centre.contact.attributes["who"] = seal("Ana");
  centre.start(centre.flow("f", {say("a", "Hello $.Attributes.who", "b"), say("b", "bye")}));
  const Resolve first = *std::exchange(centre.asked, std::nullopt);
  centre.now.hlc = centre.now.hlc + 60s;
  centre.again();
  ASSERT_TRUE(centre.asked.has_value());
  EXPECT_EQ(centre.asked->visit, first.visit);
  EXPECT_EQ(centre.asked->texts, first.texts);
  EXPECT_GT(centre.contact.flow.until, centre.now.hlc);
  centre.open();
  EXPECT_EQ(centre.said(), "Hello Ana|bye");
}

TEST(Resolve, AnAnswerToAnotherVisitChangesNothing) {
  Centre centre;
  centre.contact.attributes["who"] = seal("Ana");
  centre.start(centre.flow("f", {say("a", "Hello $.Attributes.who")}));
  const contact::Contact before = centre.contact;
  centre.give(Resolved{7, {}, {{"Text", seal("no")}}});
  centre.give(Returned{1, true, {}});
  centre.write("hello?");
  EXPECT_EQ(centre.contact, before);
  centre.open();
  EXPECT_EQ(centre.said(), "Hello Ana");
  centre.give(Resolved{1, {}, {{"Text", seal("twice")}}});
  EXPECT_EQ(centre.said(), "Hello Ana");
}

TEST(Resolve, WithoutAnAnswerTheBlockFails) {
  Centre centre;
  centre.contact.attributes["who"] = seal("Ana");
  centre.start(centre.flow(
      "f", around(B("x", "MessageParticipant", {{"Text", "Hi $.Attributes.who"}}).next("next").on(kNme, "error"))));
  centre.wait(kResolveLimit - 1ms);
  EXPECT_EQ(centre.said(), "");
  centre.wait(1ms);
  EXPECT_EQ(centre.said(), "error");
}

TEST(Resolve, ATextThatCouldNotBeRenderedFails) {
  Centre centre;
  centre.contact.attributes["who"] = seal("Ana");
  centre.start(centre.flow(
      "f", around(B("x", "MessageParticipant", {{"Text", "Hi $.Attributes.who"}}).next("next").on(kNme, "error"))));
  centre.give(Resolved{1, {}, {}});
  EXPECT_EQ(centre.said(), "error");
}

// --- input ---

B ask(std::string_view store = "False", B::Parameters more = {}) {
  return B("x", "GetParticipantInput", more)
      .with({{"Text", "Well?"}, {"InputTimeLimitSeconds", "30"}, {"StoreInput", store}});
}

TEST(GetParticipantInput, AsksWaitsAndCompares) {
  Centre centre;
  centre.start(centre.flow("f", around(ask().when("1", "yes").when("2", "no").on(kNmc, "no match"))));
  EXPECT_EQ(centre.said(), "Well?");
  EXPECT_EQ(centre.contact.flow.await, Await::input);
  EXPECT_EQ(centre.contact.flow.until, centre.now.hlc + 30s);
  centre.write(" 2\n");
  EXPECT_EQ(centre.contact.flow.await, Await::resolve);
  EXPECT_TRUE(centre.asked->texts.empty());
  EXPECT_EQ(centre.asked->values.size(), 1U);
  centre.write("1");  // too late: the first answer counts
  centre.open();
  EXPECT_EQ(centre.said(), "Well?|no");
  EXPECT_TRUE(centre.contact.flow.loops.empty());
}

TEST(GetParticipantInput, ComparesPlainInputAtOnce) {
  Centre centre;
  centre.start(centre.flow("f", around(ask().when("YES", "yes").on(kNmc, "no match"))));
  centre.give(Message{Text::plain("yes"), {}});
  EXPECT_EQ(centre.said(), "Well?|yes");
}

TEST(GetParticipantInput, NoMatch) {
  Centre centre;
  centre.start(centre.flow("f", around(ask().when("1", "yes").next("next").on(kNmc, "no match"))));
  centre.write("7");
  centre.open();
  EXPECT_EQ(centre.said(), "Well?|no match");
}

TEST(GetParticipantInput, TimesOut) {
  for (const bool listed : {true, false}) {
    Centre centre;
    B x = ask().when("1", "yes").on(kNme, "error");
    if (listed) x = std::move(x).on("InputTimeLimitExceeded", "time");
    centre.start(centre.flow("f", around(std::move(x))));
    centre.wait(30s - 1ms);
    EXPECT_EQ(centre.said(), "Well?");
    centre.wait(1ms);
    EXPECT_EQ(centre.said(), (listed ? "Well?|time" : "Well?|error"));
  }
}

TEST(GetParticipantInput, StoresInputUnopened) {
  Centre centre;
  centre.start(centre.flow("f", around(ask("True").next("next"))));
  centre.write("my name");
  EXPECT_FALSE(centre.asked.has_value());
  EXPECT_EQ(centre.contact.flow.stored_input, seal("my name"));
  EXPECT_EQ(centre.said(), "Well?|next");
}

TEST(GetParticipantInput, ATimeOutOfStoredInput) {
  Centre listed;
  listed.start(listed.flow("f", around(ask("True").next("next").on("InputTimeLimitExceeded", "time"))));
  listed.wait(30s);
  EXPECT_EQ(listed.said(), "Well?|time");
  Centre centre;
  centre.start(centre.flow("f", around(ask("True").next("next").on(kNme, "error"))));
  centre.wait(30s);
  EXPECT_EQ(centre.said(), "Well?|next") << "real flows list only NoMatchingError and go on";
  EXPECT_EQ(centre.contact.flow.stored_input, Text::plain("Timeout"));
}

TEST(GetParticipantInput, ChecksPhoneNumbers) {
  const auto with = [](const std::string& format, const std::string& typed) {
    Centre centre;
    centre.start(centre.flow("f", around(ask("True", {{"InputValidation.PhoneNumberValidation.NumberFormat", format}})
                                             .next("next")
                                             .on("InvalidPhoneNumber", "no")
                                             .on(kNme, "error"))));
    centre.write(typed);
    centre.open();
    return centre.last_said();
  };
  EXPECT_EQ(with("Local", "(206) 555-0100"), "next");
  EXPECT_EQ(with("Local", "+1206555"), "no");
  EXPECT_EQ(with("Local", "call me"), "no");
  EXPECT_EQ(with("E164", "+12065550100"), "next");
  EXPECT_EQ(with("E164", "2065550100"), "no");
  EXPECT_EQ(with("E164", "+0065550100"), "no");
}

TEST(GetParticipantInput, ChecksTheLength) {
  const auto with = [](const std::string& typed) {
    Centre centre;
    centre.start(centre.flow(
        "f",
        around(ask("True", {{"InputValidation.CustomValidation.MaximumLength", "3"}}).next("next").on(kNme, "error"))));
    centre.write(typed);
    centre.open();
    return centre.last_said();
  };
  EXPECT_EQ(with("äöü"), "next");
  EXPECT_EQ(with("abcd"), "error");
}

TEST(GetParticipantInput, GoesOnWithTheJudgementAfterAClaim) {
  Centre centre;
  centre.start(centre.flow("f", around(ask().when("1", "yes").on(kNmc, "no match"))));
  centre.write("1");
  centre.asked.reset();
  centre.again();
  EXPECT_TRUE(centre.asked.has_value());
  centre.open();
  EXPECT_EQ(centre.said(), "Well?|yes") << "nobody is asked twice";
}

TEST(GetParticipantInput, AJudgementThatFailsLeavesNoMark) {
  Centre centre;
  centre.start(centre.flow("f", {ask().when("1", "e").on(kNme, "x").on(kNmc, "e"), B("e", "DisconnectParticipant")}));
  centre.write("1");
  centre.wait(kResolveLimit);
  EXPECT_EQ(centre.said(), "Well?|Well?") << "the block begins anew";
  EXPECT_EQ(centre.contact.flow.await, Await::input);
}

TEST(GetParticipantInput, RendersItsPromptThenWaits) {
  Centre centre;
  centre.contact.attributes["who"] = seal("Ana");
  centre.start(centre.flow(
      "f", around(B("x", "GetParticipantInput",
                    {{"Text", "$.Attributes.who?"}, {"InputTimeLimitSeconds", "30"}, {"StoreInput", "False"}})
                      .when("1", "yes"))));
  centre.open();
  EXPECT_EQ(centre.said(), "Ana?");
  EXPECT_EQ(centre.contact.flow.await, Await::input);
  centre.write("1");
  centre.open();
  EXPECT_EQ(centre.said(), "Ana?|yes");
}

TEST(GetParticipantInput, FailsWithoutALimitOrATextOrAChat) {
  EXPECT_EQ(way(B("x", "GetParticipantInput", {{"Text", "?"}}).on(kNme, "error")), "error");
  EXPECT_EQ(way(B("x", "GetParticipantInput", {{"Text", "?"}, {"InputTimeLimitSeconds", "0"}}).on(kNme, "error")),
            "error");
  EXPECT_EQ(way(B("x", "GetParticipantInput", {{"SSML", "?"}, {"InputTimeLimitSeconds", "5"}}).on(kNme, "error")),
            "error");
  Centre centre;
  centre.contact.channel = contact::Channel::task;
  const Outcome out = centre.start(centre.flow("f", around(ask().on(kNme, "error"))));
  EXPECT_EQ(out.path.at(1), "error");
}

// --- compare ---

TEST(Compare, OpensASealedValue) {
  Centre centre;
  centre.contact.attributes["tier"] = seal("gold");
  centre.start(centre.flow(
      "f", around(B("x", "Compare", {{"ComparisonValue", "$.Attributes.tier"}}).when("gold", "yes").on(kNmc, "no"))));
  EXPECT_TRUE(centre.asked->texts.empty());
  EXPECT_EQ(centre.asked->values, (std::map<std::string, Text>{{"$.Attributes.tier", seal("gold")}}));
  centre.open();
  EXPECT_EQ(centre.said(), "yes");
}

TEST(Compare, ReadsWhatIsMissingAndWhatWasErasedAsEmpty) {
  EXPECT_EQ(way(B("x", "Compare", {{"ComparisonValue", "$.Attributes.none"}}).when("", "yes").on(kNmc, "no")), "yes");
  Centre centre;
  centre.contact.attributes["tier"] = seal("gold");
  centre.start(centre.flow(
      "f",
      around(B("x", "Compare", {{"ComparisonValue", "$.Attributes.tier"}}).when("gold", "yes").on(kNmc, "no match"))));
  centre.give(Resolved{1, {}, {}});
  EXPECT_EQ(centre.said(), "no match");
}

// --- loop, wait, chance ---

TEST(Loop, CountsThenStartsAnew) {
  Centre centre;
  centre.start(centre.flow(
      "f", {B("outer", "Loop", {{"LoopCount", "2"}}).when("continuelooping", "inner").when("DoneLooping", "e"),
            B("inner", "Loop", {{"LoopCount", "2"}}).when("ContinueLooping", "a").when("DoneLooping", "outer"),
            say("a", "$.Loop.outer.Index.$.Loop.inner.Index", "inner"), B("e", "DisconnectParticipant")}));
  EXPECT_EQ(centre.said(), "0.0|0.1|1.0|1.1");
}

TEST(Loop, OfNoneAndOfNonsense) {
  EXPECT_EQ(way(B("x", "Loop", {{"LoopCount", "0"}}).when("ContinueLooping", "yes").when("DoneLooping", "no")), "no");
  EXPECT_EQ(way(B("x", "Loop", {{"LoopCount", "many"}}).on(kNme, "error")), "error");
  EXPECT_EQ(way(B("x", "Loop", {{"LoopCount", "101"}}).on(kNme, "error")), "error");
}

TEST(Wait, ForTime) {
  for (const char* name : {"TimeLimitSeconds", "TimeoutSeconds"}) {
    Centre centre;
    centre.start(centre.flow("f", around(B("x", "Wait", {{name, "60"}}).when("WaitCompleted", "yes"))));
    EXPECT_EQ(centre.contact.deadline(), centre.now.hlc + 60s);
    EXPECT_FALSE(hears(centre.config, centre.contact));
    centre.write("hello?");
    centre.give(CustomerReturned{});
    EXPECT_EQ(centre.contact.deadline(), centre.now.hlc + 60s) << "the wait stands";
    EXPECT_EQ(centre.again().next.flow.until, centre.now.hlc + 60s);
    centre.wait(59s);
    EXPECT_EQ(centre.said(), "");
    centre.wait(1s);
    EXPECT_EQ(centre.said(), "yes");
  }
}

TEST(Wait, BeforeTheFlowBegins) {
  Centre centre;
  const FlowId flow =
      centre.flow("f", around(B("x", "Wait", {{"TimeLimitSeconds", "60"}}).when("WaitCompleted", "yes")));
  centre.contact.flow.flow = flow;
  centre.contact.flow.await = contact::Await::time;
  centre.contact.flow.until = centre.now.hlc + 30s;
  EXPECT_TRUE(centre.contact.awaits_its_time());
  EXPECT_EQ(centre.again().next.flow.await, contact::Await::time) << "whoever takes over waits on";
  centre.wait(29s);
  EXPECT_TRUE(centre.contact.awaits_its_time());
  centre.wait(1s);
  EXPECT_FALSE(centre.contact.awaits_its_time()) << "it waits in the flow now";
  EXPECT_EQ(centre.contact.flow.block, "x");
  centre.wait(60s);
  EXPECT_EQ(centre.said(), "yes");
}

TEST(Wait, ForTheCustomer) {
  const auto waiting = [] {
    return around(B("x", "Wait", {{"TimeLimitSeconds", "60"}, {"Events.0", "CustomerReturned"}})
                      .when("WaitCompleted", "no")
                      .when("CustomerReturned", "yes"));
  };
  Centre wrote;
  wrote.start(wrote.flow("f", waiting()));
  EXPECT_TRUE(hears(wrote.config, wrote.contact));
  wrote.write("I am back");
  EXPECT_EQ(wrote.said(), "yes");
  Centre came;
  came.start(came.flow("f", waiting()));
  came.give(CustomerReturned{});
  EXPECT_EQ(came.said(), "yes");
  Centre none;
  none.start(none.flow("f", waiting()));
  none.wait(60s);
  EXPECT_EQ(none.said(), "no");
}

TEST(Wait, ForNonsense) {
  EXPECT_EQ(way(B("x", "Wait").on(kNme, "error")), "error");
  EXPECT_EQ(way(B("x", "Wait", {{"TimeLimitSeconds", "604801"}}).on(kNme, "error")), "error");
}

TEST(DistributeByPercentage, DrawsEvenly) {
  Centre centre;
  const FlowId f = centre.flow("f", around(B("x", "DistributeByPercentage")
                                               .when("31", "yes", Operator::number_less_than)
                                               .when("51", "no", Operator::number_less_than)
                                               .on(kNmc, "other")));
  const contact::Contact fresh = centre.contact;
  std::map<std::string, int> count;
  for (int n = 0; n < 2'000; ++n) {
    centre.contact = fresh;
    centre.shown.clear();
    centre.start(f);
    ++count[centre.said()];
  }
  EXPECT_NEAR(count["yes"], 600, 100);
  EXPECT_NEAR(count["no"], 400, 100);
  EXPECT_NEAR(count["other"], 1000, 100);
}

// --- hours ---

TEST(CheckHoursOfOperation, OfADocumentOrOfTheQueue) {
  Centre centre;
  const Uuid open = centre.put(config::Kind::hours, "open", {{"time_zone", "UTC"}, {"open.MONDAY.0", "08:00-20:00"}});
  const Uuid closed =
      centre.put(config::Kind::hours, "closed", {{"time_zone", "UTC"}, {"open.SUNDAY.0", "08:00-20:00"}});
  const Uuid broken = centre.put(config::Kind::hours, "broken", {{"time_zone", "Nowhere/Never"}});
  const Uuid queue = centre.put(config::Kind::queue, "q", {{"hours", closed.text()}});
  const contact::Contact fresh = centre.contact;
  const auto check = [&](const std::string& id, bool with_queue) {
    centre.contact = fresh;
    if (with_queue) centre.contact.place.queue = QueueId{queue};
    centre.shown.clear();
    centre.start(centre.flow("f", around(B("x", "CheckHoursOfOperation", {{"HoursOfOperationId", id}})
                                             .when("True", "yes")
                                             .when("False", "no")
                                             .on(kNme, "error"))));
    return centre.said();
  };
  EXPECT_EQ(check("arn:aws:connect:us-east-1:1:instance/i/operating-hours/" + open.text(), true), "yes");
  EXPECT_EQ(check(open.text(), false), "yes");
  EXPECT_EQ(check("", true), "no");
  EXPECT_EQ(check("", false), "error");
  EXPECT_EQ(check(broken.text(), true), "error");
  EXPECT_EQ(check("$.Attributes.none x", true), "error");
}

// --- attributes and data ---

TEST(UpdateContactAttributes, KeepsPlainSealedAndRendered) {
  Centre centre;
  centre.contact.attributes["first"] = seal("Ana");
  centre.contact.attributes["key"] = Text::plain("named");
  centre.start(centre.flow("f", around(B("x", "UpdateContactAttributes",
                                         {{"Attributes.tier", "gold"},
                                          {"Attributes.copy", "$.Attributes.first"},
                                          {"Attributes.greeting", "Hello $.Attributes.first"},
                                          {"Attributes.$.Attributes.key", "by reference"},
                                          {"Attributes.empty", ""},
                                          {"TargetContact", "Current"}})
                                           .next("next"))));
  EXPECT_EQ(centre.contact.attributes.size(), 2U) << "all or nothing";
  EXPECT_EQ(centre.asked->texts.size(), 1U);
  centre.open();
  EXPECT_EQ(centre.said(), "next");
  EXPECT_EQ(centre.contact.attributes, (std::map<std::string, Text>{{"first", seal("Ana")},
                                                                    {"key", Text::plain("named")},
                                                                    {"tier", Text::plain("gold")},
                                                                    {"copy", seal("Ana")},
                                                                    {"greeting", seal("Hello Ana")},
                                                                    {"named", Text::plain("by reference")},
                                                                    {"empty", Text::plain("")}}));
}

TEST(UpdateContactAttributes, RefusesARelatedContactAndTooMuch) {
  EXPECT_EQ(
      way(B("x", "UpdateContactAttributes", {{"Attributes.a", "b"}, {"TargetContact", "Related"}}).on(kNme, "error")),
      "error");
  EXPECT_EQ(way(B("x", "UpdateContactAttributes", {{"Attributes.a", std::string(33'000, 'x')}}).on(kNme, "error")),
            "error");
  EXPECT_EQ(way(B("x", "UpdateContactAttributes", {{"Attributes.$.Attributes.none", "b"}}).on(kNme, "error")), "error");
}

TEST(UpdateContactAttributes, TakesNoSealedWordsIntoAKey) {
  Centre centre;
  centre.contact.attributes["key"] = seal("secret");
  centre.start(centre.flow(
      "f", around(B("x", "UpdateContactAttributes", {{"Attributes.a$.Attributes.key", "b"}}).on(kNme, "error"))));
  EXPECT_FALSE(centre.asked.has_value());
  EXPECT_EQ(centre.said(), "error");
}

TEST(UpdateFlowAttributes, LastAsLongAsTheFlow) {
  Centre centre;
  const FlowId second = centre.flow("second", {say("a", "<$.FlowAttributes.x>")});
  centre.start(centre.flow(
      "f", {B("x", "UpdateFlowAttributes", {{"FlowAttributes.x.Value", "1"}, {"FlowAttributes.y", "2"}}).next("a"),
            say("a", "$.FlowAttributes.x$.FlowAttributes.y", "t"),
            B("t", "TransferToFlow", {{"ContactFlowId", second.value().text()}})}));
  EXPECT_EQ(centre.said(), "12|<>");
}

TEST(UpdateContactData, KeepsWhatContactsHave) {
  Centre centre;
  centre.contact.attributes["a"] = seal("sealed");
  centre.start(centre.flow("f", around(B("x", "UpdateContactData",
                                         {{"Name", "Call $.Attributes.none"},
                                          {"Description", "$.Attributes.a"},
                                          {"LanguageCode", "de-DE"},
                                          {"CustomerId", "$.Attributes.a"},
                                          {"References.order.Value", "17"},
                                          {"IsVoiceIdStreamingEnabled", "True"}})
                                           .next("next"))));
  EXPECT_EQ(centre.contact.name, "Call ");
  EXPECT_EQ(centre.contact.description, seal("sealed"));
  EXPECT_EQ(centre.contact.data, (std::map<std::string, Text>{{"LanguageCode", Text::plain("de-DE")},
                                                              {"CustomerId", seal("sealed")},
                                                              {"References.order.Value", Text::plain("17")}}));
  EXPECT_EQ(centre.said(), "next");
  Centre named;
  named.contact.attributes["a"] = seal("sealed");
  named.start(named.flow(
      "f", around(B("x", "UpdateContactData", {{"Name", "$.Attributes.a"}}).next("next").on(kNme, "error"))));
  EXPECT_EQ(named.said(), "error") << "a name is kept in the clear";
  EXPECT_EQ(way(B("x", "UpdateContactData", {{"Name", "n"}, {"TargetContact", "Related"}}).on(kNme, "error")), "error");
}

// --- queue ---

struct Queues : Centre {
  QueueId sales{put(config::Kind::queue, "Sales", {{"max_contacts", "2"}})};
  QueueId off{put(config::Kind::queue, "Off", {{"status", "DISABLED"}})};
  static B set(const std::string& queue, const std::string& next = "transfer") {
    return B("set", "UpdateContactTargetQueue", {{"QueueId", queue}}).next(next).on(kNme, "error");
  }
  std::vector<B> to(const std::string& queue) {
    std::vector<B> out = around(set(queue));
    out.push_back(B("transfer", "TransferContactToQueue").next("next").on("QueueAtCapacity", "full").on(kNme, "error"));
    return out;
  }
};

TEST(Queue, TargetByIdArnOrSealedReference) {
  for (const bool arn : {true, false}) {
    Queues c;
    c.start(c.flow("f", c.to((arn ? "arn:aws:connect:us-east-1:1:instance/i/queue/" : "") + c.sales.value().text())));
    EXPECT_EQ(c.contact.phase, Phase::queued);
    EXPECT_EQ(c.contact.place.queue, c.sales);
    EXPECT_EQ(c.contact.place.enqueued, c.now.hlc);
    EXPECT_TRUE(c.contact.flow.block.empty());
    EXPECT_EQ(c.said(), "");
  }
  Queues c;
  c.contact.attributes["queue"] = seal(c.sales.value().text());
  c.start(c.flow("f", c.to("$.Attributes.queue")));
  c.open();
  EXPECT_EQ(c.contact.place.queue, c.sales);
}

TEST(Queue, TargetThatIsNone) {
  for (const char* queue : {"", "BASIC_QUEUE_ARN", "00000000-0000-4000-8000-000000000000"}) {
    Queues c;
    c.start(c.flow("f", c.to(queue)));
    EXPECT_EQ(c.said(), "error") << queue;
  }
  EXPECT_EQ(way(B("x", "UpdateContactTargetQueue", {{"AgentId", "someone"}}).on(kNme, "error")), "error");
  EXPECT_EQ(way(B("x", "TransferContactToQueue").on(kNme, "error")), "error") << "no queue was set";
  Queues disabled;
  disabled.start(disabled.flow("f", disabled.to(disabled.off.value().text())));
  EXPECT_EQ(disabled.said(), "error");
}

TEST(Queue, AtCapacity) {
  for (const std::size_t waiting : {1U, 2U, 3U}) {
    Queues c;
    c.waiting = [&](QueueId queue) { return queue == c.sales ? waiting : 0; };
    c.start(c.flow("f", c.to(c.sales.value().text())));
    EXPECT_EQ(c.contact.phase, waiting < 2 ? Phase::queued : Phase::in_flow);
    EXPECT_EQ(c.said(), waiting < 2 ? "" : "full");
  }
}

TEST(Queue, TheOriginalPlaceIsKept) {
  Queues c;
  c.contact.place.enqueued = Hlc::at(5);
  c.start(c.flow("f", c.to(c.sales.value().text())));
  EXPECT_EQ(c.contact.place.enqueued, Hlc::at(5));
}

TEST(Queue, RunsTheHookedFlowAndStaysQueued) {
  Queues c;
  const FlowId music =
      c.flow("music", {say("m", "please wait", "w"), B("w", "Wait", {{"TimeLimitSeconds", "60"}}).next("m")},
             "CUSTOMER_QUEUE");
  std::vector<B> blocks{
      B("hook", "UpdateContactEventHooks", {{"EventHooks.CustomerQueue", "arn:x/contact-flow/" + music.value().text()}})
          .next("set")};
  for (B& b : c.to(c.sales.value().text())) blocks.push_back(std::move(b));
  blocks.push_back(B("x", "Loop"));
  c.contact.flow.loops["stale"] = 3;
  c.start(c.flow("f", blocks));
  EXPECT_EQ(c.contact.phase, Phase::queued);
  EXPECT_EQ(c.contact.flow.flow, music);
  EXPECT_EQ(c.contact.flow.block, "w");
  EXPECT_TRUE(c.contact.flow.loops.empty());
  EXPECT_EQ(c.said(), "please wait");
  c.wait(60s);
  EXPECT_EQ(c.said(), "please wait|please wait");
  c.contact.phase = Phase::offering;
  c.wait(60s);
  EXPECT_EQ(c.shown.size(), 3U) << "the customer hears on until the agent is there";
  EXPECT_EQ(c.contact.phase, Phase::offering);
  c.contact.phase = Phase::with_agent;
  c.wait(60s);
  EXPECT_EQ(c.shown.size(), 3U);
  EXPECT_EQ(c.contact.flow.await, Await::nothing);
  EXPECT_EQ(c.contact.phase, Phase::with_agent);
  EXPECT_EQ(c.contact.deadline(), Hlc{});
}

TEST(Queue, RunsTheDefaultFlowUnlessAHookSaysOtherwise) {
  const auto run = [](const std::string& type, std::map<std::string, std::string> hooks) {
    Queues c;
    c.flow("Default customer queue", {say("d", "default")}, type);
    for (auto& [name, value] : hooks) c.contact.flow.hooks[name] = value;
    c.start(c.flow("f", c.to(c.sales.value().text())));
    EXPECT_EQ(c.contact.phase, Phase::queued);
    EXPECT_TRUE(c.contact.flow.block.empty());
    return c.said();
  };
  EXPECT_EQ(run("CUSTOMER_QUEUE", {}), "default");
  EXPECT_EQ(run("CONTACT_FLOW", {}), "");
  EXPECT_EQ(run("CUSTOMER_QUEUE", {{"CustomerQueue", "disabled"}}), "");
  EXPECT_EQ(run("CUSTOMER_QUEUE", {{"CustomerQueue", derive_uuid(Uuid{}, "deleted flow").text()}}), "");
}

TEST(Queue, AQueueFlowThatFailsOrEndsLeavesTheContactQueued) {
  for (const char* type : {"MessageParticipantIteratively", "EndFlowExecution", "ShowView", "TransferContactToQueue"}) {
    Queues c;
    c.flow("Default customer queue", {B("x", type)}, "CUSTOMER_QUEUE");
    c.start(c.flow("f", c.to(c.sales.value().text())));
    EXPECT_EQ(c.contact.phase, Phase::queued) << type;
    EXPECT_EQ(c.contact.place.queue, c.sales);
    EXPECT_EQ(c.contact.flow.await, Await::nothing);
    const contact::Contact before = c.contact;
    c.give(Start{});
    c.again();
    EXPECT_EQ(c.contact, before) << "it stays over";
  }
}

TEST(Queue, AQueueFlowMayDisconnectAndAskButNotMove) {
  Queues c;
  const FlowId other = c.flow("other", {say("o", "other")});
  c.flow("Default customer queue",
         {B("q", "UpdateContactTargetQueue", {{"QueueId", c.off.value().text()}}).next("e").on(kNme, "t"),
          B("t", "TransferToFlow", {{"ContactFlowId", other.value().text()}}).next("e").on(kNme, "p"),
          B("p", "UpdateContactRoutingBehavior", {{"QueuePriority", "1"}}).next("g"),
          B("g", "GetParticipantInput", {{"Text", "leave?"}, {"InputTimeLimitSeconds", "9"}, {"StoreInput", "True"}})
              .next("d"),
          B("d", "DisconnectParticipant"), say("e", "wrong")},
         "CUSTOMER_QUEUE");
  c.start(c.flow("f", c.to(c.sales.value().text())));
  EXPECT_EQ(c.contact.place.queue, c.sales);
  EXPECT_EQ(c.contact.place.priority, 1);
  EXPECT_EQ(c.said(), "leave?");
  c.write("yes");
  EXPECT_EQ(c.contact.phase, Phase::ended);
  EXPECT_EQ(c.contact.ended_by, "CONTACT_FLOW_DISCONNECT");
}

TEST(UpdateContactEventHooks, KeepsFlowsThatAreThere) {
  Centre centre;
  const FlowId other = centre.flow("other", {say("a", "b")});
  centre.start(centre.flow("f", around(B("x", "UpdateContactEventHooks",
                                         {{"EventHooks.AgentWhisper", other.value().text()},
                                          {"EventHooksConfiguration.AgentWhisper.DisableExecution", "false"},
                                          {"EventHooksConfiguration.CustomerWhisper.DisableExecution", "True"}})
                                           .next("next"))));
  EXPECT_EQ(centre.said(), "next");
  EXPECT_EQ(centre.contact.flow.hooks, (std::map<std::string, std::string>{{"AgentWhisper", other.value().text()},
                                                                           {"CustomerWhisper", "disabled"}}));
  EXPECT_EQ(way(B("x", "UpdateContactEventHooks", {{"EventHooks.CustomerQueue", "%CustomerQueueFlowArn%"}})
                    .on(kNme, "error")),
            "error");
  Centre unknown;
  const FlowId flow = unknown.flow("other", {say("a", "b")});
  unknown.start(unknown.flow(
      "f", around(B("x", "UpdateContactEventHooks", {{"EventHooks.NoHook", flow.value().text()}}).on(kNme, "error"))));
  EXPECT_EQ(unknown.said(), "error");
}

TEST(Queue, AnAgentsOwnQueueHasTheAgentsId) {
  Queues c;
  const QueueId agent{c.put(config::Kind::user, "ana", {})};
  std::vector<B> blocks = around(
      B("set", "UpdateContactTargetQueue", {{"AgentId", agent.value().text()}}).next("transfer").on(kNme, "error"));
  blocks.push_back(B("transfer", "TransferContactToQueue").next("next").on(kNme, "error"));
  c.start(c.flow("f", blocks));
  EXPECT_EQ(c.contact.phase, Phase::queued);
  EXPECT_EQ(c.contact.place.queue, agent);
  EXPECT_EQ(way(B("x", "UpdateContactTargetQueue", {{"AgentId", c.sales.value().text()}}).on(kNme, "error")), "error");
}

TEST(UpdateRoutingCriteria, ReadsStepsOfNestedExpressions) {
  const std::string first = "RoutingCriteria.Steps.0.";
  const std::string second = "RoutingCriteria.Steps.1.";
  std::map<std::string, std::string> given{
      {first + "Expiry.DurationInSeconds", "30"},
      {first + "Expression.AndExpression.0.AttributeCondition.Name", "Language"},
      {first + "Expression.AndExpression.0.AttributeCondition.Value", "$.Attributes.language"},
      {first + "Expression.AndExpression.0.AttributeCondition.ProficiencyLevel", "4.0"},
      {first + "Expression.AndExpression.0.AttributeCondition.ComparisonOperator", "NumberGreaterOrEqualTo"},
      {first + "Expression.AndExpression.1.NotAttributeCondition.Name", "Product"},
      {first + "Expression.AndExpression.1.NotAttributeCondition.Value", "Cards"},
      {first + "Expression.AndExpression.1.NotAttributeCondition.Range.MinProficiencyLevel", "1"},
      {first + "Expression.AndExpression.1.NotAttributeCondition.Range.MaxProficiencyLevel", "2.5"},
      {second + "Expression.AttributeCondition.Name", "Language"},
      {second + "Expression.AttributeCondition.Value", "French"},
      {second + "Expression.AttributeCondition.ProficiencyLevel", "1"},
      {second + "Expression.AttributeCondition.ComparisonOperator", "NumberGreaterOrEqualTo"}};
  const auto block = [](const std::map<std::string, std::string>& parameters) {
    B out("x", "UpdateRoutingCriteria");
    for (const auto& [name, value] : parameters) out = std::move(out).with({{name, value}});
    return out;
  };
  Centre centre;
  centre.contact.attributes["language"] = Text::plain("French");
  centre.start(centre.flow("f", around(block(given).next("next").on(kNme, "error"))));
  EXPECT_EQ(centre.said(), "next");
  const auto& steps = centre.contact.place.criteria.steps;
  ASSERT_EQ(steps.size(), 2U);
  EXPECT_EQ(steps[0].expiry, 30s);
  EXPECT_EQ(steps[1].expiry, 0s);
  EXPECT_EQ(centre.contact.place.criteria.activated, Hlc{}) << "it counts from the queue on";
  const AgentId agent{Uuid{{1}}};
  const auto satisfied = [&](std::size_t n, contact::Proficiencies levels) {
    return contact::satisfies(steps[n].expression, agent, levels);
  };
  EXPECT_TRUE(satisfied(0, {{{"Language", "French"}, 40}}));
  EXPECT_TRUE(satisfied(0, {{{"Language", "French"}, 40}, {{"Product", "Cards"}, 30}}));
  EXPECT_FALSE(satisfied(0, {{{"Language", "French"}, 40}, {{"Product", "Cards"}, 25}}));
  EXPECT_FALSE(satisfied(0, {{{"Language", "French"}, 35}}));
  EXPECT_TRUE(satisfied(1, {{{"Language", "French"}, 10}}));

  const auto refused = [&](const std::string& parameter, const std::string& value) {
    std::map<std::string, std::string> changed = given;
    changed[parameter] = value;
    return way(block(changed).on(kNme, "error")) == "error";
  };
  const std::string condition = second + "Expression.AttributeCondition.";
  EXPECT_TRUE(refused(condition + "ProficiencyLevel", "6"));
  EXPECT_TRUE(refused(condition + "ProficiencyLevel", "0.5"));
  EXPECT_TRUE(refused(condition + "ComparisonOperator", "LessThan"));
  EXPECT_TRUE(refused(condition + "Name", ""));
  EXPECT_TRUE(refused(condition + "MatchCriteria.AgentsCriteria.AgentIds.0", "nobody"));
  EXPECT_TRUE(refused(second + "Expiry.DurationInSeconds", "0"));
  EXPECT_TRUE(refused("RoutingCriteria.Steps.2.Expiry.DurationInSeconds", "5")) << "a step without an expression";
  EXPECT_EQ(way(B("x", "UpdateRoutingCriteria", {}).on(kNme, "error")), "error");
}

TEST(UpdateContactRoutingBehavior, SetsPriorityAndAge) {
  Centre centre;
  centre.start(centre.flow("f", around(B("x", "UpdateContactRoutingBehavior", {{"QueuePriority", "2"}}).next("y"))));
  EXPECT_EQ(centre.contact.place.priority, 2);
  Centre aged;
  aged.contact.place.priority = contact::kPriority;
  aged.start(aged.flow(
      "f", around(B("x", "UpdateContactRoutingBehavior", {{"QueueTimeAdjustmentSeconds", "-30"}}).next("next"))));
  EXPECT_EQ(aged.contact.place.age_adjustment, -30s);
  EXPECT_EQ(aged.contact.place.priority, 5);
  EXPECT_EQ(way(B("x", "UpdateContactRoutingBehavior", {{"QueuePriority", "0"}}).on(kNme, "error")), "error");
  EXPECT_EQ(way(B("x", "UpdateContactRoutingBehavior", {{"QueueTimeAdjustmentSeconds", "x"}}).on(kNme, "error")),
            "error");
}

// --- other flows, ends ---

TEST(TransferToFlow, GoesOnAtTheOtherFlowsStart) {
  Centre centre;
  const FlowId second = centre.flow(
      "second", {say("a", "second $.Attributes.k<$.External.e>", "b"), B("b", "Wait", {{"TimeLimitSeconds", "9"}})});
  centre.contact.attributes["k"] = Text::plain("kept");
  centre.contact.flow.external["e"] = Text::plain("gone");
  centre.contact.flow.hooks["AgentHold"] = "x";
  centre.start(centre.flow(
      "f",
      around(B("x", "TransferToFlow", {{"ContactFlowId", second.value().text()}}).next("next").on(kNme, "error"))));
  EXPECT_EQ(centre.said(), "second kept<>");
  EXPECT_EQ(centre.contact.flow.flow, second);
  EXPECT_EQ(centre.contact.flow.hooks.size(), 1U);
  EXPECT_EQ(way(B("x", "TransferToFlow", {{"ContactFlowId", ""}}).next("next").on(kNme, "error")), "error");
}

TEST(TransferToFlow, InACircleIsCutOff) {
  Centre centre;
  const FlowId f = centre.flow("f", {say("a", "x")});
  centre.flow("f", {B("a", "TransferToFlow", {{"ContactFlowId", f.value().text()}})});
  centre.start(f);
  EXPECT_EQ(centre.contact.phase, Phase::ended);
}

TEST(Ends, DisconnectAndEndOfAContactFlowEndTheContact) {
  for (const char* type : {"DisconnectParticipant", "EndFlowExecution"}) {
    Centre centre;
    centre.start(centre.flow("f", {B("x", type).next("x")}));
    EXPECT_EQ(centre.contact.phase, Phase::ended) << type;
    EXPECT_EQ(centre.contact.ended_by, "CONTACT_FLOW_DISCONNECT");
    const contact::Contact before = centre.contact;
    for (const Event& event :
         {Event{Start{}}, Event{Timer{}}, Event{Message{seal("x"), {}}}, Event{CustomerReturned{}}}) {
      centre.give(event);
    }
    centre.again();
    EXPECT_EQ(centre.contact, before) << "an end is final";
  }
}

// --- functions ---

B invoke(B::Parameters more = {}) {
  return B("x", "InvokeLambdaFunction", more)
      .with({{"LambdaFunctionARN", "arn:aws:lambda:us-east-1:1:function:f"}, {"InvocationTimeLimitSeconds", "3"}})
      .next("next")
      .on(kNme, "error");
}

TEST(InvokeLambdaFunction, CallsAndKeepsTheAnswer) {
  Centre centre;
  centre.contact.attributes["who"] = seal("Ana");
  centre.contact.flow.external["old"] = Text::plain("old");
  centre.start(centre.flow(
      "f", {invoke({{"LambdaInvocationAttributes.name", "$.Attributes.who"},
                    {"LambdaInvocationAttributes.kind", "chat"},
                    {"ResponseValidation.ResponseType", "JSON"}}),
            say("next", "$.External.a.b", "w"), say("error", "error"), B("w", "Wait", {{"TimeLimitSeconds", "9"}})}));
  ASSERT_TRUE(centre.called.has_value());
  const InvokeFunction& call = *centre.called;
  EXPECT_EQ(call.function, "arn:aws:lambda:us-east-1:1:function:f");
  EXPECT_EQ(call.parameters, (std::map<std::string, Text>{{"name", seal("Ana")}, {"kind", Text::plain("chat")}}));
  EXPECT_EQ(call.contact_data.at("Attributes.who"), seal("Ana"));
  EXPECT_EQ(call.limit, 3s);
  EXPECT_TRUE(call.wants_json);
  EXPECT_EQ(call.visit, 1U);
  EXPECT_EQ(call.key, test_key());
  EXPECT_EQ(call.fence.not_after, centre.now.mono + 3s);
  EXPECT_EQ(centre.contact.flow.await, Await::function);
  EXPECT_EQ(centre.contact.flow.until, centre.now.hlc + 3s + kFunctionGrace);
  centre.give(Returned{2, true, {}});
  EXPECT_EQ(centre.contact.flow.await, Await::function) << "another visit";
  centre.give(Returned{1, true, {{"a.b", seal("deep")}}});
  EXPECT_EQ(centre.said(), "deep");
  EXPECT_EQ(centre.contact.flow.external, (std::map<std::string, Text>{{"a.b", seal("deep")}}))
      << "replaced, not merged";
}

TEST(InvokeLambdaFunction, FailsAndTimesOut) {
  Centre failed;
  failed.start(failed.flow("f", around(invoke())));
  EXPECT_FALSE(failed.called->wants_json);
  failed.give(Returned{1, false, {{"a", Text::plain("b")}}});
  EXPECT_EQ(failed.said(), "error");
  EXPECT_TRUE(failed.contact.flow.external.empty());
  Centre late;
  late.start(late.flow("f", around(invoke())));
  late.wait(3s + kFunctionGrace);
  EXPECT_EQ(late.said(), "error");
  late.give(Returned{1, true, {}});
  EXPECT_EQ(late.said(), "error") << "the answer is too late";
}

TEST(InvokeLambdaFunction, LimitsAndWhatItRefuses) {
  const auto limit = [](const std::string& seconds) {
    Centre centre;
    B x("x", "InvokeLambdaFunction", {{"LambdaFunctionARN", "f"}});
    if (!seconds.empty()) x.block.parameters["InvocationTimeLimitSeconds"] = seconds;
    centre.start(centre.flow("f", around(std::move(x))));
    return centre.called->limit;
  };
  EXPECT_EQ(limit("1"), 1s);
  EXPECT_EQ(limit("8"), 8s);
  EXPECT_EQ(limit("60"), 8s);
  EXPECT_EQ(limit(""), 3s);
  EXPECT_EQ(way(B("x", "InvokeLambdaFunction").on(kNme, "error")), "error");
  EXPECT_EQ(way(invoke({{"InvocationType", "ASYNCHRONOUS"}})), "error");
}

TEST(InvokeLambdaFunction, IsCalledAgainAfterAClaimUnderTheSameKey) {
  Centre centre;
  centre.start(centre.flow("f", around(invoke())));
  const InvokeFunction first = *std::exchange(centre.called, std::nullopt);
  centre.now.hlc = centre.now.hlc + 60s;
  centre.now.mono = centre.now.mono + 60s;
  centre.again();
  ASSERT_TRUE(centre.called.has_value());
  EXPECT_EQ(centre.called->once, first.once);
  EXPECT_EQ(centre.called->visit, first.visit);
  EXPECT_EQ(centre.contact.flow.until, centre.now.hlc + 3s + kFunctionGrace) << "a new call has its whole time";
  centre.give(Returned{1, true, {}});
  EXPECT_EQ(centre.said(), "next");
}

TEST(InvokeLambdaFunction, RendersParametersAndNameFirst) {
  Centre centre;
  centre.contact.attributes["who"] = seal("Ana");
  centre.contact.attributes["fn"] = seal("arn:f");
  centre.start(centre.flow(
      "f", around(B("x", "InvokeLambdaFunction",
                    {{"LambdaFunctionARN", "$.Attributes.fn"}, {"LambdaInvocationAttributes.g", "Hi $.Attributes.who"}})
                      .next("next")
                      .on(kNme, "error"))));
  EXPECT_FALSE(centre.called.has_value());
  centre.open();
  ASSERT_TRUE(centre.called.has_value());
  EXPECT_EQ(centre.called->function, "arn:f");
  EXPECT_EQ(centre.called->parameters.at("g"), seal("Hi Ana"));
  // Elsewhere the rendered text is not known: it is rendered again, then the function is called again.
  centre.called.reset();
  centre.again();
  EXPECT_FALSE(centre.called.has_value());
  EXPECT_EQ(centre.contact.flow.await, Await::resolve);
  centre.open();
  EXPECT_EQ(centre.called->visit, 1U);
  centre.give(Returned{1, true, {}});
  EXPECT_EQ(centre.said(), "next");
}

// --- claims and restarts ---

TEST(Resume, BeginsAFlowThatHadNotBegun) {
  Centre centre;
  centre.contact.flow.flow = centre.flow("f", {say("a", "hello", "w"), B("w", "Wait", {{"TimeLimitSeconds", "9"}})});
  centre.again();
  EXPECT_EQ(centre.said(), "hello");
  centre.give(Start{});
  EXPECT_EQ(centre.said(), "hello") << "a second start changes nothing";
}

TEST(Resume, StopsAFlowThatHasNoBusinessAnyMore) {
  Centre centre;
  centre.start(centre.flow("f", around(invoke())));
  centre.contact.phase = Phase::with_agent;
  centre.called.reset();
  centre.again();
  EXPECT_FALSE(centre.called.has_value());
  EXPECT_EQ(centre.contact.flow.await, Await::nothing);
  EXPECT_EQ(centre.contact.phase, Phase::with_agent);
}

}  // namespace
}  // namespace tandem::flow
