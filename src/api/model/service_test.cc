#include "api/model/service.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <optional>
#include <string>

#include "api/connect/operations/operations.h"
#include "api/model/arn.h"
#include "api/model/shape.h"

namespace tandem::model {
namespace {

using namespace std::chrono_literals;

http::Response ask(const Service& service, std::string method, std::string target, std::string body = {}) {
  http::Request request;
  request.method = std::move(method);
  request.target = std::move(target);
  request.body = std::move(body);
  std::optional<http::Response> out;
  service.handle(request, {.request_id = "r-1", .region = "us-east-1", .principal = "me"},
                 [&](http::Response response) { out = std::move(response); });
  return out.value_or(http::Response{.status = 0, .headers = {}, .body = "nobody answered"});
}

// Goal: a request becomes a call of the right handler, and every answer has the shape clients of the service expect.
// Method: a service on the real description with a handler or two, asked through `handle` only.
TEST(Service, CallsTheHandlerWithValidInput) {
  Service service(operations::connect());
  service.on("DescribeQueue", [](const Call& call, const Reply& reply) {
    EXPECT_EQ(call.operation->name, "DescribeQueue");
    EXPECT_EQ(call.caller.principal, "me");
    EXPECT_EQ(call.input.at("QueueId"), "arn:aws:connect:us-east-1:123456789012:instance/i/queue/q");
    reply(boost::json::object{
        {"Queue", {{"Name", "Sales"}, {"LastModifiedTime", timestamp(Milliseconds(1767225600500ms))}}}});
  });
  const auto answer =
      ask(service, "GET", "/queues/i/arn%3Aaws%3Aconnect%3Aus-east-1%3A123456789012%3Ainstance%2Fi%2Fqueue%2Fq");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"Queue":{"Name":"Sales","LastModifiedTime":1767225600.5}})");
  EXPECT_EQ(*http::find(answer.headers, "content-type"), "application/json");
  EXPECT_EQ(*http::find(answer.headers, "x-amzn-requestid"), "r-1");
}

TEST(Service, ShapesErrors) {
  Service service(operations::connect());
  service.answer("DescribeQueue", [](const Call& call) -> Answer {
    return std::unexpected(service_error(*call.operation, Error{Errc::not_found, "no queue q"}));
  });
  service.answer("CreateContactFlow", [](const Call& call) -> Answer {
    return std::unexpected(declared_error(*call.operation, "InvalidContactFlowException", "the flow has problems",
                                          {{"problems", {{{"message", "no StartAction"}}}}}));
  });
  struct Case {
    const char* method;
    const char* target;
    const char* body;
    int status;
    const char* type;
  };
  const Case cases[] = {
      {"GET", "/queues/i/q", "", 404, "ResourceNotFoundException"},
      {"PUT", "/contact-flows/i", R"({"Name":"n","Type":"CONTACT_FLOW","Content":"{}"})", 400,
       "InvalidContactFlowException"},
      {"PUT", "/contact-flows/i", R"({"Type":"CONTACT_FLOW","Content":"{}"})", 400, "InvalidParameterException"},
      {"PUT", "/contact-flows/i", "{", 400, "SerializationException"},
      {"GET", "/queues/i/%zz", "", 400, "SerializationException"},
      {"GET", "/nowhere", "", 404, "UnknownOperationException"},
      {"PATCH", "/queues/i", "", 404, "UnknownOperationException"},
      {"GET", "/queues//q", "", 404, "UnknownOperationException"},
      {"GET", "", "", 404, "UnknownOperationException"},
      {"GET", "/instance", "", 501, "NotImplementedException"},
  };
  for (const Case& c : cases) {
    const auto answer = ask(service, c.method, c.target, c.body);
    EXPECT_EQ(answer.status, c.status) << c.target;
    ASSERT_NE(http::find(answer.headers, "x-amzn-errortype"), nullptr) << c.target;
    EXPECT_EQ(*http::find(answer.headers, "x-amzn-errortype"), c.type) << c.target;
    EXPECT_EQ(*http::find(answer.headers, "x-amzn-requestid"), "r-1");
    EXPECT_FALSE(boost::json::parse(answer.body).at("Message").get_string().empty()) << c.target;
  }
  const auto problems = ask(service, "PUT", "/contact-flows/i", R"({"Name":"n","Type":"CONTACT_FLOW","Content":"{}"})");
  EXPECT_EQ(boost::json::parse(problems.body).at("problems").at(0).at("message"), "no StartAction");
}

TEST(Service, AnswersAMistakenHandlerWith500AndTellsTheLog) {
  std::string told;
  Service service(operations::connect(), [&](const std::string& id, const Error& error) { told = id + error.detail; });
  service.answer("ListInstances", [](const Call&) -> Answer { return boost::json::object{{"Instances", "none"}}; });
  const auto answer = ask(service, "GET", "/instance");
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(*http::find(answer.headers, "x-amzn-errortype"), "InternalServiceException");
  EXPECT_EQ(answer.body.find("Instances"), std::string::npos);
  EXPECT_NE(told.find("Instances"), std::string::npos);
}

