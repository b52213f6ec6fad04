// Starting and stopping the nodes of a centre on this machine.
#include <signal.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <map>

#include <fmt/format.h>

#include "app/tandem/commands.h"
#include "app/tandem/exit_codes.h"
#include "app/tandem/nodes.h"
#include "app/tandem/ops_client.h"
#include "app/tandem/processes.h"
#include "app/tandem/sample.h"
#include "app/tandem/table.h"

namespace tandem::cli {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

const std::vector<std::string> kSampleRegions = {"us-east-1", "us-west-2"};

std::vector<Process> running_nodes(const Centre& centre) {
  std::vector<Process> out;
  for (const CentreNode& node : centre.nodes) {
    if (const auto process = running(centre.pid_file(node))) out.push_back(*process);
  }
  return out;
}

std::vector<std::string> region_names(const Centre& centre) {
  std::vector<std::string> out;
  for (const CentreNode* node : centre.regions()) {
    if (!node->joined) out.push_back(node->region);
  }
  return out;
}

// The centre to start, made or read. Errors: as those of what it calls; in_use (a fresh one was asked for while nodes
// of the old one run); invalid (other regions).
Result<Centre> prepare(const Up& up, const Invocation& call, const Told& told) {
  auto centre = read_centre(call.dir);
  if (!centre && centre.error().code != Errc::not_found) return centre;
  if (centre && up.fresh) {
    if (!running_nodes(*centre).empty()) {
      return fail(Errc::in_use,
                  "nodes of the centre in " + centre->dir.string() + " run; stop them first: tandem down");
    }
    told.line("deleting the centre in " + centre->dir.string());
    if (const auto gone = delete_centre(call.dir); !gone) return std::unexpected(gone.error());
    centre = fail(Errc::not_found, "");
  }
  if (!centre) {
    centre = plan(call.dir, up.regions.empty() ? kSampleRegions : up.regions, port_free);
    if (!centre) return centre;
    if (const auto good = chosen(*centre, up.only); !good) return std::unexpected(good.error());
    told.line("making a centre in " + centre->dir.string());
  } else {
    const auto names = region_names(*centre);
    if (!up.regions.empty() && up.regions != names) {
      return fail(Errc::invalid,
                  fmt::format("the centre in {} has the regions {}; --fresh deletes it, --dir makes another",
                              centre->dir.string(), fmt::join(names, ",")));
    }
    // Ports may have been taken since: nodes that do not run yet can all move together.
    if (running_nodes(*centre).empty()) {
      const bool free = std::ranges::all_of(centre->nodes, [](const CentreNode& node) {
        return port_free(node.public_port) && port_free(node.peer_port);
      });
      if (!free) {
        told.line("a port of the centre is taken by another program: its nodes move to other ports");
        if (const auto moved = choose_ports(*centre, port_free); !moved) return std::unexpected(moved.error());
      }
    }
  }
  if (up.synthetic) centre->synthetic = *up.synthetic;
  if (!up.webhook.empty()) centre->webhook = up.webhook;
  centre->faults = centre->faults || up.faults;
  if (const auto written = write_centre(*centre); !written) return std::unexpected(written.error());
  return centre;
}

void print_endpoints(const Centre& centre, bool detached) {
  Table table({"NODE", "ENDPOINT", "LOG"});
  for (const CentreNode& node : centre.nodes) {
    table.add({node.hub ? "hub (gateway)" : node.name(), node.url(), centre.log_file(node).string()});
  }
  const std::string region = centre.regions().front()->region;
  const std::string dir = centre.dir == default_dir() ? "" : " --dir " + shell_word(centre.dir.string());
  fmt::print("{}\n", table.text());
  fmt::print(
      "Try next:\n"
      "  tandem status{0}\n"
      "  eval \"$(tandem env {1}{0})\" && aws connect list-queues --instance-id $INSTANCE_ID\n"
      "  tandem agent{0} --region {1} --user alice --password Welcome2Tandem\n"
      "  tandem drive{0} --rate 1 --agents 3 --seconds 20\n"
      "  {2}\n",
      dir, region, detached ? "tandem down" + dir : "Ctrl-C stops all nodes");
  std::fflush(stdout);
}

json::object endpoints_json(const Centre& centre, const char* outcome) {
  json::array nodes;
  for (const CentreNode& node : centre.nodes) {
    const auto process = running(centre.pid_file(node));
    nodes.emplace_back(json::object{{"node", node.node.value()},
                                    {"name", node.name()},
                                    {"role", node.hub ? "hub" : "region"},
                                    {"url", node.url()},
                                    {"pid", process ? json::value(process->pid) : json::value(nullptr)},
                                    {"log", centre.log_file(node).string()}});
  }
  return {{"outcome", outcome},
          {"dir", centre.dir.string()},
          {"instance", centre.instance.text()},
          {"nodes", std::move(nodes)}};
}

// Until Ctrl-C, or until all nodes are gone. Nodes that end by themselves are told of; others may start them again.
void watch(const Centre& centre, const sigset_t& signals, const Told& told) {
  std::map<std::string, Process> known;
  for (;;) {
    const timespec wait{0, 200'000'000};
    if (::sigtimedwait(&signals, nullptr, &wait) > 0) return;
    for (const CentreNode& node : centre.nodes) {
      const auto now = running(centre.pid_file(node));
      const auto before = known.find(node.name());
      if (now) {
        if (before != known.end() && before->second != *now) told.line(node.name() + " was started again");
        known[node.name()] = *now;
      } else if (before != known.end()) {
        const auto how = bury(before->second.pid);
        told.line(node.name() + " " + how.value_or("ended") + "; start it again with: tandem up --only " + node.name());
        known.erase(before);
      }
    }
    if (known.empty()) return;
  }
}

int up_with(const Up& up, const Invocation& call, const Told& told, const sigset_t& signals) {
  const auto begun = Clock::now();
  std::error_code bad;
  fs::create_directories(call.dir, bad);
  auto turn = Turn::take(fs::path(call.dir) / "lock");
  if (!turn) {
    return complain({Errc::in_use, "cannot lock " + call.dir +
                                       ": another `tandem up` or `down` is at work there, or it cannot be written"},
                    call.json);
  }
  auto centre = prepare(up, call, told);
  if (!centre) return complain(centre.error(), call.json);
  const auto nodes = chosen(*centre, up.only);
  if (!nodes) return complain(nodes.error(), call.json);
  const auto ops = OpsClient::open(*centre);
  if (!ops) return complain(ops.error(), call.json);

  auto started = start_nodes(*centre, *nodes);
  if (!started) return complain(started.error(), call.json);
  if (started->empty()) {
    if (call.json) {
      fmt::print("{}\n", json::serialize(endpoints_json(*centre, "already running")));
    } else {
      fmt::print("already running, in {}\n\n", centre->dir.string());
      print_endpoints(*centre, true);
    }
    return kDone;
  }
  const auto give_up = [&](const Error& error) {
    std::vector<const CentreNode*> mine;
    for (const Started& each : *started) mine.push_back(each.node);
    const auto stopped = stop_nodes(*centre, mine, false, told);
    return complain(stopped ? error : stopped.error(), call.json);
  };
  if (const auto ready = wait_ready(*centre, *ops, *started, told); !ready) return give_up(ready.error());

  const CentreNode* first = nullptr;
  for (const CentreNode* node : centre->regions()) {
    if (first == nullptr && running(centre->pid_file(*node))) first = node;
  }
  if (first != nullptr) {
    const auto seeded =
        seed(*ops, *centre, *first, up.sample, [&](const std::string& what) { told.progress("writing " + what); });
    told.clear();
    if (!seeded) return give_up({seeded.error().code, "the sample could not be written: " + seeded.error().detail});
  }
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begun);
  told.line(
      fmt::format("{} ready after {:.1f} s", count(started->size(), "node"), static_cast<double>(took.count()) / 1000));
  if (call.json) {
    json::object out = endpoints_json(*centre, "started");
    out["ready_ms"] = took.count();
    fmt::print("{}\n", json::serialize(out));
    std::fflush(stdout);
  } else {
    print_endpoints(*centre, up.detach);
  }
  if (up.detach) return kDone;

