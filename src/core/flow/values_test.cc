// Goal: references are found where the flow language has them and nowhere else, and each reads the value it names.
// Method: texts by hand; one contact with everything set.
#include "core/flow/values.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/flow/centre_testing.h"

namespace tandem::flow {
namespace {

using Keys = std::vector<std::string>;

TEST(References, AreFoundInText) {
  EXPECT_EQ(references("Hello $.Attributes.name, you are $.Attributes.place."),
            (Keys{"$.Attributes.name", "$.Attributes.place"}));
  EXPECT_EQ(references("$.Attributes.['my key'] and $['AwsRegion'] and $.External[\"it's\"].x[0]"),
            (Keys{"$.Attributes['my key']", "$.AwsRegion", "$.External[\"it's\"].x.0"}));
  EXPECT_EQ(references("costs $5 or $.50 or US$, $ . $.."), Keys{});
  EXPECT_EQ(references("$.Attributes.a$.Attributes.a$.Channel"), (Keys{"$.Attributes.a", "$.Channel"}));
  EXPECT_EQ(references("$.Attributes.名前"), (Keys{"$.Attributes"})) << "a name of other letters stands in brackets";
  EXPECT_EQ(references("$.Attributes['unclosed"), (Keys{"$.Attributes"}));
  EXPECT_EQ(references("$['unclosed] $[x] $["), Keys{});
}

TEST(References, AreTheWholeTextOrNot) {
  EXPECT_TRUE(whole("$.Attributes.a").has_value());
  EXPECT_TRUE(whole("$['AwsRegion']").has_value());
  for (const char* text : {"", "a", "$", "$.", " $.Attributes.a", "$.Attributes.a!", "$.Attributes.a.", "$.A$.B"}) {
    EXPECT_FALSE(whole(text).has_value()) << text;
  }
}

TEST(References, AreReplacedOnce) {
  const std::map<std::string, std::string> values{{"$.Attributes.a", "$.Attributes.b"}, {"$.Attributes.b", "B"}};
  EXPECT_EQ(render("<$.Attributes.a|$.Attributes.b|$.Attributes.c>", values), "<$.Attributes.b|B|>");
  EXPECT_EQ(render("no reference, $5", values), "no reference, $5");
  EXPECT_EQ(render("", values), "");
}

TEST(References, SpellingIsReadBack) {
  for (const char* text :
       {"$.Attributes.a-b_1", "$.Attributes['my key']", "$['Strange root'].x", "$.A[\"'\"]", "$['1'].x"}) {
    const auto reference = whole(text);
    ASSERT_TRUE(reference.has_value()) << text;
    const auto back = whole(reference->key());
    ASSERT_TRUE(back.has_value()) << reference->key();
    EXPECT_EQ(back->segments, reference->segments);
  }
}

TEST(References, NameTheirValues) {
  Centre centre;
  contact::Contact& c = centre.contact;
  const Uuid queue = centre.put(config::Kind::queue, "Sales", {});
  const Uuid user =
      centre.put(config::Kind::user, "u", {{"username", "ana"}, {"first_name", "Ana"}, {"last_name", "Lima"}});
  c.place.queue = QueueId{queue};
  c.agent = AgentId{user};
  c.attributes["tier"] = Text::plain("gold");
  c.attributes["a.b"] = seal("dotted");
  c.name = "the task";
  c.description = seal("what it is");
  c.data["LanguageCode"] = Text::plain("de-DE");
  c.data["References.order.Value"] = seal("17");
  c.previous = ContactId{derive_uuid(Uuid{}, "previous")};
  c.flow.external["answer.deep"] = seal("42");
  c.flow.flow_attributes["f"] = Text::plain("F");
  c.flow.stored_input = seal("typed");
  c.flow.loops["L"] = 2;
  const std::string arn = centre.sees().instance_arn;
  const std::map<std::string, Text> expected{
      {"$.Attributes.tier", Text::plain("gold")},
      {"$.Attributes['a.b']", seal("dotted")},
      {"$.External.answer.deep", seal("42")},
      {"$.FlowAttributes.f", Text::plain("F")},
      {"$.StoredCustomerInput", seal("typed")},
      {"$.ContactId", Text::plain(c.id.value().text())},
      {"$.InitialContactId", Text::plain(c.id.value().text())},
      {"$.PreviousContactId", Text::plain(c.previous.value().text())},
      {"$.Task.ContactId", Text::plain(c.id.value().text())},
      {"$.Channel", Text::plain("CHAT")},
      {"$.InstanceARN", Text::plain(arn)},
      {"$.AwsRegion", Text::plain("us-east-1")},
      {"$['AwsRegion']", Text::plain("us-east-1")},
      {"$.InitiationMethod", Text::plain("TRANSFER")},
      {"$.Name", Text::plain("the task")},
      {"$.Description", seal("what it is")},
      {"$.LanguageCode", Text::plain("de-DE")},
      {"$.References.order.Value", seal("17")},
      {"$.SegmentAttributes['connect:Subtype']", Text::plain("connect:Chat")},
      {"$.Queue.Name", Text::plain("Sales")},
      {"$.Queue.ARN", Text::plain(arn + "/queue/" + queue.text())},
      {"$.Agent.UserName", Text::plain("ana")},
      {"$.Agent.FirstName", Text::plain("Ana")},
      {"$.Agent.LastName", Text::plain("Lima")},
      {"$.Agent.ARN", Text::plain(arn + "/agent/" + user.text())},
      {"$.Loop.L.Index", Text::plain("1")},
      {"$.Loop.M.Index", Text{}},
      {"$.Attributes.none", Text{}},
      {"$.CustomerEndpoint.Address", Text{}},
      {"$.Views.ViewResultData.x", Text{}},
      {"$.Unheard.of", Text{}},
  };
  for (const auto& [text, words] : expected) {
    const auto reference = whole(text);
    ASSERT_TRUE(reference.has_value()) << text;
    EXPECT_EQ(value(centre.sees(), c, *reference), words) << text;
  }
}

TEST(References, IdsStandAtTheEndOfArns) {
  const Uuid id = derive_uuid(Uuid{}, "x");
  EXPECT_EQ(id_of(id.text()), id);
  EXPECT_EQ(id_of("arn:aws:connect:us-east-1:1:instance/i/contact-flow/" + id.text()), id);
  EXPECT_EQ(id_of("arn:aws:connect:us-east-1:1:instance/i/contact-flow/" + id.text() + ":$LATEST"), id);
  for (const char* text : {"", "BASIC_QUEUE_ARN", "%QueueArn%", "a/b"}) EXPECT_EQ(id_of(text), std::nullopt) << text;
}

TEST(ContactData, IsWhatTheEventTells) {
  Centre centre;
  centre.contact.attributes["tier"] = seal("gold");
  const auto data = contact_data(centre.sees(), centre.contact);
  EXPECT_EQ(data.at("Attributes.tier"), seal("gold"));
  EXPECT_EQ(data.at("Channel"), Text::plain("CHAT"));
  EXPECT_EQ(data.at("PreviousContactId"), data.at("ContactId"));
  EXPECT_EQ(data.at("InitiationMethod"), Text::plain("API"));
  EXPECT_FALSE(data.contains("Queue.ARN"));
  EXPECT_FALSE(data.contains("Name"));
}

}  // namespace
}  // namespace tandem::flow
