// The protobuf wire format (proto3) for plain structs that name their fields once:
//
//   struct Claimed {
//     ContactId contact; Term term;
//     template <class S, class F> static void fields(S& s, F&& f) { f(1, "contact", s.contact); f(2, "term", s.term); }
//   };
//
// A field whose value is zero is left out, so the default of every enum and number in such a struct is its zero.
// One description serves records, frames, snapshots and patches (docs/decisions/0001-one-description.md).
// Encoding is canonical: fields in declared order, defaults left out, maps in key order; equal values have equal bytes
// (but for unordered maps, which stand in their own order, and in snapshots only).
// Decoding is total: any bytes give a value or an error, unknown fields are skipped, so that every change is additive.
// Numbers are unsigned varints, signed ones zigzag (sint64), ids of 16 bytes are `bytes`, a variant is a oneof whose
// field number is the alternative's place, from 1; a map is repeated entries {1: key, 2: value}.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/ids.h"

namespace tandem::wire {

namespace detail {
struct AnyField {
  template <class T>
  void operator()(unsigned, const char*, T&&) const {}
};
template <class T>
struct IsStrong : std::false_type {};
template <class Tag, class Rep>
struct IsStrong<Strong<Tag, Rep>> : std::true_type {};
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};
template <class T>
struct IsMap : std::false_type {};
template <class K, class V>
struct IsMap<std::map<K, V>> : std::true_type {};
template <class K, class V>
struct IsMap<std::unordered_map<K, V>> : std::true_type {};
template <class T>
struct IsSet : std::false_type {};
template <class T>
struct IsSet<std::set<T>> : std::true_type {};
template <class T>
struct IsVariant : std::false_type {};
template <class... T>
struct IsVariant<std::variant<T...>> : std::true_type {};
template <class T>
struct IsDuration : std::false_type {};
template <class R, class P>
struct IsDuration<std::chrono::duration<R, P>> : std::true_type {};
}  // namespace detail

template <class T>
concept Struct = requires(T& t, detail::AnyField f) { T::fields(t, f); };
// Sent as one varint.
template <class T>
concept Number = std::is_integral_v<T> || std::is_enum_v<T>;

inline constexpr std::size_t kVarintBytesMax = 10;
// Writes at `out`, which has room; returns the end.
inline char* put_varint(char* out, std::uint64_t value) {
  while (value >= 0x80) {
    *out++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *out++ = static_cast<char>(value);
  return out;
}
inline void put_varint(std::string& out, std::uint64_t value) {
  char bytes[kVarintBytesMax];
  out.append(bytes, put_varint(bytes, value));
}

// False, and `in` is of no more use: it ends too soon, or the number has more than 64 bits.
inline bool take_varint(std::string_view& in, std::uint64_t& value) {
  value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (in.empty()) return false;
    const auto byte = static_cast<std::uint8_t>(in.front());
    in.remove_prefix(1);
    if (shift == 63 && byte > 1) return false;
    value |= std::uint64_t{byte & 0x7fU} << shift;
    if ((byte & 0x80) == 0) return true;
  }
  return false;
}