  {
    const auto others_turn = std::move(turn);
  }  // from here `tandem down` and `tandem up --only` may work
  watch(*centre, signals, told);
  told.line("stopping");
  const auto all = chosen(*centre, {});
  const auto stopped = stop_nodes(*centre, *all, false, told);
  return stopped ? kDone : complain(stopped.error(), call.json);
}

}  // namespace

int run(const Up& up, const Invocation& call) {
  // Taken by sigtimedwait alone, so that no signal interrupts a start half-way; a start itself ends at its time limits.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, number);
  if (!up.detach) ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return up_with(up, call, Told(call.json), signals);
}

int run(const Down& down, const Invocation& call) {
  const auto centre = read_centre(call.dir);
  if (!centre && centre.error().code == Errc::not_found) {
    if (call.json) {
      fmt::print("{}\n", json::serialize(json::object{{"stopped", 0}}));
    } else {
      fmt::print("nothing to stop: {}\n", centre.error().detail);
    }
    return kDone;
  }
  if (!centre) return complain(centre.error(), call.json);
  const auto nodes = chosen(*centre, down.only);
  if (!nodes) return complain(nodes.error(), call.json);
  const auto turn = Turn::take(centre->dir / "lock");
  if (!turn)
    return complain({Errc::in_use, "another `tandem up` or `down` is at work in " + centre->dir.string()}, call.json);
  const Told told(call.json);
  const auto stopped = stop_nodes(*centre, *nodes, down.kill, told);
  if (!stopped) return complain(stopped.error(), call.json);
  if (call.json) {
    fmt::print("{}\n", json::serialize(json::object{{"stopped", *stopped}}));
  } else {
    fmt::print("{}\n",
               *stopped == 0 ? "nothing was running" : count(*stopped, "node") + (down.kill ? " killed" : " stopped"));
  }
  return kDone;
}

}  // namespace tandem::cli
