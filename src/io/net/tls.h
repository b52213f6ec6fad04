// TLS over OpenSSL: the three kinds of contexts Tandem uses, and a channel that reads and writes a non-blocking socket
// with or without it. OpenSSL works on the socket itself, so an idle connection costs no buffers.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/ids.h"

struct ssl_st;
struct ssl_ctx_st;

namespace tandem::net {

class TlsContext {
 public:
  // Public listeners: TLS 1.3 and 1.2, the certificate chain and key in PEM files.
  [[nodiscard]] static Result<TlsContext> listener(const std::string& cert_file, const std::string& key_file);
  // Between nodes, for both ends: TLS 1.3 only, and the other side must show a certificate of `ca_file`.
  [[nodiscard]] static Result<TlsContext> peer(const std::string& ca_file, const std::string& cert_file,
                                               const std::string& key_file);
  // Of a client of public listeners: TLS 1.3 and 1.2. `ca_file`: PEM; empty: the system's authorities.
  [[nodiscard]] static Result<TlsContext> client(const std::string& ca_file);
  [[nodiscard]] ssl_ctx_st* get() const { return context_.get(); }
  // The node that the context's own certificate names (SAN URI), if any.
  [[nodiscard]] std::optional<NodeId> own_node() const;

 private:
  std::shared_ptr<ssl_ctx_st> context_;
};

enum class Side : unsigned char { accepts, connects };

class Channel {
 public:
  enum class State : unsigned char { done, want_read, want_write, closed, failed };
  struct Moved {
    State state;
    std::size_t bytes = 0;
  };

  // Over a connected non-blocking socket that the caller closes. Without a context: plain bytes. `host`: the name or
  // address that the other side's certificate must be for; empty: any that the context's authorities signed.
  Channel(int fd, const TlsContext* tls, Side side, const std::string& host = {});

  [[nodiscard]] State handshake();
  [[nodiscard]] Moved read(char* to, std::size_t room);
  [[nodiscard]] Moved write(const char* from, std::size_t count);
  // Says that no more will be written; does not wait for the other side's answer.
  void finish();

  [[nodiscard]] bool tls() const { return ssl_ != nullptr; }
  // Of the last `failed`, for people.
  [[nodiscard]] const std::string& error() const { return error_; }
  // The node that the peer's verified certificate names (SAN URI tandem:node:<id>), if any.
  [[nodiscard]] std::optional<NodeId> peer_node() const;

 private:
  struct Free {
    void operator()(ssl_st* ssl) const;
  };
  State tls_state(int result);

  int fd_;
  std::unique_ptr<ssl_st, Free> ssl_;
  bool broken_ = false;  // after a fatal TLS error nothing may be sent, not even a goodbye
  std::string error_;
};

}  // namespace tandem::net
