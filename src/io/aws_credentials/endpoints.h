// Addresses of AWS services by service and region, and what may stand in their place.
// Source: AWS General Reference, "AWS service endpoints"; SDKs and Tools Reference Guide, "Service-specific endpoints",
// "Dual-stack and FIPS endpoints".
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace tandem::aws {

struct EndpointChoice {
  std::string url;          // given by a person: stands before everything
  bool fips = false;        // modules validated under FIPS 140
  bool dual_stack = false;  // also by IPv6
};

// "https://connect.us-east-1.amazonaws.com", without a path. `service` as it is signed: connect, kinesis, dynamodb,
// sts, events, lambda. `env`: AWS_ENDPOINT_URL_SERVICE, AWS_ENDPOINT_URL, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS,
// AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT are read, as the SDKs do.
[[nodiscard]] std::string endpoint_url(const std::string& service, const std::string& region,
                                       const EndpointChoice& choice,
                                       const std::function<std::optional<std::string>(const char* name)>& env);

}  // namespace tandem::aws
