// Goal: an agent is offered as many contacts of each channel as the routing profile says, beside contacts of other
// channels only where it says so. Method: a table over profile fields, slots and offers under way.
#include <gtest/gtest.h>

#include "core/presence/decide.h"

namespace tandem::presence {
namespace {

using contact::Channel;

TEST(Room, FollowsConcurrencyAndCrossChannelBehaviour) {
  const AgentId alice{Uuid{{1}}};
  const Uuid profile{{2}};
  struct Case {
    const char* name;
    std::map<std::string, std::string> profile;
    std::vector<Channel> holds;
    std::vector<Channel> promised;
    Channel wanted;
    bool room;
  };
  const std::map<std::string, std::string> apart{{"concurrency.CHAT", "2"}, {"concurrency.TASK", "3"}};
  std::map<std::string, std::string> mixed = apart;
  mixed["cross_channel.CHAT"] = "ROUTE_ANY_CHANNEL";
  const Case cases[] = {
      {"idle", apart, {}, {}, Channel::chat, true},
      {"a channel the profile lacks", apart, {}, {}, Channel::voice, false},
      {"one chat of two", apart, {Channel::chat}, {}, Channel::chat, true},
      {"one chat held, one promised", apart, {Channel::chat}, {Channel::chat}, Channel::chat, false},
      {"a task beside a chat", apart, {Channel::chat}, {}, Channel::task, false},
      {"a task beside a promised chat", apart, {}, {Channel::chat}, Channel::task, false},
      {"chats allow others", mixed, {Channel::chat}, {}, Channel::task, true},
      {"chats full, tasks free", mixed, {Channel::chat, Channel::chat}, {}, Channel::task, true},
      {"tasks allow none", mixed, {Channel::task}, {}, Channel::chat, false},
      {"both held, tasks allow none", mixed, {Channel::chat, Channel::task}, {}, Channel::chat, false},
  };
  for (const Case& c : cases) {
    config::State config;
    Meta meta;
    meta.log.origin = NodeId{1};
    meta.at = Hlc::at(1);
    config.apply(config::Put{config::Kind::routing_profile, profile, true, c.profile}, meta);
    config.apply(config::Put{config::Kind::user, alice.value(), true, {{"routing_profile", profile.text()}}}, meta);
    Presence presence;
    presence.agent = alice;
    std::uint8_t n = 0;
    for (const Channel held : c.holds) presence.slots[ContactId{Uuid{{++n}}}].channel = held;
    PerChannel promised{};
    for (const Channel one : c.promised) ++promised[static_cast<std::size_t>(one)];
    EXPECT_EQ(has_room(config, presence, c.wanted, promised), c.room) << c.name;
  }
}

TEST(Proficiencies, AreReadFromTheUsersDocument) {
  const AgentId alice{Uuid{{1}}};
  config::State config;
  Meta meta;
  meta.log.origin = NodeId{1};
  meta.at = Hlc::at(1);
  config.apply(config::Put{config::Kind::user,
                           alice.value(),
                           true,
                           {{config::proficiency_field("Language", "French"), "4"},
                            {config::proficiency_field("I/O 100%", "a/b%2F"), "2.5"},
                            {config::proficiency_field("Broken", "x"), "high"}}},
               meta);
  const config::Proficiencies want{{{"Language", "French"}, 40}, {{"I/O 100%", "a/b%2F"}, 25}};
  EXPECT_EQ(config.proficiencies(alice), want);
  meta.at = Hlc::at(2);
  config.apply(
      config::Put{config::Kind::user, alice.value(), false, {{config::proficiency_field("Language", "French"), ""}}},
      meta);
  EXPECT_FALSE(config.proficiencies(alice).contains({"Language", "French"}));
}

}  // namespace
}  // namespace tandem::presence
