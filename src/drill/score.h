// The score of a drill, from what its customers and agents were shown and from the records of the decision. The rules
// are in docs/drills.md.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "drill/events.h"
#include "drill/ledger.h"

namespace tandem::drill {

// What the drill did and what the nodes wrote. Times are milliseconds since the recording began.
struct Incident {
  Ledger::Ms fault{};                    // the first fault was made
  Ledger::Ms back{};                     // the last one was taken back
  std::set<std::string> lost;            // regions
  std::map<std::string, double> shares;  // per cent of new contacts that each region had before
  std::set<std::string> held;            // contacts that the lost regions owned just before
  std::optional<Ledger::Ms> suspected;   // a node first answered that it does not reach the target
  std::optional<Ledger::Ms> voted;       // the first vote against it
  std::optional<Ledger::Ms> decided;     // the record of its evacuation
};

struct Tolerance {
  Ledger::Ms slower{1000};  // a customer who waits longer by that than 95 of 100 did before, is delayed
  Ledger::Ms window{2000};  // "normal" is judged by windows of that length
  double points_min = 5;    // by which a share may be off, at least; else three deviations
};

struct Score {
  std::optional<Ledger::Ms> detect;  // all since the fault
  std::optional<Ledger::Ms> decide;
  std::optional<Ledger::Ms> first_served;
  std::optional<Ledger::Ms> normal;
  // Until the last question of a customer who was greeted late or never, whether or not the fault still stood.
  std::optional<Ledger::Ms> felt;
  std::uint64_t lost = 0;
  std::uint64_t doubled = 0;
  std::uint64_t delayed = 0;
  // What they are made of.
  std::uint64_t asked_after = 0;       // customers who came between fault and end
  std::uint64_t owed_to_lost = 0;      // of these, those who the lost regions would have had
  std::uint64_t held = 0;              // contacts that the lost regions had
  std::uint64_t held_seen_again = 0;   // of these, those that showed a sign of life after the fault
  std::optional<Ledger::Ms> held_p50;  // until that sign
  std::optional<Ledger::Ms> held_max;
  Ledger::Ms greeting_before_p95{};  // from the question for a chat to the first words of the flow
  std::optional<Ledger::Ms> greeting_after_p50;
  std::optional<Ledger::Ms> greeting_after_max;
  Ledger::Summary people;
  [[nodiscard]] bool good() const { return lost == 0 && doubled == 0; }
};

// `over`: the recording is whole, so what did not end is lost.
[[nodiscard]] Score score(const std::vector<Event>& events, const Incident& incident, const Tolerance& tolerance,
                          bool over);

// What DNS failover would have made of the same fault: health checks every ten seconds, on the clock's full tens, and
// answers that are kept for a minute.
struct DnsFailover {
  int failures = 1;          // checks that must fail
  Ledger::Ms decided{};      // since the fault
  Ledger::Ms last_client{};  // until the last kept answer is old
};
[[nodiscard]] DnsFailover dns_failover(std::int64_t fault_utc_ms, int failures);

}  // namespace tandem::drill
