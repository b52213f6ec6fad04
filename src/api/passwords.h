// Password hashing as the API needs it. It takes tens of milliseconds by design, so it runs on a thread of its own
// (src/io/password) and answers from there.
#pragma once

#include <functional>
#include <string>

#include "base/error.h"

namespace tandem::api {

class Passwords {
 public:
  Passwords() = default;
  Passwords(const Passwords&) = delete;
  Passwords& operator=(const Passwords&) = delete;
  virtual ~Passwords() = default;

  // Argon2id in its encoded form, with a fresh salt: what a user document keeps.
  // Errors: limit_exceeded (too many are waiting), shutting_down.
  virtual void hash(std::string password, std::function<void(Result<std::string>)> done) = 0;
  // Whether `encoded` was made from the password. An `encoded` that is empty or not understood takes as long and is
  // false, so that a stranger cannot tell unknown users from wrong passwords.
  // Errors: limit_exceeded (too many are waiting), shutting_down.
  virtual void verify(std::string encoded, std::string password, std::function<void(Result<bool>)> done) = 0;
};

}  // namespace tandem::api
