// One described service: takes a request, finds and checks what it asks, lets the handler of that operation answer, and
// shapes the answer. Knows no socket, no node and no clock.
#pragma once

#include <boost/json/object.hpp>
#include <expected>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "api/model/description.h"
#include "api/model/router.h"
#include "api/model/service_error.h"
#include "codec/http.h"

namespace tandem::model {

// Who asks, as whoever accepted the request knows it.
struct Caller {
  std::string request_id;  // answered as x-amzn-requestid
  std::string region;      // of the endpoint that answers: ARNs in the answer name it
  std::string principal;   // whom the signature proved; empty where none is asked for
  std::string address;     // of the client, or of a proxy before it
};

struct Call {
  const Operation* operation = nullptr;
  boost::json::object input;  // valid, by member name
  Caller caller;
};

using Answer = std::expected<boost::json::object, ServiceError>;
// Called once, from any thread. Dropped uncalled, the server's own answer stands in.
using Reply = std::function<void(Answer)>;
using Handler = std::function<void(Call, Reply)>;

class Service {
 public:
  // Told about an answer that is not as described, for the log; the caller got a 500.
  using OnMistake = std::function<void(const std::string& request_id, const Error& mistake)>;

  // `description` must outlive the service and every reply.
  explicit Service(const Description& description, OnMistake on_mistake = {});

  // Registers the one handler of an operation, which must be described. All are registered before the first request.
  void on(std::string_view operation, Handler handler);
  // The same for a handler that has its answer at hand.
  void answer(std::string_view operation, std::function<Answer(const Call&)> handler);

  // Safe from several threads at once if the handlers are.
  void handle(const http::Request& request, Caller caller, http::Respond respond) const;

  // Whether `method` and `target` name an operation described here: for a listener that serves several services.
  [[nodiscard]] bool knows(std::string_view method, std::string_view target) const;
  // Described operations without a handler, answered with 501.
  [[nodiscard]] std::vector<std::string> unserved() const;

 private:
  const Description& description_;
  Router router_;
  OnMistake on_mistake_;
  std::map<const Operation*, Handler> handlers_;
};

// The response for an answer, also for those who do not go through `Service`.
[[nodiscard]] http::Response response(const Operation& operation, const Answer& answer, std::string_view request_id,
                                      const Service::OnMistake& on_mistake = {});

}  // namespace tandem::model
