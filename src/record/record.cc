#include "record/record.h"

#include "base/overloaded.h"
#include "codec/wire.h"

namespace tandem::record {
namespace {

constexpr std::size_t kBytesUsual = 320;  // one allocation for most records

// What `apply` takes for granted.
bool sound(const Body& body) {
  return std::visit(
      Overloaded{
          [](const contact::Rec& rec) {
            const auto* claimed = std::get_if<contact::Claimed>(&rec);
            return claimed == nullptr || (claimed->term > Term{} && claimed->whole.id == claimed->contact);
          },
          [](const presence::Rec& rec) {
            const auto* claimed = std::get_if<presence::Claimed>(&rec);
            return claimed == nullptr || (claimed->term > Term{} && claimed->whole.agent == claimed->agent);
          },
          [](const auto&) { return true; },
      },
      body);
}

// The body is written in place: a Record of its own would copy it.
struct View {
  const Meta& meta;
  const Body& body;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "origin", s.meta.log.origin);
    f(2, "incarnation", s.meta.log.incarnation);
    f(3, "sequence", s.meta.sequence);
    f(4, "at", s.meta.at);
    f(5, "cause", s.meta.cause);
    f(6, "body", s.body);
  }
};

// A body that is missing would be read as the first kind of record there is.
bool has_body(std::string_view bytes) {
  constexpr std::uint64_t kBodyKey = 6 << 3 | 2;  // as View numbers it, with its length before it
  std::uint64_t key = 0;
  std::uint64_t value = 0;
  while (wire::take_varint(bytes, key)) {
    if (key == kBodyKey) return true;
    if (!wire::take_varint(bytes, value)) return false;
    if ((key & 7) == 0) continue;
    if ((key & 7) != 2 || value > bytes.size()) return false;
    bytes.remove_prefix(value);
  }
  return false;
}

}  // namespace

std::string encode(const Meta& meta, const Body& body) {
  std::string out;
  out.reserve(kBytesUsual);
  wire::append(out, View{meta, body});
  return out;
}

std::optional<Hlc> stamp_of(std::string_view bytes) {
  constexpr std::uint64_t kAt = 4;  // as View numbers it; before it stand numbers only
  std::uint64_t key = 0;
  std::uint64_t value = 0;
  while (wire::take_varint(bytes, key) && (key & 7) == 0 && wire::take_varint(bytes, value)) {
    if (key >> 3 == kAt) return Hlc{value};
    if (key >> 3 > kAt) break;
  }
  return std::nullopt;
}

Result<Record> decode(std::string_view bytes) {
  auto out = wire::decode<Record>(bytes);
  if (!out) return out;
  if (!has_body(bytes)) return fail(Errc::corrupt, "a record without a body");
  const bool addressed = out->origin != NodeId{} && out->incarnation != Incarnation{} && out->sequence != Sequence{};
  if (!addressed || !sound(out->body)) return fail(Errc::corrupt, "a record that no node writes");
  return out;
}

}  // namespace tandem::record
