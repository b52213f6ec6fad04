// One connection on one loop: what HTTP sessions and links between nodes have in common. Reads are handed over as they
// come, writes are queued, silence and stalls end it. Everything here runs on the loop's thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "io/net/loop.h"
#include "io/net/tls.h"

namespace tandem::net {

struct Traffic {
  std::atomic<std::uint64_t> bytes_in = 0;
  std::atomic<std::uint64_t> bytes_out = 0;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  virtual ~Connection() = default;

  // Begins: handshake if there is TLS, then `on_open` and reading. The loop keeps the connection alive until its end.
  void start();
  // Queues bytes and writes what the socket takes now.
  void write(std::string bytes);
  [[nodiscard]] std::size_t unsent() const { return out_.size() - sent_; }
  // Stops and restarts reading: what the peer sends meanwhile waits in its own buffers.
  void pause() { paused_ = true; }
  void resume();
  // Closes once what is queued has left: says goodbye, then listens for a moment so that the peer can read our last
  // words before it learns of the close.
  void finish();
  // Closes now.
  void kill(const std::string& why);
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] bool finishing() const { return finishing_; }

 protected:
  struct Limits {
    std::chrono::milliseconds handshake{10'000};
    std::chrono::milliseconds stalled_write{30'000};  // bytes wait and the peer takes none
  };
  // `host`: see Channel.
  Connection(Loop& loop, Fd fd, const TlsContext* tls, Side side, Limits limits, Traffic& traffic,
             const std::string& host = {});

  virtual void on_open() {}
  virtual void on_bytes(std::string_view bytes) = 0;
  // Everything queued has left, though not at once: never called from within write().
  virtual void on_drained() {}
  // The time set by `expect_until` has come; the connection ends unless this is overridden.
  virtual void on_deadline(const std::string& what) { kill(what); }
  // The loop is about to stop and the connection to be killed: a last word may be written.
  virtual void on_stop() {}
  // Once, at the end, however it came. `opened`: on_open had been called.
  virtual void on_end(const std::string& why, bool opened) = 0;

  // Calls on_deadline(what) after that time, at the loop's tick; replaces the one before. `what` is a literal.
  void expect_until(Clock::time_point at, const char* what);
  void expect_nothing() { deadline_.reset(); }
  [[nodiscard]] Loop& loop() { return loop_; }
  [[nodiscard]] const Channel& channel() const { return channel_; }

 private:
  friend class Loop;
  [[nodiscard]] bool overdue(Clock::time_point now) const;
  void tell_overdue(Clock::time_point now);
  void shake();
  void read();
  void flush(bool tell);
  void linger();
  // Waits for the socket; when it is ready, whatever was waiting is tried again.
  void wait(Channel::State wanted);
  void retry();

  Loop& loop_;
  Fd fd_;
  Channel channel_;
  std::optional<Loop::Wait> wait_;
  Limits limits_;
  Traffic& traffic_;
  std::string out_;
  std::size_t sent_ = 0;
  std::optional<Clock::time_point> deadline_;
  const char* deadline_what_ = "";
  Clock::time_point progress_{};  // of writing
  std::size_t lingered_bytes_ = 0;
  bool waits_read_ = false;
  bool waits_write_ = false;
  bool opened_ = false;
  bool paused_ = false;
  bool finishing_ = false;
  bool lingering_ = false;
  bool ended_ = false;
};

}  // namespace tandem::net
