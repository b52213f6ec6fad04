// Hours of operation. Their overrides are in hours_override.cc.
#include "api/connect/hours.h"

#include <array>
#include <cstdio>

#include "api/connect/context.h"

namespace tandem::api::connect {
namespace {

constexpr std::array<std::string_view, 8> kDays = {"MONDAY", "TUESDAY",  "WEDNESDAY", "THURSDAY",
                                                   "FRIDAY", "SATURDAY", "SUNDAY",    "EVERY_DAY"};

// "09:05".
std::string clock_text(const json::object& slice) {
  std::array<char, 16> out{};
  std::snprintf(out.data(), out.size(), "%02d:%02d", static_cast<int>(number(slice, "Hours").value_or(0)),
                static_cast<int>(number(slice, "Minutes").value_or(0)));
  return out.data();
}

// Errors: invalid.
Result<void> set_zone(Fields& out, const json::object& input) {
  out["time_zone"] = text(input, "TimeZone");
  if (!hours::known_zone(out["time_zone"])) return fail(Errc::invalid, "TimeZone is no IANA time zone.");
  return {};
}

Result<Fields> hours_fields(const json::object& input) {
  if (const json::array* parents = elements(input, "ParentHoursOfOperationConfigs"); parents && !parents->empty()) {
    return fail(Errc::refused, "ParentHoursOfOperationConfigs: hours of operation stand alone here.");
  }
  Fields out;
  out["name"] = text(input, "Name");
  out["description"] = text(input, "Description");
  if (auto good = set_zone(out, input); !good) return std::unexpected(good.error());
  set_slots(out, "open.", input.at("Config").as_array(), nullptr);
  set_tags(out, input);
  return out;
}

// What the call leaves out stays; a Config replaces the whole week.
Result<Fields> changed_hours(const json::object& input, const config::Document& before) {
  Fields out;
  if (input.contains("Name")) out["name"] = text(input, "Name");
  if (input.contains("Description")) out["description"] = text(input, "Description");
  if (input.contains("TimeZone")) {
    if (auto good = set_zone(out, input); !good) return std::unexpected(good.error());
  }
  if (const json::array* config = elements(input, "Config")) set_slots(out, "open.", *config, &before);
  return out;
}

json::object describe_hours(const Context& context, const World& world, const config::Document& document) {
  json::object out{{"HoursOfOperationId", document.id.text()},
                   {"HoursOfOperationArn", context.arn(kHoursArn, document.id)},
                   {"Name", world.config().served_name(document)},
                   {"TimeZone", document.get("time_zone")},
                   {"Config", slots_of(document, "open.")}};
  put(out, "Description", document.get("description"));
  put_tags(out, document);
  context.modified(out, world, document);
  return out;
}

}  // namespace

json::object clock_slice(std::chrono::minutes at) {
  const auto minutes = at.count() % (24 * 60);  // an end on the next day
  return {{"Hours", minutes / 60}, {"Minutes", minutes % 60}};
}

void set_slots(Fields& out, const std::string& prefix, const json::array& config, const config::Document* before) {
  std::map<std::string, int> count;
  for (const json::value& value : config) {
    const json::object& entry = value.as_object();
    std::string day = text(entry, "Day");
    if (day.empty()) day = kDays.back();
    const json::object* from = object(entry, "StartTime");
    const json::object* to = object(entry, "EndTime");
    const std::string slot = from != nullptr && to != nullptr ? clock_text(*from) + '-' + clock_text(*to) : kWholeDay;
    const std::string field = prefix + day + '.' + std::to_string(count[day]++);
    out[field] = slot;
  }
  if (before == nullptr) return;
  for (const auto& [name, slot] : before->list(prefix)) out.emplace(prefix + name, "");
}

json::array slots_of(const config::Document& document, const std::string& prefix) {
  json::array out;
  for (const std::string_view day : kDays) {
    for (const auto& [index, value] : document.list(prefix + std::string(day) + '.')) {
      const auto opening = hours::parse_opening(value);
      if (!opening) continue;
      json::object slot{{"StartTime", clock_slice(opening->from)}, {"EndTime", clock_slice(opening->to)}};
      if (day != kDays.back()) slot["Day"] = day;
      out.emplace_back(std::move(slot));
    }
  }
  return out;
}

void add_hours_operations(const Context& context) {
  context.on("CreateHoursOfOperation", [context](const model::Call& call, model::Reply reply) {
    auto fields = hours_fields(call.input);
    if (!fields) return reply(refuse(call, fields.error()));
    context.create(call, {config::Kind::hours, kHoursArn, "HoursOfOperationId", "HoursOfOperationArn"},
                   std::move(*fields), std::move(reply));
  });
  context.read("DescribeHoursOfOperation",
               [context](const model::Call& call, const World& world, const Local&) -> model::Answer {
                 const auto found = context.document(call, world, config::Kind::hours, kHoursArn, "HoursOfOperationId");
                 if (!found) return refuse(call, found.error());
                 return json::object{{"HoursOfOperation", describe_hours(context, world, **found)}};
               });
  context.read("ListHoursOfOperations",
               [context](const model::Call& call, const World& world, const Local&) -> model::Answer {
                 return context.list(call, world, config::Kind::hours, "HoursOfOperationSummaryList",
                                     [&](const config::Document& document) -> std::optional<json::object> {
                                       json::object out{{"Id", document.id.text()},
                                                        {"Arn", context.arn(kHoursArn, document.id)},
                                                        {"Name", world.config().served_name(document)}};
                                       context.modified(out, world, document);
                                       return out;
                                     });
               });
  context.change("UpdateHoursOfOperation", config::Kind::hours, kHoursArn, "HoursOfOperationId",
                 [](const model::Call& call, const World&, const config::Document& before) {
                   return changed_hours(call.input, before);
                 });
  context.destroy("DeleteHoursOfOperation", config::Kind::hours, kHoursArn, "HoursOfOperationId");
}

}  // namespace tandem::api::connect
