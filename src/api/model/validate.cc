#include "api/model/validate.h"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/model/unicode.h"

namespace tandem::model {
namespace {

namespace json = boost::json;

constexpr std::size_t kProblemsMax = 10;
// 9999-12-31T23:59:59Z and 0001-01-01T00:00:00Z: what clients can write as a date.
constexpr double kTimestampMax = 253'402'300'799.0;
constexpr double kTimestampMin = -62'135'596'800.0;

// Where a value stands, as messages call it: `config.1.member.startTime.hours`. Kept as a chain on the stack and
// written out only for a message.
struct Place {
  const Place* outer = nullptr;
  std::string_view member;  // empty for an element of a list
  std::size_t index = 0;

  [[nodiscard]] std::string text() const {
    std::string out = outer == nullptr ? std::string() : outer->text() + '.';
    if (member.empty()) return out + std::to_string(index + 1) + ".member";
    out += member;
    char& first = out[out.size() - member.size()];
    if (first >= 'A' && first <= 'Z') first = static_cast<char>(first + ('a' - 'A'));
    return out;
  }
};

class Validator {
 public:
  // An object of a structure. Members that do not come in the body are left to the caller.
  json::value structure(const Type& type, const json::object& given, const Place* at) {
    json::object out(given.storage());
    std::size_t present = 0;
    for (const Member& member : type.members) {
      if (member.location != Member::Location::body) continue;
      const Place place{at, member.name};
      const auto* found = given.if_contains(member.name);
      if (found == nullptr || found->is_null()) {
        if (member.required) missing(place);
        continue;
      }
      ++present;
      out.emplace(member.name, value(*member.type, *found, place));
    }
    if (type.exactly_one && present != 1 && at != nullptr) problem(*at, "Exactly one member must be set");
    return out;
  }

  json::value value(const Type& type, const json::value& given, const Place& at) {
    switch (type.kind) {
      case Kind::string:
      case Kind::enumeration:
        if (!given.is_string()) return mismatch(at, "a string");
        string(type, given.get_string(), at);
        return given;
      case Kind::integer:
      case Kind::long_integer:
        return integer(type, given, at);
      case Kind::floating: {
        const auto number = as_double(given);
        if (!number) return mismatch(at, "a number");
        if (type.min && *number < static_cast<double>(*type.min)) below(at, "value", *type.min);
        if (type.max && *number > static_cast<double>(*type.max)) above(at, "value", *type.max);
        return *number;
      }
      case Kind::timestamp: {
        const auto number = as_double(given);
        if (!number || *number < kTimestampMin || *number > kTimestampMax) {
          return mismatch(at, "a timestamp in seconds since 1970");
        }
        return given;
      }
      case Kind::boolean:
        return given.is_bool() ? given : mismatch(at, "a boolean");
      case Kind::list:
        return list(type, given, at);
      case Kind::map:
        return map(type, given, at);
      case Kind::structure:
        if (!given.is_object()) return mismatch(at, "an object");
        return structure(type, given.get_object(), &at);
    }
    return nullptr;
  }

  // A value from the path, the query or a header.
  json::value plain(const Type& type, const std::string& given, const Place& at) {
    if (!valid_utf8(given)) {
      problem(at, "Member must be valid UTF-8");
      return nullptr;
    }
    const char* const begin = given.data();
    const char* const end = begin + given.size();
    switch (type.kind) {
      case Kind::integer:
      case Kind::long_integer: {
        std::int64_t number = 0;
        const auto [stop, error] = std::from_chars(begin, end, number);
        if (error == std::errc() && stop == end) return integer(type, number, at, "Member must be an integer");
        problem(at, "Member must be an integer");
        return nullptr;
      }
      case Kind::floating: {
        double number = 0;
        const auto [stop, error] = std::from_chars(begin, end, number);
        if (error == std::errc() && stop == end && std::isfinite(number)) return value(type, number, at);
        problem(at, "Member must be a number");
        return nullptr;
      }
      case Kind::boolean:
        if (given == "true") return true;
        if (given == "false") return false;
        problem(at, "Member must be true or false");
        return nullptr;
      default:
        string(type, given, at);
        return json::string(given);
    }
  }

