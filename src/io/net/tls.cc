#include "io/net/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>

#include "base/check.h"

namespace tandem::net {
namespace {

// The innermost reasons OpenSSL gave, for people; empties its queue.
std::string openssl_error() {
  std::string out;
  while (const unsigned long code = ERR_get_error()) {
    const char* reason = ERR_reason_error_string(code);
    if (!out.empty()) out += ", ";
    out += reason != nullptr ? reason : "error " + std::to_string(code);
  }
  return out.empty() ? "unknown TLS error" : out;
}

std::string system_error(int code) { return std::string(std::strerror(code)); }

std::shared_ptr<SSL_CTX> make_context() {
  ERR_clear_error();
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_method()), SSL_CTX_free);
  TANDEM_CHECK(context != nullptr);
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF |
                                         SSL_OP_CIPHER_SERVER_PREFERENCE);
  return context;
}

Result<std::shared_ptr<SSL_CTX>> make_context(const std::string& cert_file, const std::string& key_file) {
  std::shared_ptr<SSL_CTX> context = make_context();
  if (SSL_CTX_use_certificate_chain_file(context.get(), cert_file.c_str()) != 1) {
    return fail(Errc::invalid, "certificate file " + cert_file + ": " + openssl_error());
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return fail(Errc::invalid, "key file " + key_file + ": " + openssl_error());
  }
  if (SSL_CTX_check_private_key(context.get()) != 1) {
    return fail(Errc::invalid, "key file " + key_file + " does not belong to the certificate in " + cert_file);
  }
  return context;
}

std::optional<NodeId> node_in(X509* certificate) {
  if (certificate == nullptr) return std::nullopt;
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
      GENERAL_NAMES_free);
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI) continue;
    const ASN1_IA5STRING* uri = name->d.uniformResourceIdentifier;
    std::string_view text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(uri)),
                          static_cast<std::size_t>(ASN1_STRING_length(uri)));
    constexpr std::string_view prefix = "tandem:node:";
    if (!text.starts_with(prefix)) continue;
    text.remove_prefix(prefix.size());
    std::uint16_t id = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error == std::errc() && end == text.data() + text.size() && id != 0) return NodeId{id};
  }
  return std::nullopt;
}

}  // namespace

Result<TlsContext> TlsContext::listener(const std::string& cert_file, const std::string& key_file) {
  auto context = make_context(cert_file, key_file);
  if (!context) return std::unexpected(context.error());
  SSL_CTX_set_min_proto_version(context->get(), TLS1_2_VERSION);
  TlsContext out;
  out.context_ = std::move(*context);
  return out;
}

Result<TlsContext> TlsContext::peer(const std::string& ca_file, const std::string& cert_file,
                                    const std::string& key_file) {
  auto context = make_context(cert_file, key_file);
  if (!context) return std::unexpected(context.error());
  SSL_CTX* const ssl = context->get();
  SSL_CTX_set_min_proto_version(ssl, TLS1_3_VERSION);
  // A link is rare and long: no tickets, no resumption, the certificates are checked each time.
  SSL_CTX_set_num_tickets(ssl, 0);
  SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  if (SSL_CTX_load_verify_locations(ssl, ca_file.c_str(), nullptr) != 1) {
    return fail(Errc::invalid, "authority file " + ca_file + ": " + openssl_error());
  }
  TlsContext out;
  out.context_ = std::move(*context);
  return out;
}

Result<TlsContext> TlsContext::client(const std::string& ca_file) {
  TlsContext out;
  out.context_ = make_context();
  SSL_CTX* const ssl = out.context_.get();
  SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION);
  SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, nullptr);
  const int loaded = ca_file.empty() ? SSL_CTX_set_default_verify_paths(ssl)
                                     : SSL_CTX_load_verify_locations(ssl, ca_file.c_str(), nullptr);
  if (loaded != 1) return fail(Errc::invalid, "authority file " + ca_file + ": " + openssl_error());
  return out;
}

