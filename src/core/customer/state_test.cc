// Goal: whatever order records of several logs come in, all nodes have the same profiles; no write is lost but behind
// later ones; and nothing that was said of a forgotten customer is left, nor a key that sealed it. Method: records of
// three logs, applied in drawn interleavings and with repeats.
#include "core/customer/state.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "core/customer/decide.h"
#include "core/customer/erasure.h"

namespace tandem::customer {
namespace {

const Uuid kAda{{1}};
const Uuid kBob{{2}};

Value value(std::string words, std::uint8_t key = 1, Uuid known_by = {}) {
  return {Text{KeyId{Uuid{{key}}}, "nonce", std::move(words)}, known_by};
}
Meta meta(std::uint64_t at, std::uint16_t node = 1) {
  return {{NodeId{node}, Incarnation{7}}, Sequence{at}, Hlc::at(at), {}};
}
std::string stands(const State& state, const Uuid& person, const std::string& field) {
  const Profile* profile = state.find(person);
  const Value* found = profile == nullptr ? nullptr : profile->find(field);
  return found == nullptr ? "" : found->text.bytes;
}

TEST(Customer, EachFieldIsTheLastWritersAndTheOthersAreItsHistory) {
  State state;
  state.apply(Put{kAda, {{"FirstName", value("Ada")}, {"LastName", value("King")}}, "operator ops"}, meta(20, 2));
  state.apply(Put{kAda, {{"FirstName", value("Augusta")}}, "agent dave"}, meta(10));
  EXPECT_EQ(stands(state, kAda, "FirstName"), "Ada");
  state.apply(Put{kAda, {{"LastName", value("Lovelace")}}, ""}, meta(20, 3));  // at the same instant: the later log
  EXPECT_EQ(stands(state, kAda, "LastName"), "Lovelace");
  const Versions& first = state.find(kAda)->fields_by_name.at("FirstName");
  ASSERT_EQ(first.size(), 2U);
  EXPECT_EQ(first.begin()->second.value.text.bytes, "Augusta");
  EXPECT_EQ(first.begin()->second.by, "agent dave");
  state.apply(Put{kAda, {{"FirstName", {}}}, ""}, meta(30));
  EXPECT_EQ(state.find(kAda)->find("FirstName"), nullptr);
  EXPECT_EQ(state.find(kAda)->fields_by_name.at("FirstName").size(), 3U);
  for (std::uint64_t n = 0; n < 40; ++n) state.apply(Put{kAda, {{"LastName", value("x")}}, ""}, meta(40 + n));
  const Versions& last = state.find(kAda)->fields_by_name.at("LastName");
  EXPECT_EQ(last.size(), kVersionsMax);
  EXPECT_EQ(last.begin()->first.at, Hlc::at(60));
}

TEST(Customer, IsFoundByWhatStands) {
  State state;
  const Uuid number{{9}};
  const Uuid other{{8}};
  state.apply(Put{kAda, {{"PhoneNumber", value("+1", 1, number)}}, ""}, meta(10));
  state.apply(Put{kBob, {{"MobilePhoneNumber", value("+1", 2, number)}}, ""}, meta(11));
  EXPECT_EQ(state.known_by(number), (std::set<Uuid>{kAda, kBob}));
  state.apply(Put{kAda, {{"PhoneNumber", value("+2", 1, other)}}, ""}, meta(12));
  EXPECT_EQ(state.known_by(number), std::set<Uuid>{kBob});
  State loaded = state;
  loaded.loaded();
  EXPECT_EQ(loaded.known_by(number), std::set<Uuid>{kBob});
  EXPECT_EQ(loaded.known_by(other), std::set<Uuid>{kAda});
  state.apply(Forgotten{kBob, ""}, meta(20));
  EXPECT_TRUE(state.known_by(number).empty());
}

TEST(Customer, NothingSaidBeforeAForgettingIsLeft) {
  State state;
  state.apply(Put{kAda, {{"FirstName", value("Ada", 1)}}, ""}, meta(10));
  const Forgotten forgotten{kAda, "operator ops"};
  state.apply(forgotten, meta(20));
  EXPECT_EQ(state.erased(kAda), std::set<KeyId>{KeyId{Uuid{{1}}}});
  // Written by a node that had not heard of it, under a key of its own.
  const Put late{kAda, {{"LastName", value("King", 2)}}, ""};
  state.apply(late, meta(15, 3));
  EXPECT_TRUE(state.find(kAda)->empty());
  EXPECT_EQ(erased_by(customer::Rec{late}, state), (std::set<KeyId>{KeyId{Uuid{{1}}}, KeyId{Uuid{{2}}}}));
  state.apply(Put{kAda, {{"FirstName", value("Somebody else", 3)}}, ""}, meta(30));
  EXPECT_EQ(stands(state, kAda, "FirstName"), "Somebody else");
  EXPECT_FALSE(erased_keys({}, state).contains(KeyId{Uuid{{3}}}));
}

TEST(Customer, AnyInterleavingGivesTheSameProfiles) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng{seed};
    std::vector<std::vector<std::pair<Rec, Meta>>> logs(3);
    std::uint64_t at = 0;
    for (int n = 0; n < 80; ++n) {
      at += rng.below(3);
      const auto log = rng.below(3);
      const Meta written{
          {NodeId{static_cast<std::uint16_t>(log + 1)}, Incarnation{7}},
          Sequence{logs[log].size() + 1},
          Hlc{Hlc::at(at).packed + logs[log].size()},  // rising in each log, equal in several now and then
          {}};
      const Uuid& person = rng.chance(1, 2) ? kAda : kBob;
      if (rng.chance(1, 15)) {
        logs[log].emplace_back(Forgotten{person, ""}, written);
        continue;
      }
      const auto key = static_cast<std::uint8_t>(1 + rng.below(6));
      const Value drawn = rng.chance(1, 8) ? Value{} : value(std::to_string(n), key, Uuid{{key}});
      logs[log].emplace_back(Put{person, {{rng.chance(1, 2) ? "FirstName" : "PhoneNumber", drawn}}, ""}, written);
    }
    const auto fold = [&] {
      State state;
      std::vector<std::size_t> next(3);
      while (next[0] < logs[0].size() || next[1] < logs[1].size() || next[2] < logs[2].size()) {
        const auto log = rng.below(3);
        if (next[log] == logs[log].size()) continue;
        const auto& [record, written] = logs[log][next[log]];
        std::visit([&](const auto& r) { state.apply(r, written); }, record);
        if (!rng.chance(1, 10)) ++next[log];
      }
      return state;
    };
    const State one = fold();
    const State other = fold();
    ASSERT_EQ(one.all(), other.all());
    for (std::uint8_t key = 1; key <= 6; ++key) {
      const auto known = one.known_by(Uuid{{key}});
      EXPECT_EQ(known, other.known_by(Uuid{{key}}));
    }
  }
}

