#include "io/net/loop.h"

#include <pthread.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>

#include "io/net/connection.h"

namespace tandem::net {
namespace asio = boost::asio;

namespace {
constexpr std::chrono::milliseconds kTick{200};
}

void Fd::reset(int fd) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

struct Loop::Impl {
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  asio::steady_timer ticker{context};
  asio::ip::tcp::resolver resolver{context};
};

Loop::Loop(const std::string& thread_name) : impl_(std::make_unique<Impl>()) {
  tick();
  thread_ = std::thread([this, thread_name] {
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    pthread_setname_np(pthread_self(), thread_name.substr(0, 15).c_str());
    impl_->context.run();
  });
}

Loop::~Loop() { stop(); }

void Loop::post(std::function<void()> work) {
  if (!stopped_) asio::post(impl_->context, std::move(work));
}

void Loop::after(std::chrono::milliseconds delay, std::function<void()> work) {
  auto timer = std::make_shared<asio::steady_timer>(impl_->context, delay);
  timer->async_wait([timer, work = std::move(work)](const boost::system::error_code& error) {
    if (!error) work();
  });
}

void Loop::resolve(const std::string& host, std::function<void(std::vector<std::string>)> found) {
  impl_->resolver.async_resolve(host, "",
                                [found = std::move(found)](const boost::system::error_code& error,
                                                           const asio::ip::tcp::resolver::results_type& all) {
                                  if (error == asio::error::operation_aborted) return;
                                  std::vector<std::string> addresses;
                                  for (const auto& entry : all)
                                    addresses.push_back(entry.endpoint().address().to_string());
                                  found(std::move(addresses));
                                });
}

void Loop::stop() {
  if (!thread_.joinable()) return;
  post([this] {
    stopping_ = true;
    while (!connections_.empty()) {
      const std::shared_ptr<Connection> connection = connections_.begin()->second;
      connection->on_stop();
      connection->kill("shutting down");
    }
    impl_->context.stop();
  });
  thread_.join();
  // What is still queued may hold connections that hold this loop. It runs here, finds them ended, and lets go.
  impl_->context.restart();
  impl_->context.poll();
  stopped_ = true;
}

void Loop::tick() {
  impl_->ticker.expires_after(kTick);
  impl_->ticker.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    const Clock::time_point now = Clock::now();
    std::vector<std::shared_ptr<Connection>> due;  // being told may end connections
    for (const auto& [key, connection] : connections_) {
      if (connection->overdue(now)) due.push_back(connection);
    }
    for (const auto& connection : due) connection->tell_overdue(now);
    tick();
  });
}

struct Loop::Wait::Impl {
  asio::posix::stream_descriptor descriptor;
};

Loop::Wait::Wait(Loop& loop, int fd)
    : impl_(std::make_unique<Impl>(Impl{asio::posix::stream_descriptor(loop.impl_->context, fd)})) {}

Loop::Wait::~Wait() { impl_->descriptor.release(); }

void Loop::Wait::readable(std::function<void()> ready) {
  impl_->descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                               [ready = std::move(ready)](const boost::system::error_code& error) {
                                 if (!error) ready();
                               });
}

void Loop::Wait::writable(std::function<void()> ready) {
  impl_->descriptor.async_wait(asio::posix::stream_descriptor::wait_write,
                               [ready = std::move(ready)](const boost::system::error_code& error) {
                                 if (!error) ready();
                               });
}

}  // namespace tandem::net
