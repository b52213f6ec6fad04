// Goal: credentials come from the first place of the chain that has any, are renewed before they end, and what is wrong
// is told with its place and without a secret.
// Method: an environment, files and servers of the test's own, all in memory.
#include "io/aws_credentials/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/aws_credentials/endpoints.h"

namespace tandem::aws {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr std::uint64_t kNow = 1'795'000'000'000;

class Chain : public testing::Test {
 protected:
  Obtained got(Wanted wanted = {}) {
    auto out = look(std::move(wanted));
    EXPECT_TRUE(out) << out.error().detail;
    return out.value_or(Obtained{});
  }
  Error wrong(Wanted wanted = {}) {
    auto out = look(std::move(wanted));
    EXPECT_FALSE(out);
    return out ? Error{Errc::internal, "it went well"} : out.error();
  }
  Result<Obtained> look(Wanted wanted) {
    Provider provider(http, std::move(wanted), outside());
    return provider.get();
  }
  Outside outside() {
    Outside out;
    out.env = [this](const char* name) {
      const auto at = env.find(name);
      return at == env.end() ? std::nullopt : std::optional(at->second);
    };
    out.file = [this](const std::string& path) -> Result<std::string> {
      const auto at = files.find(path);
      if (at == files.end()) return fail(Errc::not_found, "there is no file " + path);
      return at->second;
    };
    out.fetch = [this](const http::Fetch& fetch) -> Result<http::Response> {
      asked.push_back(fetch);
      const auto at = servers.find(fetch.method + " " + fetch.url);
      if (at == servers.end()) return fail(Errc::unreachable, "nobody at " + fetch.url);
      return at->second;
    };
    out.clock = [this] { return now; };
    return out;
  }
  static http::Response sts(const std::string& action, const std::string& key, const std::string& expires) {
    return {200,
            {},
            "<" + action + "Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><" + action +
                "Result><Credentials><AccessKeyId>" + key + "</AccessKeyId><SecretAccessKey>s&amp;1</SecretAccessKey>" +
                "<SessionToken>t</SessionToken><Expiration>" + expires + "</Expiration></Credentials></" + action +
                "Result></" + action + "Response>"};
  }
  static http::Response keys(const std::string& key, const std::string& expires = "2026-11-18T20:00:00Z") {
    return {200,
            {},
            R"({"Code":"Success","AccessKeyId":")" + key + R"(","SecretAccessKey":"s","Token":"t","Expiration":")" +
                expires + "\"}"};
  }

  http::Client http;
  std::map<std::string, std::string> env{{"HOME", "/home/x"}};
  std::map<std::string, std::string> files;
  std::map<std::string, http::Response> servers;
  std::vector<http::Fetch> asked;
  Hlc now = Hlc::at(kNow);
};

constexpr char kCredentials[] = "/home/x/.aws/credentials";
constexpr char kConfig[] = "/home/x/.aws/config";

TEST_F(Chain, TheEnvironmentStandsFirstUnlessAProfileIsNamed) {
  env["AWS_ACCESS_KEY_ID"] = "AKIDENV";
  env["AWS_SECRET_ACCESS_KEY"] = "s";
  env["AWS_SESSION_TOKEN"] = "t";
  env["AWS_PROFILE"] = "other";
  files[kCredentials] = "[other]\naws_access_key_id = AKIDFILE\naws_secret_access_key = s\n";
  EXPECT_EQ(got().credentials.access_key, "AKIDENV");
  EXPECT_EQ(got().credentials.session_token, "t");
  EXPECT_EQ(got({.profile = "other"}).credentials.access_key, "AKIDFILE");
  env["AWS_PROFILE"] = "nobody";
  EXPECT_EQ(wrong().detail, "there is no profile nobody in the shared files");
  env.erase("AWS_PROFILE");
  env.erase("AWS_SECRET_ACCESS_KEY");
  EXPECT_THAT(wrong().detail, HasSubstr("AWS_SECRET_ACCESS_KEY is not"));
}

TEST_F(Chain, TheCredentialsFileStandsBeforeTheConfigFile) {
  files[kCredentials] = "[default]\naws_access_key_id = A\naws_secret_access_key = s\n";
  files[kConfig] =
      "[default]\naws_access_key_id = B\naws_secret_access_key = s\n[profile two]\naws_access_key_id=C\n"
      "aws_secret_access_key=s\n[two]\naws_access_key_id=D\naws_secret_access_key=s\n";
  EXPECT_EQ(got().credentials.access_key, "A");
  EXPECT_EQ(got().credentials.secret, "s");
  files.erase(kCredentials);
  EXPECT_EQ(got().credentials.access_key, "B");
  env["AWS_PROFILE"] = "two";
  EXPECT_EQ(got().credentials.access_key, "C");
  env["AWS_PROFILE"] = "three";
  EXPECT_EQ(wrong().detail, "there is no profile three in the shared files");
}

