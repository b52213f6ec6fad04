#include "core/customer/erasure.h"

namespace tandem::customer {

std::set<KeyId> erased_keys(const access::State& access, const State& customers) {
  std::set<KeyId> out = access.erased();
  for (const auto& [person, profile] : customers.all()) out.insert(profile.erased.begin(), profile.erased.end());
  return out;
}

std::set<KeyId> erased_by(const Body& record, const State& customers) {
  if (const auto* rec = std::get_if<Rec>(&record)) return customers.erased(person_of(*rec));
  const auto* rec = std::get_if<access::Rec>(&record);
  const auto* seals = rec == nullptr ? nullptr : std::get_if<access::SealsErased>(rec);
  return seals == nullptr ? std::set<KeyId>{} : std::set<KeyId>{seals->keys.begin(), seals->keys.end()};
}

}  // namespace tandem::customer
