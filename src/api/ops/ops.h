// What operators ask of a node and tell it, at /ops/v1/... of its public listener: JSON in and out, behind a bearer
// token of purpose "ops", which whoever holds the centre key can sign (the command line `tandem` does).
//
//   GET  status                  the node, the members as it sees them, and what is wrong, in plain words
//   GET  ready                   ?region=: could each region take all traffic now, and if not why
//   GET  contacts                ?live=0 &phase= &channel= &queue= &agent= &region= &limit= &after=
//   GET  contacts/{id}           ?transcript=1: what was said is shown only when asked for
//   GET  agents                  ?all=1: also those who are signed out
//   PUT  agents/{id}             {"move_to": REGION or node, "within_s": N}, or {"sign_out": true}
//   GET  queues
//   GET  customers/{CustomerId}  the contacts that were started with it, and the profile; ?history=1: also what was
//                                overwritten in the profile
//   PUT  customers/{CustomerId}  {"set": {"FirstName": "Ada", "Address": {...}, "Attributes": {...}}}, named as in
//                                Amazon Connect Customer Profiles, null clears; or {"erase": true}: what is personal is
//                                nobody's to read any more
//   POST customers/search        {"PhoneNumber": "+49..."} or {"EmailAddress": "..."}
//   GET  explain/{contact}       why this agent, or why nobody yet
//   GET  distribution[/{group}]  shares as they are meant, as they are, as they came out
//   PUT  distribution/{group}    {"set": {field: text}, "why": "", "override": [rule], "preview": true}
//   GET  distribution-history    who changed what, and why
//   GET  regions                 what each region and each of its nodes is to do, and what is there
//   PUT  regions/{name}          a region, or a node by its name or as node/N: {"duty": "drain", "deadline_s": N,
//                                "then": "wait", ...}, "ramp", "serve"
//   GET  members                 the list, a pending one, and the next free id
//   PUT  members/{name}          {"node": N, "region": "", "peer": "HOST:PORT", "public": URL, "steps": [1, 10]}
//   DELETE members/{name}        {"why": "", "override": [rule]}
//   GET  evacuations[/{id}]      who was declared lost, by which votes and evidence; one of them replayed
//   PUT  faults                  {"commit_delay_ms": N, "disk_full": true, "clock_ms": N, "for_ms": N}: for drills
//   GET  access-keys
//   PUT  access-keys/{id}        {"secret": "file:PATH", "principal": "...", "disabled": false}
//   GET  documents/{kind}/{id}
//   PUT  documents/{kind}/{id}   {"set": {...}}: a document with a fixed id; a repeat changes nothing
//
// An error is {"error": NAME, "detail": TEXT} with the status that goes with it.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/host.h"
#include "codec/http.h"
#include "core/failover/ready.h"

namespace tandem::api {

// What a drill makes wrong in a node, if its settings allow it. It ends by itself.
struct FaultOrder {
  std::chrono::milliseconds commit_delay{};  // of each commit of the log
  bool disk_full = false;
  std::chrono::milliseconds clock{};  // by which the wall clock is off
  std::chrono::milliseconds lasts{};
  [[nodiscard]] std::vector<std::string> words() const;  // as problems, for people
};

// What the process knows beside its world.
struct OpsFacts {
  struct Peer {
    bool linked = false;                             // a connection of its own; else through a relay, or not at all
    std::uint64_t behind = 0;                        // records of this node that the peer has not applied yet
    std::optional<std::chrono::milliseconds> heard;  // since its last word; nothing: never in this life
  };
  std::map<NodeId, Peer> peers;
  bool lease = false;
  std::optional<std::chrono::milliseconds> island_for;  // how long this node has had no lease
  bool log_full = false;
  std::map<NodeId, std::chrono::milliseconds> paused;  // whose records wait, and how far ahead of this clock they are
  NodeCounters counters;
  distribution::Chooser::Tally placed;  // new contacts for which this node chose a region
  struct Share {
    std::string group;
    std::string region;
    double percent = 0;  // of new contacts, that it may take now
  };
  std::vector<Share> shares;
  std::map<NodeId, failover::Said> said;  // the members that were heard, and this node itself
  std::vector<failover::Ready> ready;     // each region
  struct Synthetic {                      // of this node; zeros where it starts none
    std::uint64_t served = 0;
    std::uint64_t failed = 0;
    std::chrono::milliseconds took{};  // the one last served
  };
  Synthetic synthetic;
  struct Log {
    std::uint64_t records_appended = 0;  // in this life
    std::uint64_t queued_batches = 0;
    std::uint64_t records_damaged = 0;
    std::uint64_t records_repaired = 0;
    std::chrono::microseconds commit_p50{};
    std::chrono::microseconds commit_p99{};
  } log;
  std::size_t sessions = 0;           // customers' sessions at this gateway
  std::chrono::milliseconds up{};     // since the process started
  std::optional<FaultOrder> faults;   // nothing: the settings allow none
  std::vector<std::string> problems;  // what else the process wants a person to know
};

struct OpsSources {
  // `done` runs once, on any thread. Empty: status goes without these facts.
  std::function<void(std::function<void(OpsFacts)> done)> facts;
  // The world as it was at `vector`, from the log; off the loop, for it may take seconds. Errors: not_found (records
  // are truncated or not here). Empty: `explain` shows the present world and says so.
  std::function<void(Vector vector, std::function<void(Result<std::shared_ptr<const World>>)> done)> replay;
  // Errors: refused. Empty: refused too.
  std::function<Result<void>(const FaultOrder& order)> faults;
};

class Ops {
 public:
  // `host` must outlive every call back that it still owes.
  explicit Ops(Host& host, OpsSources sources = {});
  Ops(const Ops&) = delete;
  Ops& operator=(const Ops&) = delete;
  ~Ops();

  [[nodiscard]] static bool handles(std::string_view path) { return path.starts_with("/ops/"); }
  // What is wrong, in the words of `status`; `leads`: this node is the first of those that answer. The object must
  // outlive the call.
  void problems(std::function<void(std::vector<std::string>, bool leads)> done) const;
  // From any thread, and never waits.
  void handle(http::Request request, http::Respond respond) const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

inline constexpr std::string_view kOpsToken = "ops";

}  // namespace tandem::api
