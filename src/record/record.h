// The envelope: a record as it stands in a log and travels between nodes. Its bytes are made once, by its origin, and
// are stored, checksummed and relayed as they are.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "core/body.h"

namespace tandem::record {

struct Record {
  NodeId origin;
  Incarnation incarnation;
  Sequence sequence;
  Hlc at;
  Uuid cause;
  Body body;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "origin", s.origin);
    f(2, "incarnation", s.incarnation);
    f(3, "sequence", s.sequence);
    f(4, "at", s.at);
    f(5, "cause", s.cause);
    f(6, "body", s.body);
  }
  [[nodiscard]] Meta meta() const { return {{origin, incarnation}, sequence, at, cause}; }
};

inline constexpr std::uint32_t kSchema = 1;  // grows with every addition, so that peers can tell what they may send

[[nodiscard]] std::string encode(const Meta& meta, const Body& body);
// The stamp alone, without decoding the rest; nothing for bytes that are no record.
[[nodiscard]] std::optional<Hlc> stamp_of(std::string_view bytes);
// Errors: corrupt, also for values that no node writes (term 0, a claim for another contact's id).
[[nodiscard]] Result<Record> decode(std::string_view bytes);

}  // namespace tandem::record