std::optional<NodeId> TlsContext::own_node() const { return node_in(SSL_CTX_get0_certificate(context_.get())); }

void Channel::Free::operator()(ssl_st* ssl) const { SSL_free(ssl); }

Channel::Channel(int fd, const TlsContext* tls, Side side, const std::string& host) : fd_(fd) {
  if (tls == nullptr) return;
  ssl_.reset(SSL_new(tls->get()));
  TANDEM_CHECK(ssl_ != nullptr && SSL_set_fd(ssl_.get(), fd) == 1);
  if (side == Side::accepts) {
    SSL_set_accept_state(ssl_.get());
  } else {
    SSL_set_connect_state(ssl_.get());
  }
  if (host.empty()) return;
  // Source: RFC 6066, section 3: the server name is a name, never an address.
  if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), host.c_str()) == 1) return;
  TANDEM_CHECK(SSL_set1_host(ssl_.get(), host.c_str()) == 1);
  SSL_set_tlsext_host_name(ssl_.get(), host.c_str());
}

Channel::State Channel::tls_state(int result) {
  const int cause = errno;
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_NONE:
      return State::done;
    case SSL_ERROR_WANT_READ:
      return State::want_read;
    case SSL_ERROR_WANT_WRITE:
      return State::want_write;
    case SSL_ERROR_ZERO_RETURN:
      return State::closed;
    case SSL_ERROR_SYSCALL:
      broken_ = true;
      if (cause == 0) return State::closed;
      error_ = system_error(cause);
      ERR_clear_error();
      return State::failed;
    default:
      broken_ = true;
      error_ = "TLS: " + openssl_error();
      return State::failed;
  }
}

Channel::State Channel::handshake() {
  if (ssl_ == nullptr) return State::done;
  ERR_clear_error();
  errno = 0;
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) return State::done;
  const State state = tls_state(result);
  if (const long verdict = SSL_get_verify_result(ssl_.get()); state == State::failed && verdict != X509_V_OK) {
    error_ += std::string(" (") + X509_verify_cert_error_string(verdict) + ")";
  }
  return state;
}

Channel::Moved Channel::read(char* to, std::size_t room) {
  errno = 0;
  if (ssl_ != nullptr) {
    ERR_clear_error();
    std::size_t got = 0;
    const int result = SSL_read_ex(ssl_.get(), to, room, &got);
    return result == 1 ? Moved{State::done, got} : Moved{tls_state(result)};
  }
  for (;;) {
    const ssize_t got = ::recv(fd_, to, room, 0);
    if (got > 0) return {State::done, static_cast<std::size_t>(got)};
    if (got == 0) return {State::closed};
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {State::want_read};
    error_ = system_error(errno);
    return {State::failed};
  }
}

Channel::Moved Channel::write(const char* from, std::size_t count) {
  errno = 0;
  if (ssl_ != nullptr) {
    ERR_clear_error();
    std::size_t put = 0;
    const int result = SSL_write_ex(ssl_.get(), from, count, &put);
    return result == 1 ? Moved{State::done, put} : Moved{tls_state(result)};
  }
  for (;;) {
    const ssize_t put = ::send(fd_, from, count, MSG_NOSIGNAL);
    if (put >= 0) return {State::done, static_cast<std::size_t>(put)};
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {State::want_write};
    error_ = system_error(errno);
    return {State::failed};
  }
}

void Channel::finish() {
  if (ssl_ != nullptr && !broken_ && SSL_is_init_finished(ssl_.get()) == 1) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }
  ::shutdown(fd_, SHUT_WR);
}

std::optional<NodeId> Channel::peer_node() const {
  if (ssl_ == nullptr) return std::nullopt;
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(SSL_get1_peer_certificate(ssl_.get()), X509_free);
  return node_in(certificate.get());
}

}  // namespace tandem::net
