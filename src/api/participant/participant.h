// The HTTP operations of the Participant API.
#pragma once

#include "api/common.h"
#include "api/host.h"
#include "api/model/service.h"
#include "codec/http.h"

namespace tandem::api::participant {

class Participant {
 public:
  explicit Participant(Host& host);

  [[nodiscard]] bool knows(const http::Request& request) const {
    return service_.knows(request.method, request.target);
  }
  void handle(const http::Request& request, std::string request_id, http::Respond respond) const;

 private:
  Host& host_;
  model::Service service_;
};

}  // namespace tandem::api::participant
