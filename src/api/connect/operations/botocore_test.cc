// Goal: what botocore writes, on which boto3 and the AWS CLI stand, reaches the operation it names with exactly the
// input it was given, and each single broken rule is refused.
// Method: every Python that has botocore serializes inputs drawn within our limits, and the same with one rule broken
// (test/client/requests_botocore.py). Without such a Python the test says so and is skipped.
#include <gtest/gtest.h>

#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <sstream>
#include <string>

#include "api/connect/operations/operations.h"
#include "api/model/router.h"
#include "api/model/validate.h"

namespace tandem::operations {
namespace {

std::string output_of(const std::string& command, int& status) {
  std::string out;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) {
    status = -1;
    return out;
  }
  std::array<char, 4096> some{};
  for (std::size_t got = 0; (got = std::fread(some.data(), 1, some.size(), pipe)) > 0;) out.append(some.data(), got);
  status = pclose(pipe);
  return out;
}

void judge(const boost::json::object& sent) {
  static const model::Router kConnect(connect());
  static const model::Router kParticipant(participant());
  const auto text = [&](const char* name) { return std::string(sent.at(name).get_string()); };
  const model::Router& router = text("service") == "connect" ? kConnect : kParticipant;
  const auto route = router.route(text("method"), text("target"));
  ASSERT_TRUE(route.has_value()) << text("method") << ' ' << text("target");
  ASSERT_EQ(route->operation->name, text("operation")) << text("target");
  http::Headers headers;
  for (const auto& [name, value] : sent.at("headers").get_object()) headers.emplace_back(name, value.get_string());
  const auto judged = model::validate(*route, headers, text("body"));
  if (sent.at("broken").is_null()) {
    ASSERT_TRUE(judged.has_value()) << boost::json::serialize(sent) << '\n' << judged.error().message;
    EXPECT_EQ(*judged, sent.at("input").get_object()) << boost::json::serialize(sent);
  } else {
    ASSERT_FALSE(judged.has_value()) << boost::json::serialize(sent);
    EXPECT_TRUE(route->operation->declares(judged.error().type)) << judged.error().type;
  }
}

TEST(Botocore, SaysWhatWeUnderstand) {
  bool compared = false;
  std::string reasons;
  for (const char* python : {"python3", "/usr/bin/python3"}) {
    int status = 0;
    const std::string script = std::string(python) + " test/client/requests_botocore.py ";
    std::istringstream lines(output_of(script + "5 20240229 2>/dev/null", status));
    if (status != 0) {
      reasons += output_of(script + "0 0 2>&1", status);
      continue;
    }
    std::string version;
    std::getline(lines, version);
    SCOPED_TRACE(version);
    int count = 0;
    for (std::string line; std::getline(lines, line) && !testing::Test::HasFailure(); ++count) {
      judge(boost::json::parse(line).get_object());
    }
    EXPECT_GT(count, 1'000);
    compared = true;
  }
  if (!compared) GTEST_SKIP() << "no Python with botocore: " << reasons;
}

}  // namespace
}  // namespace tandem::operations
