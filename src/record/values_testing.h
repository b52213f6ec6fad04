// Random values of the structs that wire.h can write, compared field by field.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "base/patch.h"
#include "base/rng.h"
#include "codec/wire.h"

namespace tandem::record::testing {

// A field of type std::string holds UTF-8; those of these names hold anything.
[[nodiscard]] inline bool holds_bytes(std::string_view field) {
  return field == "bytes" || field == "nonce" || field == "wrapped";
}

// What a test needs of a described type. Made where it is cheap to compile: in a file of its own (codec_of).
template <class T>
struct Codec {
  std::string type;  // the message's name in the .proto file
  std::string (*encode)(const T&);
  Result<T> (*decode)(std::string_view);
  bool (*same)(const T&, const T&);
};

inline std::uint64_t some_number(Rng& rng, std::uint64_t max) {
  switch (rng.below(4)) {
    case 0:
      return 0;
    case 1:
      return max;
    case 2:
      return rng.below(std::min<std::uint64_t>(max, 300)) + (max > 300 ? 1 : 0);
    default:
      return max == ~std::uint64_t{0} ? rng.next() : rng.below(max + 1);
  }
}
inline std::string some_bytes(Rng& rng) {
  std::string out(rng.chance(1, 8) ? rng.below(400) : rng.below(20), '\0');
  for (char& c : out) c = static_cast<char>(rng.below(256));
  return out;
}
inline std::string some_text(Rng& rng) {
  constexpr const char* kPieces[] = {"a", "Z", " ", "\"", "\n", "ü", "€", "\U0001F4DE"};
  std::string out;
  for (std::uint64_t n = rng.chance(1, 8) ? rng.below(200) : rng.below(8); n > 0; --n) out += kPieces[rng.below(8)];
  return out;
}

// Fills whatever the description names.
struct Fill {
  Rng& rng;
  template <class T>
  void operator()(unsigned, const char* name, T& field) const {
    set(name, field);
  }
  template <class T>
  void set(const char* name, T& field) const {
    if constexpr (std::is_same_v<T, Uuid>) {
      if (rng.chance(1, 4)) return;
      for (auto& byte : field.bytes) byte = static_cast<std::uint8_t>(rng.below(256));
    } else if constexpr (std::is_same_v<T, Hlc>) {
      set(name, field.packed);
    } else if constexpr (wire::detail::IsStrong<T>::value) {
      typename T::rep raw{};
      set(name, raw);
      field = T{raw};
    } else if constexpr (wire::detail::IsDuration<T>::value) {
      std::int64_t count = 0;
      set(name, count);
      field = T{count};
    } else if constexpr (std::is_same_v<T, std::string>) {
      field = holds_bytes(name) ? some_bytes(rng) : some_text(rng);
    } else if constexpr (std::is_same_v<T, bool>) {
      field = rng.chance(1, 2);
    } else if constexpr (std::is_enum_v<T>) {
      field = static_cast<T>(rng.below(static_cast<std::uint64_t>(T::last_) + 1));
    } else if constexpr (std::is_integral_v<T>) {
      using Wide = std::make_unsigned_t<T>;
      field = static_cast<T>(static_cast<Wide>(some_number(rng, std::numeric_limits<Wide>::max())));
    } else if constexpr (wire::detail::IsOptional<T>::value) {
      if (rng.chance(1, 2)) set(name, field.emplace());
    } else if constexpr (wire::detail::IsVector<T>::value) {
      for (std::uint64_t n = rng.below(4); n > 0; --n) set(name, field.emplace_back());
    } else if constexpr (wire::detail::IsSet<T>::value) {
      for (std::uint64_t n = rng.below(4); n > 0; --n) {
        typename T::value_type element{};
        set(name, element);
        field.insert(element);
      }
    } else if constexpr (wire::detail::IsMap<T>::value) {
      for (std::uint64_t n = rng.below(4); n > 0; --n) {
        typename T::key_type key{};
        set(name, key);
        set(name, field[key]);
      }
    } else if constexpr (wire::detail::IsVariant<T>::value) {
      alternative(field, rng.below(std::variant_size_v<T>), std::make_index_sequence<std::variant_size_v<T>>{});
    } else {
      T::fields(field, *this);
    }
  }
  template <class V, std::size_t... I>
  void alternative(V& value, std::size_t index, std::index_sequence<I...>) const {
    static_cast<void>(((I == index ? (set("", value.template emplace<I>()), true) : false) || ...));
  }
};

template <class T>
[[nodiscard]] T some(Rng& rng) {
  T value{};
  Fill{rng}.set("", value);
  return value;
}

// Equal field by field, as the description sees it: not by comparing bytes, which is what is being tested.
template <class T>
[[nodiscard]] bool same(const T& a, const T& b);
template <class T>
[[nodiscard]] bool same_range(const T& a, const T& b) {
  return std::ranges::equal(a, b, [](const auto& x, const auto& y) { return same(x, y); });
}
template <class T>
[[nodiscard]] bool same(const T& a, const T& b) {
  if constexpr (wire::Struct<T>) {
    bool equal = true;
    tandem::detail::zip_fields(a, b, [&](unsigned, const auto& x, const auto& y) { equal = equal && same(x, y); });
    return equal;
  } else if constexpr (wire::detail::IsVector<T>::value || wire::detail::IsSet<T>::value) {
    return same_range(a, b);
  } else if constexpr (wire::detail::IsMap<T>::value) {
    return std::ranges::equal(
        a, b, [](const auto& x, const auto& y) { return same(x.first, y.first) && same(x.second, y.second); });
  } else if constexpr (wire::detail::IsOptional<T>::value) {
    return a.has_value() == b.has_value() && (!a || same(*a, *b));
  } else if constexpr (wire::detail::IsVariant<T>::value) {
    return a.index() == b.index() && std::visit(
                                         [&]<class A>(const A& x) {
                                           const A* y = std::get_if<A>(&b);
                                           return y != nullptr && same(x, *y);
                                         },
                                         a);
  } else {
    return a == b;
  }
}

template <class T>
[[nodiscard]] Codec<T> codec_of(std::string type) {
  return {std::move(type), [](const T& value) { return wire::encode(value); },
          [](std::string_view bytes) { return wire::decode<T>(bytes); },
          [](const T& a, const T& b) { return same(a, b); }};
}

}  // namespace tandem::record::testing
