// Routing criteria between the API's JSON and core/contact/criteria.h.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>

#include "base/error.h"
#include "core/contact/contact.h"

namespace tandem::api::connect {

// A Level or ProficiencyLevel in tenths. Errors: invalid (out of 1 to 5, or with more than one decimal).
[[nodiscard]] Result<std::uint32_t> tenths_of_level(double level);

// RoutingCriteriaInput. Agents are named by their ids, and whether they are there is not looked at.
// Errors: invalid, naming what is wrong.
[[nodiscard]] Result<contact::Criteria> read_criteria(const boost::json::object& input);

// RoutingCriteria of a contact record: each step, and how it stands at `now`. Nothing for a contact without criteria.
[[nodiscard]] std::optional<boost::json::object> describe_criteria(const contact::Contact& contact, Hlc now);

}  // namespace tandem::api::connect
