// The centre that every seed runs: two queues, two routing profiles, hours, a flow for chats and one for tasks, agents.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/sealed.h"
#include "core/config/decide.h"

namespace tandem::sim {

struct Sample {
  std::vector<config::Create> documents;  // in an order in which every reference is there
  std::vector<AgentId> agents;
  FlowId chat_flow;
  std::string chat_flow_content;
  std::vector<std::string> broken_flows;  // good form, and no good: instead of it
  FlowId task_flow;
  FlowId transfer_flow;
  std::vector<QueueId> queues;
  Uuid available;  // agent status
  Uuid away;
};
inline constexpr std::size_t kChatsPerAgent = 2;
inline constexpr std::size_t kTasksPerAgent = 1;
inline constexpr char kGreeting[] = "Welcome to the sample centre.";
inline constexpr char kQuestion[] = "What is it about: billing or something else?";
inline constexpr char kWillQueue[] = "One moment, somebody will be with you.";
inline constexpr char kBroken[] = "This flow was deployed by mistake.";
inline constexpr char kHandsOn[] = "A colleague takes over.";

[[nodiscard]] Sample make_sample(std::size_t agents);
// What a flow says once to each contact.
[[nodiscard]] const std::set<std::string>& said_once();

// Sealing without cryptography: the key is only named. What counts here is who opens what and when.
[[nodiscard]] Text seal(KeyId key, std::string words);
[[nodiscard]] std::string unseal(const Text& text);

}  // namespace tandem::sim
