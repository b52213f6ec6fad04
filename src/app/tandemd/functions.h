// Effects of flows, outside the loop: functions called over HTTP, and sealed values opened. What comes back is an order
// to the contact's owner. Every effect is checked against its fence just before it acts.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "api/host.h"
#include "app/tandemd/settings.h"
#include "io/http_client/client.h"
#include "io/key_store/key_store.h"

namespace tandem::app {

class Functions {
 public:
  using Give = std::function<void(Command)>;
  Functions(const Settings& settings, http::Client& client, KeyStore& keys, std::function<Mono()> mono,
            std::function<Uuid()> mint, Give give, std::function<void(std::string_view, std::string)> log);
  // From the loop; neither waits.
  void invoke(InvokeFunction effect);
  void resolve(Resolve effect);

 private:
  [[nodiscard]] std::string address_of(const std::string& function) const;
  [[nodiscard]] std::string event_of(const InvokeFunction& effect) const;
  void attempt(InvokeFunction effect, int tries_left);
  void give_back(const InvokeFunction& effect, KeyId key, Result<http::Response> response);

  const Settings& settings_;
  http::Client& client_;
  KeyStore& keys_;
  std::function<Mono()> mono_;
  std::function<Uuid()> mint_;
  Give give_;
  std::function<void(std::string_view, std::string)> log_;
};

}  // namespace tandem::app
