// Customers' profiles as the APIs show and take them: under the names of Amazon Connect Customer Profiles, opened here
// and sealed here. Telephone numbers and e-mail addresses find their customer through a pseudonym; no log holds them.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "api/host.h"

namespace tandem::api::customers {

// What is to be set, by field: "FirstName", "Address.City", "Attributes.tier". Empty: the field is cleared.
using Fields = std::map<std::string, std::string>;
inline constexpr std::size_t kValueBytesMax = 1'000;

// {"FirstName": "Ada", "Address": {"City": "London"}, "Attributes": {"tier": null}}.
// Errors: invalid (a name that no profile has, a value that is no text, a number or address that is none).
[[nodiscard]] Result<Fields> read(const boost::json::object& body);
// As it stands; in the same shape. What cannot be opened is left out.
[[nodiscard]] boost::json::object show(Host& host, const customer::Profile& profile);
// [{"field", "value", "at", "by"}], the latest first, with what stands; cleared or unreadable values are null.
[[nodiscard]] boost::json::array history(Host& host, const customer::Profile& profile);

// By what a customer may be known beside the CustomerId. Errors: invalid.
[[nodiscard]] Result<Uuid> by_phone(Host& host, std::string_view number);
[[nodiscard]] Result<Uuid> by_email(Host& host, std::string_view address);
// The only customer whose profile has it; nil: nobody's has, or several.
[[nodiscard]] Uuid recognise(const World& world, const Uuid& pseudonym);

// What an order needs to know of the profile as it is.
struct Ground {
  KeyId key;           // that seals it; nil: none yet
  bool named = false;  // it holds the CustomerId
};
[[nodiscard]] Ground look(const World& world, const Uuid& person);
// `id`: the CustomerId, kept with the profile where it is known. Errors: unreachable (its key is not here yet).
[[nodiscard]] Result<Command> change(Host& host, const Uuid& command, const Uuid& person, const std::string& id,
                                     const Ground& ground, const Fields& fields, std::string by);

}  // namespace tandem::api::customers
