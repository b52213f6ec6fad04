#include "io/peer_tls/peers.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <shared_mutex>
#include <utility>

#include "io/net/connection.h"
#include "io/net/limited_log.h"
#include "io/net/loop.h"
#include "io/net/socket.h"
#include "io/net/tls.h"

namespace tandem::peer {
namespace {

constexpr std::size_t kPrefixBytes = 4;
constexpr std::size_t kChunkBytes = 256UL * 1024;  // small frames are sent together up to this
constexpr int kChunksPerTurn = 16;                 // then other links get their turn
constexpr std::chrono::seconds kSteady{1};         // a link that lived as long starts over with the shortest backoff

void append_prefix(std::string& out, std::size_t size) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(size >> shift & 0xff));
}

std::size_t read_prefix(std::string_view bytes) {
  std::size_t size = 0;
  for (std::size_t i = 0; i < kPrefixBytes; ++i) size = size << 8 | static_cast<unsigned char>(bytes[i]);
  return size;
}

std::string name_of(NodeId id) { return "node " + std::to_string(id.value()); }

// Frames on their way to one peer, over one link. `put` from any thread, the rest on the loop.
class Outbox {
 public:
  explicit Outbox(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  enum class Put : std::uint8_t { refused, queued, wake };  // wake: the loop must be told
  Put put(std::string_view frame) {
    const std::lock_guard lock(mutex_);
    if (closed_ || bytes_ + frame.size() + kPrefixBytes > bytes_max_) return Put::refused;
    if (chunks_.empty() || chunks_.back().size() + frame.size() > kChunkBytes) chunks_.emplace_back();
    append_prefix(chunks_.back(), frame.size());
    chunks_.back().append(frame);
    bytes_ += frame.size() + kPrefixBytes;
    return std::exchange(woken_, true) ? Put::queued : Put::wake;
  }
  // The next chunk; empty when there is none, and then the next `put` asks for a wake again.
  std::string take() {
    const std::lock_guard lock(mutex_);
    if (chunks_.empty()) {
      woken_ = false;
      return {};
    }
    std::string out = std::move(chunks_.front());
    chunks_.pop_front();
    return out;
  }
  // So many bytes of what was taken have left.
  void left(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    bytes_ -= bytes;
  }
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    chunks_.clear();
    bytes_ = 0;
  }
  [[nodiscard]] std::size_t bytes() const {
    const std::lock_guard lock(mutex_);
    return bytes_;
  }

 private:
  const std::size_t bytes_max_;
  mutable std::mutex mutex_;
  std::deque<std::string> chunks_;
  std::size_t bytes_ = 0;  // in the chunks, and taken but not sent
  bool woken_ = false;
  bool closed_ = false;
};

class Link;

}  // namespace

struct Peers::Impl {
  // What is known of one peer; of the loop's thread.
  struct Target {
    Peer peer;
    std::shared_ptr<Link> link;  // up, or being dialled
    std::chrono::milliseconds backoff{0};
    std::uint64_t attempt = 0;  // a timer of an older one does nothing
  };

  Impl(Options o, Events e, net::Log l, net::TlsContext t)
      : options(std::move(o)), events(std::move(e)), log(std::move(l)), tls(std::move(t)), loop("peers") {}

  void set_peers(std::vector<Peer> peers);
  void take(net::Accepted accepted);
  void dial(NodeId id, std::uint64_t attempt);
  void connect(NodeId id, std::uint64_t attempt, const std::vector<std::string>& addresses);
  void dial_later(Target& target);
  bool known(NodeId id) const { return targets.contains(id); }
  void up(NodeId id, const std::shared_ptr<Link>& link, const std::shared_ptr<Outbox>& outbox);
  void down(NodeId id, const Link* link, const std::string& why, bool was_up, bool steady);
  std::shared_ptr<Outbox> outbox_of(NodeId id) const {
    const std::shared_lock lock(outboxes_mutex);
    const auto at = outboxes.find(id);
    return at == outboxes.end() ? nullptr : at->second;
  }

  const Options options;
  const Events events;
  net::LimitedLog log;
  const net::TlsContext tls;
  net::Traffic traffic;
  std::map<NodeId, Target> targets;
  std::size_t strangers = 0;
  std::minstd_rand jitter{std::random_device{}()};
  std::atomic<bool> stopping = false;
  mutable std::shared_mutex outboxes_mutex;
  std::map<NodeId, std::shared_ptr<Outbox>> outboxes;  // of links that are up
  net::Loop loop;                                      // stop() has joined it before any of this goes away
  std::unique_ptr<net::Acceptor> acceptor;
};

