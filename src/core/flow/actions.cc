// One function per action of the flow language that this build runs. An action on a channel it is not made for, and any
// other type, takes the branch NoMatchingError.
#include <algorithm>
#include <limits>

#include "core/flow/run.h"
#include "core/flow/words.h"
#include "core/hours/view.h"

namespace tandem::flow {
namespace {

using contact::Await;
using contact::Channel;
using contact::Phase;

constexpr std::int64_t kWaitSecondsMax = 604'800;       // seven days
constexpr std::size_t kAttributesBytesMax = 32 * 1024;  // all attributes of a contact, names and values
constexpr const char* kInputKey = "$.StoredCustomerInput";

constexpr const char* kHooks[] = {"AgentHold",         "AgentWhisper",    "CustomerHold",   "CustomerQueue",
                                  "CustomerRemaining", "CustomerWhisper", "DefaultAgentUI", "DisconnectAgentUI",
                                  "PauseContact",      "ResumeContact"};

std::size_t characters(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::ranges::count_if(utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

std::size_t size_of(const std::map<std::string, Text>& values) {
  std::size_t out = 0;
  for (const auto& [name, value] : values) out += name.size() + value.bytes.size();
  return out;
}

}  // namespace

struct Actions {
  struct Entry {
    std::string_view type;
    Run::Action action;
  };
  static constexpr Entry kTable[] = {
      {"CheckHoursOfOperation", &Run::check_hours},
      {"CheckMetricData", &Run::check_metric_data},
      {"Compare", &Run::compare},
      {"CreateCallbackContact", &Run::create_callback},
      {"DequeueContactAndTransferToQueue", &Run::dequeue_and_transfer},
      {"DisconnectParticipant", &Run::disconnect},
      {"DistributeByPercentage", &Run::distribute},
      {"EndFlowExecution", &Run::end_execution},
      {"GetMetricData", &Run::get_metric_data},
      {"GetParticipantInput", &Run::get_input},
      {"InvokeLambdaFunction", &Run::invoke_function},
      {"Loop", &Run::loop},
      {"MessageParticipant", &Run::message},
      {"MessageParticipantIteratively", &Run::messages_in_turn},
      {"TransferContactToQueue", &Run::transfer_to_queue},
      {"TransferToFlow", &Run::transfer_to_flow},
      {"UpdateContactAttributes", &Run::contact_attributes},
      {"UpdateContactCallbackNumber", &Run::callback_number},
      {"UpdateContactData", &Run::contact_data},
      {"UpdateContactEventHooks", &Run::event_hooks},
      {"UpdateContactRecordingAndAnalyticsBehavior", &Run::recording_and_analytics},
      {"UpdateContactRecordingBehavior", &Run::accepted},
      {"UpdateContactRoutingBehavior", &Run::routing_behavior},
      {"UpdateContactTargetQueue", &Run::target_queue},
      {"UpdateContactTextToSpeechVoice", &Run::accepted},
      {"UpdateFlowAttributes", &Run::flow_attributes},
      {"UpdateFlowLoggingBehavior", &Run::accepted},
      {"UpdateRoutingCriteria", &Run::routing_criteria},
      {"Wait", &Run::wait},
  };
  static_assert(std::ranges::is_sorted(kTable, {}, &Entry::type));
};

Step Run::act(const config::Block& block) {
  // Sealed values that were not opened in time, an answer that did not come.
  if (timed_out() && waited_for_ != Await::input && waited_for_ != Await::time) return Step::failed();
  const auto* at = std::ranges::lower_bound(Actions::kTable, block.type, {}, &Actions::Entry::type);
  if (at == std::end(Actions::kTable) || at->type != block.type) return Step::failed();
  return (this->*at->action)(block);
}

// Settings of voice and of analysis: nothing here uses them, and no flow can tell.
Step Run::accepted(const config::Block& /*block*/) { return Step::next(); }

Step Run::recording_and_analytics(const config::Block& block) {
  const char* other = chat() ? "VoiceBehavior." : "ChatBehavior.";
  return has_prefix(block, other) ? Step::failed("ChannelMismatch") : Step::next();
}

Step Run::message(const config::Block& block) {
  const std::string* prompt = find(block, "Text");
  if (prompt == nullptr || contact_.channel == Channel::voice) return Step::failed();
  if (!chat()) return Step::next();  // a task has nobody to read it
  auto words = text("Text", *prompt);
  if (asks()) return wait_for_words();
  if (!words) return Step::failed();
  show(std::move(*words));
  return Step::next();
}

// Prompts in a loop are for the ear; without an error branch the flow ends, and who is queued stays queued.
Step Run::messages_in_turn(const config::Block& /*block*/) { return Step::failed(); }

// In two parts: ask and wait, then judge what came. The mark in `loops` says that the second part has begun, so that it
// goes on there on another node.
Step Run::get_input(const config::Block& block) {
  if (!chat()) return Step::failed();
  const bool store = is(find(block, "StoreInput") == nullptr ? "" : *find(block, "StoreInput"), "true");
  if (const auto* message = taken_up_with<Message>()) {
    flow_.stored_input = message->content;
    flow_.loops[block.id] = 1;
  } else if (timed_out()) {
    if (!store || block.errors.contains("InputTimeLimitExceeded")) return Step::failed("InputTimeLimitExceeded");
    flow_.stored_input = Text::plain("Timeout");
    return Step::next();
  }
  if (flow_.loops.contains(block.id)) return judge_input(block);

  const std::string* prompt = find(block, "Text");
  if (prompt == nullptr &&
      (find(block, "SSML") != nullptr || find(block, "PromptId") != nullptr || has_prefix(block, "Media."))) {
    return Step::failed();
  }
  auto shown = prompt == nullptr ? std::optional<Text>(Text{}) : text("Text", *prompt);
  const auto seconds = integer(words(block, "InputTimeLimitSeconds"), 1, kWaitSecondsMax);
  if (asks()) return wait_for_words();
  if (!shown || !seconds) return Step::failed();
  show(std::move(*shown));
  return wait_until(Await::input, std::chrono::seconds{*seconds});
}

Step Run::judge_input(const config::Block& block) {
  const bool store = is(find(block, "StoreInput") == nullptr ? "" : *find(block, "StoreInput"), "true");
  const bool phone = has_prefix(block, "InputValidation.PhoneNumberValidation.");
  const std::string* longest = find(block, "InputValidation.CustomValidation.MaximumLength");
  if (store && !phone && longest == nullptr) return Step::next();  // kept as it came, unopened

  const std::string given = words_of(kInputKey, flow_.stored_input);
  const std::string maximum = longest == nullptr ? "" : words_of(*longest);
  if (asks()) return wait_for_words();
  if (!store) {
    Step step = Step::result(std::string(trimmed(given)));
    step.exact = false;
    return step;
  }
  if (phone) {
    const std::string* format = find(block, "InputValidation.PhoneNumberValidation.NumberFormat");
    const bool e164 = format != nullptr && is(*format, "e164");
    return phone_number(given, e164) ? Step::next() : Step::failed("InvalidPhoneNumber");
  }
  const auto most = integer(maximum);
  if (most && characters(given) > static_cast<std::size_t>(std::max<std::int64_t>(*most, 0))) return Step::failed();
  return Step::next();
}

Step Run::disconnect(const config::Block& /*block*/) {
  stop(contact_);
  contact_.phase = Phase::ended;
  contact_.ended = now_.hlc;
  contact_.ended_by = "CONTACT_FLOW_DISCONNECT";
  return Step::over();
}

Step Run::end_execution(const config::Block& /*block*/) {
  end_flow();
  return Step::over();
}

Step Run::compare(const config::Block& block) {
  std::string given = words(block, "ComparisonValue");
  if (asks()) return wait_for_words();
  return Step::result(std::move(given));
}

Step Run::loop(const config::Block& block) {
  const auto count = integer(words(block, "LoopCount"), 0, 100);
  if (asks()) return wait_for_words();
  if (!count) return Step::failed();
  std::uint32_t& done = flow_.loops[block.id];
  if (done < static_cast<std::uint32_t>(*count)) {
    ++done;
    return Step::word("ContinueLooping");
  }
  flow_.loops.erase(block.id);
  return Step::word("DoneLooping");
}

Step Run::wait(const config::Block& block) {
  bool returns = false;
  for (auto at = block.parameters.lower_bound("Events.");
       at != block.parameters.end() && at->first.starts_with("Events."); ++at) {
    if (is(at->second, "botparticipantdisconnected")) return Step::failed("ParticipantNotFound");  // there are no bots
    returns = returns || is(at->second, "customerreturned");
  }
  if (timed_out()) return Step::word("WaitCompleted");
  if (taken_up_with<Message>() != nullptr || taken_up_with<CustomerReturned>() != nullptr) {
    if (returns) return Step::word("CustomerReturned");
    flow_.await = Await::time;  // the wait stands
    flow_.until = waited_until_;
    return Step::wait();
  }
  const char* name = find(block, "TimeLimitSeconds") != nullptr ? "TimeLimitSeconds" : "TimeoutSeconds";
  const auto seconds = integer(words(block, name), 1, kWaitSecondsMax);
  if (asks()) return wait_for_words();
  if (!seconds) return Step::failed();
  return wait_until(Await::time, std::chrono::seconds{*seconds});
}

Step Run::check_hours(const config::Block& block) {
  std::string id = words(block, "HoursOfOperationId");
  if (asks()) return wait_for_words();
  if (id.empty()) {
    const config::Document* queue = sees_.config.find(config::Kind::queue, contact_.place.queue.value());
    if (queue == nullptr) return Step::failed();
    id = queue->get("hours");
  }
  const auto found = id_of(id);
  const config::Document* document = found ? sees_.config.find(config::Kind::hours, *found) : nullptr;
  if (document == nullptr) return Step::failed();
  const auto schedule = hours::read(sees_.config, *document);
  if (!schedule) return Step::failed();
  const auto open = hours::open(*schedule, now_.hlc);
  if (!open) return Step::failed();
  return Step::word(*open ? "True" : "False");
}

Step Run::distribute(const config::Block& /*block*/) { return Step::result(std::to_string(rng_.below(100) + 1)); }

Step Run::transfer_to_flow(const config::Block& block) {
  const std::string id = words(block, "ContactFlowId");
  if (asks()) return wait_for_words();
  const auto flow = id_of(id);
  const config::Program* program = flow ? sees_.config.program(FlowId{*flow}) : nullptr;
  if (program == nullptr || queued()) return Step::failed();
  enter(FlowId{*flow}, *program);
  return Step::over();
}

Step Run::flow_attributes(const config::Block& block) {
  // {"FlowAttributes":{"<key>":{"Value":"..."}}}: the middle of the flattened name is the key.
  constexpr std::string_view kPrefix = "FlowAttributes.";
  constexpr std::string_view kSuffix = ".Value";  // left out by some
  std::map<std::string, Text> set = flow_.flow_attributes;
  bool all = true;
  for (const auto& [name, words] : block.parameters) {
    if (!name.starts_with(kPrefix)) continue;
    std::string key = name.substr(kPrefix.size());
    if (key.ends_with(kSuffix)) {
      key.resize(key.size() - kSuffix.size());
    } else if (key.find('.') != std::string::npos) {
      continue;
    }
    if (key.empty()) continue;
    auto value = text(name, words);
    all = all && value.has_value();
    if (value) set[key] = std::move(*value);
  }
  if (asks()) return wait_for_words();
  if (!all || size_of(set) > kAttributesBytesMax) return Step::failed();
  flow_.flow_attributes = std::move(set);
  return Step::next();
}

Step Run::contact_attributes(const config::Block& block) {
  constexpr std::string_view kPrefix = "Attributes.";
  if (const std::string* target = find(block, "TargetContact"); target != nullptr && is(*target, "related")) {
    return Step::failed();  // no contact here has a related one
  }
  std::map<std::string, Text> set = contact_.attributes;
  bool all = true;
  for (const auto& [name, words] : block.parameters) {
    if (!name.starts_with(kPrefix)) continue;
    const auto key = plain_words(std::string_view(name).substr(kPrefix.size()));
    auto value = text(name, words);
    all = all && key && value;
    if (key && value) set[*key] = std::move(*value);
  }
  if (all && asks()) return wait_for_words();
  if (!all || set.contains("") || size_of(set) > kAttributesBytesMax) return Step::failed();
  contact_.attributes = std::move(set);
  return Step::next();
}

Step Run::contact_data(const config::Block& block) {
  if (const std::string* target = find(block, "TargetContact"); target != nullptr && is(*target, "related")) {
    return Step::failed();
  }
  std::map<std::string, Text> data = contact_.data;
  std::optional<Text> name;
  std::optional<Text> description;
  bool all = true;
  for (const auto& [parameter, words] : block.parameters) {
    const bool kept = parameter == "LanguageCode" || parameter == "CustomerId" || parameter.starts_with("References.");
    if (!kept && parameter != "Name" && parameter != "Description") continue;  // settings of voice
    auto value = text(parameter, words);
    all = all && value.has_value();
    if (!value) continue;
    if (parameter == "Name") {
      name = std::move(value);
    } else if (parameter == "Description") {
      description = std::move(value);
    } else {
      data[parameter] = std::move(*value);
    }
  }
  if (asks()) return wait_for_words();
  // A name is shown to everybody and kept in the clear, so it takes nothing sealed.
  if (!all || size_of(data) > kAttributesBytesMax || (name && name->sealed())) return Step::failed();
  contact_.data = std::move(data);
  if (name) contact_.name = std::move(name->bytes);
  if (description) contact_.description = std::move(*description);
  return Step::next();
}

Step Run::event_hooks(const config::Block& block) {
  constexpr std::string_view kPrefix = "EventHooks.";
  constexpr std::string_view kConfigured = "EventHooksConfiguration.";
  constexpr std::string_view kDisable = ".DisableExecution";
  std::map<std::string, std::string> hooks = flow_.hooks;
  bool all = true;
  for (const auto& [name, given] : block.parameters) {
    const bool disable = name.starts_with(kConfigured) && name.ends_with(kDisable);
    if (!disable && !name.starts_with(kPrefix)) continue;
    const std::string words = words_of(given);
    const std::string hook = disable
                                 ? name.substr(kConfigured.size(), name.size() - kConfigured.size() - kDisable.size())
                                 : name.substr(kPrefix.size());
    all = all && std::ranges::find(kHooks, hook) != std::end(kHooks);
    if (disable) {
      if (is(words, "true")) hooks[hook] = kDisabled;
      continue;
    }
    const auto flow = id_of(words);
    all = all && flow && sees_.config.find(config::Kind::flow, *flow) != nullptr;
    if (flow) hooks[hook] = flow->text();
  }
  if (asks()) return wait_for_words();
  if (!all) return Step::failed();
  flow_.hooks = std::move(hooks);
  return Step::next();
}

Step Run::routing_behavior(const config::Block& block) {
  const bool has_priority = find(block, "QueuePriority") != nullptr;
  const bool has_adjustment = find(block, "QueueTimeAdjustmentSeconds") != nullptr;
  const auto priority = integer(words(block, "QueuePriority"), 1, std::numeric_limits<std::int64_t>::max());
  const auto adjustment = integer(words(block, "QueueTimeAdjustmentSeconds"), -kWaitSecondsMax, kWaitSecondsMax);
  if (asks()) return wait_for_words();
  if ((has_priority && !priority) || (has_adjustment && !adjustment)) return Step::failed();
  if (priority) contact_.place.priority = *priority;
  if (adjustment) contact_.place.age_adjustment = std::chrono::seconds{*adjustment};
  return Step::next();
}

Step Run::invoke_function(const config::Block& block) {
  constexpr std::string_view kPrefix = "LambdaInvocationAttributes.";
  if (const auto* returned = taken_up_with<Returned>()) {
    if (!returned->ok) return Step::failed();
    flow_.external = returned->values;
    return Step::next();
  }
  // Its answer would be read by a later Wait, which nothing here provides.
  if (const std::string* type = find(block, "InvocationType"); type != nullptr && is(*type, "asynchronous")) {
    return Step::failed();
  }
  InvokeFunction call;
  call.function = words(block, "LambdaFunctionARN");
  const std::string limit = words(block, "InvocationTimeLimitSeconds");
  bool all = true;
  for (const auto& [name, given] : block.parameters) {
    if (!name.starts_with(kPrefix)) continue;
    auto value = text(name, given);
    all = all && value.has_value();
    if (value) call.parameters.emplace(name.substr(kPrefix.size()), std::move(*value));
  }
  if (asks()) return wait_for_words();
  if (!all || call.function.empty()) return Step::failed();
  const auto seconds = integer(limit, 1, kFunctionLimitMax / 1s);
  call.limit = seconds ? std::chrono::seconds{*seconds} : limit.empty() ? kFunctionLimitDefault : kFunctionLimitMax;
  call.fence = Fence{contact_.id, Term{}, now_.mono + call.limit};
  call.visit = flow_.visit;
  call.key = contact_.key;
  call.once = derive_uuid(contact_.id.value(), "function " + block.id, flow_.visit);
  const std::string* response = find(block, "ResponseValidation.ResponseType");
  call.wants_json = response != nullptr && is(*response, "json");
  call.contact_data = flow::contact_data(sees_, contact_);
  const std::chrono::milliseconds wait = call.limit + kFunctionGrace;
  out_.effects.emplace_back(std::move(call));
  return wait_until(Await::function, wait);
}

}  // namespace tandem::flow
