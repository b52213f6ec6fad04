#include "app/tandem/drill_watch.h"

#include <boost/json.hpp>

#include "app/client/answers.h"

namespace tandem::cli {
namespace {

using namespace std::chrono_literals;

constexpr auto kEvery = 40ms;
constexpr auto kPatience = 1500ms;  // a busy machine makes a node silent for a moment

}  // namespace

DrillWatch::DrillWatch(const Centre& centre, const OpsClient& ops)
    : centre_(centre), ops_(ops), thread_([this](const std::stop_token& stop) { run(stop); }) {}

DrillWatch::~DrillWatch() {
  thread_.request_stop();
  thread_.join();
}

void DrillWatch::expect(const std::string& region) {
  const std::lock_guard lock(mutex_);
  expected_.insert(region);
  excused_.insert(region);
}

void DrillWatch::excuse(const std::string& region) {
  const std::lock_guard lock(mutex_);
  excused_.insert(region);
}

void DrillWatch::expect_no_more(const std::string& region) {
  const std::lock_guard lock(mutex_);
  expected_.erase(region);
}

std::vector<DrillWatch::Seen> DrillWatch::news() {
  const std::lock_guard lock(mutex_);
  return std::exchange(news_, {});
}

std::optional<net::Clock::time_point> DrillWatch::missed() const {
  const std::lock_guard lock(mutex_);
  return missed_;
}

std::optional<std::string> DrillWatch::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

void DrillWatch::run(const std::stop_token& stop) {
  std::size_t turn = 0;
  while (!stop.stop_requested()) {
    const CentreNode& node = centre_.nodes[turn++ % centre_.nodes.size()];
    bool ask = false;
    {
      const std::lock_guard lock(mutex_);
      ask = !expected_.contains(node.region);
    }
    if (ask) look(node);
    std::this_thread::sleep_for(kEvery);
  }
}

void DrillWatch::look(const CentreNode& node) {
  const auto said = ops_.get(node, "status", 1s);
  const auto now = net::Clock::now();
  const std::lock_guard lock(mutex_);
  const auto tell = [&](const std::string& words) {
    if (told_.insert(words).second) news_.push_back({now, words});
  };
  const auto worry = [&](const std::string& about, bool bad, const std::string& words) {
    if (!bad) {
      worried_.erase(about);
      return;
    }
    const auto since = worried_.try_emplace(about, now).first->second;
    if (now - since > kPatience && !trouble_) trouble_ = words;
  };
  const bool excused = excused_.contains(node.region);
  if (!excused) worry(node.name(), !said, node.name() + " does not answer");
  if (!said) return;
  // A node that is away, or just back, may say anything of the others.
  if (excused) return;
  for (const json::value& value : cli::list(*said, "members")) {
    if (!value.is_object() || flag(value.get_object(), "self")) continue;
    const json::object& member = value.get_object();
    const json::value* number = member.if_contains("node");
    const CentreNode* about =
        number == nullptr ? nullptr : centre_.find(NodeId{static_cast<std::uint16_t>(number->to_number<int>())});
    if (about == nullptr) continue;
    const bool reached = flag(member, "reachable");
    const std::string state = text(member, "state");
    if (excused_.contains(about->region)) {
      if (!reached && expected_.contains(about->region)) {
        if (!missed_) missed_ = now;
        tell(node.name() + " does not reach " + about->name());
      }
      if (state != "active") tell(node.name() + " sees " + about->name() + " as " + state);
      continue;
    }
    worry(node.name() + " of " + about->name(), !reached, node.name() + " does not reach " + about->name());
    if (state == "evacuated" && !trouble_) trouble_ = about->name() + " is evacuated";
  }
}

}  // namespace tandem::cli
