// What changed between two values of one struct: the numbers of its changed fields, and a value that holds just those.
// A record of change carries a Patch, so that no module writes a second struct of optionals by hand.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/check.h"

namespace tandem {

template <class T>
class Patch {
 public:
  Patch() = default;
  Patch(const Patch& other)
      : changed(other.changed), value_(other.value_ ? std::make_unique<T>(*other.value_) : nullptr) {}
  Patch(Patch&&) noexcept = default;
  Patch& operator=(Patch other) noexcept {
    std::swap(changed, other.changed);
    std::swap(value_, other.value_);
    return *this;
  }
  ~Patch() = default;

  std::vector<std::uint32_t> changed;  // field numbers, ascending in declared order
  // Only the changed fields mean anything. It stands apart: most changes of a contact change nothing but its
  // transcript.
  [[nodiscard]] const T& value() const {
    static const T none{};
    return value_ ? *value_ : none;
  }
  [[nodiscard]] T& value() {
    if (!value_) value_ = std::make_unique<T>();
    return *value_;
  }

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "changed", s.changed);
    f(2, "value", s.value());
  }

 private:
  std::unique_ptr<T> value_;
};

namespace detail {
inline constexpr std::size_t kFieldsMax = 64;

// Walks the same field of two values. Fields are visited in one declared order, so the n-th visit is the same field.
template <class A, class T, class F>
void zip_fields(A& a, const T& b, F&& f) {
  std::array<const void*, kFieldsMax> others;
  std::size_t count = 0;
  T::fields(b, [&](unsigned, const char*, const auto& field) {
    TANDEM_CHECK(count < others.size());
    others[count++] = &field;
  });
  std::size_t n = 0;
  T::fields(a, [&](unsigned number, const char*, auto& field) {
    using Field = std::remove_reference_t<decltype(field)>;
    f(number, field, *static_cast<const Field*>(others[n++]));
  });
}
}  // namespace detail

template <class T>
[[nodiscard]] Patch<T> diff(const T& before, const T& after) {
  Patch<T> out;
  if (&before == &after) return out;
  detail::zip_fields(before, after, [&](unsigned number, const auto& was, const auto& is) {
    if (!(was == is)) out.changed.push_back(number);
  });
  if (out.changed.empty()) return out;
  detail::zip_fields(out.value(), after, [&](unsigned number, auto& to, const auto& from) {
    if (std::ranges::find(out.changed, number) != out.changed.end()) to = from;
  });
  return out;
}

template <class T>
void apply_patch(T& target, const Patch<T>& patch) {
  if (patch.changed.empty()) return;
  detail::zip_fields(target, patch.value(), [&](unsigned number, auto& to, const auto& from) {
    if (std::ranges::find(patch.changed, number) != patch.changed.end()) to = from;
  });
}

}  // namespace tandem