TEST_F(Chain, ARoleIsAssumedWithWhatItsProfileNames) {
  files[kConfig] =
      "[profile ops]\nrole_arn = arn:aws:iam::1:role/ops\nsource_profile = base\nregion = eu-west-1\n"
      "external_id = a/b\n[profile base]\naws_access_key_id = BASE\naws_secret_access_key = s\n";
  servers["POST https://sts.eu-west-1.amazonaws.com/"] = sts("AssumeRole", "ASIAROLE", "2026-11-18T20:00:00Z");
  const Obtained out = got({.profile = "ops"});
  EXPECT_EQ(out.credentials.access_key, "ASIAROLE");
  EXPECT_EQ(out.credentials.secret, "s&1");
  EXPECT_EQ(out.source, "role arn:aws:iam::1:role/ops of profile ops");
  EXPECT_THAT(asked.front().body, HasSubstr("RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fops"));
  EXPECT_THAT(asked.front().body, HasSubstr("&ExternalId=a%2Fb"));
  EXPECT_THAT(*http::find(asked.front().headers, "authorization"), HasSubstr("Credential=BASE/"));
}

TEST_F(Chain, ARoleThatCannotBeAssumedIsAnErrorAndNoReasonToLookElsewhere) {
  files[kConfig] =
      "[profile a]\nrole_arn = r\nsource_profile = b\n[profile b]\nrole_arn = q\nsource_profile = a\n"
      "[profile m]\nrole_arn = r\nsource_profile = m\nmfa_serial = x\n[profile n]\nrole_arn = r\n"
      "[profile d]\nrole_arn = r\nsource_profile = k\n[profile k]\naws_access_key_id = K\n"
      "aws_secret_access_key = hush\n[profile w]\nrole_arn = r\ncredential_source = Moon\n";
  EXPECT_THAT(wrong({.profile = "a"}).detail, HasSubstr("leads back to itself"));
  EXPECT_THAT(wrong({.profile = "m"}).detail, HasSubstr("needs a code from a device"));
  EXPECT_THAT(wrong({.profile = "n"}).detail, HasSubstr("neither source_profile nor credential_source"));
  EXPECT_THAT(wrong({.profile = "w"}).detail, HasSubstr("credential_source Moon is unknown"));
  EXPECT_EQ(wrong({.profile = "d"}).code, Errc::unreachable);
  servers["POST https://sts.us-east-1.amazonaws.com/"] = {
      403, {}, "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"};
  const Error denied = wrong({.profile = "d"});
  EXPECT_EQ(denied.code, Errc::denied);
  EXPECT_THAT(denied.detail, HasSubstr("AccessDenied: no"));
  EXPECT_THAT(denied.detail, testing::Not(HasSubstr("hush")));
}

TEST_F(Chain, AWebIdentityNeedsNoKey) {
  env["AWS_ROLE_ARN"] = "arn:r";
  env["AWS_WEB_IDENTITY_TOKEN_FILE"] = "/token";
  env["AWS_REGION"] = "us-west-2";
  EXPECT_THAT(wrong().detail, HasSubstr("there is no file /token"));
  files["/token"] = "ey.J\n";
  servers["POST https://sts.us-west-2.amazonaws.com/"] =
      sts("AssumeRoleWithWebIdentity", "ASIAWEB", "2026-11-18T20:00:00.5Z");
  EXPECT_EQ(got().credentials.access_key, "ASIAWEB");
  EXPECT_EQ(asked.back().body.substr(asked.back().body.rfind('&')), "&WebIdentityToken=ey.J");
  EXPECT_EQ(http::find(asked.back().headers, "authorization"), nullptr);
}

