#include "drill/events.h"

#include <array>
#include <boost/json.hpp>
#include <optional>

namespace tandem::drill {
namespace {

namespace json = boost::json;

constexpr std::array<const char*, static_cast<std::size_t>(What::last_) + 1> kNames = {
    "asked", "refused", "started", "greeted",    "queued", "began_in",      "served",  "shown", "acknowledged",
    "ended", "left",    "checked", "reattached", "holds",  "holds_no_more", "cut_off", "knows", "signed_in_again"};

std::optional<What> what_of(std::string_view name) {
  for (std::size_t n = 0; n < kNames.size(); ++n) {
    if (name == kNames[n]) return static_cast<What>(n);
  }
  return std::nullopt;
}

Result<json::object> object_of(std::string_view line) {
  boost::system::error_code bad;
  json::value value = json::parse(line, bad);
  if (bad || !value.is_object()) return fail(Errc::invalid, "no JSON object");
  return std::move(value.get_object());
}

std::int64_t number(const json::object& from, std::string_view name) {
  const json::value* value = from.if_contains(name);
  return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

std::uint64_t size(const json::object& from, std::string_view name) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(number(from, name), 0));
}

std::string text(const json::object& from, std::string_view name) {
  const json::value* value = from.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

}  // namespace

const char* what_name(What what) { return kNames.at(static_cast<std::size_t>(what)); }

std::string to_line(const Event& event) {
  json::object out{{"at", event.at.count()}, {"what", what_name(event.what)}};
  const auto put = [&out](const char* name, const auto& value) {
    if (value != std::decay_t<decltype(value)>{}) out[name] = json::value_from(value);
  };
  put("customer", event.customer);
  put("contact", event.contact);
  put("agent", event.agent);
  put("text", event.text);
  put("socket", event.socket);
  put("contacts", event.contacts);
  put("missing", event.missing);
  put("repeated", event.repeated);
  return json::serialize(out);
}

Result<Event> read_line(std::string_view line) {
  const auto said = object_of(line);
  if (!said) return std::unexpected(said.error());
  const auto what = what_of(text(*said, "what"));
  if (!what) return fail(Errc::invalid, "there is no event \"" + text(*said, "what") + "\"");
  Event out{.at = std::chrono::milliseconds(number(*said, "at")),
            .what = *what,
            .customer = size(*said, "customer"),
            .contact = text(*said, "contact"),
            .agent = text(*said, "agent"),
            .text = text(*said, "text"),
            .socket = size(*said, "socket"),
            .contacts = {},
            .missing = size(*said, "missing"),
            .repeated = size(*said, "repeated")};
  if (const json::value* list = said->if_contains("contacts"); list != nullptr && list->is_array()) {
    for (const json::value& each : list->get_array()) {
      if (each.is_string()) out.contacts.emplace_back(each.get_string());
    }
  }
  return out;
}

std::string to_line(const Begun& begun) {
  return json::serialize(json::object{{"what", "begun"}, {"steady_ms", begun.steady_ms}, {"utc_ms", begun.utc_ms}});
}

Result<Recording> read_recording(std::string_view all) {
  Recording out;
  for (std::size_t number_of_line = 1; !all.empty(); ++number_of_line) {
    const auto end = all.find('\n');
    if (end == std::string_view::npos) break;
    const std::string_view line = all.substr(0, end);
    all.remove_prefix(end + 1);
    const auto wrong = [&](const std::string& why) {
      return fail(Errc::invalid, "line " + std::to_string(number_of_line) + ": " + why);
    };
    if (number_of_line == 1) {
      const auto said = object_of(line);
      if (!said || text(*said, "what") != "begun") return wrong("a recording begins with when it began");
      out.begun = {number(*said, "steady_ms"), number(*said, "utc_ms")};
      continue;
    }
    auto event = read_line(line);
    if (!event) return wrong(event.error().detail);
    out.events.push_back(std::move(*event));
  }
  return out;
}

}  // namespace tandem::drill
