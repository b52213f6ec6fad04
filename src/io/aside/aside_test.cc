#include "io/aside/aside.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <future>
#include <memory>

namespace tandem::aside {
namespace {

Result<std::string> get(Aside& aside, const Aside::Compute& compute) {
  std::promise<Result<std::string>> answer;
  aside.run(compute, [&](Result<std::string> result) { answer.set_value(std::move(result)); });
  return answer.get_future().get();
}

// What runs until it is ended; never this process itself.
std::string forever(pid_t parent) {
  while (::getpid() != parent) ::pause();
  return "ran in the process itself";
}

// Goal: the copy sees the state of its moment, all its bytes arrive, and this process changes nothing for it.
// Method: compute from a value that changes here at once, at a size far above a pipe's.
TEST(Aside, ComputesFromTheMomentOfTheCall) {
  Aside aside;
  auto state = std::make_unique<std::string>(5'000'000, 'a');
  std::promise<Result<std::string>> answer;
  aside.run(
      [&] {
        (*state)[0] = 'b';  // in the copy alone
        return *state;
      },
      [&](Result<std::string> result) { answer.set_value(std::move(result)); });
  EXPECT_EQ((*state)[0], 'a');
  state->assign(10, 'z');
  std::string expected(5'000'000, 'a');
  expected[0] = 'b';
  EXPECT_EQ(answer.get_future().get(), expected);
}

// Goal: one after another works, also the empty answer, and a copy that dies is an error and no bytes.
TEST(Aside, SaysWhenTheCopyDies) {
  Aside aside;
  EXPECT_EQ(get(aside, [] { return std::string(); }), std::string());
  const pid_t self = ::getpid();
  const auto died = get(aside, [self]() -> std::string {
    if (::getpid() != self) ::raise(SIGKILL);
    return "ran in the process itself";
  });
  ASSERT_FALSE(died.has_value());
  EXPECT_EQ(died.error().code, Errc::internal);
  EXPECT_EQ(get(aside, [] { return std::string("again"); }), "again");
}

// Goal: a second one meanwhile is refused, and the end of the owner ends the first.
TEST(Aside, EndsWithItsOwner) {
  const pid_t self = ::getpid();
  std::promise<Result<std::string>> first;
  {
    Aside aside;
    aside.run([self] { return forever(self); },
              [&](Result<std::string> result) { first.set_value(std::move(result)); });
    const auto second = get(aside, [] { return std::string("second"); });
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().code, Errc::refused);
  }
  const auto ended = first.get_future().get();
  ASSERT_FALSE(ended.has_value());
  EXPECT_EQ(ended.error().code, Errc::shutting_down);
}

// Goal: sockets of this process do not live on in the copy.
// Method: the far end of a pair that only this process should hold is closed here; the near one reads the end while
// the copy runs.
TEST(Aside, HoldsNoSocketOpen) {
  int pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  const pid_t self = ::getpid();
  std::promise<Result<std::string>> answer;
  {
    Aside aside;
    aside.run([self] { return forever(self); },
              [&](Result<std::string> result) { answer.set_value(std::move(result)); });
    ::close(pair[1]);
    char byte = 0;
    EXPECT_EQ(::read(pair[0], &byte, 1), 0);
  }
  ::close(pair[0]);
}

}  // namespace
}  // namespace tandem::aside
