#include "sim/sample.h"

#include "fmt/format.h"

namespace tandem::sim {
namespace {

constexpr Uuid kBase{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};

std::string say(std::string_view id, std::string_view words, std::string_view next) {
  return fmt::format(
      R"({{"Identifier":"{}","Type":"MessageParticipant","Parameters":{{"Text":"{}"}},)"
      R"("Transitions":{{"NextAction":"{}","Errors":[{{"ErrorType":"NoMatchingError","NextAction":"{}"}}]}}}})",
      id, words, next, next);
}

std::string target(std::string_view id, const Uuid& queue, std::string_view next) {
  return fmt::format(
      R"({{"Identifier":"{}","Type":"UpdateContactTargetQueue","Parameters":{{"QueueId":"{}"}},)"
      R"("Transitions":{{"NextAction":"{}","Errors":[{{"ErrorType":"NoMatchingError","NextAction":"bye"}}]}}}})",
      id, queue.text(), next);
}

std::string flow(std::string_view start, const std::vector<std::string>& actions) {
  return fmt::format(R"({{"Version":"2019-10-30","StartAction":"{}","Actions":[{}]}})", start, fmt::join(actions, ","));
}

constexpr char kBye[] = R"({"Identifier":"bye","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}})";
constexpr char kQueueUp[] =
    R"({"Identifier":"up","Type":"TransferContactToQueue","Parameters":{},"Transitions":{"NextAction":"bye",)"
    R"("Errors":[{"ErrorType":"QueueAtCapacity","NextAction":"bye"},{"ErrorType":"NoMatchingError","NextAction":"bye"}]}})";

std::string chat_flow(const Uuid& hours, const Uuid& billing, const Uuid& other) {
  return flow(
      "hello",
      {say("hello", kGreeting, "open"),
       fmt::format(
           R"({{"Identifier":"open","Type":"CheckHoursOfOperation","Parameters":{{"HoursOfOperationId":"{}"}},)"
           R"("Transitions":{{"NextAction":"bye","Errors":[{{"ErrorType":"NoMatchingError","NextAction":"ask"}}],)"
           R"("Conditions":[{{"NextAction":"ask","Condition":{{"Operator":"Equals","Operands":["True"]}}}},)"
           R"({{"NextAction":"bye","Condition":{{"Operator":"Equals","Operands":["False"]}}}}]}}}})",
           hours.text()),
       fmt::format(
           R"({{"Identifier":"ask","Type":"GetParticipantInput","Parameters":{{"Text":"{}","StoreInput":"True",)"
           R"("InputTimeLimitSeconds":"25","InputValidation":{{"CustomValidation":{{"MaximumLength":"200"}}}}}},)"
           R"("Transitions":{{"NextAction":"note","Errors":[{{"ErrorType":"NoMatchingError","NextAction":"note"}}]}}}})",
           kQuestion),
       R"({"Identifier":"note","Type":"UpdateContactAttributes","Parameters":{"Attributes":{"topic":"$.StoredCustomerInput"}},)"
       R"("Transitions":{"NextAction":"look","Errors":[{"ErrorType":"NoMatchingError","NextAction":"look"}]}})",
       R"({"Identifier":"look","Type":"InvokeLambdaFunction","Parameters":{"LambdaFunctionARN":"http://127.0.0.1/tier",)"
       R"("InvocationTimeLimitSeconds":"2"},"Transitions":{"NextAction":"branch","Errors":[{"ErrorType":"NoMatchingError","NextAction":"branch"}]}})",
       R"({"Identifier":"branch","Type":"Compare","Parameters":{"ComparisonValue":"$.StoredCustomerInput"},)"
       R"("Transitions":{"NextAction":"other","Errors":[{"ErrorType":"NoMatchingCondition","NextAction":"other"}],)"
       R"("Conditions":[{"NextAction":"billing","Condition":{"Operator":"TextContains","Operands":["billing"]}}]}})",
       target("billing", billing, "soon"), target("other", other, "soon"), say("soon", kWillQueue, "up"), kQueueUp,
       kBye});
}

// It says so, and then: ends; goes in a circle; ends up nowhere, since no queue was set and the error leads back.
std::vector<std::string> broken_flows() {
  const auto note = [](std::string_view id, std::string_view next) {
    return fmt::format(
        R"({{"Identifier":"{}","Type":"UpdateContactAttributes","Parameters":{{"Attributes":{{"round":"{}"}}}},)"
        R"("Transitions":{{"NextAction":"{}","Errors":[{{"ErrorType":"NoMatchingError","NextAction":"{}"}}]}}}})",
        id, id, next, next);
  };
  constexpr char kQueueAgain[] =
      R"({"Identifier":"up","Type":"TransferContactToQueue","Parameters":{},"Transitions":{"NextAction":"up",)"
      R"("Errors":[{"ErrorType":"QueueAtCapacity","NextAction":"up"},{"ErrorType":"NoMatchingError","NextAction":"up"}]}})";
  return {flow("tell", {say("tell", kBroken, "bye"), kBye}),
          flow("tell", {say("tell", kBroken, "a"), note("a", "b"), note("b", "a")}),
          flow("tell", {say("tell", kBroken, "up"), kQueueAgain})};
}

}  // namespace

