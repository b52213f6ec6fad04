// Whether each region could take all traffic now.
#include "api/ops/views.h"

namespace tandem::api::ops {
namespace {

json::object shape(const failover::Ready& region) {
  json::array checks;
  for (const failover::Check& check : region.checks) {
    checks.emplace_back(json::object{{"check", check.name}, {"good", check.good}, {"text", check.text}});
  }
  return {{"region", region.region}, {"ready", region.ready()}, {"checks", std::move(checks)}};
}

}  // namespace

void show_ready(const CallPtr& call) {
  if (!call->sources.facts) return refuse(*call, {Errc::not_found, "this node knows nothing of the others"});
  call->sources.facts([call](const OpsFacts& facts) {
    const std::string only = call->asked("region");
    json::array regions;
    bool all = true;
    for (const failover::Ready& region : facts.ready) {
      if (!only.empty() && region.region != only) continue;
      regions.emplace_back(shape(region));
      all = all && region.ready();
    }
    if (regions.empty()) return refuse(*call, {Errc::not_found, "there is no region " + only});
    answer(*call, {{"as_of", iso_time(call->host.utc_ms())}, {"ready", all}, {"regions", std::move(regions)}});
  });
}

}  // namespace tandem::api::ops