TEST(Customer, RefusesWhatNoProfileHolds) {
  State state;
  const auto refused = [&](const Change& change) {
    const auto decided = decide(state, change, Now{});
    return decided ? std::string("taken") : std::string(errc_name(decided.error().code));
  };
  EXPECT_EQ(refused({kAda, {{"FirstName", value("Ada")}}, ""}), "taken");
  EXPECT_EQ(refused({kAda, {{"FirstName", {}}}, ""}), "taken");
  EXPECT_EQ(refused({{}, {{"FirstName", value("Ada")}}, ""}), "invalid");
  EXPECT_EQ(refused({kAda, {}, ""}), "invalid");
  EXPECT_EQ(refused({kAda, {{"", value("Ada")}}, ""}), "invalid");
  EXPECT_EQ(refused({kAda, {{"FirstName", {Text::plain("Ada"), {}}}}, ""}), "invalid");
  EXPECT_EQ(refused({kAda, {{"FirstName", value(std::string(2'000, 'a'))}}, ""}), "invalid");
  for (std::size_t n = 0; n < kFieldsMax; ++n) {
    state.apply(Put{kAda, {{"Attributes." + std::to_string(n), value("x")}}, ""}, meta(n + 1));
  }
  EXPECT_EQ(refused({kAda, {{"FirstName", value("Ada")}}, ""}), "limit_exceeded");
  EXPECT_EQ(refused({kAda, {{"Attributes.0", value("y")}}, ""}), "taken");
  EXPECT_FALSE(decide(state, Forget{{}, {}, ""}, Now{}));
  const auto both = decide(state, Forget{kAda, {KeyId{Uuid{{5}}}}, "ops"}, Now{});
  ASSERT_TRUE(both);
  EXPECT_EQ(both->records.size(), 2U);
}

}  // namespace
}  // namespace tandem::customer
