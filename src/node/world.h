// Everything this node knows, as the fold of all records it has applied. No rule lives here.
#pragma once

#include <deque>
#include <optional>
#include <unordered_map>

#include "core/answer.h"
#include "core/body.h"
#include "core/customer/state.h"
#include "core/routing/index.h"
#include "core/sees.h"

namespace tandem {

class World {
 public:
  // Out of line: what they do to every part of the world is compiled once.
  explicit World(config::State::Compile compile);
  World(World&& other) noexcept;
  World& operator=(World&& other) noexcept;
  ~World();

  void apply(const Body& body, const Meta& meta);

  [[nodiscard]] Sees sees(const Local& local) const {
    return {local, config_, members_, contacts_, agents_, routing_, transfer_, failover_, distribution_, matching_};
  }
  [[nodiscard]] const config::State& config() const { return config_; }
  [[nodiscard]] const access::State& access() const { return access_; }
  [[nodiscard]] const membership::State& members() const { return members_; }
  [[nodiscard]] membership::State& members() { return members_; }
  [[nodiscard]] const contact::State& contacts() const { return contacts_; }
  [[nodiscard]] const presence::State& agents() const { return agents_; }
  [[nodiscard]] const routing::State& routing() const { return routing_; }
  [[nodiscard]] const transfer::State& transfer() const { return transfer_; }
  [[nodiscard]] const failover::State& failover() const { return failover_; }
  [[nodiscard]] const distribution::State& distribution() const { return distribution_; }
  [[nodiscard]] const customer::State& customers() const { return customers_; }

  [[nodiscard]] const Answer* answer(const Uuid& cause) const { return answers_.find(cause); }
  void forget_answers(Hlc before) { answers_.forget(before); }

  // When matching has to be asked again though nothing happens; 0: never.
  [[nodiscard]] Hlc matching_again() const { return matching_.again(); }

  // Canonical: two worlds that applied the same records have the same bytes.
  [[nodiscard]] std::string bytes() const;
  // The bytes and what no other node must agree on.
  [[nodiscard]] std::string snapshot() const;
  // Errors: corrupt.
  [[nodiscard]] Result<void> load(std::string_view snapshot);

 private:
  struct Parts;
  config::State::Compile compile_;
  config::State config_;
  access::State access_;
  membership::State members_;
  contact::State contacts_;
  presence::State agents_;
  routing::State routing_;
  transfer::State transfer_;
  failover::State failover_;
  distribution::State distribution_;
  customer::State customers_;
  mutable routing::Index matching_;  // derived; brought up to date by whoever asks it
  Answers answers_;
};

}  // namespace tandem
