#include "io/aws_credentials/endpoints.h"

#include <algorithm>

namespace tandem::aws {
namespace {

bool is_true(const std::optional<std::string>& word) {
  return word && (*word == "true" || *word == "TRUE" || *word == "True");
}

std::string without_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

}  // namespace

std::string endpoint_url(const std::string& service, const std::string& region, const EndpointChoice& choice,
                         const std::function<std::optional<std::string>(const char* name)>& env) {
  if (!choice.url.empty()) return without_slash(choice.url);
  if (!is_true(env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"))) {
    std::string own = "AWS_ENDPOINT_URL_" + service;
    std::ranges::transform(own, own.begin(), [](char c) {
      return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : (c == '-' || c == ' ' ? '_' : c);
    });
    for (const std::string& name : {own, std::string("AWS_ENDPOINT_URL")}) {
      const auto url = env(name.c_str());
      if (url && !url->empty()) return without_slash(*url);
    }
  }
  const bool fips = choice.fips || is_true(env("AWS_USE_FIPS_ENDPOINT"));
  const bool dual = choice.dual_stack || is_true(env("AWS_USE_DUALSTACK_ENDPOINT"));
  const bool china = region.starts_with("cn-");
  std::string domain = dual ? "api.aws" : "amazonaws.com";
  if (china) domain = dual ? "api.amazonwebservices.com.cn" : "amazonaws.com.cn";
  return "https://" + service + (fips ? "-fips." : ".") + region + "." + domain;
}

}  // namespace tandem::aws
