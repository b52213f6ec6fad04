#include "io/key_store/key_store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdio>
#include <fstream>

namespace tandem {
namespace {

const std::string kCentre(32, 'k');
Uuid id(std::uint64_t n) { return derive_uuid({}, "key", n); }

// Goal: what one node seals another opens, until the key is erased. Method: two stores that share rows.
TEST(KeyStore, APseudonymIsTheSameInACentreAndAnotherElsewhere) {
  const KeyStore here(std::string(32, 'a'));
  const KeyStore there(std::string(32, 'a'));
  const KeyStore other(std::string(32, 'b'));
  EXPECT_EQ(here.pseudonym("C-1"), there.pseudonym("C-1"));
  EXPECT_NE(here.pseudonym("C-1"), here.pseudonym("C-2"));
  EXPECT_NE(here.pseudonym("C-1"), other.pseudonym("C-1"));
  EXPECT_EQ(here.pseudonym("C-1").text()[14], '8');
}

TEST(KeyStore, KnowsWhatIsErased) {
  KeyStore keys(std::string(32, 'a'));
  const auto [key, row] = keys.make(derive_uuid({}, "k"));
  EXPECT_FALSE(keys.erased(key));
  EXPECT_FALSE(keys.erased(KeyId{derive_uuid({}, "other")}));
  keys.erase(key);
  EXPECT_TRUE(keys.erased(key));
  keys.put(row);  // comes late, from a peer
  EXPECT_TRUE(keys.erased(key));
}

TEST(KeyStore, OpensElsewhereUntilErased) {
  KeyStore a(kCentre);
  KeyStore b(kCentre);
  const auto [key, row] = a.make(id(1));
  b.put(row);
  const Text sealed = *a.seal(key, "meine Nummer");
  EXPECT_TRUE(sealed.sealed());
  EXPECT_EQ(sealed.bytes.find("Nummer"), std::string::npos);
  EXPECT_EQ(*b.open(sealed), "meine Nummer");
  b.erase(key);
  EXPECT_EQ(b.open(sealed).error().code, Errc::not_found);
  b.put(row);  // a late row does not bring the customer back
  EXPECT_EQ(b.open(sealed).error().code, Errc::not_found);
}

TEST(KeyStore, RefusesDamagedTextAndForeignCentres) {
  KeyStore a(kCentre);
  KeyStore stranger(std::string(32, 'x'));
  const auto [key, row] = a.make(id(2));
  stranger.put(row);
  Text sealed = *a.seal(key, "words");
  EXPECT_EQ(stranger.open(sealed).error().code, Errc::corrupt);
  sealed.bytes[0] = static_cast<char>(sealed.bytes[0] ^ 1);
  EXPECT_EQ(a.open(sealed).error().code, Errc::corrupt);
  EXPECT_EQ(*a.open(Text::plain("open words")), "open words");
}

TEST(TokenSigner, VerifiesPurposeTimeAndCentre) {
  const TokenSigner signer(kCentre);
  const std::string token = signer.sign("participant", "contact-1", 1'000);
  EXPECT_EQ(*signer.verify("participant", token, 999), "contact-1");
  EXPECT_EQ(signer.verify("participant", token, 1'000).error().detail, "the token has expired");
  EXPECT_FALSE(signer.verify("connection", token, 1));
  EXPECT_FALSE(TokenSigner(std::string(32, 'x')).verify("participant", token, 1));
  for (const char* bad : {"", ".", "a.b", "a", "....", "%%%.%%%"}) EXPECT_FALSE(signer.verify("participant", bad, 1));
}

TEST(Secret, ComesFromAPrivateFileOrTheEnvironment) {
  const std::string path = testing::TempDir() + "/tandem-secret";
  std::ofstream(path) << "s3cret\n";
  ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
  EXPECT_EQ(read_secret("file:" + path).error().code, Errc::denied);
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  EXPECT_EQ(*read_secret("file:" + path), "s3cret");
  std::remove(path.c_str());
  EXPECT_EQ(read_secret("file:" + path).error().code, Errc::not_found);
  EXPECT_EQ(read_secret("env:TANDEM_NO_SUCH").error().code, Errc::not_found);
  EXPECT_EQ(read_secret("s3cret").error().code, Errc::invalid);
}

}  // namespace
}  // namespace tandem
