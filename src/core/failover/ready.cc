#include "core/failover/ready.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "core/distribution/view.h"
#include "core/hours/view.h"

namespace tandem::failover {
namespace {

using distribution::RegionShare;

constexpr std::size_t kNamesMax = 5;

std::string names(const std::vector<std::string>& all) {
  const std::vector<std::string> first(all.begin(),
                                       all.begin() + static_cast<std::ptrdiff_t>(std::min(all.size(), kNamesMax)));
  return fmt::format("{}{}", fmt::join(first, ", "),
                     all.size() > kNamesMax ? fmt::format(" and {} more", all.size() - kNamesMax) : "");
}

std::chrono::milliseconds since(Hlc now, Hlc then) {
  const std::uint64_t from = then.milliseconds();
  const std::uint64_t to = now.milliseconds();
  return std::chrono::milliseconds(to > from ? to - from : 0);
}

class Look {
 public:
  Look(const Sees& sees, const std::map<NodeId, Said>& said, Hlc now) : sees_(sees), said_(said), now_(now) {
    for (const std::string& region : distribution::region_names(sees.members)) {
      loads_[region] = distribution::load_of(sees, region);
      contacts_ += loads_[region].contacts;
    }
    flows_ = flows();
    hours_ = hours();
  }

  [[nodiscard]] Ready region(const std::string& name) const {
    Ready out{name, {}};
    const std::vector<NodeId> nodes = sees_.members.in_region(name);
    out.checks.push_back(active(name, nodes));
    out.checks.push_back(records(nodes));
    out.checks.push_back(agents(name));
    out.checks.push_back(share(name));
    out.checks.push_back(of_nodes("disk", "takes records", "is full: new work is refused", nodes, &Said::disk_full));
    out.checks.push_back(of_nodes("clock", "is right", "is in doubt", nodes, &Said::clock_doubted));
    out.checks.push_back(flows_);
    out.checks.push_back(hours_);
    out.checks.push_back(synthetic(nodes));
    out.checks.push_back(verbs(name, nodes));
    return out;
  }

 private:
  [[nodiscard]] std::string name_of(NodeId node) const { return membership::name_of(*sees_.members.find(node)); }
  [[nodiscard]] const Said* said(NodeId node) const {
    const auto at = said_.find(node);
    return at == said_.end() ? nullptr : &at->second;
  }

  [[nodiscard]] Check active(const std::string& name, const std::vector<NodeId>& nodes) const {
    std::vector<std::string> wrong;
    for (const NodeId node : nodes) {
      const MemberState state = sees_.failover.state(node);
      if (state == MemberState::evacuated) {
        wrong.push_back(name_of(node) + " is evacuated");
      } else if (state != MemberState::active) {
        wrong.push_back(name_of(node) + " is on its way back");
      } else if (!distribution::answering(sees_, node)) {
        wrong.push_back(name_of(node) + " does not answer");
      } else if (sees_.distribution.node(node).joining()) {
        wrong.push_back(name_of(node) + " joins, and serves nothing yet");
      } else if (sees_.distribution.node(node).draining()) {
        wrong.push_back(name_of(node) + " drains");
      }
    }
    std::string text = fmt::format("{} of {} active and answering", nodes.size() - wrong.size(), nodes.size());
    if (!wrong.empty()) text += ": " + names(wrong);
    const bool draining = sees_.distribution.region(name).draining();
    if (draining) text += "; the region drains";
    return {"nodes", wrong.size() < nodes.size() && !draining, std::move(text)};
  }

  [[nodiscard]] Check records(const std::vector<NodeId>& nodes) const {
    std::uint64_t most = 0;
    std::vector<std::string> unheard;
    for (const NodeId node : nodes) {
      const Said* of = said(node);
      if (of == nullptr) {
        unheard.push_back(name_of(node));
      } else {
        most = std::max(most, of->behind);
      }
    }
    if (!unheard.empty()) return {"records", false, "not known of " + names(unheard)};
    return {"records", most <= kBehindReady, fmt::format("{} behind", most)};
  }

