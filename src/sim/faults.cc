#include "sim/faults.h"

#include <algorithm>

namespace tandem::sim {
namespace {

Time between(Rng& rng, Time least, Time most) {
  const auto span = static_cast<std::uint64_t>((most - least) / 1us);
  return least + std::chrono::microseconds{rng.below(span + 1)};
}

Time how_long(Rng& rng, FaultKind kind) {
  // Short ones are frequent, long ones happen.
  const bool is_long = rng.chance(1, 4);
  switch (kind) {
    case FaultKind::crash:
    case FaultKind::torn_write:
    case FaultKind::lost_disk:
      return is_long ? between(rng, 5s, 40s) : between(rng, 300ms, 4s);
    case FaultKind::freeze:
      return is_long ? between(rng, 3s, 30s) : between(rng, 200ms, 2s);
    case FaultKind::full_disk:
      return between(rng, 500ms, 8s);
    case FaultKind::slow_disk:
      return between(rng, 500ms, 5s);
    case FaultKind::partition:
    case FaultKind::one_way_cut:
    case FaultKind::link_cut:
      return is_long ? between(rng, 8s, 45s) : between(rng, 300ms, 5s);
    case FaultKind::delay:
      return between(rng, 1s, 10s);
    case FaultKind::reorder:
    case FaultKind::repeat:
      return between(rng, 1s, 10s);
    default:
      return {};
  }
}

}  // namespace

const std::vector<FaultKind>& all_faults() {
  static const std::vector<FaultKind> all = [] {
    std::vector<FaultKind> out;
    for (int n = 0; n <= static_cast<int>(FaultKind::socket_lost); ++n) out.push_back(static_cast<FaultKind>(n));
    return out;
  }();
  return all;
}

const std::vector<Saga>& all_sagas() {
  static const std::vector<Saga> all = {Saga::offered, Saga::accepted, Saga::starting, Saga::signing_in};
  return all;
}

const char* fault_name(FaultKind kind) {
  constexpr const char* kNames[] = {"crash",          "torn write", "lost disk",       "full disk",   "slow disk",
                                    "damaged record", "freeze",     "clock jump",      "clock drift", "partition",
                                    "one-way cut",    "link cut",   "connection lost", "delay",       "reorder",
                                    "repeat",         "socket lost"};
  return kNames[static_cast<std::size_t>(kind)];
}

const char* saga_name(Saga saga) {
  constexpr const char* kNames[] = {"offered move", "accepted move", "start of work", "sign-in"};
  return kNames[static_cast<std::size_t>(saga)];
}

bool strikes_sagas(FaultKind kind) {
  return kind != FaultKind::damaged_record && kind != FaultKind::clock_drift && kind != FaultKind::socket_lost;
}

Schedule draw_schedule(Rng& rng, std::size_t nodes, Time from, Time to) {
  Schedule out;
  Time disk_lost_until{};
  const auto admit = [&](FaultKind kind, Time at, Time& lasts) {
    lasts = std::min(lasts, to - at);
    if (kind != FaultKind::lost_disk) return true;
    if (at < disk_lost_until) return false;
    disk_lost_until = at + lasts + 60s;
    return true;
  };
  // Weights: what is common in the world is common here, what is rare is not left out.
  const std::vector<std::pair<FaultKind, int>> weights = {
      {FaultKind::crash, 6},       {FaultKind::torn_write, 3}, {FaultKind::lost_disk, 2},
      {FaultKind::full_disk, 3},   {FaultKind::slow_disk, 3},  {FaultKind::damaged_record, 3},
      {FaultKind::freeze, 5},      {FaultKind::clock_jump, 3}, {FaultKind::partition, 5},
      {FaultKind::one_way_cut, 4}, {FaultKind::link_cut, 5},   {FaultKind::connection_lost, 8},
      {FaultKind::delay, 4},       {FaultKind::reorder, 3},    {FaultKind::repeat, 3},
      {FaultKind::socket_lost, 6}};
  int sum = 0;
  for (const auto& [kind, weight] : weights) sum += weight;
  const auto draw_kind = [&] {
    auto left = static_cast<int>(rng.below(static_cast<std::uint64_t>(sum)));
    for (const auto& [kind, weight] : weights) {
      left -= weight;
      if (left < 0) return kind;
    }
    return FaultKind::crash;
  };
  // Some seeds are rough, some almost quiet.
  const Time mean = between(rng, 4s, 30s);
  for (Time at = from; at < to;) {
    at += between(rng, mean / 8, mean * 2);
    if (at >= to) break;
    Fault fault;
    fault.at = at;
    fault.kind = draw_kind();
    fault.node = rng.below(nodes);
    fault.other = (fault.node + 1 + rng.below(nodes - 1)) % nodes;
    fault.lasts = how_long(rng, fault.kind);
    fault.all_links = fault.kind == FaultKind::partition || rng.chance(1, 2);
    if (admit(fault.kind, at, fault.lasts)) out.faults.push_back(fault);
  }
  const std::uint64_t aims = 8 + rng.below(25);
  for (std::uint64_t n = 0; n < aims; ++n) {
    Aim aim;
    aim.from = between(rng, from, to);
    aim.saga = all_sagas()[rng.below(all_sagas().size())];
    do {
      aim.kind = all_faults()[rng.below(all_faults().size())];
    } while (!strikes_sagas(aim.kind));
    aim.at_destination = rng.chance(1, 2);
    aim.after = rng.chance(1, 2) ? between(rng, 0us, 3ms) : between(rng, 0us, 300ms);
    aim.lasts = how_long(rng, aim.kind);
    out.aims.push_back(aim);
  }
  // Disks are aimed at by their own rule: the simulation asks again when the moment has come.
  std::ranges::sort(out.aims, {}, &Aim::from);
  return out;
}

}  // namespace tandem::sim