namespace {

class Link final : public net::Connection {
 public:
  // `expected`: whom we dialled; nobody when the other side did.
  Link(Peers::Impl& owner, net::Fd fd, std::optional<NodeId> expected, std::string where)
      : Connection(owner.loop, std::move(fd), &owner.tls, expected ? net::Side::connects : net::Side::accepts,
                   {.handshake = owner.options.handshake, .stalled_write = owner.options.stalled_write}, owner.traffic),
        owner_(owner),
        peer_(expected),
        dialled_(expected.has_value()),
        where_(std::move(where)),
        outbox_(std::make_shared<Outbox>(owner.options.queue_bytes_max)) {
    if (!dialled_) ++owner_.strangers;
  }

  // Hands queued frames to the connection while it takes them.
  void send_frames() {
    for (int turn = 0; turn < kChunksPerTurn; ++turn) {
      if (ended()) return;
      // What the system took since the last time is not queued any more.
      if (handed_ > unsent()) outbox_->left(std::exchange(handed_, unsent()) - unsent());
      if (unsent() > 0) return;  // on_drained goes on
      std::string chunk = outbox_->take();
      if (chunk.empty()) return;
      handed_ = chunk.size();
      write(std::move(chunk));
    }
    loop().post([self = std::static_pointer_cast<Link>(shared_from_this())] { self->send_frames(); });
  }
  [[nodiscard]] bool is_up() const { return up_; }
  [[nodiscard]] bool dialled() const { return dialled_; }

 private:
  void on_open() override {
    const std::optional<NodeId> shown = channel().peer_node();
    if (dialled_) {
      if (shown != peer_) {
        kill("its certificate is that of " + (shown ? name_of(*shown) : std::string("no node")));
        return;
      }
      expect_until(net::Clock::now() + owner_.options.handshake, "it did not let us in");
      return;
    }
    if (!shown || !owner_.known(*shown) || !(*shown < owner_.options.self)) {
      const std::string who = shown ? name_of(*shown) : std::string("no node");
      kill("its certificate is that of " + who +
           (shown && owner_.known(*shown) ? ", which must wait to be dialled" : ", which is no peer"));
      return;
    }
    peer_ = shown;
    std::string welcome;
    append_prefix(welcome, 0);
    write(std::move(welcome));
    if (!ended()) come_up();
  }

  void come_up() {
    expect_nothing();
    if (!dialled_) --owner_.strangers;
    up_ = true;
    since_ = net::Clock::now();
    owner_.up(*peer_, std::static_pointer_cast<Link>(shared_from_this()), outbox_);
  }

  void on_bytes(std::string_view bytes) override {
    // Frames that lie whole in what just came are not copied together first.
    if (!in_.empty()) {
      in_.append(bytes);
      bytes = in_;
    }
    std::size_t taken = 0;
    while (!ended()) {
      const std::string_view rest = bytes.substr(taken);
      if (rest.size() < kPrefixBytes) break;
      const std::size_t size = read_prefix(rest);
      if (size > owner_.options.frame_bytes_max) {
        kill("it claims a frame of " + std::to_string(size) + " bytes, over the limit of " +
             std::to_string(owner_.options.frame_bytes_max));
        return;
      }
      if (rest.size() - kPrefixBytes < size) break;
      taken += kPrefixBytes + size;
      if (!up_) {
        if (size != 0) {
          kill("its first frame is no welcome");
          return;
        }
        come_up();
        continue;
      }
      if (owner_.events.on_frame) owner_.events.on_frame(*peer_, std::string(rest.substr(kPrefixBytes, size)));
    }
    if (ended()) return;
    if (in_.empty()) {
      in_.assign(bytes.substr(taken));
    } else {
      in_.erase(0, taken);
    }
    if (in_.empty() && in_.capacity() > kChunkBytes) std::string().swap(in_);
  }

  void on_drained() override {
    if (up_) send_frames();
  }

