// What the API handlers need of the process they run in. Handlers run on the HTTP server's threads and never wait: they
// give an order or a question and answer when the call comes back, on any thread.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "node/node.h"

namespace tandem::api {

// Events of one customer's session, for all its sockets.
struct SessionSink {
  std::function<void(const ShowSession&)> show;
};
// Events of one agent's desktop.
struct DesktopSink {
  std::function<void(const DesktopEvent&)> event;
};

class Host {
 public:
  virtual ~Host() = default;

  // The outcome is as durable as its records demand. `done` is called once.
  virtual void command(Command command, std::function<void(Result<Answer>)> done) = 0;
  // `ask` runs on the loop: read what is needed, copy it, return fast (100 us). `done` runs when all that was read is
  // durable.
  virtual void query(std::function<void(const World&, const Local&)> ask, std::function<void()> done) = 0;

  // A customer's participant has its first socket here; the answer names the session until `session_closed`.
  virtual std::uint64_t session_opened(ContactId contact, SessionSink sink) = 0;
  virtual void session_closed(std::uint64_t session) = 0;
  // Typing and receipts: shown to the other side, kept by no transcript.
  virtual void pass_on(ContactId contact, contact::Item item) = 0;
  // Desktop clients here; several may listen for one agent.
  virtual std::uint64_t desktop_listen(AgentId agent, DesktopSink sink) = 0;
  virtual void desktop_leave(std::uint64_t listener) = 0;

  // Sealing. A key is made for a customer (or first contact) and rides in `Command::keys` of the order that needs it.
  virtual std::pair<KeyId, cluster::KeyRow> make_key() = 0;
  [[nodiscard]] virtual Text seal(KeyId key, std::string_view plain) = 0;
  // Always the same for these words in this centre, and nobody who has not the centre key can tell what they were.
  [[nodiscard]] virtual Uuid pseudonym(std::string_view words) = 0;
  // Errors: not_found (the key is erased or not here yet), corrupt.
  [[nodiscard]] virtual Result<std::string> open(const Text& text) = 0;

  // Signed by the rotating centre key that every node holds: base64url of payload and signature. `purpose` keeps kinds
  // of token apart ("participant", "connection", "agent").
  [[nodiscard]] virtual std::string sign_token(std::string_view purpose, std::string_view payload,
                                               std::chrono::seconds lifetime) = 0;
  // Errors: unauthenticated ("expired", "not signed here").
  [[nodiscard]] virtual Result<std::string> verify_token(std::string_view purpose, std::string_view token) = 0;
  // A secret by reference: "file:PATH" or "env:NAME". Errors: not_found.
  [[nodiscard]] virtual Result<std::string> secret(const std::string& reference) = 0;

  // Where an address of the Internet is: "latitude,longitude". Nothing: no address, or not known.
  [[nodiscard]] virtual std::optional<std::string> place_of(const std::string& address) = 0;

  [[nodiscard]] virtual Uuid mint() = 0;                              // a new id, version 7
  [[nodiscard]] virtual std::uint64_t utc_ms() = 0;                   // wall clock
  virtual void log(std::string_view level, std::string message) = 0;  // "info", "warning", "error"

  struct Identity {
    std::string account;  // 12 digits
    Uuid instance;
    std::string instance_alias;
    std::string region;                // of this node; of a hub's gateway the region it signs ARNs with
    std::vector<std::string> regions;  // of the centre; a gateway accepts a signature for any of them
    bool gateway_only = false;         // hub: its own region serves nobody
    std::string public_host;           // host:port that clients reach this listener at, e.g. 127.0.0.1:8443
    bool tls = false;
    std::string build;
  };
  [[nodiscard]] virtual Identity identity() const = 0;
};

}  // namespace tandem::api
