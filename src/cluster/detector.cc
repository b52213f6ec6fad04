#include "cluster/detector.h"

#include <algorithm>
#include <cmath>

namespace tandem::cluster {

namespace {
constexpr int kResultsToTurn = 2;               // equal probe results in a row that turn an opinion
constexpr std::uint32_t kFailedClientsMin = 3;  // fewer failures say nothing about a region
constexpr double kWeight = 1.0 / 16;            // of the newest interval in the running mean and variance
}  // namespace

Detector::Detector(NodeId self, Now start, DetectorOptions options)
    : self_(self), options_(options), ticked_(start.mono) {}

void Detector::set_members(const std::vector<Member>& members, Now now) {
  std::map<NodeId, Subject> next;
  self_region_ = false;
  for (const Member& member : members) {
    if (member.node == self_) {
      self_region_ = member.region;
      continue;
    }
    const auto at = subjects_.find(member.node);
    Subject& subject = next[member.node];
    if (at != subjects_.end()) subject = std::move(at->second);
    if (at == subjects_.end()) subject.known_since = now.mono;
    subject.region = member.region;
  }
  subjects_ = std::move(next);
}

void Detector::mark(Subject& subject, Signal kind, bool bad, Now now) {
  Evidence& evidence = subject.evidence[kind];
  if (evidence.bad == bad) return;
  evidence.bad = bad;
  evidence.since = now.mono;
}

void Detector::heartbeat(NodeId from, bool disk_failing, bool clock_doubted, std::chrono::microseconds loop_delay,
                         Now now) {
  const auto at = subjects_.find(from);
  if (at == subjects_.end()) return;
  Subject& subject = at->second;
  if (subject.heard) {
    // One long silence must not teach the detector to wait as long the next time.
    const auto interval = static_cast<double>(std::min(now.mono - *subject.heard, options_.silence_min).count());
    if (subject.mean == 0) {
      subject.mean = interval;
    } else {
      const double off = interval - subject.mean;
      subject.mean += kWeight * off;
      subject.variance = (1 - kWeight) * (subject.variance + kWeight * off * off);
    }
  }
  subject.heard = now.mono;
  subject.linked = true;
  mark(subject, Signal::peer_link, false, now);
  mark(subject, Signal::self_report, disk_failing || clock_doubted || loop_delay > options_.loop_delay_max, now);
  subject.evidence[Signal::self_report].told = now.mono;
}

void Detector::link_down(NodeId peer, Now) {
  if (const auto at = subjects_.find(peer); at != subjects_.end()) at->second.linked = false;
}

void Detector::api_probe(NodeId subject, bool answered, Now now) {
  const auto at = subjects_.find(subject);
  if (at == subjects_.end()) return;
  Evidence& evidence = at->second.evidence[Signal::api_probe];
  evidence.told = now.mono;
  evidence.run = answered ? std::min(std::max(evidence.run, 0) + 1, kResultsToTurn)
                          : std::max(std::min(evidence.run, 0) - 1, -kResultsToTurn);
  if (evidence.run == kResultsToTurn) mark(at->second, Signal::api_probe, false, now);
  if (evidence.run == -kResultsToTurn) mark(at->second, Signal::api_probe, true, now);
}

void Detector::clients(NodeId subject, std::uint32_t served, std::uint32_t failed, Now now) {
  const auto at = subjects_.find(subject);
  if (at == subjects_.end() || served + std::uint64_t{failed} == 0) return;
  at->second.evidence[Signal::clients].told = now.mono;
  mark(at->second, Signal::clients, failed >= kFailedClientsMin && failed > served, now);
}

std::chrono::nanoseconds Detector::threshold(const Subject& subject) const {
  if (!subject.linked) return options_.silence_min;
  const double wait = subject.mean + options_.deviations * std::sqrt(subject.variance);
  return std::clamp(std::chrono::nanoseconds{static_cast<std::int64_t>(wait)}, options_.silence_min,
                    options_.silence_max);
}

bool Detector::last_region(NodeId node) const {
  if (!subjects_.at(node).region) return false;
  if (self_region_) return false;
  return std::ranges::none_of(subjects_, [&](const auto& entry) {
    const auto& [other, subject] = entry;
    return other != node && subject.region && !(subject.vote && subject.vote->down);
  });
}

std::vector<Vote> Detector::tick(Now now) {
  // While this process stood still nobody could be heard: the pause shifts every moment it would have counted in.
  const auto pause = now.mono - ticked_;
  ticked_ = now.mono;
  if (pause > options_.freeze_min) {
    const auto shift = [&](Mono& moment) { moment = std::min(moment + pause, now.mono); };
    for (auto& [node, subject] : subjects_) {
      shift(subject.known_since);
      if (subject.heard) shift(*subject.heard);
      if (subject.clear_since) shift(*subject.clear_since);
      for (auto& [kind, evidence] : subject.evidence) {
        shift(evidence.since);
        if (evidence.told) shift(*evidence.told);
      }
    }
  }

  std::vector<Vote> votes;
  for (auto& [node, subject] : subjects_) {
    const bool silent = subject.heard ? now.mono - *subject.heard > threshold(subject)
                                      : now.mono - subject.known_since > options_.first_heard_max;
    mark(subject, Signal::peer_link, silent, now);
    std::set<Signal> held;
    bool any_bad = false;
    for (auto& [kind, evidence] : subject.evidence) {
      const bool stale = kind != Signal::peer_link && evidence.told && now.mono - *evidence.told > options_.stale_after;
      if (stale) {
        mark(subject, kind, false, now);
        evidence.run = 0;
      }
      any_bad = any_bad || evidence.bad;
      if (evidence.bad && now.mono - evidence.since >= options_.hold_down) held.insert(kind);
    }
    if (any_bad || !subject.heard) {
      subject.clear_since.reset();
    } else if (!subject.clear_since) {
      subject.clear_since = now.mono;
    }

    const bool is_down = subject.vote && subject.vote->down;
    if (!is_down && held.size() >= 2 && !last_region(node)) {
      subject.vote = Vote{node, true, held};
      votes.push_back(*subject.vote);
    } else if ((is_down || !subject.vote) && subject.clear_since &&
               now.mono - *subject.clear_since >= options_.hold_up) {
      subject.vote = Vote{node, false, {}};
      votes.push_back(*subject.vote);
    }
  }
  return votes;
}

bool Detector::suspect(NodeId node) const {
  const auto at = subjects_.find(node);
  if (at == subjects_.end()) return false;
  const auto link = at->second.evidence.find(Signal::peer_link);
  return !at->second.heard || (link != at->second.evidence.end() && link->second.bad);
}

std::optional<Vote> Detector::vote(NodeId subject) const {
  const auto at = subjects_.find(subject);
  return at == subjects_.end() ? std::nullopt : at->second.vote;
}

std::set<Signal> Detector::bad(NodeId subject) const {
  std::set<Signal> out;
  const auto at = subjects_.find(subject);
  if (at == subjects_.end()) return out;
  for (const auto& [kind, evidence] : at->second.evidence) {
    if (evidence.bad) out.insert(kind);
  }
  return out;
}

std::optional<Mono> Detector::last_heard(NodeId node) const {
  const auto at = subjects_.find(node);
  return at == subjects_.end() ? std::nullopt : at->second.heard;
}

}  // namespace tandem::cluster
