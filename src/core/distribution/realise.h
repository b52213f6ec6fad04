// The shares of a distribution group in the form that Amazon Connect takes: traffic distribution groups of two regions
// each, in steps of ten per cent, one for each set of phone numbers. Says which groups and percentages come nearest to
// the shares, what is missing, and in which order to get there from what stands.
//
// Sources: Amazon Connect Administrator Guide, "Update telephony traffic distribution across Regions"; API reference,
// CreateTrafficDistributionGroup, UpdateTrafficDistribution, UpdatePhoneNumber.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/distribution/safety.h"

namespace tandem::distribution::realise {

inline constexpr std::int64_t kParts = 10'000;  // of all contacts: what shares are counted in here
inline constexpr std::size_t kRegionsMax = 8;
inline constexpr std::size_t kSetsMax = 50;

struct Region {
  std::string name;
  std::uint32_t target = 0;  // parts of 1,000; of all regions together 1,000
  bool ready = true;         // takes contacts
};
// Two regions, by index, that a group may link; it is made at `source`.
struct Link {
  std::size_t source = 0;
  std::size_t other = 0;
};
using Percents = std::vector<std::uint32_t>;  // one for each region, together 100

// Where a phone number leads: to the set's group on a link, or straight to the instance in a region.
struct Entry {
  std::optional<std::size_t> link;
  std::size_t region = 0;
};
struct NumberSet {
  std::string name;
  std::uint32_t weight = 0;                // of all contacts, parts of 1,000; of all sets together 1,000
  std::vector<double> ms;                  // from its callers to each region; empty: not known
  std::vector<std::size_t> links;          // its group may be on
  std::map<std::size_t, Percents> groups;  // that stand for it, by link
  // Where each of its numbers leads; the first stands for all. Empty: a person points them at the set's one group,
  // which therefore stays on its link.
  std::vector<Entry> numbers;
};
struct Problem {
  std::vector<Region> regions;
  std::vector<Link> links;
  std::vector<NumberSet> sets;
  std::uint32_t step_max = 500;  // of `Group`
};

// The group of a set: where it is, and how many tenths of its contacts go to the link's source; the rest to the other.
struct Choice {
  std::size_t link = 0;
  std::uint32_t tenths = 0;
  friend bool operator==(const Choice&, const Choice&) = default;
};
using Choices = std::vector<Choice>;  // one for each set

// Less is better, the first that differs decides.
struct Score {
  std::int64_t largest = 0;  // residual of a region
  std::int64_t total = 0;    // of all residuals
  std::int64_t latency = 0;  // microseconds times parts of 1,000 times percent
  std::int64_t calls = 0;
  friend auto operator<=>(const Score&, const Score&) = default;
};
struct Solution {
  Choices choices;
  Score score;
  bool proven = false;  // nothing is better; else the search was cut short, as can be with many regions and sets
};

// Errors: invalid, naming what makes no sense.
[[nodiscard]] Result<void> check(const Problem& problem);
// Errors: those; refused (a set could only go where no region takes contacts).
[[nodiscard]] Result<Solution> solve(const Problem& problem);
// How many ways to go on are tried in all, about; more makes the search exact for larger problems, and slower. This
// takes a few seconds at most.
inline constexpr std::size_t kWork = 4'000'000;
[[nodiscard]] Result<Solution> solve(const Problem& problem, std::size_t work);

[[nodiscard]] Score score(const Problem& problem, const Choices& choices);
// What each region gets, less what it is to have.
[[nodiscard]] std::vector<std::int64_t> residuals(const Problem& problem, const Choices& choices);
[[nodiscard]] Percents percents(const Problem& problem, const Choice& choice);

struct Call {
  enum class Kind : std::uint8_t {
    create,      // CreateTrafficDistributionGroup: all goes to the source until it is distributed
    distribute,  // UpdateTrafficDistribution
    enter,       // UpdatePhoneNumber: one number leads to the group
  };
  Kind kind = Kind::create;
  std::size_t set = 0;
  std::size_t link = 0;
  Percents percents;       // distribute
  std::size_t number = 0;  // enter
};
struct Objected {
  std::size_t call = 0;
  Objection objection;
};
struct Plan {
  std::vector<Call> calls;
  std::vector<Objected> objections;
};
// Where everything stands; what calls change.
struct State {
  struct Set {
    std::map<std::size_t, Percents> groups;
    std::optional<Entry> at;  // nothing: nobody calls its numbers yet
  };
  std::vector<Set> sets;
};
[[nodiscard]] State begin(const Problem& problem);
void apply(const Problem& problem, const Call& call, State& state);
// How the contacts of a set are distributed; nothing: there are none yet.
[[nodiscard]] std::optional<Percents> now(const Problem& problem, const State& state, std::size_t set);

// Calls of one set, in order. A group is distributed before a number leads to it, and shares move by as much at once as
// the step limit allows: where a set goes to another link, by way of a region that both have.
[[nodiscard]] std::vector<Call> calls_of(const Problem& problem, std::size_t set, const Choice& choice);
// Calls of all sets: first what changes nobody's way, then always the one after which the shares are nearest.
[[nodiscard]] Plan order(const Problem& problem, const Choices& choices);

}  // namespace tandem::distribution::realise
