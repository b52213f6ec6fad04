// Goal: what the wire leaves out comes back as it was. A zero is left out, so no struct may start with anything else.
// Method: every number and enum of every record, message and contact is set to its zero, sent, and read again.
#include <gtest/gtest.h>

#include "codec/wire.h"
#include "core/body.h"
#include "core/contact/commands.h"
#include "core/presence/commands.h"

namespace tandem {
namespace {

struct Zero {
  template <class T>
  void operator()(unsigned, const char*, T& field) const {
    set(field);
  }
  template <class T>
  static void set(T& field) {
    if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
      field = static_cast<T>(0);
    } else if constexpr (wire::Struct<T>) {
      T::fields(field, Zero{});
    }
  }
};

struct ExpectZero {
  template <class T>
  void operator()(unsigned, const char* name, T& field) const {
    if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
      EXPECT_EQ(static_cast<long long>(field), 0) << name;
    } else if constexpr (wire::Struct<T>) {
      T::fields(field, *this);
    }
  }
};

template <class T>
void check() {
  SCOPED_TRACE(typeid(T).name());
  T value{};
  Zero::set(value);
  auto back = wire::decode<T>(wire::encode(value));
  ASSERT_TRUE(back);
  T::fields(*back, ExpectZero{});
}

template <class... T>
void check_all(const std::variant<T...>*) {
  const auto one = []<class U>() {
    if constexpr (wire::Struct<U>) {
      check<U>();
    } else {
      check_all(static_cast<const U*>(nullptr));
    }
  };
  (one.template operator()<T>(), ...);
}

TEST(Wire, ZerosComeBackFromEveryRecordAndOrder) {
  check_all(static_cast<const Body*>(nullptr));
  check<contact::Start>();
  check<contact::Say>();
  check<contact::End>();
  check<presence::SignIn>();
  check<presence::SetStatus>();
}

}  // namespace
}  // namespace tandem
