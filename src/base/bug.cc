#include "base/bug.h"

namespace tandem::bug {

const std::vector<Entry>& all() {
  static const std::vector<Entry> entries = {
      {Name::stale_delta, "stale-delta", "worlds-equal"},
      {Name::last_arrival_wins, "last-arrival-wins", "worlds-equal"},
      {Name::repeat_not_skipped, "repeat-not-skipped", "order"},
      {Name::visible_before_durable, "visible-before-durable", "order"},
      {Name::told_before_durable, "told-before-durable", "told-is-kept"},
      {Name::takeback_same_term, "takeback-same-term", "one-outcome"},
      {Name::loser_keeps_socket, "loser-keeps-socket", "settled"},
      {Name::attach_before_detach, "attach-before-detach", "one-upstream"},
      {Name::abandon_is_final, "abandon-is-final", "settled"},
      {Name::no_ack, "no-ack", "work-once", "island"},
      {Name::small_quorum, "small-quorum", "work-once", "island"},
      {Name::run_recorded_after, "run-recorded-after", "work-once"},
      {Name::no_withdraw, "no-withdraw", "settled"},
      {Name::sign_in_without_majority, "sign-in-without-majority", "one-desktop", "island"},
      {Name::sign_in_without_release, "sign-in-without-release", "one-desktop"},
      {Name::release_keeps_desk, "release-keeps-desk", "one-desktop"},
      {Name::slot_outlives_contact, "slot-outlives-contact", "one-owner"},
      {Name::consultation_stays, "consultation-stays", "settled"},
      {Name::serves_own_first, "serves-own-first", "global-order"},
      {Name::two_reservations_per_slot, "two-reservations-per-slot", "one-promise"},
      {Name::accept_on_old_grant, "accept-on-old-grant", "one-promise"},
      {Name::item_id_per_try, "item-id-per-try", "transcript-once"},
      {Name::drain_takes_new, "drain-takes-new", "shares"},
      {Name::vote_counted_twice, "vote-counted-twice", "evacuation"},
      {Name::ramp_without_gate, "ramp-without-gate", "ramp-gate"},
      {Name::acts_before_resynchronising, "acts-before-resynchronising", "return"},
      {Name::effect_past_fence, "effect-past-fence", "fence"},
      {Name::island_starts_work, "island-starts-work", "island", "work-once"},
      {Name::island_awaits_second_disk, "island-awaits-second-disk", "island"},
      {Name::shadow_serves, "shadow-serves", "shadow"},
      {Name::profile_without_history, "profile-without-history", "profiles"},
  };
  return entries;
}

std::optional<Entry> find(std::string_view text) {
  for (const Entry& entry : all()) {
    if (entry.text == text) return entry;
  }
  return std::nullopt;
}

}  // namespace tandem::bug
