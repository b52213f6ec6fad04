#include "app/tandemd/endpoints.h"

#include "api/ops/ops.h"
#include "api/server.h"
#include "app/tandemd/metrics.h"
#include "app/tandemd/runtime.h"
#include "io/password/password.h"

namespace tandem::app {
namespace {

struct Served {
  explicit Served(Runtime& runtime)
      : api(runtime, passwords),
        ops(runtime, {[&runtime](auto done) { runtime.facts(std::move(done)); },
                      [&runtime](Vector to, auto done) { runtime.replay(std::move(to), std::move(done)); },
                      [&runtime](const api::FaultOrder& order) { return runtime.order_faults(order); }}) {}
  password::Hasher passwords;
  api::Api api;
  api::Ops ops;
};

}  // namespace

Endpoints make_endpoints(Runtime& runtime) {
  auto served = std::make_shared<Served>(runtime);
  Endpoints out;
  out.keep = served;
  out.handler = [served = served.get(), &runtime, api = served->api.handler()](http::Request request,
                                                                               http::Respond respond) {
    const std::string_view path = request.path();
    if (api::Ops::handles(path)) {
      served->ops.handle(std::move(request), std::move(respond));
    } else if (path == "/metrics") {
      runtime.facts([&runtime, respond = std::move(respond)](const api::OpsFacts& facts) {
        respond({200, {{"content-type", "text/plain; version=0.0.4"}}, metrics_text(facts, runtime)});
      });
    } else {
      api(std::move(request), std::move(respond));
    }
  };
  out.accept = served->api.accept();
  out.problems = [served = served.get()](auto done) { served->ops.problems(std::move(done)); };
  return out;
}

}  // namespace tandem::app