  void on_end(const std::string& why, bool) override {
    outbox_->close();
    if (!dialled_ && !up_) {
      --owner_.strangers;
      if (!owner_.stopping) {
        // Noise must not drown what an operator has to repair.
        const char* const kind = why.find("certificate") != std::string::npos ? "stranger's certificate"
                                 : why.starts_with("TLS")                     ? "stranger's noise"
                                                                              : "stranger";
        owner_.log.limited(kind, "warn", "peer: connection from " + where_ + " ended before it was let in: " + why);
      }
      return;
    }
    if (dialled_ && !up_ && !owner_.stopping) {
      owner_.log.limited("dial", "warn", "peer: no link to " + name_of(*peer_) + " at " + where_ + ": " + why);
    }
    owner_.down(*peer_, this, why, up_, up_ && net::Clock::now() - since_ >= kSteady);
  }

  Peers::Impl& owner_;
  std::optional<NodeId> peer_;
  const bool dialled_;
  const std::string where_;
  const std::shared_ptr<Outbox> outbox_;
  std::string in_;  // the start of a frame whose end has not come
  std::size_t handed_ = 0;
  bool up_ = false;
  net::Clock::time_point since_{};
};

}  // namespace

void Peers::Impl::set_peers(std::vector<Peer> peers) {
  std::map<NodeId, Peer> wanted;
  for (Peer& peer : peers) {
    if (peer.id != options.self) wanted.insert_or_assign(peer.id, std::move(peer));
  }
  std::vector<std::shared_ptr<Link>> unwanted;
  for (auto at = targets.begin(); at != targets.end();) {
    const auto still = wanted.find(at->first);
    if (still != wanted.end()) {
      const bool moved = !(still->second == at->second.peer);
      at->second.peer = still->second;
      if (moved && options.self < at->first && at->second.link) unwanted.push_back(at->second.link);
      wanted.erase(still);
      ++at;
      continue;
    }
    if (at->second.link) unwanted.push_back(at->second.link);
    // The link's end is told below; without a target it is not dialled again.
    at = targets.erase(at);
  }
  for (const auto& link : unwanted) link->kill("the list of peers has changed");
  for (auto& [id, peer] : wanted) {
    Target& target = targets[id];
    target.peer = std::move(peer);
    if (options.self < id) dial(id, ++target.attempt);
  }
}

void Peers::Impl::take(net::Accepted accepted) {
  if (strangers >= options.strangers_max) {
    log.limited("strangers", "warn",
                "peer: connection from " + accepted.remote + " refused: " + std::to_string(strangers) +
                    " are not authenticated yet");
    return;
  }
  std::make_shared<Link>(*this, std::move(accepted.fd), std::nullopt, accepted.remote)->start();
}

void Peers::Impl::dial(NodeId id, std::uint64_t attempt) {
  const auto at = targets.find(id);
  if (at == targets.end() || at->second.attempt != attempt || at->second.link || stopping) return;
  const std::string& host = at->second.peer.host;
  if (net::is_address(host)) {
    connect(id, attempt, {host});
  } else {
    loop.resolve(host, [this, id, attempt](const std::vector<std::string>& found) { connect(id, attempt, found); });
  }
}

void Peers::Impl::connect(NodeId id, std::uint64_t attempt, const std::vector<std::string>& addresses) {
  const auto at = targets.find(id);
  if (at == targets.end() || at->second.attempt != attempt || at->second.link || stopping) return;
  Target& target = at->second;
  const std::string where = target.peer.host + ":" + std::to_string(target.peer.port);
  if (addresses.empty()) {
    log.limited("dial", "warn", "peer: no link to " + name_of(id) + " at " + where + ": no such host");
    dial_later(target);
    return;
  }
  // A name with several addresses: each attempt takes the next.
  auto fd = net::connect_to(addresses[attempt % addresses.size()], target.peer.port, options.from);
  if (!fd) {
    log.limited("dial", "warn", "peer: no link to " + name_of(id) + " at " + where + ": " + fd.error().detail);
    dial_later(target);
    return;
  }
  target.link = std::make_shared<Link>(*this, std::move(*fd), id, where);
  const std::shared_ptr<Link> link = target.link;  // start() may end it
  link->start();
}

void Peers::Impl::dial_later(Target& target) {
  target.backoff = std::clamp(target.backoff * 2, options.backoff_min, options.backoff_max);
  // Between half and all of it: nodes that lost each other at the same moment do not come back at the same moment.
  const auto half = target.backoff / 2;
  const auto wait = half + std::chrono::milliseconds(std::uniform_int_distribution<long>(0, half.count())(jitter));
  loop.after(wait, [this, id = target.peer.id, attempt = ++target.attempt] { dial(id, attempt); });
}

