// Questions to the nodes of a centre on this machine, at /ops/v1 of each, under a token made from the centre key.
#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "app/tandem/centre.h"
#include "base/error.h"
#include "io/http_client/client.h"

namespace tandem::cli {

namespace json = boost::json;

// How long a node is waited for: one that is stopped or cut off must not hold up what the others say.
inline constexpr std::chrono::seconds kLookMax{3};
inline constexpr std::chrono::seconds kReplayMax{10};  // for what replays its log

// What every order may have: why, and the rules that may object in vain.
void put_said(json::object& body, const std::string& why, const std::vector<std::string>& over);

class OpsClient {
 public:
  // Errors: not_found, denied: what is wrong with the key file.
  [[nodiscard]] static Result<OpsClient> open(const Centre& centre);

  // Errors: unreachable (nobody listens there), and what the node answered, in its words.
  [[nodiscard]] Result<json::object> get(const CentreNode& node, const std::string& path,
                                         std::chrono::seconds longest = kLookMax) const;
  [[nodiscard]] Result<json::object> put(const CentreNode& node, const std::string& path,
                                         const json::object& body) const;
  [[nodiscard]] Result<json::object> remove(const CentreNode& node, const std::string& path,
                                            const json::object& body) const;
  // From the first node that answers, regions before the hub; not_found only when none knows it.
  [[nodiscard]] Result<json::object> get_from_any(const std::string& path) const;
  // At the first region that answers.
  [[nodiscard]] Result<json::object> put_to_any(const std::string& path, const json::object& body,
                                                const std::string& method = "PUT") const;
  [[nodiscard]] bool ready(const CentreNode& node) const;
  [[nodiscard]] http::Client& http() const { return *client_; }

 private:
  OpsClient(const Centre& centre, std::string token);
  [[nodiscard]] Result<json::object> write(const char* method, const CentreNode& node, const std::string& path,
                                           const json::object& body) const;
  [[nodiscard]] Result<json::object> ask(const CentreNode& node, http::Fetch fetch) const;
  Centre centre_;
  std::string token_;
  std::shared_ptr<http::Client> client_;
};

}  // namespace tandem::cli
