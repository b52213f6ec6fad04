// A contact centre by hand, for tests of what is counted in it: configuration, agents and contacts, as records of two
// nodes.
#pragma once

#include <map>
#include <string>

#include "core/config/view.h"
#include "core/contact/view.h"
#include "core/presence/view.h"

namespace tandem::routing {

struct Floor {
  config::State config;
  contact::State contacts;
  presence::State agents;

  [[nodiscard]] static Uuid id(std::uint8_t number) { return Uuid{{number}}; }
  void put(config::Kind kind, std::uint8_t number, std::map<std::string, std::string> set) {
    config.apply(config::Put{kind, id(number), true, std::move(set)}, meta(1));
  }
  presence::Presence agent(std::uint8_t number, std::uint8_t profile,
                           presence::StatusType type = presence::StatusType::routable) {
    put(config::Kind::user, number, {{"routing_profile", id(profile).text()}});
    presence::Presence out;
    out.agent = AgentId{id(number)};
    out.desktop = id(number);
    out.type = type;
    return out;
  }
  // The latest record counts.
  void sign_in(const presence::Presence& presence, std::uint16_t node = 1) {
    agents.apply(presence::Claimed{presence.agent, Term{++term_}, presence}, meta(node));
  }
  // A task that waits since `second`.
  [[nodiscard]] static contact::Contact task(std::uint8_t number, std::uint8_t queue, std::uint64_t second) {
    contact::Contact out;
    out.id = ContactId{id(number)};
    out.phase = contact::Phase::queued;
    out.channel = contact::Channel::task;
    out.place.queue = QueueId{id(queue)};
    out.place.priority = contact::kPriority;
    out.place.enqueued = at(second);
    return out;
  }
  void claim(const contact::Contact& contact, std::uint16_t node = 1) {
    contacts.apply(contact::Claimed{contact.id, Term{++term_}, contact::Why::started, contact, {}}, meta(node));
  }
  [[nodiscard]] static Hlc at(std::uint64_t second) { return Hlc::at(second * 1000); }

 private:
  [[nodiscard]] Meta meta(std::uint16_t node) {
    return Meta{.log = LogId{NodeId{node}, Incarnation{1}},
                .sequence = Sequence{++sequence_},
                .at = Hlc::at(sequence_),
                .cause = {}};
  }
  std::uint64_t term_ = 0;
  std::uint64_t sequence_ = 0;
};

}  // namespace tandem::routing
