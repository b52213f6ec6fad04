// A synthetic customer of `tandem drive`: starts a chat, answers the flow's question, talks to the agent, and checks
// the transcript in the end. It speaks to a gateway only, and tries again what was not answered, under the same token.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "app/client/desk.h"
#include "app/client/signed_request.h"
#include "app/client/web_socket.h"
#include "base/rng.h"
#include "base/uuid.h"
#include "codec/sigv4.h"
#include "drill/ledger.h"
#include "io/http_client/client.h"
#include "io/net/loop.h"

namespace tandem::cli {

using drill::Ledger;

// What all people of a run share. Everything of it is used on the loop's thread only.
struct Stage {
  net::Loop& loop;
  http::Client& http;
  Ledger& ledger;
  net::Clock::time_point begun;
  std::vector<Place> gateways;  // http://host:port; who gets no answer from one tries the next
  sigv4::Credentials credentials;
  std::string instance;
  std::string flow;
  std::uint32_t messages = 2;
  std::chrono::milliseconds think{};  // of an agent, before each word
  Rng rng;

  [[nodiscard]] Ledger::Ms now() const;
  [[nodiscard]] std::string token();  // a fresh UUID
};

// A signed request of the Connect API, as the stage's caller.
[[nodiscard]] http::Fetch signed_request(const Stage& stage, const Place& gateway, const std::string& method,
                                         const std::string& target, const std::string& body);

class Customer : public std::enable_shared_from_this<Customer> {
 public:
  Customer(Stage& stage, std::uint64_t number);
  void start();
  // Leaves, if the chat is still going on.
  void leave();
  [[nodiscard]] bool done() const { return phase_ == Phase::done; }

 private:
  enum class Phase : std::uint8_t { asking, chatting, leaving, checking, done };
  struct Saying {
    std::string text;
    std::string token;
    std::function<void()> acknowledged;
  };

  void ask();
  void connect();
  void read_transcript(const std::string& next, std::vector<std::string> texts, bool final);
  void frame(const std::string& text, std::uint64_t socket);
  void item(const std::string& id, const std::string& role, const std::string& type, const std::string& content);
  void say(std::string text, std::function<void()> acknowledged);
  void try_say(std::shared_ptr<Saying> saying);
  void try_leave();
  void over();
  void check();
  void ask_region();
  [[nodiscard]] const Place& gateway() const { return stage_.gateways[gateway_ % stage_.gateways.size()]; }
  // Whoever is not answered goes to the next gateway, as a client does that knows several addresses.
  void heard(const Result<http::Response>& response);
  void again(std::chrono::milliseconds pause, void (Customer::*what)());
  void post(const std::string& path, const std::string& bearer, std::string body,
            std::function<void(Result<http::Response>)> done);

  Stage& stage_;
  std::uint64_t number_;
  std::size_t gateway_;
  Phase phase_ = Phase::asking;
  std::string client_token_;
  std::string contact_;
  std::string participant_token_;
  std::string connection_token_;
  std::shared_ptr<WebSocket> socket_;
  std::uint64_t sockets_ = 0;
  bool connecting_ = false;
  std::set<std::string> known_;
  bool greeted_ = false;
  bool answered_ = false;
  std::uint32_t replies_ = 0;
  net::Clock::time_point first_try_;
  std::uint32_t checks_ = 0;
  std::uint32_t region_tries_ = 0;
};

}  // namespace tandem::cli
