// What simulated customers and agents remember. For the files of People only.
#pragma once

#include "sim/people.h"

namespace tandem::sim {

inline constexpr Time kLimit = std::chrono::seconds(4);  // a client gives one call up after this
inline constexpr int kTriesMax = 14;
inline constexpr std::uint64_t kPersons = 20;  // whose contacts they are
[[nodiscard]] inline Uuid person(std::uint64_t n) { return derive_uuid({}, "person", n); }

struct People::Customer {
  struct Message {
    Uuid id;
    std::string words;
    bool accepted = false;
    bool over = false;  // gave up, or was told that it cannot be
    int tries = 0;
  };
  std::size_t index = 0;
  ContactId contact;
  KeyId key;
  Uuid participant;
  Uuid start_id;
  int start_tries = 0;
  bool started = false;
  bool gone = false;   // left, was told the end, or gave up
  bool ended = false;  // was told the end
  bool served = false;
  std::size_t gateway = 0;
  std::uint64_t session = 0;  // 0: no socket
  Time connected_at{};
  int silences = 0;
  int answers_left = 0;
  bool answered = false;
  std::vector<Message> said;
};

struct People::Desk {
  bool open = false;
  std::size_t node = 0;
  std::uint64_t life = 0;  // of the node's process
  Uuid desktop;
};

struct People::Agent {
  std::size_t index = 0;
  AgentId id;
  Desk desk;
  bool signing_in = false;
  std::uint64_t episode = 0;  // counts desks: what was planned for an earlier one is dropped
  int silences = 0;
  Uuid last_desktop;
  struct OnDesk {
    presence::Slot slot;
    contact::Contact contact;
    bool handled = false;  // somebody is looking at this state already
    int to_say = 0;
    bool talking = false;
    Time since{};
  };
  std::map<ContactId, OnDesk> contacts;
};

}  // namespace tandem::sim
