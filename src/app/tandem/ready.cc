// Whether each region could take all traffic now.
#include <boost/json.hpp>
#include <cstdio>

#include <fmt/format.h>

#include "app/client/answers.h"
#include "app/tandem/commands.h"
#include "app/tandem/exit_codes.h"
#include "app/tandem/ops_client.h"
#include "codec/uri.h"

namespace tandem::cli {

int run(const ReadyView& ready, const Invocation& call) {
  const auto centre = existing_centre(call.dir);
  if (!centre) return complain(centre.error(), call.json);
  const auto ops = OpsClient::open(*centre);
  if (!ops) return complain(ops.error(), call.json);
  const auto got = ops->get_from_any(ready.region.empty() ? "ready" : "ready?region=" + uri::encode(ready.region));
  if (!got) return complain(got.error(), call.json);
  const int code = flag(*got, "ready") ? kDone : kProblems;
  if (call.json) {
    fmt::print("{}\n", json::serialize(*got));
    return code;
  }
  for (const json::value& value : list(*got, "regions")) {
    const json::object& region = value.get_object();
    fmt::print("{} {}\n", text(region, "region"), flag(region, "ready") ? "is ready" : "IS NOT READY");
    for (const json::value& each : list(region, "checks")) {
      const json::object& check = each.get_object();
      fmt::print("  {} {:<10}{}\n", flag(check, "good") ? " " : "!", text(check, "check"), text(check, "text"));
    }
  }
  return code;
}

}  // namespace tandem::cli
