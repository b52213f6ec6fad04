// What a drill may make wrong in this node.
#include "api/ops/views.h"

namespace tandem::api {

std::vector<std::string> FaultOrder::words() const {
  std::vector<std::string> out;
  const auto say = [&out](const std::string& what) { out.push_back("a drill's fault stands: " + what); };
  if (commit_delay.count() != 0) say("every commit is " + std::to_string(commit_delay.count()) + " ms late");
  if (disk_full) say("the disk counts as full");
  if (clock.count() != 0) say("the wall clock is " + std::to_string(clock.count()) + " ms off");
  return out;
}

namespace ops {
namespace {

constexpr std::int64_t kDelayMax = 10'000;
constexpr std::int64_t kClockMax = 24LL * 3'600'000;
constexpr std::int64_t kLastsMax = 3'600'000;

Result<std::chrono::milliseconds> milliseconds(const json::object& body, const char* member, std::int64_t least,
                                               std::int64_t most) {
  const json::value* value = body.if_contains(member);
  if (value == nullptr) return std::chrono::milliseconds{};
  if (!value->is_int64() || value->get_int64() < least || value->get_int64() > most) {
    return fail(Errc::invalid, "'" + std::string(member) + "' is a number of milliseconds from " +
                                   std::to_string(least) + " to " + std::to_string(most));
  }
  return std::chrono::milliseconds(value->get_int64());
}

Result<FaultOrder> read(const json::object& body) {
  FaultOrder out;
  const auto delay = milliseconds(body, "commit_delay_ms", 0, kDelayMax);
  const auto clock = milliseconds(body, "clock_ms", -kClockMax, kClockMax);
  const auto lasts = milliseconds(body, "for_ms", 0, kLastsMax);
  for (const auto* each : {&delay, &clock, &lasts}) {
    if (!*each) return std::unexpected(each->error());
  }
  out.commit_delay = *delay;
  out.clock = *clock;
  out.lasts = *lasts;
  const json::value* full = body.if_contains("disk_full");
  out.disk_full = full != nullptr && full->is_bool() && full->get_bool();
  const bool any = out.disk_full || out.commit_delay.count() != 0 || out.clock.count() != 0;
  if (any && out.lasts.count() == 0) return fail(Errc::invalid, "'for_ms' is missing: a fault ends by itself");
  return out;
}

}  // namespace

void order_faults(const CallPtr& call) {
  const auto body = parse_object(call->request.body);
  if (!body) return refuse(*call, {Errc::invalid, "the body is no JSON object"});
  const auto order = read(*body);
  if (!order) return refuse(*call, order.error());
  if (!call->sources.faults) return refuse(*call, {Errc::refused, "this node offers no faults"});
  if (const auto done = call->sources.faults(*order); !done) return refuse(*call, done.error());
  const auto words = order->words();
  call->host.log("warning", "operator " + call->operator_name + (words.empty() ? " ends the faults of a drill" : ""));
  json::array stand;
  for (const std::string& each : words) {
    call->host.log("warning", "operator " + call->operator_name + ": " + each);
    stand.emplace_back(each);
  }
  answer(*call, {{"faults", std::move(stand)}});
}

}  // namespace ops
}  // namespace tandem::api
