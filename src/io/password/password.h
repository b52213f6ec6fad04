// Argon2id on a thread of its own. The header is free of libargon2.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "api/passwords.h"

namespace tandem::password {

// The defaults are those RFC 9106 recommends where memory is short (64 MiB, three passes), on one lane.
struct Options {
  std::uint32_t passes = 3;
  std::uint32_t memory_kib = 64U * 1024;
  std::size_t waiting_max = 64;  // beyond it callers are refused: a flood of sign-ins must not fill memory
  // One that waited longer is refused unchecked: clients give up and ask again, and when everybody signs in at once a
  // thread that checks what nobody waits for any more gets nothing done.
  std::chrono::milliseconds wait_max{4'000};
};

class Hasher final : public api::Passwords {
 public:
  explicit Hasher(Options options = {});
  // Answers what still waits with shutting_down, then joins.
  ~Hasher() override;

  void hash(std::string password, std::function<void(Result<std::string>)> done) override;
  void verify(std::string encoded, std::string password, std::function<void(Result<bool>)> done) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The same at once, on the caller's thread: for command lines that write a user document.
// Errors: internal (no memory).
[[nodiscard]] Result<std::string> hash_now(const std::string& password, Options options = {});
[[nodiscard]] bool verify_now(const std::string& encoded, const std::string& password, Options options = {});

}  // namespace tandem::password
