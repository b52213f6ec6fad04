#include "record/flow_json.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/config/program.h"

namespace tandem::record {
namespace {

namespace json = boost::json;
using config::Block;
using config::Branch;
using config::Condition;
using config::Operator;
using config::Program;

constexpr std::string_view kVersion = "2019-10-30";
constexpr std::size_t kActionsMax = 250;
constexpr std::size_t kIdentifierCharactersMax = 50;
constexpr int kConditionDepthMax = 5;
constexpr int kConditionsNestedMax = 50;
constexpr std::size_t kDepthMax = 64;      // of the JSON text: views carry deep data
constexpr std::size_t kProblemsMax = 100;  // nobody reads more
constexpr std::size_t kQuotedBytesMax = 120;

// The types of the flow language and those of newer blocks of the product; sorted. What this build runs is decided in
// core/flow: the rest compiles and takes its error branch.
constexpr std::array kTypes = std::to_array<std::string_view>({
    "AssociateContactToCustomerProfile",
    "AuthenticateParticipant",
    "CheckHoursOfOperation",
    "CheckMetricData",
    "CheckOutboundCallStatus",
    "CheckVoiceId",
    "Compare",
    "CompleteOutboundCall",
    "ConnectParticipantWithLexBot",
    "CreateCallbackContact",
    "CreateCase",
    "CreateContact",
    "CreateCustomerProfile",
    "CreatePersistentContactAssociation",
    "CreateTask",
    "CreateWisdomSession",
    "DequeueContactAndTransferToQueue",
    "DisconnectParticipant",
    "DistributeByPercentage",
    "EndFlowExecution",
    "EndFlowModuleExecution",
    "EvaluateDataTableValues",
    "GetCalculatedAttributesForCustomerProfile",
    "GetCase",
    "GetCustomerProfile",
    "GetCustomerProfileObject",
    "GetMetricData",
    "GetParticipantInput",
    "InvokeFlowModule",
    "InvokeLambdaFunction",
    "LoadContactContent",
    "Loop",
    "MessageParticipant",
    "MessageParticipantIteratively",
    "RenderMessageTemplate",
    "ResumeContact",
    "ShowView",
    "StartOutboundChatContact",
    "StartOutboundEmailContact",
    "StartVoiceIdStream",
    "TagContact",
    "TransferContactToAgent",
    "TransferContactToQueue",
    "TransferParticipantToThirdParty",
    "TransferToFlow",
    "UnTagContact",
    "UntagContact",
    "UpdateCase",
    "UpdateContactAttributes",
    "UpdateContactCallbackNumber",
    "UpdateContactData",
    "UpdateContactEventHooks",
    "UpdateContactMediaProcessing",
    "UpdateContactMediaStreamingBehavior",
    "UpdateContactRecordingAndAnalyticsBehavior",
    "UpdateContactRecordingBehavior",
    "UpdateContactRoutingBehavior",
    "UpdateContactRoutingCriteria",
    "UpdateContactTargetQueue",
    "UpdateContactTextToSpeechVoice",
    "UpdateCustomerProfile",
    "UpdateFlowAttributes",
    "UpdateFlowLoggingBehavior",
    "UpdatePreviousContactParticipantState",
    "UpdateRoutingCriteria",
    "Wait",
});
static_assert(std::ranges::is_sorted(kTypes));

// Names that would reach into the objects of a program in JavaScript; the service refuses them as identifiers.
constexpr std::string_view kReserved[] = {
    "__proto__",      "constructor",   "__defineGetter__",     "__defineSetter__", "toString",
    "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString",   "valueOf"};
constexpr std::string_view kForbidden = "%:(\\/)=$,;[]{}";

constexpr std::pair<std::string_view, Operator> kOperators[] = {
    {"Equals", Operator::equals},
    {"TextStartsWith", Operator::text_starts_with},
    {"TextEndsWith", Operator::text_ends_with},
    {"TextContains", Operator::text_contains},
    {"NumberGreaterThan", Operator::number_greater_than},
    {"NumberGreaterOrEqualTo", Operator::number_greater_or_equal_to},
    {"NumberLessThan", Operator::number_less_than},
    {"NumberLessOrEqualTo", Operator::number_less_or_equal_to},
    // One page of the documentation spells the comparisons like this.
    {"NumericGreaterThan", Operator::number_greater_than},
    {"NumericGreaterOrEqualTo", Operator::number_greater_or_equal_to},
    {"NumericLessThan", Operator::number_less_than},
    {"NumericLessOrEqualTo", Operator::number_less_or_equal_to},
    {"And", Operator::all_of},
    {"AND", Operator::all_of},
    {"Or", Operator::any_of},
    {"OR", Operator::any_of},
    {"Not", Operator::none_of},
    {"NOT", Operator::none_of},
};

std::string_view view(const json::string& text) { return {text.data(), text.size()}; }
std::string_view view(json::string_view text) { return {text.data(), text.size()}; }

// A string from outside, fit for a line of an error.
std::string quoted(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool starts_character = (byte & 0xc0U) != 0x80U;
    if (starts_character && out.size() >= kQuotedBytesMax) return out + "...";
    out.push_back(byte < 0x20 || byte == 0x7f ? ' ' : c);
  }
  return out;
}

std::size_t characters(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::ranges::count_if(utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

// Strings as they are, numbers and booleans as text: exporters use both forms.
std::optional<std::string> scalar(const json::value& value) {
  if (const auto* text = value.if_string()) return std::string(view(*text));
  if (value.is_bool()) return value.get_bool() ? "true" : "false";
  if (value.is_number()) return json::serialize(value);
  return std::nullopt;
}

class Compiler {
 public:
  Result<std::shared_ptr<const Program>> compile(std::string_view content) {
    json::error_code broken;
    json::parse_options options;
    options.max_depth = kDepthMax;
    const json::value document = json::parse({content.data(), content.size()}, broken, {}, options);
    if (broken) return fail(Errc::invalid, "Content is not valid JSON: " + broken.message());
    const json::object* root = document.if_object();
    if (root == nullptr) return fail(Errc::invalid, "Content is not a JSON object");
    if (root->contains("modules") && !root->contains("Actions")) {
      return fail(
          Errc::invalid,
          "Content is in the legacy export format, which has modules instead of Actions: export the flow again, "
          "or create it through the API, in the flow language");
    }
    read(*root);
    if (problems_.empty()) return std::make_shared<const Program>(std::move(program_));
    std::string detail;
    for (const std::string& each : problems_) detail += (detail.empty() ? "" : "\n") + each;
    return fail(Errc::invalid, std::move(detail));
  }

 private:
  void problem(std::string text) {
    if (problems_.size() < kProblemsMax) problems_.push_back(std::move(text));
  }
  void missing(const std::string& path) { problem("Missing required property. Path: " + path); }
  void wrong_type(const std::string& path, const char* expected) {
    problem(std::string("Invalid value for property. Expected: ") + expected + ", Path: " + path);
  }

  // Null when absent or null; a problem when it is something else than a string.
  std::optional<std::string> text(const json::object& object, json::string_view name, const std::string& path,
                                  bool required) {
    const json::value* value = object.if_contains(name);
    if (value == nullptr || value->is_null()) {
      if (required) missing(path);
      return std::nullopt;
    }
    if (const auto* string = value->if_string()) return std::string(view(*string));
    wrong_type(path, "string");
    return std::nullopt;
  }

  template <class T>
  const T* part(const json::object& object, json::string_view name, const std::string& path, const char* expected) {
    const json::value* value = object.if_contains(name);
    if (value == nullptr || value->is_null()) return nullptr;
    const T* found = nullptr;
    if constexpr (std::is_same_v<T, json::object>) {
      found = value->if_object();
    } else {
      found = value->if_array();
    }
    if (found == nullptr) wrong_type(path, expected);
    return found;
  }

  void read(const json::object& root) {
    const auto version = text(root, "Version", "Version", true);
    if (version && *version != kVersion) {
      problem("Invalid Version. Version: " + quoted(*version) + ", Expected: " + std::string(kVersion));
    }
    const auto start = text(root, "StartAction", "StartAction", true);
    const json::value* actions = root.if_contains("Actions");
    if (actions == nullptr || actions->is_null()) return missing("Actions");
    const json::array* list = actions->if_array();
    if (list == nullptr) return wrong_type("Actions", "array");
    if (list->size() > kActionsMax) {
      return problem("Too many Actions. Count: " + std::to_string(list->size()) +
                     ", Maximum: " + std::to_string(kActionsMax));
    }
    for (std::size_t n = 0; n < list->size(); ++n) action((*list)[n], "Actions[" + std::to_string(n) + "]");
    if (start) {
      program_.start = *start;
      targets_.emplace_back(*start, "StartAction");
    }
    for (const auto& [target, path] : targets_) {
      if (!identifiers_.contains(target)) {
        problem("Invalid Action reference. No Action has the Identifier: " + quoted(target) + ", Path: " + path);
      }
    }
  }

  void identifier(const std::string& id, const std::string& path) {
    if (id.empty()) return problem("Invalid Action Identifier. It is empty, Path: " + path);
    if (characters(id) > kIdentifierCharactersMax) {
      problem("Invalid Action Identifier. Longer than 50 characters: " + quoted(id) + ", Path: " + path);
    }
    if (id.find_first_of(kForbidden) != std::string::npos) {
      problem("Invalid Action Identifier. It holds one of " + std::string(kForbidden) + ": " + quoted(id) +
              ", Path: " + path);
    }
    if (std::ranges::find(kReserved, id) != std::end(kReserved)) {
      problem("Invalid Action Identifier. Reserved: " + quoted(id) + ", Path: " + path);
    }
    if (!identifiers_.insert(id).second) {
      problem("Duplicate Action Identifier. Identifier: " + quoted(id) + ", Path: " + path);
    }
  }

  void action(const json::value& value, const std::string& path) {
    const json::object* object = value.if_object();
    if (object == nullptr) return wrong_type(path, "object");
    Block block;
    if (const auto id = text(*object, "Identifier", path + ".Identifier", true)) {
      block.id = *id;
      identifier(*id, path + ".Identifier");
    }
    if (const auto type = text(*object, "Type", path + ".Type", true)) {
      block.type = *type;
      if (!std::ranges::binary_search(kTypes, *type)) {
        problem("Invalid Action type. Type: " + quoted(*type) + ", Path: " + path + ".Type");
      }
    }
    if (const auto* parameters = part<json::object>(*object, "Parameters", path + ".Parameters", "object")) {
      flatten(*parameters, "", block.parameters);
    }
    if (const auto* transitions = part<json::object>(*object, "Transitions", path + ".Transitions", "object")) {
      read_transitions(*transitions, path + ".Transitions", block);
    }
    const std::string id = block.id;
    program_.blocks.emplace(id, std::move(block));
  }

  static void flatten(const json::value& value, const std::string& prefix, std::map<std::string, std::string>& out) {
    if (const auto* object = value.if_object()) {
      for (const auto& member : *object) {
        flatten(member.value(), (prefix.empty() ? "" : prefix + ".") + std::string(view(member.key())), out);
      }
    } else if (const auto* array = value.if_array()) {
      for (std::size_t n = 0; n < array->size(); ++n) flatten((*array)[n], prefix + "." + std::to_string(n), out);
    } else if (const auto flat = scalar(value)) {
      out[prefix] = *flat;
    }
  }
  static void flatten(const json::object& object, const std::string& prefix, std::map<std::string, std::string>& out) {
    for (const auto& member : object) flatten(member.value(), prefix + std::string(view(member.key())), out);
  }

  // An empty target is none: editors write it for a branch that was left open.
  std::string target(const json::object& from, const std::string& path) {
    const auto next = text(from, "NextAction", path + ".NextAction", false);
    if (!next || next->empty()) return {};
    targets_.emplace_back(*next, path + ".NextAction");
    return *next;
  }

  void read_transitions(const json::object& transitions, const std::string& path, Block& block) {
    block.next = target(transitions, path);
    if (const auto* errors = part<json::array>(transitions, "Errors", path + ".Errors", "array")) {
      for (std::size_t n = 0; n < errors->size(); ++n) {
        const std::string at = path + ".Errors[" + std::to_string(n) + "]";
        const json::object* error = (*errors)[n].if_object();
        if (error == nullptr) {
          wrong_type(at, "object");
          continue;
        }
        const auto type = text(*error, "ErrorType", at + ".ErrorType", true);
        std::string next = target(*error, at);
        if (type && !next.empty()) block.errors.emplace(*type, std::move(next));
      }
    }
    if (const auto* conditions = part<json::array>(transitions, "Conditions", path + ".Conditions", "array")) {
      for (std::size_t n = 0; n < conditions->size(); ++n) {
        const std::string at = path + ".Conditions[" + std::to_string(n) + "]";
        const json::object* entry = (*conditions)[n].if_object();
        if (entry == nullptr) {
          wrong_type(at, "object");
          continue;
        }
        Branch branch;
        branch.next = target(*entry, at);
        const json::value* condition = entry->if_contains("Condition");
        int nested = 0;
        if (condition == nullptr) {
          missing(at + ".Condition");
        } else {
          branch.condition = read_condition(*condition, at + ".Condition", 1, nested);
        }
        if (!branch.next.empty()) block.branches.push_back(std::move(branch));
      }
    }
  }

  Condition read_condition(const json::value& value, const std::string& path, int depth, int& nested) {
    Condition out;
    const json::object* object = value.if_object();
    if (object == nullptr) {
      wrong_type(path, "object");
      return out;
    }
    const auto name = text(*object, "Operator", path + ".Operator", true);
    const auto* known = std::ranges::find(kOperators, name ? std::string_view(*name) : "",
                                          &std::pair<std::string_view, Operator>::first);
    if (name && known == std::end(kOperators)) {
      problem("Invalid Operator. Operator: " + quoted(*name) + ", Path: " + path + ".Operator");
    }
    if (known != std::end(kOperators)) out.op = known->second;
    const json::value* operands = object->if_contains("Operands");
    if (operands == nullptr || operands->is_null()) {
      missing(path + ".Operands");
      return out;
    }
    const json::array* list = operands->if_array();
    if (list == nullptr) {
      wrong_type(path + ".Operands", "array");
      return out;
    }
    const bool compound = out.op == Operator::all_of || out.op == Operator::any_of || out.op == Operator::none_of;
    if (!compound) {
      const auto operand = list->size() == 1 ? scalar((*list)[0]) : std::nullopt;
      if (operand) {
        out.operand = *operand;
      } else {
        wrong_type(path + ".Operands", "array of one string");
      }
      return out;
    }
    if (depth >= kConditionDepthMax) {
      problem("Conditions are nested more than 5 deep. Path: " + path);
      return out;
    }
    for (std::size_t n = 0; n < list->size(); ++n) {
      if (++nested > kConditionsNestedMax) {
        problem("More than 50 conditions in one. Path: " + path);
        return out;
      }
      out.nested.push_back(
          read_condition((*list)[n], path + ".Operands[" + std::to_string(n) + "]", depth + 1, nested));
    }
    if (out.nested.empty()) wrong_type(path + ".Operands", "array of conditions");
    return out;
  }

  Program program_;
  std::set<std::string> identifiers_;
  std::vector<std::pair<std::string, std::string>> targets_;  // identifier, path of the reference
  std::vector<std::string> problems_;
};

}  // namespace

Result<std::shared_ptr<const Program>> compile_flow(std::string_view content) { return Compiler().compile(content); }

std::shared_ptr<const Program> compile_or_null(std::string_view content) {
  return compile_flow(content).value_or(nullptr);
}

}  // namespace tandem::record
