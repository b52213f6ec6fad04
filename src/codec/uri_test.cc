// Goal: percent-encoding keeps every byte, and bad encoding is told from good.
// Method: tables of both.
#include "codec/uri.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace tandem {
namespace uri_test {

TEST(Uri, EncodesStrictly) {
  EXPECT_EQ(uri::encode("aZ09-._~ /\xe1\xff"), "aZ09-._~%20%2F%E1%FF");
  EXPECT_EQ(uri::encode("a/b c", "/"), "a/b%20c");
}

TEST(Uri, DecodesWhatIsWellEncoded) {
  EXPECT_EQ(uri::decode("a%2fb%2F+c"), "a/b/+c");
  for (const char* bad : {"%", "%2", "a%zz", "%2g"}) EXPECT_FALSE(uri::decode(bad).has_value()) << bad;
}

TEST(Uri, ParsesQueries) {
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(uri::parse_query(""), Pairs());
  EXPECT_EQ(uri::parse_query("a=1&b&&c=x%3Dy&a=2"), (Pairs{{"a", "1"}, {"b", ""}, {"c", "x=y"}, {"a", "2"}}));
  EXPECT_EQ(uri::parse_query("nextToken=a=b"), (Pairs{{"nextToken", "a=b"}}));
  EXPECT_FALSE(uri::parse_query("a=%x").has_value());
}

TEST(Uri, KeepsAnEncodedSlashInsideItsSegment) {
  using Parts = std::vector<std::string>;
  EXPECT_EQ(uri::path_segments("/tags/arn%3Aaws%3Ax%2Fy/z/"), (Parts{"tags", "arn:aws:x/y", "z"}));
  EXPECT_EQ(uri::path_segments("/"), Parts());
  EXPECT_FALSE(uri::path_segments("/a%").has_value());
}

}  // namespace uri_test
}  // namespace tandem