  [[nodiscard]] Check agents(const std::string& name) const {
    const std::size_t slots = loads_.at(name).slots;
    return {"agents", slots > 0 && slots >= contacts_,
            slots == 0 ? fmt::format("nobody is there for the {} contacts of all regions", contacts_)
                       : fmt::format("{} staffed slots for the {} contacts of all regions", slots, contacts_)};
  }

  // What the loss of another region would bring: shares are renormalised over those that are left.
  [[nodiscard]] Check share(const std::string& name) const {
    const distribution::Group group = distribution::default_group(sees_.config, sees_.members);
    const distribution::Effective now = distribution::effective(sees_, group, now_);
    std::int64_t all = 0;
    for (const RegionShare& each : now.regions) all += each.weight;
    const auto own = std::ranges::find(now.regions, name, &RegionShare::region);
    if (own == now.regions.end()) return {"share", false, "the region has no node"};
    const auto percent = [&](std::int64_t of) {
      const double share = of <= 0 ? 100 : 100 * static_cast<double>(own->weight) / static_cast<double>(of);
      return fmt::format("{} %", std::round(share * 10) / 10);
    };
    std::string text = percent(all) + " of the new contacts now";
    std::vector<std::string> others;
    for (const RegionShare& each : now.regions) {
      if (each.region == name || each.weight == 0) continue;
      others.push_back(percent(all - each.weight) + " without " + each.region);
    }
    if (own->target == 0) {
      text += "; some only when no region with a share takes contacts";
    } else if (!others.empty()) {
      text += ", " + names(others);
    }
    return {"share", true, std::move(text)};
  }

  [[nodiscard]] Check of_nodes(const char* what, const char* good, const char* bad, const std::vector<NodeId>& nodes,
                               bool Said::* wrong) const {
    std::vector<std::string> named;
    std::vector<std::string> unheard;
    for (const NodeId node : nodes) {
      const Said* of = said(node);
      if (of == nullptr) {
        unheard.push_back(name_of(node));
      } else if (of->*wrong) {
        named.push_back(name_of(node));
      }
    }
    if (!named.empty()) return {what, false, std::string(bad) + ": " + names(named)};
    if (!unheard.empty()) return {what, false, "not known of " + names(unheard)};
    return {what, true, good};
  }

  [[nodiscard]] Check flows() const {
    std::size_t published = 0;
    std::vector<std::string> broken;
    for (const config::Document* flow : sees_.config.all(config::Kind::flow)) {
      if (flow->get("status") != "PUBLISHED") continue;
      ++published;
      if (sees_.config.program(FlowId{flow->id}) == nullptr) broken.push_back(sees_.config.served_name(*flow));
    }
    for (const distribution::Group& group : distribution::groups(sees_.config, sees_.members)) {
      for (const std::string& entry : group.entries) {
        if (!entry.starts_with("flow/")) continue;
        const auto id = parse_uuid(entry.substr(5));
        const config::Document* flow = id ? sees_.config.find(config::Kind::flow, *id) : nullptr;
        if (flow == nullptr || flow->get("status") != "PUBLISHED") {
          broken.push_back("the entry " + entry + " of group " + group.name);
        }
      }
    }
    if (!broken.empty()) return {"flows", false, "cannot run: " + names(broken)};
    if (published == 0) return {"flows", false, "none is published"};
    return {"flows", true, fmt::format("all {} published ones run", published)};
  }

  // Closed is no fault of a region.
  [[nodiscard]] Check hours() const {
    std::size_t open = 0;
    std::size_t all = 0;
    std::vector<std::string> wrong;
    for (const config::Document* queue : sees_.config.all(config::Kind::queue)) {
      if (queue->get("status") == "DISABLED") continue;
      const auto id = parse_uuid(queue->get("hours"));
      const config::Document* document = id ? sees_.config.find(config::Kind::hours, *id) : nullptr;
      if (document == nullptr) continue;
      ++all;
      const auto schedule = hours::read(sees_.config, *document);
      const auto is = schedule ? hours::open(*schedule, now_) : fail(Errc::invalid, "");
      if (!is) {
        wrong.push_back(sees_.config.served_name(*queue));
      } else if (*is) {
        ++open;
      }
    }
    if (!wrong.empty()) return {"hours", false, "cannot be read for " + names(wrong)};
    return {"hours", true, fmt::format("{} of {} queues are open", open, all)};
  }

