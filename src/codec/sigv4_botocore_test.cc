// Goal: the verifier agrees with botocore, whose signer the AWS CLI and boto3 use, over paths, queries, headers and
// bodies nobody thought of.
// Method: every Python that has botocore signs random requests (test/client/sigv4_botocore.py); each must verify, our
// own signer must come to the same signature, and a changed byte must not verify. Without such a Python the test says
// so and is skipped.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <sstream>
#include <string>

#include "codec/crypto.h"
#include "codec/sigv4.h"

namespace tandem {
namespace sigv4_botocore_test {

constexpr const char* kSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

std::string run(const std::string& command, int& status) {
  std::string out;
  FILE* pipe = popen(command.c_str(), "r");
  std::array<char, 4096> some{};
  for (std::size_t got = 0; (got = std::fread(some.data(), 1, some.size(), pipe)) > 0;) out.append(some.data(), got);
  status = pclose(pipe);
  return out;
}

std::string field(std::istream& line) {
  std::string text;
  line >> text;
  return text == "-" ? std::string() : crypto::unbase64(text).value();
}

TEST(Sigv4Botocore, AgreesOverRandomRequests) {
  const sigv4::Rules rules{.secret = [](std::string_view) { return std::optional<std::string>(kSecret); },
                           .regions = {"us-west-2"},
                           .services = {"connect"}};
  bool compared = false;
  std::string reasons;
  for (const char* python : {"python3", "/usr/bin/python3"}) {
    int status = 0;
    const std::string script = std::string(python) + " test/client/sigv4_botocore.py ";
    std::istringstream lines(run(script + "500 20240229 2>/dev/null", status));
    if (status != 0) {
      reasons += run(script + "0 0 2>&1", status);
      continue;
    }
    std::string version;
    std::getline(lines, version);
    int count = 0;
    for (std::string text; std::getline(lines, text); ++count) {
      std::istringstream line(text);
      std::uint64_t at = 0;
      line >> at;
      http::Request request;
      request.method = field(line);
      request.target = field(line);
      request.body = field(line);
      std::istringstream headers(field(line));
      for (std::string header; std::getline(headers, header);) {
        const auto colon = header.find(':');
        request.headers.emplace_back(header.substr(0, colon), header.substr(colon + 1));
      }
      const auto caller = sigv4::verify(request, rules, Hlc::at(at * 1000));
      ASSERT_TRUE(caller.has_value()) << version << " " << request.method << " " << request.target << "\n"
                                      << caller.error().message;
      http::Request ours = request;
      sigv4::sign(ours, {"AKIDEXAMPLE", kSecret, {}}, "us-west-2", "connect", Hlc::at(at * 1000));
      EXPECT_EQ(*ours.header("authorization"), *request.header("authorization")) << request.target;
      request.target += "x";
      EXPECT_FALSE(sigv4::verify(request, rules, Hlc::at(at * 1000)).has_value());
    }
    EXPECT_EQ(count, 500) << version;
    compared = true;
  }
  if (!compared) GTEST_SKIP() << "no Python with botocore: " << reasons;
}

}  // namespace sigv4_botocore_test
}  // namespace tandem
