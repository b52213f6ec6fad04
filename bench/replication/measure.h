// What the replication benchmark shares between its processes, and how it counts: times on CLOCK_BOOTTIME, which all
// processes of one machine read alike, and percentiles of plain arrays.
#pragma once

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

namespace tandem::bench {

inline std::int64_t boot_ns() {
  timespec at{};
  ::clock_gettime(CLOCK_BOOTTIME, &at);
  return std::int64_t{at.tv_sec} * 1'000'000'000 + at.tv_nsec;
}

inline void sleep_until(std::int64_t boot) {
  const std::int64_t left = boot - boot_ns();
  if (left <= 0) return;
  const timespec wait{left / 1'000'000'000, left % 1'000'000'000};
  ::nanosleep(&wait, nullptr);
}
inline void sleep_ms(std::int64_t ms) { sleep_until(boot_ns() + ms * 1'000'000); }

[[noreturn]] inline void die(const std::string& why) {
  std::fprintf(stderr, "replication: %s\n", why.c_str());
  std::_Exit(1);
}

// True when `done` came true within the time.
inline bool wait_for(std::int64_t ms, const std::function<bool()>& done) {
  const std::int64_t until = boot_ns() + ms * 1'000'000;
  while (!done()) {
    if (boot_ns() > until) return false;
    sleep_ms(1);
  }
  return true;
}

// One phase of work: `per_second` 0 offers as much as is acknowledged.
struct Job {
  std::uint32_t per_second = 0;
  std::uint32_t milliseconds = 0;
};

struct Lag {
  double p50_ms = 0;
  double p99_ms = 0;
};

struct Outcome {
  double acked_per_second = 0;
  double delivered_per_second = 0;
  Lag lag;
  Lag lag_offered;  // from the moment of offering; equal to `lag` where there is no difference
  std::uint64_t records = 0;
  bool whole = true;  // everything acknowledged arrived
};

// The first fifth of a phase is warming up.
inline std::size_t warm(std::size_t count) { return count / 5; }

inline Lag lag_of(std::vector<std::int64_t> nanoseconds) {
  if (nanoseconds.empty()) return {};
  const auto at = [&](double q) {
    const auto place =
        std::min(nanoseconds.size() - 1, static_cast<std::size_t>(q * static_cast<double>(nanoseconds.size())));
    std::ranges::nth_element(nanoseconds, nanoseconds.begin() + static_cast<std::ptrdiff_t>(place));
    return static_cast<double>(nanoseconds[place]) / 1e6;
  };
  return {at(0.50), at(0.99)};
}

inline double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  return values[values.size() / 2];
}

// Offers `give(count)` in ticks of a millisecond, late ones at once, for the length of the job.
inline void offer(const Job& job, const std::function<void(std::size_t)>& give) {
  const std::size_t ticks = job.milliseconds;
  const std::int64_t begun = boot_ns();
  const std::int64_t give_up = begun + 3 * std::int64_t{job.milliseconds} * 1'000'000;
  std::size_t given = 0;
  for (std::size_t tick = 1; tick <= ticks; ++tick) {
    const std::size_t due = std::size_t{job.per_second} * tick / 1000;
    if (due > given) give(due - given);
    given = due;
    sleep_until(begun + static_cast<std::int64_t>(tick) * 1'000'000);
    if (boot_ns() > give_up) return;
  }
}

// A program of another project, ended with this process at the latest.
class Program {
 public:
  Program(const std::vector<std::string>& words, const std::string& log) {
    std::vector<char*> argv;
    for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ < 0) die("cannot fork");
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
      ::dup2(out, 1);
      ::dup2(out, 2);
      ::execvp(argv[0], argv.data());
      std::_Exit(127);
    }
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGTERM);
    for (int i = 0; i < 300; ++i) {
      if (::waitpid(pid_, nullptr, WNOHANG) == pid_) return;
      sleep_ms(10);
    }
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

 private:
  pid_t pid_ = -1;
};

// A port that is free now.
inline std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  if (::bind(fd, reinterpret_cast<sockaddr*>(&at), size) != 0) die("no free port");
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size);
  ::close(fd);
  return ntohs(at.sin_port);
}

// Memory that parent and children see.
template <class T>
T& shared_memory() {
  void* at = ::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) die("no shared memory");
  return *new (at) T;
}

}  // namespace tandem::bench
