// Goal: hours of operation and their overrides are kept as given, and decide what a flow that checks them does. Method:
// signed requests against the API of a region over a real node, whose clock stands at a Monday in September 2026.
#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>

#include "api/common.h"
#include "api/fake_host_testing.h"

namespace tandem::api {
namespace {

namespace json = boost::json;

class HoursOfOperation : public testing::Test {
 protected:
  static json::object slot(const char* day, int from, int to) {
    json::object out{{"StartTime", json::object{{"Hours", from}, {"Minutes", 0}}},
                     {"EndTime", json::object{{"Hours", to}, {"Minutes", 0}}}};
    if (day != nullptr) out["Day"] = day;
    return out;
  }
  std::string today() { return iso_time(region.host.utc_ms()).substr(0, 10); }
  std::string add(const char* name, json::object body) {
    body.insert({{"Name", name}, {"EffectiveFrom", "2026-12-24"}, {"EffectiveTill", "2026-12-26"}});
    body.emplace("Config", json::array{});
    return text_of(region.expect("PUT", overrides, body), "HoursOfOperationOverrideId");
  }
  json::object describe(const std::string& id) {
    return region.expect("GET", overrides + "/" + id).at("HoursOfOperationOverride").as_object();
  }
  http::Response change(const std::string& id, const json::object& body) {
    return region.connect("POST", overrides + "/" + id, body);
  }
  json::object effective(const std::string& from, const std::string& to) {
    return region.expect("GET", "/effective-hours-of-operations/" + region.instance + "/" + region.hours +
                                    "?fromDate=" + from + "&toDate=" + to);
  }
  Region region;
  std::string target = "/hours-of-operations/" + region.instance + "/" + region.hours;
  std::string overrides = target + "/overrides";
};

TEST_F(HoursOfOperation, AreDescribedAsTheyWereChanged) {
  const json::array week{slot("MONDAY", 9, 12), slot("MONDAY", 13, 17), slot("SUNDAY", 22, 2)};
  const json::object body{{"Name", "Office"}, {"Description", "d"}, {"TimeZone", "Europe/Berlin"}, {"Config", week}};
  EXPECT_EQ(region.connect("POST", target, body).status, 200);
  auto now = region.expect("GET", target).at("HoursOfOperation").as_object();
  EXPECT_EQ(now.at("Name"), "Office");
  EXPECT_EQ(now.at("TimeZone"), "Europe/Berlin");
  EXPECT_EQ(now.at("Config").as_array(), week);
  EXPECT_EQ(
      region.connect("POST", target, {{"Config", json::array{slot("MONDAY", 9, 12)}}, {"Description", ""}}).status,
      200);
  now = region.expect("GET", target).at("HoursOfOperation").as_object();
  EXPECT_EQ(now.at("Config").as_array(), json::array{slot("MONDAY", 9, 12)}) << "the week is replaced";
  EXPECT_EQ(now.at("Name"), "Office");
  EXPECT_FALSE(now.contains("Description"));
  EXPECT_EQ(error_of(region.connect("POST", target, {{"TimeZone", "Mars/Olympus"}})), "InvalidParameterException");
}

TEST_F(HoursOfOperation, OverridesAreDescribedAsTheyWereChanged) {
  const json::object pattern{
      {"Frequency", "YEARLY"}, {"Interval", 1}, {"ByMonth", json::array{4}}, {"ByWeekdayOccurrence", json::array{-1}}};
  const std::string id = add("Easter", {{"Description", "a long weekend"},
                                        {"OverrideType", "CLOSED"},
                                        {"Config", json::array{slot("FRIDAY", 12, 0)}},
                                        {"RecurrenceConfig", json::object{{"RecurrencePattern", pattern}}}});
  auto now = describe(id);
  EXPECT_EQ(now.at("Name"), "Easter");
  EXPECT_EQ(now.at("HoursOfOperationId"), json::value(region.hours));
  EXPECT_EQ(now.at("OverrideType"), "CLOSED");
  EXPECT_EQ(now.at("Config").as_array(), json::array{slot("FRIDAY", 12, 0)});
  EXPECT_EQ(now.at("RecurrenceConfig").at("RecurrencePattern"), json::value(pattern));
  EXPECT_EQ(change(id, {{"EffectiveTill", "2030-12-31"}, {"Config", json::array{slot(nullptr, 9, 10)}}}).status, 200);
  now = describe(id);
  EXPECT_EQ(now.at("EffectiveFrom"), "2026-12-24");
  EXPECT_EQ(now.at("EffectiveTill"), "2030-12-31");
  EXPECT_EQ(now.at("Config").as_array(), json::array{slot(nullptr, 9, 10)});
  EXPECT_EQ(change(id, {{"OverrideType", "STANDARD"}}).status, 200);
  EXPECT_FALSE(describe(id).contains("RecurrenceConfig")) << "temporary hours do not recur";

  const std::string second = add("Second", {});
  EXPECT_EQ(error_of(change(second, {{"Name", "Easter"}})), "DuplicateResourceException");
  const auto page = region.expect("GET", overrides + "?maxResults=1");
  EXPECT_EQ(page.at("HoursOfOperationOverrideList").as_array().size(), 1U);
  EXPECT_TRUE(page.contains("NextToken"));
  EXPECT_EQ(region.connect("DELETE", overrides + "/" + id).status, 200);
  EXPECT_EQ(error_of(region.connect("DELETE", overrides + "/" + id)), "ResourceNotFoundException");
  EXPECT_EQ(region.expect("GET", overrides).at("HoursOfOperationOverrideList").as_array().size(), 1U);
  EXPECT_EQ(change(second, {{"Name", "Easter"}}).status, 200);
}

TEST_F(HoursOfOperation, OverridesThatCannotBe) {
  const char* const bad[] = {
      R"({"EffectiveFrom":"2026-02-30"})",
      R"({"EffectiveTill":"2026-12-23"})",
      R"({"Config":[{"Day":"MONDAY","StartTime":{"Hours":9,"Minutes":0}}]})",
      R"({"RecurrenceConfig":{"RecurrencePattern":{"Frequency":"WEEKLY","Interval":1}}})",
      R"({"OverrideType":"OPEN","RecurrenceConfig":{"RecurrencePattern":{"Frequency":"WEEKLY","Interval":7}}})",
      R"({"OverrideType":"OPEN","RecurrenceConfig":{"RecurrencePattern":{"Frequency":"WEEKLY","Interval":1,"ByMonthDay":[1]}}})",
      R"({"OverrideType":"OPEN","RecurrenceConfig":{"RecurrencePattern":{"Frequency":"MONTHLY","Interval":1,"ByMonth":[1]}}})",
      R"({"OverrideType":"OPEN","RecurrenceConfig":{"RecurrencePattern":{"Frequency":"MONTHLY","Interval":1,"ByMonthDay":[1,2]}}})",
      R"({"OverrideType":"OPEN","RecurrenceConfig":{"RecurrencePattern":{"Frequency":"MONTHLY","Interval":1,"ByMonthDay":[0]}}})",
      R"({"OverrideType":"OPEN","RecurrenceConfig":{"RecurrencePattern":{"Frequency":"MONTHLY","Interval":1,"ByMonthDay":[1],"ByWeekdayOccurrence":[1]}}})",
  };
  const json::object good{
      {"Name", "n"}, {"EffectiveFrom", "2026-12-24"}, {"EffectiveTill", "2026-12-26"}, {"Config", json::array{}}};
  for (const char* change : bad) {
    json::object body = good;
    const json::value parsed = json::parse(change);
    for (const auto& member : parsed.as_object()) body[member.key()] = member.value();
    EXPECT_EQ(error_of(region.connect("PUT", overrides, body)), "InvalidParameterException") << change;
  }
  const std::string nobody = "0190f0f0-0000-7000-8000-0000000000ff";
  const std::string elsewhere = "/hours-of-operations/" + region.instance + "/" + nobody + "/overrides";
  EXPECT_EQ(error_of(region.connect("PUT", elsewhere, good)), "ResourceNotFoundException");
  EXPECT_EQ(error_of(region.connect("GET", overrides + "/" + nobody)), "ResourceNotFoundException");
  for (int n = 0; n < 50; ++n) add(("override " + std::to_string(n)).c_str(), {});
  EXPECT_EQ(error_of(region.connect("PUT", overrides, good)), "LimitExceededException");

  // The same name is free in other hours, and their overrides are not these.
  const json::object other{{"Name", "Other"}, {"TimeZone", "UTC"}, {"Config", json::array{}}};
  const auto made = region.expect("PUT", "/hours-of-operations/" + region.instance, other);
  const std::string second =
      "/hours-of-operations/" + region.instance + "/" + text_of(made, "HoursOfOperationId") + "/overrides";
  json::object body = good;
  body["Name"] = "override 1";
  const std::string id = text_of(region.expect("PUT", second, body), "HoursOfOperationOverrideId");
  EXPECT_EQ(error_of(region.connect("GET", overrides + "/" + id)), "ResourceNotFoundException");
  EXPECT_EQ(error_of(region.connect("POST", overrides + "/" + id, {{"Name", "x"}})), "ResourceNotFoundException");
  EXPECT_EQ(error_of(region.connect("DELETE", overrides + "/" + id)), "ResourceNotFoundException");
}

TEST_F(HoursOfOperation, EffectiveHoursAreWhatOverridesLeave) {
  // 2026-12-24 is a Thursday.
  region.expect("POST", target, {{"Config", json::array{slot("WEDNESDAY", 9, 17), slot("THURSDAY", 9, 17)}}});
  add("Eve", {{"EffectiveTill", "2026-12-24"}, {"Config", json::array{slot("THURSDAY", 9, 12)}}});
  add("Stock-taking",
      {{"OverrideType", "CLOSED"}, {"EffectiveFrom", "2026-01-01"}, {"Config", json::array{slot(nullptr, 11, 12)}}});
  const auto seen = effective("2026-12-23", "2026-12-25");
  const auto part = [](int from, int to) {
    return json::object{{"Start", json::object{{"Hours", from}, {"Minutes", 0}}},
                        {"End", json::object{{"Hours", to}, {"Minutes", 0}}}};
  };
  const json::array days = seen.at("EffectiveHoursOfOperationList").as_array();
  ASSERT_EQ(days.size(), 3U);
  EXPECT_EQ(days[0].at("Date"), "2026-12-23");
  EXPECT_EQ(days[0].at("OperationalHours").as_array(), (json::array{part(9, 11), part(12, 17)}));
  EXPECT_EQ(days[1].at("OperationalHours").as_array(), json::array{part(9, 12)});
  EXPECT_EQ(days[2].at("OperationalHours").as_array(), json::array{});
  const json::array applied = seen.at("EffectiveOverrideHoursList").as_array();
  ASSERT_EQ(applied.size(), 3U);
  EXPECT_EQ(applied[1].at("OverrideHours").as_array().at(0).at("OverrideName"), "Eve");
  EXPECT_EQ(applied[1].at("OverrideHours").as_array().at(0).at("OperationalStatus"), "OPEN");
  EXPECT_EQ(applied[2].at("OverrideHours").as_array().at(0).at("OperationalStatus"), "CLOSED");
  const std::string ask = "/effective-hours-of-operations/" + region.instance + "/" + region.hours;
  EXPECT_EQ(error_of(region.connect("GET", ask + "?fromDate=2026-12-25&toDate=2026-12-24")),
            "InvalidParameterException");
  EXPECT_EQ(error_of(region.connect("GET", ask + "?fromDate=2026-01-01&toDate=2027-06-01")),
            "InvalidParameterException");
}

TEST_F(HoursOfOperation, OverridesDecideWhatAFlowDoes) {
  std::string content = kSampleFlow;
  content.replace(content.find("QUEUE"), 5, region.queue);
  content.replace(content.find("\"NextAction\":\"queue\""), 20, R"("NextAction":"hours")");
  content.insert(content.find(R"({"Identifier":"queue")"),
                 R"({"Identifier":"hours","Type":"CheckHoursOfOperation","Parameters":{},
      "Transitions":{"NextAction":"bye","Conditions":[{"NextAction":"queue","Condition":{"Operator":"Equals","Operands":["True"]}},
      {"NextAction":"bye","Condition":{"Operator":"Equals","Operands":["False"]}}],"Errors":[{"NextAction":"bye","ErrorType":"NoMatchingError"}]}},)");
  region.expect("POST", "/contact-flows/" + region.instance + "/" + region.flow + "/content", {{"Content", content}});
  const auto queued = [&] {
    const ContactId id{*parse_uuid(region.start_task("a task"))};
    region.host.run(std::chrono::seconds(1));
    return region.host.world().contacts().find(id)->contact.phase == contact::Phase::queued;
  };
  ASSERT_EQ(today().substr(0, 8), "2026-09-");
  EXPECT_TRUE(queued()) << "Mondays are open";
  const std::string id = add("Today", {{"EffectiveFrom", today()}, {"EffectiveTill", today()}});
  EXPECT_FALSE(queued());
  EXPECT_EQ(change(id, {{"Config", json::array{slot(nullptr, 0, 0)}}}).status, 200);
  EXPECT_TRUE(queued());
  region.expect("POST", target, {{"Config", json::array{}}});
  EXPECT_TRUE(queued()) << "temporary hours count before the week";
  region.expect("DELETE", overrides + "/" + id);
  EXPECT_FALSE(queued());
  EXPECT_TRUE(region.host.errors.empty());
}

}  // namespace
}  // namespace tandem::api
