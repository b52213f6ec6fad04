#include <boost/json.hpp>
#include <cstdio>

#include <fmt/format.h>

#include "app/tandem/commands.h"
#include "app/tandem/exit_codes.h"

namespace tandem::cli {

int exit_code(Errc code) {
  switch (code) {
    case Errc::invalid:
      return kUsage;
    case Errc::unreachable:
      return kNotRunning;
    case Errc::not_found:
    case Errc::unauthenticated:
    case Errc::move_in_flight:
    case Errc::not_owner:
    case Errc::limit_exceeded:
      return kRefused;
    default:
      return kFailed;
  }
}

int complain(const Error& error, bool json) {
  if (json) {
    const boost::json::object out{{"error", errc_name(error.code)}, {"detail", error.detail}};
    fmt::print("{}\n", boost::json::serialize(out));
  } else {
    fmt::print(stderr, "tandem: {}\n", error.detail);
  }
  return exit_code(error.code);
}

std::string shell_word(const std::string& text) {
  constexpr const char* kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=@%+,";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

}  // namespace tandem::cli
