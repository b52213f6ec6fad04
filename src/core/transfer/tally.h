// How it ends when contacts are handed on, colleagues are asked and agents are sent to another region, counted by the
// process that writes it. Of one that is lost nobody counts; of two that were apart, both may.
#pragma once

#include <cstdint>
#include <variant>

#include "base/error.h"
#include "core/body.h"
#include "core/sees.h"
#include "core/transfer/commands.h"

namespace tandem::transfer {

struct Tally {
  // A contact that an agent handed on: another has it; it was over before; its customer was gone before (and who comes
  // back is counted again); or the order was refused.
  struct Handed {
    std::uint64_t answered = 0;
    std::uint64_t ended = 0;
    std::uint64_t abandoned = 0;
    std::uint64_t refused = 0;
  };
  Handed to_queue;
  Handed to_agent;
  Handed to_colleague;  // who had been asked about it: a warm transfer
  // A consultation: the colleague got the conversation; he answered, and it stayed where it was; nobody answered.
  struct Asked {
    std::uint64_t taken_over = 0;
    std::uint64_t answered = 0;
    std::uint64_t unanswered = 0;
    std::uint64_t refused = 0;
  };
  Asked asked;
  // An agent who was to sign in elsewhere: did so there; or his desktop was closed, by himself or after a while.
  struct Sent {
    std::uint64_t followed = 0;
    std::uint64_t closed = 0;
  };
  Sent by_order;
  Sent by_drain;
};

// Of each record, before it is applied.
void count(Tally& tally, const Sees& sees, const Body& body, const LogId& log);

void refused(Tally& tally, const config::State& config, const Transfer& order);
void refused(Tally& tally, const config::State& config, const transfer::Consult& order);
void refused(Tally& tally, const config::State& config, const Leave& order);
// Of each order that was not carried out; one that another node judges was not refused.
template <class Verb>
void count(Tally& tally, const config::State& config, const Verb& verb, const Error& error) {
  if (error.code == Errc::not_owner) return;
  std::visit(
      [&](const auto& order) {
        if constexpr (requires { refused(tally, config, order); }) refused(tally, config, order);
      },
      verb);
}

}  // namespace tandem::transfer
