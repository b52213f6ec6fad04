// tandemd: one node of a centre, in the roles its settings give it.
#include <signal.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>

#include "app/tandemd/runtime.h"

namespace {

int run(const std::string& path) {
  using namespace tandem;
  auto settings = app::read_settings(path);
  if (!settings) {
    spdlog::error("{}", settings.error().detail);
    return 2;
  }
  spdlog::set_level(spdlog::level::from_str(settings->log_level));
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l " + settings->region + " %v", spdlog::pattern_time_type::utc);

  // Signals are taken by this thread alone; those started from here on inherit the mask.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);

  const auto line = [](std::string_view level, std::string text) {
    const auto severity = level == "error"                        ? spdlog::level::err
                          : level == "warning" || level == "warn" ? spdlog::level::warn
                          : level == "debug"                      ? spdlog::level::debug
                                                                  : spdlog::level::info;
    spdlog::log(severity, "{}", text);
    spdlog::default_logger_raw()->flush();
  };
  auto runtime = app::Runtime::start(std::move(*settings), line);
  if (!runtime) {
    spdlog::error("cannot start: {}", runtime.error().detail);
    return 1;
  }
  line("info", "node " + std::to_string((*runtime)->settings().node.value()) + " serves on port " +
                   std::to_string((*runtime)->public_port()));
  for (;;) {
    const timespec wait{0, 200'000'000};
    const int signal = ::sigtimedwait(&signals, nullptr, &wait);
    if (signal > 0) {
      line("info", "stopping");
      (*runtime)->stop();
      return 0;
    }
    if (const auto reason = (*runtime)->fatal()) {
      line("error", "ending: " + *reason + "; the log is read again at the next start");
      // The disk can no longer be trusted: nothing that is queued may be acknowledged on the way out.
      std::_Exit(3);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App cli{"tandemd: one node of a Tandem centre (a region, a hub, a gateway)"};
  std::string path;
  cli.add_option("--config", path, "settings of this node, a YAML file")->required();
  CLI11_PARSE(cli, argc, argv);
  return run(path);
}
