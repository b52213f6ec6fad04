// Goal: what callers were told is known until it is forgotten for its age, also where the world comes from a snapshot.
// Method: documents written by commands an hour apart; a world that applied them beside one that loaded its snapshot.
#include "node/world.h"

#include <gtest/gtest.h>

namespace tandem {
namespace {

TEST(World, ForgetsAnswersByTheirAge) {
  const auto id = [](const char* what, std::uint64_t n) { return derive_uuid(Uuid{}, what, n); };
  const Hlc begun = Hlc::at(1'772'450'000'000);
  World applied(nullptr);
  constexpr std::uint64_t kCount = 100;
  for (std::uint64_t n = 0; n < kCount; ++n) {
    const Meta meta{LogId{NodeId{1}, Incarnation{1}}, Sequence{n + 1}, begun + std::chrono::hours(n), id("command", n)};
    applied.apply(config::Rec{config::Put{config::Kind::queue, id("queue", n), true, {{"name", "q"}}}}, meta);
    applied.apply(config::Rec{config::Put{config::Kind::queue, id("queue", n), true, {{"name", "r"}}}}, meta);
  }
  World loaded(nullptr);
  ASSERT_TRUE(loaded.load(applied.snapshot()).has_value());
  EXPECT_EQ(loaded.bytes(), applied.bytes());
  for (World* world : {&applied, &loaded}) {
    for (const std::uint64_t gone : {0U, 30U, 99U, 100U}) {
      world->forget_answers(begun + std::chrono::hours(gone));
      for (std::uint64_t n = 0; n < kCount; ++n) {
        const Answer* answer = world->answer(id("command", n));
        ASSERT_EQ(answer != nullptr, n >= gone) << n;
        if (answer == nullptr) continue;
        EXPECT_EQ(answer->id, id("queue", n));
      }
    }
  }
}

TEST(World, ASnapshotReplacesWhatStoodThere) {
  const auto meta = [](std::uint64_t at) {
    Meta out;
    out.log = {NodeId{1}, Incarnation{1}};
    out.at = Hlc::at(at);
    return out;
  };
  distribution::Ordered ramp;
  ramp.region = "us-east-1";
  ramp.duty = distribution::Duty::ramping;
  ramp.steps = {100, 500};
  const distribution::Stepped step{"us-east-1", Hlc::at(10), 1, 1, ""};
  // One knows of the ramp, its step, and the order after it; the other has heard of the step alone.
  World whole(nullptr);
  whole.apply(distribution::Rec{ramp}, meta(10));
  whole.apply(distribution::Rec{step}, meta(20));
  whole.apply(distribution::Rec{ramp}, meta(30));
  World part(nullptr);
  part.apply(distribution::Rec{step}, meta(20));
  EXPECT_FALSE(part.load("damaged"));
  ASSERT_TRUE(part.load(whole.snapshot()));
  EXPECT_EQ(part.bytes(), whole.bytes());
}

}  // namespace
}  // namespace tandem
