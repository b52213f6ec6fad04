// AWS Signature Version 4 in the Authorization header, both ways: verifying what clients sign and signing what Tandem
// sends to AWS. Agrees byte for byte with botocore, also where a path holds percent-encoded ARNs.
// Sources: IAM User Guide, "AWS Signature Version 4 for API requests" and its page on troubleshooting.
#pragma once

#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/now.h"
#include "codec/http.h"

namespace tandem::sigv4 {

// Who signed, and for where.
struct Caller {
  std::string access_key;
  std::string region;
  std::string service;
};

// One entry per exception name of the services.
enum class Refused : std::uint8_t {
  missing,     // no signature at all
  incomplete,  // a signature that does not follow the rules
  unknown,     // nobody has this access key, or the session token is not ours
  invalid,     // wrong, expired, not yet current, or scoped elsewhere
};

struct Refusal {
  Refused kind = Refused::invalid;
  std::string message;  // in the services' words, fit for the client
  // "MissingAuthenticationTokenException" and so on; each goes with status 403.
  [[nodiscard]] std::string_view exception() const;
};

struct Rules {
  // The secret of an access key, or nothing when the key is unknown.
  std::function<std::optional<std::string>(std::string_view access_key)> secret;
  std::vector<std::string> regions;   // accepted in the scope; empty: any
  std::vector<std::string> services;  // likewise
};

// A signature more than five minutes off `now` is refused, as the services do.
inline constexpr std::chrono::minutes kSkewMax{5};

// Judges the signature of a request as received. The body's digest is always computed, never taken from a header.
[[nodiscard]] std::expected<Caller, Refusal> verify(const http::Request& request, const Rules& rules, Hlc now);

struct Credentials {
  std::string access_key;
  std::string secret;
  std::string session_token;  // of temporary credentials, else empty
};

// Adds x-amz-date, x-amz-security-token if there is one, and authorization, over every header present; `host` must be
// among them. Headers a proxy may change should be added afterwards.
void sign(http::Request& request, const Credentials& credentials, std::string_view region, std::string_view service,
          Hlc now);

// The parts, for tests and for telling a client what was compared.
// `signed_headers`: lower-case and sorted. Path segments are encoded once more than they were sent, dot segments and
// empty ones removed (every service but S3); the query is decoded, encoded strictly and sorted.
[[nodiscard]] std::string canonical_request(const http::Request& request,
                                            const std::vector<std::string>& signed_headers);
// `timestamp`: 20150830T123600Z; `scope`: 20150830/us-east-1/service/aws4_request.
[[nodiscard]] std::string string_to_sign(std::string_view timestamp, std::string_view scope,
                                         std::string_view canonical);
// 64 hexadecimal digits.
[[nodiscard]] std::string signature(std::string_view secret, std::string_view scope, std::string_view to_sign);
// 20150830T123600Z.
[[nodiscard]] std::string timestamp(Hlc at);

}  // namespace tandem::sigv4
