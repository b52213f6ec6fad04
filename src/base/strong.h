// Two Strong types never mix, and none becomes its bare number unless the caller asks: `.value()`.
#pragma once

#include <compare>
#include <functional>
#include <utility>

namespace tandem {

template <class Tag, class Rep>
class Strong {
 public:
  using rep = Rep;
  constexpr Strong() = default;
  constexpr explicit Strong(Rep value) : value_(std::move(value)) {}
  [[nodiscard]] constexpr const Rep& value() const { return value_; }
  friend constexpr auto operator<=>(const Strong&, const Strong&) = default;

 private:
  Rep value_{};
};

}  // namespace tandem

template <class Tag, class Rep>
struct std::hash<tandem::Strong<Tag, Rep>> {
  std::size_t operator()(const tandem::Strong<Tag, Rep>& s) const noexcept { return std::hash<Rep>{}(s.value()); }
};
