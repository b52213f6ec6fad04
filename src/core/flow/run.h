// One run of a flow: the contact as it changes, and what the actions share.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/flow/values.h"
#include "core/flow/view.h"

namespace tandem::flow {

// How an action went on.
struct Step {
  enum class Kind : std::uint8_t {
    next,    // done, without a result
    result,  // done; the branches compare `value`
    failed,  // `value` is the ErrorType
    wait,    // `contact.flow` says for what
    over,    // the flow ended, or another one stands at its start
  };
  Kind kind = Kind::next;
  std::string value;
  bool exact = true;  // case counts when branches compare

  static Step next() { return {}; }
  static Step result(std::string value) { return {Kind::result, std::move(value), true}; }
  // One of the words an action defines itself; exporters differ in case.
  static Step word(std::string value) { return {Kind::result, std::move(value), false}; }
  static Step failed(std::string type = "NoMatchingError") { return {Kind::failed, std::move(type), true}; }
  static Step wait() { return {Kind::wait, {}, true}; }
  static Step over() { return {Kind::over, {}, true}; }
};

class Run {
 public:
  Run(const Sees& sees, const contact::Contact& contact, const Now& now, Rng& rng)
      : sees_(sees), now_(now), rng_(rng), out_{contact, {}, {}, {}, {}}, contact_(out_.next), flow_(out_.next.flow) {}
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  // A flow that has not begun begins; another stands at the block it was left at.
  void begin();
  // Takes up the waiting block because of `event`, then runs on. Null: asks again for what the block waits for.
  void take_up(const Event* event);
  [[nodiscard]] Outcome finish() { return std::move(out_); }
  [[nodiscard]] static bool has_prefix(const config::Block& block, const std::string& prefix);

 private:
  using Action = Step (Run::*)(const config::Block&);
  friend struct Actions;

  void run(bool fresh);
  [[nodiscard]] Step act(const config::Block& block);
  void follow(const config::Block& block, const Step& step);
  void enter(FlowId flow, const config::Program& program);
  void end_flow();

  // The event the block at hand was taken up with, when it is of that kind.
  template <class E>
  [[nodiscard]] const E* taken_up_with() const {
    return event_ == nullptr ? nullptr : std::get_if<E>(event_);
  }
  [[nodiscard]] bool timed_out() const { return taken_up_with<Timer>() != nullptr; }

  // Parameters. What is sealed is not there at once: the action reads all it needs, then returns `wait_for_words()` if
  // `asks()`; it is called again, from the start, when the words are there.
  [[nodiscard]] static const std::string* find(const config::Block& block, const std::string& parameter);
  // Opened words, references put in; empty when the parameter is absent.
  [[nodiscard]] std::string words(const config::Block& block, const std::string& parameter);
  [[nodiscard]] std::string words_of(std::string_view text);
  // Words that are kept in the clear; nothing when a sealed value would be among them.
  [[nodiscard]] std::optional<std::string> plain_words(std::string_view text) const;
  // Words of a value that is no parameter, under the reference that names it.
  [[nodiscard]] std::string words_of(const std::string& key, const Text& value);
  // Text to be kept or shown, under the parameter's name; nothing when it could not be rendered.
  [[nodiscard]] std::optional<Text> text(const std::string& name, const std::string& words);
  [[nodiscard]] bool asks() const { return !answered() && (!needed_values_.empty() || !needed_texts_.empty()); }
  [[nodiscard]] bool answered() const { return taken_up_with<Resolved>() != nullptr; }
  [[nodiscard]] Step wait_for_words();
  [[nodiscard]] Step wait_until(contact::Await await, std::chrono::milliseconds from_now);
  void show(Text words);

  // The queue that QueueId or AgentId names. Nothing: there is none of that name.
  [[nodiscard]] std::optional<QueueId> named_queue(const config::Block& block);
  // Likewise; the target queue, if one is set, when the block names none.
  [[nodiscard]] std::optional<QueueId> measured_queue(const config::Block& block);
  // Why no contact may be put into the queue, as an ErrorType; null: it may.
  [[nodiscard]] const char* refuses(QueueId queue) const;
  Step begin_waiting();

  [[nodiscard]] bool queued() const { return contact_.phase != contact::Phase::in_flow; }
  [[nodiscard]] bool chat() const { return contact_.channel == contact::Channel::chat; }

  // Actions. In queues.cc.
  Step target_queue(const config::Block& block);
  Step check_metric_data(const config::Block& block);
  Step get_metric_data(const config::Block& block);
  Step transfer_to_queue(const config::Block& block);
  Step dequeue_and_transfer(const config::Block& block);
  // In callback.cc.
  Step callback_number(const config::Block& block);
  Step create_callback(const config::Block& block);
  // In actions.cc.
  Step message(const config::Block& block);
  Step messages_in_turn(const config::Block& block);
  Step get_input(const config::Block& block);
  Step judge_input(const config::Block& block);
  Step disconnect(const config::Block& block);
  Step compare(const config::Block& block);
  Step loop(const config::Block& block);
  Step wait(const config::Block& block);
  Step check_hours(const config::Block& block);
  Step distribute(const config::Block& block);
  Step transfer_to_flow(const config::Block& block);
  Step end_execution(const config::Block& block);
  Step flow_attributes(const config::Block& block);
  Step contact_attributes(const config::Block& block);
  Step contact_data(const config::Block& block);
  Step event_hooks(const config::Block& block);
  Step routing_behavior(const config::Block& block);
  // In criteria.cc. The parts append what stands under `at`; false: it is no expression.
  Step routing_criteria(const config::Block& block);
  bool routing_expression(const config::Block& block, const std::string& at, contact::Expression& out, int depth);
  bool attribute_condition(const config::Block& block, const std::string& at, contact::Expression& out);
  Step recording_and_analytics(const config::Block& block);
  Step invoke_function(const config::Block& block);
  Step accepted(const config::Block& block);

  const Sees& sees_;
  const Now now_;
  Rng& rng_;
  Outcome out_;
  contact::Contact& contact_;
  contact::Position& flow_;
  const Event* event_ = nullptr;
  // What the block at hand waited for before it was taken up.
  contact::Await waited_for_ = contact::Await::nothing;
  Hlc waited_until_;
  std::size_t shown_bytes_ = 0;
  std::map<std::string, Text> needed_values_;
  std::map<std::string, std::string> needed_texts_;
};

// Whether a result meets a condition.
[[nodiscard]] bool holds(const config::Condition& condition, std::string_view result, bool exact);

}  // namespace tandem::flow
