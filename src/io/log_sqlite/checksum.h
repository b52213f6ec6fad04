// Tells damaged bytes from whole ones. Not against people: who can write the file can write the checksum.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/ids.h"

namespace tandem::log_sqlite {

// XXH64, as its specification has it (xxHash, "XXH64 Algorithm Description").
[[nodiscard]] std::uint64_t xxh64(std::string_view bytes, std::uint64_t seed = 0);
// Covers the place as well as the bytes, so a record that turns up under another name counts as damaged.
[[nodiscard]] std::uint64_t record_checksum(LogId log, Sequence sequence, std::string_view bytes);

}  // namespace tandem::log_sqlite
