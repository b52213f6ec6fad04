// The world as the log gives it at start: the newest snapshot, and the records behind it.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/replication.h"
#include "io/log_sqlite/log.h"
#include "node/world.h"

namespace tandem::app {

struct Rebuilt {
  World world;
  Hlc newest;  // the latest stamp among the records that were read
  std::map<LogId, cluster::OnDisk> on_disk;
  std::uint64_t records = 0;      // read behind the snapshot
  std::uint64_t undecodable = 0;  // of those, by this build
  std::vector<log_sqlite::Damaged> damaged;
  bool snapshot_refused = false;  // it cannot be loaded: everything was read from the first record on
};

// Reading and decoding go on beside loading and applying, on a thread of their own that is gone on return; at most
// some ten thousand records wait between the two. Errors: those of Log::replay.
[[nodiscard]] Result<Rebuilt> rebuild(log_sqlite::Log& log, const std::optional<log_sqlite::Snapshot>& snapshot,
                                      config::State::Compile compile);

}  // namespace tandem::app
