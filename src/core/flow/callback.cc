// Callbacks: the number, and the contact that waits for an agent who calls it (docs/decisions/0014).
#include "core/flow/run.h"
#include "core/flow/words.h"

namespace tandem::flow {
namespace {

constexpr std::int64_t kDelaySecondsMax = 259'200;  // three days
constexpr std::int64_t kAttemptsMax = 1'000;

}  // namespace

// Source: API Reference, "UpdateContactCallbackNumber". CallbackNumberNotDialable is of countries that an instance may
// not call, which nothing here knows.
Step Run::callback_number(const config::Block& block) {
  const std::string* given = find(block, "CallbackNumber");
  if (given == nullptr) return Step::failed("InvalidCallbackNumber");
  const std::string number = words_of(*given);
  auto kept = text("CallbackNumber", *given);
  if (asks()) return wait_for_words();
  if (!kept || !phone_number(number, true)) return Step::failed("InvalidCallbackNumber");
  contact_.data[contact::kCallbackNumber] = std::move(*kept);
  return Step::next();
}

// Source: API Reference, "CreateCallbackContact". MaximumConnectionAttempts must be more than 0 there, and is 0 in
// flows that the service exported: then it is tried once.
Step Run::create_callback(const config::Block& block) {
  const auto queue = measured_queue(block);
  const auto delay = integer(words(block, "InitialCallDelaySeconds"), 1, kDelaySecondsMax);
  const auto attempts = integer(words(block, "MaximumConnectionAttempts"), 0, kAttemptsMax);
  const auto retry = integer(words(block, "RetryDelaySeconds"), 1, kDelaySecondsMax);
  const std::string named = words(block, "ContactFlowId");
  if (asks()) return wait_for_words();
  const auto flow = named.empty() ? std::nullopt : id_of(named);
  const bool runs = flow && sees_.config.program(FlowId{*flow}) != nullptr;
  const bool lost = !queue && (find(block, "QueueId") != nullptr || find(block, "AgentId") != nullptr);
  if (lost || !attempts || !retry || !contact_.data.contains(contact::kCallbackNumber)) return Step::failed();
  if (named.empty() ? !delay || !queue || refuses(*queue) != nullptr : !runs) return Step::failed();

  contact::Contact callback;
  callback.id = ContactId{derive_uuid(contact_.id.value(), "callback " + block.id, flow_.visit)};
  callback.initial = contact_.initial;
  callback.previous = contact_.id;
  callback.kind = contact::Kind::work;
  callback.channel = contact::Channel::voice;
  callback.initiated = now_.hlc;
  callback.origin = sees_.self;
  callback.customer_name = contact_.customer_name;
  callback.attributes = contact_.attributes;
  callback.data = contact_.data;
  callback.key = contact_.key;
  callback.person = contact_.person;
  callback.place.queue = queue.value_or(QueueId{});
  callback.place.priority = contact_.place.priority;
  callback.callback.attempts_left = static_cast<std::uint32_t>(*attempts > 0 ? *attempts - 1 : 0);
  callback.callback.retry_delay = std::chrono::seconds{*retry};
  if (runs) {
    callback.flow.flow = FlowId{*flow};
  } else {
    callback.scheduled = Hlc::at((now_.hlc + std::chrono::seconds{*delay}).milliseconds());
    callback.flow.await = contact::Await::time;
    callback.flow.until = callback.scheduled;
  }
  out_.started.push_back(std::move(callback));
  return Step::next();
}

}  // namespace tandem::flow
