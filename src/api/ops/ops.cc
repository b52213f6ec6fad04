#include "api/ops/ops.h"

#include <boost/json/serialize.hpp>

#include "api/ops/views.h"
#include "codec/uri.h"

namespace tandem::api {

namespace ops {
namespace {

int status_of(Errc code) {
  switch (code) {
    case Errc::invalid:
      return 400;
    case Errc::unauthenticated:
      return 401;
    case Errc::denied:
      return 403;
    case Errc::not_found:
      return 404;
    case Errc::already_exists:
    case Errc::in_use:
    case Errc::refused:
    case Errc::move_in_flight:
      return 409;
    case Errc::limit_exceeded:
      return 429;
    case Errc::corrupt:
    case Errc::internal:
      return 500;
    case Errc::timed_out:
      return 504;
    default:
      return 503;
  }
}

struct Route {
  std::string_view method;
  std::string_view path;  // below /ops/v1; '*' stands for one segment
  void (*handler)(const CallPtr&);
};
constexpr Route kRoutes[] = {
    {"GET", "status", show_status},
    {"GET", "contacts", list_contacts},
    {"GET", "contacts/*", show_contact},
    {"GET", "agents", list_agents},
    {"PUT", "agents/*", move_agent},
    {"GET", "queues", list_queues},
    {"GET", "explain/*", explain},
    {"GET", "access-keys", list_keys},
    {"PUT", "access-keys/*", put_key},
    {"GET", "documents/*/*", show_document},
    {"PUT", "documents/*/*", put_document},
    {"GET", "customers/*", show_customer},
    {"PUT", "customers/*", put_customer},
    {"POST", "customers/search", search_customers},
    {"GET", "distribution", list_groups},
    {"GET", "distribution/*", list_groups},
    {"PUT", "distribution/*", put_group},
    {"GET", "regions", list_regions},
    {"PUT", "regions/*", order_place},
    {"GET", "evacuations", list_evacuations},
    {"GET", "evacuations/*", explain_evacuation},
    {"GET", "ready", show_ready},
    {"GET", "members", list_members},
    {"PUT", "members/*", put_member},
    {"DELETE", "members/*", remove_member},
    {"GET", "distribution-history", list_distribution_history},
    {"PUT", "faults", order_faults},
};

bool matches(std::string_view pattern, const std::vector<std::string>& segments) {
  std::size_t n = 2;  // after "ops" and "v1"
  for (;;) {
    const auto slash = pattern.find('/');
    const std::string_view part = pattern.substr(0, slash);
    if (n == segments.size() || (part != "*" && part != segments[n])) return false;
    ++n;
    if (slash == std::string_view::npos) return n == segments.size();
    pattern.remove_prefix(slash + 1);
  }
}

}  // namespace

void answer(const Call& call, const json::object& body) { call.respond(json_response(200, body)); }

void refuse(const Call& call, const Error& error) {
  call.respond(json_response(status_of(error.code), {{"error", errc_name(error.code)}, {"detail", error.detail}}));
}

}  // namespace ops

struct Ops::Impl {
  Host& host;
  OpsSources sources;
};

Ops::Ops(Host& host, OpsSources sources) : impl_(std::make_shared<Impl>(Impl{host, std::move(sources)})) {}
Ops::~Ops() = default;

void Ops::problems(std::function<void(std::vector<std::string>, bool leads)> done) const {
  ops::problems(impl_->host, impl_->sources, std::move(done));
}

void Ops::handle(http::Request request, http::Respond respond) const {
  // The sources live as long as the last call that may ask them.
  const std::shared_ptr<const OpsSources> sources(impl_, &impl_->sources);
  auto call = std::make_shared<ops::Call>(ops::Call{.host = impl_->host,
                                                    .sources = *sources,
                                                    .request = std::move(request),
                                                    .query = {},
                                                    .id = {},
                                                    .kind = {},
                                                    .operator_name = {},
                                                    .respond = {}});
  call->respond = [sources, respond = std::move(respond)](http::Response response) { respond(std::move(response)); };
  const auto segments = uri::path_segments(call->request.path());
  const auto pairs = uri::parse_query(call->request.query());
  if (!segments || !pairs) return ops::refuse(*call, {Errc::invalid, "the target is not well encoded"});
  const std::string* header = call->request.header("authorization");
  constexpr std::string_view kBearer = "Bearer ";
  if (header == nullptr || !header->starts_with(kBearer)) {
    return ops::refuse(*call,
                       {Errc::unauthenticated, "a bearer token is needed; `tandem` makes one from the centre key"});
  }
  auto name = call->host.verify_token(kOpsToken, std::string_view(*header).substr(kBearer.size()));
  if (!name) return ops::refuse(*call, {Errc::unauthenticated, "the token is refused: " + name.error().detail});
  call->operator_name = std::move(*name);
  for (const auto& [key, value] : *pairs) call->query[key] = value;
  if (segments->size() > 2) call->id = segments->back();
  if (segments->size() > 3) call->kind = (*segments)[segments->size() - 2];

  bool path_known = false;
  for (const ops::Route& route : ops::kRoutes) {
    if (segments->size() < 3 || (*segments)[1] != "v1" || !ops::matches(route.path, *segments)) continue;
    path_known = true;
    if (route.method == call->request.method) return route.handler(call);
  }
  if (!path_known) return ops::refuse(*call, {Errc::not_found, "nothing is served at " + call->request.target});
  call->respond(json_response(405, {{"error", "invalid"}, {"detail", call->request.method + " is not served here"}}));
}

}  // namespace tandem::api
