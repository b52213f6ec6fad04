// What a drill does to a centre: faults with a time each, built in or written by its owner in YAML.
//
//   name: two at once
//   about: a region dies while another one is slow
//   people: {rate: 2, agents: 12, think: 1s, before: 5s, after: 10s}
//   steps:
//     - {at: 0s, fault: kill, target: region, for: 10s}
//     - {at: 2s, fault: slow-disk, target: other, by: 300ms, for: 5s}
//
// `region` is the one that the command line names, `other` the next one after it, `hub` the hub; or a region's name.
#pragma once

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace tandem::drill {

using Ms = std::chrono::milliseconds;

enum class Fault : std::uint8_t { kill, freeze, cut, slow_disk, full_disk, clock_jump, bad_deploy, last_ = bad_deploy };
[[nodiscard]] const char* fault_name(Fault fault);

enum class Way : std::uint8_t { both, in, out };  // in: what goes to the target is dropped
[[nodiscard]] const char* way_name(Way way);

struct Step {
  Ms at{};     // after the first fault
  Ms lasts{};  // then it is taken back
  Fault fault = Fault::kill;
  std::string target;
  std::string link;  // cut: the other end; empty: all links of the target, and its public address
  Way way = Way::both;
  Ms by{};           // slow-disk: each commit is later by that; clock-jump: forward, or back when negative
  std::string flow;  // bad-deploy: a file with the flow; empty: one that is broken in every block
  friend bool operator==(const Step&, const Step&) = default;
};

struct Scenario {
  std::string name;
  std::string about;
  double rate = 2;  // chats a second
  std::uint32_t agents = 12;
  Ms think{1000};  // of an agent, before each of his two words
  Ms before{5000};
  Ms after{10'000};
  bool every_gateway = false;  // customers know the hub and every region; else the hub alone
  std::vector<Step> steps;
  friend bool operator==(const Scenario&, const Scenario&) = default;
  [[nodiscard]] Ms length() const;  // until the last fault is taken back
};

[[nodiscard]] std::vector<Scenario> built_in();
// Errors: invalid, "line 4: ..." with what is wrong there.
[[nodiscard]] Result<Scenario> read_scenario(std::string_view yaml);

// The same with `region` and `other` replaced, for a centre with these regions. Errors: invalid, with the name that
// the centre does not have.
[[nodiscard]] Result<Scenario> resolved(Scenario scenario, const std::vector<std::string>& regions,
                                        const std::string& region);
// Whether whoever is served by the target has to be served elsewhere while the fault lasts.
[[nodiscard]] bool loses(const Step& step);
// The largest set of regions that are lost at one time. Of several as large, the first.
[[nodiscard]] std::set<std::string> lost_at_once(const Scenario& scenario);
// What the step does, in words.
[[nodiscard]] std::string words(const Step& step);

// "300ms", "10s", "2m", and with a sign where it may go back. Errors: invalid.
[[nodiscard]] Result<Ms> read_time(std::string_view text);
[[nodiscard]] std::string time_words(Ms time);

}  // namespace tandem::drill
