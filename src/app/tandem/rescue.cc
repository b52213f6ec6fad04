// Customers of a lost node who did not come back by themselves: the word to call them, and what became of each.
#include <boost/json.hpp>
#include <cstdio>

#include <fmt/format.h>

#include "app/client/answers.h"
#include "app/tandem/commands.h"
#include "app/tandem/exit_codes.h"
#include "app/tandem/ops_client.h"
#include "app/tandem/table.h"
#include "codec/uri.h"

namespace tandem::cli {
namespace {

std::string dashed(std::string text) { return text.empty() ? "-" : text; }

std::string rescue_table(const json::array& entries) {
  Table table({"#", "LOST", "CONTACT", "QUEUE", "PRIORITY", "QUEUED AT", "OUTCOME", "CALL"});
  for (const json::value& value : entries) {
    const json::object& each = value.get_object();
    const json::value* queue = each.if_contains("queue");
    const bool waits = text(each, "outcome") == "waiting";
    const std::string outcome = waits && !flag(each, "number_known") ? "waiting, no number" : text(each, "outcome");
    table.add({std::to_string(whole(each, "position")), text(each, "lost"), text(each, "contact"),
               queue != nullptr && queue->is_object() ? text(queue->get_object(), "name") : "-",
               std::to_string(whole(each, "priority")), dashed(text(each, "enqueued")), outcome,
               dashed(text(each, "call"))});
  }
  return table.empty() ? "nobody stands on the rescue list\n" : table.text();
}

}  // namespace

int run(const RescueOrder& order, const Invocation& call) {
  const auto centre = existing_centre(call.dir);
  if (!centre) return complain(centre.error(), call.json);
  const auto ops = OpsClient::open(*centre);
  if (!ops) return complain(ops.error(), call.json);
  const bool look = order.place == "list";
  const auto got = look ? ops->get_from_any("rescue")
                        : ops->put_to_any("rescue/" + uri::encode(order.place),
                                          json::object{{"why", order.why}, {"dry_run", order.dry_run}});
  if (!got) return complain(got.error(), call.json);
  if (call.json) {
    fmt::print("{}\n", json::serialize(*got));
    return kDone;
  }
  for (const json::value& value : list(*got, "orders")) {
    const json::object& each = value.get_object();
    fmt::print("{}: {} gave the word at {}{}\n", text(each, "name"), text(each, "by"), text(each, "at"),
               text(each, "why").empty() ? "" : ", " + text(each, "why"));
  }
  fmt::print("{}", rescue_table(list(*got, "list")));
  if (!look) {
    fmt::print("{}\n", order.dry_run ? "a dry run: nobody is called"
                                     : "those who do not come back are called in this order; `tandem rescue list` "
                                       "shows what becomes of each");
  }
  return kDone;
}

}  // namespace tandem::cli
