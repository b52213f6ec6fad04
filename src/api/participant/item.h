// Entries of a transcript as chat clients read them.
#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "api/host.h"

namespace tandem::api::participant {

// MESSAGE or EVENT, with what is sealed opened. An entry whose key was erased has no Content.
[[nodiscard]] boost::json::object item_json(Host& host, const contact::Item& item, ContactId contact);
// The text frame that carries one: with the contact's initial id, and receipts in the form the chat library expects.
[[nodiscard]] std::string item_frame(Host& host, const contact::Item& item, ContactId contact, ContactId initial);
[[nodiscard]] std::string frame(std::string_view topic, boost::json::object rest);

}  // namespace tandem::api::participant
