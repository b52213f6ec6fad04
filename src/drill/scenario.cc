#include "drill/scenario.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>
#include <optional>

#include <fmt/format.h>

namespace tandem::drill {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kBytesMax = 64U * 1024;
constexpr std::size_t kNestingMax = 32;
constexpr std::size_t kStepsMax = 50;
constexpr Ms kTimeMax = 24h;
constexpr std::array<const char*, static_cast<std::size_t>(Fault::last_) + 1> kFaults = {
    "kill", "freeze", "cut", "slow-disk", "full-disk", "clock-jump", "bad-deploy"};
constexpr std::array<const char*, 3> kWays = {"both", "in", "out"};

struct Bad {
  int line;  // from 1; 0: of the whole
  std::string what;
};

int line_of(const YAML::Node& at) { return at.Mark().line + 1; }

std::string scalar(const YAML::Node& at, const std::string& key) {
  if (!at.IsScalar()) throw Bad{line_of(at), "'" + key + "' is one word or number"};
  return at.Scalar();
}

Ms time_of(const YAML::Node& at, const std::string& key, bool may_be_negative = false) {
  const auto read = read_time(scalar(at, key));
  if (!read) throw Bad{line_of(at), "'" + key + "': " + read.error().detail};
  if (*read < 0ms && !may_be_negative) throw Bad{line_of(at), "'" + key + "' must not be negative"};
  return *read;
}

template <class Number>
Number number_of(const YAML::Node& at, const std::string& key, Number least, Number most) {
  const std::string text = scalar(at, key);
  Number out{};
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (wrong != std::errc{} || end != text.data() + text.size() || !(out >= least && out <= most)) {
    throw Bad{line_of(at), fmt::format("'{}' is a number from {} to {}", key, least, most)};
  }
  return out;
}

// A mapping whose keys are all known, and none of them twice.
void check_keys(const YAML::Node& at, const std::string& what, std::initializer_list<const char*> known) {
  if (!at.IsMap()) throw Bad{line_of(at), what + " is a mapping"};
  std::set<std::string> seen;
  for (const auto& entry : at) {
    const std::string key = scalar(entry.first, "a key");
    if (std::ranges::find(known, key) == known.end()) {
      throw Bad{line_of(entry.first), fmt::format("{} has no '{}'; it has {}", what, key, fmt::join(known, ", "))};
    }
    if (!seen.insert(key).second) throw Bad{line_of(entry.first), "'" + key + "' stands there twice"};
  }
}

template <std::size_t N>
std::size_t one_of(const YAML::Node& at, const std::string& key, const std::array<const char*, N>& names) {
  const auto found = std::ranges::find(names, scalar(at, key));
  if (found == names.end()) {
    throw Bad{line_of(at), fmt::format("'{}' is one of {}", key, fmt::join(names, ", "))};
  }
  return static_cast<std::size_t>(found - names.begin());
}

void only_for(const YAML::Node& at, const char* key, bool right, const char* whom) {
  if (at[key] && !right) throw Bad{line_of(at[key]), fmt::format("'{}' is for {} alone", key, whom)};
}

Step read_step(const YAML::Node& at) {
  check_keys(at, "a step", {"at", "fault", "target", "for", "link", "way", "by", "flow"});
  const auto need = [&](const char* key) {
    if (!at[key]) throw Bad{line_of(at), fmt::format("the step has no '{}'", key)};
    return at[key];
  };
  Step out;
  out.fault = static_cast<Fault>(one_of(need("fault"), "fault", kFaults));
  if (at["at"]) out.at = time_of(at["at"], "at");
  out.lasts = time_of(need("for"), "for");
  if (out.lasts < 100ms) throw Bad{line_of(at["for"]), "a fault lasts 100ms at least"};
  const bool deploys = out.fault == Fault::bad_deploy;
  if (!deploys) out.target = scalar(need("target"), "target");
  only_for(at, "target", !deploys, "faults of one node, and bad-deploy has none; 'target'");
  only_for(at, "link", out.fault == Fault::cut, "cut");
  only_for(at, "way", out.fault == Fault::cut, "cut");
  only_for(at, "by", out.fault == Fault::slow_disk || out.fault == Fault::clock_jump, "slow-disk and clock-jump");
  only_for(at, "flow", deploys, "bad-deploy");
  if (at["link"]) out.link = scalar(at["link"], "link");
  if (at["way"]) out.way = static_cast<Way>(one_of(at["way"], "way", kWays));
  if (out.fault == Fault::slow_disk || out.fault == Fault::clock_jump) {
    out.by = time_of(need("by"), "by", out.fault == Fault::clock_jump);
    if (out.by == 0ms) throw Bad{line_of(at["by"]), "'by' must not be 0"};
  }
  if (at["flow"]) out.flow = scalar(at["flow"], "flow");
  if (out.link == out.target && !out.link.empty()) throw Bad{line_of(at["link"]), "a link has two ends"};
  return out;
}

Scenario read(const YAML::Node& root) {
  check_keys(root, "a scenario", {"name", "about", "people", "steps"});
  Scenario out;
  if (!root["name"]) throw Bad{line_of(root), "the scenario has no 'name'"};
  out.name = scalar(root["name"], "name");
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ' ' || c == '-';
  };
  if (out.name.empty() || out.name.size() > 60 || !std::ranges::all_of(out.name, plain)) {
    throw Bad{line_of(root["name"]), "'name' has up to 60 letters, digits, spaces and dashes"};
  }
  if (root["about"]) out.about = scalar(root["about"], "about");
  if (const YAML::Node people = root["people"]) {
    check_keys(people, "'people'", {"rate", "agents", "think", "before", "after", "every-gateway"});
    if (people["rate"]) out.rate = number_of<double>(people["rate"], "rate", 0.1, 1000);
    if (people["agents"]) out.agents = number_of<std::uint32_t>(people["agents"], "agents", 1, 5000);
    if (people["think"]) out.think = std::min(time_of(people["think"], "think"), Ms{60'000});
    if (people["before"]) out.before = time_of(people["before"], "before");
    if (people["after"]) out.after = time_of(people["after"], "after");
    if (people["every-gateway"]) out.every_gateway = scalar(people["every-gateway"], "every-gateway") == "true";
  }
  const YAML::Node steps = root["steps"];
  if (!steps || !steps.IsSequence() || steps.size() == 0) {
    throw Bad{steps ? line_of(steps) : line_of(root), "'steps' is a list of at least one fault"};
  }
  if (steps.size() > kStepsMax) throw Bad{line_of(steps), fmt::format("at most {} steps", kStepsMax)};
  for (const YAML::Node& step : steps) out.steps.push_back(read_step(step));
  // Two faults of one kind on one node at a time could not be told apart when they are taken back.
  for (std::size_t a = 0; a < out.steps.size(); ++a) {
    for (std::size_t b = 0; b < a; ++b) {
      const Step& x = out.steps[a];
      const Step& y = out.steps[b];
      const bool same = x.fault == y.fault && x.target == y.target && x.link == y.link;
      const bool meet = x.at < y.at + y.lasts && y.at < x.at + x.lasts;
      if (same && meet) throw Bad{line_of(steps[a]), fmt::format("step {} is still going on then", b + 1)};
    }
  }
  const Ms first = std::ranges::min(out.steps, {}, &Step::at).at;
  for (Step& step : out.steps) step.at -= first;
  return out;
}

// yaml-cpp reads nested collections by recursion: what a person would never nest is refused before.
bool too_deep(std::string_view text) {
  std::size_t depth = 0;
  std::size_t dashes = 0;
  for (const char c : text) {
    if (c == '[' || c == '{') ++depth;
    if ((c == ']' || c == '}') && depth > 0) --depth;
    if (c == '-' || c == '?' || c == ':') ++dashes;
    if (c == '\n') dashes = 0;
    if (depth > kNestingMax || dashes > 4 * kNestingMax) return true;
  }
  return false;
}

Scenario one(const char* name, const char* about, std::vector<Step> steps) {
  return {.name = name, .about = about, .steps = std::move(steps)};
}

}  // namespace

const char* fault_name(Fault fault) { return kFaults.at(static_cast<std::size_t>(fault)); }
const char* way_name(Way way) { return kWays.at(static_cast<std::size_t>(way)); }

Ms Scenario::length() const {
  Ms out{};
  for (const Step& step : steps) out = std::max(out, step.at + step.lasts);
  return out;
}

std::vector<Scenario> built_in() {
  std::vector<Scenario> out{
      one("kill", "all processes of a region end at once, as in a loss of power",
          {{.lasts = 10s, .fault = Fault::kill, .target = "region"}}),
      one("freeze", "a region's processes stand still, and go on as if nothing had happened",
          {{.lasts = 5s, .fault = Fault::freeze, .target = "region"}}),
      one("hub-loss", "the neutral site is lost: no witness, no relay, one gateway less",
          {{.lasts = 10s, .fault = Fault::kill, .target = "hub"}}),
      one("loss-of-two", "a second region is lost three seconds after the first",
          {{.lasts = 12s, .fault = Fault::kill, .target = "region"},
           {.at = 3s, .lasts = 9s, .fault = Fault::kill, .target = "other"}}),
      one("cut", "nobody reaches a region, and it reaches nobody: all links and its public address",
          {{.lasts = 8s, .fault = Fault::cut, .target = "region"}}),
      one("slow-disk", "every commit of a region's log is late",
          {{.lasts = 8s, .fault = Fault::slow_disk, .target = "region", .by = 400ms}}),
      one("full-disk", "a region's disk takes no more records",
          {{.lasts = 8s, .fault = Fault::full_disk, .target = "region"}}),
      one("clock-jump", "a region's wall clock jumps",
          {{.lasts = 8s, .fault = Fault::clock_jump, .target = "region", .by = 90s}}),
      one("bad-deploy", "a broken flow is published where new chats begin",
          {{.lasts = 5s, .fault = Fault::bad_deploy}})};
  for (Scenario& scenario : out) scenario.every_gateway = scenario.name == "hub-loss";
  return out;
}

Result<Scenario> read_scenario(std::string_view yaml) {
  if (yaml.size() > kBytesMax) return fail(Errc::invalid, "a scenario has at most 64 KiB");
  if (too_deep(yaml)) return fail(Errc::invalid, "the scenario is nested too deeply");
  const auto at = [](int line, const std::string& what) {
    return fail(Errc::invalid, line > 0 ? "line " + std::to_string(line) + ": " + what : what);
  };
  try {
    const YAML::Node root = YAML::Load(std::string(yaml));
    if (!root.IsMap()) return at(1, "a scenario is a mapping with 'name' and 'steps'");
    return read(root);
  } catch (const YAML::Exception& e) {
    return at(e.mark.line + 1, e.msg);
  } catch (const Bad& bad) {
    return at(bad.line, bad.what);
  }
}

Result<Scenario> resolved(Scenario scenario, const std::vector<std::string>& regions, const std::string& region) {
  const auto own = std::ranges::find(regions, region);
  if (own == regions.end()) return fail(Errc::invalid, "the centre has no region " + region);
  const auto name = [&](std::string& word) -> Result<void> {
    if (word == "region") word = region;
    if (word == "other") {
      if (regions.size() < 2) return fail(Errc::invalid, "the centre has no other region");
      word = own + 1 == regions.end() ? regions.front() : *(own + 1);
    }
    if (!word.empty() && word != "hub" && std::ranges::find(regions, word) == regions.end()) {
      return fail(Errc::invalid, "the centre has no region " + word);
    }
    return {};
  };
  for (Step& step : scenario.steps) {
    if (auto good = name(step.target); !good) return std::unexpected(good.error());
    if (auto good = name(step.link); !good) return std::unexpected(good.error());
    if (!step.link.empty() && step.link == step.target) return fail(Errc::invalid, "a link has two ends");
  }
  return scenario;
}

bool loses(const Step& step) {
  if (step.target == "hub") return false;
  return step.fault == Fault::kill || step.fault == Fault::freeze || (step.fault == Fault::cut && step.link.empty());
}

std::set<std::string> lost_at_once(const Scenario& scenario) {
  std::set<std::string> most;
  for (const Step& begins : scenario.steps) {
    std::set<std::string> now;
    for (const Step& step : scenario.steps) {
      if (loses(step) && step.at <= begins.at && begins.at < step.at + step.lasts) now.insert(step.target);
    }
    if (now.size() > most.size()) most = std::move(now);
  }
  return most;
}

std::string time_words(Ms time) {
  if (time % 60'000ms == 0ms && time != 0ms) return fmt::format("{}m", time / 60'000ms);
  if (time % 1000ms == 0ms) return fmt::format("{}s", time / 1000ms);
  return fmt::format("{}ms", time.count());
}

std::string words(const Step& step) {
  const std::string lasts = " for " + time_words(step.lasts);
  switch (step.fault) {
    case Fault::kill:
      return "all processes of " + step.target + " are killed, and started again after " + time_words(step.lasts);
    case Fault::freeze:
      return "all processes of " + step.target + " stand still" + lasts;
    case Fault::cut: {
      const std::string what = step.link.empty() ? "every link of " + step.target + " and its public address"
                                                 : "the link of " + step.target + " with " + step.link;
      const char* way = step.way == Way::both ? "" : (step.way == Way::in ? ", towards it," : ", away from it,");
      return what + way + " drops everything" + lasts;
    }
    case Fault::slow_disk:
      return "every commit of " + step.target + " is " + time_words(step.by) + " late" + lasts;
    case Fault::full_disk:
      return "the disk of " + step.target + " takes nothing" + lasts;
    case Fault::clock_jump:
      return "the wall clock of " + step.target + " stands " + time_words(step.by) + " off" + lasts;
    case Fault::bad_deploy:
      return "a broken flow (" + (step.flow.empty() ? "built in" : step.flow) +
             ") is published, and rolled back if it got in, after " + time_words(step.lasts);
  }
  return "";
}

Result<Ms> read_time(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  const std::int64_t scale = unit == "ms" ? 1 : (unit == "s" ? 1000 : (unit == "m" ? 60'000 : 0));
  const std::int64_t most = scale == 0 ? 0 : kTimeMax.count() / scale;
  if (wrong != std::errc{} || scale == 0 || number > most || number < -most) {
    return fail(Errc::invalid, "\"" + std::string(text.substr(0, 40)) + "\" is no length of time: 300ms, 10s, 2m");
  }
  return Ms{number * scale};
}

}  // namespace tandem::drill
