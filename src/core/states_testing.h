// A hub and two regions as one of them knows them, for the tests of a rule by itself: the states that the rule sees,
// with records applied by hand.
#pragma once

#include <map>
#include <variant>
#include <vector>

#include "core/body.h"
#include "core/routing/index.h"
#include "core/sees.h"

namespace tandem {

struct States {
  explicit States(NodeId self) {
    local.self = self;
    local.incarnation = Incarnation{1};
    std::vector<membership::Member> all(3);
    for (std::uint16_t i = 0; i < 3; ++i) all[i].node = NodeId{static_cast<std::uint16_t>(i + 1)};
    all[0].hub = true;
    all[1].region = "us-east-1";
    all[2].region = "us-west-2";
    members.form(all);
  }
  // Of the origin's next record.
  Meta meta(NodeId origin, Incarnation incarnation = Incarnation{1}) {
    Meta out;
    out.log = {origin, incarnation};
    out.sequence = Sequence{++sequences[origin]};
    out.at = now.hlc;
    return out;
  }
  Meta meta() { return meta(local.self, local.incarnation); }
  // What was decided about contacts and agents comes to pass.
  void apply(const Decision& decision) {
    for (const Body& body : decision.records) {
      if (const auto* rec = std::get_if<contact::Rec>(&body)) {
        std::visit([&](const auto& r) { contacts.apply(r, meta()); }, *rec);
      } else {
        std::visit([&](const auto& r) { agents.apply(r, meta()); }, std::get<presence::Rec>(body));
      }
    }
  }
  [[nodiscard]] Sees sees() const {
    return {local, config, members, contacts, agents, routing, transfer, failover, distribution, matching};
  }

  Now now{Mono{1h}, Hlc::at(1'700'000'000'000)};
  Local local;
  config::State config;
  membership::State members;
  contact::State contacts;
  presence::State agents;
  routing::State routing;
  transfer::State transfer;
  failover::State failover;
  distribution::State distribution;
  mutable routing::Index matching;
  std::map<NodeId, std::uint64_t> sequences;
};

}  // namespace tandem
