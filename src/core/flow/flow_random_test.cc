// Goal: whatever a flow says and whatever happens, a run ends, the contact is never left without something that moves
// it on, equal inputs give equal outputs, a repeat elsewhere shows the same items, and no sealed word gets into a
// record. Method: drawn programs of up to a dozen blocks with drawn parameters, driven by drawn events and answers,
// also early, late and repeated ones. Each seed is a test case of its own; it is named in the failure.
#include <gtest/gtest.h>

#include <algorithm>

#include <set>

#include "core/flow/centre_testing.h"

namespace tandem::flow {
namespace {

using contact::Await;
using contact::Phase;

constexpr const char* kSecret = "s3cr3t";

struct Drawn {
  Rng rng;
  template <std::size_t N>
  const char* one_of(const char* const (&list)[N]) {
    return list[rng.below(N)];
  }
  std::string block(std::size_t count) { return "b" + std::to_string(rng.below(count)); }

  std::string text() {
    constexpr const char* kTexts[] = {"",
                                      "hello",
                                      "$.Attributes.plain",
                                      "$.Attributes.secret",
                                      "you: $.Attributes.secret!",
                                      "$.Attributes.plain and $.Channel",
                                      "$.External.a",
                                      "$.External.a $.StoredCustomerInput",
                                      "$.FlowAttributes.x",
                                      "$.StoredCustomerInput",
                                      "$.Attributes.none",
                                      "$.Queue.Name",
                                      "$.Metrics.Queue.Size",
                                      "$.Description",
                                      "1"};
    return one_of(kTexts);
  }

  std::map<std::string, std::string> parameters(const std::string& type, const std::vector<std::string>& ids) {
    const std::string id = rng.chance(1, 8) ? text() : ids[rng.below(ids.size())];
    if (type == "MessageParticipant") return {{rng.chance(9, 10) ? "Text" : "SSML", text()}};
    if (type == "GetParticipantInput") {
      std::map<std::string, std::string> out{{"Text", text()},
                                             {"InputTimeLimitSeconds", rng.chance(9, 10) ? "5" : text()},
                                             {"StoreInput", rng.chance(1, 2) ? "True" : "False"}};
      if (rng.chance(1, 3)) out["InputValidation.CustomValidation.MaximumLength"] = rng.chance(1, 2) ? "3" : text();
      if (rng.chance(1, 4)) out["InputValidation.PhoneNumberValidation.NumberFormat"] = "Local";
      return out;
    }
    if (type == "Compare") return {{"ComparisonValue", text()}};
    if (type == "Loop") return {{"LoopCount", rng.chance(3, 4) ? std::to_string(rng.below(4)) : text()}};
    if (type == "Wait") {
      std::map<std::string, std::string> out{{"TimeLimitSeconds", rng.chance(3, 4) ? "3" : text()}};
      if (rng.chance(1, 2)) out["Events.0"] = rng.chance(4, 5) ? "CustomerReturned" : "BotParticipantDisconnected";
      return out;
    }
    if (type == "UpdateContactAttributes") {
      std::map<std::string, std::string> out{{"Attributes.plain", text()}, {"Attributes." + text(), text()}};
      if (rng.chance(1, 20)) out["Attributes.more"] = "$.Attributes.more" + text();
      return out;
    }
    if (type == "UpdateFlowAttributes") return {{"FlowAttributes.x.Value", text()}};
    if (type == "UpdateContactData")
      return {{rng.chance(1, 2) ? "Name" : "Description", text()}, {"CustomerId", text()}};
    if (type == "UpdateContactCallbackNumber") return {{"CallbackNumber", text()}};
    if (type == "CreateCallbackContact") {
      return {{"InitialCallDelaySeconds", text()}, {"MaximumConnectionAttempts", "1"}, {"RetryDelaySeconds", "60"}};
    }
    if (type == "CheckMetricData") return {{"MetricType", "NumberOfContactsInQueue"}};
    if (type == "GetMetricData") return {{rng.chance(1, 2) ? "QueueId" : "AgentId", id}};
    if (type == "DequeueContactAndTransferToQueue") return {{"QueueId", rng.chance(3, 4) ? ids[3] : id}};
    if (type == "UpdateContactTargetQueue") return {{"QueueId", rng.chance(3, 4) ? ids[3] : id}};
    if (type == "TransferToFlow") return {{"ContactFlowId", id}};
    if (type == "UpdateContactEventHooks") return {{"EventHooks.CustomerQueue", id}};
    if (type == "CheckHoursOfOperation") return {{"HoursOfOperationId", id}};
    if (type == "UpdateContactRoutingBehavior") return {{"QueuePriority", text()}};
    if (type == "InvokeLambdaFunction") {
      return {{"LambdaFunctionARN", rng.chance(3, 4) ? "f" : text()}, {"LambdaInvocationAttributes.x", text()}};
    }
    return {};
  }

