#include "io/key_store/key_store.h"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "codec/crypto.h"

namespace tandem {
namespace {

std::string_view bytes_of(const Uuid& id) { return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()}; }

}  // namespace

KeyStore::KeyStore(const std::string& centre_key)
    : wrapping_(crypto::hkdf_sha256(centre_key, "tandem", "key wrapping", crypto::kKeyBytes)),
      naming_(crypto::hkdf_sha256(centre_key, "tandem", "pseudonyms", crypto::kKeyBytes)) {}

Uuid KeyStore::pseudonym(std::string_view words) const {
  const std::string hash = crypto::hmac_sha256(naming_, std::string(words));
  Uuid out;
  std::copy_n(hash.begin(), out.bytes.size(), out.bytes.begin());
  out.bytes[6] = static_cast<std::uint8_t>((out.bytes[6] & 0x0f) | 0x80);
  out.bytes[8] = static_cast<std::uint8_t>((out.bytes[8] & 0x3f) | 0x80);
  return out;
}

std::pair<KeyId, cluster::KeyRow> KeyStore::make(Uuid id) {
  const std::string key = crypto::random_bytes(crypto::kKeyBytes);
  const std::string nonce = crypto::random_bytes(crypto::kNonceBytes);
  cluster::KeyRow row{KeyId{id}, nonce + crypto::seal(wrapping_, nonce, bytes_of(id), key), false};
  put(row);
  return {row.key, row};
}

void KeyStore::put(const cluster::KeyRow& row) {
  const std::lock_guard lock(mutex_);
  const auto [at, fresh] = wrapped_.try_emplace(row.key);
  if (row.erased) {
    at->second.reset();
  } else if (fresh) {
    at->second = row.wrapped;
  }
}

void KeyStore::erase(KeyId key) {
  const std::lock_guard lock(mutex_);
  wrapped_[key].reset();
}

bool KeyStore::erased(KeyId key) const {
  const std::lock_guard lock(mutex_);
  const auto at = wrapped_.find(key);
  return at != wrapped_.end() && !at->second;
}

std::size_t KeyStore::size() const {
  const std::lock_guard lock(mutex_);
  return wrapped_.size();
}

Result<std::string> KeyStore::unwrap(KeyId key) const {
  std::string wrapped;
  {
    const std::lock_guard lock(mutex_);
    const auto at = wrapped_.find(key);
    if (at == wrapped_.end()) return fail(Errc::not_found, "no key " + key.value().text());
    if (!at->second) return fail(Errc::not_found, "the key is erased");
    wrapped = *at->second;
  }
  if (wrapped.size() < crypto::kNonceBytes) return fail(Errc::corrupt, "a wrapped key is too short");
  const auto plain = crypto::open(wrapping_, wrapped.substr(0, crypto::kNonceBytes), bytes_of(key.value()),
                                  std::string_view(wrapped).substr(crypto::kNonceBytes));
  if (!plain) return fail(Errc::corrupt, "a wrapped key is damaged, or another centre's");
  return *plain;
}

Result<Text> KeyStore::seal(KeyId key, std::string_view plain) const {
  const auto secret = unwrap(key);
  if (!secret) return std::unexpected(secret.error());
  Text out{key, crypto::random_bytes(crypto::kNonceBytes), {}};
  out.bytes = crypto::seal(*secret, out.nonce, bytes_of(key.value()), plain);
  return out;
}

Result<std::string> KeyStore::open(const Text& text) const {
  if (!text.sealed()) return text.bytes;
  if (text.nonce.size() != crypto::kNonceBytes) return fail(Errc::corrupt, "sealed text without its nonce");
  const auto secret = unwrap(text.key);
  if (!secret) return std::unexpected(secret.error());
  const auto plain = crypto::open(*secret, text.nonce, bytes_of(text.key.value()), text.bytes);
  if (!plain) return fail(Errc::corrupt, "sealed text is damaged");
  return *plain;
}

TokenSigner::TokenSigner(const std::string& centre_key)
    : key_(crypto::hkdf_sha256(centre_key, "tandem", "tokens", crypto::kKeyBytes)) {}

std::string TokenSigner::sign(std::string_view purpose, std::string_view payload, std::uint64_t expires_ms) const {
  const std::string body = std::string(purpose) + '\n' + std::to_string(expires_ms) + '\n' + std::string(payload);
  return crypto::base64url(body) + '.' + crypto::base64url(crypto::hmac_sha256(key_, body));
}

Result<std::string> TokenSigner::verify(std::string_view purpose, std::string_view token, std::uint64_t now_ms) const {
  const auto dot = token.find('.');
  const auto none = [](const char* why) { return fail(Errc::unauthenticated, why); };
  if (dot == std::string_view::npos) return none("not a token of this centre");
  const auto body = crypto::unbase64url(token.substr(0, dot));
  const auto mac = crypto::unbase64url(token.substr(dot + 1));
  if (!body || !mac || !crypto::equal_constant_time(*mac, crypto::hmac_sha256(key_, *body))) {
    return none("not a token of this centre");
  }
  const auto first = body->find('\n');
  const auto second = first == std::string::npos ? first : body->find('\n', first + 1);
  if (second == std::string::npos || std::string_view(*body).substr(0, first) != purpose) {
    return none("a token for another purpose");
  }
  std::uint64_t expires = 0;
  std::from_chars(body->data() + first + 1, body->data() + second, expires);
  if (expires <= now_ms) return none("the token has expired");
  return body->substr(second + 1);
}

Result<std::string> read_secret(const std::string& reference) {
  if (reference.starts_with("env:")) {
    const char* value = std::getenv(reference.c_str() + 4);
    if (value == nullptr) return fail(Errc::not_found, "the environment has no " + reference.substr(4));
    return std::string(value);
  }
  if (!reference.starts_with("file:")) return fail(Errc::invalid, "a secret is given as file:PATH or env:NAME");
  const std::string path = reference.substr(5);
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return fail(Errc::not_found, "cannot read " + path);
  if ((info.st_mode & 077) != 0) return fail(Errc::denied, path + " may be read by others; its mode must be 0600");
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  if (!in) return fail(Errc::not_found, "cannot read " + path);
  std::string value = out.str();
  while (!value.empty() && (value.back() == '\n' || value.back() == '\r')) value.pop_back();
  return value;
}

}  // namespace tandem
