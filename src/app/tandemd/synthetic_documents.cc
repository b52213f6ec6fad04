#include "app/tandemd/synthetic_documents.h"

#include "core/distribution/synthetic.h"

namespace tandem::app {
namespace {

// The contact names its queue, for one flow serves all nodes.
constexpr char kFlow[] = R"({"Version": "2019-10-30", "StartAction": "set", "Metadata": {"name": "tandem-synthetic"},
"Actions": [
  {"Identifier": "set", "Type": "UpdateContactTargetQueue",
   "Parameters": {"QueueId": "$.Attributes.tandem-synthetic"},
   "Transitions": {"NextAction": "queue", "Errors": [{"ErrorType": "NoMatchingError", "NextAction": "end"}]}},
  {"Identifier": "queue", "Type": "TransferContactToQueue", "Parameters": {},
   "Transitions": {"NextAction": "end", "Errors": [{"ErrorType": "QueueAtCapacity", "NextAction": "end"},
                                                   {"ErrorType": "NoMatchingError", "NextAction": "end"}]}},
  {"Identifier": "end", "Type": "DisconnectParticipant", "Parameters": {}, "Transitions": {}}
]})";

}  // namespace

Uuid synthetic_id(const Uuid& instance, const std::string& kind, const std::string& name) {
  return derive_uuid(instance, "synthetic " + kind + " " + name);
}

std::vector<SyntheticDocument> synthetic_documents(const Uuid& instance, const std::string& node,
                                                   const std::string& password) {
  const std::string all = distribution::kSynthetic;
  const std::string own = distribution::synthetic_name(node);
  const auto id = [&](const char* kind, const std::string& name) { return synthetic_id(instance, kind, name); };
  const std::string queue = id("queue", own).text();
  std::map<std::string, std::string> hours{{"name", all}, {"time_zone", "UTC"}};
  for (const char* day : {"MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"}) {
    hours["open." + std::string(day) + ".0"] = "00:00-00:00";
  }
  return {
      {"hours", id("hours", all), std::move(hours)},
      {"flow",
       id("flow", all),
       {{"name", all},
        {"description", "Contacts that nodes start to know that they serve"},
        {"type", "CONTACT_FLOW"},
        {"content", kFlow},
        {"state", "ACTIVE"},
        {"status", "PUBLISHED"}}},
      {"queue", id("queue", own), {{"name", own}, {"hours", id("hours", all).text()}, {"status", "ENABLED"}}},
      {"routing_profile",
       id("routing_profile", own),
       {{"name", own},
        {"description", "Synthetic contacts"},
        {"default_outbound_queue", queue},
        {"concurrency.CHAT", "5"},
        {"concurrency.TASK", "5"},
        {"cross_channel.CHAT", "ROUTE_ANY_CHANNEL"},  // the chat stands while tasks come
        {"cross_channel.TASK", "ROUTE_ANY_CHANNEL"},
        {"queue." + queue + ".CHAT", "1,0"},
        {"queue." + queue + ".TASK", "1,0"}}},
      {"user",
       id("user", own),
       {{"username", own},
        {"first_name", "Synthetic"},
        {"last_name", node},
        {"password", password},
        {"routing_profile", id("routing_profile", own).text()},
        {"phone_type", "SOFT_PHONE"}}},
      {"agent_status", id("agent_status", "Available"), {{"name", "Available"}, {"type", "ROUTABLE"}, {"order", "1"}}},
  };
}

}  // namespace tandem::app
