// A small centre with one contact, for the tests of flows: configuration made of programs written in C++, and an
// outside that opens seals and answers. A sealed text is, here, its words behind a mark.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/flow/view.h"

namespace tandem::flow {

inline constexpr const char* kSealMark = "sealed:";

inline KeyId test_key() { return KeyId{derive_uuid(Uuid{}, "key")}; }
inline Text seal(const std::string& words) { return Text{test_key(), std::string(12, 'n'), kSealMark + words}; }
inline std::string unseal(const Text& text) {
  return text.sealed() ? text.bytes.substr(std::string(kSealMark).size()) : text.bytes;
}

// One action; its parts are added by name so that a test reads like the flow.
struct B {
  config::Block block;
  B(std::string id, std::string type, std::map<std::string, std::string> parameters = {}) {
    block.id = std::move(id);
    block.type = std::move(type);
    block.parameters = std::move(parameters);
  }
  B next(std::string to) && {
    block.next = std::move(to);
    return std::move(*this);
  }
  B on(std::string error, std::string to) && {
    block.errors[std::move(error)] = std::move(to);
    return std::move(*this);
  }
  B when(std::string operand, std::string to, config::Operator op = config::Operator::equals) && {
    block.branches.push_back({config::Condition{op, std::move(operand), {}}, std::move(to)});
    return std::move(*this);
  }
};
// Ends that tell where a flow came out.
inline B say(const std::string& id, const std::string& words, const std::string& next = "") {
  return B(id, "MessageParticipant", {{"Text", words}}).next(next);
}

class Centre {
 public:
  Centre() {
    contact.id = ContactId{derive_uuid(Uuid{}, "contact")};
    contact.initial = contact.id;
    contact.key = test_key();
    contact.initiated = now.hlc;
  }

  static std::shared_ptr<const config::Program> compile(std::string_view content) {
    const auto at = programs().find(std::string(content));
    return at == programs().end() ? nullptr : at->second;
  }
  static std::map<std::string, std::shared_ptr<const config::Program>>& programs() {
    static std::map<std::string, std::shared_ptr<const config::Program>> all;
    return all;
  }

  Uuid put(config::Kind kind, const std::string& name, std::map<std::string, std::string> set) {
    const Uuid id = derive_uuid(Uuid{}, name, static_cast<std::uint64_t>(kind));
    set["name"] = name;
    config.apply(config::Put{kind, id, true, std::move(set)}, Meta{LogId{NodeId{1}, {}}, {}, Hlc::at(++puts_), {}});
    return id;
  }
  FlowId flow(const std::string& name, std::vector<B> blocks, const std::string& type = "CONTACT_FLOW") {
    auto program = std::make_shared<config::Program>();
    if (!blocks.empty()) program->start = blocks.front().block.id;
    for (B& b : blocks) program->blocks.emplace(b.block.id, b.block);
    return flow(name, std::move(program), type);
  }
  FlowId flow(const std::string& name, std::shared_ptr<const config::Program> program,
              const std::string& type = "CONTACT_FLOW") {
    const std::string content = name + "#" + std::to_string(programs().size());
    programs()[content] = std::move(program);
    return FlowId{put(config::Kind::flow, name, {{"content", content}, {"type", type}})};
  }

  [[nodiscard]] Sees sees() const {
    return Sees{config, NodeId{1}, "us-east-1", "arn:aws:connect:us-east-1:111122223333:instance/i-1", waiting};
  }

  // Runs the contact through one event, twice: the same input gives the same output.
  Outcome give(const Event& event) {
    Rng again = rng;
    const Outcome second = advance(sees(), contact, event, now, again);
    Outcome out = advance(sees(), contact, event, now, rng);
    EXPECT_EQ(rng.state, again.state);
    expect_equal(out, second);
    take(out);
    return out;
  }
  Outcome again() {
    Outcome out = resume(sees(), contact, now, rng);
    take(out);
    return out;
  }
  void expect_equal(const Outcome& a, const Outcome& b) {
    EXPECT_EQ(a.next, b.next);
    EXPECT_EQ(a.items, b.items);
    EXPECT_EQ(a.path, b.path);
    EXPECT_EQ(a.effects.size(), b.effects.size());
  }
  // Begins `id` from its first block.
  Outcome start(FlowId id) {
    contact.flow.flow = id;
    return give(Start{});
  }
  Outcome wait(std::chrono::milliseconds time) {
    now.hlc = now.hlc + time;
    now.mono = now.mono + time;
    return give(Timer{});
  }
  Outcome write(const std::string& words) { return give(Message{seal(words), derive_uuid(Uuid{}, words)}); }

  // Answers what the last run asked to be opened.
  Outcome open() {
    EXPECT_TRUE(asked.has_value()) << "nothing was asked";
    if (!asked) return {};
    const Resolve ask = *std::exchange(asked, std::nullopt);
    EXPECT_EQ(ask.key, contact.key);
    Resolved answer{ask.visit, {}, {}};
    for (const auto& [key, value] : ask.values) answer.plain[key] = unseal(value);
    for (const auto& [name, text] : ask.texts) answer.rendered[name] = seal(render(text, answer.plain));
    return give(answer);
  }

  [[nodiscard]] std::vector<std::string> said() const {
    std::vector<std::string> out;
    for (const contact::Item& item : shown) out.push_back(unseal(item.content));
    return out;
  }

  config::State config{compile};
  contact::Contact contact;
  Now now{Mono{1h}, Hlc::at(1'772'450'000'000)};  // 2026-03-02, a Monday, 11:13 UTC
  Rng rng{7};
  std::function<std::size_t(QueueId)> waiting;
  std::vector<contact::Item> shown;
  std::optional<Resolve> asked;
  std::optional<InvokeFunction> called;

 private:
  void take(const Outcome& out) {
    contact = out.next;
    for (const contact::Item& item : out.items) {
      EXPECT_EQ(item.content_type, "text/plain");
      EXPECT_EQ(item.role, contact::Role::system);
      EXPECT_EQ(item.display_name, Text::plain("SYSTEM_MESSAGE"));
      EXPECT_EQ(item.at, now.hlc);
      const bool known = std::ranges::find(shown, item.id, &contact::Item::id) != shown.end();
      if (!known) shown.push_back(item);
    }
    for (const Effect& effect : out.effects) {
      const Fence& fence = std::visit([](const auto& e) -> const Fence& { return e.fence; }, effect);
      EXPECT_EQ(fence.contact, contact.id);
      EXPECT_EQ(fence.term, Term{});
      EXPECT_GT(fence.not_after, now.mono);
      if (const auto* resolve = std::get_if<Resolve>(&effect)) asked = *resolve;
      if (const auto* call = std::get_if<InvokeFunction>(&effect)) called = *call;
    }
  }
  std::uint64_t puts_ = 0;
};

}  // namespace tandem::flow
