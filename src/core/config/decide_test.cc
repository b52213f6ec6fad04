// Goal: what would break the documents that are known here is refused, and named. Method: a few documents by hand.
#include "core/config/decide.h"

#include <gtest/gtest.h>

namespace tandem::config {
namespace {

class Decide : public testing::Test {
 protected:
  Uuid put(Kind kind, std::map<std::string, std::string> set) {
    Uuid id;
    id.bytes[0] = static_cast<std::uint8_t>(++made_);
    write(Put{kind, id, true, std::move(set)});
    return id;
  }
  void write(const Put& record) {
    const LogId log{NodeId{1}, Incarnation{1}};
    state_.apply(record, Meta{.log = log, .sequence = Sequence{made_}, .at = Hlc::at(++time_), .cause = {}});
  }
  State state_;
  std::uint64_t made_ = 0;
  std::uint64_t time_ = 0;
};

TEST_F(Decide, ANameIsBorneOnceAlsoAfterAChange) {
  const Uuid sales = put(Kind::queue, {{"name", "Sales"}});
  const Uuid support = put(Kind::queue, {{"name", "Support"}});
  put(Kind::routing_profile, {{"name", "Support"}});
  const auto taken = decide(state_, Change{Kind::queue, sales, {{"name", "Support"}}});
  ASSERT_FALSE(taken.has_value());
  EXPECT_EQ(taken.error(), (Error{Errc::already_exists, support.text()}));
  EXPECT_TRUE(decide(state_, Change{Kind::queue, sales, {{"name", "Sales"}, {"description", "d"}}}).has_value());
  // A name is free once its bearer has another.
  const auto renamed = decide(state_, Change{Kind::queue, support, {{"name", "Returns"}}});
  ASSERT_TRUE(renamed.has_value());
  write(*renamed);
  EXPECT_TRUE(decide(state_, Change{Kind::queue, sales, {{"name", "Support"}}}).has_value());
  EXPECT_EQ(decide(state_, Create{Kind::queue, {}, {{"name", "Returns"}}}).error().code, Errc::already_exists);
}

TEST_F(Decide, ReferencesHoldWhatTheyName) {
  const Uuid queue = put(Kind::queue, {{"name", "Sales"}});
  const Uuid profile = put(Kind::routing_profile, {{"name", "All"}});
  const std::string field = "queue." + queue.text() + ".CHAT";
  const auto served = decide(state_, Change{Kind::routing_profile, profile, {{field, "1,0"}}});
  ASSERT_TRUE(served.has_value());
  write(*served);
  EXPECT_EQ(decide(state_, Delete{Kind::queue, queue}).error(), (Error{Errc::in_use, "routing profile All"}));
  write(Put{Kind::routing_profile, profile, false, {{field, ""}}});
  EXPECT_TRUE(decide(state_, Delete{Kind::queue, queue}).has_value());
  const std::string nobody = "queue." + profile.text() + ".CHAT";
  EXPECT_EQ(decide(state_, Change{Kind::routing_profile, profile, {{nobody, "1,0"}}}).error().code, Errc::not_found);
}

}  // namespace
}  // namespace tandem::config
