// Any bytes as a contact flow. What compiles names only blocks it has, compiles alike every time, and runs: a contact
// is taken through it with messages, time and answers, and every run ends within its bounds.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "core/config/program.h"
#include "core/flow/view.h"
#include "record/flow_json.h"

namespace {

using namespace tandem;

constexpr std::size_t kContentBytesMax = 64 * 1024;

void check_targets(const config::Program& program) {
  const auto known = [&](const std::string& id) { return program.blocks.contains(id); };
  TANDEM_CHECK(known(program.start));
  for (const auto& [id, block] : program.blocks) {
    TANDEM_CHECK(block.id == id && !id.empty());
    TANDEM_CHECK(block.next.empty() || known(block.next));
    for (const auto& [type, next] : block.errors) TANDEM_CHECK(known(next));
    for (const config::Branch& branch : block.branches) TANDEM_CHECK(known(branch.next));
  }
}

void run(std::string_view content) {
  config::State config{record::compile_or_null};
  const FlowId flow{derive_uuid(Uuid{}, "flow")};
  const QueueId queue{derive_uuid(Uuid{}, "queue")};
  const Meta meta{LogId{NodeId{1}, {}}, Sequence{1}, Hlc::at(1), {}};
  config.apply(config::Put{config::Kind::queue, queue.value(), true, {{"name", "q"}}}, meta);
  config.apply(
      config::Put{config::Kind::flow,
                  flow.value(),
                  true,
                  {{"name", "Default customer queue"}, {"type", "CUSTOMER_QUEUE"}, {"content", std::string(content)}}},
      meta);
  const flow::Sees sees{config, NodeId{1}, "us-east-1", "arn:aws:connect:us-east-1:1:instance/i", {}};
  const KeyId key{derive_uuid(Uuid{}, "key")};
  contact::Contact contact;
  contact.id = ContactId{derive_uuid(Uuid{}, "contact")};
  contact.key = key;
  contact.flow.flow = flow;
  contact.place.queue = queue;
  contact.attributes["a"] = Text{key, std::string(12, 'n'), "sealed"};
  Now now{Mono{1h}, Hlc::at(1'772'450'000'000)};
  Rng rng{1};
  flow::Event event = flow::Start{};
  for (int n = 0; n < 12; ++n) {
    const flow::Outcome out = flow::advance(sees, contact, event, now, rng);
    TANDEM_CHECK(out.path.size() <= static_cast<std::size_t>(flow::kBlocksPerRunMax));
    TANDEM_CHECK(out.next.phase != contact::Phase::in_flow || out.next.flow.await != contact::Await::nothing);
    contact = out.next;
    switch (contact.flow.await) {
      case contact::Await::nothing:
        return;
      case contact::Await::input:
        event = flow::Message{Text::plain(std::to_string(n)), {}};
        break;
      case contact::Await::time:
        now.hlc = contact.flow.until;
        event = flow::Timer{};
        break;
      case contact::Await::function:
        event = flow::Returned{contact.flow.visit, n % 2 == 0, {{"x", Text::plain("1")}}};
        break;
      case contact::Await::resolve: {
        flow::Resolved answer{contact.flow.visit, {}, {}};
        for (const flow::Effect& effect : out.effects) {
          const auto& ask = std::get<Resolve>(effect);
          for (const auto& [reference, value] : ask.values) answer.plain[reference] = "opened";
          for (const auto& [name, text] : ask.texts) {
            answer.rendered[name] = Text{key, std::string(12, 'n'), flow::render(text, answer.plain)};
          }
        }
        event = answer;
        break;
      }
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > kContentBytesMax) return 0;
  const std::string_view content(reinterpret_cast<const char*>(data), size);
  const auto program = record::compile_flow(content);
  TANDEM_CHECK(program.has_value() || !program.error().detail.empty());
  TANDEM_CHECK((record::compile_or_null(content) != nullptr) == program.has_value());
  if (!program) return 0;
  TANDEM_CHECK(**program == **record::compile_flow(content));
  check_targets(**program);
  run(content);
  return 0;
}