TEST(Service, KnowsWhatItServes) {
  Service service(operations::participant());
  EXPECT_TRUE(service.knows("POST", "/participant/message"));
  EXPECT_FALSE(service.knows("POST", "/contact/stop"));
  service.answer("SendMessage", [](const Call&) -> Answer { return boost::json::object{}; });
  EXPECT_EQ(service.unserved().size(), operations::participant().operations().size() - 1);
}

// Goal: each of our errors becomes one the operation declares, in every operation of both services.
// Method: all pairs.
TEST(ServiceError, IsAlwaysOneTheOperationDeclares) {
  for (const Description* description : {&operations::connect(), &operations::participant()}) {
    for (const Operation& operation : description->operations()) {
      for (int code = static_cast<int>(Errc::invalid); code <= static_cast<int>(Errc::internal); ++code) {
        const auto error = service_error(operation, {static_cast<Errc>(code), "why"});
        EXPECT_TRUE(operation.declares(error.type) || error.type == "AccessDeniedException")
            << operation.name << ' ' << errc_name(static_cast<Errc>(code)) << ' ' << error.type;
        EXPECT_GE(error.status, 400);
      }
    }
  }
}

TEST(Shape, HoldsAnswersAgainstTheDescription) {
  const Operation& list = *operations::connect().find("GetCurrentMetricData");
  struct Case {
    const char* output;
    const char* body;  // null: refused
  };
  const Case cases[] = {
      {R"({})", "{}"},
      {R"({"NextToken":null})", "{}"},
      {R"({"DataSnapshotTime":1767225600})", R"({"DataSnapshotTime":1767225600})"},
      {R"({"DataSnapshotTime":1767225600.25})", R"({"DataSnapshotTime":1767225600.25})"},
      {R"({"ApproximateTotalCount":3,"NextToken":"a\"b\u0001"})",
       R"({"NextToken":"a\"b\u0001","ApproximateTotalCount":3})"},
      {R"({"MetricResults":[{"Collections":[{"Metric":{"Name":"AGENTS_ONLINE","Unit":"COUNT"},"Value":2.5}]}]})",
       R"({"MetricResults":[{"Collections":[{"Metric":{"Name":"AGENTS_ONLINE","Unit":"COUNT"},"Value":2.5}]}]})"},
      {R"({"MetricResults":[{"Collections":[{"Metric":{"Name":"AGENTS_ASLEEP"}}]}]})", nullptr},
      {R"({"MetricResults":{}})", nullptr},
      {R"({"ApproximateTotalCount":"3"})", nullptr},
      {R"({"Extra":1})", nullptr},
      {R"({"DataSnapshotTime":"now"})", nullptr},
  };
  for (const Case& c : cases) {
    const auto shaped = shape(list, boost::json::parse(c.output).get_object());
    ASSERT_EQ(shaped.has_value(), c.body != nullptr) << c.output;
    if (c.body != nullptr) {
      EXPECT_EQ(*shaped, c.body);
    }
  }
}

TEST(Shape, ReadsBackTheMomentItWrote) {
  const Milliseconds at(1767225600123ms);
  EXPECT_EQ(moment(timestamp(at)), at);
  EXPECT_EQ(moment(boost::json::value(1767225600)), Milliseconds(1767225600000ms));
}

TEST(Arn, IsTakenWhereAnIdIs) {
  const std::string arn = "arn:aws:connect:us-west-2:123456789012:instance/i-1/queue/q-1";
  EXPECT_EQ(*id_of(arn, "queue"), "q-1");
  EXPECT_EQ(*id_of("q-1", "queue"), "q-1");
  EXPECT_EQ(*id_of("arn:aws-us-gov:connect:us-gov-west-1:1:instance/i-1", ""), "i-1");
  EXPECT_EQ(parse_arn(arn)->region, "us-west-2");
  EXPECT_EQ(arn_text(*parse_arn(arn)), arn);
  EXPECT_EQ(*id_of("arn:aws:connect:us-west-2:1:instance/i-1/contact-flow/f-1:$SAVED", "contact-flow"), "f-1:$SAVED");
  for (const char* wrong :
       {"arn:aws:connect:us-west-2:1:instance/i/agent/a", "arn:aws:connect:us-west-2:1:instance/i", "arn:", "arn:aws",
        "arn:aws:s3:us-west-2:1:instance/i/queue/q", "arn:aws:connect::1:instance/i/queue/q", "", "a/b",
        "arn:aws:connect:us-west-2:1:instance/i/queue", "arn:aws:connect:us-west-2:1:instance//queue/q",
        "arn:aws:connect:us-west-2:1:instance/i/queue/", "arn:aws:connect:us-west-2:1:instance/i/queue/q/r"}) {
    EXPECT_FALSE(id_of(wrong, "queue").has_value()) << wrong;
  }
}

}  // namespace
}  // namespace tandem::model
