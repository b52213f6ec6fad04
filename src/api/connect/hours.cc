// Hours of operation.
#include <array>
#include <cstdio>

#include "api/connect/context.h"
#include "core/hours/view.h"

namespace tandem::api::connect {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"MONDAY", "TUESDAY",  "WEDNESDAY", "THURSDAY",
                                                   "FRIDAY", "SATURDAY", "SUNDAY"};

// "09:05".
std::string clock_text(const json::object& slice) {
  std::array<char, 16> out{};
  std::snprintf(out.data(), out.size(), "%02d:%02d", static_cast<int>(number(slice, "Hours").value_or(0)),
                static_cast<int>(number(slice, "Minutes").value_or(0)));
  return out.data();
}

json::object clock_slice(std::chrono::minutes at) {
  const auto minutes = at.count() % (24 * 60);  // an end on the next day
  return {{"Hours", minutes / 60}, {"Minutes", minutes % 60}};
}

Result<Fields> hours_fields(const json::object& input) {
  if (const json::array* parents = elements(input, "ParentHoursOfOperationConfigs"); parents && !parents->empty()) {
    return fail(Errc::refused, "ParentHoursOfOperationConfigs: hours of operation stand alone here.");
  }
  Fields out;
  out["name"] = text(input, "Name");
  out["description"] = text(input, "Description");
  out["time_zone"] = text(input, "TimeZone");
  if (!hours::known_zone(out["time_zone"])) return fail(Errc::invalid, "TimeZone is no IANA time zone.");
  std::map<std::string, int> count;
  for (const json::value& value : input.at("Config").as_array()) {
    const json::object& entry = value.as_object();
    const std::string day = text(entry, "Day");
    const std::string opening =
        clock_text(entry.at("StartTime").as_object()) + '-' + clock_text(entry.at("EndTime").as_object());
    out["open." + day + '.' + std::to_string(count[day]++)] = opening;
  }
  set_tags(out, input);
  return out;
}

json::object describe_hours(const Context& context, const World& world, const config::Document& document) {
  json::array config;
  for (const std::string_view day : kDays) {
    for (const auto& [index, value] : document.list("open." + std::string(day) + '.')) {
      const auto opening = hours::parse_opening(value);
      if (!opening) continue;
      config.emplace_back(
          json::object{{"Day", day}, {"StartTime", clock_slice(opening->from)}, {"EndTime", clock_slice(opening->to)}});
    }
  }
  json::object out{{"HoursOfOperationId", document.id.text()},
                   {"HoursOfOperationArn", context.arn(kHoursArn, document.id)},
                   {"Name", world.config().served_name(document)},
                   {"TimeZone", document.get("time_zone")},
                   {"Config", std::move(config)}};
  put(out, "Description", document.get("description"));
  put_tags(out, document);
  context.modified(out, world, document);
  return out;
}

}  // namespace

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
  context.destroy("DeleteHoursOfOperation", config::Kind::hours, kHoursArn, "HoursOfOperationId");
}

}  // namespace tandem::api::connect
