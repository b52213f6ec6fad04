#include "cluster/cluster.h"

#include <algorithm>
#include <utility>

namespace tandem::cluster {

namespace {
constexpr std::uint32_t kRelayTtl = 1;
constexpr auto kDetectEvery = 10ms;  // evidence is held for hundreds
}  // namespace

Cluster::Cluster(ClusterOptions options, const std::map<LogId, OnDisk>& on_disk, Now now)
    : options_(std::move(options)),
      links_(options_.replication.self, options_.link_silent_max),
      replication_(options_.replication, on_disk),
      detector_(options_.replication.self, now, options_.detector),
      lease_(options_.replication.self, now.mono, options_.lease),
      born_(now.mono) {}

void Cluster::set_members(std::uint64_t number, const std::vector<Detector::Member>& members, Now now) {
  members_.clear();
  std::set<NodeId> hubs;
  for (const Detector::Member& member : members) {
    members_.insert(member.node);
    if (!member.region) hubs.insert(member.node);
  }
  links_.set_hubs(hubs);
  replication_.set_hubs(std::move(hubs));
  replication_.set_members_number(number);
  detector_.set_members(members, now);
  lease_.set_members(members_, now);
}

void Cluster::link_up(NodeId peer, Now now, Outputs& out) {
  link_down(peer, now, out);
  links_.up(peer, now);
  connected_.insert(peer);
  settle_links(now, out);
}

void Cluster::link_down(NodeId peer, Now now, Outputs& out) {
  connected_.erase(peer);
  dialled_.erase(peer);
  probes_.erase(peer);
  links_.down(peer);
  detector_.link_down(peer, now);
  settle_links(now, out);
}

void Cluster::frame(NodeId from, std::string_view bytes, Now now, Outputs& out) {
  if (!connected_.contains(from)) return;
  Result<Frame> frame = decode_frame(bytes);
  if (!frame) {
    out.bad_frames.push_back(from);
    return;
  }
  const std::size_t mark = out.received.size();
  links_.heard(from, now);
  // A link that is heard again works from this very frame on.
  settle_links(now, out);
  dispatch(from, *frame, false, now, out);
  settle_links(now, out);
  settle_lease(mark, now, out);
}

void Cluster::dispatch(NodeId from, Frame& frame, bool relayed, Now now, Outputs& out) {
  if (auto* payload = std::get_if<ToNode>(&frame)) {
    out.payloads.push_back({from, std::move(payload->bytes)});
  } else if (std::holds_alternative<Hello>(frame)) {
    replication_.frame(from, std::move(frame), relayed, now, out);
  } else if (relayed) {
    return;  // nothing else travels by way of others
  } else if (const auto* beat = std::get_if<Heartbeat>(&frame)) {
    links_.heard_links(from, beat->links, now);
    // One that cannot serve its own client says of itself that it is not well, whatever the reason.
    detector_.heartbeat(from, beat->disk_failing || beat->synthetic.failing, beat->clock_doubted, beat->loop_delay,
                        now);
    reports_[from] = {beat->disk_failing, beat->clock_doubted, beat->loop_delay, beat->synthetic};
    probes_[from] = {beat->incarnation, beat->sent, own(), {}};
    const Grant& grant = beat->grant;
    if (grant.prober != options_.replication.incarnation || grant.log.origin != from) return;
    lease_.granted(from, Mono{grant.sent}, grant.log, grant.position, replication_.held(grant.log), now);
  } else if (auto* relay = std::get_if<Relay>(&frame)) {
    // Only its sender puts the first hop on its way, so a peer cannot speak for another through a third.
    if (relay->ttl > kRelayTtl || (relay->ttl == kRelayTtl && relay->from != from)) return;
    if (relay->from == options_.replication.self) return;
    if (relay->to == options_.replication.self) {
      Result<Frame> inner = decode_frame(relay->bytes);
      if (!inner) {
        out.bad_frames.push_back(from);
        return;
      }
      dispatch(relay->from, *inner, true, now, out);
    } else if (relay->ttl > 0 && links_.linked(relay->to)) {
      --relay->ttl;
      const NodeId to = relay->to;
      out.send(to, frame);
    }
  } else {
    replication_.frame(from, std::move(frame), relayed, now, out);
  }
}

void Cluster::settle_links(Now now, Outputs& out) {
  if (std::exchange(settled_, links_.generation()) == links_.generation()) return;
  for (auto at = working_.begin(); at != working_.end();) {
    const NodeId peer = *at;
    if (links_.linked(peer)) {
      ++at;
      continue;
    }
    at = working_.erase(at);
    replication_.link_down(peer, now, out);
  }
  for (const NodeId peer : connected_) {
    if (!links_.linked(peer) || !working_.insert(peer).second) continue;
    replication_.link_up(peer, now, out);
  }
}

void Cluster::settle_lease(std::size_t mark, Now now, const Outputs& out) {
  LogId last;
  for (std::size_t i = mark; i < out.received.size(); ++i) {
    // Records of one log come in a row.
    if (const LogId log = out.received[i].log; std::exchange(last, log) != log) {
      lease_.applied(log, replication_.held(log), now);
    }
  }
}

void Cluster::own_appended(Sequence sequence, LoggedRecord record) {
  replication_.own_appended(sequence, std::move(record));
  position_ = sequence;
}

void Cluster::snapshot_loaded(const Vector& vector, Now now, Outputs& out) {
  replication_.snapshot_loaded(vector, now, out);
  for (const auto& [log, sequence] : vector) lease_.applied(log, replication_.held(log), now);
}

void Cluster::tick(Now now, Outputs& out) {
  lease_.tick(now);
  links_.tick(now);
  settle_links(now, out);
  replication_.tick(now, out);
  if (now.mono - detected_ >= kDetectEvery) {
    detected_ = now.mono;
    for (Vote& vote : detector_.tick(now)) out.votes.push_back(std::move(vote));
  }

  if (now.mono - heartbeat_sent_ >= options_.heartbeat_every) {
    heartbeat_sent_ = now.mono;
    Heartbeat beat{options_.replication.incarnation,
                   now.mono.since,
                   {},
                   report_.disk_failing,
                   report_.clock_doubted,
                   report_.loop_delay,
                   {},
                   report_.synthetic};
    for (const NodeId peer : connected_) {
      beat.links = links_.told_to(peer);
      beat.grant = std::exchange(probes_[peer], {});
      if (beat.grant.prober != Incarnation{}) {
        beat.grant.position = position_;
        lease_.granting(peer, now);
      }
      out.send(peer, beat);
    }
  }
  if (now.mono - relayed_hello_ >= options_.replication.hello_every) {
    relayed_hello_ = now.mono;
    std::optional<std::string> hello;
    for (const NodeId member : members_) {
      const auto hop = links_.next_hop(member);
      if (!hop || *hop == member || member == options_.replication.self) continue;
      if (!hello) hello = encode_frame(replication_.greeting());
      out.send(*hop, Relay{options_.replication.self, member, kRelayTtl, *hello});
    }
  }
  for (const NodeId peer : links_.silent_for(options_.reconnect_after, now)) {
    const auto [at, fresh] = dialled_.try_emplace(peer, now.mono);
    if (!fresh && now.mono - at->second < options_.reconnect_after) continue;
    at->second = now.mono;
    out.reconnect.push_back(peer);
  }
}

Mono Cluster::next_wake() const { return heartbeat_sent_ + options_.heartbeat_every; }

Vector Cluster::deletable(Now now) const {
  std::set<NodeId> counted;
  for (const NodeId member : members_) {
    const Mono heard = replication_.greeted_at(member).value_or(born_);
    if (now.mono - heard <= options_.log_keep) counted.insert(member);
  }
  return replication_.durable_everywhere(counted);
}

bool Cluster::send(NodeId to, std::string bytes, Outputs& out) {
  constexpr std::size_t kEnvelope = 64;
  const auto hop = links_.next_hop(to);
  if (!hop || bytes.size() + kEnvelope > kFrameBytesMax) return false;
  Frame frame = ToNode{std::move(bytes)};
  if (*hop != to) frame = Relay{options_.replication.self, to, kRelayTtl, encode_frame(frame)};
  out.send(*hop, frame);
  return true;
}

}  // namespace tandem::cluster
