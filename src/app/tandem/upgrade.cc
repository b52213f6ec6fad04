// Another version of all nodes, one after the other, while the centre serves.
#include <fmt/format.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <chrono>

#include "app/client/answers.h"
#include "app/tandem/commands.h"
#include "app/tandem/exit_codes.h"
#include "app/tandem/nodes.h"
#include "app/tandem/table.h"
#include "codec/uri.h"

namespace tandem::cli {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kCalmMax{90};

class Upgrading {
 public:
  Upgrading(Centre centre, OpsClient ops, Upgrade upgrade, std::int64_t deadline, bool quiet)
      : centre_(std::move(centre)),
        ops_(std::move(ops)),
        upgrade_(std::move(upgrade)),
        deadline_(deadline),
        programs_(upgrade_.programs.empty() ? own_dir() : fs::absolute(upgrade_.programs)),
        told_(quiet) {}

  Result<void> node(const CentreNode& node) {
    const auto process = running(centre_.pid_file(node));
    if (!process) return fail(Errc::refused, node.name() + " does not run: `tandem status`");
    if (const auto calm = wait_calm(); !calm) return calm;
    std::error_code bad;
    const fs::path before = fs::read_symlink("/proc/" + std::to_string(process->pid) + "/exe", bad).parent_path();
    if (bad) return fail(Errc::denied, "cannot see which program " + node.name() + " runs");
    if (!node.hub) {
      if (const auto empty = drain(node); !empty) return empty;
    }
    if (const auto stopped = stop_nodes(centre_, {&node}, false, told_); !stopped) {
      return std::unexpected(stopped.error());
    }
    if (auto started = start(node, programs_); !started) {
      told_.line(started.error().detail);
      told_.line(node.name() + " goes back to the version before");
      (void)stop_nodes(centre_, {&node}, false, told_);
      if (const auto back = start(node, before); !back) return back;
      if (const auto serves = undrain(node); !serves) return serves;
      return fail(Errc::refused, "the version in " + programs_.string() + " did not start as " + node.name() +
                                     ", which runs the version before; nothing was lost");
    }
    if (const auto serves = undrain(node); !serves) return serves;
    const auto status = ops_.get(node, "status");
    told_.line(node.name() + " runs " + (status ? text(*status, "build") : "again"));
    return wait_calm();
  }

 private:
  // A node alone in its region drains as the region: its part goes to the others.
  [[nodiscard]] std::string place(const CentreNode& node) const {
    const auto regions = centre_.regions();
    const auto there = std::ranges::count(regions, node.region, [](const CentreNode* each) { return each->region; });
    return there == 1 ? node.region : "node/" + std::to_string(node.node.value());
  }

  Result<void> drain(const CentreNode& node) {
    json::object body{{"duty", "drain"}, {"then", upgrade_.then}, {"deadline_s", deadline_}};
    put_said(body, upgrade_.why.empty() ? "an upgrade" : upgrade_.why, upgrade_.over);
    const auto done = ops_.put_to_any("regions/" + uri::encode(place(node)), body);
    if (!done) return std::unexpected(done.error());
    return wait_standing(ops_, node.name(), true, told_);
  }

  Result<void> undrain(const CentreNode& node) {
    if (node.hub) return {};
    if (const auto back = wait_back(node); !back) return back;
    json::object body{{"duty", "serve"}};
    put_said(body, "an upgrade", {});
    const auto done = ops_.put_to_any("regions/" + uri::encode(place(node)), body);
    if (!done) return std::unexpected(done.error());
    return wait_standing(ops_, node.name(), false, told_);
  }

  Result<void> start(const CentreNode& node, const fs::path& programs) {
    const auto started = start_nodes(centre_, {&node}, programs);
    if (!started) return std::unexpected(started.error());
    return wait_ready(centre_, ops_, *started, told_);
  }

  // The others may have declared it lost while it started: it serves once they know that it is back.
  Result<void> wait_back(const CentreNode& node) {
    const auto begun = Clock::now();
    for (;;) {
      const auto got = ops_.get_from_any("regions");
      const std::string standing = got ? text(node_in(*got, node.name()), "standing") : "away";
      if (standing != "away") return {};
      if (Clock::now() - begun > kCalmMax) {
        return fail(Errc::timed_out, node.name() + " runs, and is not active again after 90 s: `tandem status`");
      }
      ::usleep(200'000);
    }
  }

  // Every node answers and none names a problem: only then the next one may be away.
  Result<void> wait_calm() {
    const auto begun = Clock::now();
    for (;;) {
      std::string problem;
      for (const CentreNode& node : centre_.nodes) {
        const auto status = ops_.get(node, "status");
        if (!status) {
          problem = node.name() + " does not answer";
        } else if (const json::array& problems = list(*status, "problems"); !problems.empty()) {
          problem = node.name() + ": " + std::string(problems.front().as_string());
        }
      }
      if (problem.empty()) return {};
      if (Clock::now() - begun > kCalmMax)
        return fail(Errc::refused, "something is wrong, so no node is touched: " + problem);
      ::usleep(200'000);
    }
  }

  Centre centre_;
  OpsClient ops_;
  Upgrade upgrade_;
  std::int64_t deadline_;
  fs::path programs_;
  Told told_;
};

}  // namespace

int run(const Upgrade& upgrade, const Invocation& call) {
  const auto centre = existing_centre(call.dir);
  if (!centre) return complain(centre.error(), call.json);
  const auto turn = Turn::take(centre->dir / "lock");
  if (!turn) return complain({Errc::in_use, "another `tandem` is at work in " + centre->dir.string()}, call.json);
  const auto nodes = chosen(*centre, upgrade.only);
  if (!nodes) return complain(nodes.error(), call.json);
  const auto deadline = read_seconds(upgrade.deadline);
  if (!deadline) return complain(deadline.error(), call.json);
  auto ops = OpsClient::open(*centre);
  if (!ops) return complain(ops.error(), call.json);
  Upgrading upgrading(*centre, std::move(*ops), upgrade, *deadline, call.json);
  json::array done;
  for (const CentreNode* node : *nodes) {
    if (const auto well = upgrading.node(*node); !well) return complain(well.error(), call.json);
    done.emplace_back(node->name());
  }
  if (call.json) {
    fmt::print("{}\n", json::serialize(json::object{{"upgraded", std::move(done)}}));
  } else {
    fmt::print("{} upgraded\n", count(nodes->size(), "node"));
  }
  return kDone;
}

}  // namespace tandem::cli