  config::Program program(const std::vector<std::string>& ids) {
    constexpr const char* kTypes[] = {"MessageParticipant",
                                      "MessageParticipant",
                                      "GetParticipantInput",
                                      "GetParticipantInput",
                                      "Compare",
                                      "Loop",
                                      "Wait",
                                      "Wait",
                                      "UpdateContactAttributes",
                                      "UpdateFlowAttributes",
                                      "UpdateContactData",
                                      "UpdateContactTargetQueue",
                                      "TransferContactToQueue",
                                      "TransferContactToQueue",
                                      "TransferContactToQueue",
                                      "TransferToFlow",
                                      "UpdateContactEventHooks",
                                      "CheckHoursOfOperation",
                                      "CheckMetricData",
                                      "DequeueContactAndTransferToQueue",
                                      "GetMetricData",
                                      "UpdateContactCallbackNumber",
                                      "CreateCallbackContact",
                                      "InvokeLambdaFunction",
                                      "InvokeLambdaFunction",
                                      "DistributeByPercentage",
                                      "UpdateContactRoutingBehavior",
                                      "EndFlowExecution",
                                      "DisconnectParticipant",
                                      "ShowView",
                                      "MessageParticipantIteratively",
                                      "UpdateFlowLoggingBehavior"};
    constexpr const char* kResults[] = {"1",    "hello", "ContinueLooping",  "DoneLooping", "WaitCompleted",
                                        "True", "False", "CustomerReturned", kSecret,       "50"};
    constexpr const char* kErrors[] = {"NoMatchingError", "NoMatchingCondition", "InputTimeLimitExceeded",
                                       "QueueAtCapacity", "InvalidPhoneNumber",  "ParticipantNotFound"};
    config::Program out;
    const std::size_t count = 1 + rng.below(12);
    out.start = block(count);
    for (std::size_t n = 0; n < count; ++n) {
      config::Block b;
      b.id = "b" + std::to_string(n);
      b.type = one_of(kTypes);
      b.parameters = parameters(b.type, ids);
      if (rng.chance(9, 10)) b.next = block(count);
      if (rng.chance(9, 10)) b.errors["NoMatchingError"] = block(count);
      if (rng.chance(1, 3)) b.errors[one_of(kErrors)] = block(count);
      for (std::uint64_t branches = rng.below(4); branches > 0; --branches) {
        b.branches.push_back({{static_cast<config::Operator>(rng.below(8)), one_of(kResults), {}}, block(count)});
      }
      out.blocks.emplace(b.id, std::move(b));
    }
    return out;
  }
};

void expect_clean(const Text& text, const char* where) {
  if (text.sealed()) return;
  EXPECT_EQ(text.bytes.find(kSecret), std::string::npos) << where;
}
void expect_clean(const std::map<std::string, Text>& texts, const char* where) {
  for (const auto& [name, text] : texts) {
    EXPECT_EQ(name.find(kSecret), std::string::npos) << where;
    expect_clean(text, where);
  }
}

void check(const contact::Contact& before, const Outcome& out, const Centre& centre) {
  const contact::Contact& c = out.next;
  EXPECT_LE(out.path.size(), static_cast<std::size_t>(kBlocksPerRunMax));
  EXPECT_LE(out.effects.size(), 1U);
  EXPECT_GE(c.flow.visit, before.flow.visit);
  switch (c.phase) {
    case Phase::in_flow:
      EXPECT_NE(c.flow.await, Await::nothing) << "nothing would ever move it on";
      [[fallthrough]];
    case Phase::queued:
      if (c.flow.await == Await::nothing) {
        EXPECT_TRUE(c.flow.block.empty());
      } else {
        EXPECT_FALSE(c.flow.block.empty());
        EXPECT_NE(c.deadline(), Hlc{});
        EXPECT_NE(centre.config.program(c.flow.flow), nullptr);
      }
      break;
    case Phase::ended:
      EXPECT_EQ(c.ended_by, "CONTACT_FLOW_DISCONNECT");
      EXPECT_TRUE(c.flow.block.empty());
      EXPECT_EQ(c.flow.await, Await::nothing);
      break;
    default:
      ADD_FAILURE() << "a flow never makes phase " << static_cast<int>(c.phase);
  }
  if (c.phase == Phase::queued) {
    EXPECT_NE(c.place.enqueued, Hlc{});
    EXPECT_FALSE(c.place.queue.value().nil());
  }
  const bool waits_for_outside = c.flow.await == Await::resolve || c.flow.await == Await::function;
  const bool new_wait = c.flow.await != before.flow.await || c.flow.visit != before.flow.visit;
  EXPECT_TRUE(out.effects.empty() || waits_for_outside);
  EXPECT_FALSE(waits_for_outside && new_wait && out.effects.empty()) << "waits for what nobody was asked";
  expect_clean(c.attributes, "attributes");
  expect_clean(c.data, "data");
  expect_clean(c.flow.external, "external");
  expect_clean(c.flow.flow_attributes, "flow attributes");
  expect_clean(c.flow.stored_input, "stored input");
  expect_clean(c.description, "description");
  EXPECT_EQ(c.name.find(kSecret), std::string::npos);
  std::set<Uuid> ids;
  for (const contact::Item& item : out.items) {
    expect_clean(item.content, "item");
    EXPECT_TRUE(ids.insert(item.id).second) << "one run shows an item twice";
  }
}

// Gives drawn events until the contact is over or `events` were given.
void drive(Centre& centre, Drawn& drawn, int events) {
  for (int n = 0; n < events && centre.contact.phase != Phase::ended && !::testing::Test::HasFailure(); ++n) {
    const contact::Contact before = centre.contact;
    Outcome out;
    switch (drawn.rng.below(9)) {
      case 0:
        out = centre.write(drawn.rng.chance(1, 2) ? kSecret : "1");
        break;
      case 1:
        out = centre.give(CustomerReturned{});
        break;
      case 2:
        out = centre.wait(1s);
        break;
      case 3:
        out = centre.wait(30s);
        break;
      case 4:
        out = centre.again();
        break;
      case 5:
        out = centre.give(Start{});
        break;
      case 6:
        out = centre.give(
            Returned{before.flow.visit + drawn.rng.below(2), drawn.rng.chance(3, 4), {{"a", seal(kSecret)}}});
        break;
      case 7:
        out = centre.give(Resolved{before.flow.visit + drawn.rng.below(2), {}, {}});
        break;
      default:
        if (!centre.asked) continue;
        out = centre.open();
    }
    check(before, out, centre);
  }
}

struct World {
  Centre centre;
  std::vector<FlowId> flows;
  explicit World(std::uint64_t seed) {
    Drawn drawn{Rng{seed}};
    centre.rng = Rng{seed + 1};
    std::vector<std::string> ids;
    for (int n = 0; n < 3; ++n) {
      ids.push_back(
          derive_uuid(Uuid{}, "flow " + std::to_string(n), static_cast<std::uint64_t>(config::Kind::flow)).text());
    }
    const Uuid hours =
        centre.put(config::Kind::hours, "h", {{"time_zone", "Europe/Berlin"}, {"open.MONDAY.0", "08:00-12:00"}});
    ids.push_back(centre.put(config::Kind::queue, "q", {{"hours", hours.text()}, {"max_contacts", "3"}}).text());
    ids.push_back(hours.text());
    for (int n = 0; n < 3; ++n) {
      flows.push_back(centre.flow("flow " + std::to_string(n), std::make_shared<config::Program>(drawn.program(ids))));
    }
    centre.waiting = [seed](QueueId) { return seed % 5; };
    centre.metrics = [seed](QueueId, std::optional<contact::Channel>, const contact::Contact&) {
      routing::QueueMetrics out;
      out.size = seed % 3;
      return out;
    };
    centre.contact.attributes = {{"plain", Text::plain("1")}, {"secret", seal(kSecret)}};
    centre.contact.description = seal(kSecret);
    if (seed % 2 == 0) centre.contact.place.queue = QueueId{parse_uuid(ids[3]).value()};
  }
};

TEST(RandomFlows, NeverHangLeakOrLeaveAContactBehind) {
  int ended = 0;
  int queued = 0;
  int live = 0;
  for (std::uint64_t seed = 1; seed <= 300 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed);
    Drawn drawn{Rng{seed * 31}};
    const contact::Contact before = world.centre.contact;
    check(before, world.centre.start(world.flows[0]), world.centre);
    drive(world.centre, drawn, 60);
    const Phase phase = world.centre.contact.phase;
    ++(phase == Phase::ended ? ended : phase == Phase::queued ? queued : live);
  }
  // The draw is worth something only when all ways occur.
  SCOPED_TRACE(std::to_string(ended) + " ended, " + std::to_string(queued) + " queued, " + std::to_string(live) +
               " live");
  EXPECT_GT(ended, 50);
  EXPECT_GT(queued, 10);
  EXPECT_GT(live, 10);
}

TEST(RandomFlows, ARepeatElsewhereShowsTheSameItems) {
  for (std::uint64_t seed = 1; seed <= 100 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World here(seed);
    World there(seed);
    Drawn events{Rng{seed * 17}};
    here.centre.start(here.flows[0]);
    drive(here.centre, events, 10);
    // `there` has everything up to here, then both go on; the records of one never come to the other.
    there.centre.contact = here.centre.contact;
    there.centre.rng = here.centre.rng;
    there.centre.now = here.centre.now;
    there.centre.asked = here.centre.asked;
    there.centre.again();
    here.centre.again();
    const std::size_t known = here.centre.shown.size();
    Drawn first = events;
    Drawn second = events;
    drive(here.centre, first, 20);
    drive(there.centre, second, 20);
    ASSERT_EQ(here.centre.contact, there.centre.contact);
    for (std::size_t n = 0; n < there.centre.shown.size(); ++n) {
      const auto at = std::ranges::find(here.centre.shown, there.centre.shown[n].id, &contact::Item::id);
      ASSERT_NE(at, here.centre.shown.end());
      EXPECT_EQ(*at, there.centre.shown[n]);
    }
    EXPECT_LE(known, here.centre.shown.size());
  }
}

}  // namespace
}  // namespace tandem::flow
