// One running node: the loop on its thread, and everything that gives it inputs and takes its outputs: the log, the
// links to peers, the HTTP listeners, functions and keys.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "api/host.h"
#include "api/ops/ops.h"
#include "app/tandemd/faults.h"
#include "app/tandemd/pager.h"
#include "app/tandemd/settings.h"
#include "io/aside/aside.h"
#include "io/clock/clock.h"
#include "io/geo_ip/geo_ip.h"
#include "io/http_client/client.h"
#include "io/http_server/server.h"
#include "io/key_store/key_store.h"
#include "io/log_sqlite/log.h"
#include "io/peer_tls/peers.h"

namespace tandem::app {

using LogLine = std::function<void(std::string_view level, std::string text)>;

class Functions;
class Synthetic;

class Runtime final : public api::Host {
 public:
  // Opens the log, rebuilds the world and starts everything. Errors: what the log, the key and the listeners say.
  [[nodiscard]] static Result<std::unique_ptr<Runtime>> start(Settings settings, LogLine log);
  ~Runtime() override;

  // Ends in order: no new requests, the loop, links, log. Called once, from the main thread.
  void stop();
  // The process must end: the disk failed, or the log forked. Set once, with the reason.
  [[nodiscard]] std::optional<std::string> fatal() const;
  [[nodiscard]] std::uint16_t public_port() const;
  // Readings for status and /metrics, taken on the loop.
  void facts(std::function<void(api::OpsFacts)> done);
  // Errors: refused, the settings do not allow it.
  Result<void> order_faults(const api::FaultOrder& order);
  // The world as it was at `to`, from the log, on a thread of its own.
  void replay(Vector to, std::function<void(Result<std::shared_ptr<const World>>)> done);
  [[nodiscard]] const Settings& settings() const { return settings_; }
  [[nodiscard]] log_sqlite::Stats log_stats() const { return log_->stats(); }
  [[nodiscard]] http::ServerCounters http_counters() const;

  // -- api::Host
  void command(Command command, std::function<void(Result<Answer>)> done) override;
  void query(std::function<void(const World&, const Local&)> ask, std::function<void()> done) override;
  std::uint64_t session_opened(ContactId contact, api::SessionSink sink) override;
  void session_closed(std::uint64_t session) override;
  void pass_on(ContactId contact, contact::Item item) override;
  std::uint64_t desktop_listen(AgentId agent, api::DesktopSink sink) override;
  void desktop_leave(std::uint64_t listener) override;
  std::pair<KeyId, cluster::KeyRow> make_key() override;
  Text seal(KeyId key, std::string_view plain) override;
  Uuid pseudonym(std::string_view words) override;
  Result<std::string> open(const Text& text) override;
  std::string sign_token(std::string_view purpose, std::string_view payload, std::chrono::seconds lifetime) override;
  Result<std::string> verify_token(std::string_view purpose, std::string_view token) override;
  Result<std::string> secret(const std::string& reference) override;
  std::optional<std::string> place_of(const std::string& address) override;
  Uuid mint() override;
  std::uint64_t utc_ms() override;
  void log(std::string_view level, std::string message) override;
  Identity identity() const override;

  // Gives the loop an input; from any thread.
  void post(Input input);

 private:
  Runtime(Settings settings, LogLine log);
  Result<void> boot();
  void open_geo_ip();
  Result<void> listen();
  void run();
  void deliver(Outputs outputs);
  void deliver(Out& out);
  void post_durable(std::uint64_t ticket);
  void append(Append append);
  void erase(const std::set<KeyId>& keys);
  void flush();
  void probe_loop();
  void follow(const std::vector<membership::Member>& members);
  void fail_with(std::string reason);
  [[nodiscard]] Now read_clock();

  Settings settings_;
  std::shared_ptr<Faults> faults_;  // where the settings allow them
  LogLine log_line_;
  mutable std::mutex members_mutex_;  // guards the two below
  Identity identity_;
  std::vector<membership::Member> members_;  // who may connect, and is probed
  bool member_ = false;                      // of the loop
  std::string warned_;                       // about the members, as they were told last
  std::unique_ptr<KeyStore> keys_;
  std::unique_ptr<TokenSigner> tokens_;
  std::unique_ptr<log_sqlite::Log> log_;
  std::unique_ptr<aside::Aside> aside_ = std::make_unique<aside::Aside>();
  std::unique_ptr<Node> node_;
  log_sqlite::Batch pending_;  // of this turn of the loop, not handed to the log yet
  std::uint64_t pending_ticket_ = 0;
  std::unique_ptr<peer::Peers> peers_;
  std::unique_ptr<http::Client> client_;
  std::optional<geo_ip::Database> geo_ip_;
  std::unique_ptr<Functions> functions_;
  std::unique_ptr<Synthetic> synthetic_;  // null: none are started
  std::shared_ptr<Pager> pager_;          // none: nobody is told
  std::unique_ptr<http::Server> server_;
  std::shared_ptr<void> api_;  // what answers the requests
  Incarnation incarnation_;

  std::mutex clock_mutex_;
  Clock clock_;
  Rng mint_rng_;
  std::mutex mint_mutex_;

  std::thread loop_;
  std::thread probes_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Input> inputs_;
  bool stopping_ = false;
  std::mutex probe_mutex_;
  std::condition_variable probe_wake_;

  std::mutex waiting_mutex_;
  std::map<Uuid, std::vector<std::function<void(Result<Answer>)>>> waiting_;
  std::map<std::uint64_t, api::SessionSink> sessions_;
  std::map<std::uint64_t, std::pair<AgentId, api::DesktopSink>> desktops_;
  std::uint64_t numbers_ = 0;

  mutable std::mutex fatal_mutex_;
  std::optional<std::string> fatal_;
  std::atomic<std::uint64_t> step_ns_max_ = 0;
  Mono started_;
};

}  // namespace tandem::app
