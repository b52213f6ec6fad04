// Reading of JSON that a node answered: what is missing or of another kind reads as empty.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <string_view>

namespace tandem::cli {

[[nodiscard]] inline std::string text(const boost::json::object& from, std::string_view name) {
  const boost::json::value* value = from.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

[[nodiscard]] inline const boost::json::array& list(const boost::json::object& from, std::string_view name) {
  static const boost::json::array none;
  const boost::json::value* value = from.if_contains(name);
  return value != nullptr && value->is_array() ? value->get_array() : none;
}

[[nodiscard]] inline bool flag(const boost::json::object& from, std::string_view name) {
  const boost::json::value* value = from.if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

[[nodiscard]] inline std::int64_t whole(const boost::json::object& from, std::string_view name) {
  const boost::json::value* value = from.if_contains(name);
  return value != nullptr && value->is_number() ? value->to_number<std::int64_t>() : 0;
}

[[nodiscard]] inline boost::json::object parse(const std::string& body) {
  boost::system::error_code bad;
  boost::json::value value = boost::json::parse(body, bad);
  return bad || !value.is_object() ? boost::json::object{} : value.get_object();
}

}  // namespace tandem::cli
