// tandem: the command line.
#include <signal.h>

#include <cstdio>

#include "app/tandem/commands.h"
#include "app/tandem/exit_codes.h"

int main(int argc, char** argv) {
  using namespace tandem::cli;
  ::signal(SIGPIPE, SIG_IGN);
  const auto call = parse(std::vector<std::string>(argv + 1, argv + argc));
  if (!call) {
    std::fputs(call.error().text.c_str(), call.error().code == kDone ? stdout : stderr);
    return call.error().code;
  }
  return std::visit([&](const auto& command) { return run(command, *call); }, call->command);
}
