// A database of places by address, in MaxMind's format (GeoLite2-City and its like).
// Source: MaxMind DB File Format Specification, version 2.0.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/error.h"

namespace tandem::geo_ip {

class Database {
 public:
  // The file is mapped: a newer one takes its place by a rename, and counts from the next start on.
  // Errors: not_found, corrupt; `detail` names the file.
  [[nodiscard]] static Result<Database> open(const std::string& path);

  // "latitude,longitude" of an IPv4 or IPv6 address, from any thread. Nothing: no address, or no place known for it.
  [[nodiscard]] std::optional<std::string> place_of(const std::string& address) const;
  // Its type, and the day on which it was built.
  [[nodiscard]] std::string about() const;

 private:
  struct Mapped;
  explicit Database(std::shared_ptr<const Mapped> mapped) : mapped_(std::move(mapped)) {}
  std::shared_ptr<const Mapped> mapped_;
};

}  // namespace tandem::geo_ip
