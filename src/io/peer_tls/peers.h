// Links between nodes: one TLS 1.3 connection per pair, both ends authenticated by the centre's authority, carrying
// length-prefixed frames in order. Of each pair the lower NodeId dials, and goes on dialling for as long as the other
// is a peer. What the frames mean, whether a link is alive, and what to send again after a break is decided by the
// caller.
//
//   wire: u32 length, big-endian, then that many bytes; the accepting side's first frame is empty and says "you are
//   in".
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/ids.h"
#include "io/net/log.h"

namespace tandem::peer {

struct Peer {
  NodeId id;
  std::string host;  // name or address, where it listens for peers
  std::uint16_t port = 0;
  friend bool operator==(const Peer&, const Peer&) = default;
};

struct Options {
  NodeId self;
  std::string address = "127.0.0.1";  // numeric, to listen on
  std::uint16_t port = 0;             // 0: any free one
  std::string from;                   // numeric, that links opened here come from; empty: as the system chooses
  std::string ca_file;  // PEM: the authority, and our certificate, whose SAN URI must be tandem:node:<self>
  std::string cert_file;
  std::string key_file;
  std::size_t frame_bytes_max = 16UL * 1024 * 1024;
  std::size_t queue_bytes_max = 64UL * 1024 * 1024;  // unsent, per peer; beyond it `send` refuses
  std::size_t strangers_max = 256;                   // connections not yet authenticated
  std::chrono::milliseconds handshake{5'000};        // from dialling (or accepting) to "you are in"
  std::chrono::milliseconds stalled_write{30'000};   // the peer takes no byte of what waits
  std::chrono::milliseconds backoff_min{50};         // between attempts, doubling, with jitter
  std::chrono::milliseconds backoff_max{1'000};
};

// Called one at a time, on the links' thread, and must not wait. For each peer: up, frames, down, up, ...
struct Events {
  std::function<void(NodeId)> on_up;
  std::function<void(NodeId, std::string)> on_frame;
  std::function<void(NodeId, std::string reason)> on_down;
};

class Peers {
 public:
  // Listens at once; dials as soon as there are peers.
  // Errors: invalid (address, certificate, a certificate of another node), in_use (port), refused (by the system).
  [[nodiscard]] static Result<std::unique_ptr<Peers>> start(Options options, Events events, net::Log log);
  Peers(const Peers&) = delete;
  Peers& operator=(const Peers&) = delete;
  ~Peers();

  [[nodiscard]] std::uint16_t port() const;
  // Who may connect, and where those with a higher id are dialled. A link to somebody who is not named any more, or who
  // is dialled elsewhere from now on, is closed. Our own id among them is ignored.
  void set_peers(std::vector<Peer> peers);
  // Queues a frame; any thread. False: the peer is not connected, or its queue is full, or the frame is too long;
  // nothing was queued. True promises only that it is sent before anything sent later over the same link.
  bool send(NodeId to, std::string_view frame);
  // Queued for the peer and not handed to the system yet.
  [[nodiscard]] std::size_t queued_bytes(NodeId to) const;
  // Closes the link (it has fallen silent, say); the side that dials then dials again at once.
  void redial(NodeId peer);
  // Closes everything, which reports every link down, and joins: afterwards no event comes. Not from an event.
  void stop();

  struct Impl;

 private:
  explicit Peers(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tandem::peer
