#include "io/aside/aside.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <utility>

namespace tandem::aside {
namespace {

constexpr int kNice = 5;  // the work can wait for the loop

bool write_all(int to, const char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t wrote = ::write(to, bytes, size);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    bytes += wrote;
    size -= static_cast<std::size_t>(wrote);
  }
  return true;
}

bool read_all(int from, char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t got = ::read(from, bytes, size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    bytes += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

[[noreturn]] void be_copy(pid_t parent, int to, const Aside::Compute& compute) {
  // It must hold no port, no lock and no file of the process that it copies, and not outlive it.
  ::close_range(3, static_cast<unsigned>(to) - 1, 0);
  ::close_range(static_cast<unsigned>(to) + 1, ~0U, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  ::signal(SIGPIPE, SIG_IGN);
  ::setpriority(PRIO_PROCESS, 0, kNice);
  const std::string bytes = compute();
  const std::uint64_t size = bytes.size();
  const bool told =
      write_all(to, reinterpret_cast<const char*>(&size), sizeof size) && write_all(to, bytes.data(), bytes.size());
  ::_exit(told ? 0 : 1);
}

}  // namespace

Aside::~Aside() {
  stopping_ = true;
  // The collector has not reaped it while the number stands here.
  if (const pid_t child = child_; child > 0) ::kill(child, SIGKILL);
  if (collector_.joinable()) collector_.join();
}

void Aside::run(const Compute& compute, Done done) {
  if (busy_.exchange(true)) {
    done(fail(Errc::refused, "the one before is still under way"));
    return;
  }
  if (collector_.joinable()) collector_.join();
  int ends[2];
  const bool piped = ::pipe2(ends, O_CLOEXEC) == 0;
  const pid_t self = ::getpid();
  const pid_t child = piped ? ::fork() : -1;
  if (child == 0) be_copy(self, ends[1], compute);
  if (piped) ::close(ends[1]);
  if (child < 0) {
    if (piped) ::close(ends[0]);
    std::string bytes = compute();
    busy_ = false;
    done(std::move(bytes));
    return;
  }
  child_ = child;
  collector_ = std::thread([this, from = ends[0], done = std::move(done)] { collect(from, done); });
}

void Aside::collect(int from, const Done& done) {
  Result<std::string> out = fail(Errc::internal, "the copy of the process ended early");
  std::uint64_t size = 0;
  std::string bytes;
  if (read_all(from, reinterpret_cast<char*>(&size), sizeof size)) {
    bytes.resize(size);
    if (read_all(from, bytes.data(), size)) out = std::move(bytes);
  }
  ::close(from);
  // Waited for without being reaped first, so that whoever would end it meets it and nobody else.
  const pid_t child = child_;
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
  }
  child_ = 0;
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (!out && stopping_) out = fail(Errc::shutting_down, "the process is ending");
  busy_ = false;
  done(std::move(out));
}

}  // namespace tandem::aside
