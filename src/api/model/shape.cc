#include "api/model/shape.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>

#include "base/check.h"

namespace tandem::model {
namespace {

class ShapeWriter {
 public:
  std::string out;
  std::string problem;  // the first; empty while all is well

  void structure(const Type& type, const boost::json::object& given, const std::string& at) {
    for (const auto& [name, ignored] : given) {
      if (std::ranges::find(type.members, std::string_view(name), &Member::name) == type.members.end()) {
        return refuse(at, "has no member " + std::string(name));
      }
    }
    out += '{';
    bool first = true;
    for (const Member& member : type.members) {
      const boost::json::value* found = given.if_contains(member.name);
      if (found == nullptr || found->is_null()) {
        if (member.required) return refuse(at, "lacks the required member " + member.name);
        continue;
      }
      if (!first) out += ',';
      first = false;
      text(member.name);
      out += ':';
      value(*member.type, *found, at + '.' + member.name);
      if (!problem.empty()) return;
    }
    out += '}';
  }

 private:
  void refuse(const std::string& at, const std::string& why) {
    if (problem.empty()) problem = at + ' ' + why;
  }
  void text(std::string_view value) { out += boost::json::serialize(boost::json::string_view(value)); }

  void value(const Type& type, const boost::json::value& given, const std::string& at) {
    switch (type.kind) {
      case Kind::string:
        if (!given.is_string()) return refuse(at, "is no string");
        return text(given.get_string());
      case Kind::enumeration:
        if (!given.is_string()) return refuse(at, "is no string");
        if (std::ranges::find(type.values, std::string_view(given.get_string())) == type.values.end()) {
          return refuse(at, "is no value of " + type.name);
        }
        return text(given.get_string());
      case Kind::integer:
      case Kind::long_integer: {
        using Narrow = std::numeric_limits<std::int32_t>;
        std::int64_t number = 0;
        if (given.is_int64()) {
          number = given.get_int64();
        } else if (given.is_uint64() && given.get_uint64() <= std::numeric_limits<std::int64_t>::max()) {
          number = static_cast<std::int64_t>(given.get_uint64());
        } else {
          return refuse(at, "is no integer");
        }
        if (type.kind == Kind::integer && (number < Narrow::min() || number > Narrow::max())) {
          return refuse(at, "is no integer of 32 bits");
        }
        out += std::to_string(number);
        return;
      }
      case Kind::floating:
        return number(given, std::nullopt, at);
      case Kind::timestamp:
        return number(given, 3, at);
      case Kind::boolean:
        if (!given.is_bool()) return refuse(at, "is no boolean");
        out += given.get_bool() ? "true" : "false";
        return;
      case Kind::list: {
        if (!given.is_array()) return refuse(at, "is no list");
        out += '[';
        const boost::json::array& elements = given.get_array();
        for (std::size_t i = 0; i < elements.size(); ++i) {
          if (i > 0) out += ',';
          value(*type.element, elements[i], at + '[' + std::to_string(i) + ']');
          if (!problem.empty()) return;
        }
        out += ']';
        return;
      }
      case Kind::map: {
        if (!given.is_object()) return refuse(at, "is no map");
        out += '{';
        bool first = true;
        for (const auto& [key, entry] : given.get_object()) {
          if (!first) out += ',';
          first = false;
          text(key);
          out += ':';
          value(*type.element, entry, at + ".value");
          if (!problem.empty()) return;
        }
        out += '}';
        return;
      }
      case Kind::structure:
        if (!given.is_object()) return refuse(at, "is no object");
        return structure(type, given.get_object(), at);
    }
  }

  // With `decimals`, written out plainly and without trailing zeros; else as short as it can be read back.
  void number(const boost::json::value& given, std::optional<int> decimals, const std::string& at) {
    if (given.is_int64()) {
      out += std::to_string(given.get_int64());
      return;
    }
    if (given.is_uint64()) {
      out += std::to_string(given.get_uint64());
      return;
    }
    if (!given.is_double() || !std::isfinite(given.get_double())) return refuse(at, "is no number");
    char digits[400];  // the greatest double has 309 digits before its point
    const auto [end, error] = decimals ? std::to_chars(digits, digits + sizeof digits, given.get_double(),
                                                       std::chars_format::fixed, *decimals)
                                       : std::to_chars(digits, digits + sizeof digits, given.get_double());
    TANDEM_CHECK(error == std::errc());
    std::string_view written(digits, static_cast<std::size_t>(end - digits));
    if (decimals) {
      while (written.ends_with('0')) written.remove_suffix(1);
      if (written.ends_with('.')) written.remove_suffix(1);
    }
    out += written;
  }
};

}  // namespace

Result<std::string> shape(const Operation& operation, const boost::json::object& output) {
  ShapeWriter writer;
  writer.structure(operation.output, output, operation.name);
  if (!writer.problem.empty()) return fail(Errc::internal, "an answer that is not as described: " + writer.problem);
  return std::move(writer.out);
}

boost::json::value timestamp(Milliseconds at) { return static_cast<double>(at.time_since_epoch().count()) / 1000.0; }

Milliseconds moment(const boost::json::value& timestamp) {
  return Milliseconds(std::chrono::milliseconds(std::llround(timestamp.to_number<double>() * 1000.0)));
}

}  // namespace tandem::model
