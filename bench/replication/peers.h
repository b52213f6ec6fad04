// What a user would run instead, driven over plain sockets: a Redis stream with a replica, a NATS JetStream stream with
// a mirror. Each publishes at one server and reads at the other; the publisher stamps the payload as it makes it.
#pragma once

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>

#include "measure.h"

namespace tandem::bench {

class Tcp {
 public:
  explicit Tcp(std::uint16_t port) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool up = wait_for(10'000, [&] {
      fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      if (::connect(fd_, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0) return true;
      ::close(fd_);
      return false;
    });
    if (!up) die("nobody listens on port " + std::to_string(port));
    const int one = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  }
  Tcp(const Tcp&) = delete;
  Tcp& operator=(const Tcp&) = delete;
  ~Tcp() { ::close(fd_); }

  // Whole, from any thread.
  void write(std::string_view bytes) {
    const std::lock_guard lock(writing_);
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) die("a peer closed its connection");
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  // Up to CR LF, which is dropped. Valid until the next read.
  std::string_view line() {
    for (;;) {
      const auto end = buffer_.find("\r\n", at_);
      if (end != std::string::npos) {
        const std::string_view out(buffer_.data() + at_, end - at_);
        at_ = end + 2;
        return out;
      }
      more();
    }
  }
  std::string_view take(std::size_t bytes) {
    while (buffer_.size() - at_ < bytes) more();
    const std::string_view out(buffer_.data() + at_, bytes);
    at_ += bytes;
    return out;
  }
  // Ends a reader that waits.
  void shut() { ::shutdown(fd_, SHUT_RDWR); }
  struct Closed {};

 private:
  void more() {
    if (at_ == buffer_.size() || at_ > (1U << 20)) {
      buffer_.erase(0, at_);
      at_ = 0;
    }
    const std::size_t had = buffer_.size();
    buffer_.resize(had + (64U << 10));
    const ssize_t n = ::recv(fd_, buffer_.data() + had, 64U << 10, 0);
    if (n <= 0) throw Closed{};
    buffer_.resize(had + static_cast<std::size_t>(n));
  }

  int fd_ = -1;
  std::mutex writing_;
  std::string buffer_;
  std::size_t at_ = 0;
};

// The first 20 characters are the moment of making, in nanoseconds; the rest is filling.
inline void stamp(std::string& payload) {
  char text[24];
  std::snprintf(text, sizeof text, "%020lld", static_cast<long long>(boot_ns()));
  payload.replace(0, 20, text, 20);
}

// The measuring common to both: a publisher on the calling thread, a reader of acknowledgements, a reader at the far
// end.
class Rival {
 public:
  explicit Rival(std::size_t record_bytes) : payload_(std::max<std::size_t>(record_bytes, 20), 'x') {}
  virtual ~Rival() = default;

