#include "api/customers.h"

#include <algorithm>
#include <array>
#include <vector>

#include "api/common.h"

namespace tandem::api::customers {
namespace {

namespace json = boost::json;

constexpr char kCustomerId[] = "CustomerId";
// Source: Amazon Connect Customer Profiles API Reference, "UpdateProfile" and "Address".
constexpr std::array kPhones = {"PhoneNumber", "MobilePhoneNumber", "HomePhoneNumber", "BusinessPhoneNumber"};
constexpr std::array kEmails = {"EmailAddress", "PersonalEmailAddress", "BusinessEmailAddress"};
constexpr std::array kOthers = {"FirstName",    "MiddleName",    "LastName",        "BusinessName",         "BirthDate",
                                "GenderString", "AccountNumber", "PartyTypeString", "AdditionalInformation"};
constexpr std::array kAddress = {"Address1", "Address2", "Address3", "Address4",   "City",
                                 "County",   "State",    "Province", "PostalCode", "Country"};

template <class Names>
bool among(const Names& names, std::string_view name) {
  return std::ranges::any_of(names, [&](const char* each) { return name == each; });
}

Result<std::string> phone(std::string_view typed) {
  std::string out;
  for (const char c : typed) {
    if (std::string_view(" ()-./").find(c) == std::string_view::npos) out += c;
  }
  if (out.starts_with("00")) out.replace(0, 2, "+");
  const bool digits = out.find_first_not_of("0123456789", 1) == std::string::npos;
  if (out.size() < 8 || out.size() > 16 || out[0] != '+' || out[1] == '0' || !digits) {
    return fail(Errc::invalid, "a telephone number begins with + and the country's code");
  }
  return out;
}

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

Result<std::string> email(std::string_view typed) {
  std::string out = trimmed(typed);
  const auto at = out.find('@');
  const bool one = at != std::string::npos && out.find('@', at + 1) == std::string::npos;
  if (!one || at == 0 || at + 1 == out.size() || out.find_first_of(" \t\r\n") != std::string::npos) {
    return fail(Errc::invalid, "an e-mail address is NAME@HOST");
  }
  return out;
}

Uuid phone_pseudonym(Host& host, std::string_view normal) {
  return host.pseudonym("customer phone\n" + std::string(normal));
}
Uuid email_pseudonym(Host& host, std::string normal) {
  for (char& c : normal) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return host.pseudonym("customer email\n" + normal);
}

Result<void> take(Fields& out, std::string field, const json::value& value) {
  if (!value.is_string() && !value.is_null()) return fail(Errc::invalid, field + " must be a text");
  std::string words = value.is_null() ? std::string() : trimmed(value.get_string());
  if (words.size() > kValueBytesMax) return fail(Errc::invalid, field + " has more than 1000 bytes");
  if (!words.empty() && (among(kPhones, field) || among(kEmails, field))) {
    auto normal = among(kPhones, field) ? phone(words) : email(words);
    if (!normal) return fail(Errc::invalid, field + ": " + normal.error().detail);
    words = std::move(*normal);
  }
  out[std::move(field)] = std::move(words);
  return {};
}

Result<void> take_inner(Fields& out, const std::string& member, const json::value& value) {
  if (!value.is_object()) return fail(Errc::invalid, member + " must be an object");
  for (const auto& each : value.get_object()) {
    const std::string name(each.key());
    const bool fits = member == "Address" ? among(kAddress, name) : !name.empty() && name.size() <= 255;
    if (!fits) return fail(Errc::invalid, member + " has no " + name);
    if (auto taken = take(out, member + '.' + name, each.value()); !taken) return taken;
  }
  return {};
}

customer::Value sealed(Host& host, KeyId key, const std::string& field, const std::string& words) {
  if (words.empty()) return {};
  customer::Value out{host.seal(key, words), {}};
  if (among(kPhones, field)) out.known_by = phone_pseudonym(host, words);
  if (among(kEmails, field)) out.known_by = email_pseudonym(host, words);
  return out;
}

}  // namespace

Result<Fields> read(const json::object& body) {
  Fields out;
  for (const auto& each : body) {
    const std::string name(each.key());
    Result<void> taken;
    if (name == "Address" || name == "Attributes") {
      taken = take_inner(out, name, each.value());
    } else if (among(kOthers, name) || among(kPhones, name) || among(kEmails, name)) {
      taken = take(out, name, each.value());
    } else {
      taken = fail(Errc::invalid, "a profile has no " + name);
    }
    if (!taken) return std::unexpected(taken.error());
  }
  if (out.empty()) return fail(Errc::invalid, "no field is named");
  return out;
}

json::object show(Host& host, const customer::Profile& profile) {
  json::object out;
  for (const auto& [field, versions] : profile.fields_by_name) {
    const customer::Value* value = profile.find(field);
    const std::string opened = value == nullptr ? std::string() : words(host, value->text);
    if (opened.empty()) continue;
    const auto dot = field.find('.');
    if (dot == std::string::npos) {
      out[field] = opened;
      continue;
    }
    json::value& inner = out[field.substr(0, dot)];
    if (!inner.is_object()) inner = json::object{};
    inner.get_object()[field.substr(dot + 1)] = opened;
  }
  return out;
}

json::array history(Host& host, const customer::Profile& profile) {
  std::vector<std::pair<customer::Moment, json::object>> found;
  for (const auto& [field, versions] : profile.fields_by_name) {
    for (const auto& [moment, version] : versions) {
      const std::string opened = words(host, version.value.text);
      found.emplace_back(moment, json::object{{"field", field},
                                              {"value", opened.empty() ? json::value(nullptr) : json::value(opened)},
                                              {"at", iso_time(moment.at)},
                                              {"by", version.by}});
    }
  }
  std::ranges::stable_sort(found, [](const auto& a, const auto& b) { return b.first < a.first; });
  json::array out;
  for (auto& [moment, entry] : found) out.emplace_back(std::move(entry));
  return out;
}

Result<Uuid> by_phone(Host& host, std::string_view number) {
  const auto normal = phone(number);
  if (!normal) return std::unexpected(normal.error());
  return phone_pseudonym(host, *normal);
}

Result<Uuid> by_email(Host& host, std::string_view address) {
  const auto normal = email(address);
  if (!normal) return std::unexpected(normal.error());
  return email_pseudonym(host, *normal);
}

Uuid recognise(const World& world, const Uuid& pseudonym) {
  const std::set<Uuid>& persons = world.customers().known_by(pseudonym);
  return persons.size() == 1 ? *persons.begin() : Uuid{};
}

Ground look(const World& world, const Uuid& person) {
  const customer::Profile* profile = world.customers().find(person);
  Ground out;
  if (profile == nullptr) return out;
  out.named = profile->find(kCustomerId) != nullptr;
  for (const auto& [key, first] : profile->keys) {
    if (!world.access().erased().contains(key)) out.key = key;
  }
  return out;
}

Result<Command> change(Host& host, const Uuid& command, const Uuid& person, const std::string& id, const Ground& ground,
                       const Fields& fields, std::string by) {
  Command out{.id = command, .verb = {}, .keys = {}};
  KeyId key = ground.key;
  if (key.value().nil()) {
    auto [made, row] = host.make_key();
    key = made;
    out.keys.push_back(std::move(row));
  }
  customer::Change order{person, {}, std::move(by)};
  for (const auto& [field, words] : fields) order.set[field] = sealed(host, key, field, words);
  if (!ground.named && !id.empty()) order.set[kCustomerId] = sealed(host, key, kCustomerId, id);
  for (const auto& [field, value] : order.set) {
    if (value.text.sealed() && value.text.bytes.empty()) {
      return fail(Errc::unreachable, "the customer's key is not here, or was erased just now: try again");
    }
  }
  out.verb = std::move(order);
  return out;
}

}  // namespace tandem::api::customers
