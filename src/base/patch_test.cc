// Goal: a patch holds what changed and nothing else, and makes the one value of the other.
#include "base/patch.h"

#include <gtest/gtest.h>

#include <string>

namespace tandem {
namespace {

struct Thing {
  std::string name;
  int count = 0;
  std::vector<int> list;
  friend bool operator==(const Thing&, const Thing&) = default;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "name", s.name);
    f(4, "count", s.count);
    f(7, "list", s.list);
  }
};

TEST(Patch, NamesTheFieldsThatChanged) {
  const Thing before{"a", 1, {1, 2}};
  const Thing after{"a", 2, {}};
  const Patch<Thing> patch = diff(before, after);
  EXPECT_EQ(patch.changed, (std::vector<std::uint32_t>{4, 7}));
  EXPECT_EQ(patch.value(), (Thing{"", 2, {}})) << "what did not change is not carried";
  Thing target = before;
  apply_patch(target, patch);
  EXPECT_EQ(target, after) << "also what became empty";
}

TEST(Patch, OfEqualValuesIsEmptyAndChangesNothing) {
  const Thing thing{"a", 1, {1}};
  EXPECT_TRUE(diff(thing, thing).changed.empty());
  EXPECT_TRUE(diff(thing, Thing(thing)).changed.empty());
  Thing target = thing;
  apply_patch(target, Patch<Thing>{});
  EXPECT_EQ(target, thing);
}

TEST(Patch, TouchesNoFieldButItsOwn) {
  const Patch<Thing> patch = diff(Thing{"a", 1, {}}, Thing{"b", 1, {}});
  Thing other{"x", 9, {3}};
  apply_patch(other, patch);
  EXPECT_EQ(other, (Thing{"b", 9, {3}}));
  // A field that this build does not know is left alone.
  Patch<Thing> later = patch;
  later.changed.push_back(99);
  apply_patch(other, later);
  EXPECT_EQ(other, (Thing{"b", 9, {3}}));
}

}  // namespace
}  // namespace tandem
