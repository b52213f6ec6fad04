// Overrides of hours of operation, and the hours that are left by them.
#include <cstdlib>

#include "api/connect/context.h"
#include "api/connect/hours.h"

namespace tandem::api::connect {
namespace {

constexpr auto kOverride = config::Kind::hours_override;
constexpr std::chrono::days kEffectiveMax{366};

// An override of the hours that the call names as well.
Result<const config::Document*> find_override(const Context& context, const model::Call& call, const World& world) {
  const auto hours = context.document(call, world, config::Kind::hours, kHoursArn, "HoursOfOperationId");
  if (!hours) return hours;
  const auto id = parse_uuid(text(call.input, "HoursOfOperationOverrideId"));
  const config::Document* found = id ? world.config().find(kOverride, *id) : nullptr;
  if (found == nullptr || found->get("hours") != (*hours)->id.text()) {
    return fail(Errc::not_found, "The hours of operation have no override with this id.");
  }
  return found;
}

// The one number of a list that may hold one; nothing when the list is not given.
Result<std::optional<std::int64_t>> only(const json::object& pattern, std::string_view member) {
  const json::array* list = elements(pattern, member);
  if (list == nullptr || list->empty()) return std::nullopt;
  if (list->size() > 1) return fail(Errc::invalid, std::string(member) + " takes one value.");
  const std::int64_t value = list->front().as_int64();
  if (value == 0) return fail(Errc::invalid, std::string(member) + " is not 0.");
  return value;
}

// Source: API Reference, "RecurrencePattern".
Result<void> set_recurrence(Fields& out, const json::object& pattern) {
  const std::string frequency = text(pattern, "Frequency");
  const auto month = only(pattern, "ByMonth");
  const auto month_day = only(pattern, "ByMonthDay");
  const auto occurrence = only(pattern, "ByWeekdayOccurrence");
  for (const auto* each : {&month, &month_day, &occurrence}) {
    if (!*each) return std::unexpected(each->error());
  }
  if (*month && frequency != "YEARLY") return fail(Errc::invalid, "ByMonth is for YEARLY.");
  if ((*month_day || *occurrence) && frequency == "WEEKLY") {
    return fail(Errc::invalid, "ByMonthDay and ByWeekdayOccurrence are for MONTHLY and YEARLY.");
  }
  if (*month_day && *occurrence) {
    return fail(Errc::invalid, "Either ByMonthDay or ByWeekdayOccurrence is given, not both.");
  }
  const auto written = [](const std::optional<std::int64_t>& value) {
    return value ? std::to_string(*value) : std::string();
  };
  out["repeat.frequency"] = frequency;
  out["repeat.interval"] = std::to_string(number(pattern, "Interval").value_or(1));
  out["repeat.month"] = written(*month);
  out["repeat.month_day"] = written(*month_day);
  out["repeat.occurrence"] = written(*occurrence);
  return {};
}

// What the call leaves out stays as it is in `before`. The outcome is judged as a whole.
Result<Fields> override_fields(const json::object& input, const config::Document* before) {
  Fields out;
  for (const auto& [member, field] :
       {std::pair{"Name", "name"}, std::pair{"Description", "description"}, std::pair{"EffectiveFrom", "from"},
        std::pair{"EffectiveTill", "till"}, std::pair{"OverrideType", "type"}}) {
    if (input.contains(member)) out[field] = text(input, member);
  }
  if (before == nullptr) out.emplace("type", "STANDARD");
  if (const json::array* config = elements(input, "Config")) {
    for (const json::value& slot : *config) {
      if (slot.as_object().contains("StartTime") != slot.as_object().contains("EndTime")) {
        return fail(Errc::invalid, "Config holds a StartTime without an EndTime, or the reverse.");
      }
    }
    set_slots(out, "slot.", *config, before);
  }
  if (const json::object* recurrence = object(input, "RecurrenceConfig")) {
    const json::object& pattern = recurrence->at("RecurrencePattern").as_object();
    if (auto good = set_recurrence(out, pattern); !good) return std::unexpected(good.error());
  } else if (before != nullptr && text(input, "OverrideType") == "STANDARD") {
    for (const auto& [name, value] : before->list("repeat.")) out["repeat." + name] = "";
  }
  config::Document outcome = before != nullptr ? *before : config::Document{};
  for (const auto& [field, value] : out) outcome.set[field].value = value;
  if (const auto good = hours::read_override(outcome); !good) return std::unexpected(good.error());
  return out;
}

json::object describe_recurrence(const config::Document& document) {
  json::object pattern{{"Frequency", document.get("repeat.frequency")},
                       {"Interval", std::atoi(document.get("repeat.interval").c_str())}};
  for (const auto& [member, field] : {std::pair{"ByMonth", "repeat.month"}, std::pair{"ByMonthDay", "repeat.month_day"},
                                      std::pair{"ByWeekdayOccurrence", "repeat.occurrence"}}) {
    if (const std::string& value = document.get(field); !value.empty()) {
      pattern[member] = json::array{std::atoi(value.c_str())};
    }
  }
  return {{"RecurrencePattern", std::move(pattern)}};
}

json::object describe_override(const Context& context, const config::Document& document) {
  json::object out{{"HoursOfOperationOverrideId", document.id.text()},
                   {"HoursOfOperationId", document.get("hours")},
                   {"Name", document.get("name")},
                   {"Config", slots_of(document, "slot.")},
                   {"EffectiveFrom", document.get("from")},
                   {"EffectiveTill", document.get("till")},
                   {"OverrideType", document.get("type")}};
  if (const auto hours = parse_uuid(document.get("hours"))) out["HoursOfOperationArn"] = context.arn(kHoursArn, *hours);
  put(out, "Description", document.get("description"));
  if (!document.get("repeat.frequency").empty()) out["RecurrenceConfig"] = describe_recurrence(document);
  return out;
}

void create_override(const Context& context, const model::Call& call, model::Reply reply) {
  const auto hours = context.id(text(call.input, "HoursOfOperationId"), kHoursArn);
  if (!hours) return reply(refuse(call, hours.error()));
  auto fields = override_fields(call.input, nullptr);
  if (!fields) return reply(refuse(call, fields.error()));
  (*fields)["hours"] = hours->text();
  context.create(call, {kOverride, {}, "HoursOfOperationOverrideId", {}}, std::move(*fields), std::move(reply));
}

model::Answer list_overrides(const Context& context, const model::Call& call, const World& world) {
  const auto hours = context.document(call, world, config::Kind::hours, kHoursArn, "HoursOfOperationId");
  if (!hours) return refuse(call, hours.error());
  std::map<std::string, json::object> rows;
  for (const config::Document* each : world.config().overrides((*hours)->id)) {
    rows[each->id.text()] = describe_override(context, *each);
  }
  auto out = Context::page(call, "HoursOfOperationOverrideList", rows);
  if (out) context.modified(*out, world, **hours);
  return out;
}

// The hours of one date.
json::object operational(const hours::Schedule& schedule, hours::Date date) {
  json::array open;
  for (const hours::Opening& each : hours::effective(schedule, date)) {
    open.emplace_back(json::object{{"Start", clock_slice(each.from)}, {"End", clock_slice(each.to)}});
  }
  return {{"Date", hours::date_text(date)}, {"OperationalHours", std::move(open)}};
}

// The overrides that made them; nothing when there is none.
std::optional<json::object> overridden(const hours::Schedule& schedule, hours::Date date) {
  json::array out;
  for (const hours::Applied& each : hours::applied(schedule, date)) {
    const bool closes = each.override->type == hours::Override::Type::closed || each.hours.empty();
    std::vector<hours::Opening> parts = each.hours;
    if (parts.empty()) parts.emplace_back();  // closed the whole day
    for (const hours::Opening& part : parts) {
      out.emplace_back(json::object{{"Start", clock_slice(part.from)},
                                    {"End", clock_slice(part.to)},
                                    {"OverrideName", each.override->name},
                                    {"OperationalStatus", closes ? "CLOSED" : "OPEN"}});
    }
  }
  if (out.empty()) return std::nullopt;
  return json::object{{"Date", hours::date_text(date)}, {"OverrideHours", std::move(out)}};
}

model::Answer effective_hours(const Context& context, const model::Call& call, const World& world) {
  const auto found = context.document(call, world, config::Kind::hours, kHoursArn, "HoursOfOperationId");
  if (!found) return refuse(call, found.error());
  const auto from = hours::parse_date(text(call.input, "FromDate"));
  const auto to = hours::parse_date(text(call.input, "ToDate"));
  if (!from || !to || *to < *from)
    return refuse(call, Errc::invalid, "FromDate and ToDate are not two dates in order.");
  if (*to - *from >= kEffectiveMax) return refuse(call, Errc::invalid, "FromDate and ToDate span more than 366 days.");
  const auto schedule = hours::read(world.config(), **found);
  if (!schedule) return refuse(call, schedule.error());
  json::array open;
  json::array overrides;
  for (hours::Date date = *from; date <= *to; date += std::chrono::days{1}) {
    open.emplace_back(operational(*schedule, date));
    if (auto each = overridden(*schedule, date)) overrides.emplace_back(std::move(*each));
  }
  return json::object{{"EffectiveHoursOfOperationList", std::move(open)},
                      {"EffectiveOverrideHoursList", std::move(overrides)},
                      {"TimeZone", schedule->zone}};
}

}  // namespace

void add_hours_override_operations(const Context& context) {
  const auto find = [context](const model::Call& call, const World& world) {
    return find_override(context, call, world);
  };
  context.on("CreateHoursOfOperationOverride", [context](const model::Call& call, model::Reply reply) {
    create_override(context, call, std::move(reply));
  });
  context.read("DescribeHoursOfOperationOverride",
               [context, find](const model::Call& call, const World& world, const Local&) -> model::Answer {
                 const auto found = find(call, world);
                 if (!found) return refuse(call, found.error());
                 return json::object{{"HoursOfOperationOverride", describe_override(context, **found)}};
               });
  context.read("ListHoursOfOperationOverrides", [context](const model::Call& call, const World& world, const Local&) {
    return list_overrides(context, call, world);
  });
  context.change("UpdateHoursOfOperationOverride", kOverride, find,
                 [](const model::Call& call, const World&, const config::Document& before) {
                   return override_fields(call.input, &before);
                 });
  context.destroy("DeleteHoursOfOperationOverride", kOverride, find);
  context.read("GetEffectiveHoursOfOperations", [context](const model::Call& call, const World& world, const Local&) {
    return effective_hours(context, call, world);
  });
}

}  // namespace tandem::api::connect