  [[nodiscard]] Check synthetic(const std::vector<NodeId>& nodes) const {
    std::vector<std::string> wrong;
    std::size_t on = 0;
    std::chrono::milliseconds slowest{};
    std::chrono::milliseconds oldest{};
    for (const NodeId node : nodes) {
      const Said* of = said(node);
      if (of == nullptr || !of->synthetic) continue;
      ++on;
      const Said::Synthetic& last = *of->synthetic;
      if (!last.ago) {
        wrong.push_back(name_of(node) + " had none served since it started");
      } else if (last.failing || *last.ago > kSyntheticWithin) {
        wrong.push_back(fmt::format("{} had none served for {}", name_of(node), age_text(*last.ago)));
      } else {
        slowest = std::max(slowest, last.took);
        oldest = std::max(oldest, *last.ago);
      }
    }
    if (!wrong.empty()) return {"synthetic", false, names(wrong)};
    if (on == 0) return {"synthetic", true, "off: nothing shows that contacts would be served (synthetic_every_s)"};
    return {"synthetic", true, fmt::format("served {} ago in {}", age_text(oldest), age_text(slowest))};
  }

  // When each way of moving traffic was last used here. Never used is no fault, but nothing to rely on.
  [[nodiscard]] Check verbs(const std::string& name, const std::vector<NodeId>& nodes) const {
    std::optional<Hlc> drained;
    std::optional<Hlc> returned;
    for (const auto& [at, entry] : sees_.distribution.history()) {
      if (entry.region.empty() || !entry.step.empty()) continue;
      const auto node = distribution::node_of(entry.region);
      const bool here = node ? std::ranges::find(nodes, *node) != nodes.end() : entry.region == name;
      if (here) (entry.order.duty == distribution::Duty::draining ? drained : returned) = at.at;
    }
    std::optional<Hlc> evacuated;
    for (const NodeId node : nodes) {
      const State::Health& health = sees_.failover.health(node);
      if (health.epoch > 0 && (!evacuated || health.since > *evacuated)) evacuated = health.since;
    }
    const auto text = [&](const std::optional<Hlc>& at) {
      return at ? age_text(since(now_, *at)) + " ago" : std::string("never");
    };
    return {"verbs", true,
            fmt::format("drained {}, brought back {}, lost or returned {}", text(drained), text(returned),
                        text(evacuated))};
  }

  const Sees& sees_;
  const std::map<NodeId, Said>& said_;
  Hlc now_;
  std::map<std::string, distribution::Load> loads_;
  std::size_t contacts_ = 0;
  Check flows_;
  Check hours_;
};

}  // namespace

bool Ready::ready() const { return std::ranges::all_of(checks, &Check::good); }

std::string age_text(std::chrono::milliseconds age) {
  const auto ms = age.count();
  if (ms < 1'000) return fmt::format("{} ms", ms);
  if (ms < 120'000) return fmt::format("{} s", ms / 1'000);
  if (ms < 7'200'000) return fmt::format("{} min", ms / 60'000);
  if (ms < 172'800'000) return fmt::format("{} h", ms / 3'600'000);
  return fmt::format("{} d", ms / 86'400'000);
}

std::vector<Ready> ready(const Sees& sees, const std::map<NodeId, Said>& said, Hlc now) {
  const Look look(sees, said, now);
  std::vector<Ready> out;
  for (const std::string& region : distribution::region_names(sees.members)) out.push_back(look.region(region));
  return out;
}

bool proven(const Sees& sees, const std::optional<Hlc>& began) {
  const State::Health& health = sees.failover.health(sees.local.self);
  return health.state != MemberState::ready || !began || *began >= health.since;
}

}  // namespace tandem::failover
