#include "io/aws_credentials/credentials.h"

#include <date/date.h>
#include <fmt/format.h>

#include <boost/json.hpp>
#include <boost/property_tree/ptree.hpp>
#include <boost/property_tree/xml_parser.hpp>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "codec/aws_profiles.h"
#include "codec/uri.h"
#include "io/aws_credentials/endpoints.h"

namespace tandem::aws {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr auto kAhead = 5min;
constexpr std::size_t kFileBytesMax = 1UL * 1024 * 1024;
constexpr char kMachine[] = "http://169.254.169.254";
constexpr char kContainer[] = "http://169.254.170.2";

Result<std::string> read_whole(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(Errc::not_found, "there is no file " + path);
  std::string out(kFileBytesMax + 1, '\0');
  in.read(out.data(), static_cast<std::streamsize>(out.size()));
  out.resize(static_cast<std::size_t>(in.gcount()));
  if (out.size() > kFileBytesMax) return fail(Errc::invalid, path + " is longer than a megabyte");
  return out;
}

std::optional<std::string> env_of_process(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

// "2026-11-28T12:00:00Z", with or without a fraction.
std::optional<Hlc> instant(const std::string& text) {
  std::istringstream in(text);
  std::chrono::sys_time<milliseconds> at;
  in >> date::parse("%FT%TZ", at);
  if (in.fail() || in.peek() != std::istringstream::traits_type::eof()) return std::nullopt;
  return Hlc::at(static_cast<std::uint64_t>(at.time_since_epoch().count()));
}

std::string word(const json::object& from, const char* name) {
  const json::value* value = from.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

// What a metadata service says: AccessKeyId, SecretAccessKey, Token, Expiration.
Result<Obtained> read_metadata(const std::string& body, const std::string& source) {
  boost::system::error_code bad;
  const json::value value = json::parse(body, bad);
  if (bad || !value.is_object()) return fail(Errc::invalid, source + " answered with no JSON object");
  const json::object& said = value.get_object();
  const std::string code = word(said, "Code");
  if (!code.empty() && code != "Success") return fail(Errc::denied, source + " answered " + code);
  Obtained out;
  out.credentials = {word(said, "AccessKeyId"), word(said, "SecretAccessKey"), word(said, "Token")};
  out.expires = instant(word(said, "Expiration"));
  out.source = source;
  if (out.credentials.access_key.empty() || out.credentials.secret.empty()) {
    return fail(Errc::invalid, source + " answered without a key");
  }
  return out;
}

// One look through the chain, in its order.
class Look {
 public:
  Look(const Wanted& wanted, const Outside& outside) : wanted_(wanted), outside_(outside) {}

  Result<Obtained> all() {
    if (auto read = read_files(); !read) return std::unexpected(read.error());
    const auto named = !wanted_.profile.empty() ? std::optional(wanted_.profile) : env("AWS_PROFILE");
    const std::string name = named.value_or("default");
    if (named && !known(name)) return fail(Errc::not_found, "there is no profile " + name + " in the shared files");
    if (wanted_.profile.empty()) {
      if (auto got = environment(); got || got.error().code != Errc::not_found) return got;
    }
    if (auto got = role(name, {}); got || got.error().code != Errc::not_found) return got;
    if (auto got = web_identity_of_environment(); got || got.error().code != Errc::not_found) return got;
    if (auto got = keys(name); got || got.error().code != Errc::not_found) return got;
    for (const auto& [setting, what] : {std::pair{"sso_session", "single sign-on"},
                                        {"sso_start_url", "single sign-on"},
                                        {"credential_process", "a program that prints credentials"}}) {
      if (!setting_of(name, setting).empty()) {
        return fail(Errc::invalid, fmt::format("profile {} asks for {}, which is not supported here", name, what));
      }
    }
    if (auto got = container(); got || got.error().code != Errc::not_found) return got;
    if (auto got = machine(); got || got.error().code != Errc::not_found) return got;
    return fail(Errc::not_found, "no AWS credentials: not in the environment, not in profile " + name +
                                     " of the shared files, and neither a container nor a machine offers any");
  }

 private:
  [[nodiscard]] std::optional<std::string> env(const char* name) const {
    auto value = outside_.env(name);
    return value && value->empty() ? std::nullopt : std::move(value);
  }

  Result<Obtained> environment() const {
    const auto key = env("AWS_ACCESS_KEY_ID");
    const auto secret = env("AWS_SECRET_ACCESS_KEY");
    if (!key) return fail(Errc::not_found, "AWS_ACCESS_KEY_ID is not set");
    if (!secret) return fail(Errc::invalid, "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not");
    return Obtained{{*key, *secret, env("AWS_SESSION_TOKEN").value_or("")}, {}, "the environment"};
  }

  // -- the shared files

  Result<void> read_files() {
    const std::string home = env("HOME").value_or("");
    const std::pair<std::string, ProfileFile> files[] = {
        {env("AWS_SHARED_CREDENTIALS_FILE").value_or(home + "/.aws/credentials"), ProfileFile::credentials},
        {env("AWS_CONFIG_FILE").value_or(home + "/.aws/config"), ProfileFile::config}};
    for (const auto& [path, kind] : files) {
      const auto text = outside_.file(path);
      if (!text) {
        if (text.error().code == Errc::not_found) continue;
        return std::unexpected(text.error());
      }
      auto profiles = parse_profiles(*text, kind);
      if (!profiles) return fail(Errc::invalid, path + ", " + profiles.error().detail);
      (kind == ProfileFile::credentials ? credentials_ : config_) = std::move(*profiles);
    }
    return {};
  }

  [[nodiscard]] bool known(const std::string& name) const {
    return credentials_.contains(name) || config_.contains(name);
  }
  [[nodiscard]] static std::string setting(const Profiles& from, const std::string& profile, const std::string& name) {
    const auto at = from.find(profile);
    if (at == from.end()) return {};
    const auto found = at->second.find(name);
    return found == at->second.end() ? std::string() : found->second;
  }
  // The credentials file stands before the config file.
  [[nodiscard]] std::string setting_of(const std::string& profile, const std::string& name) const {
    std::string out = setting(credentials_, profile, name);
    return out.empty() ? setting(config_, profile, name) : out;
  }

  [[nodiscard]] Result<Obtained> keys(const std::string& profile) const {
    for (const Profiles* from : {&credentials_, &config_}) {
      const std::string key = setting(*from, profile, "aws_access_key_id");
      const std::string secret = setting(*from, profile, "aws_secret_access_key");
      if (key.empty()) continue;
      if (secret.empty()) {
        return fail(Errc::invalid, "profile " + profile + " has aws_access_key_id and no aws_secret_access_key");
      }
      return Obtained{{key, secret, setting(*from, profile, "aws_session_token")}, {}, "profile " + profile};
    }
    return fail(Errc::not_found, "");
  }

  // -- roles

  // `asked`: the profiles that led here.
  Result<Obtained> role(const std::string& profile, std::set<std::string> asked) {
    const std::string arn = setting_of(profile, "role_arn");
    if (arn.empty()) return fail(Errc::not_found, "");
    const std::string token_file = setting_of(profile, "web_identity_token_file");
    std::string session = setting_of(profile, "role_session_name");
    if (session.empty()) session = wanted_.session_name;
    region_ = setting_of(profile, "region");
    const std::string what = "role " + arn + " of profile " + profile;
    if (!token_file.empty()) return web_identity(arn, token_file, session, what);
    if (!setting_of(profile, "mfa_serial").empty()) {
      return fail(Errc::invalid, what + " needs a code from a device, which nobody is here to type");
    }
    auto base = base_of(profile, std::move(asked));
    if (!base) {
      if (base.error().code == Errc::not_found) {
        return fail(Errc::invalid,
                    what + ": " + (base.error().detail.empty() ? "nothing to assume it with" : base.error().detail));
      }
      return base;
    }
    std::string form =
        "Action=AssumeRole&Version=2011-06-15&RoleArn=" + uri::encode(arn) + "&RoleSessionName=" + uri::encode(session);
    if (const std::string id = setting_of(profile, "external_id"); !id.empty())
      form += "&ExternalId=" + uri::encode(id);
    if (const std::string s = setting_of(profile, "duration_seconds"); !s.empty()) {
      form += "&DurationSeconds=" + uri::encode(s);
    }
    return ask_sts(form, &base->credentials, what);
  }

  Result<Obtained> base_of(const std::string& profile, std::set<std::string> asked) {
    const std::string source = setting_of(profile, "source_profile");
    const std::string from = setting_of(profile, "credential_source");
    if (!source.empty() && !from.empty()) {
      return fail(Errc::invalid, "profile " + profile + " has both source_profile and credential_source");
    }
    if (!source.empty()) {
      if (!known(source)) return fail(Errc::invalid, "profile " + profile + ": there is no source_profile " + source);
      // A profile may be its own source when it has keys.
      if (source == profile) return keys(source);
      if (!asked.insert(profile).second) {
        return fail(Errc::invalid, "the source_profile of " + profile + " leads back to itself");
      }
      if (auto got = role(source, std::move(asked)); got || got.error().code != Errc::not_found) return got;
      return keys(source);
    }
    if (from == "Environment") return environment();
    if (from == "EcsContainer") return container();
    if (from == "Ec2InstanceMetadata") return machine();
    if (!from.empty()) return fail(Errc::invalid, "profile " + profile + ": credential_source " + from + " is unknown");
    return fail(Errc::not_found, "neither source_profile nor credential_source is there");
  }

  Result<Obtained> web_identity_of_environment() {
    const auto arn = env("AWS_ROLE_ARN");
    const auto file = env("AWS_WEB_IDENTITY_TOKEN_FILE");
    if (!arn || !file) return fail(Errc::not_found, "");
    return web_identity(*arn, *file, env("AWS_ROLE_SESSION_NAME").value_or(wanted_.session_name),
                        "role " + *arn + " for the web identity in " + *file);
  }

  Result<Obtained> web_identity(const std::string& arn, const std::string& file, const std::string& session,
                                const std::string& what) {
    const auto token = outside_.file(file);
    if (!token) return fail(Errc::invalid, what + ": " + token.error().detail);
    std::string bare = *token;
    while (!bare.empty() && (bare.back() == '\n' || bare.back() == '\r' || bare.back() == ' ')) bare.pop_back();
    return ask_sts("Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=" + uri::encode(arn) +
                       "&RoleSessionName=" + uri::encode(session) + "&WebIdentityToken=" + uri::encode(bare),
                   nullptr, what);
  }

  Result<Obtained> ask_sts(const std::string& form, const sigv4::Credentials* signer, const std::string& what) {
    std::string region = region_.empty() ? wanted_.region : region_;
    if (region.empty()) region = env("AWS_REGION").value_or(env("AWS_DEFAULT_REGION").value_or("us-east-1"));
    const std::string url = endpoint_url("sts", region, {wanted_.sts_url, false, false}, outside_.env);
    http::Request request;
    request.method = "POST";
    request.target = "/";
    request.body = form;
    request.headers = {{"host", url.substr(url.find("://") + 3)},
                       {"content-type", "application/x-www-form-urlencoded; charset=utf-8"}};
    if (signer != nullptr) sigv4::sign(request, *signer, region, "sts", outside_.clock());
    http::Fetch fetch;
    fetch.url = url + "/";
    fetch.method = "POST";
    fetch.headers = std::move(request.headers);
    fetch.body = form;
    fetch.ca_file = wanted_.ca_file;
    const auto response = outside_.fetch(std::move(fetch));
    if (!response) return fail(response.error().code, what + ": " + response.error().detail);
    return read_sts(*response, what);
  }

  static Result<Obtained> read_sts(const http::Response& response, const std::string& what) {
    boost::property_tree::ptree tree;
    try {
      std::istringstream in(response.body);
      boost::property_tree::read_xml(in, tree);
    } catch (const std::exception&) {
      return fail(Errc::invalid, fmt::format("{}: the token service answered {} and no XML", what, response.status));
    }
    if (response.status != 200) {
      const auto error = tree.get_child_optional("ErrorResponse.Error");
      const std::string words = error ? error->get("Code", "") + ": " + error->get("Message", "") : std::string();
      const Errc code = response.status >= 500 ? Errc::unreachable : Errc::denied;
      return fail(code, fmt::format("{}: the token service answered {} {}", what, response.status, words));
    }
    for (const char* action : {"AssumeRole", "AssumeRoleWithWebIdentity"}) {
      const auto found = tree.get_child_optional(fmt::format("{0}Response.{0}Result.Credentials", action));
      if (!found) continue;
      Obtained out;
      out.credentials = {found->get("AccessKeyId", ""), found->get("SecretAccessKey", ""),
                         found->get("SessionToken", "")};
      out.expires = instant(found->get("Expiration", ""));
      out.source = what;
      if (!out.credentials.access_key.empty() && !out.credentials.secret.empty() && out.expires) return out;
    }
    return fail(Errc::invalid, what + ": the token service answered without credentials");
  }

  // -- metadata

  Result<Obtained> container() const {
    const auto relative = env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const auto full = env("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    if (!relative && !full) return fail(Errc::not_found, "no container");
    http::Fetch fetch;
    fetch.url = relative ? kContainer + *relative : *full;
    if (!relative && !may_tell(*full)) {
      return fail(Errc::invalid,
                  "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https:// nor an address of this machine");
    }
    auto token = env("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    if (const auto file = env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) {
      auto read = outside_.file(*file);
      if (!read) return fail(Errc::invalid, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: " + read.error().detail);
      token = std::move(*read);
    }
    if (token && token->find_first_of("\r\n") != std::string::npos) {
      return fail(Errc::invalid, "the authorization token of the container holds a line break");
    }
    if (token) fetch.headers.emplace_back("authorization", *token);
    fetch.headers.emplace_back("accept", "application/json");
    fetch.timeout = 2s;
    const auto response = outside_.fetch(std::move(fetch));
    if (!response) return fail(response.error().code, "the metadata of the container: " + response.error().detail);
    if (response->status != 200) {
      return fail(Errc::denied, fmt::format("the metadata of the container answered {}", response->status));
    }
    return read_metadata(response->body, "the metadata of the container");
  }

  // Whoever may set the variable is not to get the token sent anywhere in clear.
  static bool may_tell(const std::string& url) {
    if (url.starts_with("https://")) return true;
    constexpr std::string_view kScheme = "http://";
    if (!url.starts_with(kScheme)) return false;
    const std::string rest = url.substr(kScheme.size());
    const std::string authority = rest.substr(0, rest.find_first_of("/?#"));
    if (authority.find('@') != std::string::npos) return false;
    std::string host = authority.substr(0, authority.starts_with('[') ? authority.find(']') + 1 : authority.find(':'));
    return host == "localhost" || host == "127.0.0.1" || host == "[::1]" || host == "169.254.170.2" ||
           host == "169.254.170.23" || host == "[fd00:ec2::23]";
  }

  Result<Obtained> machine() const {
    if (const auto off = env("AWS_EC2_METADATA_DISABLED"); off && (*off == "true" || *off == "TRUE")) {
      return fail(Errc::not_found, "the metadata of the machine is switched off");
    }
    std::string at = env("AWS_EC2_METADATA_SERVICE_ENDPOINT").value_or(kMachine);
    while (at.ends_with('/')) at.pop_back();
    http::Fetch ask;
    ask.url = at + "/latest/api/token";
    ask.method = "PUT";
    ask.headers = {{"x-aws-ec2-metadata-token-ttl-seconds", "21600"}};
    ask.timeout = 1s;
    const auto token = outside_.fetch(std::move(ask));
    // Nobody there is no error: most machines are none of Amazon's.
    if (!token || token->status != 200) return fail(Errc::not_found, "this machine has no metadata service");
    const auto get = [&](const std::string& path) {
      http::Fetch fetch;
      fetch.url = at + path;
      fetch.headers = {{"x-aws-ec2-metadata-token", token->body}};
      fetch.timeout = 1s;
      return outside_.fetch(std::move(fetch));
    };
    const std::string path = "/latest/meta-data/iam/security-credentials/";
    const auto roles = get(path);
    if (!roles || roles->status != 200) return fail(Errc::not_found, "this machine has no role");
    const std::string name = roles->body.substr(0, roles->body.find('\n'));
    if (name.empty()) return fail(Errc::not_found, "this machine has no role");
    const auto body = get(path + name);
    if (!body) return fail(body.error().code, "the metadata of the machine: " + body.error().detail);
    if (body->status != 200) {
      return fail(Errc::denied, fmt::format("the metadata of the machine answered {}", body->status));
    }
    return read_metadata(body->body, "role " + name + " of this machine");
  }

  const Wanted& wanted_;
  const Outside& outside_;
  Profiles credentials_;
  Profiles config_;
  std::string region_;
};

Hlc wall() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return Hlc::at(static_cast<std::uint64_t>(std::chrono::duration_cast<milliseconds>(since).count()));
}

}  // namespace

Provider::Provider(http::Client& client, Wanted wanted, Outside outside)
    : wanted_(std::move(wanted)), outside_(std::move(outside)) {
  if (!outside_.env) outside_.env = env_of_process;
  if (!outside_.file) outside_.file = read_whole;
  if (!outside_.fetch) {
    outside_.fetch = [&client](http::Fetch fetch) { return http::fetch_now(client, std::move(fetch)); };
  }
  if (!outside_.clock) outside_.clock = wall;
}

Result<Obtained> Provider::obtain() const { return Look(wanted_, outside_).all(); }

Result<Obtained> Provider::get() {
  const std::lock_guard lock(mutex_);
  const Hlc now = outside_.clock();
  const auto good = [&](std::chrono::milliseconds ahead) {
    return held_ && (!held_->expires || now + ahead < *held_->expires);
  };
  if (good(kAhead)) return *held_;
  auto fresh = obtain();
  if (fresh) {
    held_ = std::move(*fresh);
    return *held_;
  }
  if (good(0ms)) return *held_;
  return fresh;
}

void Provider::forget() {
  const std::lock_guard lock(mutex_);
  held_.reset();
}

}  // namespace tandem::aws