// The bytes of one message. Nested lengths are written after their content is known, by moving it: messages are small.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  template <Struct T>
  void message(const T& value) {
    T::fields(value, [&](unsigned number, const char*, const auto& field) { this->put(number, field, false); });
  }
  template <class... T>
  void message(const std::variant<T...>& value) {
    std::visit([&](const auto& alternative) { put(static_cast<unsigned>(value.index() + 1), alternative, true); },
               value);
  }

 private:
  enum Kind : unsigned { kVarint = 0, kBytes = 2 };
  static char* tag(char* out, unsigned number, Kind kind) { return put_varint(out, std::uint64_t{number} << 3 | kind); }

  // Tag and number go out in one piece, for most of what is written is as small.
  void varint(unsigned number, Kind kind, std::uint64_t value) {
    char head[2 * kVarintBytesMax];
    out_.append(head, put_varint(tag(head, number, kind), value));
  }
  void bytes(unsigned number, std::string_view value) {
    varint(number, kBytes, value.size());
    out_.append(value);
  }

  template <class Body>
  void nested(unsigned number, Body&& body) {
    varint(number, kBytes, 0);
    const std::size_t start = out_.size() - 1;
    body();
    const std::size_t size = out_.size() - start - 1;
    if (size < 0x80) {
      out_[start] = static_cast<char>(size);
      return;
    }
    char length[kVarintBytesMax];
    out_.replace(start, 1, length, static_cast<std::size_t>(put_varint(length, size) - length));
  }

  // `keep`: written even when it is the default (list elements, map entries, present optionals, variants).
  template <class T>
  void put(unsigned number, const T& value, bool keep) {
    if constexpr (std::is_same_v<T, Uuid>) {
      if (keep || !value.nil())
        bytes(number, std::string_view(reinterpret_cast<const char*>(value.bytes.data()), value.bytes.size()));
    } else if constexpr (std::is_same_v<T, Hlc>) {
      put(number, value.packed, keep);
    } else if constexpr (detail::IsStrong<T>::value) {
      put(number, value.value(), keep);
    } else if constexpr (detail::IsDuration<T>::value) {
      put(number, static_cast<std::int64_t>(value.count()), keep);
    } else if constexpr (std::is_same_v<T, std::string>) {
      if (keep || !value.empty()) bytes(number, value);
    } else if constexpr (Number<T>) {
      std::uint64_t raw = 0;
      if constexpr (std::is_signed_v<T> && !std::is_enum_v<T>) {
        const auto wide = static_cast<std::int64_t>(value);
        raw = (static_cast<std::uint64_t>(wide) << 1) ^ static_cast<std::uint64_t>(wide >> 63);
      } else {
        raw = static_cast<std::uint64_t>(value);
      }
      if (!keep && raw == 0) return;
      varint(number, kVarint, raw);
    } else if constexpr (detail::IsOptional<T>::value) {
      if (value) put(number, *value, true);
    } else if constexpr (std::is_pointer_v<T>) {
      put(number, *value, keep);
    } else if constexpr (detail::IsVector<T>::value || detail::IsSet<T>::value) {
      for (const auto& element : value) put(number, element, true);
    } else if constexpr (detail::IsMap<T>::value) {
      for (const auto& [key, entry] : value) {
        nested(number, [&] {
          put(1, key, false);
          put(2, entry, false);
        });
      }
    } else if constexpr (detail::IsVariant<T>::value) {
      nested(number, [&] { message(value); });
    } else {
      static_assert(Struct<T>, "a field type the wire format does not know");
      const std::size_t before = out_.size();
      nested(number, [&] { message(value); });
      // An empty struct is the default; two bytes of tag and length would be all that was written.
      if (!keep && out_.back() == '\0' && out_.size() - before == tag_size(number) + 1) out_.resize(before);
    }
  }
  static std::size_t tag_size(unsigned number) { return number < 16 ? 1 : number < 2048 ? 2 : 3; }

  std::string& out_;
};

// Reads one message; every length is checked against what is left before anything is allocated.
class Reader {
 public:
  // `elements_max` bounds what a small hostile message can make us allocate.
  explicit Reader(std::string_view in, std::size_t elements_max = 1 << 20) : in_(in), budget_(&own_budget_) {
    own_budget_ = elements_max;
  }

  template <Struct T>
  bool message(T& value) {
    while (!in_.empty()) {
      std::uint64_t key = 0;
      if (!varint(key)) return false;
      const auto number = static_cast<unsigned>(key >> 3);
      const auto kind = static_cast<unsigned>(key & 7);
      if (number == 0) return false;
      bool found = false;
      bool good = true;
      T::fields(value, [&](unsigned declared, const char*, auto& field) {
        if (found || declared != number) return;
        found = true;
        good = get(kind, field);
      });
      if (!found) good = skip(kind);
      if (!good) return false;
    }
    return true;
  }

  template <class... T>
  bool message(std::variant<T...>& value) {
    bool any = false;
    while (!in_.empty()) {
      std::uint64_t key = 0;
      if (!varint(key)) return false;
      const auto number = static_cast<std::size_t>(key >> 3);
      if (number == 0 || number > sizeof...(T)) {
        if (!skip(static_cast<unsigned>(key & 7))) return false;
        continue;
      }
      if (!alternative(value, number - 1, static_cast<unsigned>(key & 7), std::index_sequence_for<T...>{}))
        return false;
      any = true;
    }
    return any;  // no alternative this build knows: the caller refuses the message
  }

 private:
  Reader(std::string_view in, std::size_t* budget, int depth) : in_(in), budget_(budget), depth_(depth) {}

  bool varint(std::uint64_t& value) { return take_varint(in_, value); }
  bool bytes(unsigned kind, std::string_view& value) {
    std::uint64_t size = 0;
    if (kind != 2 || !varint(size) || size > in_.size()) return false;
    value = in_.substr(0, size);
    in_.remove_prefix(size);
    return true;
  }
  bool skip(unsigned kind) {
    std::uint64_t number = 0;
    std::string_view ignored;
    switch (kind) {
      case 0:
        return varint(number);
      case 1:
        return drop(8);
      case 2:
        return bytes(kind, ignored);
      case 5:
        return drop(4);
      default:
        return false;
    }
  }
  bool drop(std::size_t size) {
    if (in_.size() < size) return false;
    in_.remove_prefix(size);
    return true;
  }
  bool spend() {
    if (*budget_ == 0) return false;
    --*budget_;
    return true;
  }