  Outcome run(const Job& job) {
    const std::uint64_t acked_before = acked_;
    const std::uint64_t delivered_before = delivered_;
    {
      const std::lock_guard lock(mutex_);
      lags_.clear();
    }
    const std::int64_t begun = boot_ns();
    const std::int64_t length = std::int64_t{job.milliseconds} * 1'000'000;
    Outcome out;
    if (job.per_second == 0) {
      std::uint64_t warm_acked = 0;
      std::uint64_t warm_delivered = 0;
      std::int64_t warm_at = 0;
      while (boot_ns() - begun < length) {
        if (warm_at == 0 && boot_ns() - begun > length / 5) {
          warm_acked = acked_;
          warm_delivered = delivered_;
          warm_at = boot_ns();
        }
        publish(kBundle);
        while (published_ - acked_ > kInFlight) std::this_thread::yield();
      }
      const double seconds = static_cast<double>(boot_ns() - warm_at) / 1e9;
      out.acked_per_second = static_cast<double>(acked_ - warm_acked) / seconds;
      out.delivered_per_second = static_cast<double>(delivered_ - warm_delivered) / seconds;
    } else {
      offer(job, [&](std::size_t count) { publish(count); });
      const double seconds = static_cast<double>(boot_ns() - begun) / 1e9;
      out.acked_per_second = static_cast<double>(acked_ - acked_before) / seconds;
    }
    out.whole = wait_for(10'000, [&] { return acked_ == published_ && delivered_ == published_; });
    out.records = delivered_ - delivered_before;
    const std::lock_guard lock(mutex_);
    out.lag = lag_of({lags_.begin() + static_cast<std::ptrdiff_t>(warm(lags_.size())), lags_.end()});
    out.lag_offered = out.lag;
    return out;
  }

 protected:
  virtual void publish(std::size_t count) = 0;
  void got(std::string_view payload) {
    const std::int64_t made = std::strtoll(std::string(payload.substr(0, 20)).c_str(), nullptr, 10);
    lags_.push_back(boot_ns() - made);
    ++delivered_;
  }

  static constexpr std::size_t kBundle = 256;
  static constexpr std::uint64_t kInFlight = 4096;
  std::string payload_;
  std::atomic<std::uint64_t> published_ = 0;
  std::atomic<std::uint64_t> acked_ = 0;
  std::atomic<std::uint64_t> delivered_ = 0;
  std::mutex mutex_;
  std::vector<std::int64_t> lags_;  // of this job; under the mutex
};

class Redis final : public Rival {
 public:
  Redis(const std::string& dir, std::size_t record_bytes) : Rival(record_bytes) {
    const std::uint16_t here = free_port();
    const std::uint16_t there = free_port();
    const auto server = [&](std::uint16_t port, const char* name, const std::vector<std::string>& more) {
      const std::string at = dir + "/redis-" + name;
      ::mkdir(at.c_str(), 0700);
      std::vector<std::string> words = {"redis-server",
                                        "--port",
                                        std::to_string(port),
                                        "--bind",
                                        "127.0.0.1",
                                        "--save",
                                        "",
                                        "--appendonly",
                                        "yes",
                                        "--appendfsync",
                                        "everysec",
                                        "--dir",
                                        at,
                                        "--repl-diskless-sync-delay",
                                        "0"};
      words.insert(words.end(), more.begin(), more.end());
      return std::make_unique<Program>(words, at + ".log");
    };
    origin_ = server(here, "origin", {});
    replica_ = server(there, "replica", {"--replicaof", "127.0.0.1", std::to_string(here)});
    out_ = std::make_unique<Tcp>(here);
    in_ = std::make_unique<Tcp>(there);
    const bool linked = wait_for(15'000, [&] {
      in_->write("INFO replication\r\n");
      const auto size = std::strtoul(std::string(in_->line().substr(1)).c_str(), nullptr, 10);
      const bool up = std::string(in_->take(size + 2)).find("master_link_status:up") != std::string::npos;
      if (!up) sleep_ms(20);
      return up;
    });
    if (!linked) die("the Redis replica does not follow");
    acks_ = std::thread([this] {
      try {
        for (;;) {
          const std::string_view head = out_->line();
          if (head.empty() || head.front() != '$') die("Redis says " + std::string(head));
          out_->take(std::strtoul(std::string(head.substr(1)).c_str(), nullptr, 10) + 2);
          ++acked_;
        }
      } catch (const Tcp::Closed&) {
      }
    });
    reader_ = std::thread([this] {
      try {
        read();
      } catch (const Tcp::Closed&) {
      }
    });
  }
  ~Redis() override {
    out_->shut();
    in_->shut();
    acks_.join();
    reader_.join();
  }

 private:
  void publish(std::size_t count) override {
    std::string bytes;
    bytes.reserve(count * (payload_.size() + 80));
    for (std::size_t i = 0; i < count; ++i) {
      stamp(payload_);
      bytes += "*8\r\n$4\r\nXADD\r\n$2\r\nev\r\n$6\r\nMAXLEN\r\n$1\r\n~\r\n$6\r\n500000\r\n$1\r\n*\r\n$1\r\np\r\n$" +
               std::to_string(payload_.size()) + "\r\n";
      bytes += payload_;
      bytes += "\r\n";
    }
    published_ += count;
    out_->write(bytes);
  }
  std::size_t number(char kind) {
    const std::string_view text = in_->line();
    if (text.empty() || text.front() != kind) die("the Redis replica says " + std::string(text));
    return std::strtoul(std::string(text.substr(1)).c_str(), nullptr, 10);
  }
  std::string bulk() {
    const std::size_t size = number('$');
    std::string out(in_->take(size));
    in_->take(2);
    return out;
  }
  void read() {
    std::string last = "0-0";
    for (;;) {
      in_->write("XREAD COUNT 1000 BLOCK 500 STREAMS ev " + last + "\r\n");
      const std::string head(in_->line());
      if (head == "*-1" || head == "$-1") continue;
      const std::lock_guard lock(mutex_);
      number('*');
      bulk();
      const std::size_t count = number('*');
      for (std::size_t i = 0; i < count; ++i) {
        number('*');
        last = bulk();
        number('*');
        bulk();
        const std::size_t size = number('$');
        got(in_->take(size));
        in_->take(2);
      }
    }
  }

  std::unique_ptr<Program> origin_;
  std::unique_ptr<Program> replica_;
  std::unique_ptr<Tcp> out_;
  std::unique_ptr<Tcp> in_;
  std::thread acks_;
  std::thread reader_;
};

