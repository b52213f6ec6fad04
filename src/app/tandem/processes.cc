#include "app/tandem/processes.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <deque>
#include <fstream>
#include <sstream>
#include <thread>
#include <utility>

extern char** environ;

namespace tandem::cli {
namespace fs = std::filesystem;

std::optional<Process> look_up(int pid) {
  if (pid <= 0) return std::nullopt;
  std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  if (!std::getline(in, line)) return std::nullopt;
  // The name in the second field may hold anything, so fields are counted from its closing parenthesis.
  const auto end = line.rfind(')');
  if (end == std::string::npos) return std::nullopt;
  std::istringstream rest(line.substr(end + 1));
  std::string state;
  std::string field;
  rest >> state;
  for (int n = 4; n <= 19; ++n) rest >> field;
  int threads = 0;
  rest >> threads >> field;
  // Of a killed process the first thread may be over while others still hold its files and locks.
  if (state == "X" || (state == "Z" && threads <= 1)) return std::nullopt;
  Process out{pid, 0};
  if (!(rest >> out.started)) return std::nullopt;
  return out;
}

bool lives(const Process& process) { return look_up(process.pid) == process; }

std::optional<Process> running(const fs::path& pid_file) {
  std::ifstream in(pid_file);
  Process named;
  if (!(in >> named.pid >> named.started) || !lives(named)) return std::nullopt;
  return named;
}

Result<void> write_pid_file(const fs::path& pid_file, const Process& process) {
  const fs::path next = pid_file.string() + ".new";
  std::ofstream out(next);
  out << process.pid << ' ' << process.started << '\n';
  out.close();
  std::error_code bad;
  if (out) fs::rename(next, pid_file, bad);
  if (!out || bad) return fail(Errc::denied, "cannot write " + pid_file.string());
  return {};
}

Result<Process> start(const fs::path& program, const std::vector<std::string>& arguments, const fs::path& log_file) {
  if (::access(program.c_str(), X_OK) != 0) return fail(Errc::not_found, "there is no program " + program.string());
  const int log = ::open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log < 0) return fail(Errc::denied, "cannot write " + log_file.string());
  std::vector<std::string> words{program.string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, log, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, log, STDERR_FILENO);
  posix_spawnattr_t how;
  posix_spawnattr_init(&how);
  // A session of its own: Ctrl-C in the terminal reaches `tandem` alone, which then stops the nodes in order.
  posix_spawnattr_setflags(&how,
                           static_cast<short>(POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&how, &none);
  sigset_t all;
  sigfillset(&all);
  posix_spawnattr_setsigdefault(&how, &all);
  pid_t pid = 0;
  const int bad = ::posix_spawn(&pid, program.c_str(), &files, &how, argv.data(), environ);
  posix_spawnattr_destroy(&how);
  posix_spawn_file_actions_destroy(&files);
  ::close(log);
  if (bad != 0)
    return fail(Errc::refused, "cannot start " + program.string() + ": " + std::generic_category().message(bad));
  const auto started = look_up(pid);
  if (!started) return fail(Errc::refused, program.string() + " ended at once");
  return *started;
}

bool signal(const Process& process, int number) { return lives(process) && ::kill(process.pid, number) == 0; }

bool wait_gone(const std::vector<Process>& processes, std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  for (;;) {
    bool any = false;
    for (const Process& process : processes) any = any || lives(process);
    if (!any) return true;
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

std::optional<std::string> bury(int pid) {
  int status = 0;
  if (::waitpid(pid, &status, WNOHANG) != pid) return std::nullopt;
  if (WIFSIGNALED(status)) return "was killed by signal " + std::to_string(WTERMSIG(status));
  return "ended with status " + std::to_string(WEXITSTATUS(status));
}

std::vector<std::string> last_lines(const fs::path& file, std::size_t count) {
  std::ifstream in(file, std::ios::ate);
  const auto size = static_cast<std::int64_t>(in.tellg());
  if (size <= 0) return {};
  constexpr std::int64_t kBytesMax = 64 * 1024;
  in.seekg(std::max<std::int64_t>(0, size - kBytesMax));
  std::deque<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    lines.push_back(line);
    if (lines.size() > count) lines.pop_front();
  }
  return {lines.begin(), lines.end()};
}

fs::path own_dir() {
  std::error_code bad;
  const fs::path self = fs::read_symlink("/proc/self/exe", bad);
  return bad ? fs::current_path() : self.parent_path();
}

std::optional<Turn> Turn::take(const fs::path& lock_file) {
  const int fd = ::open(lock_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return std::nullopt;
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    ::close(fd);
    return std::nullopt;
  }
  return Turn(fd);
}

Turn::Turn(Turn&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
Turn::~Turn() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace tandem::cli
