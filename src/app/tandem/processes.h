// Nodes as processes of this machine. A process is known by its id and the moment it started, so that an id the system
// gave to somebody else is never signalled.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"

namespace tandem::cli {

struct Process {
  int pid = 0;
  std::uint64_t started = 0;  // in clock ticks after boot, as /proc has it
  friend bool operator==(const Process&, const Process&) = default;
};

// Nothing when no such process lives; one that ended and is not buried yet does not live.
[[nodiscard]] std::optional<Process> look_up(int pid);
[[nodiscard]] bool lives(const Process& process);

// What the pid file names, if it still lives.
[[nodiscard]] std::optional<Process> running(const std::filesystem::path& pid_file);
// Errors: denied.
[[nodiscard]] Result<void> write_pid_file(const std::filesystem::path& pid_file, const Process& process);

// Starts a program in a session of its own, its output appended to `log_file`. Errors: not_found (no such program),
// denied (log file), refused.
[[nodiscard]] Result<Process> start(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                                    const std::filesystem::path& log_file);

// Asks to end, or kills; tells whether there was somebody to tell.
bool signal(const Process& process, int number);
// Polls until none of them lives.
[[nodiscard]] bool wait_gone(const std::vector<Process>& processes, std::chrono::milliseconds patience);
// How a child of this process ended, in words, if it has: "ended with status 1", "was killed by signal 9".
[[nodiscard]] std::optional<std::string> bury(int pid);

[[nodiscard]] std::vector<std::string> last_lines(const std::filesystem::path& file, std::size_t count);
// The directory of this program.
[[nodiscard]] std::filesystem::path own_dir();

// One `up` or `down` at a time per centre. Nothing when another one is at it.
class Turn {
 public:
  [[nodiscard]] static std::optional<Turn> take(const std::filesystem::path& lock_file);
  Turn(Turn&& other) noexcept;
  Turn& operator=(Turn&&) = delete;
  ~Turn();

 private:
  explicit Turn(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace tandem::cli
