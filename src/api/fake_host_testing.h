// The API of one region over a real node, without sockets, threads, disks or time of its own: what tests of the API
// share. Everything that is asked of the host happens in `run`.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "api/host.h"
#include "api/passwords.h"
#include "api/server.h"
#include "codec/http.h"

namespace tandem::api {

class FakePasswords final : public Passwords {
 public:
  void hash(std::string password, std::function<void(Result<std::string>)> done) override {
    done("hash of " + password);
  }
  void verify(std::string encoded, std::string password, std::function<void(Result<bool>)> done) override {
    done(encoded == "hash of " + password);
  }
};

class FakeHost final : public Host {
 public:
  FakeHost();
  ~FakeHost() override;

  void command(Command command, std::function<void(Result<Answer>)> done) override;
  void query(std::function<void(const World&, const Local&)> ask, std::function<void()> done) override;
  std::uint64_t session_opened(ContactId contact, SessionSink sink) override;
  void session_closed(std::uint64_t session) override;
  void pass_on(ContactId contact, contact::Item item) override;
  std::uint64_t desktop_listen(AgentId agent, DesktopSink sink) override;
  void desktop_leave(std::uint64_t listener) override;
  std::pair<KeyId, cluster::KeyRow> make_key() override;
  [[nodiscard]] Text seal(KeyId key, std::string_view plain) override;
  [[nodiscard]] Uuid pseudonym(std::string_view words) override;
  [[nodiscard]] Result<std::string> open(const Text& text) override;
  [[nodiscard]] std::string sign_token(std::string_view purpose, std::string_view payload,
                                       std::chrono::seconds lifetime) override;
  [[nodiscard]] Result<std::string> verify_token(std::string_view purpose, std::string_view token) override;
  [[nodiscard]] Result<std::string> secret(const std::string& reference) override;
  [[nodiscard]] std::optional<std::string> place_of(const std::string& address) override;
  [[nodiscard]] Uuid mint() override;
  [[nodiscard]] std::uint64_t utc_ms() override;
  void log(std::string_view level, std::string message) override;
  [[nodiscard]] Identity identity() const override { return identity_; }

  void run(std::chrono::milliseconds time);
  std::map<std::string, std::string> places;  // of addresses
  [[nodiscard]] const World& world() const { return node_->world(); }
  [[nodiscard]] std::size_t open_sessions() const { return sessions_.size(); }
  // Errors that the API logged, which no test expects.
  std::vector<std::string> errors;
  // Every order is refused with this while it is set.
  std::optional<Error> refuse_orders;

 private:
  void take(Outputs outputs);
  void pump();

  Identity identity_;
  std::unique_ptr<Node> node_;
  std::deque<Input> inputs_;
  std::map<Uuid, std::vector<std::function<void(Result<Answer>)>>> waiting_;
  std::map<std::uint64_t, SessionSink> sessions_;
  std::map<std::uint64_t, std::pair<AgentId, DesktopSink>> desktops_;
  std::set<Uuid> keys_;
  std::uint64_t numbers_ = 0;
  Now now_{Mono{std::chrono::hours(1)}, Hlc::at(1'790'000'000'000)};
  Rng rng_{11};
};

// One WebSocket of a client.
class FakeSocket final : public http::Socket {
 public:
  bool send(std::string text) override;
  void close(std::uint16_t code, std::string reason) override;
  // Frames received since the last call, parsed.
  [[nodiscard]] std::vector<boost::json::object> take();
  std::optional<std::uint16_t> closed;
  std::string reason;

 private:
  std::vector<std::string> frames_;
};
struct Opened {
  std::shared_ptr<FakeSocket> socket;
  http::SocketHandler handler;
  std::optional<http::Response> refused;
};

// A region with a sample centre in it, and its clients.
class Region {
 public:
  Region();
  // What each call below is sent as. Runs the host until the answer is there.
  http::Response send(http::Request request);
  // A Connect request signed with the sample's access key.
  http::Response connect(std::string method, std::string target, const boost::json::object& body = {});
  // The same, and its body; expects success.
  boost::json::object expect(std::string method, std::string target, const boost::json::object& body = {});
  http::Response participant(std::string path, const std::string& bearer, const boost::json::object& body = {});
  http::Response agent(std::string method, std::string path, const std::string& token = {},
                       const boost::json::object& body = {});
  Opened open(std::string target);
  // The sample's agent signs in and is available.
  void available_agent();
  // Contacts that her desktop shows, ringing or accepted.
  [[nodiscard]] std::vector<ContactId> shown() const;
  // A task in `flow`; its id.
  std::string start_task(const char* name);

  // Documents of the sample, made through the API.
  std::string hours, queue, profile, flow, user;
  std::string available, break_;  // agent statuses
  std::string instance;

  FakeHost host;
  FakePasswords passwords;
  Api api{host, passwords};
};

// Of a Connect or participant error: "ResourceNotFoundException", or empty.
[[nodiscard]] std::string error_of(const http::Response& response);
[[nodiscard]] boost::json::object body_of(const http::Response& response);
[[nodiscard]] std::string text_of(const boost::json::object& object, std::string_view member);

inline constexpr char kAccessKey[] = "AKIDSAMPLE";
inline constexpr char kSecret[] = "sample-secret";
// Greets, asks once, and queues.
extern const char kSampleFlow[];

}  // namespace tandem::api
