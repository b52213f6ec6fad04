#include "codec/sigv4.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <utility>

#include "base/check.h"
#include "codec/crypto.h"
#include "codec/uri.h"

namespace tandem::sigv4 {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kTerminator = "aws4_request";

using Seconds = std::chrono::sys_seconds;

std::string format_time(Seconds at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(at - day);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d%02u%02uT%02d%02d%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                static_cast<int>(time.seconds().count()));
  return text.data();
}

// All of `text` as a decimal number of exactly that many digits.
std::optional<int> digits(std::string_view text) {
  int value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

std::optional<Seconds> make_time(std::optional<int> year, std::optional<int> month, std::optional<int> day,
                                 std::optional<int> hour, std::optional<int> minute, std::optional<int> second) {
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second);
}

// 20150830T123600Z.
std::optional<Seconds> parse_basic(std::string_view t) {
  if (t.size() != 16 || t[8] != 'T' || t[15] != 'Z') return std::nullopt;
  return make_time(digits(t.substr(0, 4)), digits(t.substr(4, 2)), digits(t.substr(6, 2)), digits(t.substr(9, 2)),
                   digits(t.substr(11, 2)), digits(t.substr(13, 2)));
}

// Sun, 30 Aug 2015 12:36:00 GMT, which a client may send as `date` instead.
std::optional<Seconds> parse_http_date(std::string_view t) {
  constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (t.size() != 29 || t.substr(3, 2) != ", " || t.substr(25) != " GMT") return std::nullopt;
  const auto month = months.find(t.substr(8, 3));
  if (month == std::string_view::npos || month % 3 != 0) return std::nullopt;
  return make_time(digits(t.substr(12, 4)), static_cast<int>(month / 3 + 1), digits(t.substr(5, 2)),
                   digits(t.substr(17, 2)), digits(t.substr(20, 2)), digits(t.substr(23, 2)));
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> out;
  for (;;) {
    const auto end = text.find(at);
    out.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

bool space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string_view trim(std::string_view text) {
  while (!text.empty() && space(text.front())) text.remove_prefix(1);
  while (!text.empty() && space(text.back())) text.remove_suffix(1);
  return text;
}

// Without leading and trailing white space, and with inner runs of it as one blank.
void append_squeezed(std::string& out, std::string_view value) {
  bool gap = false;
  for (const char c : trim(value)) {
    if (space(c)) {
      gap = true;
      continue;
    }
    if (std::exchange(gap, false)) out.push_back(' ');
    out.push_back(c);
  }
}

std::string canonical_path(std::string_view path) {
  std::vector<std::string_view> kept;
  for (const std::string_view segment : split(path, '/')) {
    if (segment.empty() || segment == ".") continue;
    if (segment != "..") {
      kept.push_back(segment);
    } else if (!kept.empty()) {
      kept.pop_back();
    }
  }
  std::string out;
  for (const std::string_view segment : kept) out.append("/").append(uri::encode(segment));
  if (out.empty() || path.back() == '/') out.push_back('/');
  return out;
}

// A part that is not well percent-encoded is taken as it stands: its '%' is encoded.
std::string canonical_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  const auto strict = [](std::string_view part) { return uri::encode(uri::decode(part).value_or(std::string(part))); };
  for (const std::string_view piece : split(query, '&')) {
    if (piece.empty()) continue;
    const auto equals = piece.find('=');
    const bool bare = equals == std::string_view::npos;
    pairs.emplace_back(strict(piece.substr(0, equals)), bare ? std::string() : strict(piece.substr(equals + 1)));
  }
  std::sort(pairs.begin(), pairs.end());
  std::string out;
  for (const auto& [key, value] : pairs) {
    if (!out.empty()) out.push_back('&');
    out.append(key).append("=").append(value);
  }
  return out;
}

std::string join(const std::vector<std::string>& parts, char with) {
  std::string out;
  for (const std::string& part : parts) {
    if (!out.empty()) out.push_back(with);
    out += part;
  }
  return out;
}

std::unexpected<Refusal> refuse(Refused kind, std::string message) {
  return std::unexpected(Refusal{kind, std::move(message)});
}

bool accepts(const std::vector<std::string>& allowed, std::string_view value) {
  return allowed.empty() || std::find(allowed.begin(), allowed.end(), value) != allowed.end();
}

// The Authorization header in its three parameters; views into the header.
struct Parameters {
  std::optional<std::string_view> credential;
  std::optional<std::string_view> signed_headers;
  std::optional<std::string_view> signature;
};

std::expected<Parameters, Refusal> parse_authorization(std::string_view header) {
  const auto blank = header.find(' ');
  const std::string_view algorithm = header.substr(0, blank);
  if (algorithm != kAlgorithm) {
    return refuse(Refused::incomplete, "Unsupported AWS 'algorithm': '" + std::string(algorithm) + "'.");
  }
  Parameters out;
  const std::string_view rest = blank == std::string_view::npos ? std::string_view() : header.substr(blank + 1);
  for (const std::string_view piece : split(rest, ',')) {
    const std::string_view pair = trim(piece);
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos) {
      return refuse(Refused::incomplete, "'" + std::string(pair) +
                                             "' not a valid key=value pair (missing equal-sign) in Authorization "
                                             "header: '" +
                                             std::string(header) + "'.");
    }
    const std::string_view key = pair.substr(0, equals);
    const std::string_view value = pair.substr(equals + 1);
    if (key == "Credential") out.credential = value;
    if (key == "SignedHeaders") out.signed_headers = value;
    if (key == "Signature") out.signature = value;
  }
  return out;
}

}  // namespace

