// Contact flows. Their content is kept as given and compiled where it runs; here it is only judged.
#include <algorithm>
#include <sstream>

#include "api/connect/context.h"
#include "codec/crypto.h"
#include "record/flow_json.h"

namespace tandem::api::connect {
namespace {

constexpr std::string_view kSavedSuffix = ":$SAVED";
constexpr std::size_t kProblemsMax = 50;       // of the error's list
constexpr std::size_t kProblemBytesMax = 256;  // cut at a word, so never inside a character

// Nothing when the content is a flow.
std::optional<model::ServiceError> problems(const model::Call& call, const std::string& content) {
  const auto compiled = record::compile_flow(content);
  if (compiled) return std::nullopt;
  json::array each;
  std::istringstream lines(compiled.error().detail);
  for (std::string line; std::getline(lines, line) && each.size() < kProblemsMax;) {
    if (line.size() > kProblemBytesMax) line.resize(line.find_last_of(' ', kProblemBytesMax));
    each.emplace_back(json::object{{"message", line}});
  }
  // Older clients show the message alone.
  std::string message = "The flow is not valid.";
  if (!each.empty()) message += " " + std::string(each.front().at("message").as_string());
  return model::declared_error(*call.operation, "InvalidContactFlowException", std::move(message),
                               {{"problems", std::move(each)}});
}

json::object describe_flow(const Context& context, const World& world, const config::Document& document) {
  const std::string& content = document.get("content");
  json::object out{{"Id", document.id.text()},
                   {"Arn", context.arn(kFlowArn, document.id)},
                   {"Name", world.config().served_name(document)},
                   {"Type", document.get("type")},
                   {"State", document.get("state") == "ARCHIVED" ? "ARCHIVED" : "ACTIVE"},
                   {"Status", document.get("status") == "SAVED" ? "SAVED" : "PUBLISHED"},
                   {"Content", content},
                   {"FlowContentSha256", crypto::hex(crypto::sha256(content))}};
  put(out, "Description", document.get("description"));
  put_tags(out, document);
  context.modified(out, world, document);
  return out;
}

// A flow may be named with its version.
std::string without_suffix(std::string id_or_arn, bool& saved) {
  saved = id_or_arn.ends_with(kSavedSuffix);
  if (saved) id_or_arn.resize(id_or_arn.size() - kSavedSuffix.size());
  return id_or_arn;
}

void update_content(const Context& context, const model::Call& call, model::Reply reply) {
  bool saved = false;
  const auto id = context.id(without_suffix(text(call.input, "ContactFlowId"), saved), kFlowArn);
  if (!id) return reply(refuse(call, id.error()));
  std::string content = text(call.input, "Content");
  if (auto wrong = problems(call, content)) return reply(std::unexpected(std::move(*wrong)));
  Command order{.id = context.host.mint(),
                .verb = config::Change{config::Kind::flow, *id, {{"content", std::move(content)}}},
                .keys = {}};
  context.command(call, std::move(order), std::move(reply),
                  [](const model::Call&, const Answer&) -> model::Answer { return json::object{}; });
}

}  // namespace

void add_flow_operations(const Context& context) {
  context.on("CreateContactFlow", [context](const model::Call& call, model::Reply reply) {
    const std::string content = text(call.input, "Content");
    const std::string status = text(call.input, "Status");
    // What is only saved may be unfinished, as at the service; nothing runs before it is published.
    if (status != "SAVED") {
      if (auto wrong = problems(call, content)) return reply(std::unexpected(std::move(*wrong)));
    }
    Fields fields{{"name", text(call.input, "Name")},
                  {"description", text(call.input, "Description")},
                  {"type", text(call.input, "Type")},
                  {"content", content},
                  {"state", "ACTIVE"},
                  {"status", status.empty() ? "PUBLISHED" : status}};
    set_tags(fields, call.input);
    context.create(call, {config::Kind::flow, kFlowArn, "ContactFlowId", "ContactFlowArn"}, std::move(fields),
                   std::move(reply), {{"FlowContentSha256", crypto::hex(crypto::sha256(content))}});
  });
  context.read("DescribeContactFlow",
               [context](const model::Call& call, const World& world, const Local&) -> model::Answer {
                 model::Call bare = call;
                 bool saved = false;
                 bare.input["ContactFlowId"] = without_suffix(text(call.input, "ContactFlowId"), saved);
                 const auto found = context.document(bare, world, config::Kind::flow, kFlowArn, "ContactFlowId");
                 if (!found) return refuse(call, found.error());
                 if (!saved && (*found)->get("status") == "SAVED") {
                   return std::unexpected(model::declared_error(*call.operation, "ContactFlowNotPublishedException",
                                                                "The flow has not been published."));
                 }
                 return json::object{{"ContactFlow", describe_flow(context, world, **found)}};
               });
  context.read(
      "ListContactFlows", [context](const model::Call& call, const World& world, const Local&) -> model::Answer {
        const auto types = texts(call.input, "ContactFlowTypes");
        return context.list(call, world, config::Kind::flow, "ContactFlowSummaryList",
                            [&](const config::Document& document) -> std::optional<json::object> {
                              const std::string& type = document.get("type");
                              const bool wanted = types.empty() || std::ranges::find(types, type) != types.end();
                              if (!wanted) return std::nullopt;
                              const bool archived = document.get("state") == "ARCHIVED";
                              const bool saved = document.get("status") == "SAVED";
                              json::object out{{"Id", document.id.text()},
                                               {"Arn", context.arn(kFlowArn, document.id)},
                                               {"Name", world.config().served_name(document)},
                                               {"ContactFlowState", archived ? "ARCHIVED" : "ACTIVE"},
                                               {"ContactFlowStatus", saved ? "SAVED" : "PUBLISHED"}};
                              put(out, "ContactFlowType", type);
                              return out;
                            });
      });
  context.on("UpdateContactFlowContent", [context](const model::Call& call, model::Reply reply) {
    update_content(context, call, std::move(reply));
  });
  context.destroy("DeleteContactFlow", config::Kind::flow, kFlowArn, "ContactFlowId");
}

}  // namespace tandem::api::connect