Sample make_sample(std::size_t agents) {
  Sample out;
  const Uuid hours = derive_uuid(kBase, "hours");
  const Uuid billing = derive_uuid(kBase, "queue", 1);
  const Uuid other = derive_uuid(kBase, "queue", 2);
  const Uuid both = derive_uuid(kBase, "profile", 1);
  const Uuid one = derive_uuid(kBase, "profile", 2);
  out.chat_flow = FlowId{derive_uuid(kBase, "flow", 1)};
  out.task_flow = FlowId{derive_uuid(kBase, "flow", 2)};
  out.transfer_flow = FlowId{derive_uuid(kBase, "flow", 3)};
  out.queues = {QueueId{billing}, QueueId{other}};
  out.available = derive_uuid(kBase, "status", 1);
  out.away = derive_uuid(kBase, "status", 2);

  std::map<std::string, std::string> week = {{"name", "always"}, {"time_zone", "UTC"}};
  for (const char* day : {"MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"}) {
    week[fmt::format("open.{}.0", day)] = "00:00-00:00";
  }
  out.documents.push_back({config::Kind::hours, hours, week});
  out.documents.push_back(
      {config::Kind::queue, billing, {{"name", "billing"}, {"hours", hours.text()}, {"status", "ENABLED"}}});
  out.documents.push_back(
      {config::Kind::queue, other, {{"name", "other"}, {"hours", hours.text()}, {"status", "ENABLED"}}});
  const auto profile = [&](const Uuid& id, const char* name, const std::vector<Uuid>& queues) {
    std::map<std::string, std::string> set = {{"name", name},
                                              {"default_outbound_queue", other.text()},
                                              {"concurrency.CHAT", std::to_string(kChatsPerAgent)},
                                              {"concurrency.TASK", std::to_string(kTasksPerAgent)}};
    for (const Uuid& queue : queues) {
      set["queue." + queue.text() + ".CHAT"] = "1,0";
      set["queue." + queue.text() + ".TASK"] = "1,0";
    }
    out.documents.push_back({config::Kind::routing_profile, id, set});
  };
  profile(both, "both", {billing, other});
  profile(one, "other only", {other});
  // Equal shares, at whatever gateway a contact enters.
  out.documents.push_back({config::Kind::distribution_group,
                           derive_uuid(kBase, "group", 1),
                           {{"name", "everything"}, {"entry.CHAT", "1"}, {"entry.TASK", "1"}}});
  out.documents.push_back({config::Kind::agent_status, out.available, {{"name", "Available"}, {"type", "ROUTABLE"}}});
  out.documents.push_back({config::Kind::agent_status, out.away, {{"name", "Break"}, {"type", "CUSTOM"}}});
  out.chat_flow_content = chat_flow(hours, billing, other);
  out.broken_flows = broken_flows();
  out.documents.push_back({config::Kind::flow,
                           out.chat_flow.value(),
                           {{"name", "chat"}, {"type", "CONTACT_FLOW"}, {"content", out.chat_flow_content}}});
  out.documents.push_back({config::Kind::flow,
                           out.task_flow.value(),
                           {{"name", "task"},
                            {"type", "CONTACT_FLOW"},
                            {"content", flow("target", {target("target", other, "up"), kQueueUp, kBye})}}});
  out.documents.push_back({config::Kind::flow,
                           out.transfer_flow.value(),
                           {{"name", "transfer"},
                            {"type", "QUEUE_TRANSFER"},
                            {"content", flow("tell", {say("tell", kHandsOn, "up"), kQueueUp, kBye})}}});
  for (std::size_t n = 0; n < agents; ++n) {
    const Uuid id = derive_uuid(kBase, "agent", n);
    out.agents.push_back(AgentId{id});
    out.documents.push_back(
        {config::Kind::user,
         id,
         {{"username", fmt::format("agent{}", n)}, {"routing_profile", (n % 4 == 3 ? one : both).text()}}});
  }
  return out;
}

const std::set<std::string>& said_once() {
  static const std::set<std::string> all = {kGreeting, kQuestion, kWillQueue};
  return all;
}

Text seal(KeyId key, std::string words) {
  if (key.value().nil()) return Text::plain(std::move(words));
  return Text{key, std::string(12, 'n'), "sealed:" + std::move(words)};
}

std::string unseal(const Text& text) { return text.sealed() ? text.bytes.substr(7) : text.bytes; }

}  // namespace tandem::sim
