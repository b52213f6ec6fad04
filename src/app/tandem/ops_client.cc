#include "app/tandem/ops_client.h"

#include <unistd.h>

#include <boost/json.hpp>
#include <chrono>

#include "api/ops/ops.h"
#include "app/client/answers.h"
#include "io/key_store/key_store.h"

namespace tandem::cli {
namespace {

constexpr std::chrono::seconds kWriteMax{10};

std::uint64_t utc_ms() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(since).count());
}

Errc code_of(int status) {
  switch (status) {
    case 400:
      return Errc::invalid;
    case 401:
      return Errc::unauthenticated;
    case 403:
      return Errc::denied;
    case 404:
      return Errc::not_found;
    case 409:
      return Errc::refused;
    default:
      return Errc::internal;
  }
}

}  // namespace

OpsClient::OpsClient(const Centre& centre, std::string token)
    : centre_(centre), token_(std::move(token)), client_(std::make_shared<http::Client>()) {}

Result<OpsClient> OpsClient::open(const Centre& centre) {
  const auto key = centre_key(centre);
  if (!key) return std::unexpected(key.error());
  const std::string who = "uid " + std::to_string(::getuid()) + " at the command line";
  return OpsClient(centre, TokenSigner(*key).sign(api::kOpsToken, who, utc_ms() + 3'600'000));
}

Result<json::object> OpsClient::ask(const CentreNode& node, http::Fetch fetch) const {
  fetch.headers.emplace_back("authorization", "Bearer " + token_);
  const auto response = fetch_now(*client_, std::move(fetch));
  if (!response) return fail(Errc::unreachable, node.name() + " does not answer at " + node.url());
  boost::system::error_code bad;
  const json::value value = json::parse(response->body, bad);
  if (bad || !value.is_object()) {
    return fail(Errc::internal, node.name() + " answered " + std::to_string(response->status) + " without JSON");
  }
  if (response->status == 200) return value.get_object();
  return fail(code_of(response->status), text(value.get_object(), "detail"));
}

Result<json::object> OpsClient::get(const CentreNode& node, const std::string& path,
                                    std::chrono::seconds longest) const {
  http::Fetch fetch;
  fetch.timeout = longest;
  fetch.url = node.url() + "/ops/v1/" + path;
  return ask(node, std::move(fetch));
}

void put_said(json::object& body, const std::string& why, const std::vector<std::string>& over) {
  if (!why.empty()) body["why"] = why;
  if (over.empty()) return;
  json::array& rules = body["override"].emplace_array();
  for (const std::string& rule : over) rules.emplace_back(rule);
}

Result<json::object> OpsClient::put(const CentreNode& node, const std::string& path, const json::object& body) const {
  return write("PUT", node, path, body);
}

Result<json::object> OpsClient::remove(const CentreNode& node, const std::string& path,
                                       const json::object& body) const {
  return write("DELETE", node, path, body);
}

Result<json::object> OpsClient::write(const char* method, const CentreNode& node, const std::string& path,
                                      const json::object& body) const {
  http::Fetch fetch;
  fetch.url = node.url() + "/ops/v1/" + path;
  fetch.method = method;
  fetch.timeout = kWriteMax;
  fetch.headers = {{"content-type", "application/json"}};
  fetch.body = json::serialize(body);
  return ask(node, std::move(fetch));
}

Result<json::object> OpsClient::put_to_any(const std::string& path, const json::object& body,
                                           const std::string& method) const {
  Error last{Errc::unreachable, "no region answers; `tandem up` starts them"};
  for (const CentreNode& node : centre_.nodes) {
    if (node.hub) continue;
    auto done = write(method.c_str(), node, path, body);
    if (done || done.error().code != Errc::unreachable) return done;
    last = done.error();
  }
  return std::unexpected(last);
}

Result<json::object> OpsClient::get_from_any(const std::string& path) const {
  Error last{Errc::unreachable,
             "no node of the centre in " + centre_.dir.string() + " answers; `tandem up` starts them"};
  bool answered = false;
  for (const bool hub : {false, true}) {
    for (const CentreNode& node : centre_.nodes) {
      if (node.hub != hub) continue;
      auto got = get(node, path);
      if (got) return got;
      if (got.error().code == Errc::unreachable && answered) continue;
      if (got.error().code != Errc::unreachable) {
        last = got.error();
        answered = true;
        if (last.code != Errc::not_found) return std::unexpected(last);
      }
    }
  }
  return std::unexpected(last);
}

bool OpsClient::ready(const CentreNode& node) const {
  http::Fetch fetch;
  fetch.url = node.url() + "/readyz";
  fetch.timeout = std::chrono::seconds(1);
  const auto response = fetch_now(*client_, std::move(fetch));
  return response && response->status == 200;
}

}  // namespace tandem::cli
