// What speaks against a change of where contacts go. A person may override a rule by its name, which is kept with who
// and why; those that are `absolute` nobody overrides.
#pragma once

#include <string>
#include <vector>

#include "core/distribution/commands.h"
#include "core/distribution/effective.h"

namespace tandem::distribution {

struct Objection {
  std::string rule;
  std::string text;
  bool absolute = false;
};

inline constexpr char kNeverZero[] = "never-zero-regions";    // some region takes contacts; absolute
inline constexpr char kUnready[] = "unready-region";          // none gets more while it is away
inline constexpr char kCapacity[] = "n-minus-1-capacity";     // the others' agents could take what is there
inline constexpr char kMaintenance[] = "one-in-maintenance";  // one region drains or ramps at a time
inline constexpr char kEmpty[] = "member-is-empty";           // a member goes when nothing is left with it
// A share changes by so much at most (`Group::step_max`); not in a group by which nothing enters.
inline constexpr char kStep[] = "step-limit";

// `before`: as it is; null for a group that is new.
[[nodiscard]] std::vector<Objection> objections(const Sees& sees, const Group* before, const Group& after, Hlc at);
[[nodiscard]] std::vector<Objection> objections(const Sees& sees, const Ordered& order, Hlc at);
[[nodiscard]] std::vector<Objection> objections(const Sees& sees, const Dismiss& command, Hlc at);
// "region us-east-1", "node us-east-1-2".
[[nodiscard]] std::string place_text(const Sees& sees, const std::string& place);

// The rules that objected and are overridden by name. Errors: refused, naming the first that is not.
[[nodiscard]] Result<std::vector<std::string>> overridden(const std::vector<Objection>& objections,
                                                          const std::vector<std::string>& over);

// What the agents of a region can hold at once, in a routable status, and what its nodes own now; without
// what is synthetic.
struct Load {
  std::size_t slots = 0;
  std::size_t contacts = 0;  // live, without those that wait for their time
};
[[nodiscard]] Load load_of(const Sees& sees, const std::string& region);

}  // namespace tandem::distribution
