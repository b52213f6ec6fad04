#include "io/pki/pki.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string_view>
#include <utility>

#include "base/check.h"

namespace tandem::pki {
namespace {

template <auto kFree>
struct Free {
  template <class T>
  void operator()(T* p) const {
    kFree(p);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Bio = std::unique_ptr<BIO, Free<BIO_free_all>>;

constexpr long kAuthorityDays = 3650;
constexpr long kNodeDays = 825;               // the most that browsers and Apple's clients accept of a local authority
constexpr long kBackdatedSeconds = 10L * 60;  // the clocks of other machines may be behind

Errc errc_of(int code) {
  switch (code) {
    case EACCES:
    case EPERM:
    case EROFS:
      return Errc::denied;
    case EEXIST:
      return Errc::already_exists;
    case ENOENT:
      return Errc::not_found;
    default:
      return Errc::refused;
  }
}

std::unexpected<Error> file_error(const std::string& path, int code) {
  return fail(errc_of(code), path + ": " + std::strerror(code));
}

// Never over an existing file, and never half a one: written beside it, synced, then linked into place.
Result<void> write_new(const std::string& path, std::string_view bytes, mode_t mode) {
  const std::string beside = path + ".new";
  ::unlink(beside.c_str());
  const int fd = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd < 0) return file_error(path, errno);
  int error = 0;
  for (std::size_t at = 0; at < bytes.size() && error == 0;) {
    const ssize_t put = ::write(fd, bytes.data() + at, bytes.size() - at);
    if (put > 0) at += static_cast<std::size_t>(put);
    if (put < 0 && errno != EINTR) error = errno;
  }
  if (error == 0 && ::fsync(fd) != 0) error = errno;
  ::close(fd);
  if (error == 0 && ::link(beside.c_str(), path.c_str()) != 0) error = errno;
  ::unlink(beside.c_str());
  if (error != 0) return file_error(path, error);
  return {};
}

Result<void> must_be_free(const std::string& path) {
  struct stat info{};
  if (::lstat(path.c_str(), &info) == 0) return fail(Errc::already_exists, path + " is already there");
  if (errno != ENOENT) return file_error(path, errno);
  return {};
}

Result<Bio> open_to_read(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    const int cause = errno;
    if (cause == ENOENT) return fail(Errc::not_found, path + " is not there: make an authority first");
    return file_error(path, cause);
  }
  Bio bio(BIO_new_fd(fd, BIO_CLOSE));
  TANDEM_CHECK(bio != nullptr);
  return bio;
}

std::string bytes_of(const Bio& memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

std::string pem_of(EVP_PKEY* key) {
  const Bio memory(BIO_new(BIO_s_mem()));
  TANDEM_CHECK(PEM_write_bio_PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return bytes_of(memory);
}

std::string pem_of(X509* certificate) {
  const Bio memory(BIO_new(BIO_s_mem()));
  TANDEM_CHECK(PEM_write_bio_X509(memory.get(), certificate) == 1);
  return bytes_of(memory);
}

Key make_key() {
  Key key(EVP_EC_gen("P-256"));
  TANDEM_CHECK(key != nullptr);
  return key;
}

// What authority and node certificates have in common.
Certificate make_certificate(EVP_PKEY* key, const std::string& name, long days) {
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  std::array<unsigned char, 16> serial{};
  TANDEM_CHECK(RAND_bytes(serial.data(), serial.size()) == 1);
  serial[0] &= 0x7f;  // positive
  serial[0] |= 0x40;  // and of full length
  const std::unique_ptr<BIGNUM, Free<BN_free>> number(BN_bin2bn(serial.data(), serial.size(), nullptr));
  BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate.get()));
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kBackdatedSeconds);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), days * 24 * 60 * 60);
  X509_NAME* const subject = X509_get_subject_name(certificate.get());
  const auto add = [&](const char* field, const std::string& value) {
    TANDEM_CHECK(X509_NAME_add_entry_by_txt(subject, field, MBSTRING_UTF8,
                                            reinterpret_cast<const unsigned char*>(value.data()),
                                            static_cast<int>(value.size()), -1, 0) == 1);
  };
  add("O", "Tandem");
  add("CN", name);
  TANDEM_CHECK(X509_set_pubkey(certificate.get(), key) == 1);
  return certificate;
}

void extend(X509* certificate, X509* issuer, int what, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str());
  TANDEM_CHECK(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

void sign(X509* certificate, EVP_PKEY* with) { TANDEM_CHECK(X509_sign(certificate, with, EVP_sha256()) > 0); }

bool letters(std::string_view text, std::string_view also) {
  if (text.empty()) return false;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!plain && also.find(c) == std::string_view::npos) return false;
  }
  return true;
}

