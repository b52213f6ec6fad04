// The records that a peer lacks, read from the log with the keys that were made with them.
#pragma once

#include <functional>

#include "io/log_sqlite/log.h"
#include "node/node.h"

namespace tandem::log_sqlite {

// `done` runs on the log's reader thread, and not at all when the log is closing or fails.
void read_for_peer(Log& log, const cluster::ReadLog& read, std::function<void(LogRead)> done);

}  // namespace tandem::log_sqlite
