// Who signed a request to the Connect API: Signature Version 4 against the access keys of the world.
#pragma once

#include <expected>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "api/host.h"
#include "api/model/service_error.h"
#include "codec/http.h"

namespace tandem::api {

class Signatures {
 public:
  explicit Signatures(Host& host) : host_(host) {}

  // Answers with the principal of the key, or with what the client is told: MissingAuthenticationTokenException,
  // UnrecognizedClientException, InvalidSignatureException or IncompleteSignatureException. A region's endpoint takes
  // its own region in the scope, a gateway any of the centre.
  // `done` may run before this returns, or later on another thread.
  void verify(http::Request request,
              std::function<void(http::Request, std::expected<std::string, model::ServiceError>)> done);

 private:
  // What is known of an access key for a short while; no secret: the key is unknown, or its secret cannot be read.
  struct Known {
    std::optional<std::string> secret;
    std::string principal;
    std::uint64_t until_ms = 0;
  };
  [[nodiscard]] std::optional<Known> cached(const std::string& access_key);
  void keep(const std::string& access_key, Known known);
  [[nodiscard]] std::expected<std::string, model::ServiceError> judge(const http::Request& request,
                                                                      const std::optional<Known>& known) const;

  Host& host_;
  std::mutex mutex_;
  std::map<std::string, Known> known_;
};

}  // namespace tandem::api
