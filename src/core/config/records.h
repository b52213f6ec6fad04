// Configuration is documents of flat fields, merged field by field. A list becomes one field per element
// ("queue.<id>.CHAT" = "1,0"), so that two people who add different elements do not conflict.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>

#include "base/ids.h"

namespace tandem::config {

enum class Kind : std::uint8_t {
  instance,          // the centre itself: alias, account, sample marker
  user,              // username, first_name, last_name, password (argon2id encoded), routing_profile, security.<id>,
                     // after_contact_work_limit = seconds, proficiency.<attribute>/<value> = level
  queue,             // name, description, hours, max_contacts, status, local_preference_ms, quick_connect.<id>
  routing_profile,   // name, description, default_outbound_queue, concurrency.<CHANNEL> = n,
                     // cross_channel.<CHANNEL> = "ROUTE_ANY_CHANNEL", queue.<id>.<CHANNEL> = "priority,delay"
  hours,             // name, description, time_zone, open.<DAY>.<n> = "HH:MM-HH:MM"
  flow,              // name, description, type, content (flow language JSON as given), state, status
  security_profile,  // name
  agent_status,      // name, description, type (ROUTABLE, CUSTOM, OFFLINE), order, state (DISABLED)
  // What agents may be proficient in: name, value.<value> = position in its list, purpose.<purpose> = likewise.
  predefined_attribute,
  // Other hours on some dates: hours = id, name (once within the hours), description, from, till = "2026-12-24",
  // type (STANDARD, OPEN, CLOSED), slot.<DAY>.<n> = "HH:MM-HH:MM" with EVERY_DAY for no day in particular,
  // repeat.frequency (WEEKLY, MONTHLY, YEARLY), repeat.interval, repeat.month, repeat.month_day, repeat.occurrence.
  hours_override,
  // A destination to transfer to: name, description, type (USER, QUEUE, PHONE_NUMBER, FLOW), user or queue = id,
  // phone_number, flow = id.
  quick_connect,
  // Which region takes which new contacts; the fields are in core/distribution/group.h.
  distribution_group,
  last_ = distribution_group
};

// A new version of some fields. A field set to the empty string is absent.
struct Put {
  Kind kind = Kind::instance;
  Uuid id;
  bool create = false;  // a new document; else a change to one
  std::map<std::string, std::string> set;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "kind", s.kind);
    f(2, "id", s.id);
    f(3, "create", s.create);
    f(4, "set", s.set);
  }
};

struct Deleted {
  Kind kind = Kind::instance;
  Uuid id;
  template <class S, class F>
  static void fields(S& s, F&& f) {
    f(1, "kind", s.kind);
    f(2, "id", s.id);
  }
};

using Rec = std::variant<Put, Deleted>;

}  // namespace tandem::config
