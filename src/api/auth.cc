#include "api/auth.h"

#include <memory>
#include <utility>

#include "codec/sigv4.h"

namespace tandem::api {
namespace {

// A new, changed or disabled key takes effect within this time.
constexpr std::uint64_t kKnownMs = 5'000;
constexpr std::uint64_t kUnknownMs = 1'000;
constexpr std::size_t kKeptMax = 10'000;
constexpr std::size_t kAccessKeyBytesMax = 128;

// The access key an authorization header names; empty when it names none.
std::string access_key_of(const http::Request& request) {
  const std::string* header = request.header("authorization");
  if (header == nullptr) return {};
  constexpr std::string_view name = "Credential=";
  const auto at = header->find(name);
  if (at == std::string::npos) return {};
  const auto from = at + name.size();
  const auto end = header->find('/', from);
  if (end == std::string::npos || end - from > kAccessKeyBytesMax) return {};
  return header->substr(from, end - from);
}

}  // namespace

std::optional<Signatures::Known> Signatures::cached(const std::string& access_key) {
  const std::lock_guard lock(mutex_);
  const auto at = known_.find(access_key);
  if (at == known_.end() || at->second.until_ms <= host_.utc_ms()) return std::nullopt;
  return at->second;
}

void Signatures::keep(const std::string& access_key, Known known) {
  const std::lock_guard lock(mutex_);
  // Strangers may name any number of keys; forgetting them all costs one look-up per live key.
  if (known_.size() >= kKeptMax) known_.clear();
  known_[access_key] = std::move(known);
}

std::expected<std::string, model::ServiceError> Signatures::judge(const http::Request& request,
                                                                  const std::optional<Known>& known) const {
  const Host::Identity& identity = host_.identity();
  sigv4::Rules rules;
  rules.secret = [&](std::string_view) { return known ? known->secret : std::nullopt; };
  rules.regions = identity.gateway_only ? identity.regions : std::vector<std::string>{identity.region};
  rules.services = {"connect"};
  const auto caller = sigv4::verify(request, rules, Hlc::at(host_.utc_ms()));
  if (caller) return known->principal;
  const sigv4::Refusal& refusal = caller.error();
  return std::unexpected(model::ServiceError{.type = std::string(refusal.exception()),
                                             .status = refusal.kind == sigv4::Refused::incomplete ? 400 : 403,
                                             .message = refusal.message,
                                             .members = {}});
}

void Signatures::verify(http::Request request,
                        std::function<void(http::Request, std::expected<std::string, model::ServiceError>)> done) {
  const std::string access_key = access_key_of(request);
  if (access_key.empty()) {
    auto judged = judge(request, std::nullopt);
    return done(std::move(request), std::move(judged));
  }
  if (auto known = cached(access_key)) {
    auto judged = judge(request, known);
    return done(std::move(request), std::move(judged));
  }
  struct Pending {
    http::Request request;
    std::optional<access::KeyPut> key;
  };
  auto pending = std::make_shared<Pending>(Pending{std::move(request), std::nullopt});
  host_.query(
      [pending, access_key](const World& world, const Local&) {
        if (const access::KeyPut* key = world.access().find(access_key)) pending->key = *key;
      },
      [this, pending, access_key, done = std::move(done)] {
        Known known;
        if (pending->key) {
          known.principal = pending->key->principal;
          if (auto secret = host_.secret(pending->key->secret)) {
            known.secret = std::move(*secret);
          } else {
            host_.log("error", "access key " + access_key + ": " + secret.error().detail);
          }
        }
        known.until_ms = host_.utc_ms() + (known.secret ? kKnownMs : kUnknownMs);
        keep(access_key, known);
        auto judged = judge(pending->request, known);
        done(std::move(pending->request), std::move(judged));
      });
}

}  // namespace tandem::api
