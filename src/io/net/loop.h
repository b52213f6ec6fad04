// One thread that waits on sockets for many connections. Asio stays in loop.cc and connection.cc.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace tandem::net {

using Clock = std::chrono::steady_clock;

class Connection;

// A file descriptor with an owner.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept {
    reset(other.release());
    return *this;
  }
  ~Fd() { reset(); }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }
  int release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

class Loop {
 public:
  // The thread starts at once. It blocks SIGPIPE, which OpenSSL's writes would raise.
  explicit Loop(const std::string& thread_name);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs `work` on the thread; from any thread. Once the loop has stopped it is dropped.
  void post(std::function<void()> work);
  // The same, not before `delay` has passed.
  void after(std::chrono::milliseconds delay, std::function<void()> work);
  // Looks up the addresses of a host name (an address stands for itself) and calls `found` on the thread, with none if
  // there is no such name.
  void resolve(const std::string& host, std::function<void(std::vector<std::string> addresses)> found);
  // Kills every connection and joins; what was posted before has run. Not from the loop's own thread.
  void stop();

  // On the loop's thread: calls `ready` when `fd` can be read (or written); at most one of each may be pending per
  // Wait. The destructor cancels and does not close the descriptor.
  class Wait {
   public:
    Wait(Loop& loop, int fd);
    ~Wait();
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;
    void readable(std::function<void()> ready);
    void writable(std::function<void()> ready);

   private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
  };

 private:
  friend class Connection;
  friend class Wait;
  void tick();

  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::atomic<bool> stopping_ = false;                                              // new connections end at once
  std::atomic<bool> stopped_ = false;                                               // nothing is taken any more
  std::unordered_map<const Connection*, std::shared_ptr<Connection>> connections_;  // of the loop's thread
  std::thread thread_;
};

}  // namespace tandem::net