std::string_view Refusal::exception() const {
  switch (kind) {
    case Refused::missing:
      return "MissingAuthenticationTokenException";
    case Refused::incomplete:
      return "IncompleteSignatureException";
    case Refused::unknown:
      return "UnrecognizedClientException";
    case Refused::invalid:
      return "InvalidSignatureException";
  }
  return "InvalidSignatureException";
}

std::string timestamp(Hlc at) {
  return format_time(Seconds(std::chrono::seconds(static_cast<std::int64_t>(at.milliseconds() / 1000))));
}

std::string canonical_request(const http::Request& request, const std::vector<std::string>& signed_headers) {
  std::string out = request.method;
  out.append("\n").append(canonical_path(request.path()));
  out.append("\n").append(canonical_query(request.query())).append("\n");
  for (const std::string& name : signed_headers) {
    out.append(name).push_back(':');
    bool first = true;
    for (const auto& [key, value] : request.headers) {
      if (key != name) continue;
      if (!std::exchange(first, false)) out.push_back(',');
      append_squeezed(out, value);
    }
    out.push_back('\n');
  }
  out.append("\n").append(join(signed_headers, ';'));
  out.append("\n").append(crypto::hex(crypto::sha256(request.body)));
  return out;
}

std::string string_to_sign(std::string_view when, std::string_view scope, std::string_view canonical) {
  std::string out(kAlgorithm);
  out.append("\n").append(when).append("\n").append(scope).append("\n");
  return out + crypto::hex(crypto::sha256(canonical));
}

std::string signature(std::string_view secret, std::string_view scope, std::string_view to_sign) {
  std::string key = "AWS4" + std::string(secret);
  for (const std::string_view part : split(scope, '/')) key = crypto::hmac_sha256(key, part);
  return crypto::hex(crypto::hmac_sha256(key, to_sign));
}

