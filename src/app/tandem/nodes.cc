#include "app/tandem/nodes.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "app/client/answers.h"
#include "app/tandem/table.h"

namespace tandem::cli {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kReadyMax{90};
constexpr std::chrono::seconds kStopMax{20};
constexpr std::chrono::hours kStandsMax{12};
constexpr std::uintmax_t kSpaceMin = 8U << 20U;  // less than that left explains most ends

Error ended_early(const Centre& centre, const CentreNode& node, const std::string& how) {
  std::string detail = node.name() + " " + how;
  // A log that could not be written says nothing.
  std::error_code unknown;
  const auto space = fs::space(centre.dir, unknown);
  if (!unknown && space.available < kSpaceMin) {
    detail += fmt::format("; the disk of {} has {} KiB left", centre.dir.string(), space.available / 1024);
  }
  detail += "; the end of " + centre.log_file(node).string() + ":";
  for (const std::string& line : last_lines(centre.log_file(node), 5)) detail += "\n  " + line;
  return {Errc::refused, detail};
}

}  // namespace

Told::Told(bool quiet) : quiet_(quiet), terminal_(::isatty(STDERR_FILENO) != 0) {}

void Told::line(const std::string& text) const {
  if (!quiet_) fmt::print(stderr, "{}{}\n", terminal_ ? "\r\033[K" : "", text);
}

void Told::progress(const std::string& text) const {
  if (!quiet_ && terminal_) fmt::print(stderr, "\r\033[K{}", text);
}

Result<std::vector<const CentreNode*>> chosen(const Centre& centre, const std::vector<std::string>& only) {
  std::vector<const CentreNode*> out;
  for (const std::string& name : only) {
    const CentreNode* node = centre.find(name);
    if (node == nullptr)
      return fail(Errc::invalid, "the centre in " + centre.dir.string() + " has no node '" + name + "'");
    out.push_back(node);
  }
  if (only.empty()) {
    for (const CentreNode& node : centre.nodes) out.push_back(&node);
  }
  return out;
}

Result<std::vector<Started>> start_nodes(const Centre& centre, const std::vector<const CentreNode*>& nodes,
                                         const fs::path& programs) {
  const fs::path daemon = programs / "tandemd";
  std::vector<Started> out;
  for (const CentreNode* node : nodes) {
    if (running(centre.pid_file(*node))) continue;
    const auto process = start(daemon, {"--config", centre.settings_file(*node).string()}, centre.log_file(*node));
    if (!process) return std::unexpected(process.error());
    if (const auto kept = write_pid_file(centre.pid_file(*node), *process); !kept) {
      signal(*process, SIGKILL);
      return std::unexpected(kept.error());
    }
    out.push_back({node, *process});
  }
  return out;
}

Result<void> wait_ready(const Centre& centre, const OpsClient& ops, const std::vector<Started>& started,
                        const Told& told) {
  const auto begun = Clock::now();
  std::vector<const Started*> waiting;
  for (const Started& each : started) waiting.push_back(&each);
  while (!waiting.empty()) {
    std::erase_if(waiting, [&](const Started* each) { return ops.ready(*each->node); });
    for (const Started* each : waiting) {
      if (lives(each->process)) continue;
      return std::unexpected(ended_early(centre, *each->node, bury(each->process.pid).value_or("ended")));
    }
    if (waiting.empty()) break;
    const auto waited = Clock::now() - begun;
    if (waited > kReadyMax) {
      return fail(Errc::timed_out, waiting.front()->node->name() + " is not ready after 90 s; it says why in " +
                                       centre.log_file(*waiting.front()->node).string());
    }
    if (waited > std::chrono::milliseconds(500)) {
      told.progress(fmt::format("waiting for {} ({} s)", waiting.front()->node->name(),
                                std::chrono::duration_cast<std::chrono::seconds>(waited).count()));
    }
    ::usleep(20'000);
  }
  told.clear();
  return {};
}

Result<std::size_t> stop_nodes(const Centre& centre, const std::vector<const CentreNode*>& nodes, bool kill,
                               const Told& told) {
  std::vector<Process> told_to;
  for (const CentreNode* node : nodes) {
    const auto process = running(centre.pid_file(*node));
    if (process && signal(*process, kill ? SIGKILL : SIGTERM)) told_to.push_back(*process);
  }
  bool gone = wait_gone(told_to, std::chrono::milliseconds(800));
  if (!gone) told.progress("waiting for the nodes to end");
  gone = gone || wait_gone(told_to, kStopMax);
  told.clear();
  if (!gone) {
    told.line("some did not end within 20 s and are killed");
    for (const Process& process : told_to) signal(process, SIGKILL);
    gone = wait_gone(told_to, kStopMax);
  }
  if (!gone) return fail(Errc::timed_out, "a node did not end even when killed");
  std::error_code ignored;
  for (const CentreNode* node : nodes) fs::remove(centre.pid_file(*node), ignored);
  return told_to.size();
}

json::object node_in(const json::object& regions, const std::string& name) {
  for (const json::value& region : list(regions, "regions")) {
    // A version before there were several nodes in a region says nothing of nodes.
    const bool alone = !region.as_object().contains("nodes");
    if (alone && text(region.as_object(), "region") == name) return region.as_object();
    for (const json::value& node : list(region.as_object(), "nodes")) {
      if (text(node.as_object(), "name") == name) return node.as_object();
    }
  }
  return {};
}

Result<void> wait_standing(const OpsClient& ops, const std::string& name, bool empty, const Told& told) {
  const auto begun = Clock::now();
  std::string last;
  for (;;) {
    const auto got = ops.get_from_any("regions");
    const json::object node = got ? node_in(*got, name) : json::object{};
    if (!node.empty()) {
      if (empty ? flag(node, "empty") : text(node, "standing") == "serving") return {};
      const std::string line =
          empty ? fmt::format("{}: {} agents, {} in a flow, {} waiting, {} connected", name, whole(node, "agents"),
                              whole(node, "in_flow"), whole(node, "waiting"), whole(node, "connected"))
                : fmt::format("{}: {} at {:g} %", name, text(node, "standing"), node.at("part").to_number<double>());
      if (line != last) told.line(line);
      last = line;
    }
    if (Clock::now() - begun > kStandsMax) return fail(Errc::timed_out, name + " is not done after twelve hours");
    ::usleep(500'000);
  }
}

}  // namespace tandem::cli
