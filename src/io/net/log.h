// Where the sockets' modules report to. The daemon hands them a function that ends in its own log.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace tandem::net {

// `level`: "info", "warn" or "error". Called from any thread; must not wait.
using Log = std::function<void(std::string_view level, std::string text)>;

}  // namespace tandem::net
