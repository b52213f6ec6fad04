// Rebuilds a log whose pages do not hang together. Whatever single record, key or snapshot can still be reached is
// copied into a new file, which takes the old one's place; what is left out shows as a hole, is named, and is fetched
// from a peer like any damaged record. For the files of this folder only.
#pragma once

#include <string>

#include "base/error.h"
#include "io/log_sqlite/log.h"

namespace tandem::log_sqlite {

// The file at `path` is closed and stays locked against other processes meanwhile.
// Errors: corrupt, the tables that name the logs and this node cannot be read; log_full; internal.
[[nodiscard]] Result<void> rescue(const std::string& path, const Options::Testing& testing);

// An empty file with mode 0600; one that is there keeps its bytes and gets that mode.
[[nodiscard]] Result<void> make_private_file(const std::string& path);
// Makes the names in the directory of `path` durable.
[[nodiscard]] Result<void> sync_directory_of(const std::string& path);

}  // namespace tandem::log_sqlite