TEST_F(Chain, ContainersAndMachinesAreAskedLast) {
  EXPECT_THAT(wrong().detail, HasSubstr("no AWS credentials"));
  servers["PUT http://169.254.169.254/latest/api/token"] = {200, {}, "imds"};
  servers["GET http://169.254.169.254/latest/meta-data/iam/security-credentials/"] = {200, {}, "agent\n"};
  servers["GET http://169.254.169.254/latest/meta-data/iam/security-credentials/agent"] = keys("ASIAMACHINE");
  EXPECT_EQ(got().credentials.access_key, "ASIAMACHINE");
  EXPECT_EQ(*http::find(asked.back().headers, "x-aws-ec2-metadata-token"), "imds");
  env["AWS_EC2_METADATA_DISABLED"] = "true";
  EXPECT_EQ(wrong().code, Errc::not_found);
  env["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/x";
  servers["GET http://169.254.170.2/v2/x"] = keys("ASIABOX");
  EXPECT_EQ(got().credentials.access_key, "ASIABOX");
  env.erase("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://127.0.0.1:99/y";
  env["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "let me in";
  servers["GET http://127.0.0.1:99/y"] = keys("ASIAPOD");
  EXPECT_EQ(got().credentials.access_key, "ASIAPOD");
  EXPECT_EQ(*http::find(asked.back().headers, "authorization"), "let me in");
  for (const char* url : {"http://10.0.0.1/y", "http://127.0.0.1.example.com/", "http://localhost@example.com/",
                          "ftp://127.0.0.1/", "http://169.254.170.2.example.com/"}) {
    env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = url;
    EXPECT_THAT(wrong().detail, HasSubstr("neither https:// nor an address of this machine")) << url;
  }
  env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "https://pod.example.com/y";
  env["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "a\r\nx: y";
  EXPECT_THAT(wrong().detail, HasSubstr("holds a line break"));
}

TEST_F(Chain, TheyAreRenewedBeforeTheyEndAndKeptWhileNothingNewerIsThere) {
  env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://127.0.0.1/c";
  http::Response& server = servers["GET http://127.0.0.1/c"];
  const auto at = [](std::chrono::milliseconds after) { return Hlc::at(kNow) + after; };
  server = keys("FIRST", "2026-11-18T12:06:40Z");  // an hour from now
  Provider provider(http, {}, outside());
  EXPECT_EQ(provider.get()->credentials.access_key, "FIRST");
  server = keys("SECOND", "2026-11-18T14:06:40Z");
  now = at(54min);
  EXPECT_EQ(provider.get()->credentials.access_key, "FIRST");
  now = at(56min);
  EXPECT_EQ(provider.get()->credentials.access_key, "SECOND");
  server = {500, {}, ""};
  now = at(179min);
  EXPECT_EQ(provider.get()->credentials.access_key, "SECOND");
  now = at(181min);
  EXPECT_EQ(provider.get().error().code, Errc::denied);
  server = keys("THIRD", "2026-11-18T16:06:40Z");
  EXPECT_EQ(provider.get()->credentials.access_key, "THIRD");
  server = keys("FOURTH", "2026-11-18T18:06:40Z");
  provider.forget();
  EXPECT_EQ(provider.get()->credentials.access_key, "FOURTH");
}

TEST(EndpointNames, FollowRegionKindAndWhatPeopleSet) {
  std::map<std::string, std::string> vars;
  const auto env = [&](const char* name) {
    const auto at = vars.find(name);
    return at == vars.end() ? std::nullopt : std::optional(at->second);
  };
  const auto url = [&](const char* service, const char* region, EndpointChoice choice = {}) {
    return endpoint_url(service, region, choice, env);
  };
  EXPECT_EQ(url("connect", "us-east-1"), "https://connect.us-east-1.amazonaws.com");
  EXPECT_EQ(url("kinesis", "us-east-1", {.fips = true}), "https://kinesis-fips.us-east-1.amazonaws.com");
  EXPECT_EQ(url("dynamodb", "eu-west-1", {.dual_stack = true}), "https://dynamodb.eu-west-1.api.aws");
  EXPECT_EQ(url("sts", "us-west-2", {.fips = true, .dual_stack = true}), "https://sts-fips.us-west-2.api.aws");
  EXPECT_EQ(url("kinesis", "cn-north-1"), "https://kinesis.cn-north-1.amazonaws.com.cn");
  vars["AWS_USE_FIPS_ENDPOINT"] = "true";
  EXPECT_EQ(url("connect", "us-east-1"), "https://connect-fips.us-east-1.amazonaws.com");
  vars["AWS_ENDPOINT_URL"] = "http://127.0.0.1:1/";
  EXPECT_EQ(url("connect", "us-east-1"), "http://127.0.0.1:1");
  vars["AWS_ENDPOINT_URL_KINESIS"] = "http://127.0.0.1:2";
  EXPECT_EQ(url("kinesis", "us-east-1"), "http://127.0.0.1:2");
  EXPECT_EQ(url("kinesis", "us-east-1", {.url = "https://given"}), "https://given");
  vars["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true";
  EXPECT_EQ(url("kinesis", "us-east-1"), "https://kinesis-fips.us-east-1.amazonaws.com");
}

}  // namespace
}  // namespace tandem::aws
