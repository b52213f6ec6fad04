#include "api/connect/attributes.h"

#include "api/connect/context.h"

namespace tandem::api::connect {
namespace {

bool good_key(std::string_view key) {
  for (const char c : key) {
    const bool fits =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (!fits) return false;
  }
  return true;
}

}  // namespace

Result<std::map<std::string, std::string>> read_attributes(const boost::json::object& input) {
  std::map<std::string, std::string> out;
  const json::object* each = object(input, "Attributes");
  if (each == nullptr) return out;
  std::size_t bytes = 0;
  for (const auto& attribute : *each) {
    const std::string key(attribute.key());
    const std::string value(attribute.value().as_string());
    if (!good_key(key)) {
      return fail(Errc::invalid, "A key of Attributes holds a character other than letters, digits, '-' and '_'.");
    }
    bytes += key.size() + value.size();
    out.emplace(key, value);
  }
  if (bytes > kAttributeBytesMax) return fail(Errc::invalid, "Attributes hold more than 32 KB.");
  return out;
}

Personal::Personal(const World& world, const Uuid& instance) : names_{kCaller, kCustomer, kPhone, kEmail} {
  const config::Document* document = world.config().find(config::Kind::instance, instance);
  if (document == nullptr) return;
  for (const auto& [name, marked] : document->list("personal.")) names_.insert(name);
}

std::map<std::string, Text> Personal::seal(Host& host, KeyId key,
                                           const std::map<std::string, std::string>& values) const {
  std::map<std::string, Text> out;
  for (const auto& [name, value] : values) {
    const bool sealed = names_.contains(name) && !key.value().nil() && !value.empty();
    out[name] = sealed ? host.seal(key, value) : Text::plain(value);
  }
  return out;
}

}  // namespace tandem::api::connect
