// `tandem customer`: who somebody is, and which contacts there were.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <utility>
#include <vector>

#include "app/client/answers.h"
#include "app/tandem/commands.h"
#include "app/tandem/exit_codes.h"
#include "app/tandem/ops_client.h"
#include "app/tandem/table.h"
#include "codec/uri.h"

namespace tandem::cli {
namespace {

Result<OpsClient> nodes_asked(const Invocation& call) {
  const auto centre = existing_centre(call.dir);
  if (!centre) return std::unexpected(centre.error());
  return OpsClient::open(*centre);
}

std::size_t count_in(const json::object& from, std::string_view name) {
  const json::value* value = from.if_contains(name);
  return value != nullptr && value->is_number() ? value->to_number<std::size_t>() : 0;
}

int print_json(const json::value& value) {
  fmt::print("{}\n", json::serialize(value));
  return kDone;
}

using Set = std::vector<std::pair<std::string, std::string>>;

// What people type for the fields they need most.
Set named(const std::string& name, const std::string& value) {
  constexpr std::pair<const char*, const char*> kShort[] = {
      {"phone", "PhoneNumber"}, {"email", "EmailAddress"},          {"street", "Address.Address1"},
      {"city", "Address.City"}, {"postcode", "Address.PostalCode"}, {"country", "Address.Country"},
  };
  if (name == "name") {
    const auto space = value.find_last_of(' ');
    if (space == std::string::npos) return {{"FirstName", value}, {"LastName", ""}};
    return {{"FirstName", value.substr(0, space)}, {"LastName", value.substr(space + 1)}};
  }
  for (const auto& [typed, field] : kShort) {
    if (name == typed) return {{field, value}};
  }
  return {{name, value}};
}

Result<json::object> read_set(const std::vector<std::string>& typed) {
  json::object out;
  for (const std::string& each : typed) {
    const auto equals = each.find('=');
    if (equals == 0 || equals == std::string::npos) return fail(Errc::invalid, "--set needs NAME=VALUE, not " + each);
    for (const auto& [field, value] : named(each.substr(0, equals), each.substr(equals + 1))) {
      const auto dot = field.find('.');
      if (dot == std::string::npos) {
        out[field] = value;
        continue;
      }
      json::value& inner = out[field.substr(0, dot)];
      if (!inner.is_object()) inner = json::object{};
      inner.get_object()[field.substr(dot + 1)] = value;
    }
  }
  return out;
}

void print_profile(const json::value& profile) {
  if (!profile.is_object()) return;
  Table table({"", ""});
  for (const auto& each : profile.get_object()) {
    if (!each.value().is_object()) {
      table.add({std::string(each.key()), text(profile.get_object(), each.key())});
      continue;
    }
    for (const auto& inner : each.value().get_object()) {
      table.add(
          {std::string(each.key()) + '.' + std::string(inner.key()), text(each.value().get_object(), inner.key())});
    }
  }
  fmt::print("{}\n", table.text());
}

void print_customer(const json::object& got) {
  print_profile(got.at("profile"));
  if (!list(got, "profile_history").empty()) {
    Table history({"WHEN", "BY", "FIELD", "VALUE"});
    for (const json::value& value : list(got, "profile_history")) {
      const json::object& h = value.get_object();
      history.add({text(h, "at"), text(h, "by"), text(h, "field"), text(h, "value")});
    }
    fmt::print("{}\n", history.text());
  }
  if (!list(got, "contacts").empty()) {
    Table table({"CONTACT", "CHANNEL", "PHASE", "STARTED", ""});
    for (const json::value& value : list(got, "contacts")) {
      const json::object& c = value.get_object();
      table.add(
          {text(c, "id"), text(c, "channel"), text(c, "phase"), text(c, "started"), flag(c, "erased") ? "erased" : ""});
    }
    fmt::print("{}\n", table.text());
  }
  fmt::print("{}, {} of them live\n", count(count_in(got, "total"), "contact"), count_in(got, "live"));
}

int search(const OpsClient& ops, const CustomerView& customer, const Invocation& call) {
  const json::object asked = customer.phone.empty() ? json::object{{"EmailAddress", customer.email}}
                                                    : json::object{{"PhoneNumber", customer.phone}};
  const auto got = ops.put_to_any("customers/search", asked, "POST");
  if (!got) return complain(got.error(), call.json);
  if (call.json) return print_json(*got);
  for (const json::value& each : list(*got, "customers")) print_customer(each.get_object());
  if (list(*got, "customers").empty()) fmt::print("nobody is known by that\n");
  return kDone;
}

}  // namespace

int run(const CustomerView& customer, const Invocation& call) {
  const auto ops = nodes_asked(call);
  if (!ops) return complain(ops.error(), call.json);
  if (customer.id.empty()) return search(*ops, customer, call);
  const std::string path = "customers/" + uri::encode(customer.id);
  if (!customer.set.empty()) {
    const auto set = read_set(customer.set);
    if (!set) return complain(set.error(), call.json);
    const auto done = ops->put_to_any(path, {{"set", *set}});
    if (!done) return complain(done.error(), call.json);
  }
  const auto got = customer.erase ? ops->put_to_any(path, {{"erase", true}})
                                  : ops->get_from_any(path + (customer.history ? "?history=1" : ""));
  if (!got) return complain(got.error(), call.json);
  if (call.json) return print_json(*got);
  if (customer.erase) {
    fmt::print("{}: what was personal about them is erased in every region\n",
               count(count_in(*got, "contacts"), "contact"));
    return kDone;
  }
  print_customer(*got);
  return kDone;
}

}  // namespace tandem::cli
