#include "api/participant/item.h"

#include <boost/json/serialize.hpp>
#include <utility>

#include "api/common.h"

namespace tandem::api::participant {
namespace {

namespace json = boost::json;

// What a receipt says is not shown as an entry: it belongs to the message it names.
json::object receipt_json(Host& host, const contact::Item& item, ContactId contact) {
  const bool read = event_name(item.content_type) == "message.read";
  json::object receipt{{"RecipientParticipantId", item.participant.text()}};
  receipt[read ? "ReadTimestamp" : "DeliveredTimestamp"] = iso_time(item.at);
  json::object metadata{{"Receipts", json::array{std::move(receipt)}}};
  if (const auto content = parse_object(words(host, item.content))) {
    if (const json::value* message = content->if_contains("messageId"); message != nullptr && message->is_string()) {
      metadata["MessageId"] = message->get_string();
    }
  }
  return {{"Type", "MESSAGEMETADATA"},
          {"ContentType", item.content_type},
          {"ContactId", contact.value().text()},
          {"MessageMetadata", std::move(metadata)}};
}

bool is_receipt(const contact::Item& item) {
  const auto name = event_name(item.content_type);
  return name == "message.read" || name == "message.delivered";
}

}  // namespace

json::object item_json(Host& host, const contact::Item& item, ContactId contact) {
  json::object out{{"AbsoluteTime", iso_time(item.at)},
                   {"ContentType", item.content_type},
                   {"Id", item.id.text()},
                   {"Type", is_event(item.content_type) ? "EVENT" : "MESSAGE"},
                   {"ParticipantRole", role_name(item.role)},
                   {"ContactId", contact.value().text()}};
  if (const std::string content = words(host, item.content); !content.empty()) out["Content"] = content;
  if (const std::string name = words(host, item.display_name); !name.empty()) out["DisplayName"] = name;
  if (!item.participant.nil()) out["ParticipantId"] = item.participant.text();
  return out;
}

std::string frame(std::string_view topic, json::object rest) {
  rest["topic"] = topic;
  return json::serialize(rest);
}

std::string item_frame(Host& host, const contact::Item& item, ContactId contact, ContactId initial) {
  json::object out = is_receipt(item) ? receipt_json(host, item, contact) : item_json(host, item, contact);
  out["InitialContactId"] = initial.value().text();
  return frame("aws/chat", {{"contentType", "application/json"}, {"content", json::serialize(out)}});
}

}  // namespace tandem::api::participant
