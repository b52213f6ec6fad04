// Feeds the verifier of signatures with any Authorization header, target and dates. The known key keeps the deeper
// branches in reach; a verdict of "yes" over bytes nobody signed would be a forgery and stops the fuzzer.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "codec/sigv4.h"
#include "codec/uri.h"

namespace {

// The next piece of the input, up to a line feed.
std::string take(std::string_view& rest) {
  const auto end = rest.find('\n');
  std::string out(rest.substr(0, end));
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tandem;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  http::Request request;
  request.method = "GET";
  request.target = "/" + take(rest);
  request.headers.emplace_back("host", "localhost");
  request.headers.emplace_back("authorization", take(rest));
  if (std::string date = take(rest); !date.empty()) request.headers.emplace_back("x-amz-date", std::move(date));
  if (std::string date = take(rest); !date.empty()) request.headers.emplace_back("date", std::move(date));
  request.body = rest;

  const sigv4::Rules rules{.secret = [](std::string_view key) -> std::optional<std::string> {
                             if (key == "AKIDEXAMPLE") return "secret of 40 bytes that nobody can guess";
                             return std::nullopt;
                           },
                           .regions = {},
                           .services = {}};
  const Hlc now = Hlc::at(1'440'938'160'000);
  const auto caller = sigv4::verify(request, rules, now);
  TANDEM_CHECK(!caller.has_value());
  TANDEM_CHECK(!caller.error().message.empty());

  // What we sign ourselves always verifies, whatever the target.
  sigv4::sign(request, {"AKIDEXAMPLE", "secret of 40 bytes that nobody can guess", {}}, "us-east-1", "connect", now);
  TANDEM_CHECK(sigv4::verify(request, rules, now).has_value());

  static_cast<void>(uri::path_segments(request.path()));
  if (const auto pairs = uri::parse_query(request.query())) {
    for (const auto& [key, value] : *pairs) TANDEM_CHECK(uri::decode(uri::encode(value)) == value);
  }
  return 0;
}