class Nats final : public Rival {
 public:
  Nats(const std::string& dir, std::size_t record_bytes) : Rival(record_bytes) {
    const std::uint16_t here = free_port();
    const std::uint16_t there = free_port();
    const std::uint16_t leaf = free_port();
    const auto server = [&](std::uint16_t port, const char* name, const std::string& leafnodes) {
      const std::string at = dir + "/nats-" + name;
      ::mkdir(at.c_str(), 0700);
      std::ofstream(at + ".conf") << "server_name: " << name << "\nlisten: \"127.0.0.1:" << port
                                  << "\"\njetstream { store_dir: \"" << at << "\", domain: " << name
                                  << " }\nleafnodes { " << leafnodes << " }\n";
      return std::make_unique<Program>(std::vector<std::string>{"nats-server", "-c", at + ".conf"}, at + ".log");
    };
    origin_ = server(here, "a", "listen: \"127.0.0.1:" + std::to_string(leaf) + "\"");
    mirror_ = server(there, "b", "remotes: [ { url: \"nats://127.0.0.1:" + std::to_string(leaf) + "\" } ]");
    out_ = open(here, kHere);
    in_ = open(there, kThere);
    await_leaf();
    ask(*out_, kHere, "$JS.API.STREAM.CREATE.EV",
        R"({"name":"EV","subjects":["ev.>"],"storage":"file","retention":"limits","max_msgs":3000000})");
    ask(*in_, kThere, "$JS.API.STREAM.CREATE.EVM",
        R"({"name":"EVM","storage":"file","mirror":{"name":"EV","external":{"api":"$JS.a.API"}}})");
    in_->write("SUB deliver.c1 9\r\n");
    ask(*in_, kThere, "$JS.API.CONSUMER.DURABLE.CREATE.EVM.c1",
        R"({"stream_name":"EVM","config":{"durable_name":"c1","deliver_subject":"deliver.c1","ack_policy":"none","deliver_policy":"all"}})");
    acks_ = std::thread([this] {
      pump(*out_, [this](std::string_view body) {
        if (body.find("\"error\"") != std::string_view::npos) die("NATS says " + std::string(body));
        ++acked_;
      });
    });
    reader_ = std::thread([this] {
      pump(*in_, [this](std::string_view body) {
        if (body.size() < payload_.size()) return;
        const std::lock_guard lock(mutex_);
        got(body);
      });
    });
    // The mirror attaches within seconds of its making; the first record waits for that.
    publish(1);
    if (!wait_for(60'000, [&] { return delivered_ == 1; })) die("the NATS mirror does not follow");
  }
  ~Nats() override {
    out_->shut();
    in_->shut();
    acks_.join();
    reader_.join();
  }

 private:
  static constexpr char kHere[] = "_INBOX.a";
  static constexpr char kThere[] = "_INBOX.b";

  // Replies are heard through the leaf as well, so each has an inbox of its own.
  static std::unique_ptr<Tcp> open(std::uint16_t port, const std::string& inbox) {
    auto tcp = std::make_unique<Tcp>(port);
    tcp->line();  // INFO
    tcp->write(
        "CONNECT {\"verbose\":false,\"pedantic\":false,\"name\":\"bench\",\"lang\":\"c\",\"version\":\"0\"}\r\n"
        "SUB " +
        inbox + " 1\r\nPING\r\n");
    while (tcp->line() != "PONG") {
    }
    return tcp;
  }
  // The next message; answers pings on the way.
  static std::string_view message(Tcp& tcp) {
    for (;;) {
      const std::string head(tcp.line());
      if (head == "PING") tcp.write("PONG\r\n");
      if (head.starts_with("-ERR")) die("NATS says " + head);
      if (!head.starts_with("MSG ")) continue;
      const std::size_t size = std::strtoul(head.substr(head.rfind(' ') + 1).c_str(), nullptr, 10);
      return tcp.take(size + 2).substr(0, size);
    }
  }
  // Until the one hears the other. A mirror made before that tries again only after long pauses.
  void await_leaf() {
    in_->write("SUB bench.leaf 2\r\n");
    {
      std::atomic<bool> heard = false;
      const std::jthread caller([&] {
        for (; !heard; sleep_ms(20)) out_->write("PUB bench.leaf 0\r\n\r\n");
      });
      message(*in_);
      heard = true;
    }
    in_->write("UNSUB 2\r\nPING\r\n");
    while (in_->line() != "PONG") {
    }
    sleep_ms(500);  // its other subjects follow
  }
  static void ask(Tcp& tcp, const std::string& inbox, const std::string& subject, const std::string& body) {
    tcp.write("PUB " + subject + " " + inbox + " " + std::to_string(body.size()) + "\r\n" + body + "\r\n");
    const std::string answer(message(tcp));
    if (answer.find("\"error\"") != std::string::npos) die("NATS: " + subject + ": " + answer);
  }
  template <class F>
  static void pump(Tcp& tcp, const F& each) {
    try {
      for (;;) each(message(tcp));
    } catch (const Tcp::Closed&) {
    }
  }
  void publish(std::size_t count) override {
    std::string bytes;
    bytes.reserve(count * (payload_.size() + 40));
    const std::string head = "PUB ev.x " + std::string(kHere) + " " + std::to_string(payload_.size()) + "\r\n";
    for (std::size_t i = 0; i < count; ++i) {
      stamp(payload_);
      bytes += head;
      bytes += payload_;
      bytes += "\r\n";
    }
    published_ += count;
    out_->write(bytes);
  }

  std::unique_ptr<Program> origin_;
  std::unique_ptr<Program> mirror_;
  std::unique_ptr<Tcp> out_;
  std::unique_ptr<Tcp> in_;
  std::thread acks_;
  std::thread reader_;
};

}  // namespace tandem::bench
