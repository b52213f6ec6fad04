#include "io/net/connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <utility>

namespace tandem::net {
namespace {

constexpr std::size_t kReadBytes = 64UL * 1024;
constexpr int kReadsPerTurn = 8;                  // then the other connections of the loop get their turn
constexpr std::size_t kKeptBytes = 256UL * 1024;  // a larger write buffer is given back once it is empty
constexpr std::size_t kLingerBytesMax = 1024UL * 1024;
constexpr std::chrono::seconds kLinger{2};

// One per loop, not one per connection: ten thousand idle ones cost nothing.
thread_local std::array<char, kReadBytes> read_space;

}  // namespace

Connection::Connection(Loop& loop, Fd fd, const TlsContext* tls, Side side, Limits limits, Traffic& traffic,
                       const std::string& host)
    : loop_(loop), fd_(std::move(fd)), channel_(fd_.get(), tls, side, host), limits_(limits), traffic_(traffic) {
  const int on = 1;
  ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

void Connection::start() {
  const auto self = shared_from_this();
  if (loop_.stopping_) {
    kill("shutting down");
    return;
  }
  loop_.connections_.emplace(this, self);
  wait_.emplace(loop_, fd_.get());
  if (channel_.tls()) expect_until(Clock::now() + limits_.handshake, "no TLS handshake in time");
  shake();
}

void Connection::expect_until(Clock::time_point at, const char* what) {
  deadline_ = at;
  deadline_what_ = what;
}

bool Connection::overdue(Clock::time_point now) const {
  return (deadline_ && *deadline_ <= now) || (unsent() > 0 && now - progress_ > limits_.stalled_write);
}

void Connection::tell_overdue(Clock::time_point now) {
  if (ended_) return;
  if (unsent() > 0 && now - progress_ > limits_.stalled_write) {
    kill("the peer reads nothing: " + std::to_string(unsent()) + " bytes wait");
    return;
  }
  if (!deadline_) return;
  deadline_.reset();
  if (lingering_ || !opened_) {
    kill(deadline_what_);
  } else {
    on_deadline(deadline_what_);
  }
}

void Connection::shake() {
  switch (const Channel::State state = channel_.handshake()) {
    case Channel::State::done:
      break;
    case Channel::State::want_read:
    case Channel::State::want_write:
      wait(state);
      return;
    case Channel::State::closed:
      kill("the peer left during the TLS handshake");
      return;
    case Channel::State::failed:
      kill(channel_.error());
      return;
  }
  opened_ = true;
  expect_nothing();
  on_open();
  read();
}

void Connection::resume() {
  if (!std::exchange(paused_, false)) return;
  // Not from here: the caller may stand inside on_bytes.
  loop_.post([self = shared_from_this()] { self->read(); });
}

void Connection::read() {
  for (int turn = 0; turn < kReadsPerTurn; ++turn) {
    if (ended_ || paused_) return;
    const auto [state, count] = channel_.read(read_space.data(), read_space.size());
    switch (state) {
      case Channel::State::done:
        break;
      case Channel::State::want_read:
      case Channel::State::want_write:
        wait(state);
        return;
      case Channel::State::closed:
        kill("the peer left");
        return;
      case Channel::State::failed:
        kill(channel_.error());
        return;
    }
    traffic_.bytes_in.fetch_add(count, std::memory_order_relaxed);
    if (lingering_) {
      lingered_bytes_ += count;
      if (lingered_bytes_ > kLingerBytesMax) kill("finished");
    } else if (!finishing_) {
      on_bytes(std::string_view(read_space.data(), count));
    }
  }
  if (!ended_ && !paused_) loop_.post([self = shared_from_this()] { self->read(); });
}

void Connection::write(std::string bytes) {
  if (ended_ || finishing_ || bytes.empty()) return;
  const bool idle = unsent() == 0;
  if (idle) {
    out_ = std::move(bytes);
    sent_ = 0;
    progress_ = Clock::now();
    flush(false);
    return;
  }
  if (sent_ > out_.size() / 2) out_.erase(0, std::exchange(sent_, 0));
  out_ += bytes;
}

void Connection::flush(bool tell) {
  const auto self = shared_from_this();
  while (unsent() > 0) {
    const auto [state, count] = channel_.write(out_.data() + sent_, unsent());
    switch (state) {
      case Channel::State::done:
        break;
      case Channel::State::want_read:
      case Channel::State::want_write:
        wait(state);
        return;
      case Channel::State::closed:
        kill("the peer left");
        return;
      case Channel::State::failed:
        kill(channel_.error());
        return;
    }
    sent_ += count;
    progress_ = Clock::now();
    traffic_.bytes_out.fetch_add(count, std::memory_order_relaxed);
  }
  sent_ = 0;
  if (out_.capacity() > kKeptBytes) {
    std::string().swap(out_);
  } else {
    out_.clear();
  }
  if (finishing_) {
    linger();
  } else if (tell) {
    on_drained();
  }
}

void Connection::finish() {
  if (ended_ || std::exchange(finishing_, true)) return;
  if (unsent() == 0) linger();
}

void Connection::linger() {
  if (std::exchange(lingering_, true)) return;
  channel_.finish();
  expect_until(Clock::now() + kLinger, "finished");
  paused_ = true;
  resume();
}

void Connection::kill(const std::string& why) {
  if (std::exchange(ended_, true)) return;
  const auto self = shared_from_this();
  loop_.connections_.erase(this);
  // The handlers of pending waits hold this connection; cancelling lets them go.
  wait_.reset();
  fd_.reset();
  out_.clear();
  sent_ = 0;
  on_end(why, opened_);
}

void Connection::wait(Channel::State wanted) {
  if (wanted == Channel::State::want_read) {
    if (std::exchange(waits_read_, true)) return;
    wait_->readable([self = shared_from_this()] {
      self->waits_read_ = false;
      self->retry();
    });
    return;
  }
  if (std::exchange(waits_write_, true)) return;
  wait_->writable([self = shared_from_this()] {
    self->waits_write_ = false;
    self->retry();
  });
}

void Connection::retry() {
  if (ended_) return;
  if (!opened_) {
    shake();
    return;
  }
  if (unsent() > 0) flush(true);
  if (!ended_) read();
}

}  // namespace tandem::net
