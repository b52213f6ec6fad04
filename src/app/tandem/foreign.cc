#include "app/tandem/foreign.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <set>
#include <thread>

#include "app/client/answers.h"
#include "codec/uri.h"
#include "core/distribution/group.h"
#include "io/key_store/key_store.h"

namespace tandem::cli {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr auto kActiveEvery = 2s;
constexpr int kActiveLooks = 60;  // until a new group is active
constexpr std::size_t kNameMax = 128;

struct Bad {
  std::string what;
};

std::string word(const YAML::Node& node, const std::string& where, const char* name, bool needed) {
  const YAML::Node value = node[name];
  if (!value || value.IsNull()) {
    if (needed) throw Bad{where + ": '" + name + "' is missing"};
    return {};
  }
  if (!value.IsScalar()) throw Bad{where + ": '" + name + "' is one word"};
  return value.as<std::string>();
}

// A word that nobody knows is a mistyped one, and what it should have said would go missing.
void only(const YAML::Node& node, const std::string& where, const std::set<std::string>& names) {
  if (!node.IsMap()) throw Bad{where + ": names and values are expected"};
  for (const auto& entry : node) {
    const auto name = entry.first.as<std::string>();
    if (names.contains(name)) continue;
    std::string all;
    for (const std::string& each : names) all += (all.empty() ? "" : ", ") + each;
    throw Bad{where + ": '" + name + "' is none of " + all};
  }
}

std::string secret(const std::string& where, const std::string& reference) {
  auto got = read_secret(reference);
  if (!got) throw Bad{where + ": " + got.error().detail};
  return std::move(*got);
}

// By name from the environment where the file says nothing, as the AWS command line takes them.
sigv4::Credentials read_credentials(const YAML::Node& node, const std::string& where) {
  sigv4::Credentials out;
  out.access_key = word(node, where, "access_key", false);
  if (out.access_key.empty()) {
    out.access_key = secret(where, "env:AWS_ACCESS_KEY_ID");
    out.secret = secret(where, "env:AWS_SECRET_ACCESS_KEY");
    if (std::getenv("AWS_SESSION_TOKEN") != nullptr) out.session_token = secret(where, "env:AWS_SESSION_TOKEN");
    return out;
  }
  out.secret = secret(where, word(node, where, "secret", true));
  const std::string token = word(node, where, "session_token", false);
  if (!token.empty()) out.session_token = secret(where, token);
  return out;
}

ForeignEndpoint read_endpoint(const std::string& region, const YAML::Node& node) {
  const std::string where = "endpoints: " + region;
  only(node, where, {"url", "instance", "access_key", "secret", "session_token", "ca"});
  ForeignEndpoint out;
  out.region = region;
  out.instance = word(node, where, "instance", true);
  if (!parse_uuid(out.instance)) throw Bad{where + ": 'instance' is no id of an instance"};
  out.at.url = word(node, where, "url", false);
  if (out.at.url.empty()) out.at.url = "https://connect." + region + ".amazonaws.com";
  while (out.at.url.ends_with('/')) out.at.url.pop_back();
  const auto host = out.at.url.find("://");
  const bool web = out.at.url.starts_with("https://") || out.at.url.starts_with("http://");
  if (!web || out.at.url.find('/', host + 3) != std::string::npos) {
    throw Bad{where + ": 'url' is https://HOST, without a path"};
  }
  out.at.region = region;
  out.at.service = "connect";
  out.at.ca_file = word(node, where, "ca", false);
  out.at.credentials = read_credentials(node, where);
  return out;
}

ForeignNumbers read_numbers(const YAML::Node& node, const ForeignPlan& plan) {
  const std::string name = word(node, "numbers", "name", true);
  const std::string where = "numbers: " + name;
  only(node, where, {"name", "weight", "callers", "home", "group", "ids"});
  ForeignNumbers out;
  out.name = name;
  const auto weight = distribution::parse_percent(word(node, where, "weight", true));
  if (!weight) throw Bad{where + ": weight: " + weight.error().detail};
  out.weight = *weight;
  out.callers = word(node, where, "callers", false);
  out.home = word(node, where, "home", false);
  if (!out.home.empty() && plan.find(out.home) == nullptr) {
    throw Bad{where + ": home: there is no endpoint of region " + out.home};
  }
  out.group = word(node, where, "group", false);
  if (const YAML::Node ids = node["ids"]) {
    if (!ids.IsSequence()) throw Bad{where + ": 'ids' is a list"};
    for (const auto& id : ids) out.ids.push_back(id.as<std::string>());
    if (out.home.empty()) throw Bad{where + ": ids need 'home', the region in which the numbers are claimed"};
  }
  return out;
}

void read_links(const YAML::Node& node, ForeignPlan& plan) {
  if (!node) {
    for (std::size_t a = 0; a < plan.endpoints.size(); ++a) {
      for (std::size_t b = a + 1; b < plan.endpoints.size(); ++b) {
        plan.links.push_back({plan.endpoints[a].region, plan.endpoints[b].region});
      }
    }
    return;
  }
  if (!node.IsSequence() || node.size() == 0) throw Bad{"'links' is a list of source and replica"};
  for (const auto& each : node) {
    only(each, "links", {"source", "replica"});
    ForeignLink link{word(each, "links", "source", true), word(each, "links", "replica", true)};
    for (const std::string& region : {link.source, link.replica}) {
      if (plan.find(region) == nullptr) throw Bad{"links: there is no endpoint of region " + region};
    }
    plan.links.push_back(std::move(link));
  }
}

ForeignPlan read(const YAML::Node& root) {
  ForeignPlan out;
  only(root, "the file", {"endpoints", "links", "numbers"});
  const YAML::Node endpoints = root["endpoints"];
  if (!endpoints || !endpoints.IsMap()) throw Bad{"'endpoints' names a region and what is there, for each"};
  for (const auto& each : endpoints) {
    out.endpoints.push_back(read_endpoint(each.first.as<std::string>(), each.second));
  }
  read_links(root["links"], out);
  const YAML::Node numbers = root["numbers"];
  if (!numbers || !numbers.IsSequence()) throw Bad{"'numbers' is a list of sets of phone numbers"};
  for (const auto& each : numbers) out.numbers.push_back(read_numbers(each, out));
  return out;
}

// What others answer is taken as far as it makes sense.
std::vector<json::object> rows(const json::object& from, std::string_view name) {
  std::vector<json::object> out;
  for (const json::value& value : list(from, name)) {
    if (value.is_object()) out.push_back(value.get_object());
  }
  return out;
}

json::object inner(const json::object& from, std::string_view name) {
  const json::value* value = from.if_contains(name);
  return value != nullptr && value->is_object() ? value->get_object() : json::object{};
}

}  // namespace