  json::value plain_list(const Type& type, const std::vector<const std::string*>& given, const Place& at) {
    size(type, given.size(), at);
    json::array out;
    for (std::size_t i = 0; i < given.size(); ++i) out.push_back(plain(*type.element, *given[i], {&at, {}, i}));
    return out;
  }

  void missing(const Place& at) { problem(at, "Member must not be null"); }

  // Nothing when every value met its rules.
  [[nodiscard]] std::optional<ServiceError> verdict(const Operation& operation) const {
    if (mismatch_) return not_readable(*mismatch_);
    if (problems_.empty()) return std::nullopt;
    std::string message = std::to_string(problems_.size());
    message += problems_.size() == 1 ? " validation error detected: " : " validation errors detected: ";
    for (std::size_t i = 0; i < problems_.size(); ++i) {
      if (i > 0) message += "; ";
      message += problems_[i];
    }
    return invalid_input(operation, std::move(message));
  }

 private:
  void problem(const Place& at, const std::string& rule) {
    if (problems_.size() >= kProblemsMax) return;
    problems_.push_back("Value at '" + at.text() + "' failed to satisfy constraint: " + rule);
  }
  void below(const Place& at, const char* what, std::int64_t min) {
    problem(at, std::string("Member must have ") + what + " greater than or equal to " + std::to_string(min));
  }
  void above(const Place& at, const char* what, std::int64_t max) {
    problem(at, std::string("Member must have ") + what + " less than or equal to " + std::to_string(max));
  }
  // The JSON type is wrong: the service finds this while it reads, before it judges any value.
  json::value mismatch(const Place& at, const char* expected) {
    if (!mismatch_) mismatch_ = "Value at '" + at.text() + "' must be " + expected;
    return nullptr;
  }

  static std::optional<double> as_double(const json::value& given) {
    if (given.is_int64()) return static_cast<double>(given.get_int64());
    if (given.is_uint64()) return static_cast<double>(given.get_uint64());
    if (given.is_double() && std::isfinite(given.get_double())) return given.get_double();
    return std::nullopt;
  }

  json::value integer(const Type& type, const json::value& given, const Place& at) {
    constexpr double kExactMax = 9'007'199'254'740'992.0;  // 2^53: beyond it a double names no single integer
    std::int64_t number = 0;
    if (given.is_int64()) {
      number = given.get_int64();
    } else if (given.is_double() && std::fabs(given.get_double()) <= kExactMax &&
               std::trunc(given.get_double()) == given.get_double()) {
      number = static_cast<std::int64_t>(given.get_double());
    } else {
      return mismatch(at, "an integer");
    }
    return integer(type, number, at, nullptr);
  }
  // `rule` is what an integer that does not fit its type breaks; without one the value is of the wrong type.
  json::value integer(const Type& type, std::int64_t number, const Place& at, const char* rule) {
    using Narrow = std::numeric_limits<std::int32_t>;
    if (type.kind == Kind::integer && (number < Narrow::min() || number > Narrow::max())) {
      if (rule == nullptr) return mismatch(at, "an integer of 32 bits");
      problem(at, rule);
      return nullptr;
    }
    if (type.min && number < *type.min) below(at, "value", *type.min);
    if (type.max && number > *type.max) above(at, "value", *type.max);
    return number;
  }

  // The rules a string breaks.
  static std::vector<std::string> broken_rules(const Type& type, std::string_view given) {
    std::vector<std::string> out;
    if (type.kind == Kind::enumeration) {
      if (std::ranges::find(type.values, given) != type.values.end()) return out;
      std::string rule = "Member must satisfy enum value set: [";
      for (const std::string& known : type.values) rule += (&known == &type.values.front() ? "" : ", ") + known;
      out.push_back(rule + ']');
      return out;
    }
    if (type.min || type.max) {
      const auto length = static_cast<std::int64_t>(length_in_characters(given));
      if (type.min && length < *type.min) {
        out.push_back("Member must have length greater than or equal to " + std::to_string(*type.min));
      }
      if (type.max && length > *type.max) {
        // Too long is said before a pattern reads it.
        out.push_back("Member must have length less than or equal to " + std::to_string(*type.max));
        return out;
      }
    }
    if (type.pattern && !type.pattern->matches(given)) {
      out.push_back("Member must satisfy regular expression pattern: " + type.pattern->text());
    }
    return out;
  }
  void string(const Type& type, std::string_view given, const Place& at) {
    for (const std::string& rule : broken_rules(type, given)) problem(at, rule);
  }

