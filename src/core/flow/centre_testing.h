// A small centre with one contact, for the tests of flows: configuration made of programs written in C++, and an
// outside that opens seals and answers. A sealed text is, here, its words behind a mark.
#pragma once

#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/flow/view.h"

namespace tandem::flow {

[[nodiscard]] KeyId test_key();
[[nodiscard]] Text seal(const std::string& words);
[[nodiscard]] std::string unseal(const Text& text);

// One action; its parts are added by name so that a test reads like the flow.
struct B {
  config::Block block;
  using Parameters = std::initializer_list<std::pair<std::string_view, std::string_view>>;
  B(std::string_view id, std::string_view type, Parameters parameters = {});
  B(const B& other);
  B(B&& other) noexcept;
  B& operator=(const B& other);
  B& operator=(B&& other) noexcept;
  ~B();
  B with(Parameters parameters) &&;
  B next(std::string_view to) &&;
  B on(std::string_view error, std::string_view to) &&;
  B when(std::string_view operand, std::string_view to, config::Operator op = config::Operator::equals) &&;
};
[[nodiscard]] B say(std::string_view id, std::string_view words, std::string_view next = "");

class Centre {
 public:
  Centre();
  ~Centre();
  Centre(const Centre&) = delete;
  Centre& operator=(const Centre&) = delete;

  Uuid put(config::Kind kind, const std::string& name, B::Parameters set);
  FlowId flow(const std::string& name, std::initializer_list<B> blocks, const std::string& type = "CONTACT_FLOW");
  FlowId flow(const std::string& name, const std::vector<B>& blocks, const std::string& type = "CONTACT_FLOW");
  FlowId flow(const std::string& name, std::shared_ptr<const config::Program> program,
              const std::string& type = "CONTACT_FLOW");
  [[nodiscard]] Sees sees() const;

  // Runs the contact through one event, twice: the same input gives the same output.
  Outcome give(const Event& event);
  Outcome again();             // resumes, as after a claim
  Outcome start(FlowId flow);  // from its first block
  Outcome wait(std::chrono::milliseconds time);
  Outcome write(const std::string& words);  // the customer writes
  Outcome open();                           // answers what the last run asked to be opened

  [[nodiscard]] std::string said() const;  // all that was shown, as "one|two"
  [[nodiscard]] std::string last_said() const;

  config::State config;
  contact::Contact contact;
  Now now{Mono{1h}, Hlc::at(1'772'450'000'000)};  // 2026-03-02, a Monday, 11:13 UTC
  Rng rng{7};
  std::function<std::size_t(QueueId)> waiting;
  decltype(Sees::metrics) metrics;
  std::vector<contact::Item> shown;
  std::optional<Resolve> asked;
  std::optional<InvokeFunction> called;
  std::vector<contact::Contact> started;

 private:
  void take(const Outcome& out);
  std::uint64_t puts_ = 0;
};

}  // namespace tandem::flow