void Peers::Impl::up(NodeId id, const std::shared_ptr<Link>& link, const std::shared_ptr<Outbox>& outbox) {
  Target& target = targets.at(id);
  if (target.link && target.link != link) {
    // The other side dialled again, so it has given the old connection up, whatever it looks like from here.
    const std::shared_ptr<Link> old = target.link;
    old->kill("replaced by a newer connection");
  }
  target.link = link;
  {
    const std::lock_guard lock(outboxes_mutex);
    outboxes[id] = outbox;
  }
  log.say("info", "peer: " + name_of(id) + " is connected");
  if (events.on_up) events.on_up(id);
}

void Peers::Impl::down(NodeId id, const Link* link, const std::string& why, bool was_up, bool steady) {
  if (was_up) {
    {
      const std::lock_guard lock(outboxes_mutex);
      outboxes.erase(id);
    }
    if (!stopping) log.limited("down", "warn", "peer: " + name_of(id) + " is disconnected: " + why);
    if (events.on_down) events.on_down(id, why);
  }
  const auto at = targets.find(id);
  if (at == targets.end() || at->second.link.get() != link) return;
  at->second.link.reset();
  if (steady) at->second.backoff = std::chrono::milliseconds{0};
  if (options.self < id && !stopping) dial_later(at->second);
}

Peers::Peers(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Peers::~Peers() { stop(); }

Result<std::unique_ptr<Peers>> Peers::start(Options options, Events events, net::Log log) {
  auto tls = net::TlsContext::peer(options.ca_file, options.cert_file, options.key_file);
  if (!tls) return std::unexpected(tls.error());
  if (tls->own_node() != options.self) {
    const auto shown = tls->own_node();
    return fail(Errc::invalid, "certificate file " + options.cert_file + " is that of " +
                                   (shown ? name_of(*shown) : std::string("no node")) + ", not of " +
                                   name_of(options.self));
  }
  auto listener = net::listen_on(options.address, options.port);
  if (!listener) return std::unexpected(listener.error());
  auto impl = std::make_unique<Impl>(std::move(options), std::move(events), std::move(log), std::move(*tls));
  Impl* const raw = impl.get();
  impl->acceptor = std::make_unique<net::Acceptor>(
      impl->loop, std::move(*listener), [raw](net::Accepted accepted) { raw->take(std::move(accepted)); },
      [raw](const std::string& trouble) { raw->log.limited("accept", "error", "peer: " + trouble); });
  return std::unique_ptr<Peers>(new Peers(std::move(impl)));
}

std::uint16_t Peers::port() const { return impl_->acceptor->port(); }

void Peers::set_peers(std::vector<Peer> peers) {
  impl_->loop.post([impl = impl_.get(), peers = std::move(peers)]() mutable { impl->set_peers(std::move(peers)); });
}

bool Peers::send(NodeId to, std::string_view frame) {
  if (frame.size() > impl_->options.frame_bytes_max) return false;
  const auto outbox = impl_->outbox_of(to);
  if (outbox == nullptr) return false;
  const Outbox::Put put = outbox->put(frame);
  if (put == Outbox::Put::wake) {
    impl_->loop.post([impl = impl_.get(), to] {
      const auto at = impl->targets.find(to);
      if (at != impl->targets.end() && at->second.link && at->second.link->is_up()) at->second.link->send_frames();
    });
  }
  return put != Outbox::Put::refused;
}

std::size_t Peers::queued_bytes(NodeId to) const {
  const auto outbox = impl_->outbox_of(to);
  return outbox == nullptr ? 0 : outbox->bytes();
}

void Peers::redial(NodeId peer) {
  impl_->loop.post([impl = impl_.get(), peer] {
    const auto at = impl->targets.find(peer);
    if (at == impl->targets.end() || !at->second.link || !at->second.link->is_up()) return;
    const std::shared_ptr<Link> link = at->second.link;
    at->second.backoff = std::chrono::milliseconds{0};
    link->kill("given up from here");
  });
}

void Peers::stop() {
  impl_->stopping = true;
  impl_->loop.stop();
}

}  // namespace tandem::peer
