// Where credentials come from, in the order that the AWS command line and the SDKs have: the environment, a role that a
// profile names, a web identity, the shared files, the metadata of a container, the metadata of a machine.
// Source: AWS SDKs and Tools Reference Guide, "Standardized credential providers".
//
// Left out, with a message that says so where a profile asks for it: single sign-on, programs that print credentials,
// roles that need a code from a device.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/now.h"
#include "codec/sigv4.h"
#include "io/http_client/client.h"

namespace tandem::aws {

// What the chain reads. Everything unset is this machine's.
struct Outside {
  std::function<std::optional<std::string>(const char* name)> env;
  std::function<Result<std::string>(const std::string& path)> file;  // not_found when there is none
  std::function<Result<http::Response>(http::Fetch)> fetch;          // waits
  std::function<Hlc()> clock;
};

struct Wanted {
  std::string profile;                  // empty: AWS_PROFILE, else "default". Named, it goes before the environment
  std::string region;                   // of the security token service, where the profile names none
  std::string sts_url;                  // empty: the service's own
  std::string ca_file;                  // for sts_url; PEM
  std::string session_name = "tandem";  // of assumed roles; ends up in the audit trail of the account
};

struct Obtained {
  sigv4::Credentials credentials;
  std::optional<Hlc> expires;
  std::string source;  // for people; names no secret
};

class Provider {
 public:
  // `client` outlives it.
  Provider(http::Client& client, Wanted wanted, Outside outside = {});

  // From memory, until five minutes before they expire; what is still good is given on when nothing newer can be had.
  // May wait for the network. From any thread. Errors: not_found (nowhere, with where was looked), invalid (a file or
  // setting, with its name), denied (a role refused), unreachable, timed_out.
  [[nodiscard]] Result<Obtained> get();
  // They were refused as expired or unknown: the next `get` asks again.
  void forget();

 private:
  Result<Obtained> obtain() const;

  Wanted wanted_;
  Outside outside_;
  std::mutex mutex_;
  std::optional<Obtained> held_;
};

}  // namespace tandem::aws