const ForeignEndpoint* ForeignPlan::find(const std::string& region) const {
  const auto at = std::ranges::find(endpoints, region, &ForeignEndpoint::region);
  return at == endpoints.end() ? nullptr : &*at;
}

Result<ForeignPlan> read_foreign(const std::string& file) {
  try {
    return read(YAML::LoadFile(file));
  } catch (const Bad& bad) {
    return fail(Errc::invalid, file + ": " + bad.what);
  } catch (const YAML::BadFile&) {
    return fail(Errc::invalid, "cannot read " + file);
  } catch (const YAML::Exception& bad) {
    return fail(Errc::invalid, file + ": " + bad.what());
  }
}

std::string foreign_name(const std::string& group, const ForeignNumbers& set, const ForeignLink& link) {
  if (!set.group.empty()) return set.group;
  return (group + " " + set.name + " " + link.source + " " + link.replica).substr(0, kNameMax);
}

std::string ForeignFailure::text() const { return operation + " at " + region + ": " + failure.text(); }

std::string ForeignFailure::advice() const {
  switch (failure.code) {
    case Errc::denied:
      return "allow connect:" + operation + " to this access key in " + region +
             ", for the ARN of the group as it has it in the region where it was made";
    case Errc::limit_exceeded:
      return "the service takes few calls a second of an account: wait a minute";
    case Errc::unreachable:
    case Errc::timed_out:
      return "see whether " + region + " can be reached from here; nobody knows whether this call was carried out";
    case Errc::not_found:
      return "see whether instance and group are still there";
    case Errc::refused:
      return "something else changes the group: wait until it is done";
    default:
      return "see what the service says about it";
  }
}

Foreign::Foreign(http::Client& http, const ForeignEndpoint& endpoint, aws::Options options)
    : endpoint_(endpoint), client_(http, endpoint.at, std::move(options)) {}

Asked<json::object> Foreign::call(const char* operation, const aws::Call& call) {
  const auto answer = client_.call(call);
  if (!answer) return std::unexpected(ForeignFailure{operation, endpoint_.region, answer.error()});
  return parse(answer->body);
}

