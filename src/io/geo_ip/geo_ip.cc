#include "io/geo_ip/geo_ip.h"

#include <arpa/inet.h>
#include <date/date.h>
#include <fmt/format.h>
#include <maxminddb.h>
#include <sys/stat.h>

#include <chrono>
#include <cmath>

namespace tandem::geo_ip {
namespace {

std::optional<double> degrees(MMDB_entry_s entry, const char* name) {
  MMDB_entry_data_s found;
  if (MMDB_get_value(&entry, &found, "location", name, nullptr) != MMDB_SUCCESS || !found.has_data) return std::nullopt;
  if (found.type == MMDB_DATA_TYPE_DOUBLE) return found.double_value;
  return std::nullopt;
}

// Names are no addresses, and are never looked up.
bool parse(const std::string& address, sockaddr_storage& out) {
  auto& four = reinterpret_cast<sockaddr_in&>(out);
  auto& six = reinterpret_cast<sockaddr_in6&>(out);
  if (::inet_pton(AF_INET, address.c_str(), &four.sin_addr) == 1) {
    four.sin_family = AF_INET;
    return true;
  }
  if (::inet_pton(AF_INET6, address.c_str(), &six.sin6_addr) != 1) return false;
  if (!IN6_IS_ADDR_V4MAPPED(&six.sin6_addr)) {
    six.sin6_family = AF_INET6;
    return true;
  }
  return parse(address.substr(address.rfind(':') + 1), out);  // "::ffff:192.0.2.1", as one socket for both calls it
}

}  // namespace

struct Database::Mapped {
  MMDB_s database{};
  Mapped() = default;
  Mapped(const Mapped&) = delete;
  Mapped& operator=(const Mapped&) = delete;
  ~Mapped() {
    if (database.file_content != nullptr) MMDB_close(&database);
  }
};

Result<Database> Database::open(const std::string& path) {
  struct stat file{};
  if (::stat(path.c_str(), &file) != 0 || !S_ISREG(file.st_mode)) {
    return fail(Errc::not_found, "there is no file " + path);
  }
  auto mapped = std::make_shared<Mapped>();
  const int status = MMDB_open(path.c_str(), MMDB_MODE_MMAP, &mapped->database);
  if (status != MMDB_SUCCESS) {
    mapped->database.file_content = nullptr;
    return fail(status == MMDB_FILE_OPEN_ERROR ? Errc::not_found : Errc::corrupt,
                "cannot read " + path + ": " + MMDB_strerror(status));
  }
  return Database(std::move(mapped));
}

std::optional<std::string> Database::place_of(const std::string& address) const {
  sockaddr_storage parsed{};
  if (!parse(address, parsed)) return std::nullopt;
  int wrong = MMDB_SUCCESS;
  MMDB_lookup_result_s found =
      MMDB_lookup_sockaddr(&mapped_->database, reinterpret_cast<const sockaddr*>(&parsed), &wrong);
  if (wrong != MMDB_SUCCESS || !found.found_entry) return std::nullopt;
  const auto latitude = degrees(found.entry, "latitude");
  const auto longitude = degrees(found.entry, "longitude");
  if (!latitude || !longitude || !(std::abs(*latitude) <= 90) || !(std::abs(*longitude) <= 180)) return std::nullopt;
  return fmt::format("{:.4f},{:.4f}", *latitude, *longitude);
}

std::string Database::about() const {
  const MMDB_metadata_s& metadata = mapped_->database.metadata;
  const std::chrono::sys_seconds built{std::chrono::seconds(metadata.build_epoch)};
  const std::string type = metadata.database_type == nullptr ? "of no type" : metadata.database_type;
  return type + ", built " + date::format("%F", date::floor<date::days>(built));
}

}  // namespace tandem::geo_ip
