// Planted bugs: each is one branch in the product's code that breaks one invariant, so that the simulator's checker of
// that invariant is shown to fail. Only `tandem-sim --bug NAME` switches one on, once, before anything runs.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace tandem::bug {

enum class Name : std::uint8_t {
  none,
  stale_delta,
  last_arrival_wins,
  repeat_not_skipped,
  visible_before_durable,
  told_before_durable,
  takeback_same_term,
  loser_keeps_socket,
  attach_before_detach,
  abandon_is_final,
  no_ack,
  small_quorum,
  run_recorded_after,
  no_withdraw,
  sign_in_without_majority,
  sign_in_without_release,
  release_keeps_desk,
  slot_outlives_contact,
  consultation_stays,
  serves_own_first,
  two_reservations_per_slot,
  accept_on_old_grant,
  item_id_per_try,
  drain_takes_new,
  vote_counted_twice,
  ramp_without_gate,
  acts_before_resynchronising,
  profile_without_history,
  effect_past_fence,
  island_starts_work,
  island_awaits_second_disk,
  shadow_serves,
  tie_break,  // found by the reference model of routing (src/node/routing_test.cc), not by the simulator
};

inline Name planted = Name::none;
[[nodiscard]] inline bool on(Name name) { return planted == name; }

struct Entry {
  Name name;
  std::string_view text;    // as on the command line
  std::string_view breaks;  // the checker that must catch it
  std::string_view also{};  // one that may see it before, and proves nothing by that
};
[[nodiscard]] const std::vector<Entry>& all();
[[nodiscard]] std::optional<Entry> find(std::string_view text);

}  // namespace tandem::bug