// "DNS:..." or "IP:..." as an alternative name.
Result<std::string> alternative_name(const std::string& host) {
  std::array<unsigned char, 16> address{};
  if (::inet_pton(AF_INET, host.c_str(), address.data()) == 1 ||
      ::inet_pton(AF_INET6, host.c_str(), address.data()) == 1) {
    return "IP:" + host;
  }
  if (!letters(host, "-._*") || host.size() > 253)
    return fail(Errc::invalid, "neither a DNS name nor an IP address: " + host);
  return "DNS:" + host;
}

}  // namespace

Result<Issued> init(const std::string& dir) {
  std::error_code error;
  std::filesystem::create_directories(dir, error);
  if (error) return file_error(dir, error.value());
  Issued files{dir + "/ca.pem", dir + "/ca.key"};
  for (const std::string& path : {files.key_file, files.cert_file}) {
    if (auto is_free = must_be_free(path); !is_free) return std::unexpected(is_free.error());
  }
  const Key key = make_key();
  const Certificate authority = make_certificate(key.get(), "Tandem local authority", kAuthorityDays);
  X509_set_issuer_name(authority.get(), X509_get_subject_name(authority.get()));
  extend(authority.get(), authority.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  extend(authority.get(), authority.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  extend(authority.get(), authority.get(), NID_subject_key_identifier, "hash");
  sign(authority.get(), key.get());
  if (auto written = write_new(files.key_file, pem_of(key.get()), 0600); !written) {
    return std::unexpected(written.error());
  }
  if (auto written = write_new(files.cert_file, pem_of(authority.get()), 0644); !written) {
    ::unlink(files.key_file.c_str());
    return std::unexpected(written.error());
  }
  return files;
}

Result<Issued> issue(const std::string& dir, NodeId node, const std::string& name,
                     const std::vector<std::string>& hosts) {
  if (node.value() == 0) return fail(Errc::invalid, "node id 0 is nobody");
  if (!letters(name, "-_.") || name.front() == '.' || name == "ca" || name.size() > 64) {
    return fail(Errc::invalid, "not a name for a certificate's files: " + name);
  }
  std::string names = "URI:tandem:node:" + std::to_string(node.value());
  for (const std::string& host : hosts) {
    const auto alternative = alternative_name(host);
    if (!alternative) return std::unexpected(alternative.error());
    names += "," + *alternative;
  }
  const auto authority_pem = open_to_read(dir + "/ca.pem");
  if (!authority_pem) return std::unexpected(authority_pem.error());
  const auto authority_key_pem = open_to_read(dir + "/ca.key");
  if (!authority_key_pem) return std::unexpected(authority_key_pem.error());
  ERR_clear_error();
  const Certificate authority(PEM_read_bio_X509(authority_pem->get(), nullptr, nullptr, nullptr));
  const Key authority_key(PEM_read_bio_PrivateKey(authority_key_pem->get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (authority == nullptr) return fail(Errc::corrupt, dir + "/ca.pem holds no certificate");
  if (authority_key == nullptr) return fail(Errc::corrupt, dir + "/ca.key holds no key");
  if (X509_check_private_key(authority.get(), authority_key.get()) != 1) {
    ERR_clear_error();
    return fail(Errc::corrupt, dir + "/ca.key does not belong to " + dir + "/ca.pem");
  }

  Issued files{dir + "/" + name + ".pem", dir + "/" + name + ".key"};
  for (const std::string& path : {files.key_file, files.cert_file}) {
    if (auto is_free = must_be_free(path); !is_free) return std::unexpected(is_free.error());
  }
  const Key key = make_key();
  const Certificate certificate = make_certificate(key.get(), name, kNodeDays);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(authority.get()));
  extend(certificate.get(), authority.get(), NID_basic_constraints, "critical,CA:FALSE");
  extend(certificate.get(), authority.get(), NID_key_usage, "critical,digitalSignature");
  extend(certificate.get(), authority.get(), NID_ext_key_usage, "serverAuth,clientAuth");
  extend(certificate.get(), authority.get(), NID_subject_key_identifier, "hash");
  extend(certificate.get(), authority.get(), NID_authority_key_identifier, "keyid");
  extend(certificate.get(), authority.get(), NID_subject_alt_name, names);
  sign(certificate.get(), authority_key.get());
  if (auto written = write_new(files.key_file, pem_of(key.get()), 0600); !written) {
    return std::unexpected(written.error());
  }
  if (auto written = write_new(files.cert_file, pem_of(certificate.get()), 0644); !written) {
    ::unlink(files.key_file.c_str());
    return std::unexpected(written.error());
  }
  return files;
}

}  // namespace tandem::pki
