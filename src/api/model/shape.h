// Writes an operation's answer as its description shapes it.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <string>

#include "api/model/description.h"
#include "base/error.h"

namespace tandem::model {

// The JSON body for `output`. Null members are left out. Timestamps are written as seconds with up to three decimals.
// Lengths are not looked at: what we stored is answered as it is.
// Errors: internal, naming a member that is not described, of another type, no value of its enum, or missing though
// required. That is a handler's mistake, and its caller gets an error rather than an answer clients may misread.
[[nodiscard]] Result<std::string> shape(const Operation& operation, const boost::json::object& output);

// A timestamp member's value.
using Milliseconds = std::chrono::sys_time<std::chrono::milliseconds>;
[[nodiscard]] boost::json::value timestamp(Milliseconds at);
// The moment a validated timestamp member names.
[[nodiscard]] Milliseconds moment(const boost::json::value& timestamp);

}  // namespace tandem::model
