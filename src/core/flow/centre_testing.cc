#include "core/flow/centre_testing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace tandem::flow {
namespace {

constexpr std::string_view kSealMark = "sealed:";

// What stands for the content of a flow is the place of its program in here: the core parses nothing.
std::map<std::string, std::shared_ptr<const config::Program>>& programs() {
  static std::map<std::string, std::shared_ptr<const config::Program>> all;
  return all;
}
std::shared_ptr<const config::Program> compile(std::string_view content) {
  const auto at = programs().find(std::string(content));
  return at == programs().end() ? nullptr : at->second;
}

}  // namespace

KeyId test_key() { return KeyId{derive_uuid(Uuid{}, "key")}; }
Text seal(const std::string& words) { return Text{test_key(), std::string(12, 'n'), std::string(kSealMark) + words}; }
std::string unseal(const Text& text) { return text.sealed() ? text.bytes.substr(kSealMark.size()) : text.bytes; }

B::B(std::string_view id, std::string_view type, Parameters parameters) {
  block.id = id;
  block.type = type;
  for (const auto& [name, value] : parameters) block.parameters[std::string(name)] = value;
}
B::B(const B& other) = default;
B::B(B&& other) noexcept = default;
B& B::operator=(const B& other) = default;
B& B::operator=(B&& other) noexcept = default;
B::~B() = default;
B B::with(Parameters parameters) && {
  for (const auto& [name, value] : parameters) block.parameters[std::string(name)] = value;
  return std::move(*this);
}
B B::next(std::string_view to) && {
  block.next = to;
  return std::move(*this);
}
B B::on(std::string_view error, std::string_view to) && {
  block.errors[std::string(error)] = to;
  return std::move(*this);
}
B B::when(std::string_view operand, std::string_view to, config::Operator op) && {
  block.branches.push_back({config::Condition{op, std::string(operand), {}}, std::string(to)});
  return std::move(*this);
}
B say(std::string_view id, std::string_view words, std::string_view next) {
  return B(id, "MessageParticipant", {{"Text", words}}).next(next);
}

Centre::Centre() : config(compile) {
  contact.id = ContactId{derive_uuid(Uuid{}, "contact")};
  contact.initial = contact.id;
  contact.key = test_key();
  contact.initiated = now.hlc;
}
Centre::~Centre() = default;

Uuid Centre::put(config::Kind kind, const std::string& name, B::Parameters set) {
  const Uuid id = derive_uuid(Uuid{}, name, static_cast<std::uint64_t>(kind));
  config::Put put{kind, id, true, {{"name", name}}};
  for (const auto& [field, value] : set) put.set[std::string(field)] = value;
  config.apply(put, Meta{LogId{NodeId{1}, {}}, {}, Hlc::at(++puts_), {}});
  return id;
}

FlowId Centre::flow(const std::string& name, std::initializer_list<B> blocks, const std::string& type) {
  return flow(name, std::vector<B>(blocks), type);
}

FlowId Centre::flow(const std::string& name, const std::vector<B>& blocks, const std::string& type) {
  auto program = std::make_shared<config::Program>();
  if (!blocks.empty()) program->start = blocks.front().block.id;
  for (const B& b : blocks) program->blocks.emplace(b.block.id, b.block);
  return flow(name, std::move(program), type);
}

FlowId Centre::flow(const std::string& name, std::shared_ptr<const config::Program> program, const std::string& type) {
  const std::string content = name + "#" + std::to_string(programs().size());
  programs()[content] = std::move(program);
  return FlowId{put(config::Kind::flow, name, {{"content", content}, {"type", type}})};
}

Sees Centre::sees() const {
  return Sees{config, NodeId{1}, "us-east-1", "arn:aws:connect:us-east-1:111122223333:instance/i-1", waiting, metrics};
}

Outcome Centre::give(const Event& event) {
  Rng once_more = rng;
  const Outcome second = advance(sees(), contact, event, now, once_more);
  Outcome out = advance(sees(), contact, event, now, rng);
  EXPECT_EQ(rng.state, once_more.state);
  EXPECT_EQ(out.next, second.next);
  EXPECT_EQ(out.items, second.items);
  EXPECT_EQ(out.path, second.path);
  EXPECT_EQ(out.started, second.started);
  EXPECT_EQ(out.effects.size(), second.effects.size());
  if (std::holds_alternative<Message>(event) && !hears(config, contact)) {
    EXPECT_EQ(out.next, contact);
    EXPECT_TRUE(out.items.empty() && out.effects.empty());
  }
  take(out);
  return out;
}

Outcome Centre::again() {
  Outcome out = resume(sees(), contact, now, rng);
  take(out);
  return out;
}

Outcome Centre::start(FlowId flow) {
  contact.flow.flow = flow;
  return give(Start{});
}

Outcome Centre::wait(std::chrono::milliseconds time) {
  now.hlc = now.hlc + time;
  now.mono = now.mono + time;
  return give(Timer{});
}

Outcome Centre::write(const std::string& words) { return give(Message{seal(words), derive_uuid(Uuid{}, words)}); }

Outcome Centre::open() {
  EXPECT_TRUE(asked.has_value()) << "nothing was asked";
  if (!asked) return {};
  const Resolve ask = *std::exchange(asked, std::nullopt);
  EXPECT_EQ(ask.key, contact.key);
  Resolved answer{ask.visit, {}, {}};
  for (const auto& [key, value] : ask.values) answer.plain[key] = unseal(value);
  for (const auto& [name, text] : ask.texts) answer.rendered[name] = seal(render(text, answer.plain));
  return give(answer);
}

std::string Centre::said() const {
  std::string out;
  for (const contact::Item& item : shown) out += (out.empty() ? "" : "|") + unseal(item.content);
  return out;
}

std::string Centre::last_said() const { return shown.empty() ? "" : unseal(shown.back().content); }

void Centre::take(const Outcome& out) {
  contact = out.next;
  started.insert(started.end(), out.started.begin(), out.started.end());
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

}  // namespace tandem::flow
