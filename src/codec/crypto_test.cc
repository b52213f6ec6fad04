// Goal: digests, seals and encodings agree with the published ones, and nothing opens that was not sealed so.
// Method: vectors of FIPS 180, RFC 4231, RFC 5869, RFC 4648 and the GCM paper; then one flipped bit at a time.
#include "codec/crypto.h"

#include <gtest/gtest.h>

#include <string>

namespace tandem {
namespace crypto_test {

using namespace std::string_literals;

TEST(Crypto, DigestsAgreeWithTheirStandards) {
  EXPECT_EQ(crypto::hex(crypto::sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(crypto::hex(crypto::sha1("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(crypto::hex(crypto::hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  const std::string secret(22, '\x0b');
  const std::string salt = crypto::unhex("000102030405060708090a0b0c").value();
  const std::string info = crypto::unhex("f0f1f2f3f4f5f6f7f8f9").value();
  EXPECT_EQ(crypto::hex(crypto::hkdf_sha256(secret, salt, info, 42)),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
}

TEST(Crypto, EncodingsRoundTripAndAreStrict) {
  const std::pair<const char*, const char*> pairs[] = {{"", ""},
                                                       {"f", "Zg=="},
                                                       {"fo", "Zm8="},
                                                       {"foo", "Zm9v"},
                                                       {"foob", "Zm9vYg=="},
                                                       {"fooba", "Zm9vYmE="},
                                                       {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, text] : pairs) {
    EXPECT_EQ(crypto::base64(plain), text);
    EXPECT_EQ(crypto::unbase64(text), plain);
  }
  EXPECT_EQ(crypto::base64url("\xfb\xff"), "-_8");
  EXPECT_EQ(crypto::unbase64url("-_8"), "\xfb\xff");
  for (const char* bad : {"Z", "Zg=", "Zg", "Zh==", "Z===", "Zm 9", "Zm9v="}) {
    EXPECT_FALSE(crypto::unbase64(bad).has_value()) << bad;
  }
  EXPECT_FALSE(crypto::unbase64url("-_9").has_value());
  EXPECT_EQ(crypto::unhex("00ffA0"), "\x00\xff\xa0"s);
  EXPECT_FALSE(crypto::unhex("0").has_value());
  EXPECT_FALSE(crypto::unhex("0g").has_value());
}

TEST(Crypto, SealsAsAesGcmDoes) {
  const std::string key(32, '\0');
  const std::string nonce(12, '\0');
  EXPECT_EQ(crypto::hex(crypto::seal(key, nonce, "", "")), "530f8afbc74536b9a963b4f1c4cb738b");
  EXPECT_EQ(crypto::hex(crypto::seal(key, nonce, "", std::string(16, '\0'))),
            "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
}

TEST(Crypto, OpensOnlyWhatWasSealedSo) {
  const std::string key = crypto::random_bytes(crypto::kKeyBytes);
  const std::string nonce = crypto::random_bytes(crypto::kNonceBytes);
  const std::string sealed = crypto::seal(key, nonce, "contact 1", "hello");
  EXPECT_EQ(crypto::open(key, nonce, "contact 1", sealed), "hello");
  EXPECT_EQ(crypto::open(key, nonce, "", crypto::seal(key, nonce, "", "")), "");
  EXPECT_FALSE(crypto::open(key, nonce, "contact 2", sealed).has_value());
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    std::string damaged = sealed;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(crypto::open(key, nonce, "contact 1", damaged).has_value()) << bit;
  }
  std::string other = key;
  other[0] = static_cast<char>(other[0] ^ 1);
  EXPECT_FALSE(crypto::open(other, nonce, "contact 1", sealed).has_value());
  EXPECT_FALSE(crypto::open("short", nonce, "contact 1", sealed).has_value());
  EXPECT_FALSE(crypto::open(key, nonce, "contact 1", "short").has_value());
}

TEST(Crypto, ComparesAndDraws) {
  EXPECT_TRUE(crypto::equal_constant_time("abc", "abc"));
  EXPECT_FALSE(crypto::equal_constant_time("abc", "abd"));
  EXPECT_FALSE(crypto::equal_constant_time("abc", "ab"));
  EXPECT_NE(crypto::random_bytes(16), crypto::random_bytes(16));
  EXPECT_EQ(crypto::random_bytes(0), "");
}

}  // namespace crypto_test
}  // namespace tandem
