// Goal: addresses get their places, and no file makes the reader do anything but say so.
// Method: databases that the test writes itself, whole, cut at every length, and with single bytes changed.
#include "io/geo_ip/geo_ip.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <filesystem>
#include <fstream>
#include <vector>

#include "base/rng.h"

namespace tandem::geo_ip {
namespace {

namespace fs = std::filesystem;

// A writer of the format: a binary tree of 24-bit records, a data section, metadata.
class Writer {
 public:
  // "2001:db8::/32" or "192.0.2.0/24"; IPv4 is ::/96.
  void add(const std::string& network, const std::string& data) {
    const auto slash = network.find('/');
    const std::string address = network.substr(0, slash);
    std::size_t bits = std::stoul(network.substr(slash + 1));
    std::array<unsigned char, 16> bytes{};
    if (::inet_pton(AF_INET, address.c_str(), bytes.data() + 12) == 1) {
      bits += 96;
    } else {
      ASSERT_EQ(::inet_pton(AF_INET6, address.c_str(), bytes.data()), 1);
    }
    std::size_t node = 0;
    for (std::size_t bit = 0; bit < bits; ++bit) {
      const std::size_t side = bytes[bit / 8] >> (7 - bit % 8) & 1;
      if (bit + 1 == bits) {
        nodes_[node][side] = -2 - static_cast<long>(data_.size());
      } else if (nodes_[node][side] >= 0) {
        node = static_cast<std::size_t>(nodes_[node][side]);
      } else {
        nodes_[node][side] = static_cast<long>(nodes_.size());
        node = nodes_.size();
        nodes_.push_back({-1, -1});
      }
    }
    data_ += data;
  }
  [[nodiscard]] std::string bytes() const {
    std::string out;
    for (const auto& node : nodes_) {
      for (const long record : node) {
        const auto count = static_cast<long>(nodes_.size());
        const long value = record == -1 ? count : (record >= 0 ? record : count + 16 + (-2 - record));
        for (const int shift : {16, 8, 0}) out += static_cast<char>(value >> shift & 0xff);
      }
    }
    out += std::string(16, '\0') + data_ + "\xab\xcd\xefMaxMind.com";
    return out + map(9) + text("node_count") + number(6, nodes_.size(), 4) + text("record_size") + number(5, 24, 2) +
           text("ip_version") + number(5, 6, 2) + text("database_type") + text("Test-City") + text("languages") +
           std::string("\0\x04", 2) + text("binary_format_major_version") + number(5, 2, 2) +
           text("binary_format_minor_version") + number(5, 0, 2) + text("build_epoch") + std::string("\x08\x02", 2) +
           number(0, 1'790'000'000, 8).substr(1) + text("description") + map(0);
  }

  static std::string text(const std::string& value) { return static_cast<char>(2 << 5 | value.size()) + value; }
  static std::string map(std::size_t pairs) { return {static_cast<char>(7 << 5 | pairs)}; }
  static std::string real(double value) {
    return static_cast<char>(3 << 5 | 8) + big(std::bit_cast<std::uint64_t>(value), 8);
  }
  static std::string place(double latitude, double longitude) {
    return map(1) + text("location") + map(2) + text("latitude") + real(latitude) + text("longitude") + real(longitude);
  }

 private:
  static std::string big(std::uint64_t value, std::size_t size) {
    std::string out;
    for (std::size_t n = size; n-- > 0;) out += static_cast<char>(value >> n * 8 & 0xff);
    return out;
  }
  static std::string number(int type, std::uint64_t value, std::size_t size) {
    return static_cast<char>(type << 5 | static_cast<int>(size)) + big(value, size);
  }
  std::vector<std::array<long, 2>> nodes_{{-1, -1}};  // -1: nothing; below: data at -2 - offset
  std::string data_;
};

class GeoIp : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "tandem-geo-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    dir = name;
    writer.add("192.0.2.0/24", Writer::place(52.52, 13.405));
    writer.add("198.51.100.128/25", Writer::place(-33.9, 151.2));
    writer.add("203.0.113.0/24", Writer::map(1) + Writer::text("country") + Writer::map(0));
    writer.add("100.64.0.0/10", Writer::place(1000, 13));
    writer.add("2001:db8::/32", Writer::place(37.77, -122.42));
  }
  void TearDown() override { fs::remove_all(dir); }
  Result<Database> open(const std::string& bytes) {
    const std::string path = dir / ("file" + std::to_string(files_++));  // a mapped file is not written over
    std::ofstream(path, std::ios::binary) << bytes;
    auto out = Database::open(path);
    fs::remove(path);
    return out;
  }
  fs::path dir;
  Writer writer;

 private:
  int files_ = 0;
};

TEST_F(GeoIp, AddressesHavePlaces) {
  const auto database = open(writer.bytes());
  ASSERT_TRUE(database) << database.error().detail;
  EXPECT_EQ(database->place_of("192.0.2.7"), "52.5200,13.4050");
  EXPECT_EQ(database->place_of("::ffff:192.0.2.7"), "52.5200,13.4050");
  EXPECT_EQ(database->place_of("198.51.100.200"), "-33.9000,151.2000");
  EXPECT_EQ(database->place_of("2001:db8:1::1"), "37.7700,-122.4200");
  for (const char* unknown : {"198.51.100.1", "203.0.113.1", "100.64.0.1", "127.0.0.1", "::1", "", "localhost", "+4930",
                              "52.5,13.4", "192.0.2", "192.0.2.7 "}) {
    EXPECT_EQ(database->place_of(unknown), std::nullopt) << unknown;
  }
  EXPECT_EQ(database->about(), "Test-City, built 2026-09-21");
}

TEST_F(GeoIp, WhatIsNoDatabaseIsNamed) {
  const auto missing = Database::open(dir / "missing.mmdb");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Errc::not_found);
  EXPECT_NE(missing.error().detail.find("missing.mmdb"), std::string::npos);
  EXPECT_EQ(Database::open(dir).error().code, Errc::not_found);
  for (const std::string& bytes : {std::string(), std::string("text"), std::string(1000, 'x')}) {
    const auto damaged = open(bytes);
    ASSERT_FALSE(damaged);
    EXPECT_EQ(damaged.error().code, Errc::corrupt);
  }
}

TEST_F(GeoIp, DamageIsRefusedOrGivesPlacesOnEarth) {
  const std::string whole = writer.bytes();
  const auto ask = [](const Result<Database>& database) {
    if (!database) return;
    for (const char* address : {"192.0.2.7", "198.51.100.200", "203.0.113.1", "2001:db8::1", "8.8.8.8"}) {
      const auto place = database->place_of(address);
      EXPECT_LT(place.value_or("").size(), 24U);
    }
  };
  for (std::size_t length = 0; length < whole.size(); length += 7) ask(open(whole.substr(0, length)));
  Rng rng{1};
  for (int n = 0; n < 500; ++n) {
    std::string damaged = whole;
    damaged[rng.below(damaged.size())] = static_cast<char>(rng.below(256));
    ask(open(damaged));
  }
}

}  // namespace
}  // namespace tandem::geo_ip
