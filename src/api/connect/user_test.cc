// Goal: users are changed and found as the service's clients expect. Method: signed requests against the API of a
// region over a real node.
#include <gtest/gtest.h>

#include <boost/json/array.hpp>

#include "api/fake_host_testing.h"

namespace tandem::api {
namespace {

namespace json = boost::json;

class Users : public testing::Test {
 protected:
  json::object describe() { return region.expect("GET", target).at("User").as_object(); }
  http::Response post(const std::string& what, const json::object& body) {
    return region.connect("POST", target + "/" + what, body);
  }
  std::string create(const char* name, const char* first, const json::object& tags = {}) {
    json::object body{{"Username", name},
                      {"Password", "Sunflower7"},
                      {"IdentityInfo", json::object{{"FirstName", first}, {"Email", "a@b.example"}}},
                      {"SecurityProfileIds", describe().at("SecurityProfileIds")},
                      {"RoutingProfileId", region.profile}};
    if (!tags.empty()) body["Tags"] = tags;
    return text_of(region.expect("PUT", "/users/" + region.instance, body), "UserId");
  }
  http::Response search(json::object criteria, json::object filter = {}) {
    json::object body{{"InstanceId", region.instance}, {"MaxResults", 2}};
    if (!criteria.empty()) body["SearchCriteria"] = std::move(criteria);
    if (!filter.empty()) body["SearchFilter"] = std::move(filter);
    return region.connect("POST", "/search-users", body);
  }
  // Usernames on the first page.
  std::vector<std::string> found(json::object criteria, json::object filter = {}) {
    std::vector<std::string> out;
    const auto response = search(std::move(criteria), std::move(filter));
    EXPECT_EQ(response.status, 200) << response.body;
    const auto body = body_of(response);
    for (const json::value& user : body.at("Users").as_array()) {
      out.push_back(text_of(user.as_object(), "Username"));
    }
    return out;
  }
  static json::object condition(const char* field, const std::string& value, const char* how) {
    return {{"StringCondition", json::object{{"FieldName", field}, {"Value", value}, {"ComparisonType", how}}}};
  }
  using Names = std::vector<std::string>;
  Region region;
  std::string target = "/users/" + region.instance + "/" + region.user;
};

TEST_F(Users, AreDescribedAsTheyWereChanged) {
  const json::object identity{{"FirstName", "Anna"}, {"LastName", "Roy"}, {"Mobile", "+15550100"}};
  EXPECT_EQ(post("identity-info", {{"IdentityInfo", identity}}).status, 200);
  const json::object phone{{"PhoneType", "DESK_PHONE"},
                           {"AutoAccept", true},
                           {"AfterContactWorkTimeLimit", 30},
                           {"DeskPhoneNumber", "+15550101"}};
  EXPECT_EQ(post("phone-config", {{"PhoneConfig", phone}}).status, 200);
  EXPECT_EQ(describe().at("IdentityInfo"), json::value(identity));
  EXPECT_EQ(describe().at("PhoneConfig"), json::value(phone));
  // The whole is replaced.
  EXPECT_EQ(post("identity-info", {{"IdentityInfo", json::object{{"FirstName", "Anna"}}}}).status, 200);
  EXPECT_EQ(post("phone-config", {{"PhoneConfig", json::object{{"PhoneType", "SOFT_PHONE"}}}}).status, 200);
  EXPECT_EQ(describe().at("IdentityInfo"), (json::object{{"FirstName", "Anna"}}));
  EXPECT_EQ(describe().at("PhoneConfig"), (json::object{{"PhoneType", "SOFT_PHONE"}}));

  const Uuid lead = region.host.mint();
  region.host.command({.id = region.host.mint(),
                       .verb = config::Create{config::Kind::security_profile, lead, {{"name", "Lead"}}},
                       .keys = {}},
                      [](const Result<Answer>&) {});
  EXPECT_EQ(post("security-profiles", {{"SecurityProfileIds", json::array{lead.text()}}}).status, 200);
  EXPECT_EQ(describe().at("SecurityProfileIds"), json::array{lead.text()});
  const json::object other{{"Name", "Other"},
                           {"Description", "d"},
                           {"DefaultOutboundQueueId", region.queue},
                           {"MediaConcurrencies", json::array{json::object{{"Channel", "CHAT"}, {"Concurrency", 1}}}}};
  const auto made = region.expect("PUT", "/routing-profiles/" + region.instance, other);
  EXPECT_EQ(post("routing-profile", {{"RoutingProfileId", made.at("RoutingProfileArn")}}).status, 200);
  EXPECT_EQ(describe().at("RoutingProfileId"), made.at("RoutingProfileId"));
}

TEST_F(Users, RefuseWhatIsNotThere) {
  const std::string nobody = "0190f0f0-0000-7000-8000-0000000000ff";
  EXPECT_EQ(error_of(post("routing-profile", {{"RoutingProfileId", nobody}})), "ResourceNotFoundException");
  EXPECT_EQ(error_of(post("security-profiles", {{"SecurityProfileIds", json::array{nobody}}})),
            "ResourceNotFoundException");
  EXPECT_EQ(error_of(post("security-profiles", {{"SecurityProfileIds", json::array{}}})), "InvalidParameterException");
  EXPECT_EQ(error_of(region.connect("POST", "/users/" + region.instance + "/" + nobody + "/routing-profile",
                                    {{"RoutingProfileId", region.profile}})),
            "ResourceNotFoundException");
  const json::object forever{{"AfterContactWorkTimeLimit", 2'000'001}};
  EXPECT_EQ(error_of(post("phone-config", {{"PhoneConfig", forever}})), "InvalidParameterException");
  EXPECT_EQ(describe().at("RoutingProfileId"), json::value(region.profile));
}

TEST_F(Users, AreGivenTheContactsOfTheirNewProfile) {
  const json::object other{{"Name", "Idle"},
                           {"Description", "d"},
                           {"DefaultOutboundQueueId", region.queue},
                           {"MediaConcurrencies", json::array{json::object{{"Channel", "TASK"}, {"Concurrency", 1}}}}};
  const auto idle = region.expect("PUT", "/routing-profiles/" + region.instance, other).at("RoutingProfileId");
  EXPECT_EQ(post("routing-profile", {{"RoutingProfileId", idle}}).status, 200);
  region.available_agent();
  region.start_task("a task");
  region.host.run(std::chrono::seconds(2));
  EXPECT_TRUE(region.shown().empty());
  EXPECT_EQ(post("routing-profile", {{"RoutingProfileId", region.profile}}).status, 200);
  region.host.run(std::chrono::seconds(2));
  EXPECT_EQ(region.shown().size(), 1U);
}

TEST_F(Users, AreFound) {
  create("bea", "Beatrice", {{"team", "red"}});
  create("ben", "Benedict", {{"team", "blue"}, {"floor", ""}});
  const std::string cem = create("cem", "Anatol");
  EXPECT_EQ(found(condition("Username", "BE", "STARTS_WITH")), (Names{"bea", "ben"}));
  EXPECT_EQ(found(condition("FirstName", "na", "CONTAINS")), (Names{"ana", "cem"}));
  EXPECT_EQ(found(condition("Username", "be", "EXACT")), Names{});
  EXPECT_EQ(found(condition("resourceId", cem, "EXACT")), Names{"cem"});
  EXPECT_EQ(found({{"AndConditions", json::array{condition("Username", "be", "STARTS_WITH"),
                                                 condition("FirstName", "dict", "CONTAINS")}}}),
            Names{"ben"});
  EXPECT_EQ(found({{"OrConditions",
                    json::array{condition("Username", "ana", "EXACT"), condition("Username", "cem", "EXACT")}}}),
            (Names{"ana", "cem"}));
  const auto tag = [](const char* key, const char* value) {
    return json::object{{"TagKey", key}, {"TagValue", value}};
  };
  EXPECT_EQ(found({}, {{"TagFilter", json::object{{"TagCondition", tag("team", "red")}}}}), Names{"bea"});
  EXPECT_EQ(
      found({}, {{"TagFilter", json::object{{"AndConditions", json::array{tag("team", "blue"), tag("floor", "")}}}}}),
      Names{"ben"});
  const json::array either{json::array{tag("team", "red")}, json::array{tag("team", "blue")}};
  EXPECT_EQ(found({}, {{"TagFilter", json::object{{"OrConditions", either}}}}), (Names{"bea", "ben"}));

  post("phone-config", {{"PhoneConfig", json::object{{"AfterContactWorkTimeLimit", 30}}}});
  const auto own = body_of(search(condition("Username", "ana", "EXACT")));
  EXPECT_EQ(own.at("Users").as_array().at(0).at("PhoneConfig").at("AfterContactWorkTimeLimit"), 30'000);

  const auto first = body_of(search(condition("RoutingProfileId", region.profile, "EXACT")));
  EXPECT_EQ(first.at("ApproximateTotalCount"), 4);
  EXPECT_EQ(first.at("Users").as_array().size(), 2U);
  const auto second =
      region.expect("POST", "/search-users", {{"InstanceId", region.instance}, {"NextToken", first.at("NextToken")}});
  EXPECT_EQ(second.at("Users").as_array().size(), 2U);
  EXPECT_FALSE(second.contains("NextToken"));
  EXPECT_FALSE(second.at("Users").as_array().at(0).at("IdentityInfo").as_object().contains("Email"));
  EXPECT_EQ(error_of(search(condition("Colour", "red", "EXACT"))), "InvalidRequestException");
  EXPECT_EQ(error_of(search({{"ListCondition", json::object{{"TargetListType", "PROFICIENCIES"}}}})),
            "InvalidRequestException");
}

}  // namespace
}  // namespace tandem::api
