#include "api/server.h"

#include <utility>

#include "api/agent/agent.h"
#include "api/agent/desktops.h"
#include "api/auth.h"
#include "api/common.h"
#include "api/connect/context.h"
#include "api/connect/operations/operations.h"
#include "api/participant/participant.h"
#include "api/participant/sessions.h"

namespace tandem::api {
namespace {

constexpr std::string_view kParticipantPrefix = "/participant/";

bool begins(std::string_view path, std::string_view prefix) { return path.substr(0, prefix.size()) == prefix; }

}  // namespace

struct Api::Impl : std::enable_shared_from_this<Impl> {
  Impl(Host& chosen_host, Passwords& passwords)
      : host(chosen_host),
        signatures(chosen_host),
        connect(operations::connect(),
                [this](const std::string& request_id, const Error& mistake) {
                  host.log("error", "answer of request " + request_id + ": " + mistake.detail);
                }),
        participant(chosen_host),
        agent(chosen_host, passwords),
        sessions(std::make_shared<participant::Sessions>(chosen_host)),
        desktops(std::make_shared<agent::Desktops>(chosen_host)) {
    const connect::Context context{chosen_host, passwords, connect};
    connect::add_instance_operations(context);
    connect::add_agent_status_operations(context);
    connect::add_user_operations(context);
    connect::add_queue_operations(context);
    connect::add_quick_connect_operations(context);
    connect::add_routing_profile_operations(context);
    connect::add_hours_operations(context);
    connect::add_hours_override_operations(context);
    connect::add_flow_operations(context);
    connect::add_distribution_operations(context);
    connect::add_start_operations(context);
    connect::add_contact_operations(context);
    connect::add_metric_operations(context);
    connect::add_user_data_operations(context);
    connect::add_proficiency_operations(context);
  }

  void handle(http::Request request, http::Respond plain) {
    // Whoever owes an answer keeps all of this alive.
    http::Respond respond = [self = shared_from_this(), plain = std::move(plain)](http::Response response) {
      allow_any_origin(response);
      plain(std::move(response));
    };
    const std::string_view path = request.path();
    if (path == "/healthz" || path == "/readyz") return health(path == "/readyz", std::move(respond));
    if (begins(path, agent::Agent::kPrefix)) return agent.handle(request, std::move(respond));
    if (begins(path, kParticipantPrefix)) {
      return participant.handle(request, host.mint().text(), std::move(respond));
    }
    serve_connect(std::move(request), std::move(respond));
  }

  void serve_connect(http::Request request, http::Respond respond) {
    std::string request_id = host.mint().text();
    if (!connect.knows(request.method, request.target)) {
      return respond(model::error_response(model::unknown_operation(), request_id));
    }
    signatures.verify(
        std::move(request),
        [self = shared_from_this(), request_id = std::move(request_id), respond = std::move(respond)](
            const http::Request& judged, const std::expected<std::string, model::ServiceError>& principal) {
          if (!principal) return respond(model::error_response(principal.error(), request_id));
          self->connect.handle(judged,
                               {.request_id = request_id,
                                .region = self->host.identity().region,
                                .principal = *principal,
                                .address = judged.remote},
                               respond);
        });
  }

  // Alive: this process answers. Ready: the loop answers too, and has heard of the others what there is to hear.
  void health(bool ready, http::Respond respond) {
    const Host::Identity& identity = host.identity();
    boost::json::object body{{"region", identity.region}, {"build", identity.build}};
    if (!ready) {
      body["alive"] = true;
      return respond(json_response(200, body));
    }
    ask(
        host, [](const World&, const Local& local) { return local.settled; },
        [body = std::move(body), respond = std::move(respond)](bool settled) mutable {
          body["ready"] = settled;
          http::Response out = json_response(settled ? 200 : 503, body);
          if (!settled) out.headers.emplace_back("retry-after", "1");
          respond(std::move(out));
        });
  }

  Host& host;
  Signatures signatures;
  model::Service connect;
  participant::Participant participant;
  agent::Agent agent;
  std::shared_ptr<participant::Sessions> sessions;
  std::shared_ptr<agent::Desktops> desktops;
};

Api::Api(Host& host, Passwords& passwords) : impl_(std::make_shared<Impl>(host, passwords)) {}
Api::~Api() = default;

http::Handler Api::handler() const {
  return [impl = impl_](http::Request request, http::Respond respond) {
    if (request.method == "OPTIONS") return respond(preflight(request));
    impl->handle(std::move(request), std::move(respond));
  };
}

http::Accept Api::accept() const {
  return [impl = impl_](const http::Request& request, std::shared_ptr<http::Socket> socket,
                        http::SocketHandler& out) -> std::optional<http::Response> {
    if (request.path() == participant::Sessions::kPath) {
      return impl->sessions->accept(request, std::move(socket), out);
    }
    if (request.path() == agent::Desktops::kPath) return impl->desktops->accept(request, std::move(socket), out);
    return json_response(404, {{"message", "No WebSocket is served here."}});
  };
}

Api::Counters Api::counters() const {
  return {.customer_sockets = impl_->sessions->sockets(),
          .customer_sessions = impl_->sessions->sessions(),
          .desktop_sockets = impl_->desktops->sockets()};
}

}  // namespace tandem::api
