// What agents can be proficient in, the predefined attributes, and how proficient each user is. Routing criteria ask
// for them (docs/routing.md).
#include <cstdlib>

#include "api/connect/context.h"
#include "api/connect/criteria.h"

namespace tandem::api::connect {
namespace {

// The elements of a list under `prefix`, in the order in which they were given.
json::array in_order(const config::Document& document, std::string_view prefix) {
  std::multimap<long, std::string> ordered;
  for (const auto& [element, position] : document.list(prefix)) ordered.emplace(std::atol(position.c_str()), element);
  json::array out;
  for (const auto& [position, element] : ordered) out.emplace_back(element);
  return out;
}

// Replaces the list under `prefix`. `before` is the document as it is, if there is one.
Result<void> set_list(Fields& out, const std::string& prefix, const std::vector<std::string>& elements,
                      const config::Document* before) {
  for (const std::string& element : elements) {
    if (!out.emplace(prefix + element, std::to_string(out.size() + 1)).second) {
      return fail(Errc::invalid, "'" + element + "' is listed twice.");
    }
  }
  if (before == nullptr) return {};
  for (const auto& [element, position] : before->list(prefix)) out.emplace(prefix + element, "");
  return {};
}

Result<Fields> attribute_fields(const json::object& input, const config::Document* before) {
  const json::object* configuration = object(input, "AttributeConfiguration");
  const json::value* validated =
      configuration != nullptr ? configuration->if_contains("EnableValueValidationOnAssociation") : nullptr;
  if (validated != nullptr && validated->as_bool()) {
    return fail(Errc::refused, "EnableValueValidationOnAssociation: contacts have no predefined attributes here.");
  }
  Fields out;
  if (const json::object* values = object(input, "Values")) {
    if (auto good = set_list(out, "value.", texts(*values, "StringList"), before); !good) {
      return std::unexpected(good.error());
    }
  }
  if (input.contains("Purposes")) {
    if (auto good = set_list(out, "purpose.", texts(input, "Purposes"), before); !good) {
      return std::unexpected(good.error());
    }
  }
  return out;
}

json::object describe_attribute(const Context& context, const World& world, const config::Document& document) {
  json::object out{
      {"Name", world.config().served_name(document)},
      {"Values", json::object{{"StringList", in_order(document, "value.")}}},
      {"AttributeConfiguration", json::object{{"EnableValueValidationOnAssociation", false}, {"IsReadOnly", false}}}};
  if (json::array purposes = in_order(document, "purpose."); !purposes.empty()) out["Purposes"] = std::move(purposes);
  context.modified(out, world, document);
  return out;
}

std::string field_of(const json::object& proficiency) {
  return config::proficiency_field(text(proficiency, "AttributeName"), text(proficiency, "AttributeValue"));
}

// Errors: invalid. A user's level is whole, though criteria may ask for one between two. Source: API Reference,
// "UserProficiency".
Result<std::string> level_text(double level) {
  const auto tenths = tenths_of_level(level);
  if (!tenths) return std::unexpected(tenths.error());
  if (*tenths % 10 != 0) return fail(Errc::invalid, "A Level is 1, 2, 3, 4 or 5.");
  return std::to_string(*tenths / 10);
}

Result<Fields> given_proficiencies(const model::Call& call) {
  Fields out;
  for (const json::value& value : call.input.at("UserProficiencies").as_array()) {
    const json::object& proficiency = value.as_object();
    auto level = level_text(real(proficiency, "Level").value_or(0));
    if (!level) return std::unexpected(level.error());
    if (!out.emplace(field_of(proficiency), std::move(*level)).second) {
      return fail(Errc::invalid, "UserProficiencies names a value of an attribute twice.");
    }
  }
  return out;
}

Result<Fields> changed_proficiencies(const model::Call& call, const config::Document& user) {
  auto out = given_proficiencies(call);
  if (!out) return out;
  for (const auto& [field, level] : *out) {
    if (user.get(field).empty()) {
      return fail(Errc::not_found, "The user is not proficient in " + field.substr(field.find('.') + 1) + ".");
    }
  }
  return out;
}

Result<Fields> taken_proficiencies(const model::Call& call, const config::Document& user) {
  Fields out;
  for (const json::value& value : call.input.at("UserProficiencies").as_array()) {
    const std::string field = field_of(value.as_object());
    // A repeat of the call finds nothing left to do.
    if (!user.get(field).empty()) out[field] = "";
  }
  return out;
}

model::Answer list_proficiencies(const Context& context, const model::Call& call, const World& world,
                                 const config::Document& user) {
  std::map<std::string, json::object> rows;
  for (const auto& [of, tenths] : world.config().proficiencies(AgentId{user.id})) {
    rows[config::proficiency_field(of.first, of.second)] = {
        {"AttributeName", of.first}, {"AttributeValue", of.second}, {"Level", static_cast<double>(tenths) / 10}};
  }
  auto out = Context::page(call, "UserProficiencyList", rows);
  if (out) context.modified(*out, world, user);
  return out;
}

void add_attributes(const Context& context) {
  constexpr auto kAttribute = config::Kind::predefined_attribute;
  context.on("CreatePredefinedAttribute", [context](const model::Call& call, model::Reply reply) {
    auto fields = attribute_fields(call.input, nullptr);
    if (!fields) return reply(refuse(call, fields.error()));
    (*fields)["name"] = text(call.input, "Name");
    context.create(call, {kAttribute, kByName, {}, {}}, std::move(*fields), std::move(reply));
  });
  context.read("DescribePredefinedAttribute",
               [context](const model::Call& call, const World& world, const Local&) -> model::Answer {
                 const auto found = context.document(call, world, kAttribute, kByName, "Name");
                 if (!found) return refuse(call, found.error());
                 return json::object{{"PredefinedAttribute", describe_attribute(context, world, **found)}};
               });
  context.read("ListPredefinedAttributes",
               [context](const model::Call& call, const World& world, const Local&) -> model::Answer {
                 return context.list(call, world, kAttribute, "PredefinedAttributeSummaryList",
                                     [&](const config::Document& document) -> std::optional<json::object> {
                                       json::object out{{"Name", world.config().served_name(document)}};
                                       context.modified(out, world, document);
                                       return out;
                                     });
               });
  context.change("UpdatePredefinedAttribute", kAttribute, kByName, "Name",
                 [](const model::Call& call, const World&, const config::Document& document) {
                   return attribute_fields(call.input, &document);
                 });
  context.destroy("DeletePredefinedAttribute", kAttribute, kByName, "Name");
}

}  // namespace

void add_proficiency_operations(const Context& context) {
  add_attributes(context);
  const auto change = [&](std::string_view operation, Context::Change fields) {
    context.change(operation, config::Kind::user, kUserArn, "UserId", std::move(fields));
  };
  change("AssociateUserProficiencies",
         [](const model::Call& call, const World&, const config::Document&) { return given_proficiencies(call); });
  change("UpdateUserProficiencies", [](const model::Call& call, const World&, const config::Document& user) {
    return changed_proficiencies(call, user);
  });
  change("DisassociateUserProficiencies", [](const model::Call& call, const World&, const config::Document& user) {
    return taken_proficiencies(call, user);
  });
  context.read("ListUserProficiencies",
               [context](const model::Call& call, const World& world, const Local&) -> model::Answer {
                 const auto user = context.document(call, world, config::Kind::user, kUserArn, "UserId");
                 if (!user) return refuse(call, user.error());
                 return list_proficiencies(context, call, world, **user);
               });
}

}  // namespace tandem::api::connect
