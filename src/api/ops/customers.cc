// One customer, by the CustomerId that contacts were started with: which contacts those are, the profile, and their
// erasure.
#include <boost/json/array.hpp>
#include <ranges>
#include <set>

#include "api/common.h"
#include "api/customers.h"
#include "api/ops/views.h"
#include "core/access/state.h"
#include "core/customer/decide.h"
#include "core/presence/decide.h"

namespace tandem::api::ops {
namespace {

constexpr std::size_t kShownMax = 1'000;
constexpr std::size_t kFoundMax = 100;

struct Customer {
  json::array contacts;  // the latest first
  std::size_t live = 0;
  std::size_t all = 0;
  std::set<KeyId> keys;  // of the contacts, that are not erased yet
  std::optional<customer::Profile> profile;
  customers::Ground ground;
};

Customer look(const World& world, const Uuid& person) {
  Customer out;
  for (const ContactId id : std::views::reverse(world.contacts().of_person(person))) {
    const contact::Contact& c = world.contacts().find(id)->contact;
    ++out.all;
    out.live += c.live();
    const bool erased = world.access().erased().contains(c.key);
    if (!erased) out.keys.insert(c.key);
    if (out.contacts.size() == kShownMax) continue;
    out.contacts.emplace_back(json::object{{"id", id.value().text()},
                                           {"channel", presence::channel_name(c.channel)},
                                           {"phase", phase_name(c.phase)},
                                           {"started", iso_time(c.initiated)},
                                           {"erased", erased}});
  }
  const customer::Profile* profile = world.customers().find(person);
  if (profile != nullptr && !profile->empty()) out.profile = *profile;
  out.ground = customers::look(world, person);
  return out;
}

void with_customer(const CallPtr& call, std::function<void(Customer)> then) {
  ask(
      call->host,
      [person = call->host.pseudonym(call->id)](const World& world, const Local&) { return look(world, person); },
      std::move(then));
}

json::value profile_of(const CallPtr& call, const Customer& found) {
  return found.profile ? json::value(customers::show(call->host, *found.profile)) : json::value(nullptr);
}

void change_profile(const CallPtr& call, const json::value& set) {
  if (!set.is_object()) return refuse(*call, {Errc::invalid, "'set' must be an object"});
  const auto fields = customers::read(set.get_object());
  if (!fields) return refuse(*call, fields.error());
  with_customer(call, [call, fields = *fields](const Customer& found) {
    Host& host = call->host;
    auto order = customers::change(host, host.mint(), host.pseudonym(call->id), call->id, found.ground, fields,
                                   "operator " + call->operator_name);
    if (!order) return refuse(*call, order.error());
    host.command(std::move(*order), [call](const Result<Answer>& written) {
      if (!written) return refuse(*call, written.error());
      with_customer(call, [call](const Customer& after) { answer(*call, {{"profile", profile_of(call, after)}}); });
    });
  });
}

void erase_customer(const CallPtr& call) {
  with_customer(call, [call](const Customer& found) {
    if (found.all == 0 && !found.profile) {
      return refuse(*call, {Errc::not_found, "no contact of this customer is known"});
    }
    if (found.live > 0) {
      return refuse(*call,
                    {Errc::refused, std::to_string(found.live) + " of the customer's contacts live: end them first"});
    }
    const std::size_t keys = found.keys.size() + (found.profile ? found.profile->keys.size() : 0);
    const json::object done{{"contacts", found.all}, {"keys_erased", keys}};
    if (keys == 0) return answer(*call, done);
    // Who it was is not for the log to keep.
    const Uuid person = call->host.pseudonym(call->id);
    call->host.log("info", "operator " + call->operator_name + " erases customer " + person.text() + ": " +
                               std::to_string(keys) + " keys");
    customer::Forget order{person, {found.keys.begin(), found.keys.end()}, "operator " + call->operator_name};
    call->host.command(Command{.id = call->host.mint(), .verb = std::move(order), .keys = {}},
                       [call, done](const Result<Answer>& written) {
                         if (!written) return refuse(*call, written.error());
                         answer(*call, done);
                       });
  });
}

}  // namespace

void show_customer(const CallPtr& call) {
  with_customer(call, [call](Customer found) {
    json::object out{{"total", found.all},
                     {"live", found.live},
                     {"contacts", std::move(found.contacts)},
                     {"profile", profile_of(call, found)}};
    if (call->flag("history")) {
      out["profile_history"] = found.profile ? customers::history(call->host, *found.profile) : json::array{};
    }
    answer(*call, out);
  });
}

// {"set": {"FirstName": "Ada", ...}}, or {"erase": true}
void put_customer(const CallPtr& call) {
  const auto body = parse_object(call->request.body);
  const json::value* set = body ? body->if_contains("set") : nullptr;
  const json::value* erase = body ? body->if_contains("erase") : nullptr;
  if ((set == nullptr) == (erase == nullptr)) {
    return refuse(*call, {Errc::invalid, "either 'set' or 'erase' is needed"});
  }
  if (set != nullptr) return change_profile(call, *set);
  if (*erase != true) return refuse(*call, {Errc::invalid, "'erase' must be true"});
  erase_customer(call);
}

// {"PhoneNumber": "+49..."} or {"EmailAddress": "..."}: in a body, for addresses of requests are written down.
void search_customers(const CallPtr& call) {
  const auto body = parse_object(call->request.body);
  const json::value* phone = body ? body->if_contains("PhoneNumber") : nullptr;
  const json::value* email = body ? body->if_contains("EmailAddress") : nullptr;
  const json::value* asked = phone != nullptr ? phone : email;
  if (asked == nullptr || !asked->is_string() || (phone != nullptr && email != nullptr)) {
    return refuse(*call, {Errc::invalid, "either PhoneNumber or EmailAddress is needed"});
  }
  const auto pseudonym = phone != nullptr ? customers::by_phone(call->host, asked->get_string())
                                          : customers::by_email(call->host, asked->get_string());
  if (!pseudonym) return refuse(*call, pseudonym.error());
  ask(
      call->host,
      [known = *pseudonym](const World& world, const Local&) {
        std::vector<Customer> out;
        for (const Uuid& person : world.customers().known_by(known)) {
          out.push_back(look(world, person));
          if (out.size() == kFoundMax) break;
        }
        return out;
      },
      [call](std::vector<Customer> found) {
        json::array out;
        for (Customer& each : found) {
          out.emplace_back(json::object{{"total", each.all}, {"live", each.live}, {"profile", profile_of(call, each)}});
        }
        answer(*call, {{"customers", std::move(out)}});
      });
}

}  // namespace tandem::api::ops