  template <class V, std::size_t... I>
  bool alternative(V& value, std::size_t index, unsigned kind, std::index_sequence<I...>) {
    bool good = false;
    static_cast<void>(((I == index ? (good = get(kind, value.template emplace<I>()), true) : false) || ...));
    return good;
  }

  template <class T>
  bool get(unsigned kind, T& value) {
    if constexpr (std::is_same_v<T, Uuid>) {
      std::string_view raw;
      if (!bytes(kind, raw) || raw.size() != value.bytes.size()) return false;
      std::copy(raw.begin(), raw.end(), value.bytes.begin());
      return true;
    } else if constexpr (std::is_same_v<T, Hlc>) {
      return get(kind, value.packed);
    } else if constexpr (detail::IsStrong<T>::value) {
      typename T::rep raw{};
      if (!get(kind, raw)) return false;
      value = T{raw};
      return true;
    } else if constexpr (detail::IsDuration<T>::value) {
      std::int64_t count = 0;
      if (!get(kind, count)) return false;
      value = T{count};
      return true;
    } else if constexpr (std::is_same_v<T, std::string>) {
      std::string_view raw;
      if (!bytes(kind, raw)) return false;
      value.assign(raw);
      return true;
    } else if constexpr (Number<T>) {
      std::uint64_t raw = 0;
      if (kind != 0 || !varint(raw)) return false;
      if constexpr (std::is_enum_v<T>) {
        // Every enum on the wire ends with `last_` = its greatest value, so that no unknown one gets in.
        if (raw > static_cast<std::uint64_t>(T::last_)) return false;
        value = static_cast<T>(raw);
      } else if constexpr (std::is_same_v<T, bool>) {
        if (raw > 1) return false;
        value = raw == 1;
      } else if constexpr (std::is_signed_v<T>) {
        const auto wide = static_cast<std::int64_t>((raw >> 1) ^ (0 - (raw & 1)));
        value = static_cast<T>(wide);
        if (static_cast<std::int64_t>(value) != wide) return false;
      } else {
        value = static_cast<T>(raw);
        if (static_cast<std::uint64_t>(value) != raw) return false;
      }
      return true;
    } else if constexpr (detail::IsOptional<T>::value) {
      return get(kind, value.emplace());
    } else if constexpr (detail::IsVector<T>::value) {
      return spend() && get(kind, value.emplace_back());
    } else if constexpr (detail::IsSet<T>::value) {
      typename T::value_type element{};
      if (!spend() || !get(kind, element)) return false;
      value.insert(std::move(element));
      return true;
    } else if constexpr (detail::IsMap<T>::value) {
      Entry<typename T::key_type, typename T::mapped_type> entry;
      const std::size_t before = in_.size();
      if (!spend() || !get(kind, entry)) return false;
      // Most such maps are all that is left of their message.
      if constexpr (requires { value.reserve(before); }) {
        if (value.empty()) value.reserve(std::min(before / (before - in_.size()), *budget_ + 1));
      }
      // Written in order, so that each belongs behind the others; what is not lands where it belongs all the same.
      value.insert_or_assign(value.end(), std::move(entry.key), std::move(entry.value));
      return true;
    } else {
      std::string_view raw;
      if (depth_ >= 32 || !bytes(kind, raw)) return false;
      Reader inner(raw, budget_, depth_ + 1);
      return inner.message(value);
    }
  }

  template <class K, class V>
  struct Entry {
    K key{};
    V value{};
    template <class S, class F>
    static void fields(S& s, F&& f) {
      f(1, "key", s.key);
      f(2, "value", s.value);
    }
  };

  std::string_view in_;
  std::size_t own_budget_ = 0;
  std::size_t* budget_;
  int depth_ = 0;
};

template <class T>
void append(std::string& out, const T& value) {
  Writer(out).message(value);
}
template <class T>
[[nodiscard]] std::string encode(const T& value) {
  std::string out;
  append(out, value);
  return out;
}
// Errors: corrupt.
template <class T>
[[nodiscard]] Result<T> decode(std::string_view bytes, std::size_t elements_max = 1 << 20) {
  T value{};
  if (!Reader(bytes, elements_max).message(value)) return fail(Errc::corrupt, "bytes are not of the expected message");
  return value;
}

}  // namespace tandem::wire
