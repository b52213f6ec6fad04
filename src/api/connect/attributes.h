// Contact attributes on their way in: judged, and sealed where they are personal.
#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <set>
#include <string>

#include "api/host.h"

namespace tandem::api::connect {

inline constexpr std::size_t kAttributeBytesMax = 32'768;  // of all keys and values of a contact

// The member `Attributes`, or nothing of it. Errors: invalid (a key has other characters than letters, digits, '-' and
// '_'; together they are too long).
[[nodiscard]] Result<std::map<std::string, std::string>> read_attributes(const boost::json::object& input);

// What attributes say of the customer (docs/api.md): where he is, for the choice of a region; and who.
inline constexpr char kCaller[] = "tandem-caller";      // a number in E.164, or "latitude,longitude"
inline constexpr char kCustomer[] = "tandem-customer";  // a CustomerId, for operations that take none
inline constexpr char kPhone[] = "tandem-phone";
inline constexpr char kEmail[] = "tandem-email";

// Which attributes are personal: those, and those the instance's document marks with personal.<attribute>.
class Personal {
 public:
  Personal(const World& world, const Uuid& instance);
  // A contact without a key has nothing to seal with, and then nothing is kept sealed.
  [[nodiscard]] std::map<std::string, Text> seal(Host& host, KeyId key,
                                                 const std::map<std::string, std::string>& values) const;

 private:
  std::set<std::string> names_;
};

}  // namespace tandem::api::connect
