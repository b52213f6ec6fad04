// Goal: the same environment and files give the same credentials here and in the AWS CLI and boto3.
// Method: every Python that has botocore draws some hundreds and says what it found
// (test/client/credentials_botocore.py). Without such a Python the test says so and is skipped.
#include <gtest/gtest.h>

#include <array>
#include <boost/json.hpp>
#include <cstdio>
#include <sstream>

#include "io/aws_credentials/credentials.h"

namespace tandem::aws {
namespace {

namespace json = boost::json;

std::string output_of(const std::string& command, int& status) {
  std::string out;
  FILE* pipe = popen(command.c_str(), "r");
  std::array<char, 4096> some{};
  for (std::size_t got = 0; (got = std::fread(some.data(), 1, some.size(), pipe)) > 0;) out.append(some.data(), got);
  status = pclose(pipe);
  return out;
}

// Access key, secret and token; nothing: none, or something is wrong.
json::value found_here(const json::object& drawn) {
  Outside outside;
  outside.env = [&](const char* name) -> std::optional<std::string> {
    const json::value* at = drawn.at("env").as_object().if_contains(name);
    return at == nullptr ? std::nullopt : std::optional(std::string(at->as_string()));
  };
  outside.file = [&](const std::string& path) -> Result<std::string> {
    const json::value* at = drawn.at("files").as_object().if_contains(path);
    if (at == nullptr) return fail(Errc::not_found, path);
    return std::string(at->as_string());
  };
  outside.fetch = [](const http::Fetch&) -> Result<http::Response> { return fail(Errc::unreachable, "no network"); };
  http::Client client;
  Provider provider(client, {}, std::move(outside));
  const auto got = provider.get();
  if (!got) return nullptr;
  return json::array{got->credentials.access_key, got->credentials.secret, got->credentials.session_token};
}

TEST(CredentialsBotocore, TheSameFilesGiveTheSameKeys) {
  bool compared = false;
  std::string reasons;
  for (const char* python : {"python3", "/usr/bin/python3"}) {
    int status = 0;
    const std::string script = std::string(python) + " test/client/credentials_botocore.py ";
    std::istringstream lines(output_of(script + "300 20261128 2>/dev/null", status));
    if (status != 0) {
      reasons += output_of(script + "0 0 2>&1", status);
      continue;
    }
    std::string version;
    std::getline(lines, version);
    int count = 0;
    int some = 0;
    for (std::string line; std::getline(lines, line); ++count) {
      const json::object drawn = json::parse(line).as_object();
      EXPECT_EQ(found_here(drawn), drawn.at("found")) << version << "\n" << line;
      some += drawn.at("found").is_null() ? 0 : 1;
    }
    EXPECT_EQ(count, 300) << version;
    EXPECT_GT(some, 100) << version;
    compared = true;
  }
  if (!compared) GTEST_SKIP() << "no Python with botocore: " << reasons;
}

}  // namespace
}  // namespace tandem::aws
