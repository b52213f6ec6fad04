// Amazon Connect instances of others as `tandem distribution realise` knows them: what its file says about them, what
// they answer about their traffic distribution groups, and the calls that change these.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/distribution/realise.h"
#include "io/aws_client/client.h"

namespace tandem::cli {

namespace realise = distribution::realise;

struct ForeignEndpoint {
  std::string region;
  std::string instance;  // id
  aws::Endpoint at;
};
struct ForeignLink {
  std::string source;  // where its groups are made
  std::string replica;
};
struct ForeignNumbers {
  std::string name;
  std::uint32_t weight = 0;      // of all contacts, parts of 1,000
  std::string callers;           // where they call from: the beginning of their numbers ("+49"), or "52.5,13.4"
  std::string home;              // the region in which the numbers are claimed: groups are made there; empty: any
  std::string group;             // the name of the one group that it has, or "default"; empty: made up
  std::vector<std::string> ids;  // of the phone numbers; empty: a person points them at their group
};
struct ForeignPlan {
  std::vector<ForeignEndpoint> endpoints;  // in the order of the file
  std::vector<ForeignLink> links;          // the file's; else every two regions, made at the one named first
  std::vector<ForeignNumbers> numbers;
  [[nodiscard]] const ForeignEndpoint* find(const std::string& region) const;
};

// The file is YAML, see docs/modules/distribution.md. Errors: invalid, with what is wrong and where; what is wrong with
// a secret.
[[nodiscard]] Result<ForeignPlan> read_foreign(const std::string& file);

// How the group of a set on a link is named.
[[nodiscard]] std::string foreign_name(const std::string& group, const ForeignNumbers& set, const ForeignLink& link);

// What a call came to, in words that say what to do about it.
struct ForeignFailure {
  std::string operation;
  std::string region;
  aws::Failure failure;
  [[nodiscard]] std::string text() const;
  [[nodiscard]] std::string advice() const;
};
template <class T>
using Asked = std::expected<T, ForeignFailure>;

struct ForeignGroup {
  std::string id;
  std::string arn;
  std::string name;
  bool by_default = false;
};

// One instance's Connect API.
class Foreign {
 public:
  Foreign(http::Client& http, const ForeignEndpoint& endpoint, aws::Options options);

  struct Readiness {
    bool answers = false;
    std::string why_not;  // empty: it takes contacts
  };
  // A refusal is a failure; silence is not.
  [[nodiscard]] Asked<Readiness> readiness();
  [[nodiscard]] Asked<std::vector<ForeignGroup>> groups();
  // Region to percent; those with none may be left out.
  [[nodiscard]] Asked<std::map<std::string, std::uint32_t>> distribution(const std::string& arn);
  // The ARN of what a phone number leads to.
  [[nodiscard]] Asked<std::string> target(const std::string& number);
  // Waits until it is active.
  [[nodiscard]] Asked<ForeignGroup> create(const std::string& name, const std::string& token);
  [[nodiscard]] Asked<void> distribute(const std::string& arn, const std::map<std::string, std::uint32_t>& percents);
  [[nodiscard]] Asked<void> enter(const std::string& number, const std::string& arn, const std::string& token);

  [[nodiscard]] const ForeignEndpoint& endpoint() const { return endpoint_; }

 private:
  [[nodiscard]] Asked<boost::json::object> call(const char* operation, const aws::Call& call);
  ForeignEndpoint endpoint_;
  aws::Client client_;
};

}  // namespace tandem::cli
