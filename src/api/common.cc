#include "api/common.h"

#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <cstdio>

#include "codec/crypto.h"
#include "core/contact/decide.h"

namespace tandem::api {
namespace {

std::array<std::string_view, 4> split(std::string_view text) {
  std::array<std::string_view, 4> out;
  for (auto& part : out) {
    const auto end = text.find(' ');
    part = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return out;
}

}  // namespace

Uuid command_id(std::string_view operation, std::string_view caller, std::string_view token) {
  // Lengths first: no two different triples hash the same bytes.
  std::string bytes;
  for (const std::string_view part : {operation, caller, token}) {
    bytes.append(std::to_string(part.size())).append(":").append(part);
  }
  const std::string digest = crypto::sha256(bytes);
  Uuid out;
  for (std::size_t i = 0; i < out.bytes.size(); ++i) out.bytes[i] = static_cast<std::uint8_t>(digest[i]);
  out.bytes[6] = static_cast<std::uint8_t>((out.bytes[6] & 0x0F) | 0x80);  // version 8 and the variant of RFC 9562
  out.bytes[8] = static_cast<std::uint8_t>((out.bytes[8] & 0x3F) | 0x80);
  return out;
}

Uuid command_id(Host& host, std::string_view operation, std::string_view caller, std::string_view client_token) {
  return client_token.empty() ? host.mint() : command_id(operation, caller, client_token);
}

std::string iso_time(std::uint64_t utc_ms) {
  const std::chrono::sys_time<std::chrono::milliseconds> at{std::chrono::milliseconds(utc_ms)};
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(at - day);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                static_cast<int>(time.seconds().count()), static_cast<int>(time.subseconds().count()));
  return text.data();
}

std::optional<std::uint64_t> parse_iso_time(std::string_view text) {
  constexpr std::string_view form = "0000-00-00T00:00:00";
  if (text.size() < form.size() + 1 || text.back() != 'Z') return std::nullopt;
  const auto number = [&](std::size_t from, std::size_t count) {
    int out = 0;
    for (std::size_t i = from; i < from + count; ++i) out = out * 10 + (text[i] - '0');
    return out;
  };
  for (std::size_t i = 0; i < form.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (form[i] == '0' ? !digit : text[i] != form[i]) return std::nullopt;
  }
  std::uint64_t fraction = 0;
  std::string_view rest = text.substr(form.size(), text.size() - form.size() - 1);
  if (!rest.empty()) {
    if (rest.front() != '.' || rest.size() < 2 || rest.size() > 10) return std::nullopt;
    rest.remove_prefix(1);
    for (std::size_t i = 0; i < rest.size(); ++i) {
      if (rest[i] < '0' || rest[i] > '9') return std::nullopt;
    }
    for (std::size_t i = 0; i < 3; ++i) {
      fraction = fraction * 10 + (i < rest.size() ? static_cast<std::uint64_t>(rest[i] - '0') : 0);
    }
  }
  const std::chrono::year_month_day date{std::chrono::year(number(0, 4)),
                                         std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                         std::chrono::day(static_cast<unsigned>(number(8, 2)))};
  if (!date.ok() || date.year() < std::chrono::year(1970) || number(11, 2) > 23 || number(14, 2) > 59 ||
      number(17, 2) > 60) {
    return std::nullopt;
  }
  const auto at = std::chrono::sys_days(date) + std::chrono::hours(number(11, 2)) +
                  std::chrono::minutes(number(14, 2)) + std::chrono::seconds(number(17, 2));
  return static_cast<std::uint64_t>(std::chrono::milliseconds(at.time_since_epoch()).count()) + fraction;
}

std::string Ticket::text() const {
  return contact.value().text() + ' ' + initial.value().text() + ' ' + participant.text() + " CUSTOMER";
}

std::optional<Ticket> Ticket::parse(std::string_view text) {
  const auto parts = split(text);
  const auto contact = parse_uuid(parts[0]);
  const auto initial = parse_uuid(parts[1]);
  const auto participant = parse_uuid(parts[2]);
  if (!contact || !initial || !participant || parts[3] != "CUSTOMER") return std::nullopt;
  return Ticket{ContactId{*contact}, ContactId{*initial}, *participant};
}

std::string Badge::text() const { return agent.value().text() + ' ' + desktop.text(); }

std::optional<Badge> Badge::parse(std::string_view text) {
  const auto parts = split(text);
  const auto agent = parse_uuid(parts[0]);
  const auto desktop = parse_uuid(parts[1]);
  if (!agent || !desktop || !parts[2].empty()) return std::nullopt;
  return Badge{AgentId{*agent}, *desktop};
}

std::string words(Host& host, const Text& text) {
  if (!text.sealed()) return text.bytes;
  auto opened = host.open(text);
  return opened ? std::move(*opened) : std::string();
}

bool is_event(std::string_view content_type) { return content_type.starts_with(contact::kEventPrefix); }

std::string_view event_name(std::string_view content_type) {
  if (!is_event(content_type)) return {};
  return content_type.substr(std::string_view(contact::kEventPrefix).size());
}

std::string event_type(std::string_view name) { return contact::kEventPrefix + std::string(name); }

bool is_message_type(std::string_view content_type) {
  constexpr std::array<std::string_view, 6> types = {"text/plain",
                                                     "text/markdown",
                                                     "text/csv",
                                                     "application/json",
                                                     "application/vnd.amazonaws.connect.message.interactive",
                                                     "application/vnd.amazonaws.connect.message.interactive.response"};
  for (const std::string_view type : types) {
    if (content_type == type) return true;
  }
  return false;
}

const char* role_name(contact::Role role) {
  switch (role) {
    case contact::Role::customer:
      return "CUSTOMER";
    case contact::Role::agent:
      return "AGENT";
    case contact::Role::system:
      return "SYSTEM";
  }
  return "SYSTEM";
}

std::optional<boost::json::object> parse_object(std::string_view body) {
  boost::json::error_code failed;
  boost::json::parse_options options;
  options.max_depth = 32;
  auto value = boost::json::parse(boost::json::string_view(body.data(), body.size()), failed, {}, options);
  if (failed || !value.is_object()) return std::nullopt;
  return std::move(value.get_object());
}

http::Response json_response(int status, const boost::json::object& body) {
  return {.status = status, .headers = {{"content-type", "application/json"}}, .body = boost::json::serialize(body)};
}

void allow_any_origin(http::Response& response) {
  response.headers.emplace_back("access-control-allow-origin", "*");
  response.headers.emplace_back("access-control-expose-headers",
                                "x-amzn-requestid, x-amzn-errortype, retry-after, date");
}

http::Response preflight(const http::Request& request) {
  http::Response out{.status = 204, .headers = {}, .body = {}};
  // A '*' would not cover `authorization`, so the names are given; those that the browser asks for are added, as long
  // as they are header names and nothing else.
  std::string names =
      "content-type, authorization, x-amz-bearer, x-amz-user-agent, x-amz-date, x-amz-content-sha256, "
      "x-amz-security-token, amz-sdk-invocation-id, amz-sdk-request";
  if (const std::string* asked = request.header("access-control-request-headers"); asked && asked->size() <= 1024) {
    bool clean = !asked->empty();
    for (const char c : *asked) {
      const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                        c == '_' || c == ',' || c == ' ';
      clean = clean && fits;
    }
    if (clean) names += ", " + *asked;
  }
  out.headers.emplace_back("access-control-allow-methods", "GET, POST, PUT, DELETE, OPTIONS");
  out.headers.emplace_back("access-control-allow-headers", std::move(names));
  out.headers.emplace_back("access-control-max-age", "3600");
  allow_any_origin(out);
  return out;
}

}  // namespace tandem::api
