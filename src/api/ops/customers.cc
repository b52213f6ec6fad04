// One customer, by the CustomerId that contacts were started with: which contacts those are; and their erasure.
#include <boost/json/array.hpp>
#include <ranges>
#include <set>

#include "api/common.h"
#include "api/ops/views.h"
#include "core/access/state.h"
#include "core/presence/decide.h"

namespace tandem::api::ops {
namespace {

constexpr std::size_t kShownMax = 1'000;

struct Customer {
  json::array contacts;  // the latest first
  std::size_t live = 0;
  std::size_t all = 0;
  std::set<KeyId> keys;  // that are not erased yet
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
  return out;
}

}  // namespace

void show_customer(const CallPtr& call) {
  const Uuid person = call->host.pseudonym(call->id);
  ask(
      call->host, [person](const World& world, const Local&) { return look(world, person); },
      [call](Customer found) {
        answer(*call, {{"total", found.all}, {"live", found.live}, {"contacts", std::move(found.contacts)}});
      });
}

// {"erase": true}
void erase_customer(const CallPtr& call) {
  const auto body = parse_object(call->request.body);
  const json::value* erase = body ? body->if_contains("erase") : nullptr;
  if (erase == nullptr || *erase != true) return refuse(*call, {Errc::invalid, "'erase' must be true"});
  const Uuid person = call->host.pseudonym(call->id);
  ask(
      call->host, [person](const World& world, const Local&) { return look(world, person); },
      [call, person](const Customer& found) {
        if (found.all == 0) return refuse(*call, {Errc::not_found, "no contact of this customer is known"});
        if (found.live > 0) {
          return refuse(
              *call, {Errc::refused, std::to_string(found.live) + " of the customer's contacts live: end them first"});
        }
        const json::object done{{"contacts", found.all}, {"keys_erased", found.keys.size()}};
        if (found.keys.empty()) return answer(*call, done);
        // Who it was is not for the log to keep.
        call->host.log("info", "operator " + call->operator_name + " erases customer " + person.text() + ": " +
                                   std::to_string(found.keys.size()) + " keys");
        access::SealsErased order{{found.keys.begin(), found.keys.end()}};
        call->host.command(Command{.id = call->host.mint(), .verb = std::move(order), .keys = {}},
                           [call, done](const Result<Answer>& written) {
                             if (!written) return refuse(*call, written.error());
                             answer(*call, done);
                           });
      });
}

}  // namespace tandem::api::ops
