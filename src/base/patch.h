// What changed between two values of one struct: the numbers of its changed fields, and a value that holds just those.
// A record of change carries a Patch, so that no module writes a second struct of optionals by hand.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace tandem {

template <class T>
struct Patch {
  std::vector<std::uint32_t> changed;  // field numbers, ascending in declared order
  T value{};                           // only the changed fields mean anything

  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "changed", s.changed);
    f(2, "value", s.value);
  }
};

namespace detail {
// Walks the same field of two values. Fields are visited in one declared order, so the n-th visit is the same field.
template <class T, class F>
void zip_fields(T& a, const T& b, F&& f) {
  std::vector<std::pair<unsigned, const void*>> others;
  T::fields(b, [&](unsigned number, const char*, const auto& field) { others.emplace_back(number, &field); });
  std::size_t n = 0;
  T::fields(a, [&](unsigned number, const char*, auto& field) {
    using Field = std::remove_reference_t<decltype(field)>;
    f(number, field, *static_cast<const Field*>(others[n++].second));
  });
}
}  // namespace detail

template <class T>
[[nodiscard]] Patch<T> diff(const T& before, const T& after) {
  Patch<T> out;
  T old = before;
  std::vector<std::uint32_t> changed;
  detail::zip_fields(old, after, [&](unsigned number, auto& was, const auto& is) {
    if (!(was == is)) changed.push_back(number);
  });
  detail::zip_fields(out.value, after, [&](unsigned number, auto& to, const auto& from) {
    if (std::ranges::find(changed, number) != changed.end()) to = from;
  });
  out.changed = std::move(changed);
  return out;
}

template <class T>
void apply_patch(T& target, const Patch<T>& patch) {
  detail::zip_fields(target, patch.value, [&](unsigned number, auto& to, const auto& from) {
    if (std::ranges::find(patch.changed, number) != patch.changed.end()) to = from;
  });
}

}  // namespace tandem
