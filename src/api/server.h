// Everything a public listener serves, behind one handler for requests and one for WebSocket upgrades:
//
//   /participant/...            the Participant API of chat customers, and their WebSocket /participant/ws
//   /agent/v1/...               the agent desktop's API, and its WebSocket /agent/v1/events
//   /healthz /readyz            for whoever runs the process
//   any other path              the Amazon Connect API, signed with Signature Version 4
//
// It knows no socket: `src/io/http_server` calls it, and so do its tests.
#pragma once

#include <memory>

#include "api/host.h"
#include "api/passwords.h"
#include "codec/http.h"

namespace tandem::api {

class Api {
 public:
  // Both must outlive the server that calls the handlers, and every call back that they still owe.
  Api(Host& host, Passwords& passwords);
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;
  ~Api();

  // Both may be called from several threads at once, and outlive this object.
  [[nodiscard]] http::Handler handler() const;
  [[nodiscard]] http::Accept accept() const;

  // Open WebSockets, for metrics.
  struct Counters {
    std::size_t customer_sockets = 0;
    std::size_t customer_sessions = 0;
    std::size_t desktop_sockets = 0;
  };
  [[nodiscard]] Counters counters() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tandem::api