  void size(const Type& type, std::size_t count, const Place& at) {
    const auto size = static_cast<std::int64_t>(count);
    if (type.min && size < *type.min) below(at, "length", *type.min);
    if (type.max && size > *type.max) above(at, "length", *type.max);
  }

  json::value list(const Type& type, const json::value& given, const Place& at) {
    if (!given.is_array()) return mismatch(at, "a list");
    const json::array& elements = given.get_array();
    size(type, elements.size(), at);
    json::array out(given.storage());
    out.reserve(elements.size());
    for (std::size_t i = 0; i < elements.size(); ++i) {
      const Place place{&at, {}, i};
      if (elements[i].is_null()) {
        missing(place);
        continue;
      }
      out.push_back(value(*type.element, elements[i], place));
    }
    return out;
  }

  // A key or value of a map is named by the map, not by the key: keys are the caller's own words.
  json::value map(const Type& type, const json::value& given, const Place& at) {
    if (!given.is_object()) return mismatch(at, "a map");
    const json::object& entries = given.get_object();
    size(type, entries.size(), at);
    json::object out(given.storage());
    out.reserve(entries.size());
    for (const auto& [key, entry] : entries) {
      for (const std::string& rule : broken_rules(*type.key, key)) {
        problem(at, "Map keys must satisfy constraint: [" + rule + ']');
      }
      if (entry.is_null()) {
        problem(at, "Map value must satisfy constraint: [Member must not be null]");
        continue;
      }
      const bool text = type.element->kind == Kind::string || type.element->kind == Kind::enumeration;
      if (text && entry.is_string()) {
        for (const std::string& rule : broken_rules(*type.element, entry.get_string())) {
          problem(at, "Map value must satisfy constraint: [" + rule + ']');
        }
        out.emplace(key, entry);
      } else {
        out.emplace(key, value(*type.element, entry, {&at, "value"}));
      }
    }
    return out;
  }

  std::vector<std::string> problems_;
  std::optional<std::string> mismatch_;
};

}  // namespace

std::expected<json::object, ServiceError> validate(const Route& route, const http::Headers& headers,
                                                   std::string_view body) {
  const Operation& operation = *route.operation;
  const bool has_body = std::ranges::any_of(
      operation.input.members, [](const Member& member) { return member.location == Member::Location::body; });
  json::value parsed = json::object();
  // A body where none is described is not looked at.
  if (has_body && body.find_first_not_of(" \t\r\n") != std::string_view::npos) {
    json::error_code error;
    parsed = json::parse(body, error);
    if (error) return std::unexpected(not_readable("The request body is not valid JSON: " + error.message()));
    if (!parsed.is_object()) return std::unexpected(not_readable("The request body must be a JSON object"));
  }
  Validator validator;
  json::value judged = validator.structure(operation.input, parsed.get_object(), nullptr);
  json::object& input = judged.get_object();
  for (const Member& member : operation.input.members) {
    const Place place{nullptr, member.name};
    std::vector<const std::string*> given;
    switch (member.location) {
      case Member::Location::body:
        continue;
      case Member::Location::path:
        for (std::size_t i = 0; i < operation.parameters.size() && i < route.path.size(); ++i) {
          if (operation.parameters[i] == member.name) given.push_back(&route.path[i]);
        }
        break;
      case Member::Location::query:
        for (const auto& [name, value] : route.query) {
          if (name == member.wire_name) given.push_back(&value);
        }
        break;
      case Member::Location::header:
        if (const std::string* value = http::find(headers, member.wire_name)) given.push_back(value);
        break;
    }
    if (given.empty()) {
      if (member.required) validator.missing(place);
      continue;
    }
    input.emplace(member.name, member.type->kind == Kind::list ? validator.plain_list(*member.type, given, place)
                                                               : validator.plain(*member.type, *given.front(), place));
  }
  if (auto refusal = validator.verdict(operation)) return std::unexpected(std::move(*refusal));
  return std::move(input);
}

}  // namespace tandem::model
