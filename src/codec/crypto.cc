#include "codec/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <array>
#include <memory>

#include "base/check.h"

namespace tandem::crypto {
namespace {

const unsigned char* bytes_of(std::string_view s) { return reinterpret_cast<const unsigned char*>(s.data()); }
unsigned char* bytes_of(std::string& s) { return reinterpret_cast<unsigned char*>(s.data()); }

int int_size(std::string_view s) {
  TANDEM_CHECK(s.size() <= 1U << 30);  // OpenSSL counts in int
  return static_cast<int>(s.size());
}

// OpenSSL 3 looks an algorithm up by name on every use unless it was fetched once; that costs more than a short hash.
const EVP_MD* sha256_md() {
  static const EVP_MD* const md = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  TANDEM_CHECK(md != nullptr);
  return md;
}

const EVP_CIPHER* gcm_cipher() {
  static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  TANDEM_CHECK(cipher != nullptr);
  return cipher;
}

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* c) const { EVP_CIPHER_CTX_free(c); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

std::string digest(const EVP_MD* md, std::string_view bytes) {
  std::string out(static_cast<std::size_t>(EVP_MD_get_size(md)), '\0');
  TANDEM_CHECK(EVP_Digest(bytes.data(), bytes.size(), bytes_of(out), nullptr, md, nullptr) == 1);
  return out;
}

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase64Url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string encode64(std::string_view bytes, std::string_view alphabet, bool pad) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = bytes.size() - i;
    std::uint32_t block = static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << 16;
    if (left > 1) block |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i + 1])) << 8;
    if (left > 2) block |= static_cast<unsigned char>(bytes[i + 2]);
    out.push_back(alphabet[block >> 18]);
    out.push_back(alphabet[block >> 12 & 63]);
    if (left > 1) out.push_back(alphabet[block >> 6 & 63]);
    if (left > 2) out.push_back(alphabet[block & 63]);
  }
  while (pad && out.size() % 4 != 0) out.push_back('=');
  return out;
}

std::optional<std::string> decode64(std::string_view text, std::string_view alphabet) {
  std::array<int, 256> values;
  values.fill(-1);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    values[static_cast<unsigned char>(alphabet[i])] = static_cast<int>(i);
  if (text.size() % 4 == 1) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t block = 0;
  int bits = 0;
  for (const char c : text) {
    const int value = values[static_cast<unsigned char>(c)];
    if (value < 0) return std::nullopt;
    block = (block << 6 | static_cast<std::uint32_t>(value)) & 0xffffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out.push_back(static_cast<char>(block >> bits & 0xff));
    }
  }
  // Left-over bits must be zero: otherwise two texts would mean the same bytes.
  if ((block & ((1U << bits) - 1)) != 0) return std::nullopt;
  return out;
}

}  // namespace

std::string sha256(std::string_view bytes) { return digest(sha256_md(), bytes); }

std::string sha1(std::string_view bytes) { return digest(EVP_sha1(), bytes); }

std::string hmac_sha256(std::string_view key, std::string_view bytes) {
  std::string out(32, '\0');
  unsigned int size = 0;
  TANDEM_CHECK(HMAC(sha256_md(), key.data(), int_size(key), bytes_of(bytes), bytes.size(), bytes_of(out), &size) !=
               nullptr);
  return out;
}

std::string hkdf_sha256(std::string_view secret, std::string_view salt, std::string_view info, std::size_t bytes) {
  TANDEM_CHECK(bytes <= 255 * 32);
  const std::string key = hmac_sha256(salt, secret);
  std::string out;
  std::string block;
  for (char count = 1; out.size() < bytes; ++count) {
    block.append(info).push_back(count);
    block = hmac_sha256(key, block);
    out += block;
  }
  out.resize(bytes);
  return out;
}

std::string hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    out.push_back(digits[static_cast<unsigned char>(c) >> 4]);
    out.push_back(digits[static_cast<unsigned char>(c) & 15]);
  }
  return out;
}

std::optional<std::string> unhex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  const auto value = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  std::string out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = value(text[i]);
    const int low = value(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<char>(high << 4 | low));
  }
  return out;
}

std::string base64(std::string_view bytes) { return encode64(bytes, kBase64, true); }

std::optional<std::string> unbase64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  for (int pads = 0; pads < 2 && !text.empty() && text.back() == '='; ++pads) text.remove_suffix(1);
  return decode64(text, kBase64);
}

std::string base64url(std::string_view bytes) { return encode64(bytes, kBase64Url, false); }

std::optional<std::string> unbase64url(std::string_view text) { return decode64(text, kBase64Url); }

std::string seal(std::string_view key, std::string_view nonce, std::string_view aad, std::string_view plain) {
  TANDEM_CHECK(key.size() == kKeyBytes && nonce.size() == kNonceBytes);
  const Cipher cipher(EVP_CIPHER_CTX_new());
  std::string out(plain.size() + kTagBytes, '\0');
  int size = 0;
  const bool done =
      EVP_EncryptInit_ex2(cipher.get(), gcm_cipher(), bytes_of(key), bytes_of(nonce), nullptr) == 1 &&
      (aad.empty() || EVP_EncryptUpdate(cipher.get(), nullptr, &size, bytes_of(aad), int_size(aad)) == 1) &&
      (plain.empty() || EVP_EncryptUpdate(cipher.get(), bytes_of(out), &size, bytes_of(plain), int_size(plain)) == 1) &&
      EVP_EncryptFinal_ex(cipher.get(), bytes_of(out) + plain.size(), &size) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes, bytes_of(out) + plain.size()) == 1;
  TANDEM_CHECK(done);
  return out;
}

std::optional<std::string> open(std::string_view key, std::string_view nonce, std::string_view aad,
                                std::string_view sealed) {
  if (key.size() != kKeyBytes || nonce.size() != kNonceBytes || sealed.size() < kTagBytes) return std::nullopt;
  const std::string_view body = sealed.substr(0, sealed.size() - kTagBytes);
  std::string tag(sealed.substr(body.size()));
  const Cipher cipher(EVP_CIPHER_CTX_new());
  std::string out(body.size() + 1, '\0');  // room that Final may point at
  int size = 0;
  const bool done =
      EVP_DecryptInit_ex2(cipher.get(), gcm_cipher(), bytes_of(key), bytes_of(nonce), nullptr) == 1 &&
      (aad.empty() || EVP_DecryptUpdate(cipher.get(), nullptr, &size, bytes_of(aad), int_size(aad)) == 1) &&
      (body.empty() || EVP_DecryptUpdate(cipher.get(), bytes_of(out), &size, bytes_of(body), int_size(body)) == 1) &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(cipher.get(), bytes_of(out) + body.size(), &size) == 1;
  if (!done) return std::nullopt;
  out.resize(body.size());
  return out;
}

std::string random_bytes(std::size_t count) {
  std::string out(count, '\0');
  TANDEM_CHECK(RAND_bytes(bytes_of(out), int_size(out)) == 1);
  return out;
}

bool equal_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace tandem::crypto