Asked<Foreign::Readiness> Foreign::readiness() {
  const auto got = call("DescribeInstance", {.target = "/instance/" + uri::encode(endpoint_.instance)});
  if (!got) {
    const Errc code = got.error().failure.code;
    const bool away = code == Errc::unreachable || code == Errc::timed_out || code == Errc::internal;
    if (away) return Readiness{false, got.error().failure.text()};
    return std::unexpected(got.error());
  }
  const std::string status = text(inner(*got, "Instance"), "InstanceStatus");
  if (status == "ACTIVE") return Readiness{true, ""};
  return Readiness{true, "its instance is not active, but \"" + status + "\""};
}

Asked<std::vector<ForeignGroup>> Foreign::groups() {
  std::vector<ForeignGroup> out;
  std::string next;
  do {
    std::string target =
        "/traffic-distribution-groups?instanceId=" + uri::encode(endpoint_.instance) + "&maxResults=10";
    if (!next.empty()) target += "&nextToken=" + uri::encode(next);
    const auto got = call("ListTrafficDistributionGroups", {.target = target});
    if (!got) return std::unexpected(got.error());
    for (const json::object& each : rows(*got, "TrafficDistributionGroupSummaryList")) {
      const json::value* by_default = each.if_contains("IsDefault");
      out.push_back(
          {text(each, "Id"), text(each, "Arn"), text(each, "Name"), by_default != nullptr && *by_default == true});
    }
    next = text(*got, "NextToken");
  } while (!next.empty());
  return out;
}

Asked<std::map<std::string, std::uint32_t>> Foreign::distribution(const std::string& arn) {
  const auto got = call("GetTrafficDistribution", {.target = "/traffic-distribution/" + uri::encode(arn)});
  if (!got) return std::unexpected(got.error());
  std::map<std::string, std::uint32_t> out;
  for (const json::object& each : rows(inner(*got, "TelephonyConfig"), "Distributions")) {
    const json::value* percent = each.if_contains("Percentage");
    const bool whole = percent != nullptr && percent->is_int64();
    if (whole)
      out[text(each, "Region")] = static_cast<std::uint32_t>(std::clamp<std::int64_t>(percent->get_int64(), 0, 100));
  }
  return out;
}

Asked<std::string> Foreign::target(const std::string& number) {
  const auto got = call("DescribePhoneNumber", {.target = "/phone-number/" + uri::encode(number)});
  if (!got) return std::unexpected(got.error());
  return text(inner(*got, "ClaimedPhoneNumberSummary"), "TargetArn");
}

Asked<ForeignGroup> Foreign::create(const std::string& name, const std::string& token) {
  const json::object body{{"Name", name}, {"InstanceId", endpoint_.instance}, {"ClientToken", token}};
  const auto made = call("CreateTrafficDistributionGroup",
                         {.method = "PUT", .target = "/traffic-distribution-group", .body = json::serialize(body)});
  if (!made) return std::unexpected(made.error());
  ForeignGroup out{text(*made, "Id"), text(*made, "Arn"), name, false};
  std::string status;
  for (int look = 0; look < kActiveLooks; ++look) {
    const auto got =
        call("DescribeTrafficDistributionGroup", {.target = "/traffic-distribution-group/" + uri::encode(out.arn)});
    if (!got) return std::unexpected(got.error());
    status = text(inner(*got, "TrafficDistributionGroup"), "Status");
    if (status == "ACTIVE") return out;
    if (status != "CREATION_IN_PROGRESS") break;
    std::this_thread::sleep_for(kActiveEvery);
  }
  aws::Failure failure;
  failure.code = Errc::refused;
  failure.message = "the new group is not active, but \"" + status + "\"";
  return std::unexpected(ForeignFailure{"CreateTrafficDistributionGroup", endpoint_.region, failure});
}

Asked<void> Foreign::distribute(const std::string& arn, const std::map<std::string, std::uint32_t>& percents) {
  json::array distributions;
  for (const auto& [region, percent] : percents) {
    distributions.emplace_back(json::object{{"Region", region}, {"Percentage", percent}});
  }
  const json::object body{{"TelephonyConfig", {{"Distributions", std::move(distributions)}}}};
  const auto done =
      call("UpdateTrafficDistribution",
           {.method = "PUT", .target = "/traffic-distribution/" + uri::encode(arn), .body = json::serialize(body)});
  if (!done) return std::unexpected(done.error());
  return {};
}

Asked<void> Foreign::enter(const std::string& number, const std::string& arn, const std::string& token) {
  const json::object body{{"TargetArn", arn}, {"ClientToken", token}};
  const auto done =
      call("UpdatePhoneNumber",
           {.method = "PUT", .target = "/phone-number/" + uri::encode(number), .body = json::serialize(body)});
  if (!done) return std::unexpected(done.error());
  return {};
}

}  // namespace tandem::cli
