// What an agent is shown, as JSON.
#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/host.h"

namespace tandem::api::agent {

// Who the agent is and what is on the desktop, copied from the world on the loop and written as JSON elsewhere.
struct Desk {
  bool open = false;    // the desktop that asks is open at this node
  std::string why_not;  // in plain words
  Uuid user;
  std::string username;
  std::string first_name;
  std::string last_name;
  Uuid routing_profile;
  std::string routing_profile_name;
  std::map<std::string, std::string> concurrency;  // channel -> contacts at once
  std::map<Uuid, std::string> queues;              // names
  std::string status_name;
  std::string next_status_name;
  presence::Presence presence;
  std::vector<std::pair<contact::Contact, presence::Slot>> contacts;
  std::vector<contact::Contact> guest_of;      // on the desktop without a slot (presence::OnDesk)
  std::map<Uuid, customer::Profile> profiles;  // of their customers, as far as known
  std::string region;
  [[nodiscard]] const contact::Contact* find(ContactId contact) const;
};
[[nodiscard]] Desk look(const World& world, const Local& local, AgentId agent, const Uuid& desktop);
[[nodiscard]] boost::json::object desk_json(Host& host, const Desk& desk);

[[nodiscard]] const char* state_name(presence::SlotState state);  // offered, connected, after_contact_work
// `slot`: null when the agent has none for it.
[[nodiscard]] boost::json::object contact_json(Host& host, const contact::Contact& contact, const presence::Slot* slot);
// With the customer's profile; the contact is on the desk.
[[nodiscard]] boost::json::object contact_json(Host& host, const Desk& desk, const contact::Contact& contact);
// Events name statuses by their ids alone.
[[nodiscard]] boost::json::object status_json(const presence::Presence& presence, const std::string& name,
                                              const std::string& next_name);
[[nodiscard]] boost::json::object item_json(Host& host, const contact::Item& item);

}  // namespace tandem::api::agent
