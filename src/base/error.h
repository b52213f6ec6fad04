// An operating error is a value and its caller handles it; whatever arrives from outside is one, however absurd.
#pragma once

#include <cstdint>
#include <expected>
#include <string>

namespace tandem {

// One entry per way a caller can react. The text of `detail` is for people; code branches on the code alone.
enum class Errc : std::uint8_t {
  invalid = 1,      // the input breaks a documented rule; `detail` names it
  not_found,        // no such thing here
  already_exists,   // the name or id is taken; `detail` holds the id of the holder
  not_owner,        // another node decides; `detail` holds its NodeId in decimal
  in_use,           // others still refer to it; `detail` names one of them
  refused,          // the state of the thing forbids it; `detail` says why in plain words
  move_in_flight,   // a transfer of this contact is open
  limit_exceeded,   // a quota or capacity is reached
  denied,           // the caller is known and may not
  unauthenticated,  // the caller is not known
  log_full,         // this node's disk takes no new records: new work is refused, reads go on
  no_quorum,        // a majority of the members did not answer in time
  unreachable,      // the node that must decide does not answer
  timed_out,        // no answer in time; the work may have been done
  shutting_down,    // this process is on its way out
  corrupt,          // stored or received bytes do not match their checksum or shape
  internal,         // our fault; `detail` is for the log
};

struct Error {
  Errc code = Errc::internal;
  std::string detail;
  friend bool operator==(const Error&, const Error&) = default;
};

template <class T>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(Errc code, std::string detail) {
  return std::unexpected<Error>(Error{code, std::move(detail)});
}
[[nodiscard]] const char* errc_name(Errc code);

}  // namespace tandem