std::expected<Caller, Refusal> verify(const http::Request& request, const Rules& rules, Hlc now) {
  const std::string* authorization = request.header("authorization");
  if (authorization == nullptr || authorization->empty()) {
    return refuse(Refused::missing, "Missing Authentication Token");
  }
  const auto parameters = parse_authorization(*authorization);
  if (!parameters) return std::unexpected(parameters.error());

  const std::string* amz_date = request.header("x-amz-date");
  const std::string* date = amz_date != nullptr ? amz_date : request.header("date");
  std::string absent;
  const auto require = [&](bool present, std::string_view name) {
    if (!present) absent += "Authorization header requires '" + std::string(name) + "' parameter. ";
  };
  require(parameters->credential.has_value(), "Credential");
  require(parameters->signature.has_value(), "Signature");
  require(parameters->signed_headers.has_value(), "SignedHeaders");
  if (date == nullptr) {
    absent += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
  }
  if (!absent.empty()) return refuse(Refused::incomplete, absent + "Authorization=" + *authorization);

  const auto signed_at =
      amz_date != nullptr ? parse_basic(*amz_date) : (date->size() == 16 ? parse_basic(*date) : parse_http_date(*date));
  if (!signed_at) {
    return refuse(Refused::incomplete, "Date must be in ISO-8601 'basic format'. Got '" + *date +
                                           "'. See http://en.wikipedia.org/wiki/ISO_8601");
  }
  const auto scope = split(*parameters->credential, '/');
  if (scope.size() != 5 || scope[0].empty()) {
    return refuse(Refused::incomplete,
                  "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
                  "got '" +
                      std::string(*parameters->credential) + "'");
  }
  std::vector<std::string> signed_headers;
  for (const std::string_view name : split(*parameters->signed_headers, ';')) signed_headers.emplace_back(name);
  if (!std::is_sorted(signed_headers.begin(), signed_headers.end()) ||
      std::adjacent_find(signed_headers.begin(), signed_headers.end()) != signed_headers.end()) {
    return refuse(Refused::incomplete, "SignedHeaders must be sorted and without repeats.");
  }

  // Tandem gives out no temporary credentials, so a session token always belongs to somebody else's.
  const std::string* token = request.header("x-amz-security-token");
  const auto secret = rules.secret(scope[0]);
  if (!secret || (token != nullptr && !token->empty())) {
    return refuse(Refused::unknown, "The security token included in the request is invalid.");
  }

  if (std::find(signed_headers.begin(), signed_headers.end(), "host") == signed_headers.end()) {
    return refuse(Refused::invalid, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
  }
  const std::string when = format_time(*signed_at);
  if (scope[1] != std::string_view(when).substr(0, 8)) {
    return refuse(Refused::invalid,
                  "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date "
                  "from HTTP: '" +
                      std::string(scope[1]) + "' != '" + when.substr(0, 8) + "', from '" + when + "'.");
  }
  const Seconds current{std::chrono::seconds(static_cast<std::int64_t>(now.milliseconds() / 1000))};
  if (*signed_at < current - kSkewMax) {
    return refuse(Refused::invalid, "Signature expired: " + when + " is now earlier than " +
                                        format_time(current - kSkewMax) + " (" + format_time(current) + " - 5 min.)");
  }
  if (*signed_at > current + kSkewMax) {
    return refuse(Refused::invalid, "Signature not yet current: " + when + " is still later than " +
                                        format_time(current + kSkewMax) + " (" + format_time(current) + " + 5 min.)");
  }
  if (scope[4] != kTerminator) {
    return refuse(Refused::invalid, "Credential should be scoped with a valid terminator: 'aws4_request', not '" +
                                        std::string(scope[4]) + "'.");
  }
  if (!accepts(rules.regions, scope[2])) {
    return refuse(Refused::invalid,
                  "Credential should be scoped to a valid region, not '" + std::string(scope[2]) + "'. ");
  }
  if (!accepts(rules.services, scope[3])) {
    return refuse(Refused::invalid,
                  "Credential should be scoped to correct service: '" + rules.services.front() + "'. ");
  }

  const std::string_view scoped = parameters->credential->substr(scope[0].size() + 1);
  const std::string expected =
      signature(*secret, scoped, string_to_sign(when, scoped, canonical_request(request, signed_headers)));
  if (!crypto::equal_constant_time(expected, *parameters->signature)) {
    return refuse(Refused::invalid,
                  "The request signature we calculated does not match the signature you provided. Check your AWS "
                  "Secret Access Key and signing method. Consult the service documentation for details.");
  }
  return Caller{std::string(scope[0]), std::string(scope[2]), std::string(scope[3])};
}

void sign(http::Request& request, const Credentials& credentials, std::string_view region, std::string_view service,
          Hlc now) {
  TANDEM_CHECK(request.header("host") != nullptr);
  std::erase_if(request.headers, [](const auto& header) {
    return header.first == "x-amz-date" || header.first == "x-amz-security-token" || header.first == "authorization";
  });
  const std::string when = timestamp(now);
  request.headers.emplace_back("x-amz-date", when);
  if (!credentials.session_token.empty()) {
    request.headers.emplace_back("x-amz-security-token", credentials.session_token);
  }
  std::vector<std::string> names;
  for (const auto& [name, value] : request.headers) names.push_back(name);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());

  std::string scope = when.substr(0, 8);
  scope.append("/").append(region).append("/").append(service).append("/").append(kTerminator);
  const std::string to_sign = string_to_sign(when, scope, canonical_request(request, names));
  std::string header(kAlgorithm);
  header.append(" Credential=").append(credentials.access_key).append("/").append(scope);
  header.append(", SignedHeaders=").append(join(names, ';'));
  header.append(", Signature=").append(signature(credentials.secret, scope, to_sign));
  request.headers.emplace_back("authorization", std::move(header));
}

}  // namespace tandem::sigv4
